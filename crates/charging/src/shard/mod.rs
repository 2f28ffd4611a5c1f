//! A shard: its queue, its one writer, and what the rest of the engine sees of it.

mod batch;
mod state;
mod timers;
mod tombstones;
mod writer;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use basis::{Id, Kind, Pool as PoolNoun, Problem};
use tokio::sync::{mpsc, oneshot};

pub(crate) use state::Published;
pub(crate) use writer::{Hooks, Start, Writer};

use crate::log::{Fault, ShardId};
use crate::pool::{Command, Reply, RequestKind};

/// How many commands may wait for a shard.
pub(crate) const QUEUE_MAX: usize = 4096;
/// From here on only what ends or reports use is taken; new sessions and purchases come again.
const QUEUE_HIGH: usize = QUEUE_MAX / 4 * 3;

/// The key of the problem that a full queue answers; a gateway hears it as DIAMETER_TOO_BUSY (3004).
pub const BUSY_KEY: &str = "charging-busy";

/// What stands in a shard's queue.
pub(crate) enum Message {
    /// A command for a pool; answered once it is durable.
    Apply {
        pool: Id<PoolNoun>,
        command: Box<Command>,
        answer: oneshot::Sender<Result<Reply, Problem>>,
        place: Place,
    },
    /// Commands for pools in one piece; answered together, in their order, once they are durable.
    Many { commands: Orders, answer: oneshot::Sender<Replies>, place: Place },
    /// Nothing; answered once everything before it is durable.
    Settle { answer: oneshot::Sender<Result<(), Problem>> },
    /// Look for what is due, now; answered once it is durable.
    Tick { answer: oneshot::Sender<Result<(), Problem>> },
    /// Finish what is under way, say so, and hold still until the other end is dropped.
    Pause { still: oneshot::Sender<()>, resume: oneshot::Receiver<()> },
    /// Finish what is under way and end.
    Stop { ended: oneshot::Sender<()> },
}

/// Commands for pools.
pub(crate) type Orders = Vec<(Id<PoolNoun>, Command)>;
/// What the pools said, in the same order.
pub(crate) type Replies = Vec<Result<Reply, Problem>>;

/// So many places in a shard's queue, given back when the writer has taken what stood there.
pub(crate) struct Place {
    queued: Arc<AtomicUsize>,
    commands: usize,
}

impl Place {
    fn take(queued: &Arc<AtomicUsize>, commands: usize) -> Self {
        queued.fetch_add(commands, Ordering::Relaxed);
        Self { queued: queued.clone(), commands }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queued.fetch_sub(self.commands, Ordering::Relaxed);
    }
}

/// What the rest of the engine holds of a shard.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    /// Since when it is ours.
    pub(crate) epoch: u64,
    pub(crate) queue: mpsc::Sender<Message>,
    pub(crate) published: Arc<Published>,
    pub(crate) health: Arc<Health>,
    pub(crate) behind: AtomicU64,
    /// How many commands wait.
    pub(crate) queued: Arc<AtomicUsize>,
}

/// Why a shard does not serve, if it does not.
#[derive(Debug, Default)]
pub(crate) struct Health(RwLock<Option<Fault>>);

impl Health {
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, fault: Option<Fault>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl Shard {
    /// A shard that cannot serve, and why, as it was found in this epoch.
    pub(crate) fn faulty(id: ShardId, epoch: u64, fault: Fault) -> Self {
        let (queue, _) = mpsc::channel(1);
        let health = Arc::new(Health::default());
        health.set(Some(fault));
        let (behind, queued) = (AtomicU64::default(), Arc::default());
        Self { id, epoch, queue, published: Arc::default(), health, behind, queued }
    }

    /// Sends a command and waits until its answer is durable.
    pub(crate) async fn apply(&self, pool: Id<PoolNoun>, command: Command) -> Result<Reply, Problem> {
        self.room_for(1, comes_first(&command))?;
        let (answer, answered) = oneshot::channel();
        let place = Place::take(&self.queued, 1);
        self.send(Message::Apply { pool, command: Box::new(command), answer, place })?;
        answered.await.unwrap_or_else(|_| Err(self.why_not()))
    }

    /// Sends commands in one piece and waits until all their answers are durable.
    ///
    /// # Errors
    /// Busy if there is not room for all of them; then nothing was sent.
    pub(crate) async fn apply_many(&self, commands: Orders) -> Result<Replies, Problem> {
        self.room_for(commands.len(), false)?;
        let (answer, answered) = oneshot::channel();
        let place = Place::take(&self.queued, commands.len());
        self.send(Message::Many { commands, answer, place })?;
        answered.await.map_err(|_| self.why_not())
    }

    /// Looks for what is due.
    pub(crate) async fn tick(&self) -> Result<(), Problem> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Tick { answer })?;
        answered.await.unwrap_or_else(|_| Err(self.why_not()))
    }

    /// Waits until everything that was asked before is durable, or refused.
    pub(crate) async fn settle(&self) -> Result<(), Problem> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Settle { answer })?;
        answered.await.unwrap_or_else(|_| Err(self.why_not()))
    }

    /// Whether another has it now, or it was given up.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.health.fault(), Some(Fault::TakenOver { .. } | Fault::Ended { .. }))
    }

    /// How far the tables for pages were when they were last looked at.
    pub(crate) fn written_behind(&self) -> u64 {
        self.behind.load(Ordering::Relaxed)
    }

    pub(crate) fn set_written_behind(&self, seq: u64) {
        self.behind.store(seq, Ordering::Relaxed);
    }

    fn send(&self, message: Message) -> Result<(), Problem> {
        self.queue.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => busy(),
            mpsc::error::TrySendError::Closed(_) => self.why_not(),
        })
    }

    fn room_for(&self, commands: usize, first: bool) -> Result<(), Problem> {
        let waiting = self.queued.load(Ordering::Relaxed);
        let most = if first { QUEUE_MAX } else { QUEUE_HIGH };
        // One piece may be larger than what waits at most; it finds room when nobody else waits.
        if waiting == 0 || waiting.saturating_add(commands) <= most { Ok(()) } else { Err(busy()) }
    }

    fn why_not(&self) -> Problem {
        self.health.fault().unwrap_or(Fault::Ended { shard: self.id.0 }).into()
    }

    /// Holds the shard still until the guard is dropped; a shard that does not serve is still already.
    pub(crate) async fn pause(&self) -> Option<oneshot::Sender<()>> {
        let (still, stood) = oneshot::channel();
        let (guard, resume) = oneshot::channel();
        self.queue.send(Message::Pause { still, resume }).await.ok()?;
        stood.await.ok()?;
        Some(guard)
    }

    /// Ends the shard's task after what it has taken; returns when it has ended.
    pub(crate) async fn stop(&self) {
        let (ended, has_ended) = oneshot::channel();
        if self.queue.send(Message::Stop { ended }).await.is_ok() {
            drop(has_ended.await);
        }
    }
}

/// What is taken even by a shard that is nearly full: the ends of things, and reports of what is used already.
fn comes_first(command: &Command) -> bool {
    match command {
        Command::Control(control) => control.kind != RequestKind::Initial,
        Command::Join(_) | Command::Credit(_) | Command::Cap { .. } | Command::Depart(_) => false,
        _ => true,
    }
}

fn busy() -> Problem {
    metrics::counter!("charging_too_busy_total").increment(1);
    Problem::new(Kind::Unavailable, BUSY_KEY)
}
