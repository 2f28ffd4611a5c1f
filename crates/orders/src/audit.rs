//! Whether orders, ledger, jobs and carriers tell the same story.

use basis::{Id, Order, Problem};
use carriers::{Carriers, Delivery, Fate};
use ledger::{Difference, OrderMoney};
use payments::RefundState;
use store::{Conn, jobs};

use crate::{EXPIRE, FULFIL, OrderRecord, OrderState, rows};

/// Orders are read in pages of so many.
const PAGE: u32 = 200;

/// Every order whose state, money, open job and delivery do not fit together: money without its delivery, its
/// refund or an open job; a delivery without money; a refund of something delivered.
///
/// Asks the carriers what became of each order that was handed to one; an answer "unknown" is a difference, too.
pub async fn audit(conn: &mut Conn, carriers: &Carriers) -> Result<Vec<Difference>, Problem> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = rows::page(conn, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.to_string();
        for order in &page {
            let evidence = gather(conn, carriers, order).await?;
            let faults = judge(order, &evidence);
            found.extend(faults.into_iter().map(|what| Difference::new(order.id.to_string(), what)));
        }
    }
}

/// What is known about an order outside of its row.
struct Evidence {
    money: OrderMoney,
    fate: Option<Fate>,
    expire_job: bool,
    fulfil_job: bool,
    /// Refunds that still have a way to go and no job that takes them there.
    stranded_refunds: usize,
}

async fn gather(conn: &mut Conn, carriers: &Carriers, order: &OrderRecord) -> Result<Evidence, Problem> {
    Ok(Evidence {
        money: ledger::per_order(conn, order.id, order.price.currency).await?,
        fate: fate(carriers, order).await,
        expire_job: has_job(conn, EXPIRE, order.id).await?,
        fulfil_job: has_job(conn, FULFIL, order.id).await?,
        stranded_refunds: stranded(conn, order.id).await?,
    })
}

async fn fate(carriers: &Carriers, order: &OrderRecord) -> Option<Fate> {
    let (pool, name) = (order.pool?, order.carrier.as_deref()?);
    let delivery = Delivery { order: order.id, line: order.line, pool, terms: order.terms.clone() };
    match carriers.get(name) {
        Some(carrier) => Some(carrier.look_up(&delivery).await),
        None => Some(Fate::Unknown { cause: format!("carrier {name} is not set up") }),
    }
}

async fn has_job(conn: &mut Conn, kind: &str, order: Id<Order>) -> Result<bool, Problem> {
    let job = jobs::find(conn, kind, &order.to_string()).await?;
    Ok(job.is_some_and(|job| job.state != "dead"))
}

async fn stranded(conn: &mut Conn, order: Id<Order>) -> Result<usize, Problem> {
    let mut stranded = 0;
    for refund in payments::refunds_of_order(conn, order).await? {
        // A failed one is a case at the review desk.
        let open = !matches!(refund.state, RefundState::Succeeded | RefundState::Failed);
        if open && jobs::find(conn, payments::SEND_REFUND, &refund.id.to_string()).await?.is_none() {
            stranded += 1;
        }
    }
    Ok(stranded)
}

/// What does not fit, in words for the operator.
fn judge(order: &OrderRecord, evidence: &Evidence) -> Vec<String> {
    let Evidence { money, fate, expire_job, fulfil_job, stranded_refunds } = evidence;
    let delivered = matches!(fate, Some(Fate::Delivered(_)));
    let state = order.state;
    let unfit = [
        (
            state == OrderState::AwaitingPayment && !money.funded.is_zero(),
            "paid for, still waiting for money",
        ),
        (state == OrderState::AwaitingPayment && !expire_job, "waits for money, nothing will end it"),
        (state != OrderState::AwaitingPayment && !money.held.is_zero(), "money set aside for nothing"),
        (is_in_delivery(state) && money.deferred != order.price, "in delivery without its money"),
        (is_in_delivery(state) && !fulfil_job, "paid for, nothing will deliver it"),
        (state == OrderState::Active && !delivered, "active, not delivered"),
        (is_over(state) && !money.deferred.is_zero(), "over, its money neither earned nor returned"),
        (is_returned(state) && delivered && order.closed_at.is_none(), "refunded and delivered"),
        (state == OrderState::Refunded && is_returned_short(order, money), "refunded, not all is back"),
        (*stranded_refunds > 0, "a refund that nothing sends"),
        (unknown(fate.as_ref()) && !is_open_question(state), "its carrier cannot say what became of it"),
    ];
    let words = unfit.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| format!("{state}: {words}"));
    words.chain(money.fault()).collect()
}

const fn is_in_delivery(state: OrderState) -> bool {
    matches!(state, OrderState::Paid | OrderState::Delivering)
}

/// Nothing more will be earned.
const fn is_over(state: OrderState) -> bool {
    matches!(state, OrderState::Active | OrderState::Expired | OrderState::Refunding | OrderState::Refunded)
}

const fn is_returned(state: OrderState) -> bool {
    matches!(state, OrderState::Refunding | OrderState::Refunded)
}

/// These may well have an unknown outcome: that is why they are there.
const fn is_open_question(state: OrderState) -> bool {
    matches!(state, OrderState::Delivering | OrderState::Review)
}

fn is_returned_short(order: &OrderRecord, money: &OrderMoney) -> bool {
    money.returned_to_source.minor < order.refunded.source.minor
        || money.returned_to_wallet.minor < order.refunded.wallet.minor
}

const fn unknown(fate: Option<&Fate>) -> bool {
    matches!(fate, Some(Fate::Unknown { .. }))
}
