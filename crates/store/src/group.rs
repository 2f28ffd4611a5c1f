//! SQLite's one writer, with group commit.
//!
//! Transactions take turns on one connection. Each is a savepoint inside one shared transaction, which is committed
//! once for all of them: as soon as nobody waits for a turn, or the group is 2 ms old, or it is full. Nobody is
//! answered before that commit is durable, so a busy disk costs one sync for many transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use basis::{Env, Kind, Problem};
use sqlx::AnyConnection;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::RETRY_KEY;
use crate::db::WAIT_MAX;
use crate::query::problem_of;

/// How long transactions are gathered for one commit.
const GATHER: Duration = Duration::from_millis(2);
/// How many transactions share one commit at most.
const GROUP_MAX: usize = 64;

/// The queue for turns on the one writing connection; cheap to clone.
#[derive(Clone)]
pub(crate) struct Writer {
    state: Arc<Mutex<State>>,
    waiting: Arc<AtomicUsize>,
    env: Env,
}

struct State {
    conn: AnyConnection,
    group: Option<Group>,
    /// Counts groups, so that a waiter knows whether its own is still open.
    group_number: u64,
    /// The last turn ended well and its savepoint still stands: the next turn or the commit releases it, which saves
    /// the way to SQLite's thread and back.
    unreleased: bool,
}

struct Group {
    opened_ns: u64,
    waiters: Vec<oneshot::Sender<Result<(), Problem>>>,
}

/// One transaction's turn.
pub(crate) struct Turn {
    state: Option<OwnedMutexGuard<State>>,
    writer: Writer,
}

/// Counts one who waits, until it has its turn or gives up.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Writer {
    pub(crate) fn new(conn: AnyConnection, env: &Env) -> Self {
        let state = State { conn, group: None, group_number: 0, unreleased: false };
        Self { state: Arc::new(Mutex::new(state)), waiting: Arc::default(), env: env.clone() }
    }

    /// Waits for a turn and opens its savepoint.
    pub(crate) async fn turn(&self) -> Result<Turn, Problem> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(&self.waiting);
        let mut state = self.lock().await?;
        drop(waiting);
        let writer = self.clone();
        to_the_end(async move {
            state.open(writer.env.clock.monotonic_ns()).await?;
            Ok(Turn { state: Some(state), writer })
        })
        .await
    }

    /// The connection, but nobody waits for it for ever.
    async fn lock(&self) -> Result<OwnedMutexGuard<State>, Problem> {
        let locked = tokio::time::timeout(WAIT_MAX, self.state.clone().lock_owned()).await;
        locked.map_err(|_| Problem::unavailable("somebody else has been writing for too long"))
    }

    /// Commits the group if it is due, else leaves that to the next in the queue.
    async fn pass_on(&self, mut state: OwnedMutexGuard<State>) {
        if state.is_due(self.waiting.load(Ordering::SeqCst), self.env.clock.monotonic_ns()) {
            state.commit_group().await;
        }
    }

    /// The next in the queue may have given up: after the gathering time whoever still waits commits.
    async fn await_commit(
        &self,
        number: u64,
        mut committed: oneshot::Receiver<Result<(), Problem>>,
    ) -> Result<(), Problem> {
        loop {
            match tokio::time::timeout(GATHER, &mut committed).await {
                Ok(answer) => return answered(answer),
                // Whoever commits meanwhile answers; a place in the queue for turns must not keep us from hearing it.
                Err(_) => tokio::select! {
                    biased;
                    answer = &mut committed => return answered(answer),
                    mut state = self.state.clone().lock_owned() => {
                        if state.group_number == number {
                            to_the_end(async move { state.commit_group().await; Ok(()) }).await?;
                        }
                    }
                },
            }
        }
    }

    /// Runs a statement of its own outside of any group, such as a PRAGMA or a checkpoint.
    pub(crate) async fn alone(&self, sql: &'static str) -> Result<Option<i64>, Problem> {
        let mut state = self.lock().await?;
        to_the_end(async move {
            state.commit_group().await;
            let row = sqlx::query(sql).fetch_optional(&mut state.conn).await.map_err(|e| problem_of(&e))?;
            Ok(row.and_then(|row| sqlx::Row::try_get(&row, 0).ok()))
        })
        .await
    }
}

fn answered(answer: Result<Result<(), Problem>, oneshot::error::RecvError>) -> Result<(), Problem> {
    answer.unwrap_or_else(|_| Err(Problem::unavailable("the writer is gone")))
}

