//! Carrying out commands. Each one that changes something writes who did it into the audit trail.

use basis::{Id, Job};
use serde_json::json;
use store::{audit::Entry, in_tx};

use super::{Command, Reply, Request};
use crate::{backup, shop::Shop};

/// The most rows that a list shows.
const ROWS_MAX: u32 = 500;

/// Does what is asked, as the running server or without one.
pub async fn carry_out(shop: &Shop, request: Request) -> Reply {
    let actor = request.actor;
    let done = match request.command {
        Command::JobsList => jobs_list(shop).await,
        Command::JobsRetry { id } => jobs_retry(shop, &actor, &id).await,
        Command::Backup { to } => backup::backup(shop, &to).await,
        other => Err(anyhow::anyhow!("{other:?}: not wired yet")),
    };
    match done {
        Ok(lines) => Reply::done(lines),
        Err(error) => Reply::failed(format!("{error:#}")),
    }
}

type Lines = anyhow::Result<Vec<String>>;

async fn jobs_list(shop: &Shop) -> Lines {
    let mut conn = shop.db.read().await?;
    let jobs = store::jobs::list(&mut conn, ROWS_MAX).await?;
    let row = |job: store::jobs::JobRow| {
        let store::jobs::JobRow { id, kind, key, state, attempts, last_error, .. } = job;
        let error = last_error.map(|error| format!("  {error}")).unwrap_or_default();
        format!("{id}  {state:<6} {attempts:>3} tries  {kind}  {key}{error}")
    };
    Ok(jobs.into_iter().map(row).collect())
}

async fn jobs_retry(shop: &Shop, actor: &str, id: &str) -> Lines {
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
    anyhow::ensure!(found, "there is no such job, or it runs right now");
    Ok(vec![format!("{id} runs again now")])
}
