//! The tables of renewals. A check that guards a write stands in its WHERE.

use basis::{Account, Id, Line, Money, Order, Problem, Renewal as RenewalKind, SavedMethod, Timestamp};
use store::{Conn, Row, sql};

use crate::rules::{PeriodState, Reason, Renewal, Rest, State, When, Wish};

/// An end that is being dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) line: Id<Line>,
    /// The bundle that ends.
    pub(crate) bundle: Id<Order>,
    pub(crate) begun_at: Timestamp,
    /// After this nothing is tried any more.
    pub(crate) until: Timestamp,
    pub(crate) tries: u32,
    pub(crate) next_at: Timestamp,
    /// The order that is under way.
    pub(crate) order: Option<Id<Order>>,
}

/// Stores a consent; false if the line has one. One that waits for its first order stands beside it.
pub(crate) async fn insert(conn: &mut Conn, renewal: &Renewal) -> Result<bool, Problem> {
    let wish = &renewal.wish;
    let rows = sql!(
        "INSERT INTO renewal (id, account_id, line_id, live_line_id, plan_id, currency, price_minor, days_left, \
         percent_left, wallet_first, rest, saved_id, first_order_id, state, agreed_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) \
         ON CONFLICT (live_line_id) DO NOTHING"
    )
    .bind(renewal.id)
    .bind(renewal.account)
    .bind(wish.line)
    .bind((renewal.state != State::Waiting).then_some(wish.line))
    .bind(wish.plan.clone())
    .bind(wish.price.currency)
    .bind(wish.price.minor)
    .bind(wish.when.days_left)
    .bind(wish.when.percent_left)
    .bind(u32::from(wish.wallet_first))
    .bind(wish.rest.word())
    .bind(wish.rest.saved())
    .bind(renewal.first_order)
    .bind(renewal.state.word())
    .bind(renewal.agreed_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

fn renewal(row: &Row) -> Result<Renewal, Problem> {
    let wish = Wish {
        line: row.get("line_id")?,
        plan: row.get("plan_id")?,
        price: Money::new(row.get("price_minor")?, row.get("currency")?),
        when: When { days_left: row.get("days_left")?, percent_left: row.get("percent_left")? },
        wallet_first: row.get::<u32>("wallet_first")? == 1,
        rest: match row.get::<String>("rest")?.as_str() {
            "saved" => Rest::Saved(row.get("saved_id")?),
            "link" => Rest::Link,
            _ => Rest::Nothing,
        },
    };
    Ok(Renewal {
        id: row.get("id")?,
        account: row.get("account_id")?,
        wish,
        first_order: row.get("first_order_id")?,
        state: row.get::<String>("state")?.parse()?,
        reason: row.get::<Option<String>>("reason")?.map(|word| word.parse()).transpose()?,
        agreed_at: row.get("agreed_at")?,
        off_at: row.get("off_at")?,
    })
}

/// The consent of this id.
pub(crate) async fn find(conn: &mut Conn, id: Id<RenewalKind>) -> Result<Option<Renewal>, Problem> {
    let row = sql!("SELECT * FROM renewal WHERE id = $1").bind(id).optional(conn).await?;
    row.as_ref().map(renewal).transpose()
}

/// The consents of a line that are not off: the one that holds, and those that wait for their first orders, newest first.
pub(crate) async fn of_line(conn: &mut Conn, line: Id<Line>) -> Result<Vec<Renewal>, Problem> {
    let rows = sql!(
        "SELECT * FROM renewal WHERE line_id = $1 AND state <> 'off' \
         ORDER BY live_line_id NULLS LAST, agreed_at DESC, id DESC LIMIT 100"
    )
    .bind(line)
    .all(conn)
    .await?;
    rows.iter().map(renewal).collect()
}

/// The consent that waits for this order.
pub(crate) async fn waiting_for(conn: &mut Conn, order: Id<Order>) -> Result<Option<Renewal>, Problem> {
    let row = sql!("SELECT * FROM renewal WHERE first_order_id = $1 AND state = 'waiting'")
        .bind(order)
        .optional(conn)
        .await?;
    row.as_ref().map(renewal).transpose()
}

/// The consents of an account's lines, newest first.
pub(crate) async fn of_account(conn: &mut Conn, account: Id<Account>) -> Result<Vec<Renewal>, Problem> {
    let rows = sql!(
        "SELECT * FROM renewal WHERE account_id = $1 AND state <> 'off' \
         ORDER BY agreed_at DESC, id DESC LIMIT 200"
    )
    .bind(account)
    .all(conn)
    .await?;
    rows.iter().map(renewal).collect()
}

/// Turns it off, for good; false if it was.
pub(crate) async fn set_off(conn: &mut Conn, id: Id<RenewalKind>, now: Timestamp) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE renewal SET state = 'off', live_line_id = NULL, off_at = $2, changed_at = $2 \
         WHERE id = $1 AND state <> 'off'"
    )
    .bind(id)
    .bind(now)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Its first order is delivered; false if it did not wait for that. The line is not its own yet ([`set_live`]).
pub(crate) async fn set_on(conn: &mut Conn, id: Id<RenewalKind>, now: Timestamp) -> Result<bool, Problem> {
    let rows = sql!("UPDATE renewal SET state = 'on', changed_at = $2 WHERE id = $1 AND state = 'waiting'")
        .bind(id)
        .bind(now)
        .run(conn)
        .await?;
    Ok(rows == 1)
}

/// The line is this consent's, after the one before was ended.
pub(crate) async fn set_live(conn: &mut Conn, id: Id<RenewalKind>) -> Result<(), Problem> {
    sql!("UPDATE renewal SET live_line_id = line_id WHERE id = $1 AND state = 'on'")
        .bind(id)
        .run(conn)
        .await
        .map(drop)
}

/// It needs its person; false if it was not on.
pub(crate) async fn set_needs_you(
    conn: &mut Conn,
    id: Id<RenewalKind>,
    reason: Reason,
    now: Timestamp,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE renewal SET state = 'needs_you', reason = $2, changed_at = $3 WHERE id = $1 AND state = 'on'"
    )
    .bind(id)
    .bind(reason.word())
    .bind(now)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Whether a consent that is not off rests on this kept method.
pub(crate) async fn is_relied_on(conn: &mut Conn, saved: Id<SavedMethod>) -> Result<bool, Problem> {
    let row = sql!("SELECT id FROM renewal WHERE saved_id = $1 AND state <> 'off' LIMIT 1")
        .bind(saved)
        .optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Names the kept method that it is paid with, once it is known.
pub(crate) async fn set_saved(
    conn: &mut Conn,
    id: Id<RenewalKind>,
    saved: Id<SavedMethod>,
) -> Result<(), Problem> {
    sql!("UPDATE renewal SET saved_id = $2 WHERE id = $1 AND rest = 'saved' AND saved_id IS NULL")
        .bind(id)
        .bind(saved)
        .run(conn)
        .await
        .map(drop)
}

/// Whether it is on, held still until the transaction ends.
pub(crate) async fn hold_on(conn: &mut Conn, id: Id<RenewalKind>, now: Timestamp) -> Result<bool, Problem> {
    let rows = sql!("UPDATE renewal SET changed_at = $2 WHERE id = $1 AND state = 'on'")
        .bind(id)
        .bind(now)
        .run(conn)
        .await?;
    Ok(rows == 1)
}

fn period(row: &Row) -> Result<Period, Problem> {
    Ok(Period {
        line: row.get("line_id")?,
        bundle: row.get("bundle_id")?,
        begun_at: row.get("begun_at")?,
        until: row.get("until_at")?,
        tries: row.get("tries")?,
        next_at: row.get("next_at")?,
        order: row.get("order_id")?,
    })
}

/// The end that a renewal is dealing with.
pub(crate) async fn open_period(
    conn: &mut Conn,
    renewal: Id<RenewalKind>,
) -> Result<Option<Period>, Problem> {
    let row = sql!("SELECT * FROM renewal_period WHERE renewal_id = $1 AND state = 'open' LIMIT 1")
        .bind(renewal)
        .optional(conn)
        .await?;
    row.as_ref().map(period).transpose()
}

/// Begins to deal with an end; false if it was dealt with, or is. What an earlier consent gave up, or only asked for, may
/// be begun anew by another.
pub(crate) async fn begin_period(
    conn: &mut Conn,
    renewal: Id<RenewalKind>,
    period: &Period,
) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO renewal_period (line_id, bundle_id, renewal_id, state, begun_at, until_at, tries, next_at) \
         VALUES ($1, $2, $3, 'open', $4, $5, 0, $4) \
         ON CONFLICT (line_id, bundle_id) DO UPDATE SET renewal_id = excluded.renewal_id, state = 'open', \
         begun_at = excluded.begun_at, until_at = excluded.until_at, tries = 0, next_at = excluded.next_at, \
         order_id = NULL, told = NULL \
         WHERE renewal_period.state IN ('over', 'asked') AND renewal_period.renewal_id <> excluded.renewal_id"
    )
    .bind(period.line)
    .bind(period.bundle)
    .bind(renewal)
    .bind(period.begun_at)
    .bind(period.until)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Counts a try, with its order if one was placed; false if another try came first.
pub(crate) async fn count_try(
    conn: &mut Conn,
    period: &Period,
    order: Option<Id<Order>>,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE renewal_period SET tries = tries + 1, order_id = $3 \
         WHERE line_id = $1 AND bundle_id = $2 AND state = 'open' AND order_id IS NULL AND tries = $4"
    )
    .bind(period.line)
    .bind(period.bundle)
    .bind(order)
    .bind(period.tries)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// The order of the last try cost nothing: another may follow then. False if that was known.
pub(crate) async fn free(conn: &mut Conn, period: &Period, next_at: Timestamp) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE renewal_period SET order_id = NULL, next_at = $4 \
         WHERE line_id = $1 AND bundle_id = $2 AND state = 'open' AND order_id = $3"
    )
    .bind(period.line)
    .bind(period.bundle)
    .bind(period.order)
    .bind(next_at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// The next try is not before then.
pub(crate) async fn put_off(conn: &mut Conn, period: &Period, next_at: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE renewal_period SET next_at = $3 WHERE line_id = $1 AND bundle_id = $2 AND state = 'open'")
        .bind(period.line)
        .bind(period.bundle)
        .bind(next_at)
        .run(conn)
        .await
        .map(drop)
}

/// An end is dealt with; false if it was.
pub(crate) async fn close_period(
    conn: &mut Conn,
    period: &Period,
    state: PeriodState,
) -> Result<bool, Problem> {
    let rows =
        sql!("UPDATE renewal_period SET state = $3 WHERE line_id = $1 AND bundle_id = $2 AND state = 'open'")
            .bind(period.line)
            .bind(period.bundle)
            .bind(state.word())
            .run(conn)
            .await?;
    Ok(rows == 1)
}

/// True once for each thing to be told about an end.
pub(crate) async fn tell_once(conn: &mut Conn, period: &Period, what: &str) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE renewal_period SET told = $3 \
         WHERE line_id = $1 AND bundle_id = $2 AND (told IS NULL OR told <> $3)"
    )
    .bind(period.line)
    .bind(period.bundle)
    .bind(what)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Keeps which order a consent placed, for which end.
