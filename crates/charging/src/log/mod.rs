//! The log: what is in it has happened, what is not in it has not.

mod appender;
mod codec;
#[cfg(test)]
mod golden;
mod loss;
mod payload;
mod pools;
mod replay;
mod reshard;
pub(crate) mod rows;
mod snapshot;
mod takeover;
pub(crate) mod wire;

use basis::Problem;

pub(crate) use appender::{Appended, Appender};
pub use loss::Loss;
pub(crate) use loss::what_is_lost;
pub(crate) use payload::{Batch, Entry, Place, decode};
pub(crate) use pools::Pools;
pub(crate) use replay::{Loaded, load, load_until, load_up_to};
pub use reshard::move_log;
pub(crate) use rows::RawRow;
pub(crate) use snapshot::{Frozen, write_snapshot};
pub(crate) use takeover::take_over;

use wire::Malformed;

/// The number of a shard, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u32);

/// Why a shard does not serve.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// A row, or a slice of a snapshot, cannot be believed. Nothing is cut by itself: an operator decides.
    #[error("shard {shard} is damaged at seq {seq}: {what}")]
    Damaged {
        /// The shard.
        shard: u32,
        /// The row's number (of a snapshot: the number it stands for).
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Somebody else has written a row where ours should be: another node owns the shard now.
    #[error("shard {shard} was taken over by another writer at seq {seq}")]
    TakenOver {
        /// The shard.
        shard: u32,
        /// The number of the row.
        seq: u64,
    },
    /// The database did not answer.
    #[error("{0}")]
    Store(#[from] Problem),
    /// The shard's task has ended, by a mistake of ours or because the engine is shutting down.
    #[error("shard {shard} has ended")]
    Ended {
        /// The shard.
        shard: u32,
    },
}

impl Fault {
    /// True if only an operator can make it good.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::unavailable(fault.to_string())
    }
}

/// Names a row that cannot be believed.
pub(crate) fn damaged(shard: ShardId, seq: u64, why: impl std::fmt::Display) -> Fault {
    Fault::Damaged { shard: shard.0, seq, what: why.to_string() }
}

/// Reads a row, or names it.
pub(crate) fn read_row(shard: ShardId, row: &RawRow) -> Result<Batch, Fault> {
    decode(row.place(shard), &row.payload).map_err(|why: Malformed| damaged(shard, row.seq, why))
}

/// The bytes of a batch at its place.
pub(crate) fn seal_row(shard: ShardId, seq: u64, epoch: u64, batch: &Batch) -> RawRow {
    let place = Place { shard: shard.0, seq, epoch };
    RawRow { seq, epoch, payload: payload::encode(place, batch) }
}
