//! `heyon move`: from the embedded database to PostgreSQL, while nothing runs.

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use store::{Db, Engine, copy};

use crate::{
    audit,
    nodes::Role,
    settings::Settings,
    shop::{self, Shop},
};

/// What the engine or the nodes make anew in the target.
const NOT_COPIED: [&str; 2] = ["charging_cursor", "node"];
/// What `charging::move_log` fills.
const OF_THE_LOG: [&str; 3] = ["charging_log", "charging_snapshot", "charging_shard"];

/// Copies shop and charging state, and proves by the audit that both say the same. The old data stays as it is.
///
/// # Errors
/// If a server runs on the data, the target is not empty, or the two audits differ.
pub async fn run(to: &str, settings: Settings) -> Result<ExitCode> {
    ensure!(settings.database.is_empty(), "the data is on PostgreSQL already");
    let source = Shop::open(settings.clone(), Role::Visits).await?;
    let before = audit::differences(&source).await?;
    println!("audit before: {}", said(&before));
    source.charging.catch_up().await?;
    source.charging.shut_down().await;
    let target = Db::open(to, &source.env).await?;
    ensure!(target.engine() == Engine::Postgres, "{to} is no PostgreSQL address");
    copy_all(&source, &target).await?;
    target.close().await;
    source.close().await;
    // Gives the data directory back, which the other side of the move takes.
    drop(source);
    let moved = Shop::open(Settings { database: to.to_owned(), ..settings }, Role::Visits).await?;
    let after = audit::differences(&moved).await?;
    moved.close().await;
    println!("audit after: {}", said(&after));
    let sorted = |mut differences: Vec<String>| {
        differences.sort_unstable();
        differences
    };
    if sorted(before) != sorted(after.clone()) {
        bail!("the two audits differ; the old data is untouched\n{}", after.join("\n"));
    }
    println!("they agree. Set `database` to the new address, and keep the old files until you trust it");
    Ok(ExitCode::SUCCESS)
}

async fn copy_all(source: &Shop, target: &Db) -> Result<()> {
    let now = source.env.now();
    shop::migrate(target, target, now).await?;
    let tables = copy::tables(&source.db).await?;
    let emptied = tables.iter().cloned().chain(OF_THE_LOG.map(str::to_owned)).collect::<Vec<_>>();
    copy::begin(target, &emptied, now).await?;
    for table in tables.iter().filter(|table| !NOT_COPIED.contains(&table.as_str())) {
        let (table, rows) = copy::table(&source.db, target, table).await?;
        if rows > 0 {
            println!("{rows:>10} {table}");
        }
    }
    let pools = charging::move_log(&source.log, target).await?;
    println!("{pools:>10} pools of the charging log, as snapshots");
    Ok(copy::done(target).await?)
}

fn said(differences: &[String]) -> String {
    match differences {
        [] => "everything agrees".to_owned(),
        some => format!("{} differences\n{}", some.len(), some.join("\n")),
    }
}
