//! One connection, with or without a transaction.

use std::sync::Arc;

use basis::Problem;
use tokio::sync::Notify;
use tokio::task::coop;

#[cfg(feature = "testing")]
use crate::fuse::Side;
use crate::group::Turn;
use crate::postgres::Server;
use crate::query::{Answer, Query, Wanted};
use crate::readers::Reader;
use crate::sqlite::{Sqlite, apart};
use crate::{Db, Engine};

/// One connection. Verbs take `&mut Conn`; dropping it inside a transaction rolls back.
pub struct Conn {
    link: Link,
    engine: Engine,
    /// The first statement that failed, if one did.
    failed: Option<Problem>,
    jobs_queued: bool,
    jobs_wake: Arc<Notify>,
    #[cfg(feature = "testing")]
    fuse: crate::fuse::Fuse,
}

pub(crate) enum Link {
    Reader(Reader),
    /// Audits and backups read whole tables: their statements must not hold up the others.
    Snapshot(Reader),
    Turn(Turn),
    Server(Server),
    /// On a thread of its own, or given up there.
    Away,
}

impl Link {
    fn sqlite(&self) -> Result<&Sqlite, Problem> {
        match self {
            Self::Reader(reader) | Self::Snapshot(reader) => reader.conn(),
            Self::Turn(turn) => turn.conn(),
            Self::Server(_) | Self::Away => Err(Problem::internal("the connection is not here")),
        }
    }
}

impl Conn {
    pub(crate) fn new(db: &Db, link: Link) -> Self {
        Self {
            link,
            engine: db.engine(),
            failed: None,
            jobs_queued: false,
            jobs_wake: db.jobs_wake(),
            #[cfg(feature = "testing")]
            fuse: db.fuse.clone(),
        }
    }

    /// The engine behind it, for the rare fragment that must differ.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Remembers to wake the worker after the commit.
    pub(crate) fn note_job(&mut self) {
        self.jobs_queued = true;
    }

    /// Runs a statement. If it fails that stays with the transaction: see [`Conn::finish`].
    pub(crate) async fn ask(&mut self, query: Query, wanted: Wanted) -> Result<Answer, Problem> {
        metrics::counter!("store_statements_total").increment(1);
        let answer = match &mut self.link {
            // Boxed, since whoever asks would carry these futures, also on SQLite.
            Link::Server(server) => Box::pin(server.ask(query, wanted)).await,
            Link::Snapshot(_) => Box::pin(self.apart(move |conn| conn.ask(&query, wanted))).await,
            link => {
                // Nothing here ever waits; after a long row of statements others get their time.
                coop::consume_budget().await;
                link.sqlite().and_then(|conn| conn.ask(&query, wanted))
            }
        };
        self.heard(answer)
    }

    /// Runs statements that have neither values nor an answer, and may take long.
    pub(crate) async fn batch(&mut self, text: String) -> Result<(), Problem> {
        let done = match &mut self.link {
            Link::Server(server) => server.batch(text).await,
            _ => self.apart(move |conn| conn.batch(&text)).await,
        };
        self.heard(done)
    }

    fn heard<T>(&mut self, answer: Result<T, Problem>) -> Result<T, Problem> {
        if let Err(problem) = &answer {
            self.failed.get_or_insert_with(|| problem.clone());
        }
        answer
    }

    /// Runs what may take long on a thread of its own. If nobody waits for it to come back, it ends as if dropped.
    async fn apart<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&Sqlite) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let link = std::mem::replace(&mut self.link, Link::Away);
        let (link, outcome) = apart(move || {
            let outcome = link.sqlite().and_then(work);
            (link, outcome)
        })
        .await?;
        self.link = link;
        outcome
    }

    /// Commits an `Ok`, rolls back an `Err`; how `in_tx!` ends.
    ///
    /// Rolls back too if a statement failed and the block went on: PostgreSQL has given up the transaction by then,
    /// and calls its COMMIT a success although nothing of it stays.
    #[doc(hidden)]
    pub async fn finish<T>(self, outcome: Result<T, Problem>) -> Result<T, Problem> {
        let Self { link, failed, jobs_queued, jobs_wake, .. } = self;
        let outcome = outcome.and_then(|value| failed.map_or(Ok(value), Err));
        #[cfg(feature = "testing")]
        let link = if outcome.is_ok() { self.fuse.pass(Side::Before, link).await } else { link };
        match (link, &outcome) {
            (Link::Turn(turn), Ok(_)) => turn.commit().await?,
            (Link::Server(server), Ok(_)) => server.commit().await?,
            (Link::Server(server), Err(_)) => server.roll_back().await,
            (Link::Away, Ok(_)) => return Err(Problem::internal("a statement was given up half-way")),
            (link, _) => drop(link),
        }
        #[cfg(feature = "testing")]
        if outcome.is_ok() {
            self.fuse.pass(Side::After, ()).await;
        }
        if jobs_queued && outcome.is_ok() {
            jobs_wake.notify_one();
        }
        outcome
    }
}
