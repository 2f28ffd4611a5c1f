//! The ledger checked against itself.

use std::collections::BTreeMap;

use basis::{Account, Currency, Id, Money, Order, Problem};
use store::Conn;

use crate::OrderMoney;
use crate::rows::{self, Flow, Sum, Uneven};
use crate::rules::{Book, Kind, Phase, Wallet};

/// Something that does not add up, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about: a book, a wallet or an order.
    pub subject: String,
    /// What is wrong.
    pub what: String,
}

impl Difference {
    /// This is wrong with that.
    pub fn new(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self { subject: subject.into(), what: what.into() }
    }
}

/// Rows read at a time.
const PAGE: u32 = 2000;

/// Every difference within the ledger: total debits and credits, wallets against their rows, each order's equation, and
/// each order's and payment's money by the provider that it came through.
///
/// It trusts no stored sum: it sums the rows.
pub async fn audit(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let flows = rows::book_sums(conn).await?;
    let mut found = check_books(&flows);
    found.extend(check_wallets(conn, &flows).await?);
    found.extend(check_orders(conn).await?);
    found.extend(check_sources(conn).await?);
    found.extend(check_origins(conn).await?);
    Ok(found)
}

/// Net credit per book and currency.
fn balances<'a>(flows: impl IntoIterator<Item = &'a Flow>) -> BTreeMap<(String, Currency), i128> {
    let mut balances = BTreeMap::new();
    for flow in flows.into_iter().filter(|flow| flow.phase.moves()) {
        let signed = i128::from(flow.amount.minor) * if flow.credit { 1 } else { -1 };
        *balances.entry((flow.book.clone(), flow.amount.currency)).or_insert(0) += signed;
    }
    balances
}

/// In each currency all books sum to zero, and none that we owe by is below nothing.
fn check_books(flows: &[Flow]) -> Vec<Difference> {
    let mut found = Vec::new();
    // What providers keep, pay out and change is left out: it may leave them with less than nothing of ours.
    for ((book, currency), balance) in balances(flows.iter().filter(|flow| flow.settles.is_none())) {
        let ours = book.starts_with("clearing:") || book == "goodwill" || book == "losses";
        if balance < 0 && !ours {
            found.push(Difference::new(format!("{book} {currency}"), format!("below nothing: {balance}")));
        }
        if balance > 0 && ours {
            found.push(Difference::new(
                format!("{book} {currency}"),
                format!("gave more than came: {balance}"),
            ));
        }
    }
    let mut totals: BTreeMap<Currency, i128> = BTreeMap::new();
    for ((_, currency), balance) in balances(flows) {
        *totals.entry(currency).or_insert(0) += balance;
    }
    let uneven = totals.into_iter().filter(|(_, total)| *total != 0);
    found.extend(uneven.map(|(currency, total)| {
        Difference::new(currency.code(), format!("debits and credits differ by {total}"))
    }));
    found
}

/// What the rows say about each wallet: balance and held.
fn wallet_sums(flows: &[Flow]) -> BTreeMap<(String, Currency), (i128, i128)> {
    let mut sums: BTreeMap<(String, Currency), (i128, i128)> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| flow.book.starts_with("wallet:")) {
        let minor = i128::from(flow.amount.minor);
        let (balance, held) = match (flow.credit, flow.phase) {
            (true, phase) if phase.moves() => (minor, 0),
            (true, _) => (0, 0),
            (false, Phase::Posted) => (-minor, 0),
            (false, Phase::Hold) => (0, minor),
            (false, Phase::HoldPosted) => (-minor, -minor),
            (false, Phase::HoldVoided) => (0, -minor),
        };
        let sum = sums.entry((flow.book.clone(), flow.amount.currency)).or_default();
        *sum = (sum.0 + balance, sum.1 + held);
    }
    sums
}

async fn check_wallets(conn: &mut Conn, flows: &[Flow]) -> Result<Vec<Difference>, Problem> {
    let mut sums = wallet_sums(flows);
    let mut found = Vec::new();
    let mut after = (String::new(), String::new());
    loop {
        let page = rows::wallet_rows(conn, (&after.0, &after.1), PAGE).await?;
        let Some((account, wallet)) = page.last() else { break };
        after = (account.to_string(), wallet.balance.currency.code().to_owned());
        for (account, wallet) in &page {
            let key = (Book::Wallet(*account).to_string(), wallet.balance.currency);
            found.extend(compare_wallet(*account, wallet, sums.remove(&key).unwrap_or_default()));
        }
    }
    let orphans = sums.into_iter().filter(|(_, sum)| *sum != (0, 0));
    found.extend(orphans.map(|((book, currency), _)| {
        Difference::new(format!("{book} {currency}"), "transfers without a wallet row")
    }));
    Ok(found)
}

