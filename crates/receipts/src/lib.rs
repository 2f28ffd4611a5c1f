//! Receipts and credit notes: numbered without a gap, and never changed once they are given.
//!
//! An order's job [`orders::RECEIPT`] brings its papers up to date: a receipt when it was paid, a credit note for what a
//! change of plan credited and one for what was refunded. Orders that wait at the same moment get theirs together: n numbers
//! in a row and the n papers that bear them are one transaction, so a job that dies or runs twice leaves no gap and gives
//! none twice. What stands on a paper is kept on it.

mod audit;
mod giving;
mod paper;
mod rows;
pub mod rules;
mod sale;

pub use audit::audit;
pub use giving::{Desk, give, handlers};
pub use paper::{Content, Paper, Part, Seller, Way};
pub use rules::{Cause, Series};

use basis::{Account, Id, Order, Problem, Timestamp};
use store::Conn;

/// The receipts' tables.
pub const MIGRATIONS: store::Migrations = store::migrations!("receipts", ["0001_receipts.sql"]);

/// An account's papers, newest first: at most `limit` after the one of the number `after`.
///
/// # Errors
/// Not found if the account has no paper `after`.
pub async fn of_account(
    conn: &mut Conn,
    account: Id<Account>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Paper>, Problem> {
    let before = match after {
        Some(number) => (of_number(conn, account, number).await?.given_at, number),
        None => (Timestamp(i64::MAX), ""),
    };
    rows::of_account(conn, account, before, limit).await
}

/// The papers of an order: its receipt first.
pub async fn of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Paper>, Problem> {
    rows::of_order(conn, order).await
}

/// The paper of this number, if it is this account's.
///
/// # Errors
/// Not found otherwise.
pub async fn of_number(conn: &mut Conn, account: Id<Account>, number: &str) -> Result<Paper, Problem> {
    let paper = rows::of_number(conn, number).await?;
    paper.filter(|paper| paper.account == account).ok_or_else(Problem::not_found)
}
