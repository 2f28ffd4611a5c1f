//! Our payments beside their providers' own lists. What differs becomes a row, and is asked about again.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use basis::{DAY_MS, Env, HOUR_MS, MINUTE_MS, Money, Problem, Timestamp};
use ledger::Difference;
use serde::{Deserialize, Serialize};
use store::jobs::{self, NewJob, Next};
use store::{Conn, Db, in_tx};

use crate::check::{CHECK, CheckJob};
use crate::disputes;
use crate::facts::{DisputeStatus, Facts, RefundStatus};
use crate::flags::{self, Flag};
use crate::provider::{Provider, ProviderError, Providers};
use crate::refunds::refunds_of_payment;
use crate::requests::PaymentRef;
use crate::rows;
use crate::rules::{Payment, PaymentState, Refund, RefundState};

/// The job that compares one provider's list with our payments; it stands once for each and comes again by itself. Its
/// handler is [`sweep`].
pub const SWEEP: &str = "payment.sweep";

/// What the job [`SWEEP`] carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepJob {
    /// Whose list.
    pub provider: String,
}

/// Payments opened so long ago can still be paid, or paid twice, without anyone asking about them.
const SWEPT_MS: i64 = 2 * DAY_MS;
/// What is younger is on its way: its messages and our own questions come first.
const YOUNG_MS: i64 = 15 * MINUTE_MS;
/// A provider's list is read so often,
const EVERY_MS: i64 = HOUR_MS;
/// and so soon again after something differed, to see whether it was only on its way.
const AGAIN_MS: i64 = 5 * MINUTE_MS;
/// Why the rows are there that a sweep makes.
const REASON: &str = "reconciliation";

/// Queues a sweep of each provider that has a list, unless it is queued already; to be called at every start.
///
/// # Errors
/// If the database fails.
pub async fn begin_sweeps(tx: &mut Conn, env: &Env, providers: &Providers) -> Result<(), Problem> {
    for provider in providers.all().filter(|provider| !provider.capabilities().listless) {
        let payload = SweepJob { provider: provider.name().to_owned() };
        let key = payload.provider.clone();
        jobs::enqueue(tx, env, NewJob { kind: SWEEP, key, payload: &payload, run_at: env.now() }).await?;
    }
    Ok(())
}

/// The handler of [`SWEEP`]: every difference becomes a row for a person and a question to the provider. A row goes when
/// the two agree again.
///
/// # Errors
/// Unavailable `payments-provider-silent`: then it is tried again.
pub async fn sweep(db: &Db, env: &Env, providers: &Providers, job: &SweepJob) -> Result<Next, Problem> {
    // Gone from the settings: there is nobody to ask.
    let Some(provider) = providers.get(&job.provider) else { return Ok(Next::Done) };
    // To ask about each payment by itself takes longer than a job may.
    if provider.capabilities().listless {
        return Ok(Next::Done);
    }
    let now = env.now();
    let found = compare(db, provider.as_ref(), now.plus_ms(-SWEPT_MS), now.plus_ms(-YOUNG_MS)).await?;
    in_tx!(db, |tx| { note(tx, env, provider.name(), &found).await })?;
    let pause_ms = if found.is_empty() { EVERY_MS } else { AGAIN_MS };
    Ok(Next::At(now.plus_ms(pause_ms)))
}

async fn note(tx: &mut Conn, env: &Env, provider: &str, found: &[Difference]) -> Result<(), Problem> {
    let mut standing = BTreeSet::new();
    for Difference { subject, what } in found {
        let payment = match subject.parse() {
            Ok(id) => rows::find(tx, id).await?.map(|payment| payment.id),
            Err(_) => None,
        };
        let key = format!("{REASON}:{provider}:{subject}");
        let flag = Flag {
            key: key.clone(),
            reason: REASON.to_owned(),
            payment,
            message: None,
            detail: what.clone(),
            raised_at: env.now(),
            resolved_at: None,
        };
        flags::raise_again(tx, &flag).await?;
        standing.insert(key);
        if let Some(payment) = payment {
            let payload = CheckJob { payment, polling: false };
            let key = format!("sweep:{payment}");
            jobs::enqueue(tx, env, NewJob { kind: CHECK, key, payload: &payload, run_at: env.now() }).await?;
        }
    }
    for flag in flags::open_of_reason(tx, REASON).await? {
        let is_its = flag.key.strip_prefix(REASON).and_then(|rest| rest.strip_prefix(':')?.split_once(':'));
        if is_its.is_some_and(|(of, _)| of == provider) && !standing.contains(&flag.key) {
            flags::resolve_flag(tx, &flag.key, env.now()).await?;
        }
    }
    flags::show_count(tx).await
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
        found.extend(compare(db, provider.as_ref(), from, until).await?);
    }
    Ok(found)
}

