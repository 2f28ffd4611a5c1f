//! The one writer of a shard: apply in memory, append one row, and only then answer.
//!
//! While one batch is committed the next is applied above it. A batch closes when the one before it is durable, so
//! a slow disk makes larger batches, not a longer queue.

use std::sync::Arc;
use std::time::Duration;

use basis::{Env, Id, Pool as PoolNoun, Problem, Timestamp};
use tokio::sync::mpsc;

use super::batch::{Answer, Building, Committing, appended, refuse_message};
use super::state::Layers;
use super::timers::Timers;
use super::tombstones::Tombstones;
use super::{Health, Message, Published};
use crate::log::{self, Appended, Appender, Batch, Entry, Fault, ShardId};
use crate::pool::{Command, Event, Pool, Reply};

/// How many commands one batch takes at most.
const BATCH_COMMANDS_MAX: usize = 2048;
/// How many pools one look at the timers takes at most.
const DUE_POOLS_MAX: usize = 256;
/// The shortest and the longest sleep before the timers are looked at.
const SLEEP: (Duration, Duration) = (Duration::from_millis(10), Duration::from_mins(1));
/// How long to wait before a silent database is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// A pool that stays due after a tick is looked at again so much later.
const STILL_DUE_MS: i64 = 1000;

/// Told after each durable batch: routes, pages and the write-behind hang on it.
pub(crate) trait Hooks: Send + Sync + 'static {
    /// These entries are durable, and these pools published.
    fn committed(&self, entries: &[Entry], pools: &[Arc<Pool>], now: Timestamp);
}

/// Where a writer begins.
pub(crate) struct Start {
    pub(crate) shard: ShardId,
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
}

/// See the module.
pub(crate) struct Writer<H> {
    appender: Appender,
    env: Env,
    hooks: Arc<H>,
    at: Start,
    health: Arc<Health>,
    layers: Layers,
    timers: Timers,
    tombstones: Tombstones,
    applying: Building,
    committing: Option<Committing>,
    /// What one command sets off, until it stands in the batch in a list just as long as it must be.
    events: Vec<Event>,
}

impl<H: Hooks> Writer<H> {
    /// A writer that goes on where the published state ends.
    pub(crate) fn new(
        (appender, env, hooks): (Appender, Env, Arc<H>),
        at: Start,
        published: Arc<Published>,
        health: Arc<Health>,
    ) -> Self {
        let pools = published.frozen(at.shard).pools;
        let tombstones = Tombstones::of(&pools);
        let timers = Timers::of(&pools);
        let layers = Layers::over(published);
        let (applying, committing, events) = (Building::default(), None, Vec::new());
        Self { appender, env, hooks, at, health, layers, timers, tombstones, applying, committing, events }
    }
}

/// Says that the shard has ended, however it ended.
struct Ending(ShardId, Arc<Health>);

impl Drop for Ending {
    fn drop(&mut self) {
        if self.1.fault().is_none() {
            self.1.set(Some(Fault::Ended { shard: self.0.0 }));
        }
    }
}

enum Next {
    Appended(Appended),
    Message(Option<Message>),
    Due,
}

