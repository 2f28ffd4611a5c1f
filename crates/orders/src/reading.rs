//! Looking at orders.

use basis::{Account, Id, Line, Order, Problem, Timestamp};
use store::Conn;

use crate::{OrderRecord, placing, rows};

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

/// An account's orders placed before `before`, newest first.
pub async fn history(
    conn: &mut Conn,
    account: Id<Account>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<OrderRecord>, Problem> {
    rows::of_account(conn, account, before, limit).await
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
