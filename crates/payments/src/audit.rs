//! The payments checked against the ledger.

use std::collections::BTreeMap;

use basis::{Currency, Problem};
use ledger::{Book, Difference, NewTransfer};
use store::Conn;

use crate::check::capture_reference;
use crate::refunds::{due_reference, refunds_after, sent_reference};
use crate::rows;
use crate::rules::{Fate, Payment, PaymentState, Refund, RefundState};
use crate::{bills, disputes};

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
    for (provider, currency, minor) in disputes::lost_sums(conn).await? {
        let returned = &mut ours.entry((provider, currency)).or_default().1;
        *returned = returned.saturating_add(minor);
    }
    let mut found = frozen_otherwise(conn).await?;
    found.extend(bills::audit(conn).await?);
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

/// What open disputes froze, against the book that holds it.
async fn frozen_otherwise(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let mut booked = ledger::balance(conn, &Book::Disputed).await?;
    let mut found = Vec::new();
    for (currency, minor) in disputes::open_sums(conn).await? {
        let held = booked.remove(&currency).unwrap_or_default();
        let what = format!("open disputes froze {minor}, the book holds {held}");
        found.extend(
            (held != i128::from(minor)).then(|| Difference::new(format!("disputed {currency}"), what)),
        );
    }
    let strays = booked.into_iter().filter(|(_, held)| *held != 0);
    found.extend(strays.map(|(currency, held)| {
        Difference::new(format!("disputed {currency}"), format!("no open dispute, the book holds {held}"))
    }));
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
