//! The payments checked against the ledger and against their providers.

use std::collections::{BTreeMap, BTreeSet};

use basis::{Currency, Money, Problem, Timestamp};
use ledger::Difference;
use store::{Conn, Db};

use crate::provider::{Facts, Provider, Providers};
use crate::rows;
use crate::rules::{Payment, PaymentState};

/// How many payments are in each state.
pub async fn count_by_state(conn: &mut Conn) -> Result<Vec<(PaymentState, i64)>, Problem> {
    rows::count_states(conn).await
}

/// Payments in the order of their ids, after this one (`""`: from the first).
pub async fn page(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<Payment>, Problem> {
    rows::page(conn, after, limit).await
}

/// Every difference between the payments and the ledger, per provider and currency: what was captured, and
/// what reached its source again.
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
    Ok(found)
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
    let theirs = provider.list(from, until).await?;
    let mut conn = db.read().await?;
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for facts in &theirs {
        seen.insert(facts.reference.clone());
        found.extend(compare_captures(&mut conn, provider.name(), facts).await?);
    }
    for payment in rows::created_between(&mut conn, provider.name(), from, until).await? {
        let reference = payment.id.to_string();
        // The provider opens a payment after we create it, so one at the window's end may be missing there.
        if payment.captured.is_positive() && !seen.contains(&reference) {
            found.push(Difference::new(
                reference,
                format!("captured here, not listed by {}", provider.name()),
            ));
        }
    }
    Ok(found)
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
