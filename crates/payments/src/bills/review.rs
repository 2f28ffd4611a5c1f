//! What bills and books say differently, as rows for a person that go away by themselves.

use std::collections::{BTreeMap, BTreeSet};

use basis::{DAY_MS, Env, Id, Payment as PaymentKind, Problem, Timestamp};
use ledger::Difference;
use store::jobs::{self, NewJob};
use store::{Conn, Db, in_tx};

use super::days::{self, BillDay};
use super::subjects::{self, Subject, Verdict};
use super::{BATCH, table};
use crate::check::{CHECK, CheckJob};
use crate::flags::{self, Flag};
use crate::provider::Provider;

/// Why the rows are there that bills make.
const REASON: &str = "settlement";
/// What moved by our books stands in the bill of that day, or of the next one.
const GRACE_MS: i64 = DAY_MS;
/// So much of each kind is looked at at once.
const LOOKED_MAX: u32 = 1_000;

/// What a subject's bills say otherwise than our books.
struct Found {
    subject: Subject,
    payment: Option<Id<PaymentKind>>,
    what: String,
}

/// Compares again what does not agree with the bills that were read; answers whether anything is left.
pub(super) async fn review(db: &Db, env: &Env, provider: &dyn Provider) -> Result<bool, Problem> {
    let mut conn = db.read().await?;
    let Some((first, unread)) = days::span(&mut conn, provider.name()).await? else { return Ok(false) };
    let from = days::starts_at(first, provider);
    let until = days::starts_at(unread, provider).plus_ms(-GRACE_MS);
    let open = table::open(&mut conn, provider.name(), (from, until), LOOKED_MAX).await?;
    drop(conn);
    let open: Vec<Subject> = open.into_iter().collect();
    let mut found = Vec::new();
    for batch in open.chunks(BATCH) {
        found.extend(in_tx!(db, |tx| { compare(tx, env, batch).await })?);
    }
    // More than is looked at once: then a row that is not found may still be true.
    let is_all = u32::try_from(open.len()).is_ok_and(|looked| looked < LOOKED_MAX);
    in_tx!(db, |tx| { note(tx, env, provider.name(), &found, is_all).await })?;
    Ok(!found.is_empty())
}

async fn compare(tx: &mut Conn, env: &Env, subjects: &[Subject]) -> Result<Vec<Found>, Problem> {
    let mut found = Vec::new();
    for subject in subjects {
        if let Verdict::Differs { payment, what } = subjects::settle(tx, env, subject).await? {
            found.push(Found { subject: subject.clone(), payment, what });
        }
    }
    Ok(found)
}

async fn note(
    tx: &mut Conn,
    env: &Env,
    provider: &str,
    found: &[Found],
    is_all: bool,
) -> Result<(), Problem> {
    let mut standing = BTreeSet::new();
    for Found { subject, payment, what } in found {
        let key = key(provider, subject.kind.word(), &subject.name);
        raise(tx, &key, *payment, what, env.now()).await?;
        standing.insert(key);
        if let Some(payment) = *payment {
            let payload = CheckJob { payment, polling: false };
            let key = format!("bill:{payment}");
            jobs::enqueue(tx, env, NewJob { kind: CHECK, key, payload: &payload, run_at: env.now() }).await?;
        }
    }
    let of_days = [key(provider, DAY, ""), key(provider, LINE, "")];
    for flag in flags::open_of_reason(tx, REASON).await? {
        let is_its = flag.key.starts_with(&format!("{REASON}:{provider}:"));
        let stays = of_days.iter().any(|front| flag.key.starts_with(front)) || standing.contains(&flag.key);
        if is_all && is_its && !stays {
            flags::resolve_flag(tx, &flag.key, env.now()).await?;
        }
    }
    flags::show_count(tx).await
}

/// In keys of rows about a day's bill,
const DAY: &str = "day";
/// and about a line that changed after it was taken.
const LINE: &str = "line";

fn key(provider: &str, kind: &str, name: &str) -> String {
    format!("{REASON}:{provider}:{kind}:{name}")
}

async fn raise(
    tx: &mut Conn,
    key: &str,
    payment: Option<Id<PaymentKind>>,
    what: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let flag = Flag {
        key: key.to_owned(),
        reason: REASON.to_owned(),
        payment,
        message: None,
        detail: what.to_owned(),
        raised_at: now,
        resolved_at: None,
    };
    flags::raise_again(tx, &flag).await
}

/// A day's bill cannot be read.
pub(super) async fn flag_day(tx: &mut Conn, day: &BillDay, why: &str, now: Timestamp) -> Result<(), Problem> {
    raise(tx, &key(&day.provider, DAY, &day.day.to_string()), None, why, now).await
}

/// It was read after all.
pub(super) async fn clear_day(tx: &mut Conn, day: &BillDay, now: Timestamp) -> Result<(), Problem> {
    flags::resolve_flag(tx, &key(&day.provider, DAY, &day.day.to_string()), now).await.map(drop)
}

/// A line says something else than when it was taken; the first word stays.
pub(super) async fn flag_line(
    tx: &mut Conn,
    provider: &str,
    line_ref: &str,
    what: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    raise(tx, &key(provider, LINE, line_ref), None, what, now).await
}

/// What is left that bills and books say differently; and what bills had the ledger book, beside the ledger.
pub(crate) async fn audit(conn: &mut Conn) -> Result<Vec<Difference>, Problem> {
    let open = flags::open_of_reason(conn, REASON).await?;
    let mut found: Vec<Difference> =
        open.into_iter().map(|flag| Difference::new(flag.key, flag.detail)).collect();
    let lines = table::booked(conn).await?;
    let mut lines: BTreeMap<_, _> =
        lines.into_iter().map(|taken| ((taken.provider, taken.currency), taken.kept)).collect();
    for ((provider, currency), totals) in ledger::provider_totals(conn).await? {
        let ledger = (totals.fees.minor, totals.paid_out.minor, totals.exchanged.minor);
        let told = lines.remove(&(provider.clone(), currency)).unwrap_or_default();
        found.extend((told != ledger).then(|| {
            let what = format!("bills (kept, paid out, changed) {told:?}, ledger {ledger:?}");
            Difference::new(format!("provider {provider} {currency}"), what)
        }));
    }
    let unbooked = lines.into_iter().filter(|(_, told)| *told != (0, 0, 0));
    found.extend(unbooked.map(|((provider, currency), told)| {
        let what = format!("bills (kept, paid out, changed) {told:?}, nothing in the ledger");
        Difference::new(format!("provider {provider} {currency}"), what)
    }));
    Ok(found)
}
