//! Backup and restore of the embedded database.

use std::{fs, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};
use store::{Db, Engine, backup::Copy, in_tx};

use crate::{
    admin::{self, Command, Reply, Request},
    data_dir::{DataDir, SECRET},
    nodes::Role,
    settings::Settings,
    shop::Shop,
};

const SHOP: &str = "heyon.db";
const LOG: &str = "charging.db";

const ON_POSTGRES: &str = "the data is on PostgreSQL: copy it with pg_dump (one snapshot holds shop and charging log \
     alike, and nothing need be stopped), and keep a copy of secret.key from the data directory";

/// Copies shop, charging log and key into `to`, as of one moment, while the shop runs.
///
/// # Errors
/// If `to` is there already and not empty, or on PostgreSQL, which has its own tools.
pub async fn backup(shop: &Shop, to: &Path) -> Result<Vec<String>> {
    ensure!(shop.db.engine() == Engine::Sqlite, ON_POSTGRES);
    make_empty(to)?;
    let from = shop.data.path();
    let shop_copy = Copy { db: &shop.db, from: from.join(SHOP), to: to.join(SHOP) };
    let log_copy = Copy { db: &shop.log, from: from.join(LOG), to: to.join(LOG) };
    store::backup::copy_together(&shop_copy, &log_copy).await?;
    fs::copy(from.join(SECRET), to.join(SECRET))?;
    for name in [SHOP, LOG] {
        fold(&to.join(name), shop).await?;
    }
    Ok(vec![format!("{}: {SHOP}, {LOG} and {SECRET}, as of one moment", to.display())])
}

/// Opens the copy once, which proves that it can be, and folds its log into the file.
async fn fold(copy: &Path, shop: &Shop) -> Result<()> {
    let db = Db::open(&format!("sqlite://{}", copy.display()), &shop.env).await?;
    db.check().await?;
    db.close().await;
    Ok(())
}

/// Puts a backup into the data directory and compares providers, log and shop before anyone is served: while this
/// runs there is no listener, so no payment can begin. `serve` opens the shop again.
///
/// # Errors
/// If the data directory holds data already.
pub async fn restore(from: &Path, settings: Settings) -> Result<ExitCode> {
    ensure!(settings.database.is_empty(), ON_POSTGRES);
    for name in [SHOP, LOG, SECRET] {
        ensure!(from.join(name).is_file(), "{} is not a backup: it has no {name}", from.display());
    }
    make_empty(&settings.data)?;
    for name in [SHOP, LOG, SECRET] {
        fs::copy(from.join(name), settings.data.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    println!("restored into {}; comparing it with the providers and with itself", settings.data.display());
    let shop = Shop::open(settings, Role::Visits).await?;
    // Whatever was paid after the copy was made is learned now, not when a poll would be due.
    let now = shop.env.now();
    in_tx!(shop.db, |tx| { store::jobs::hasten(tx, payments::CHECK, now).await })?;
    let settled = shop.worker().run_due().await?;
    println!("{settled} pieces of queued work done");
    let request = Request { actor: "system".to_owned(), command: Command::Audit };
    let Reply { lines, failure } = admin::carry_out(&shop, request).await;
    for line in lines {
        println!("{line}");
    }
    shop.close().await;
    match failure {
        None => Ok(ExitCode::SUCCESS),
        Some(why) => bail!("{why}"),
    }
}

fn make_empty(directory: &Path) -> Result<()> {
    DataDir::make(directory)?;
    ensure!(fs::read_dir(directory)?.next().is_none(), "{} is not empty", directory.display());
    Ok(())
}
