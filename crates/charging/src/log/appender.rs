//! The way of rows to the disk. What a node's shards have ready while others are written goes there together, by one
//! statement and one commit; what became of it each shard hears, and asks, for itself.

use std::sync::Arc;

use basis::Problem;
use store::Db;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::{RawRow, ShardId, rows};

/// How many statements are under way at once: while one is synced, the next is sent.
const STATEMENTS: usize = 2;
/// How many rows one statement takes at most.
const ROWS_MAX: usize = 64;

/// How an append went.
#[derive(Debug)]
pub(crate) enum Appended {
    /// It is on disk.
    Durable,
    /// It is not there, and the next may take its number.
    Absent(Problem),
    /// Another row stands there.
    Collision,
    /// The database did not say; ask again.
    Unknown(Problem),
}

/// See the module; cheap to clone.
#[derive(Clone)]
pub(crate) struct Appender {
    db: Db,
    /// A shard has one row on its way at most, so there are never many.
    ready: mpsc::UnboundedSender<Ready>,
}

/// A row that waits to be written, and who wants to know whether it was.
struct Ready {
    shard: ShardId,
    row: Arc<RawRow>,
    written: oneshot::Sender<Result<bool, Problem>>,
}

impl Appender {
    /// To this log; it works until the last clone is dropped.
    pub(crate) fn new(db: Db) -> Self {
        let (ready, waiting) = mpsc::unbounded_channel();
        tokio::spawn(gather(db.clone(), waiting));
        Self { db, ready }
    }

    /// Appends a row; whenever the answer is not a plain yes, the row itself is asked. It may come to stand there also
    /// if nobody waits for the answer.
    pub(crate) async fn append(&self, shard: ShardId, row: &Arc<RawRow>) -> Appended {
        match self.write(shard, row.clone()).await {
            Ok(true) => Appended::Durable,
            Ok(false) => self.read_back(shard, row, Problem::internal("a row was there and is gone")).await,
            Err(problem) => self.read_back(shard, row, problem).await,
        }
    }

    /// What stands where the row should be.
    pub(crate) async fn read_back(&self, shard: ShardId, row: &RawRow, why: Problem) -> Appended {
        let found = async { rows::row(&mut self.db.read().await?, shard, row.seq).await };
        match found.await {
            Ok(Some(there)) if there == *row => Appended::Durable,
            Ok(Some(_)) => Appended::Collision,
            Ok(None) => Appended::Absent(why),
            Err(problem) => Appended::Unknown(problem),
        }
    }

    async fn write(&self, shard: ShardId, row: Arc<RawRow>) -> Result<bool, Problem> {
        let (written, answer) = oneshot::channel();
        let ended = || Problem::unavailable("the way to the log has ended");
        self.ready.send(Ready { shard, row, written }).map_err(|_| ended())?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// Sends what waits, as soon as a statement may be sent.
async fn gather(db: Db, mut waiting: mpsc::UnboundedReceiver<Ready>) {
    let statements = Arc::new(Semaphore::new(STATEMENTS));
    let mut ready = Vec::new();
    while let Ok(turn) = statements.clone().acquire_owned().await
        && waiting.recv_many(&mut ready, ROWS_MAX).await > 0
    {
        let (db, ready) = (db.clone(), std::mem::take(&mut ready));
        tokio::spawn(async move {
            write_all(&db, ready).await;
            drop(turn);
        });
    }
}

async fn write_all(db: &Db, mut ready: Vec<Ready>) {
    // Two nodes that write rows of the same numbers wait for each other in one order, never crosswise.
    ready.sort_by_key(|ready| ready.shard);
    let rows: Vec<_> = ready.iter().map(|ready| (ready.shard, &*ready.row)).collect();
    let fresh = rows::append(db, &rows).await;
    for Ready { shard, row, written } in ready {
        let is_fresh = fresh.as_ref().map(|fresh| fresh.contains(&row.place(shard)));
        // Whoever asked may have gone; what is written is written all the same.
        drop(written.send(is_fresh.map_err(Problem::clone)));
    }
}
