//! Queued work, for operators.

use anyhow::{bail, ensure};
use basis::{Env, Id, Job, Order, Payment, Problem, Refund};
use orders::OrderState;
use serde::Deserialize;
use serde_json::json;
use store::{Conn, Db, audit::Entry, in_tx, jobs::JobRow};

use super::carry_out::{Lines, ROWS_MAX};
use crate::shop::Shop;

/// Work that carries nothing but words to people, who can ask again.
const WORDS: [&str; 2] = [accounts::mail::SEND, accounts::RESET_ASKED];

pub(super) async fn list(shop: &Shop) -> Lines {
    let mut conn = shop.db.read().await?;
    let jobs = store::jobs::list(&mut conn, ROWS_MAX).await?;
    let row = |job: JobRow| {
        let JobRow { id, kind, key, state, attempts, last_error, .. } = job;
        let error = last_error.map(|error| format!("  {error}")).unwrap_or_default();
        format!("{id}  {state:<6} {attempts:>3} tries  {kind}  {key}{error}")
    };
    Ok(jobs.into_iter().map(row).collect())
}

pub(super) async fn retry(shop: &Shop, actor: &str, id: &str) -> Lines {
    let job: Id<Job> = id.parse()?;
    let (env, now) = (&shop.env, shop.env.now());
    let found = in_tx!(shop.db, |tx| {
        let found = store::jobs::retry(tx, job, now).await?;
        if found {
            let entry = Entry { actor, action: "job.retry", subject: id, detail: json!({}) };
            store::audit::record(tx, env, entry).await?;
        }
        Ok(found)
    })?;
    ensure!(found, "there is no such job, or it runs right now");
    Ok(vec![format!("{id} runs again now")])
}

pub(super) async fn discard(shop: &Shop, actor: &str, id: &str, why: &str) -> Lines {
    let (job, why) = (id.parse()?, why.trim());
    ensure!(!why.is_empty(), "say why, for whoever reads the trail");
    let Some(JobRow { kind, key, .. }) = forget_job(&shop.db, &shop.env, (actor, why), job).await? else {
        bail!("there is no such job, or it runs right now")
    };
    Ok(vec![format!("{id} is gone: {kind} {key}")])
}

/// Forgets a job for good, and notes who did it and why; answers what it was, if it stood and did not run.
///
/// # Errors
/// Conflict `job-needed`: money or a delivery hangs on it, and its order waits for nobody.
pub async fn forget_job(
    db: &Db,
    env: &Env,
    (actor, why): (&str, &str),
    id: Id<Job>,
) -> Result<Option<JobRow>, Problem> {
    in_tx!(db, |tx| {
        let Some(job) = store::jobs::discard(tx, id).await? else { return Ok(None) };
        // Behind the removal, which holds the job's name: whoever decides about the order meanwhile queues it anew.
        if !may_go(tx, &job).await? {
            return Err(Problem::conflict("job-needed").because(&job.kind));
        }
        let JobRow { kind, key, last_error, .. } = &job;
        let detail = json!({ "why": why, "kind": kind, "key": key, "last_error": last_error });
        let subject = &id.to_string();
        store::audit::record(tx, env, Entry { actor, action: "job.drop", subject, detail }).await?;
        Ok(Some(job))
    })
}

/// A message is only words. What moves money or data goes only while its order waits for a person, whose decision queues
/// what it needs; and what brings the order before a person, or gives it its receipt, never goes.
async fn may_go(conn: &mut Conn, job: &JobRow) -> Result<bool, Problem> {
    if WORDS.contains(&job.kind.as_str()) {
        return Ok(true);
    }
    let stays = [orders::REVIEW, orders::RECEIPT].contains(&job.kind.as_str());
    let Some(order) = order_of(conn, job).await?.filter(|_| !stays) else { return Ok(false) };
    Ok(orders::find(conn, order).await?.state == OrderState::Review)
}

/// What a job's payload may name.
#[derive(Deserialize)]
struct Named {
    order: Option<Id<Order>>,
    refund: Option<Id<Refund>>,
    payment: Option<Id<Payment>>,
}

async fn order_of(conn: &mut Conn, job: &JobRow) -> Result<Option<Id<Order>>, Problem> {
    let Ok(named) = serde_json::from_str::<Named>(&job.payload) else { return Ok(None) };
    match named {
        Named { order: Some(order), .. } => Ok(Some(order)),
        Named { refund: Some(refund), .. } => Ok(payments::find_refund(conn, refund).await?.order),
        Named { payment: Some(payment), .. } => Ok(payments::find(conn, payment).await?.purpose.order()),
        Named { .. } => Ok(None),
    }
}
