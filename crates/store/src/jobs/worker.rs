//! The worker: leases due jobs and runs their handlers, many at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use basis::{Env, Kind, Problem, SECOND_MS, Timestamp};
use futures_util::future::{BoxFuture, join_all};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::rows::{self, JobRow, Later, Lease};
use crate::{Conn, Db, in_tx};

/// How many handlers run at once.
const RUNNING_MAX: usize = 64;
/// How many jobs a handler gets together.
const TOGETHER_MAX: usize = 64;
/// A handler that takes longer is stopped and tried again.
const HANDLER_TIME_MAX: Duration = Duration::from_mins(1);
/// A lease outlives its handler, so a job never runs twice at once.
const LEASE_MS: i64 = 90 * SECOND_MS;
/// After so many failures a job is dead until an operator retries it, or it is queued again; at once if its problem is
/// Invalid, because another try sees the same. Something that is only
/// not available (a provider, a network, the database) never kills a job: nobody knows how long it stays away.
const ATTEMPTS_MAX: u32 = 40;
/// How long the worker sleeps at most when nothing is due.
const SLEEP_MAX_MS: i64 = SECOND_MS;

/// What a handler gets.
#[derive(Debug, Clone)]
pub struct JobRun {
    /// What caused it.
    pub key: String,
    /// JSON, as queued.
    pub payload: String,
    /// 1 on the first try.
    pub attempt: u32,
}

impl JobRun {
    /// The payload as what was queued.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_str(&self.payload).map_err(|e| Problem::internal(format!("job payload: {e}")))
    }
}

/// How a handler ends when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The job is done.
    Done,
    /// Not yet: run it again then.
    At(Timestamp),
}

type Running = BoxFuture<'static, Result<Next, Problem>>;

#[derive(Clone)]
enum Handler {
    Each(Arc<dyn Fn(JobRun) -> Running + Send + Sync>),
    Together(Arc<dyn Fn(Vec<JobRun>) -> Running + Send + Sync>),
}

/// What a handler gets: one job, or several of one kind.
type Piece = Vec<JobRow>;

/// A job whose handler has ended, and how.
struct Ended {
    job: JobRow,
    outcome: Result<Next, Problem>,
}

/// Runs jobs until it is told to stop.
pub struct Worker {
    db: Db,
    env: Env,
    owner: String,
    handler_time_max: Duration,
    handlers: HashMap<&'static str, Handler>,
}

impl Worker {
    /// A worker without handlers. `owner` is `name:life`: the name stays the same over restarts, and no two that live have
    /// the same; each start is another life. What earlier lives of the name had leased is free.
    pub fn new(db: &Db, env: &Env, owner: &str) -> Self {
        let (owner, handlers) = (owner.to_owned(), HashMap::new());
        Self { db: db.clone(), env: env.clone(), owner, handler_time_max: HANDLER_TIME_MAX, handlers }
    }

    /// A handler is stopped after so long, instead of after a minute (the most that a lease allows).
    #[must_use]
    pub fn taking_at_most(mut self, time: Duration) -> Self {
        self.handler_time_max = time.min(HANDLER_TIME_MAX);
        self
    }

    /// Jobs of this kind go to this handler.
    #[must_use]
    pub fn on<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(JobRun) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Next, Problem>> + Send + 'static,
    {
        self.handlers.insert(kind, Handler::Each(Arc::new(move |run| Box::pin(handler(run)))));
        self
    }

    /// Jobs of this kind go to this handler, as many together as are due; what it answers holds for all of them. If
    /// it fails for several, each is tried again by itself.
    #[must_use]
    pub fn on_many<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(Vec<JobRun>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Next, Problem>> + Send + 'static,
    {
        self.handlers.insert(kind, Handler::Together(Arc::new(move |runs| Box::pin(handler(runs)))));
        self
    }

    /// Runs jobs until `stop` turns true, then lets those that run finish.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let worker = Arc::new(self);
        worker.recover().await;
        let wake = worker.db.jobs_wake();
        let (mut running, mut ended) = (JoinSet::new(), Vec::new());
        while !*stop.borrow() {
            let room = RUNNING_MAX.saturating_sub(running.len());
            let claimed = worker.store_and_claim(std::mem::take(&mut ended), room).await;
            let found = !claimed.is_empty();
            for piece in claimed {
                let worker = worker.clone();
                running.spawn(async move { worker.finish(piece).await });
            }
            if !found || running.len() >= RUNNING_MAX {
                let full = running.len() >= RUNNING_MAX;
                tokio::select! {
                    Some(end) = running.join_next() => ended.extend(end.into_iter().flatten()),
                    () = wake.notified(), if !full => {}
                    () = worker.sleep_until_due(), if !full => {}
                    _ = stop.changed() => {}
                }
            }
            while let Some(end) = running.try_join_next() {
                ended.extend(end.into_iter().flatten());
            }
        }
        while let Some(end) = running.join_next().await {
            ended.extend(end.into_iter().flatten());
        }
        worker.store_and_claim(ended, 0).await;
    }

