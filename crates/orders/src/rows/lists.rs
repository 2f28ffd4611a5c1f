//! Many orders at once.

use basis::{Account, Id, Line, Order, Problem, Timestamp};
use store::{Conn, Row, sql};

use super::{Bought, OrderRecord, record};

/// An account's orders placed before `before`, newest first.
pub(crate) async fn of_account(
    conn: &mut Conn,
    account: Id<Account>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<OrderRecord>, Problem> {
    sql!(
        "SELECT * FROM orders \
         WHERE account_id = $1 AND created_at < $2 ORDER BY created_at DESC, id DESC LIMIT $3"
    )
    .bind(account)
    .bind(before)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(record)
    .collect()
}

/// The orders of these ids, in no order; none twice.
pub(crate) async fn of_ids(conn: &mut Conn, ids: &[Id<Order>]) -> Result<Vec<OrderRecord>, Problem> {
    let rows = sql!("SELECT * FROM orders WHERE id IN (VALUES ($1))").bind_each(ids.iter().copied());
    rows.all(conn).await?.iter().map(record).collect()
}

/// Orders whose id ends so, at most ten. It reads the whole table.
pub(crate) async fn of_ending(conn: &mut Conn, ending: &str) -> Result<Vec<Id<Order>>, Problem> {
    let rows = sql!("SELECT id FROM orders WHERE id LIKE $1 ORDER BY id DESC LIMIT 10")
        .bind(format!("%{ending}"))
        .all(conn)
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// What an account bought, newest first.
pub(crate) async fn bought(
    conn: &mut Conn,
    account: Id<Account>,
    limit: u32,
) -> Result<Vec<Bought>, Problem> {
    sql!(
        "SELECT id, line_id, plan_id, state, created_at, expires_at FROM orders \
         WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2"
    )
    .bind(account)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(bought_row)
    .collect()
}

fn bought_row(row: &Row) -> Result<Bought, Problem> {
    Ok(Bought {
        id: row.get("id")?,
        line: row.get("line_id")?,
        plan: row.get("plan_id")?,
        state: row.get::<String>("state")?.parse()?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// A line's orders, newest first.
pub(crate) async fn of_line(
    conn: &mut Conn,
    account: Id<Account>,
    line: Id<Line>,
    limit: u32,
) -> Result<Vec<OrderRecord>, Problem> {
    sql!(
        "SELECT * FROM orders \
         WHERE line_id = $1 AND account_id = $2 ORDER BY created_at DESC, id DESC LIMIT $3"
    )
    .bind(line)
    .bind(account)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(record)
    .collect()
}

/// How many orders of an account wait for their money, counted up to `at_most`.
pub(crate) async fn count_unpaid(
    conn: &mut Conn,
    account: Id<Account>,
    at_most: u32,
) -> Result<u32, Problem> {
    let rows = sql!("SELECT id FROM orders WHERE account_id = $1 AND state = 'awaiting_payment' LIMIT $2")
        .bind(account)
        .bind(at_most)
        .all(conn)
        .await?;
    Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
}

/// Orders in the order of their ids, after this one (`""`: from the first).
pub(crate) async fn page(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<OrderRecord>, Problem> {
    sql!(
        "SELECT * FROM orders \
         WHERE id > $1 ORDER BY id LIMIT $2"
    )
    .bind(after)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(record)
    .collect()
}

/// Whether an order of the same line that is paid and not yet delivered will close this one's bundle.
pub(crate) async fn is_being_replaced(conn: &mut Conn, old: &OrderRecord) -> Result<bool, Problem> {
    let under_way = sql!(
        "SELECT * FROM orders WHERE line_id = $1 AND state IN ('paid', 'delivering', 'review') LIMIT 1000"
    );
    let rows = under_way.bind(old.line).all(conn).await?;
    let orders: Vec<OrderRecord> = rows.iter().map(record).collect::<Result<_, _>>()?;
    Ok(orders.iter().any(|order| order.replaces.contains(&old.id)))
}

/// Whether a carrier is being asked to deliver something to this line.
pub(crate) async fn is_in_delivery(conn: &mut Conn, line: Id<Line>) -> Result<bool, Problem> {
    let one = sql!("SELECT id FROM orders WHERE line_id = $1 AND state = 'delivering' LIMIT 1");
    Ok(one.bind(line).optional(conn).await?.is_some())
}

/// Orders that may wait for a person: those in review, and those whose money is on its way back.
pub(crate) async fn stopped(conn: &mut Conn) -> Result<Vec<OrderRecord>, Problem> {
    sql!("SELECT * FROM orders WHERE state IN ('review', 'refunding') ORDER BY created_at, id LIMIT 100000")
        .all(conn)
        .await?
        .iter()
        .map(record)
        .collect()
}
