//! What is on its way, and what waits for its person.

use basis::Timestamp;
use cards::Line;
use orders::{Bought, OrderState};
use renewals::{Renewal, State};
use texts::Texts;

use crate::pages::{lines::load::Shelf, orders::past};

/// Of so many orders, the newest, those on their way are shown.
const LOOKED_AT: usize = 10;

/// An order that is on its way, or a renewal that waits for its person.
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

/// Renewals that need their person.
pub(super) fn wanting(renewals: &[Renewal], lines: &[Line], texts: Texts) -> Vec<Moving> {
    let words = |renewal: &Renewal| {
        let line = lines.iter().find(|line| line.id == renewal.wish.line)?;
        let title = format!("{} · {}", texts.t("renewals-title"), texts.t("renewals-needs-you"));
        Some(Moving { path: format!("/lines/{}/renewal", line.id), icon: "alert", title, text: line.name() })
    };
    renewals.iter().filter(|renewal| renewal.state == State::NeedsYou).filter_map(words).collect()
}

/// An order that nobody paid in time is not waited for, even if its job has not noted it yet.
fn is_moving(order: &Bought, now: Timestamp) -> bool {
    match order.state {
        OrderState::AwaitingPayment => order.expires_at > now,
        OrderState::Review => true,
        state => state.in_motion(),
    }
}
