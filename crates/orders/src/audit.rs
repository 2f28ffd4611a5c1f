//! Whether orders, ledger, jobs and carriers tell the same story.

use basis::{Id, Order, Problem};
use carriers::{Carriers, Fate};
use ledger::{Difference, OrderMoney};
use payments::RefundState;
use store::{Conn, jobs};

use crate::fulfilling::fate;
use crate::refunding::is_second;
use crate::{CLOSE, EXPIRE, FULFIL, OrderRecord, OrderState, REFUND, rows};

/// Orders are read in pages of so many.
const PAGE: u32 = 200;

/// Every order whose state, money, open job and delivery do not fit together: money without its delivery, its
/// refund or an open job; a delivery without money; a refund of something delivered.
///
/// Asks the carriers what became of each order that was handed to one; an answer "unknown" is a difference, too.
pub async fn audit(conn: &mut Conn, carriers: &Carriers) -> Result<Vec<Difference>, Problem> {
    let mut found = unpaid_deliveries(conn).await?;
    let mut after = String::new();
    loop {
        let page = rows::page(conn, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.to_string();
        for order in &page {
            let evidence = gather(conn, carriers, order).await?;
            let faults = judge(order, &evidence)?;
            found.extend(faults.into_iter().map(|what| Difference::new(order.id.to_string(), what)));
        }
    }
}

/// The other way round: every bundle that the charging engine delivered has a paid order.
async fn unpaid_deliveries(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    use OrderState::{AwaitingPayment, Expired, Paid};
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = charging::delivered_after(conn, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.to_string();
        for bundle in page {
            let what = match rows::find(conn, bundle).await?.map(|order| order.state) {
                None => "delivered, and no such order".to_owned(),
                Some(state @ (AwaitingPayment | Paid | Expired)) => format!("{state}: delivered"),
                Some(_) => continue,
            };
            found.push(Difference::new(bundle.to_string(), what));
        }
    }
}

/// What is known about an order outside of its row.
struct Evidence {
    money: OrderMoney,
    /// A wallet that is not its buyer's had to do with it.
    anothers_wallet: bool,
    fate: Option<Fate>,
    expire_job: bool,
    fulfil_job: bool,
    refunds: RefundsSeen,
    /// What was begun with a bundle and no job will finish, in words.
    unfinished: Vec<&'static str>,
}

/// Where an order's refunds stand together.
#[derive(Default)]
struct RefundsSeen {
    /// One has a way to go and no job that takes it there.
    stranded: bool,
    /// One of the order's own goes on by itself, or failed and is a case at the review desk.
    go_on: bool,
}

async fn gather(conn: &mut Conn, carriers: &Carriers, order: &OrderRecord) -> Result<Evidence, Problem> {
    let key = order.id.to_string();
    Ok(Evidence {
        money: ledger::per_order(conn, order.id, order.price.currency).await?,
        anothers_wallet: is_with_anothers_wallet(conn, order).await?,
        fate: fate(carriers, order).await,
        expire_job: jobs::stands(conn, EXPIRE, &key).await?,
        fulfil_job: jobs::stands(conn, FULFIL, &key).await?,
        refunds: refunds_seen(conn, order.id).await?,
        unfinished: unfinished(conn, order).await?,
    })
}

async fn is_with_anothers_wallet(conn: &mut Conn, order: &OrderRecord) -> Result<bool, Problem> {
    let entries = ledger::of_order(conn, order.id).await?;
    let mut wallets = entries.iter().flat_map(|entry| {
        [&entry.transfer.debit, &entry.transfer.credit].into_iter().filter_map(ledger::Book::wallet)
    });
    Ok(wallets.any(|account| account != order.account))
}

async fn refunds_seen(conn: &mut Conn, order: Id<Order>) -> Result<RefundsSeen, Problem> {
    let mut seen = RefundsSeen::default();
    for refund in payments::refunds_of_order(conn, order).await? {
        let failed = refund.state == RefundState::Failed;
        let goes_on = payments::refund_goes_on(conn, &refund).await?;
        seen.stranded |= !refund.state.is_final() && !goes_on;
        seen.go_on |= !is_second(&refund) && (failed || goes_on);
    }
    Ok(seen)
}

async fn unfinished(conn: &mut Conn, order: &OrderRecord) -> Result<Vec<&'static str>, Problem> {
    let mut found = Vec::new();
    if leaves_open(conn, order).await? {
        found.push("replaces bundles that nothing will close");
    }
    if closed_for_nothing(conn, order).await? {
        found.push("its bundle is closed, nothing gives its money back");
    }
    Ok(found)
}

