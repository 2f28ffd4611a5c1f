//! Orders that are on their way.

use basis::Timestamp;
use orders::{Bought, OrderState};

use crate::pages::{lines::load::Shelf, orders::past};

/// Of so many orders, the newest, those on their way are shown.
const LOOKED_AT: usize = 10;

/// An order that is on its way.
pub(super) struct Moving {
    pub(super) path: String,
    pub(super) icon: &'static str,
    pub(super) title: String,
    pub(super) text: String,
}

/// What an account waits for, the newest first.
pub(super) fn moving(shelf: &Shelf<'_>, now: Timestamp) -> Vec<Moving> {
    let texts = shelf.reader.texts;
    let words = |order: &Bought| {
        let (_, icon, state) = past::words(order.state);
        let when = texts.day_clock(order.created_at, &shelf.reader.zone);
        Moving {
            path: format!("/orders/{}", order.id),
            icon,
            title: shelf.name(&order.plan),
            text: format!("{} · {when}", texts.t(state)),
        }
    };
    shelf.bought.iter().take(LOOKED_AT).filter(|order| is_moving(order, now)).map(words).collect()
}

/// An order that nobody paid in time is not waited for, even if its job has not noted it yet.
fn is_moving(order: &Bought, now: Timestamp) -> bool {
    match order.state {
        OrderState::AwaitingPayment => order.expires_at > now,
        OrderState::Review => true,
        state => state.in_motion(),
    }
}
