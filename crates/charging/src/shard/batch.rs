//! A batch on its way from commands to answers.

use std::sync::Arc;

use basis::Problem;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Message, Replies};
use crate::log::{Appended, Batch, Entry, RawRow};
use crate::pool::Reply;

/// The batch that is being applied.
#[derive(Default)]
pub(super) struct Building {
    pub(super) entries: Vec<Entry>,
    pub(super) answers: Vec<Answer>,
    pub(super) commands: usize,
}

/// The batch that is on its way to the disk.
pub(super) struct Committing {
    pub(super) append: JoinHandle<Appended>,
    pub(super) row: Arc<RawRow>,
    pub(super) batch: Batch,
    pub(super) answers: Vec<Answer>,
    pub(super) commands: usize,
    pub(super) started_ns: u64,
}

/// What one who asked is told once the batch is durable.
pub(super) enum Answer {
    Reply(oneshot::Sender<Result<Reply, Problem>>, Result<Reply, Problem>),
    Replies(oneshot::Sender<Replies>, Replies),
    Done(oneshot::Sender<Result<(), Problem>>),
}

impl Answer {
    pub(super) fn give(self) {
        // Whoever asked may have gone; what happened has happened all the same.
        match self {
            Self::Reply(to, reply) => drop(to.send(reply)),
            Self::Replies(to, replies) => drop(to.send(replies)),
            Self::Done(to) => drop(to.send(Ok(()))),
        }
    }

    pub(super) fn refuse(self, why: &Problem) {
        match self {
            Self::Reply(to, _) => drop(to.send(Err(why.clone()))),
            Self::Replies(to, replies) => drop(to.send(refusals(replies.len(), why))),
            Self::Done(to) => drop(to.send(Err(why.clone()))),
        }
    }
}

fn refusals(count: usize, why: &Problem) -> Replies {
    std::iter::repeat_with(|| Err(why.clone())).take(count).collect()
}

/// Refuses a message while the database is silent. False if it asks to stop.
pub(super) fn refuse_message(message: Message, why: &Problem) -> bool {
    let why = Problem::unavailable(why.to_string());
    match message {
        Message::Apply { answer, .. } => drop(answer.send(Err(why))),
        Message::Many { commands, answer, .. } => drop(answer.send(refusals(commands.len(), &why))),
        Message::Settle { answer } | Message::Tick { answer } => drop(answer.send(Err(why))),
        Message::Pause { .. } => {}
        Message::Stop { ended } => {
            // Whoever asked may have gone.
            let _ = ended.send(());
            return false;
        }
    }
    true
}

/// The end of the append that is under way; never, if none is.
pub(super) async fn appended(committing: &mut Option<Committing>) -> Appended {
    match committing {
        Some(batch) => (&mut batch.append)
            .await
            .unwrap_or_else(|error| Appended::Unknown(Problem::internal(error.to_string()))),
        None => std::future::pending().await,
    }
}
