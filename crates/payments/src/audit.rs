//! The payments checked against the ledger and against their providers.

use std::collections::{BTreeMap, BTreeSet};

use basis::{Currency, Money, Problem, Timestamp};
use ledger::{Book, Difference, NewTransfer};
use store::{Conn, Db};

use crate::check::capture_reference;
use crate::facts::Facts;
use crate::provider::{Provider, ProviderError, Providers};
use crate::refunds::{due_reference, refunds_after, sent_reference};
use crate::requests::PaymentRef;
use crate::rows;
use crate::rules::{Fate, Payment, PaymentState, Refund, RefundState};

/// How many payments are in each state.
pub async fn count_by_state(conn: &mut Conn) -> Result<Vec<(PaymentState, i64)>, Problem> {
    rows::count_states(conn).await
}

/// Payments in the order of their ids, after this one (`""`: from the first).
pub async fn page(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<Payment>, Problem> {
    rows::page(conn, after, limit).await
}

/// Every difference between the payments and the ledger: per provider and currency what was captured and what reached
/// its source again, for each capture the book that it reached, and for each refund the books that it went through.
pub async fn audit(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let mut ours: BTreeMap<(String, Currency), (i64, i64)> = BTreeMap::new();
    for (provider, currency, minor) in rows::capture_sums(conn).await? {
        ours.entry((provider, currency)).or_default().0 = minor;
    }
    for (provider, currency, minor) in rows::refund_sums(conn).await? {
        ours.entry((provider, currency)).or_default().1 = minor;
    }
    let mut found = Vec::new();
    for ((provider, currency), totals) in ledger::provider_totals(conn).await? {
        let booked = (totals.captured.minor, totals.returned.minor);
        let known = ours.remove(&(provider.clone(), currency)).unwrap_or_default();
        found.extend(compare(&provider, currency, known, booked));
    }
    found.extend(ours.into_iter().filter_map(|((p, c), known)| compare(&p, c, known, (0, 0))));
    found.extend(stray_captures(conn).await?);
    found.extend(stray_refunds(conn).await?);
    Ok(found)
}

/// Captures and refunds are read in pages of so many.
const PAGE: u32 = 500;

/// Captures that reached no book, or another one than their fate says.
async fn stray_captures(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let (mut found, mut after) = (Vec::new(), (String::new(), String::new()));
    loop {
        let page = rows::captures_after(conn, (&after.0, &after.1), PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = (last.provider.clone(), last.capture.capture_ref.clone());
        for owned in &page {
            let booked =
                ledger::find(conn, &capture_reference(&owned.provider, &owned.capture.capture_ref)).await?;
            found.extend(stray(owned, booked.as_ref().map(|entry| &entry.transfer)));
        }
    }
}

fn stray(owned: &rows::OwnedCapture, booked: Option<&NewTransfer>) -> Option<Difference> {
    let rows::OwnedCapture { provider, payment, capture } = owned;
    let told = |what: &str| {
        Some(Difference::new(
            payment.to_string(),
            format!("{provider} captured {:?}: {what}", capture.amount),
        ))
    };
    let Some(booked) = booked else { return told("it reached no book") };
    let fits = match capture.fate {
        Fate::Accepted => matches!(booked.credit, Book::Deferred | Book::Wallet(_)),
        Fate::SecondPayment | Fate::Extra | Fate::Mismatch => booked.credit == Book::Suspense,
    };
    if !fits || booked.amount != capture.amount || booked.debit != Book::Clearing(provider.clone()) {
        return told(&format!("booked as {:?} from {} to {}", booked.amount, booked.debit, booked.credit));
    }
    None
}

/// Refunds that were not set aside, or that did not go back to their source, as their state says.
async fn stray_refunds(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = refunds_after(conn, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id.to_string();
        for refund in &page {
            let due = ledger::find(conn, &due_reference(refund)).await?.map(|entry| entry.transfer);
            let sent = ledger::find(conn, &sent_reference(refund)).await?.map(|entry| entry.transfer);
            found.extend(stray_refund(refund, due.as_ref(), sent.as_ref()));
        }
    }
}

fn stray_refund(
    refund: &Refund,
    due: Option<&NewTransfer>,
    sent: Option<&NewTransfer>,
) -> Option<Difference> {
    let told =
        |what: &str| Some(Difference::new(refund.id.to_string(), format!("{:?}: {what}", refund.amount)));
    let is_its = |booked: &NewTransfer| {
        (booked.amount, booked.payment, booked.order) == (refund.amount, Some(refund.payment), refund.order)
    };
    if !due.is_some_and(|due| due.credit == Book::RefundsPayable && is_its(due)) {
        return told("it was not set aside as it stands");
    }
    let source = Book::Clearing(refund.provider.clone());
    let goes_back = |sent: &NewTransfer| sent.debit == Book::RefundsPayable && sent.credit == source;
    let done = refund.state == RefundState::Succeeded;
    match sent {
        None if done => told("sent, and not booked"),
        Some(_) if !done => told("booked as sent, and it is not"),
        Some(sent) if !goes_back(sent) || !is_its(sent) => told("booked as sent otherwise than it stands"),
        None | Some(_) => None,
    }
}

fn compare(provider: &str, currency: Currency, known: (i64, i64), booked: (i64, i64)) -> Option<Difference> {
    let what = format!("payments (captured, refunded) {known:?}, ledger {booked:?}");
    (known != booked).then(|| Difference::new(format!("provider {provider} {currency}"), what))
}

/// Every difference between our payments and their providers' own lists, of those opened in `[from, until)`.
///
/// # Errors
/// Unavailable `payments-provider-silent`: a provider that does not answer is no proof of anything.
pub async fn reconcile(
    db: &Db,
    providers: &Providers,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Difference>, Problem> {
    let mut found = Vec::new();
    for provider in providers.all() {
        found.extend(reconcile_one(db, provider.as_ref(), from, until).await?);
    }
    Ok(found)
}

async fn reconcile_one(
    db: &Db,
    provider: &dyn Provider,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Difference>, Problem> {
    let theirs = if provider.capabilities().listless {
        ask_about_ours(db, provider, from, until).await?
    } else {
        provider.list(from, until).await?
    };
    let mut conn = db.read().await?;
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for facts in &theirs {
        seen.insert(facts.reference.clone());
        found.extend(compare_captures(&mut conn, provider.name(), facts).await?);
    }
    let mut ours = rows::created_between(&mut conn, provider.name(), from, until).await?;
    drop(conn);
    // The provider opens a payment after we create it, so one at the window's end may be missing there.
    ours.retain(|payment| payment.captured.is_positive() && !seen.contains(&payment.id.to_string()));
    for payment in ours {
        found.extend(compare_unlisted(db, provider, payment).await?);
    }
    Ok(found)
}

/// A list may be hours behind the money: what it does not hold is asked for by its own name.
async fn compare_unlisted(
    db: &Db,
    provider: &dyn Provider,
    payment: Payment,
) -> Result<Vec<Difference>, Problem> {
    let named = PaymentRef { payment: payment.id, provider_ref: payment.provider_ref };
    match provider.query(&named).await {
        Err(ProviderError::NotFound) => {
            let what = format!("captured here, not known to {}", provider.name());
            Ok(vec![Difference::new(payment.id.to_string(), what)])
        }
        facts => compare_captures(&mut db.read().await?, provider.name(), &facts?).await,
    }
}

async fn ask_about_ours(
    db: &Db,
    provider: &dyn Provider,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<Facts>, Problem> {
    let ours = rows::created_between(&mut db.read().await?, provider.name(), from, until).await?;
    let mut theirs = Vec::new();
    for payment in ours {
        let named = PaymentRef { payment: payment.id, provider_ref: payment.provider_ref };
        match provider.query(&named).await {
            Err(ProviderError::NotFound) => {}
            facts => theirs.push(facts?),
        }
    }
    Ok(theirs)
}

async fn compare_captures(
    conn: &mut Conn,
    provider: &str,
    facts: &Facts,
) -> Result<Vec<Difference>, Problem> {
    let ours = match facts.reference.parse() {
        Ok(id) => rows::captures(conn, id).await?,
        Err(_) => Vec::new(),
    };
    let ours: BTreeMap<String, Money> = ours.into_iter().map(|c| (c.capture_ref, c.amount)).collect();
    let theirs: BTreeMap<String, Money> =
        facts.captures.iter().map(|c| (c.capture_ref.clone(), c.amount)).collect();
    let mut found = Vec::new();
    for (capture, amount) in theirs.iter().filter(|(capture, amount)| ours.get(*capture) != Some(amount)) {
        let what = format!("{provider} captured {amount:?} as {capture}; here: {:?}", ours.get(capture));
        found.push(Difference::new(facts.reference.clone(), what));
    }
    for capture in ours.keys().filter(|capture| !theirs.contains_key(*capture)) {
        found.push(Difference::new(facts.reference.clone(), format!("{capture} is not known to {provider}")));
    }
    Ok(found)
}
