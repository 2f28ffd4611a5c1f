//! The check that an operator runs: the log against itself, and the tables for pages against the log.

use std::collections::HashMap;

use basis::{Id, Order, Problem};
use store::{Conn, Db, Engine};

use crate::log::{self, Fault, Pools, rows};
use crate::pool::Bundle;
use crate::views;

/// How many rows of the tables are read at a time.
const PAGE_ROWS: u32 = 500;

/// Replays every shard and compares; what comes back are the differences, in words, none if all agrees.
///
/// On SQLite the engine must stand still meanwhile (not running, or paused) and be written behind
/// ([`crate::Charging::catch_up`]). On PostgreSQL log and tables are seen at one moment, whoever writes: what is not written
/// behind yet is named, and not compared.
///
/// # Errors
/// If a database does not answer. A damaged row is a difference.
pub async fn audit(log: &Db, shop: &Db) -> Result<Vec<String>, Problem> {
    let mut differences = Vec::new();
    let mut bundles = HashMap::new();
    // A bundle on its way is in the pool that it goes to, if it has arrived.
    let mut on_their_way = Vec::new();
    let together = log.engine() == Engine::Postgres;
    let of_log = &mut if together { log.snapshot().await? } else { log.read().await? };
    for row in rows::all_shards(of_log).await? {
        let cursor = if together {
            views::cursor_in(of_log, row.shard).await?
        } else {
            views::cursor(shop, row.shard).await?
        };
        let until = if together { cursor } else { u64::MAX };
        let state = match log::load_until(of_log, row.shard, until).await {
            Ok(state) => state,
            Err(Fault::Store(problem)) => return Err(problem),
            Err(damage) => {
                differences.push(damage.to_string());
                continue;
            }
        };
        let end = rows::last_seq(of_log, row.shard).await?.unwrap_or(state.seq);
        if cursor != end {
            let shard = row.shard.0;
            differences.push(format!("shard {shard}: the log ends at {end}, the tables stand at {cursor}"));
        }
        check_pools(&state.pools, &mut differences);
        for pool in state.pools.iter() {
            for bundle in pool.state().bundles.iter() {
                if bundles.insert(bundle.id, bundle.clone()).is_some() {
                    differences.push(format!("bundle {} is in two pools", bundle.id));
                }
            }
            let packed = pool.state().moves.iter().flat_map(|moves| &moves.gone);
            packed
                .filter_map(|gone| gone.luggage.clone())
                .for_each(|luggage| on_their_way.extend(luggage.bundles));
        }
    }
    for bundle in on_their_way {
        bundles.entry(bundle.id).or_insert(bundle);
    }
    if together {
        compare_bundles(of_log, bundles, &mut differences).await?;
    } else {
        compare_bundles(&mut shop.read().await?, bundles, &mut differences).await?;
    }
    Ok(differences)
}

fn check_pools(pools: &Pools, differences: &mut Vec<String>) {
    for pool in pools.iter() {
        if let Err(broken) = pool.check_invariants() {
            differences.push(format!("{}: {broken}", pool.id()));
        }
    }
}

async fn compare_bundles(
    conn: &mut Conn,
    mut bundles: HashMap<Id<Order>, Bundle>,
    differences: &mut Vec<String>,
) -> Result<(), Problem> {
    let mut behind = String::new();
    loop {
        let page = views::all_bundles(conn, &behind, PAGE_ROWS).await?;
        for row in &page {
            behind = row.get("bundle")?;
            let figures = (row.get("granted")?, row.get("used")?, row.get("expired")?, row.get("closed")?);
            // One that is not in its pool any more ended long ago.
            if let Some(bundle) = bundles.remove(&row.get("bundle")?) {
                compare_bundle(&bundle, &row.get::<String>("state")?, figures, differences);
            }
        }
        if page.is_empty() {
            break;
        }
    }
    differences.extend(bundles.keys().map(|bundle| format!("bundle {bundle} is not in the table")));
    Ok(())
}

fn compare_bundle(
    bundle: &Bundle,
    state: &str,
    (granted, used, expired, closed): (i64, i64, i64, i64),
    differences: &mut Vec<String>,
) {
    let should = views::state_of(bundle);
    if state != should {
        differences.push(format!("bundle {}: the table says {state}, the log {should}", bundle.id));
    }
    let figures = &bundle.figures;
    let pairs = [
        ("granted", granted, figures.granted),
        ("used", used, figures.used),
        ("expired", expired, figures.expired),
        ("closed", closed, figures.closed),
    ];
    for (what, table, log) in pairs {
        if u64::try_from(table) != Ok(log) {
            differences
                .push(format!("bundle {}: {what} is {table} in the table, {log} in the log", bundle.id));
        }
    }
}
