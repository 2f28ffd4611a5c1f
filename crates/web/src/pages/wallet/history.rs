//! What moved in a wallet, a page at a time.

use std::collections::HashMap;

use basis::{Id, Order, Problem, Timestamp, Transfer};
use catalog::Catalogue;
use ledger::{Kind, WalletMove};
use serde::Deserialize;
use store::Conn;
use texts::Texts;

use crate::SignedIn;

/// Lines on one page.
const ROWS: u32 = 20;

/// Where the page before ended.
#[derive(Default, Deserialize)]
pub(super) struct Older {
    at: Option<i64>,
    id: Option<Id<Transfer>>,
}

/// One line of the history.
pub(super) struct HistoryRow {
    pub(super) path: Option<String>,
    pub(super) icon: &'static str,
    pub(super) tone: &'static str,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) amount: String,
    pub(super) incoming: bool,
}

/// A page of the history, and the address of the next.
pub(super) async fn load(
    conn: &mut Conn,
    who: &SignedIn,
    older: &Older,
) -> Result<(Vec<HistoryRow>, Option<String>), Problem> {
    let after = older.at.zip(older.id).map(|(at, id)| (Timestamp(at), id));
    let moves = ledger::wallet_history(conn, who.person.account, after, ROWS).await?;
    let full = moves.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX);
    let next = moves.last().filter(|_| full);
    let next = next.map(|last| format!("/wallet?at={}&id={}#history", last.at.as_ms(), last.id));
    let catalogue = catalog::read(conn).await?;
    let names = order_names(conn, who, &catalogue, &moves).await?;
    Ok((moves.iter().map(|one| row(who, &names, one)).collect(), next))
}

async fn order_names(
    conn: &mut Conn,
    who: &SignedIn,
    catalogue: &Catalogue,
    moves: &[WalletMove],
) -> Result<HashMap<Id<Order>, String>, Problem> {
    let mut names = HashMap::new();
    for id in moves.iter().filter_map(|one| one.order) {
        if names.contains_key(&id) {
            continue;
        }
        if let Ok(order) = orders::order(conn, who.person.account, id).await {
            names.insert(id, plan_name(catalogue, &order, who.reader.texts));
        }
    }
    Ok(names)
}

/// The name of what was bought, also when it is no longer sold.
fn plan_name(catalogue: &Catalogue, order: &orders::OrderRecord, texts: Texts) -> String {
    let data = || catalog::words::data(&order.terms.allowance, texts);
    catalogue.plan(&order.plan).map_or_else(data, |plan| plan.name(texts))
}

fn row(who: &SignedIn, names: &HashMap<Id<Order>, String>, one: &WalletMove) -> HistoryRow {
    let texts = who.reader.texts;
    let incoming = one.amount.is_positive();
    let sign = if incoming { "+" } else { "" };
    let what = texts.t(kind_key(one.kind));
    let order = one.order.and_then(|id| names.get(&id).map(|name| (id, name)));
    let (title, path) = match (order, one.payment) {
        (Some((id, name)), _) => {
            (texts.tf("wallet-move-of", [("what", &what), ("plan", name)]), Some(format!("/orders/{id}")))
        }
        (None, Some(payment)) => (what, Some(format!("/wallet/top-ups/{payment}"))),
        (None, None) => (what, None),
    };
    HistoryRow {
        path,
        icon: kind_icon(one.kind),
        tone: if incoming { "" } else { "quiet" },
        title,
        text: texts.day_clock(one.at, &who.reader.zone),
        amount: format!("{sign}{}", texts.money(one.amount)),
        incoming,
    }
}

const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::TopUp => texts::key("wallet-kind-top-up"),
        Kind::WalletSpend => texts::key("wallet-kind-spend"),
        Kind::WalletRefund => texts::key("wallet-kind-refund"),
        Kind::PlanChange => texts::key("wallet-kind-plan-change"),
        Kind::Goodwill => texts::key("wallet-kind-goodwill"),
        Kind::RefundDue | Kind::RefundSent => texts::key("wallet-kind-payout"),
        Kind::Dispute => texts::key("wallet-kind-dispute"),
        Kind::Capture
        | Kind::Earned
        | Kind::Tax
        | Kind::TaxReturned
        | Kind::Unmatched
        | Kind::ProviderFee
        | Kind::Payout
        | Kind::Exchange
        | Kind::Correction => texts::key("wallet-kind-correction"),
    }
}

const fn kind_icon(kind: Kind) -> &'static str {
    match kind {
        Kind::TopUp | Kind::Goodwill => "plus",
        Kind::WalletSpend => "renew",
        Kind::PlanChange => "swap",
        _ => "refund",
    }
}
