//! What the disk and the databases do by themselves: the measure for everything else.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::Duration,
};

use anyhow::Result;
use basis::{Clock, SystemClock};
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinSet;

use crate::load::float;

const TIME: Duration = Duration::from_secs(3);
const PAGE: [u8; 4096] = [7; 4096];
const PAGES: u64 = 256;
const INSERT: &str = "INSERT INTO raw (id, text) VALUES ($1, $2)";

/// A page written and synced, again and again, per second.
///
/// # Errors
/// If the disk fails.
pub(crate) fn syncs_per_second(directory: &Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(directory)?;
    for _ in 0..PAGES {
        file.write_all(&PAGE)?;
    }
    file.sync_all()?;
    let clock = SystemClock::start();
    let mut done = 0_u64;
    while Duration::from_nanos(clock.monotonic_ns()) < TIME {
        write_page(&mut file, done % PAGES)?;
        done += 1;
    }
    Ok(rate(done, &clock))
}

fn write_page(file: &mut File, nth: u64) -> Result<()> {
    file.seek(SeekFrom::Start(nth * 4096))?;
    file.write_all(&PAGE)?;
    Ok(file.sync_data()?)
}

/// Transactions of one row in an SQLite file with `synchronous=FULL`, one after the other, per second.
///
/// # Errors
/// If SQLite fails.
pub(crate) fn sqlite_commits_per_second(directory: &Path) -> Result<f64> {
    let conn = rusqlite::Connection::open(directory.join("raw.db"))?;
    conn.execute_batch(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE raw (id INTEGER, text TEXT)",
    )?;
    let mut insert = conn.prepare(INSERT)?;
    let clock = SystemClock::start();
    let mut done = 0;
    while Duration::from_nanos(clock.monotonic_ns()) < TIME {
        insert.execute((i64::try_from(done)?, row_text(0, done)))?;
        done += 1;
    }
    Ok(rate(done, &clock))
}

/// The same in PostgreSQL, over so many connections.
///
/// # Errors
/// If PostgreSQL fails.
pub(crate) async fn postgres_commits_per_second(url: &str, connections: u64) -> Result<f64> {
    let mut first = PgConnection::connect(url).await?;
    first.execute("CREATE TABLE IF NOT EXISTS raw (id BIGINT, text TEXT)").await?;
    let mut conns = Vec::new();
    for _ in 0..connections {
        conns.push(PgConnection::connect(url).await?);
    }
    let clock = std::sync::Arc::new(SystemClock::start());
    let mut all = JoinSet::new();
    for (mut conn, worker) in conns.into_iter().zip(1_u64..) {
        let clock = clock.clone();
        all.spawn(async move {
            let mut done = 0;
            while Duration::from_nanos(clock.monotonic_ns()) < TIME {
                insert(&mut conn, worker, done).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0;
    while let Some(each) = all.join_next().await {
        done += each??;
    }
    Ok(rate(done, &clock))
}

async fn insert(conn: &mut PgConnection, worker: u64, nth: u64) -> Result<()> {
    sqlx::query(INSERT).bind(i64::try_from(nth)?).bind(row_text(worker, nth)).execute(conn).await?;
    Ok(())
}

fn row_text(worker: u64, nth: u64) -> String {
    format!("{worker} wrote its row number {nth}, about as long as a small row is")
}

fn rate(done: u64, clock: &SystemClock) -> f64 {
    float(done) * 1e6 / float(clock.monotonic_ns() / 1000)
}
