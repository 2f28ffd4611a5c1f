//! Looking at orders.

use basis::{Account, Id, Line, Order, Problem, Timestamp};
use payments::RefundState;
use store::Conn;

use crate::{Bought, OrderRecord, OrderState, placing, rows};

/// An order, if it is this account's.
///
/// # Errors
/// Not found otherwise.
pub async fn order(conn: &mut Conn, account: Id<Account>, id: Id<Order>) -> Result<OrderRecord, Problem> {
    placing::own(conn, account, id).await
}

/// An order, whoever owns it: for operators.
///
/// # Errors
/// Not found.
pub async fn find(conn: &mut Conn, id: Id<Order>) -> Result<OrderRecord, Problem> {
    rows::find(conn, id).await?.ok_or_else(Problem::not_found)
}

/// Those of these orders that there are, in no order. Each id once.
pub async fn of_ids(conn: &mut Conn, ids: &[Id<Order>]) -> Result<Vec<OrderRecord>, Problem> {
    rows::of_ids(conn, ids).await
}

/// The orders of this number ([`Id::number`]): one, but for a rare chance. It reads through all orders: for operators.
///
/// # Errors
/// Not found if there is none.
pub async fn of_number(conn: &mut Conn, number: &str) -> Result<Vec<Id<Order>>, Problem> {
    let ending = basis::id_ending(number).ok_or_else(Problem::not_found)?;
    let found = rows::of_ending(conn, &ending).await?;
    if found.is_empty() { Err(Problem::not_found()) } else { Ok(found) }
}

/// An account's orders placed before `before`, newest first.
pub async fn history(
    conn: &mut Conn,
    account: Id<Account>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<OrderRecord>, Problem> {
    rows::of_account(conn, account, before, limit).await
}

/// Orders in the order of their ids, after this one (`""`: from the first): for audits.
pub async fn page(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<OrderRecord>, Problem> {
    rows::page(conn, after, limit).await
}

/// What an account bought in its last `limit` orders, newest first.
pub async fn bought(conn: &mut Conn, account: Id<Account>, limit: u32) -> Result<Vec<Bought>, Problem> {
    rows::bought(conn, account, limit).await
}

/// What an account bought for a line, newest first.
pub async fn of_line(
    conn: &mut Conn,
    account: Id<Account>,
    line: Id<Line>,
    limit: u32,
) -> Result<Vec<OrderRecord>, Problem> {
    rows::of_line(conn, account, line, limit).await
}

/// Whether nothing happens to an order before a person decides: it is in review, or a refund of it has failed.
pub async fn waits_for_person(conn: &mut Conn, order: &OrderRecord) -> Result<bool, Problem> {
    match order.state {
        OrderState::Review => Ok(true),
        OrderState::Refunding => {
            let refunds = payments::refunds_of_order(conn, order.id).await?;
            Ok(refunds.iter().any(|refund| refund.state == RefundState::Failed))
        }
        _ => Ok(false),
    }
}

/// Every order that waits for a person.
pub async fn waiting_for_people(conn: &mut Conn) -> Result<Vec<Id<Order>>, Problem> {
    let mut waiting = Vec::new();
    for order in rows::stopped(conn).await? {
        if waits_for_person(conn, &order).await? {
            waiting.push(order.id);
        }
    }
    Ok(waiting)
}
