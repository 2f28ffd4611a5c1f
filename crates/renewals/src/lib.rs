//! Plans that renew by themselves.
//!
//! A person agrees once, and exactly: this plan again for this line, at most at this price, so long before its end, paid
//! so ([`turn_on`]). A job for each consent looks at the line ([`look`]), and deals with each end of its plan once: a row
//! per line and ending bundle is the one slot in which an order may stand. What fails softly is tried again on a
//! schedule, with a new order each time, and only when it is certain that the last one cost nothing.

mod audit;
mod buying;
mod consenting;
mod following;
pub mod letters;
mod looking;
mod ordering;
mod rows;
pub mod rules;
mod telling;

use basis::{Account, Id, Line, Order, Problem};
use store::Conn;
use store::jobs::Worker;

pub use audit::audit;
pub use consenting::{Renewable, renewable, turn_off, turn_on};
pub use looking::look;
pub use ordering::{Ticked, place};
pub use rules::{PURCHASES_MAX, Reason, Renewal, Rest, State, When, Wish};

/// The renewals' tables.
pub const MIGRATIONS: store::Migrations =
    store::migrations!("renewals", ["0001_renewals.sql", "0002_of_saved.sql"]);

/// The job that looks at a consent; handled by [`look`].
pub const LOOK: &str = "renewal.look";

/// What renewals reach; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// Orders, with the providers, the engine and the database behind them.
    pub orders: orders::Desk,
    /// The shop's name, as payers read it on their statements.
    pub brand: String,
    /// The absolute address of the pages of orders, such as `https://shop.example/orders`.
    pub orders_url: String,
}

/// The consent that a line of this account has, if it has one: the one that holds, or else waits for its first order.
pub async fn of_line(
    conn: &mut Conn,
    account: Id<Account>,
    line: Id<Line>,
) -> Result<Option<Renewal>, Problem> {
    Ok(rows::of_line(conn, line).await?.into_iter().find(|renewal| renewal.account == account))
}

/// The consent that waits for this order to be delivered.
pub async fn waiting_for(conn: &mut Conn, order: Id<Order>) -> Result<Option<Renewal>, Problem> {
    rows::waiting_for(conn, order).await
}

/// The order of a consent that is not paid yet.
pub async fn waits_for_payment(conn: &mut Conn, renewal: &Renewal) -> Result<Option<Id<Order>>, Problem> {
    let Some(order) = rows::open_period(conn, renewal.id).await?.and_then(|period| period.order) else {
        return Ok(None);
    };
    let state = orders::find(conn, order).await?.state;
    Ok((state == orders::OrderState::AwaitingPayment).then_some(order))
}

/// The consents of an account, newest first; those that are off are not among them.
pub async fn of_account(conn: &mut Conn, account: Id<Account>) -> Result<Vec<Renewal>, Problem> {
    rows::of_account(conn, account).await
}

/// The same worker, with the job of renewals.
#[must_use]
pub fn handlers(worker: Worker, desk: &Desk) -> Worker {
    let desk = desk.clone();
    worker.on(LOOK, move |run| {
        let desk = desk.clone();
        async move { look(&desk, run.read()?).await }
    })
}
