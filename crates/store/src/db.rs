//! Opening a database and handing out connections.

use std::sync::{Arc, Once};
use std::time::Duration;

use basis::{Env, Problem};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, Connection as _, Executor as _};
use tokio::sync::Notify;

use crate::group::Writer;
use crate::query::problem_of;
use crate::{Conn, in_tx};

/// Which database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one file, one writer.
    Sqlite,
    /// A PostgreSQL server, or an engine that speaks its protocol.
    Postgres,
}

/// How many connections may read a SQLite file at once, and how many a PostgreSQL pool holds.
const CONNECTIONS_MAX: u32 = 16;
/// How long to wait for a connection or a lock before answering "not now".
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5);

/// An open database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    engine: Engine,
    pool: AnyPool,
    /// SQLite only: the one writer.
    writer: Option<Writer>,
    jobs_wake: Arc<Notify>,
}

impl Db {
    /// Opens `sqlite:///path/file.db` (made if missing, WAL, `synchronous=FULL`) or `postgres://…`.
    ///
    /// `?synchronous=OFF` on a SQLite address is for the test that shows what it would lose; [`Db::check`] fails then.
    ///
    /// # Errors
    /// Unavailable if the database cannot be reached, or if a PostgreSQL's text is not compared by code point.
    pub async fn open(url: &str, env: &Env) -> Result<Self, Problem> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        if url.starts_with("sqlite:") {
            Self::open_sqlite(url, env).await
        } else {
            Self::open_postgres(url).await
        }
    }

    async fn open_sqlite(url: &str, env: &Env) -> Result<Self, Problem> {
        let (file, off) = match url.strip_suffix("?synchronous=OFF") {
            Some(file) => (file, true),
            None => (url, false),
        };
        let pragmas = if off { SQLITE_UNSAFE } else { SQLITE_SETTINGS };
        let mut conn = AnyConnection::connect_with(&options(&format!("{file}?mode=rwc"))?)
            .await
            .map_err(|e| problem_of(&e))?;
        conn.execute(pragmas).await.map_err(|e| problem_of(&e))?;
        let pool = pool_options()
            .after_connect(move |conn, _| {
                Box::pin(async move { conn.execute(SQLITE_READER).await.map(drop) })
            })
            .connect_lazy_with(options(&format!("{file}?mode=rw"))?);
        let writer = Some(Writer::new(conn, env));
        Ok(Self { engine: Engine::Sqlite, pool, writer, jobs_wake: Arc::default() })
    }

    async fn open_postgres(url: &str) -> Result<Self, Problem> {
        let pool = pool_options().connect_with(options(url)?).await.map_err(|e| problem_of(&e))?;
        Ok(Self { engine: Engine::Postgres, pool, writer: None, jobs_wake: Arc::default() })
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// A connection for reading outside of a transaction.
    pub async fn read(&self) -> Result<Conn, Problem> {
        let conn = self.pool.acquire().await.map_err(|e| problem_of(&e))?;
        Ok(Conn::reader(self, conn))
    }

    /// A connection that sees the database as it stands at its first statement, however long it reads; for audits
    /// and backups, which compare one answer with another. Writers are not held up.
    pub async fn snapshot(&self) -> Result<Conn, Problem> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let mut conn = self.pool.acquire().await.map_err(|e| problem_of(&e))?;
        // Its transaction stays open, so it never goes back into the pool.
        conn.close_on_drop();
        conn.execute(begin).await.map_err(|e| problem_of(&e))?;
        Ok(Conn::reader(self, conn))
    }

    /// Opens a transaction; use `in_tx!`, which also commits it and tries again.
    #[doc(hidden)]
    pub async fn begin(&self) -> Result<Conn, Problem> {
        metrics::counter!("store_transactions_total").increment(1);
        match &self.writer {
            Some(writer) => Ok(Conn::turn(self, writer.turn().await?)),
            None => {
                let transaction = self.pool.begin().await.map_err(|e| problem_of(&e))?;
                Ok(Conn::transaction(self, transaction))
            }
        }
    }

    /// Whether money may be trusted to it: it answers, and a commit is synced to disk before it is acknowledged.
    ///
    /// # Errors
    /// Unavailable, with the reason as its cause.
    pub async fn check(&self) -> Result<(), Problem> {
        let Some(writer) = &self.writer else {
            let row = sqlx::query(
                "SELECT CASE WHEN current_setting('synchronous_commit') = 'off' THEN 0 ELSE 1 END",
            )
            .fetch_one(&self.pool);
            let safe: i32 = sqlx::Row::try_get(&row.await.map_err(|e| problem_of(&e))?, 0).unwrap_or(0);
            return if safe == 1 { Ok(()) } else { Err(Problem::unavailable("synchronous_commit is off")) };
        };
        // Taking the writer's turn fails if the file cannot be written.
        in_tx!(self, |_tx| { Ok(()) })?;
        match writer.alone("PRAGMA synchronous").await? {
            Some(level) if level >= 2 => Ok(()),
            level => Err(Problem::unavailable(format!("PRAGMA synchronous is {level:?}, not FULL"))),
        }
    }

    /// Wakes whoever waits for jobs.
    pub(crate) fn jobs_wake(&self) -> Arc<Notify> {
        self.jobs_wake.clone()
    }

    /// Closes every connection; on SQLite the log is folded into the file first.
    pub async fn close(&self) {
        if let Some(writer) = &self.writer {
            // Only tidiness: the log is read again at the next start.
            drop(writer.alone("PRAGMA wal_checkpoint(TRUNCATE)").await);
        }
        self.pool.close().await;
    }

    /// The pool behind it, for the tests that make databases.
    #[cfg(feature = "testing")]
    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Prepares a statement without running it.
    ///
    /// # Errors
    /// What the engine says of it.
    pub async fn prepare(&self, text: &'static str) -> Result<(), String> {
        let mut conn = self.pool.acquire().await.map_err(|e| e.to_string())?;
        conn.prepare(sqlx::AssertSqlSafe(text).into_sql_str()).await.map(drop).map_err(|e| e.to_string())
    }
}

use sqlx::SqlSafeStr as _;

const SQLITE_SETTINGS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
     PRAGMA busy_timeout=5000; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY";
const SQLITE_UNSAFE: &str =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000";
const SQLITE_READER: &str =
    "PRAGMA query_only=ON; PRAGMA busy_timeout=5000; PRAGMA cache_size=-4000; PRAGMA mmap_size=134217728";

fn options(url: &str) -> Result<AnyConnectOptions, Problem> {
    let options: AnyConnectOptions = url.parse().map_err(|e| problem_of(&e))?;
    Ok(options.disable_statement_logging())
}

fn pool_options() -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(WAIT_MAX)
}