fn compare_wallet(account: Id<Account>, wallet: &Wallet, sum: (i128, i128)) -> Option<Difference> {
    let row = (i128::from(wallet.balance.minor), i128::from(wallet.held.minor));
    let subject = format!("wallet:{account} {}", wallet.balance.currency);
    (row != sum).then(|| Difference::new(subject, format!("row (balance, held) {row:?}, transfers {sum:?}")))
}

async fn check_orders(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let mut page = rows::order_sums(conn, &after, PAGE).await?;
        let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        let Some(last) = page.last().and_then(|sum| sum.order) else { return Ok(found) };
        let one_order = page.first().and_then(|sum| sum.order) == Some(last);
        if full && !one_order {
            // The page may have cut its last order: the next one begins with it.
            page.retain(|sum| sum.order != Some(last));
        }
        found.extend(check_order_page(&page)?);
        match page.last().and_then(|sum| sum.order) {
            Some(order) if full => after = order.to_string(),
            _ => return Ok(found),
        }
    }
}

fn check_order_page(page: &[Sum]) -> Result<Vec<Difference>, Problem> {
    let mut orders: BTreeMap<(Id<Order>, Currency), OrderMoney> = BTreeMap::new();
    for sum in page {
        let Some(order) = sum.order else { continue };
        let currency = sum.amount.currency;
        let money = orders.entry((order, currency)).or_insert_with(|| OrderMoney::none(currency));
        money.add(sum.phase, &sum.debit, &sum.credit, sum.amount.minor)?;
    }
    let faults = orders.into_iter().filter_map(|((order, _), money)| Some((order, money.fault()?)));
    Ok(faults.map(|(order, fault)| Difference::new(order.to_string(), fault)).collect())
}

/// Within each order, and within each payment that is for none, every cent is where its provider's captures brought it:
/// no book owes less than nothing, and through no provider goes back more than came through it. Summed up, this is the
/// equation of each provider and currency; what it leaves to wallets is each wallet's own (decision 10).
async fn check_sources(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let uneven = rows::uneven_books(conn, PAGE).await?;
    Ok(uneven.into_iter().map(told).collect())
}

fn told(uneven: Uneven) -> Difference {
    let Uneven { subject, book, currency, minor } = uneven;
    if subject.is_empty() {
        return Difference::new(format!("{book} {currency}"), format!("{minor} for no order and no payment"));
    }
    let what = if minor > 0 { "gave back more than came" } else { "below nothing" };
    Difference::new(subject, format!("{book} {currency} {what}: {minor}"))
}

/// Money in a wallet came from a payment, from an order or from us.
async fn check_origins(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let strays = rows::unexplained_credits(conn, PAGE).await?;
    let told = |(book, reference)| Difference::new(book, format!("credited out of nowhere by {reference}"));
    Ok(strays.into_iter().map(told).collect())
}

/// What is in a book, per currency: what was credited less what was debited.
pub async fn balance(conn: &mut Conn, book: &Book) -> Result<BTreeMap<Currency, i128>, Problem> {
    let all = balances(&rows::book_sums(conn).await?);
    let book = book.to_string();
    Ok(all
        .into_iter()
        .filter(|((of, _), _)| *of == book)
        .map(|((_, currency), sum)| (currency, sum))
        .collect())
}

/// What the ledger says about one provider in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderTotals {
    /// All that it captured for us.
    pub captured: Money,
    /// All that it gave back to sources.
    pub returned: Money,
    /// All that it kept for its service, less what it gave back of that.
    pub fees: Money,
    /// All that it sent to our bank account, less what it took back from there.
    pub paid_out: Money,
    /// All that it changed into other currencies, less what it changed into this one.
    pub exchanged: Money,
}

/// The clearing books, per provider and currency: to be compared with the payments' own figures.
pub async fn provider_totals(
    conn: &mut Conn,
) -> Result<BTreeMap<(String, Currency), ProviderTotals>, Problem> {
    let mut totals = BTreeMap::new();
    for flow in rows::book_sums(conn).await?.iter().filter(|flow| flow.phase.moves()) {
        let Some(provider) = flow.book.strip_prefix("clearing:") else { continue };
        let currency = flow.amount.currency;
        let zero = Money::zero(currency);
        let zero =
            ProviderTotals { captured: zero, returned: zero, fees: zero, paid_out: zero, exchanged: zero };
        let of = totals.entry((provider.to_owned(), currency)).or_insert(zero);
        let (side, sign) = match (flow.settles, flow.credit) {
            (Some(Kind::ProviderFee), credit) => (&mut of.fees, if credit { 1 } else { -1 }),
            (Some(Kind::Payout), credit) => (&mut of.paid_out, if credit { 1 } else { -1 }),
            (Some(_), credit) => (&mut of.exchanged, if credit { 1 } else { -1 }),
            (None, true) => (&mut of.returned, 1),
            (None, false) => (&mut of.captured, 1),
        };
        *side = side.plus(Money::new(flow.amount.minor.saturating_mul(sign), currency))?;
    }
    Ok(totals)
}
