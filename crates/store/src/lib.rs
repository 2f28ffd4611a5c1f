//! The database, the same for SQLite and PostgreSQL: statements, transactions, migrations, jobs and the audit trail.
//!
//! One SQL text serves both engines. Columns are TEXT, BIGINT or BYTEA only; one test finds every
//! `sql!` in the sources and prepares it on both engines. A verb takes `&mut Conn` when it composes inside someone's
//! transaction, and `&Db` when it owns its transaction (`in_tx!`).

pub mod audit;
pub mod backup;
mod conn;
pub mod copy;
mod db;
#[cfg(feature = "testing")]
mod fuse;
mod group;
pub mod jobs;
mod migrate;
mod postgres;
mod query;
mod readers;
mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub use conn::Conn;
pub use db::{Db, Engine};
#[cfg(feature = "testing")]
pub use fuse::Side;
pub use migrate::{Migration, Migrations, migrate};
pub use query::{Query, Row};
pub use value::{Bind, Column, Value};

/// The store's own tables: jobs and the audit trail.
pub const MIGRATIONS: Migrations = migrations!("store", ["0001_store.sql"]);

/// The key of a problem that a fresh try of the whole transaction may solve (40001, 40P01).
pub const RETRY_KEY: &str = "transaction-retry";

/// How often `in_tx!` tries a transaction before it gives up.
pub const TRANSACTION_TRIES_MAX: u32 = 10;

/// A statement: `sql!("SELECT …").bind(x).one(conn)`.
///
/// The text is a literal, so that a test can find every `sql!` in the sources and prepare it on both engines.
#[macro_export]
macro_rules! sql {
    ($text:literal) => {
        $crate::Query::new($text)
    };
}

/// Runs a block in one transaction and commits it: `in_tx!(db, |tx| { …; Ok(value) })`, a `Result<_, Problem>`.
///
/// `tx` is a `&mut Conn`. The block runs again when the engine asks for it, so it has no effect outside the
/// database and only borrows what it captures. It is an async block: `?` and `return` end the block, an `Err`
/// rolls back.
#[macro_export]
macro_rules! in_tx {
    ($db:expr, |$tx:ident| $body:block) => {{
        let mut tries = 0;
        loop {
            tries += 1;
            let mut conn = match $db.begin().await {
                Ok(conn) => conn,
                Err(problem) => break Err(problem),
            };
            let outcome = {
                let $tx: &mut $crate::Conn = &mut conn;
                async { $body }.await
            };
            match conn.finish(outcome).await {
                Err(problem) if $crate::may_try_again(&problem, tries) => {
                    $crate::pause_before_retry(tries).await
                }
                outcome => break $crate::for_good(outcome),
            }
        }
    }};
}

/// The migrations of a noun, in order, from its own `migrations/` folder.
#[macro_export]
macro_rules! migrations {
    ($noun:literal, [$($file:literal),* $(,)?]) => {
        $crate::Migrations {
            noun: $noun,
            steps: &[$($crate::Migration {
                name: $file,
                sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $file)),
            }),*],
        }
    };
}

#[doc(hidden)]
pub fn may_try_again(problem: &basis::Problem, tries: u32) -> bool {
    problem.key == RETRY_KEY && tries < TRANSACTION_TRIES_MAX
}

/// Nobody tries again any more: what is left of a wish to do so is "not now".
#[doc(hidden)]
pub fn for_good<T>(outcome: Result<T, basis::Problem>) -> Result<T, basis::Problem> {
    outcome.map_err(|problem| match problem.key {
        RETRY_KEY => basis::Problem::unavailable(problem.to_string()),
        _ => problem,
    })
}

#[doc(hidden)]
pub async fn pause_before_retry(tries: u32) {
    tokio::time::sleep(std::time::Duration::from_millis(u64::from(tries) * 3)).await;
}
