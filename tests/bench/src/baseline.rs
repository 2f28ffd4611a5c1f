//! The best that anyone could build on the same PostgreSQL in an afternoon: a row for each pool, a prepared statement, one update
//! for each request, committed durably.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use basis::{Clock, SystemClock};
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinSet;

use crate::{load::float, report::Figures};

const CONNECTIONS: [u32; 4] = [1, 8, 32, 64];
const TIME: Duration = Duration::from_secs(3);
const UPDATE: &str = "UPDATE plain_pool SET remaining = remaining - $2, reserved = $3 WHERE pool = $1 AND remaining >= $2 RETURNING remaining";

/// A fresh database beside the given one.
///
/// # Errors
/// If PostgreSQL refuses.
pub(crate) async fn database(url: &str, one_pool: bool) -> Result<String> {
    let name = if one_pool { "heyon_meter_one" } else { "heyon_meter_spread" };
    let (server, _) = url.rsplit_once('/').context("an address with a database's name")?;
    let mut conn = PgConnection::connect(url).await?;
    conn.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await?;
    conn.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    Ok(format!("{server}/{name}"))
}

/// Updates per second over so many pools, with the best number of connections.
///
/// # Errors
/// If PostgreSQL fails.
pub(crate) async fn best(url: &str, pools: u32, figures: &mut Figures) -> Result<f64> {
    let mut first = PgConnection::connect(url).await?;
    for statement in [
        "DROP TABLE IF EXISTS plain_pool",
        "CREATE TABLE plain_pool (pool BIGINT PRIMARY KEY, remaining BIGINT NOT NULL, reserved BIGINT NOT NULL)",
    ] {
        first.execute(statement).await?;
    }
    sqlx::query("INSERT INTO plain_pool SELECT n, 1000000000000000000, 0 FROM generate_series(0, $1 - 1) n")
        .bind(i64::from(pools))
        .execute(&mut first)
        .await?;
    let mut best = 0.0_f64;
    for connections in CONNECTIONS {
        let rate = rate(url, pools, connections).await?;
        figures.say(
            &format!("PostgreSQL, {pools} pools: an update for each request, {connections} connections"),
            format!("{rate:.0}/s"),
        );
        best = best.max(rate);
    }
    Ok(best)
}

async fn rate(url: &str, pools: u32, connections: u32) -> Result<f64> {
    let mut conns = Vec::new();
    for _ in 0..connections {
        let mut conn = PgConnection::connect(url).await?;
        conn.execute("SET synchronous_commit = on").await?;
        conns.push(conn);
    }
    let clock = Arc::new(SystemClock::start());
    let mut all = JoinSet::new();
    for (worker, mut conn) in (0_u32..).zip(conns) {
        let clock = clock.clone();
        all.spawn(async move {
            let mut done = 0_u64;
            let mut pool = worker.wrapping_mul(7919) % pools;
            while Duration::from_nanos(clock.monotonic_ns()) < TIME {
                let update = sqlx::query(UPDATE).bind(i64::from(pool)).bind(1000_i64).bind(2_000_000_i64);
                update.fetch_one(&mut conn).await?;
                pool = pool.wrapping_add(connections) % pools;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(each) = all.join_next().await {
        done += each??;
    }
    Ok(float(done) * 1e6 / float(clock.monotonic_ns() / 1000))
}
