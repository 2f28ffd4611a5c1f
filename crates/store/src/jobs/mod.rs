//! Jobs: work queued in the transaction that wants it, and done at least once.
//!
//! A job is named by its kind and key; queueing a name that still waits changes nothing, queueing one that runs lets
//! it run again, and one that is dead live again. A key names the cause (an order, an inbox message), not just the
//! subject. Handlers are idempotent: a process can die between a handler's last effect and the job's removal.

mod rows;
mod turns;
mod worker;

pub use rows::{JobRow, dead, discard, enqueue, find, hasten, list, retry, stands};
pub use turns::Turns;
pub use worker::{JobRun, Next, Worker};

use basis::Timestamp;

/// A job to be queued.
#[derive(Debug)]
pub struct NewJob<'a, P> {
    /// Which handler, `<noun>.<verb>`.
    pub kind: &'static str,
    /// What caused it; once per kind.
    pub key: String,
    /// What the handler needs, as JSON.
    pub payload: &'a P,
    /// Not before.
    pub run_at: Timestamp,
}
