//! Opening a database and handing out connections.

use std::sync::Arc;
use std::time::Duration;

use basis::{Env, Problem};
use tokio::sync::Notify;

use crate::conn::Link;
use crate::group::Writer;
use crate::postgres::Servers;
use crate::readers::Readers;
use crate::sqlite::{Address, Sqlite, apart};
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
pub(crate) const CONNECTIONS_MAX: usize = 16;
/// How long to wait for a connection or a lock before answering "not now".
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(5);

/// An open database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    driver: Driver,
    jobs_wake: Arc<Notify>,
    #[cfg(feature = "testing")]
    pub(crate) fuse: crate::fuse::Fuse,
}

#[derive(Clone)]
enum Driver {
    Sqlite { writer: Writer, readers: Arc<Readers> },
    Postgres(Servers),
}

impl Db {
    /// Opens `sqlite:///path/file.db` (made if missing, WAL, `synchronous=FULL`) or `postgres://…`.
    ///
    /// `?synchronous=OFF` on a SQLite address is for the test that shows what it would lose; [`Db::check`] fails then.
    ///
    /// # Errors
    /// Unavailable if the database cannot be reached.
    pub async fn open(url: &str, env: &Env) -> Result<Self, Problem> {
        let driver = match Address::of(url) {
            Some(address) => {
                let readers = Readers::of(address.file.clone());
                let writer = Writer::new(apart(move || Sqlite::writer(&address)).await??, env);
                Driver::Sqlite { writer, readers }
            }
            None => Driver::Postgres(Servers::open(url).await?),
        };
        Ok(Self {
            driver,
            jobs_wake: Arc::default(),
            #[cfg(feature = "testing")]
            fuse: crate::fuse::Fuse::default(),
        })
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        match self.driver {
            Driver::Sqlite { .. } => Engine::Sqlite,
            Driver::Postgres(_) => Engine::Postgres,
        }
    }

    /// A connection for reading outside of a transaction.
    pub async fn read(&self) -> Result<Conn, Problem> {
        let link = match &self.driver {
            Driver::Sqlite { readers, .. } => Link::Reader(readers.take().await?),
            Driver::Postgres(servers) => Link::Server(servers.take().await?),
        };
        Ok(Conn::new(self, link))
    }

    /// A connection that sees the database as it stands at its first statement, however long it reads; for audits
    /// and backups, which compare one answer with another. Writers are not held up.
    pub async fn snapshot(&self) -> Result<Conn, Problem> {
        let link = match &self.driver {
            Driver::Sqlite { readers, .. } => {
                let reader = readers.take().await?;
                reader.conn()?.batch("BEGIN")?;
                Link::Snapshot(reader)
            }
            Driver::Postgres(servers) => Link::Server(servers.snapshot().await?),
        };
        Ok(Conn::new(self, link))
    }

    /// Opens a transaction; use `in_tx!`, which also commits it and tries again.
    #[doc(hidden)]
    pub async fn begin(&self) -> Result<Conn, Problem> {
        metrics::counter!("store_transactions_total").increment(1);
        let link = match &self.driver {
            Driver::Sqlite { writer, .. } => Link::Turn(writer.turn().await?),
            Driver::Postgres(servers) => Link::Server(servers.begin().await?),
        };
        Ok(Conn::new(self, link))
    }

    /// Whether money may be trusted to it: it answers, and a commit is synced to disk before it is acknowledged.
    ///
    /// # Errors
    /// Unavailable, with the reason as its cause.
    pub async fn check(&self) -> Result<(), Problem> {
        match &self.driver {
            Driver::Sqlite { writer, .. } => {
                // Writes the file's first page into the log, so that a full disk is seen before the next customer.
                in_tx!(self, |tx| { crate::Query::new("PRAGMA user_version = 1").run(tx).await.map(drop) })?;
                match writer.pragma("PRAGMA synchronous").await? {
                    level if level >= 2 => Ok(()),
                    level => Err(Problem::unavailable(format!("PRAGMA synchronous is {level}, not FULL"))),
                }
            }
            Driver::Postgres(_) => self.check_postgres().await,
        }
    }

    async fn check_postgres(&self) -> Result<(), Problem> {
        let safe = crate::Query::new(
            "SELECT CASE WHEN current_setting('synchronous_commit') = 'off' THEN 0 ELSE 1 END AS safe",
        );
        match safe.one(&mut self.read().await?).await?.get::<i64>("safe")? {
            1 => Ok(()),
            _ => Err(Problem::unavailable("synchronous_commit is off")),
        }
    }

    /// Wakes whoever waits for jobs.
    pub(crate) fn jobs_wake(&self) -> Arc<Notify> {
        self.jobs_wake.clone()
    }

    /// Closes every connection; on SQLite the log is folded into the file first.
    pub async fn close(&self) {
        match &self.driver {
            Driver::Sqlite { writer, readers } => {
                readers.close();
                // Only tidiness: the log is read again at the next start.
                drop(writer.pragma("PRAGMA wal_checkpoint(TRUNCATE)").await);
            }
            Driver::Postgres(servers) => servers.close().await,
        }
    }

    /// Prepares a statement without running it.
    ///
    /// # Errors
    /// What the engine says of it.
    pub async fn prepare(&self, text: &'static str) -> Result<(), String> {
        match &self.driver {
            Driver::Sqlite { readers, .. } => {
                let reader = readers.take().await.map_err(|e| e.to_string())?;
                reader.conn().map_err(|e| e.to_string())?.prepare(text)
            }
            Driver::Postgres(servers) => servers.prepare(text).await,
        }
    }
}
