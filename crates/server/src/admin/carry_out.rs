//! Carrying out commands. Each one that changes something writes who did it into the audit trail.

use basis::{Id, Job, Line};
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
        Command::Audit => audit(shop).await,
        Command::CatalogApply { toml, dry_run } => catalog_apply(shop, &actor, &toml, dry_run).await,
        Command::LinesBar { id } => lines_bar(shop, &actor, &id, true).await,
        Command::LinesUnbar { id } => lines_bar(shop, &actor, &id, false).await,
        Command::Backup { to } => backup::backup(shop, &to).await,
        other => Err(anyhow::anyhow!("{other:?}: not wired yet")),
    };
    match done {
        Ok(lines) => Reply::done(lines),
        Err(error) => Reply::failed(format!("{error:#}")),
    }
}

type Lines = anyhow::Result<Vec<String>>;

async fn audit(shop: &Shop) -> Lines {
    let differences = crate::audit::differences(shop).await?;
    if differences.is_empty() {
        return Ok(vec!["everything agrees".to_owned()]);
    }
    anyhow::bail!("{} differences\n{}", differences.len(), differences.join("\n"))
}

async fn catalog_apply(shop: &Shop, actor: &str, toml: &str, dry_run: bool) -> Lines {
    let diff = catalog::apply(&shop.db, &shop.env, toml, dry_run).await?;
    if !dry_run && !diff.is_empty() {
        let detail = json!({ "changed": diff.changes.len() });
        note(shop, Entry { actor, action: "catalog.apply", subject: "catalog", detail }).await?;
    }
    Ok(vec![diff.to_string()])
}

/// The engine's log and the trail are two files: who asked is written first, so that no line is ever barred by nobody.
async fn lines_bar(shop: &Shop, actor: &str, id: &str, barred: bool) -> Lines {
    let line: Id<Line> = id.parse()?;
    let action = if barred { "line.bar" } else { "line.unbar" };
    note(shop, Entry { actor, action, subject: id, detail: json!({}) }).await?;
    let done = if barred { shop.charging.bar(line).await } else { shop.charging.unbar(line).await };
    done?;
    Ok(vec![format!("{id} {}", if barred { "is barred" } else { "may use data again" })])
}

async fn note(shop: &Shop, entry: Entry<'_, serde_json::Value>) -> anyhow::Result<()> {
    let Entry { actor, action, subject, detail } = entry;
    let env = &shop.env;
    in_tx!(shop.db, |tx| {
        let entry = Entry { actor, action, subject, detail: &detail };
        store::audit::record(tx, env, entry).await
    })?;
    Ok(())
}

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
