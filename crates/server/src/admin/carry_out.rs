//! Carrying out commands. Each one that changes something writes who did it into the audit trail.

use anyhow::{bail, ensure};
use basis::{Id, Language, Line, Problem};
use serde_json::json;
use store::{audit::Entry, in_tx};

use super::{Command, Reply, Request, desk, jobs, repair};
use crate::{backup, gy, shop::Shop};

/// The most rows that a list shows.
pub(super) const ROWS_MAX: u32 = 500;

/// Does what is asked, as the running server or without one.
pub async fn carry_out(shop: &Shop, request: Request) -> Reply {
    let actor = request.actor;
    let done = match request.command {
        Command::JobsList => jobs::list(shop).await,
        Command::JobsRetry { id } => jobs::retry(shop, &actor, &id).await,
        Command::JobsDrop { id, why } => jobs::discard(shop, &actor, &id, &why).await,
        Command::Audit => audit(shop).await,
        Command::CardsImport { csv, dry_run } => cards_import(shop, &actor, &csv, dry_run).await,
        Command::CardsMake { csv } => cards_make(shop, &actor, &csv).await,
        Command::CardsMakeTest { count } => cards_make_test(shop, &actor, count).await,
        Command::CatalogApply { toml, dry_run } => catalog_apply(shop, &actor, &toml, dry_run).await,
        Command::ReviewList => desk::review_list(shop).await,
        Command::ReviewShow { id } => desk::review_show(shop, &id).await,
        Command::ReviewResolve { id, decision, note } => {
            desk::review_resolve(shop, &actor, &id, &decision, &note).await
        }
        Command::OrdersShow { id } => desk::orders_show(shop, &id).await,
        Command::OrdersRefund { id, note } => desk::orders_refund(shop, &actor, &id, &note).await,
        Command::LinesBar { id } => lines_bar(shop, &actor, &id, true).await,
        Command::LinesUnbar { id } => lines_bar(shop, &actor, &id, false).await,
        Command::Repair { shard, seq, dry_run } => repair::repair(shop, &actor, (shard, seq), dry_run).await,
        Command::Backup { to } => backup::backup(shop, &to).await,
    };
    match done {
        Ok(lines) => Reply::done(lines),
        Err(error) => Reply::failed(why(&error)),
    }
}

/// In the words that a person would get, with the cause that only an operator may read.
fn why(error: &anyhow::Error) -> String {
    match error.downcast_ref::<Problem>() {
        Some(problem) => match &problem.cause {
            Some(cause) => format!("{} ({cause})", said(problem)),
            None => said(problem),
        },
        None => format!("{error:#}"),
    }
}

/// What a command prints.
pub(super) type Lines = anyhow::Result<Vec<String>>;

async fn audit(shop: &Shop) -> Lines {
    let differences = crate::audit::differences(shop).await?;
    if differences.is_empty() {
        return Ok(vec!["everything agrees".to_owned()]);
    }
    bail!("{} differences\n{}", differences.len(), differences.join("\n"))
}

async fn cards_import(shop: &Shop, actor: &str, csv: &str, dry_run: bool) -> Lines {
    let report = cards::import(&shop.db, &shop.env, &shop.secret, actor, csv.as_bytes(), dry_run).await?;
    ensure!(report.bad.is_empty(), "none of {} cards imported\n{}", report.cards, bad_lines(&report.bad));
    let hints = report.hints.iter().map(|hint| format!("note: {}", bad_line(hint)));
    let done = format!("{} cards in the file, {} imported", report.cards, report.added);
    Ok(hints.chain([done]).collect())
}

async fn cards_make(shop: &Shop, actor: &str, csv: &str) -> Lines {
    let report = cards::make(&shop.db, &shop.env, &shop.secret, actor, csv.as_bytes()).await?;
    ensure!(report.bad.is_empty(), "no cards made\n{}", bad_lines(&report.bad));
    Ok(made(&report.made))
}

async fn cards_make_test(shop: &Shop, actor: &str, count: u32) -> Lines {
    let sandbox = shop.settings.sandbox_instance || !shop.settings.sandbox.url.is_empty();
    ensure!(
        sandbox,
        "test cards are made only where payments are not real; for real ones give a file with --for"
    );
    Ok(made(&cards::make_test_cards(&shop.db, &shop.env, &shop.secret, actor, count).await?))
}

fn made(cards: &[cards::MadeCard]) -> Vec<String> {
    let row = |card: &cards::MadeCard| {
        [&card.serial, &card.bind_code, &card.eid, &card.iccid, &card.imsi].map(String::as_str).join(",")
    };
    ["serial,bind_code,eid,iccid,imsi".to_owned()].into_iter().chain(cards.iter().map(row)).collect()
}

fn bad_lines(bad: &[cards::BadLine]) -> String {
    bad.iter().map(bad_line).collect::<Vec<_>>().join("\n")
}

fn bad_line(bad: &cards::BadLine) -> String {
    let column = bad.column.map(|column| format!(", {column}")).unwrap_or_default();
    format!("line {}{column}: {}", bad.line, said(&bad.problem))
}

/// A problem in the words that a person would get.
fn said(problem: &Problem) -> String {
    texts::Texts::of(Language::En).problem(problem)
}

async fn catalog_apply(shop: &Shop, actor: &str, toml: &str, dry_run: bool) -> Lines {
    let (actor, no_slower) = (actor.to_owned(), gy::why_not_slower(&shop.settings.gy));
    let conditions = catalog::Conditions { actor, dry_run, no_slower };
    let diff = catalog::apply(&shop.db, &shop.env, toml, &conditions).await?;
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

pub(super) async fn note(shop: &Shop, entry: Entry<'_, serde_json::Value>) -> anyhow::Result<()> {
    let Entry { actor, action, subject, detail } = entry;
    let env = &shop.env;
    in_tx!(shop.db, |tx| {
        let entry = Entry { actor, action, subject, detail: &detail };
        store::audit::record(tx, env, entry).await
    })?;
    Ok(())
}