async fn compare(
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
    let theirs = by_payment(theirs);
    let mut conn = db.read().await?;
    let mut found = Vec::new();
    for (reference, facts) in &theirs {
        found.extend(unlike(provider.name(), facts, &Ours::of(&mut conn, reference).await?));
    }
    let mut ours = rows::created_between(&mut conn, provider.name(), from, until).await?;
    drop(conn);
    // What was captured and stands in no list is asked for by its name: lists are behind, and end at other moments.
    ours.retain(|payment| payment.captured.is_positive() && !theirs.contains_key(&payment.id.to_string()));
    for payment in ours {
        found.extend(compare_unlisted(db, provider, payment).await?);
    }
    Ok(found)
}

/// A payment may stand in a list several times, as a charge that a bank refused and the page that its payer was sent to
/// instead, or a page that nobody saw because its answer was lost: only all of them together are what became of it.
fn by_payment(list: Vec<Facts>) -> BTreeMap<String, Facts> {
    let mut all = BTreeMap::<String, Facts>::new();
    for facts in list {
        match all.entry(facts.reference.clone()) {
            Entry::Vacant(first) => drop(first.insert(facts)),
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.captures.extend(facts.captures);
                known.refunds.extend(facts.refunds);
                known.disputes.extend(facts.disputes);
            }
        }
    }
    all
}

/// A list may be hours behind the money: what it does not hold is asked for by its own name.
async fn compare_unlisted(
    db: &Db,
    provider: &dyn Provider,
    payment: Payment,
) -> Result<Option<Difference>, Problem> {
    let reference = payment.id.to_string();
    let named = PaymentRef { payment: payment.id, provider_ref: payment.provider_ref };
    match provider.query(&named).await {
        Err(ProviderError::NotFound) => {
            Ok(Some(Difference::new(reference, format!("captured here, not known to {}", provider.name()))))
        }
        facts => {
            let ours = Ours::of(&mut db.read().await?, &reference).await?;
            Ok(unlike(provider.name(), &facts?, &ours))
        }
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

/// What we know of a payment by this reference.
#[derive(Default)]
struct Ours {
    captures: BTreeMap<String, Money>,
    returned_minor: i64,
    contested: bool,
}

impl Ours {
    async fn of(conn: &mut Conn, reference: &str) -> Result<Self, Problem> {
        let Ok(id) = reference.parse() else { return Ok(Self::default()) };
        let Some(payment) = rows::find(conn, id).await? else { return Ok(Self::default()) };
        let captures = rows::captures(conn, id).await?.into_iter().map(|c| (c.capture_ref, c.amount));
        let refunds = refunds_of_payment(conn, id).await?.into_iter();
        // What a dispute took back instead of a refund is no refund at the provider.
        let disputes = disputes::disputes(conn, id).await?;
        let by_dispute =
            |refund: &Refund| disputes.iter().any(|one| refund.provider_ref.as_ref() == Some(&one.reference));
        let returned = refunds.filter(|refund| refund.state == RefundState::Succeeded && !by_dispute(refund));
        Ok(Self {
            captures: captures.collect(),
            returned_minor: returned.map(|refund| refund.amount.minor).sum(),
            contested: payment.state == PaymentState::Disputed,
        })
    }
}

/// What a provider says of a payment otherwise than we do; `None` if it says the same.
fn unlike(provider: &str, facts: &Facts, ours: &Ours) -> Option<Difference> {
    let there: BTreeMap<&str, Money> =
        facts.captures.iter().map(|c| (c.capture_ref.as_str(), c.amount)).collect();
    let mut said = Vec::new();
    for (capture, amount) in &there {
        let here = ours.captures.get(*capture);
        if here != Some(amount) {
            said.push(format!("{provider} captured {amount:?} as {capture}; here: {here:?}"));
        }
    }
    for capture in ours.captures.keys().filter(|capture| !there.contains_key(capture.as_str())) {
        said.push(format!("{capture} is not known to {provider}"));
    }
    let back = facts.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
    let back: i64 = back.map(|refund| refund.amount.minor).sum();
    // Alipay and WeChat Pay say nothing of refunds here: silence is no difference.
    if !facts.refunds.is_empty() && back != ours.returned_minor {
        said.push(format!("{provider} gave back {back} in minor units; here: {}", ours.returned_minor));
    }
    if facts.disputes.iter().any(|dispute| dispute.status == DisputeStatus::Open) && !ours.contested {
        said.push(format!("contested at {provider}"));
    }
    (!said.is_empty()).then(|| Difference::new(facts.reference.clone(), said.join("; ")))
}