impl State {
    async fn run(&mut self, sql: &'static str) -> Result<(), Problem> {
        sqlx::raw_sql(sql).execute(&mut self.conn).await.map(drop).map_err(|e| problem_of(&e))
    }

    async fn open(&mut self, now_ns: u64) -> Result<(), Problem> {
        if self.group.is_some() && self.next_in_group().await {
            return Ok(());
        }
        if let Err(problem) = self.run("BEGIN IMMEDIATE; SAVEPOINT turn").await {
            // Whatever of it has happened; mostly nothing, and then there is nothing to take back.
            drop(self.run("ROLLBACK").await);
            return Err(problem);
        }
        self.group_number += 1;
        self.group = Some(Group { opened_ns: now_ns, waiters: Vec::new() });
        Ok(())
    }

    /// Opens the next turn's savepoint in the group. False if SQLite has given up the whole transaction: then everyone
    /// in the group tries again, and this turn begins a new one.
    async fn next_in_group(&mut self) -> bool {
        let release = std::mem::take(&mut self.unreleased);
        let opened = self.run(if release { "RELEASE turn; SAVEPOINT turn" } else { "SAVEPOINT turn" }).await;
        if let Err(problem) = &opened {
            self.give_up_group(problem).await;
        }
        opened.is_ok()
    }

    async fn give_up_group(&mut self, why: &Problem) {
        drop(self.run("ROLLBACK").await);
        self.answer_group(&Err(Problem::new(Kind::Unavailable, RETRY_KEY).because(why)));
    }

    /// Takes back what this turn did. If even that fails, SQLite has given up the whole transaction: everyone in
    /// the group tries again.
    async fn undo_turn(&mut self) {
        if let Err(problem) = self.run("ROLLBACK TO turn; RELEASE turn").await {
            self.give_up_group(&problem).await;
        }
    }

    async fn commit_group(&mut self) {
        if self.group.is_none() {
            return;
        }
        let outcome = self.run("COMMIT").await;
        metrics::counter!("store_commits_total").increment(1);
        if outcome.is_err() {
            drop(self.run("ROLLBACK").await);
        }
        self.answer_group(&outcome);
    }

    fn answer_group(&mut self, outcome: &Result<(), Problem>) {
        self.unreleased = false;
        for waiter in self.group.take().map(|g| g.waiters).unwrap_or_default() {
            // A waiter that has gone does not need the answer.
            drop(waiter.send(outcome.clone()));
        }
    }

    fn is_due(&self, waiting: usize, now_ns: u64) -> bool {
        self.group.as_ref().is_some_and(|group| {
            let age = Duration::from_nanos(now_ns.saturating_sub(group.opened_ns));
            waiting == 0 || group.waiters.len() >= GROUP_MAX || age >= GATHER
        })
    }
}

impl Turn {
    pub(crate) fn raw(&mut self) -> Result<&mut AnyConnection, Problem> {
        self.state.as_mut().map(|s| &mut s.conn).ok_or_else(|| Problem::internal("the turn is over"))
    }

    /// Joins the group's commit and waits until it is durable.
    pub(crate) async fn commit(self) -> Result<(), Problem> {
        to_the_end(self.release_and_commit()).await
    }

    async fn release_and_commit(mut self) -> Result<(), Problem> {
        let Some(mut state) = self.state.take() else {
            return Err(Problem::internal("the turn is over"));
        };
        state.unreleased = true;
        let (answer, committed) = oneshot::channel();
        let number = state.group_number;
        if let Some(group) = state.group.as_mut() {
            group.waiters.push(answer);
        }
        self.writer.pass_on(state).await;
        self.writer.await_commit(number, committed).await
    }

    pub(crate) async fn roll_back(mut self) {
        let Some(mut state) = self.state.take() else { return };
        let writer = self.writer.clone();
        let undone = to_the_end(async move {
            state.undo_turn().await;
            writer.pass_on(state).await;
            Ok(())
        });
        // Only a runtime that is going down does not come to the end.
        drop(undone.await);
    }
}

/// Runs what must not stop half-way, also if whoever waits for it gives up (a closed browser, a handler that took
/// too long): else the connection and what we know about it would differ.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Problem::unavailable("the writer is going down")))
}

impl Drop for Turn {
    /// Someone gave up in the middle: take back what they did, and do not let the group wait.
    fn drop(&mut self) {
        let (Some(mut state), Ok(runtime)) = (self.state.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(async move {
            state.undo_turn().await;
            state.commit_group().await;
        });
    }
}
