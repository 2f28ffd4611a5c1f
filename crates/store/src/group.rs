//! SQLite's one writer, with group commit.
//!
//! Transactions take turns on one connection. Each is a savepoint inside one shared transaction, which is committed
//! once for all of them: as soon as nobody waits for a turn, or the group is 2 ms old, or it is full. Nobody is
//! answered before that commit is durable, so a busy disk costs one sync for many transactions.
//!
//! Statements run where they are called. The commit, which waits for the disk, runs on a thread of its own; the turn
//! to write goes along, so that the next transactions queue meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use basis::{Env, Kind, Problem};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::RETRY_KEY;
use crate::db::WAIT_MAX;
use crate::sqlite::{Sqlite, apart};

/// How long transactions are gathered for one commit.
const GATHER: Duration = Duration::from_millis(2);
/// How many transactions share one commit at most.
const GROUP_MAX: usize = 64;

/// The queue for turns on the one writing connection; cheap to clone.
///
/// Whoever lets go of the connection has committed the group, or knows that someone waits for a turn; whoever waits
/// has a turn some time, or looks after the group when it gives up. So no group is forgotten.
#[derive(Clone)]
pub(crate) struct Writer {
    state: Arc<Mutex<State>>,
    waiting: Arc<AtomicUsize>,
    env: Env,
}

struct State {
    conn: Sqlite,
    group: Option<Group>,
}

struct Group {
    opened_ns: u64,
    /// One for each transaction that ended well.
    waiters: Vec<oneshot::Sender<Result<(), Problem>>>,
}

/// One transaction's turn; dropping it takes back what it did.
pub(crate) struct Turn {
    state: Option<OwnedMutexGuard<State>>,
    writer: Writer,
}

/// Counts one who waits, until it has its turn or gives up.
struct Waiting<'a> {
    writer: &'a Writer,
    served: bool,
}

impl<'a> Waiting<'a> {
    fn on(writer: &'a Writer) -> Self {
        writer.waiting.fetch_add(1, Ordering::SeqCst);
        Self { writer, served: false }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.writer.waiting.fetch_sub(1, Ordering::SeqCst);
        if let (false, Ok(runtime)) = (self.served, Handle::try_current()) {
            // Someone may have left the commit to us.
            let writer = self.writer.clone();
            runtime.spawn(async move { writer.pass_on(writer.state.clone().lock_owned().await) });
        }
    }
}

impl Writer {
    pub(crate) fn new(conn: Sqlite, env: &Env) -> Self {
        let state = Arc::new(Mutex::new(State { conn, group: None }));
        Self { state, waiting: Arc::default(), env: env.clone() }
    }

    /// Waits for a turn and opens its savepoint.
    pub(crate) async fn turn(&self) -> Result<Turn, Problem> {
        let mut waiting = Waiting::on(self);
        let mut state = self.lock().await?;
        waiting.served = true;
        drop(waiting);
        let (writer, now_ns) = (self.clone(), self.env.clock.monotonic_ns());
        if state.open(now_ns)? {
            return Ok(Turn { state: Some(state), writer });
        }
        let opened = apart(move || {
            state.wait_and_open(now_ns)?;
            Ok(Turn { state: Some(state), writer })
        });
        opened.await?
    }

    /// The connection, but nobody waits for it for ever.
    async fn lock(&self) -> Result<OwnedMutexGuard<State>, Problem> {
        let locked = tokio::time::timeout(WAIT_MAX, self.state.clone().lock_owned()).await;
        locked.map_err(|_| Problem::unavailable("somebody else has been writing for too long"))
    }

    /// Commits the group if it is due, else leaves that to the next in the queue.
    fn pass_on(&self, mut state: OwnedMutexGuard<State>) {
        if !state.is_due(self.waiting.load(Ordering::SeqCst), self.env.clock.monotonic_ns()) {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) if state.has_waiters() => {
                drop(runtime.spawn_blocking(move || state.end_group()));
            }
            _ => state.end_group(),
        }
    }

    /// The number that a PRAGMA such as a checkpoint answers with; it runs outside of any group.
    pub(crate) async fn pragma(&self, text: &'static str) -> Result<i64, Problem> {
        let mut state = self.lock().await?;
        apart(move || {
            state.end_group();
            state.conn.be_patient(WAIT_MAX)?;
            let answer = state.conn.pragma(text);
            state.conn.be_patient(Duration::ZERO)?;
            answer
        })
        .await?
    }
}