/// Bundles that it replaces are still open, and no job will close them. One that stays, because it is everyone's, is not
/// claimed any more.
async fn leaves_open(conn: &mut Conn, order: &OrderRecord) -> Result<bool, Problem> {
    if order.state != OrderState::Active {
        return Ok(false);
    }
    for old in &order.replaces {
        let claimed = rows::replacer(conn, *old).await? == Some(order.id);
        let old = rows::find(conn, *old).await?;
        if claimed && old.is_some_and(|old| old.state == OrderState::Active && old.closed_at.is_none()) {
            return Ok(!jobs::stands(conn, CLOSE, &order.id.to_string()).await?);
        }
    }
    Ok(false)
}

/// Its bundle was closed in the log, and no job will say what becomes of its money.
async fn closed_for_nothing(conn: &mut Conn, order: &OrderRecord) -> Result<bool, Problem> {
    if order.state != OrderState::Active || order.closed_at.is_some() {
        return Ok(false);
    }
    let bundle = charging::bundle(conn, order.id).await?;
    if bundle.is_none_or(|bundle| bundle.state != "closed") {
        return Ok(false);
    }
    let refunding = jobs::stands(conn, REFUND, &order.id.to_string()).await?;
    let replacing = match rows::replacer(conn, order.id).await? {
        Some(new) => jobs::stands(conn, CLOSE, &new.to_string()).await?,
        None => false,
    };
    Ok(!refunding && !replacing)
}

/// What does not fit, in words for the operator.
fn judge(order: &OrderRecord, evidence: &Evidence) -> Result<Vec<String>, Problem> {
    let Evidence { money, anothers_wallet, fate, expire_job, fulfil_job, refunds, unfinished } = evidence;
    let delivered = matches!(fate, Some(Fate::Delivered(_)));
    let state = order.state;
    let unfit = [
        (
            state == OrderState::AwaitingPayment && !money.funded.is_zero(),
            "paid for, still waiting for money",
        ),
        (state == OrderState::AwaitingPayment && !expire_job, "waits for money, nothing will end it"),
        (state != OrderState::AwaitingPayment && !money.held.is_zero(), "money set aside for nothing"),
        (
            is_in_delivery(state)
                && money.deferred.minor.saturating_add(money.tax.minor) != order.net_paid()?.minor,
            "in delivery without its money",
        ),
        (is_in_delivery(state) && !fulfil_job, "paid for, nothing will deliver it"),
        (state == OrderState::Active && !delivered, "active, not delivered"),
        (is_over(state) && !money.deferred.is_zero(), "over, its money neither earned nor returned"),
        (is_returned(state) && delivered && order.closed_at.is_none(), "refunded and delivered"),
        (state == OrderState::Refunded && is_returned_short(order, money), "refunded, not all is back"),
        (
            money.returned_to_wallet.minor != to_wallet(order),
            "its wallet got another sum than the order says",
        ),
        (money.tax.minor != order.tax_due()?.minor, "another tax is set aside than its price holds"),
        (*anothers_wallet, "paid from or returned to another's wallet"),
        (refunds.stranded, "a refund that nothing sends"),
        (state == OrderState::Refunding && !refunds.go_on, "money on its way back, nothing will end it"),
        (unknown(fate.as_ref()) && !is_open_question(state), "its carrier cannot say what became of it"),
    ];
    let words = unfit.into_iter().filter(|(is_so, _)| *is_so).map(|(_, words)| words);
    let words = words.chain(unfinished.iter().copied()).map(|words| format!("{state}: {words}"));
    Ok(words.chain(money.fault()).collect())
}

/// What went to the wallet by the order's own account: refunds, and the credit of a change of plan.
const fn to_wallet(order: &OrderRecord) -> i64 {
    order.refunded.wallet.minor.saturating_add(order.credit.minor)
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
