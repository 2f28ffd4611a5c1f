//! Orders that are on their way.

use basis::{Account, Id, Problem, Timestamp};
use orders::{OrderRecord, OrderState};
use store::Conn;

use crate::{Reader, pages::lines::order_words};

/// Of so many orders, the newest, those on their way are shown.
const LOOKED_AT: u32 = 10;

/// An order that is on its way.
pub(super) struct Moving {
    pub(super) path: String,
    pub(super) icon: &'static str,
    pub(super) title: String,
    pub(super) text: String,
}

/// What an account waits for, the newest first.
pub(super) async fn moving(
    conn: &mut Conn,
    reader: &Reader,
    account: Id<Account>,
    now: Timestamp,
) -> Result<Vec<Moving>, Problem> {
    let orders = orders::history(conn, account, Timestamp(i64::MAX), LOOKED_AT).await?;
    let catalogue = catalog::read(conn).await?;
    let words = |order: &OrderRecord| {
        let texts = reader.texts;
        let (_, icon, state) = order_words(order.state);
        let data = || catalog::words::data(&order.terms.allowance, texts);
        let when = texts.day_clock(order.created_at, &reader.zone);
        Moving {
            path: format!("/orders/{}", order.id),
            icon,
            title: catalogue.plan(&order.plan).map_or_else(data, |plan| plan.name(texts)),
            text: format!("{} · {when}", texts.t(state)),
        }
    };
    Ok(orders.iter().filter(|order| is_moving(order, now)).map(words).collect())
}

/// An order that nobody paid in time is not waited for, even if its job has not noted it yet.
fn is_moving(order: &OrderRecord, now: Timestamp) -> bool {
    match order.state {
        OrderState::AwaitingPayment => order.expires_at > now,
        OrderState::Review => true,
        state => state.in_motion(),
    }
}