impl State {
    /// Opens a turn's savepoint, in the group or in a new one; false if another process writes at this moment.
    fn open(&mut self, now_ns: u64) -> Result<bool, Problem> {
        if self.group.is_some() {
            match self.conn.command("SAVEPOINT turn") {
                Ok(()) => return Ok(true),
                // SQLite has given up the whole transaction: this turn begins a new one.
                Err(problem) => self.give_up_group(&problem),
            }
        }
        if !self.conn.begin_immediate()? {
            return Ok(false);
        }
        if let Err(problem) = self.conn.command("SAVEPOINT turn") {
            drop(self.conn.command("ROLLBACK"));
            return Err(problem);
        }
        self.group = Some(Group { opened_ns: now_ns, waiters: Vec::new() });
        Ok(true)
    }

    /// The same, but waits for the other process; not to be run where waiting holds others up.
    fn wait_and_open(&mut self, now_ns: u64) -> Result<(), Problem> {
        self.conn.be_patient(WAIT_MAX)?;
        let opened = self.open(now_ns);
        self.conn.be_patient(Duration::ZERO)?;
        if opened? {
            Ok(())
        } else {
            Err(Problem::unavailable("another process has been writing for too long"))
        }
    }

    /// Ends a turn well: what it did is the group's, and whoever did it hears of the commit.
    fn release_turn(&mut self, answer: oneshot::Sender<Result<(), Problem>>) {
        if let Some(group) = &mut self.group {
            group.waiters.push(answer);
        }
        if let Err(problem) = self.conn.command("RELEASE turn") {
            self.give_up_group(&problem);
        }
    }

    /// Takes back what this turn did.
    fn undo_turn(&mut self) {
        let undone = self.conn.command("ROLLBACK TO turn").and_then(|()| self.conn.command("RELEASE turn"));
        if let Err(problem) = undone {
            self.give_up_group(&problem);
        }
    }

    /// SQLite has given up the whole transaction by itself: everyone in the group tries again.
    fn give_up_group(&mut self, why: &Problem) {
        drop(self.conn.command("ROLLBACK"));
        self.answer_group(&Err(Problem::new(Kind::Unavailable, RETRY_KEY).because(why)));
    }

    /// Commits the group, if there is one. It waits for the disk if anyone waits for the answer.
    fn end_group(&mut self) {
        if !self.has_waiters() {
            // Nothing is left in it.
            if self.group.take().is_some() {
                drop(self.conn.command("ROLLBACK"));
            }
            return;
        }
        let outcome = self.conn.command("COMMIT");
        metrics::counter!("store_commits_total").increment(1);
        if outcome.is_err() {
            drop(self.conn.command("ROLLBACK"));
        }
        self.answer_group(&outcome);
    }

    fn answer_group(&mut self, outcome: &Result<(), Problem>) {
        for waiter in self.group.take().map(|g| g.waiters).unwrap_or_default() {
            // A waiter that has gone does not need the answer.
            drop(waiter.send(outcome.clone()));
        }
    }

    fn has_waiters(&self) -> bool {
        self.group.as_ref().is_some_and(|group| !group.waiters.is_empty())
    }

    fn is_due(&self, waiting: usize, now_ns: u64) -> bool {
        self.group.as_ref().is_some_and(|group| {
            let age = Duration::from_nanos(now_ns.saturating_sub(group.opened_ns));
            waiting == 0 || group.waiters.len() >= GROUP_MAX || age >= GATHER
        })
    }
}

impl Turn {
    pub(crate) fn conn(&self) -> Result<&Sqlite, Problem> {
        self.state.as_ref().map(|state| &state.conn).ok_or_else(|| Problem::internal("the turn is over"))
    }

    /// Joins the group's commit and waits until it is durable; it comes about also if nobody waits.
    pub(crate) async fn commit(mut self) -> Result<(), Problem> {
        let (answer, committed) = oneshot::channel();
        if let Some(mut state) = self.state.take() {
            state.release_turn(answer);
            self.writer.pass_on(state);
        }
        committed.await.unwrap_or_else(|_| Err(Problem::unavailable("the writer is gone")))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(mut state) = self.state.take() {
            state.undo_turn();
            self.writer.pass_on(state);
        }
    }
}