impl<H: Hooks> Writer<H> {
    /// Serves until it is stopped, nobody can ask it any more, or it must not go on.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Message>) {
        let _ending = Ending(self.at.shard, self.health.clone());
        loop {
            self.begin_commit();
            let goes_on = match self.next(&mut queue).await {
                Next::Appended(how) => self.settle(how, &mut queue).await,
                Next::Message(Some(message)) => self.take_all(message, &mut queue).await,
                Next::Message(None) => {
                    self.finish(&mut queue).await;
                    false
                }
                Next::Due => self.expire(),
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn next(&mut self, queue: &mut mpsc::Receiver<Message>) -> Next {
        let room = self.applying.commands < BATCH_COMMANDS_MAX;
        let sleep = self.until_due();
        tokio::select! {
            biased;
            how = appended(&mut self.committing) => Next::Appended(how),
            message = queue.recv(), if room => Next::Message(message),
            () = tokio::time::sleep(sleep), if room => Next::Due,
        }
    }

    /// Takes a message and whatever else waits, as long as the batch has room.
    async fn take_all(&mut self, first: Message, queue: &mut mpsc::Receiver<Message>) -> bool {
        self.forget_oldest();
        let depth = u32::try_from(queue.len()).unwrap_or(u32::MAX);
        metrics::histogram!("charging_queue_depth").record(f64::from(depth));
        let mut next = Some(first);
        while let Some(message) = next {
            if !self.take(message, queue).await {
                return false;
            }
            let room = self.applying.commands < BATCH_COMMANDS_MAX;
            next = if room { queue.try_recv().ok() } else { None };
        }
        true
    }

    async fn take(&mut self, message: Message, queue: &mut mpsc::Receiver<Message>) -> bool {
        match message {
            Message::Apply { pool, command, answer, place } => {
                drop(place);
                let reply = self.apply(pool, &command);
                self.applying.answers.push(Answer::Reply(answer, reply));
                self.applying.commands = self.applying.commands.saturating_add(1);
                true
            }
            Message::Many { commands, answer, place } => {
                drop(place);
                let replies = commands.iter().map(|(pool, command)| self.apply(*pool, command)).collect();
                self.applying.answers.push(Answer::Replies(answer, replies));
                self.applying.commands = self.applying.commands.saturating_add(commands.len());
                true
            }
            Message::Settle { answer } => {
                self.applying.answers.push(Answer::Done(answer));
                true
            }
            Message::Tick { answer } => {
                let goes_on = self.expire();
                self.applying.answers.push(Answer::Done(answer));
                goes_on
            }
            Message::Pause { still, resume } => {
                let goes_on = self.finish(queue).await;
                if goes_on && still.send(()).is_ok() {
                    // Ends when the guard is dropped, which is an error by name only.
                    drop(resume.await);
                }
                goes_on
            }
            Message::Stop { ended } => {
                self.finish(queue).await;
                // Whoever asked may have gone.
                let _ = ended.send(());
                false
            }
        }
    }

    /// The shard's time: never before what the log says.
    fn tell_time(&mut self) -> Timestamp {
        self.at.now = self.at.now.max(self.env.now());
        self.at.now
    }

    fn apply(&mut self, id: Id<PoolNoun>, command: &Command) -> Result<Reply, Problem> {
        let now = self.tell_time();
        let Some(pool) = self.layers.change(id, makes_pool(command)) else {
            return Err(Problem::not_found());
        };
        let due = pool.next_deadline();
        let reply = pool.apply(now, command, &mut self.events);
        self.timers.change(id, due, pool.next_deadline());
        if !self.events.is_empty() {
            self.tombstones.note(id, &self.events);
            let events = self.events.drain(..).collect();
            self.applying.entries.push(Entry::Pool { pool: id, at: now, events });
        }
        Ok(reply)
    }

    /// Lets time pass in the pools that are due.
    fn expire(&mut self) -> bool {
        let now = self.tell_time();
        for id in self.timers.take_due(now, DUE_POOLS_MAX) {
            drop(self.apply(id, &Command::Tick));
            let due = self.layers.get(id).and_then(|pool| pool.next_deadline());
            self.timers.set(id, due.map(|due| if due <= now { now.plus_ms(STILL_DUE_MS) } else { due }));
        }
        self.forget_oldest();
        true
    }

    /// Keeps the sessions that are over within their bound.
    fn forget_oldest(&mut self) {
        for _ in 0..DUE_POOLS_MAX {
            let Some((pool, session)) = self.tombstones.over_bound() else { return };
            let over =
                self.layers.get(pool).is_some_and(|p| p.session(session).is_some_and(|s| !s.is_open()));
            if over {
                drop(self.apply(pool, &Command::Forget(session)));
            }
        }
    }

    fn until_due(&self) -> Duration {
        let Some(due) = self.timers.first() else { return SLEEP.1 };
        let ms = u64::try_from(due.since(self.env.now())).unwrap_or(0);
        Duration::from_millis(ms).clamp(SLEEP.0, SLEEP.1)
    }

    /// Sends the applied batch to the disk, if nothing is on its way and there is one.
    fn begin_commit(&mut self) {
        if self.committing.is_some() || self.applying.answers.is_empty() && self.applying.entries.is_empty() {
            return;
        }
        let Building { entries, answers, commands } = std::mem::take(&mut self.applying);
        if entries.is_empty() {
            // Repeats and questions: everything they rest on is durable.
            return answers.into_iter().for_each(Answer::give);
        }
        let batch = Batch { now: self.at.now, entries };
        let row =
            Arc::new(log::seal_row(self.at.shard, self.at.seq.saturating_add(1), self.at.epoch, &batch));
        self.layers.begin_commit();
        let (appender, shard, to_append) = (self.appender.clone(), self.at.shard, row.clone());
        let append = tokio::spawn(async move { appender.append(shard, &to_append).await });
        let started_ns = self.env.clock.monotonic_ns();
        self.committing = Some(Committing { append, row, batch, answers, commands, started_ns });
    }

    /// Waits until everything that was taken is answered. False if the shard must stop.
    async fn finish(&mut self, queue: &mut mpsc::Receiver<Message>) -> bool {
        loop {
            self.begin_commit();
            if self.committing.is_none() {
                return true;
            }
            let how = appended(&mut self.committing).await;
            if !self.settle(how, queue).await {
                return false;
            }
        }
    }

    /// Draws the consequence of an append. False if the shard must stop.
    async fn settle(&mut self, how: Appended, queue: &mut mpsc::Receiver<Message>) -> bool {
        let Some(done) = self.committing.take() else { return true };
        match how {
            Appended::Durable => self.committed(done),
            Appended::Absent(why) => self.forget(done, &why),
            Appended::Collision => return self.taken_over(done),
            Appended::Unknown(why) => return self.find_out(done, why, queue).await,
        }
        true
    }

    fn committed(&mut self, done: Committing) {
        self.at.seq = done.row.seq;
        let pools = self.layers.committed(done.row.seq, done.batch.now);
        self.hooks.committed(&done.batch.entries, &pools, done.batch.now);
        self.measure(&done);
        done.answers.into_iter().for_each(Answer::give);
    }

    fn measure(&self, done: &Committing) {
        let took = self.env.clock.monotonic_ns().saturating_sub(done.started_ns);
        metrics::histogram!("charging_commit_seconds").record(Duration::from_nanos(took).as_secs_f64());
        let commands = u32::try_from(done.commands).unwrap_or(u32::MAX);
        metrics::histogram!("charging_batch_commands").record(f64::from(commands));
        let shard = self.at.shard.0.to_string();
        metrics::gauge!("charging_log_seq", "shard" => shard.clone()).set(float(done.row.seq));
        metrics::gauge!("charging_tombstones", "shard" => shard).set(f64::from(self.tombstones.count()));
    }

    /// A failed append: forget it and all that was applied after it.
    fn forget(&mut self, done: Committing, why: &Problem) {
        tracing::warn!(shard = self.at.shard.0, seq = done.row.seq, %why, "a batch was not written");
        metrics::counter!("charging_append_failed_total").increment(1);
        self.refuse(done.answers, why);
        let forgotten = self.layers.discard();
        self.look_again(forgotten);
    }

    /// The timers of these pools were set by what has been forgotten; what is left of that does no harm.
    fn look_again(&mut self, pools: Vec<Id<PoolNoun>>) {
        for id in pools {
            let due = self.layers.get(id).and_then(|pool| pool.next_deadline());
            self.timers.set(id, due);
        }
    }

    /// Refuses these, and what was applied above them.
    fn refuse(&mut self, answers: Vec<Answer>, why: &Problem) {
        let why = Problem::unavailable(why.to_string());
        let above = std::mem::take(&mut self.applying);
        answers.into_iter().chain(above.answers).for_each(|answer| answer.refuse(&why));
    }

    fn taken_over(&mut self, done: Committing) -> bool {
        let fault = Fault::TakenOver { shard: self.at.shard.0, seq: done.row.seq };
        tracing::error!(%fault, "the shard stops");
        self.health.set(Some(fault.clone()));
        self.refuse(done.answers, &fault.into());
        false
    }

    /// The database does not say whether the row is there: refuse everything until it does.
    async fn find_out(
        &mut self,
        mut done: Committing,
        why: Problem,
        queue: &mut mpsc::Receiver<Message>,
    ) -> bool {
        tracing::error!(shard = self.at.shard.0, seq = done.row.seq, %why, "the database does not answer");
        self.health.set(Some(Fault::Store(why.clone())));
        self.refuse(std::mem::take(&mut done.answers), &why);
        let forgotten = self.layers.discard_applying();
        self.look_again(forgotten);
        loop {
            tokio::time::sleep(ASK_AGAIN).await;
            while let Ok(message) = queue.try_recv() {
                if !refuse_message(message, &why) {
                    return false;
                }
            }
            match self.appender.read_back(self.at.shard, &done.row, why.clone()).await {
                Appended::Unknown(_) => continue,
                Appended::Collision => return self.taken_over(done),
                Appended::Durable => self.committed(done),
                Appended::Absent(why) => self.forget(done, &why),
            }
            self.health.set(None);
            return true;
        }
    }
}

/// A pool begins with its first line, new or from another pool; or with a void that comes before it, which must hold
/// for ever.
const fn makes_pool(command: &Command) -> bool {
    matches!(command, Command::Join(_) | Command::Void(_) | Command::Arrive { .. })
}

/// For a gauge; exact up to 2^32, which a log reaches after a century.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