pub(crate) async fn keep_order(
    conn: &mut Conn,
    renewal: &Renewal,
    period: &Period,
    order: Id<Order>,
    now: Timestamp,
) -> Result<(), Problem> {
    sql!(
        "INSERT INTO renewal_order (order_id, renewal_id, account_id, line_id, bundle_id, placed_at) \
         VALUES ($1, $2, $3, $4, $5, $6)"
    )
    .bind(order)
    .bind(renewal.id)
    .bind(renewal.account)
    .bind(period.line)
    .bind(period.bundle)
    .bind(now)
    .run(conn)
    .await
    .map(drop)
}

/// This order cost nothing.
pub(crate) async fn set_failed(conn: &mut Conn, order: Id<Order>, now: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE renewal_order SET failed_at = $2 WHERE order_id = $1 AND failed_at IS NULL")
        .bind(order)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

/// How many orders an account's consents placed since then that cost something, or may. Counting is one at a time.
pub(crate) async fn count_orders(
    conn: &mut Conn,
    account: Id<Account>,
    since: Timestamp,
) -> Result<usize, Problem> {
    sql!(
        "INSERT INTO renewal_pace (account_id, orders) VALUES ($1, 1) \
         ON CONFLICT (account_id) DO UPDATE SET orders = renewal_pace.orders + 1"
    )
    .bind(account)
    .run(conn)
    .await?;
    let rows = sql!(
        "SELECT order_id FROM renewal_order \
         WHERE account_id = $1 AND placed_at > $2 AND failed_at IS NULL LIMIT 100"
    )
    .bind(account)
    .bind(since)
    .all(conn)
    .await?;
    Ok(rows.len())
}

/// Automatic orders in the order of their ids, after this one (`""`: from the first).
pub(crate) async fn page(
    conn: &mut Conn,
    after: &str,
    limit: u32,
) -> Result<Vec<(Id<Order>, Id<RenewalKind>, Id<Order>)>, Problem> {
    let rows = sql!(
        "SELECT order_id, renewal_id, bundle_id FROM renewal_order WHERE order_id > $1 ORDER BY order_id LIMIT $2"
    )
    .bind(after)
    .bind(limit)
    .all(conn)
    .await?;
    rows.iter().map(|row| Ok((row.get("order_id")?, row.get("renewal_id")?, row.get("bundle_id")?))).collect()
}
