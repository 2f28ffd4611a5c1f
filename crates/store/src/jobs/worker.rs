//! The worker: leases due jobs and runs their handlers, many at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use basis::{Env, Kind, Problem, SECOND_MS, Timestamp};
use futures_util::future::{BoxFuture, join_all};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::rows::{self, JobRow, Later};
use crate::{Conn, Db, in_tx};

/// How many jobs run at once.
const RUNNING_MAX: usize = 64;
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

type Handler = Arc<dyn Fn(JobRun) -> BoxFuture<'static, Result<Next, Problem>> + Send + Sync>;

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
        self.handlers.insert(kind, Arc::new(move |run| Box::pin(handler(run))));
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
            for job in claimed {
                let worker = worker.clone();
                running.spawn(async move { worker.finish(job).await });
            }
            if !found || running.len() >= RUNNING_MAX {
                let full = running.len() >= RUNNING_MAX;
                tokio::select! {
                    Some(end) = running.join_next() => ended.extend(end.ok()),
                    () = wake.notified(), if !full => {}
                    () = worker.sleep_until_due(), if !full => {}
                    _ = stop.changed() => {}
                }
            }
            while let Some(end) = running.try_join_next() {
                ended.extend(end.ok());
            }
        }
        while let Some(end) = running.join_next().await {
            ended.extend(end.ok());
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
            let jobs = self.try_claim(1).await?;
            if jobs.is_empty() {
                return Ok(done);
            }
            for job in jobs {
                let end = self.finish(job).await;
                self.store_alone(&end).await;
                done += 1;
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
    async fn store_and_claim(&self, ended: Vec<Ended>, room: usize) -> Vec<JobRow> {
        match self.try_store_and_claim(&ended, room).await {
            Ok(jobs) => jobs,
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

    async fn try_store_and_claim(&self, ended: &[Ended], room: usize) -> Result<Vec<JobRow>, Problem> {
        if ended.is_empty() {
            return self.try_claim(room).await;
        }
        let now = self.env.now();
        in_tx!(self.db, |tx| {
            for end in ended {
                self.store(tx, end).await?;
            }
            self.claim(tx, now, room).await
        })
    }

    async fn try_claim(&self, room: usize) -> Result<Vec<JobRow>, Problem> {
        let now = self.env.now();
        // Look before taking the writer's turn: an idle worker writes nothing.
        let due = rows::next_due(&mut self.db.read().await?).await?.is_some_and(|at| at <= now);
        if room == 0 || !(due || self.has_lost_leases(now).await?) {
            return Ok(Vec::new());
        }
        in_tx!(self.db, |tx| { self.claim(tx, now, room).await })
    }

    async fn claim(&self, tx: &mut Conn, now: Timestamp, room: usize) -> Result<Vec<JobRow>, Problem> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        rows::claim(tx, &self.owner, now, now.plus_ms(LEASE_MS), limit).await
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

    /// Runs a job's handler to its end.
    async fn finish(&self, job: JobRow) -> Ended {
        let outcome = self.call(&job).await;
        if let Err(problem) = &outcome {
            tracing::warn!(kind = job.kind, key = job.key, attempt = job.attempts, %problem, "job failed");
        }
        Ended { job, outcome }
    }

    async fn store_alone(&self, end: &Ended) {
        if let Err(problem) = in_tx!(self.db, |tx| { self.store(tx, end).await }) {
            let JobRow { kind, key, attempts, .. } = &end.job;
            tracing::warn!(kind, key, attempt = attempts, %problem, "job's end not stored: it will run again");
        }
    }

    async fn store(&self, tx: &mut Conn, Ended { job, outcome }: &Ended) -> Result<(), Problem> {
        match outcome {
            Ok(Next::Done) => rows::remove(tx, job, &self.owner).await,
            Ok(Next::At(at)) => {
                rows::put_off(tx, job, &self.owner, &Later { at: *at, attempts: 0, error: None }).await
            }
            Err(problem) if is_hopeless(problem, job.attempts) => {
                rows::bury(tx, job.id, &self.owner, &problem.to_string()).await
            }
            Err(problem) => {
                let at = self.env.now().plus_ms(back_off_ms(job.attempts));
                let error = Some(problem.to_string());
                rows::put_off(tx, job, &self.owner, &Later { at, attempts: job.attempts, error }).await
            }
        }
    }

    async fn call(&self, job: &JobRow) -> Result<Next, Problem> {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else {
            return Err(Problem::internal("no handler for this kind of job"));
        };
        let run = JobRun { key: job.key.clone(), payload: job.payload.clone(), attempt: job.attempts };
        // A set of one: whatever ends this call ends the handler too.
        let mut task = JoinSet::new();
        task.spawn(handler(run));
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
