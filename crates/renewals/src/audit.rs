//! Whether every automatic order has its consent, and every end was renewed once.

use std::collections::BTreeMap;

use basis::{Id, Order, Problem};
use ledger::Difference;
use orders::{OrderRecord, OrderState};
use store::Conn;

use crate::rows;
use crate::rules::Renewal;

/// Orders are read in pages of so many.
const PAGE: u32 = 200;

/// Every automatic order that nobody agreed to, or not so, and every end that was paid for twice.
pub async fn audit(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let mut found = Vec::new();
    let mut paid: BTreeMap<Id<Order>, u32> = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = rows::page(conn, &after, PAGE).await?;
        let Some((last, ..)) = page.last() else { break };
        after = last.to_string();
        for (order, renewal, bundle) in page {
            let order = orders::find(conn, order).await?;
            let consent = rows::find(conn, renewal).await?;
            found.extend(
                faults(&order, consent.as_ref()).map(|what| Difference::new(order.id.to_string(), what)),
            );
            if delivered(&order) {
                *paid.entry(bundle).or_default() += 1;
            }
        }
    }
    let twice = paid.into_iter().filter(|(_, times)| *times > 1);
    found.extend(twice.map(|(bundle, _)| Difference::new(bundle.to_string(), "renewed more than once")));
    Ok(found)
}

const fn delivered(order: &OrderRecord) -> bool {
    matches!(order.state, OrderState::Paid | OrderState::Delivering | OrderState::Active)
}

fn faults(order: &OrderRecord, consent: Option<&Renewal>) -> impl Iterator<Item = &'static str> {
    let Some(consent) = consent else { return vec!["automatic, and nobody agreed"].into_iter() };
    let wish = &consent.wish;
    let is_theirs = order.renewal == Some(consent.id)
        && (order.account, order.line, &order.plan) == (consent.account, wish.line, &wish.plan);
    let is_priced = order.price.currency == wish.price.currency && order.price.minor <= wish.price.minor;
    let is_timely =
        order.created_at >= consent.agreed_at && consent.off_at.is_none_or(|off| order.created_at <= off);
    let checks = [
        (is_theirs, "automatic, and agreed to for something else"),
        (is_priced, "automatic, and costs more than was agreed"),
        (is_timely, "automatic, and placed while nobody agreed"),
    ];
    checks.into_iter().filter(|(good, _)| !good).map(|(_, what)| what).collect::<Vec<_>>().into_iter()
}
