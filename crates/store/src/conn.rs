//! One connection, with or without a transaction.

use std::sync::Arc;

use basis::Problem;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection};
use tokio::sync::Notify;

use crate::group::Turn;
use crate::query::problem_of;
use crate::{Db, Engine};

/// One connection. Verbs take `&mut Conn`; dropping it inside a transaction rolls back.
pub struct Conn {
    link: Link,
    engine: Engine,
    /// The first statement that failed, if one did.
    failed: Option<Problem>,
    jobs_queued: bool,
    jobs_wake: Arc<Notify>,
}

enum Link {
    Reader(PoolConnection<Any>),
    Transaction(sqlx::Transaction<'static, Any>),
    Turn(Turn),
}

impl Conn {
    pub(crate) fn reader(db: &Db, conn: PoolConnection<Any>) -> Self {
        Self::new(db, Link::Reader(conn))
    }

    pub(crate) fn transaction(db: &Db, transaction: sqlx::Transaction<'static, Any>) -> Self {
        Self::new(db, Link::Transaction(transaction))
    }

    pub(crate) fn turn(db: &Db, turn: Turn) -> Self {
        Self::new(db, Link::Turn(turn))
    }

    fn new(db: &Db, link: Link) -> Self {
        Self { link, engine: db.engine(), failed: None, jobs_queued: false, jobs_wake: db.jobs_wake() }
    }

    /// The engine behind it, for the rare fragment that must differ.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Remembers to wake the worker after the commit.
    pub(crate) fn note_job(&mut self) {
        self.jobs_queued = true;
    }

    pub(crate) fn raw(&mut self) -> Result<&mut AnyConnection, Problem> {
        match &mut self.link {
            Link::Reader(conn) => Ok(conn),
            Link::Transaction(transaction) => Ok(transaction),
            Link::Turn(turn) => turn.raw(),
        }
    }

    /// What the database said, as a problem. An error stays with the transaction: see [`Conn::finish`].
    pub(crate) fn heard<T>(&mut self, answer: Result<T, sqlx::Error>) -> Result<T, Problem> {
        answer.map_err(|error| {
            let problem = problem_of(&error);
            if !matches!(error, sqlx::Error::RowNotFound) {
                self.failed.get_or_insert_with(|| problem.clone());
            }
            problem
        })
    }

    /// Commits an `Ok`, rolls back an `Err`; how `in_tx!` ends.
    ///
    /// Rolls back too if a statement failed and the block went on: PostgreSQL has given up the transaction by then,
    /// and calls its COMMIT a success although nothing of it stays.
    #[doc(hidden)]
    pub async fn finish<T>(self, outcome: Result<T, Problem>) -> Result<T, Problem> {
        let Self { link, failed, jobs_queued, jobs_wake, .. } = self;
        let outcome = outcome.and_then(|value| failed.map_or(Ok(value), Err));
        match (link, &outcome) {
            (Link::Transaction(transaction), Ok(_)) => {
                metrics::counter!("store_commits_total").increment(1);
                transaction.commit().await.map_err(|e| problem_of(&e))?;
            }
            (Link::Transaction(transaction), Err(_)) => drop(transaction.rollback().await),
            (Link::Turn(turn), Ok(_)) => turn.commit().await?,
            (Link::Turn(turn), Err(_)) => turn.roll_back().await,
            (Link::Reader(_), _) => {}
        }
        if jobs_queued && outcome.is_ok() {
            jobs_wake.notify_one();
        }
        outcome
    }
}
