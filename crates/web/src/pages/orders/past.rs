//! Orders in lists: what was bought, where it stands, and of what is over, when it ended and how much was used.

use basis::Problem;
use charging::BundleRow;
use orders::{OrderRecord, OrderState};
use store::Conn;
use texts::Texts;

use crate::Reader;

/// One order in a list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) path: String,
    pub(crate) icon: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) price: String,
}

/// These orders, each with what the tables keep of its bundle for ever; the engine forgets what is long over.
pub(crate) async fn with_bundles(
    conn: &mut Conn,
    orders: Vec<OrderRecord>,
) -> Result<Vec<(OrderRecord, Option<BundleRow>)>, Problem> {
    let mut known = Vec::with_capacity(orders.len());
    for order in orders {
        let bundle = match order.active_at {
            Some(_) => charging::bundle(conn, order.id).await?,
            None => None,
        };
        known.push((order, bundle));
    }
    Ok(known)
}

/// An order under this title.
pub(crate) fn row(reader: &Reader, order: &OrderRecord, bundle: Option<&BundleRow>, title: String) -> Row {
    let (tone, icon) = look(order);
    let placed = reader.texts.day_clock(order.created_at, &reader.zone);
    Row {
        path: format!("/orders/{}", order.id),
        icon,
        tone: if ended(bundle).is_some() { "quiet" } else { tone },
        title,
        text: format!("{placed} · {}", standing(reader, order, bundle)),
        price: reader.texts.money(order.price),
    }
}

/// `Delivered`; of what is over, `Ended 3 Nov 2026, 4.2 GB used`.
fn standing(reader: &Reader, order: &OrderRecord, bundle: Option<&BundleRow>) -> String {
    let texts = reader.texts;
    let Some((bundle, at)) = ended(bundle) else { return state_name(order, texts) };
    let (day, used) = (texts.date(at, &reader.zone), texts.volume_fine(bundle.used));
    let key = if order.closed_at.is_some() {
        texts::key("orders-past-closed")
    } else if bundle.state == "lapsed" {
        texts::key("orders-past-lapsed")
    } else {
        texts::key("orders-past-ended")
    };
    texts.tf(key, [("day", day), ("used", used)])
}

/// The bundle, and when it ended.
fn ended(bundle: Option<&BundleRow>) -> Option<(&BundleRow, basis::Timestamp)> {
    bundle.and_then(|bundle| Some((bundle, bundle.ended_at?)))
}

/// The tone and the icon of an order.
pub(super) const fn look(order: &OrderRecord) -> (&'static str, &'static str) {
    match order.state {
        OrderState::Active if order.closed_at.is_some() => ("quiet", "swap"),
        state => {
            let (tone, icon, _) = words(state);
            (tone, icon)
        }
    }
}

/// Where an order stands, in a word.
pub(super) fn state_name(order: &OrderRecord, texts: Texts) -> String {
    texts.t(match order.state {
        OrderState::Active if order.closed_at.is_some() => texts::key("orders-state-closed"),
        state => words(state).2,
    })
}

/// The tone, the icon and the word of a state.
pub(crate) const fn words(state: OrderState) -> (&'static str, &'static str, &'static str) {
    match state {
        OrderState::AwaitingPayment => ("warn", "clock", texts::key("orders-state-awaiting-payment")),
        OrderState::Paid => ("", "renew", texts::key("orders-state-paid")),
        OrderState::Delivering => ("", "renew", texts::key("orders-state-delivering")),
        OrderState::Active => ("ok", "check", texts::key("orders-state-active")),
        OrderState::Expired => ("quiet", "x", texts::key("orders-state-expired")),
        OrderState::Refunding => ("warn", "refund", texts::key("orders-state-refunding")),
        OrderState::Refunded => ("quiet", "refund", texts::key("orders-state-refunded")),
        OrderState::Review => ("warn", "info", texts::key("orders-state-review")),
    }
}