    /// Runs what is due now, what earlier lives of the owner had begun among it, one after the other, until nothing is;
    /// for tests and for commands without a server.
    ///
    /// # Errors
    /// Only those of the queue itself; a failed job is put off or dead.
    pub async fn run_due(&self) -> Result<usize, Problem> {
        self.recover().await;
        let mut done = 0;
        loop {
            let pieces = self.try_claim(1).await?;
            if pieces.is_empty() {
                return Ok(done);
            }
            for piece in pieces {
                let ended = self.finish(piece).await;
                done += ended.len();
                self.store_and_claim(ended, 0).await;
            }
        }
    }

    async fn recover(&self) {
        let freed = in_tx!(self.db, |tx| { rows::free_leases(tx, &self.owner).await });
        match freed {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "took up jobs that an earlier run had begun"),
            Err(problem) => tracing::warn!(%problem, "could not free the leases of an earlier run"),
        }
    }

    /// Stores how jobs have ended and leases others that are due, in one transaction: under load a job's end costs no
    /// commit of its own.
    async fn store_and_claim(&self, ended: Vec<Ended>, room: usize) -> Vec<Piece> {
        match self.try_store_and_claim(&ended, room).await {
            Ok(pieces) => pieces,
            Err(problem) if ended.is_empty() => {
                tracing::warn!(%problem, "cannot lease jobs");
                tokio::time::sleep(Duration::from_millis(200)).await;
                Vec::new()
            }
            Err(_) => {
                // One of them may not be storable at all: it must not hold up the others.
                join_all(ended.iter().map(|end| self.store_alone(end))).await;
                Vec::new()
            }
        }
    }

    async fn try_store_and_claim(&self, ended: &[Ended], room: usize) -> Result<Vec<Piece>, Problem> {
        if ended.is_empty() {
            return self.try_claim(room).await;
        }
        let now = self.env.now();
        in_tx!(self.db, |tx| {
            self.store(tx, ended).await?;
            self.claim(tx, now, room).await
        })
    }

    async fn try_claim(&self, room: usize) -> Result<Vec<Piece>, Problem> {
        let now = self.env.now();
        // Look before taking the writer's turn: an idle worker writes nothing.
        let due = rows::next_due(&mut self.db.read().await?).await?.is_some_and(|at| at <= now);
        if room == 0 || !(due || self.has_lost_leases(now).await?) {
            return Ok(Vec::new());
        }
        in_tx!(self.db, |tx| { self.claim(tx, now, room).await })
    }

    async fn claim(&self, tx: &mut Conn, now: Timestamp, room: usize) -> Result<Vec<Piece>, Problem> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let lease = Lease { owner: &self.owner, now, until: now.plus_ms(LEASE_MS) };
        let mut pieces: Vec<Piece> = Vec::new();
        for job in rows::claim(tx, &lease, room).await? {
            let others = pieces.iter_mut().find(|piece| self.go_together(&job, piece));
            match others {
                Some(others) => others.push(job),
                None => pieces.push(vec![job]),
            }
        }
        for piece in &mut pieces {
            let Some(kind) = piece.first().filter(|job| self.has_company(job)).map(|job| job.kind.clone())
            else {
                continue;
            };
            let room = TOGETHER_MAX.saturating_sub(piece.len());
            piece.extend(rows::claim_fresh(tx, &lease, room, &kind).await?);
        }
        Ok(pieces)
    }

    /// Whether a job goes to its handler together with others: what has failed is tried by itself.
    fn has_company(&self, job: &JobRow) -> bool {
        job.attempts == 1 && matches!(self.handlers.get(job.kind.as_str()), Some(Handler::Together(_)))
    }

    fn go_together(&self, job: &JobRow, others: &[JobRow]) -> bool {
        self.has_company(job) && others.iter().all(|other| other.kind == job.kind && self.has_company(other))
    }

    async fn has_lost_leases(&self, now: Timestamp) -> Result<bool, Problem> {
        rows::lost_lease(&mut self.db.read().await?, now).await
    }

    async fn sleep_until_due(&self) {
        let due = match self.db.read().await {
            Ok(mut conn) => rows::next_due(&mut conn).await.ok().flatten(),
            Err(_) => None,
        };
        let ms = due.map_or(SLEEP_MAX_MS, |at| at.since(self.env.now()).clamp(1, SLEEP_MAX_MS));
        tokio::time::sleep(Duration::from_millis(u64::try_from(ms).unwrap_or(1))).await;
    }

    /// Runs a handler to its end.
    async fn finish(&self, piece: Piece) -> Vec<Ended> {
        let mut outcome = self.call(&piece).await;
        if let (Err(problem), [_, _, ..]) = (&outcome, piece.as_slice()) {
            outcome = Err(Problem::unavailable(format!("together with others: {problem}")));
        }
        let end = |job| Ended { job, outcome: outcome.clone() };
        piece.into_iter().map(end).inspect(tell_failure).collect()
    }

    async fn store_alone(&self, end: &Ended) {
        if let Err(problem) = in_tx!(self.db, |tx| { self.store(tx, std::slice::from_ref(end)).await }) {
            let JobRow { kind, key, attempts, .. } = &end.job;
            tracing::warn!(kind, key, attempt = attempts, %problem, "job's end not stored: it will run again");
        }
    }

    async fn store(&self, tx: &mut Conn, ended: &[Ended]) -> Result<(), Problem> {
        let (done, others): (Vec<_>, Vec<_>) =
            ended.iter().partition(|end| matches!(end.outcome, Ok(Next::Done)));
        let done: Vec<&JobRow> = done.into_iter().map(|end| &end.job).collect();
        rows::remove(tx, &done, &self.owner).await?;
        for end in others {
            self.put_away(tx, end).await?;
        }
        Ok(())
    }

    /// What is not done waits, or is dead.
    async fn put_away(&self, tx: &mut Conn, Ended { job, outcome }: &Ended) -> Result<(), Problem> {
        let later = match outcome {
            Ok(Next::Done) => return Ok(()),
            Ok(Next::At(at)) => Later { at: *at, attempts: 0, error: None },
            Err(problem) if is_hopeless(problem, job.attempts) => {
                return rows::bury(tx, job.id, &self.owner, &problem.to_string()).await;
            }
            Err(problem) => {
                let at = self.env.now().plus_ms(back_off_ms(job.attempts));
                Later { at, attempts: job.attempts, error: Some(problem.to_string()) }
            }
        };
        rows::put_off(tx, job, &self.owner, &later).await
    }

    async fn call(&self, piece: &[JobRow]) -> Result<Next, Problem> {
        let Some(first) = piece.first() else { return Ok(Next::Done) };
        let running = match self.handlers.get(first.kind.as_str()) {
            None => return Err(Problem::internal("no handler for this kind of job")),
            Some(Handler::Each(handler)) => handler(run_of(first)),
            Some(Handler::Together(handler)) => handler(piece.iter().map(run_of).collect()),
        };
        // A set of one: whatever ends this call ends the handler too.
        let mut task = JoinSet::new();
        task.spawn(running);
        match tokio::time::timeout(self.handler_time_max, task.join_next()).await {
            Ok(Some(Ok(outcome))) => outcome,
            Ok(Some(Err(panic))) => Err(Problem::internal(format!("the handler fell over: {panic}"))),
            Ok(None) | Err(_) => {
                task.shutdown().await;
                Err(Problem::unavailable("the handler took too long"))
            }
        }
    }
}

fn run_of(job: &JobRow) -> JobRun {
    JobRun { key: job.key.clone(), payload: job.payload.clone(), attempt: job.attempts }
}

fn tell_failure(Ended { job, outcome }: &Ended) {
    if let Err(problem) = outcome {
        tracing::warn!(kind = job.kind, key = job.key, attempt = job.attempts, %problem, "job failed");
    }
}

/// What is wrong in itself (Invalid: an address that does not exist) is not tried again; our own mistakes some time.
fn is_hopeless(problem: &Problem, attempts: u32) -> bool {
    match problem.kind {
        Kind::Unavailable => false,
        Kind::Invalid => true,
        _ => attempts >= ATTEMPTS_MAX,
    }
}

/// 200 ms, then doubling up to 5 minutes.
fn back_off_ms(attempts: u32) -> i64 {
    let doubled = 200_i64.saturating_mul(1_i64 << attempts.saturating_sub(1).min(20));
    doubled.min(300 * SECOND_MS)
}
