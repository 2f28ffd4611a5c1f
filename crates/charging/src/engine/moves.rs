//! A line's move from one pool to another, across shards or within one.
//!
//! Three durable steps, each harmless to repeat: the line departs, arrives, and the first pool lets go. Between the
//! first two it belongs to nobody, and everyone who asks for it is told to come again.

use basis::{Id, Line, Move, Order, Pool as PoolNoun, Problem};

use super::Charging;
use super::letters::Wanted;
use super::verbs::{astray, moving};
use crate::pool::{Command, DepartReply, Leaving, Luggage, Reply};

/// A line's move. Its id is its owner's for ever: a repeat with the same id never moves the line again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineMove {
    /// The move.
    pub id: Id<Move>,
    /// Who.
    pub line: Id<Line>,
    /// The pool that it leaves.
    pub from: Id<PoolNoun>,
    /// The pool that it goes to; begins with it, if there is none yet.
    pub to: Id<PoolNoun>,
}

/// What became of a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveAnswer {
    /// The line is in the other pool.
    Moved {
        /// Its own bundles, which went along.
        bundles: Vec<Id<Order>>,
    },
    /// It arrived before, and may have gone on since; nothing was done.
    AlreadyMoved,
}

impl Charging {
    /// Moves a line with everything that is its own: bundles, and sessions, which end. What it gave to the pool stays;
    /// so do caps and pauses. To be called again until it answers; a call that was cut short anywhere is finished by
    /// the next.
    ///
    /// # Errors
    /// Not found if the line is not in the first pool, or both are one. Unavailable while sessions of the line hold of shared
    /// bundles (they are asked to report; what nobody reports lapses, twenty minutes after the grant at the latest), while
    /// another move of it is under way, or a shard does not serve: call again.
    pub async fn move_line(&self, step: LineMove) -> Result<MoveAnswer, Problem> {
        let Some(luggage) = self.depart(step).await? else { return Ok(MoveAnswer::AlreadyMoved) };
        let bundles = luggage.bundles.iter().map(|bundle| bundle.id).collect();
        self.arrive(step, luggage).await?;
        self.part(step).await?;
        Ok(MoveAnswer::Moved { bundles })
    }

    /// The first step of [`Charging::move_line`]: what the line takes along; `None` if the move is over.
    ///
    /// # Errors
    /// As [`Charging::move_line`].
    pub async fn depart(&self, step: LineMove) -> Result<Option<Box<Luggage>>, Problem> {
        let LineMove { id, line, from, to } = step;
        if self.moving(line).await?.is_some_and(|other| other != id) {
            return Err(moving());
        }
        match self.apply(from, Command::Depart(Leaving { id, line, to })).await? {
            Reply::Depart(DepartReply::Over) => Ok(None),
            Reply::Depart(DepartReply::Left(luggage)) => {
                self.write_behind(from, to).await?;
                Ok(Some(luggage))
            }
            Reply::UnknownLine => Err(Problem::not_found()),
            Reply::Away(_) => Err(moving()),
            other => Err(astray(&other)),
        }
    }

    /// Each shard's log is written behind by itself: before another shard goes on with a bundle, the tables must know
    /// what this one did with it.
    async fn write_behind(&self, from: Id<PoolNoun>, to: Id<PoolNoun>) -> Result<(), Problem> {
        if self.0.shard_of(from) == self.0.shard_of(to) {
            return Ok(());
        }
        self.write_behind_of(from).await
    }

    /// The line's move that has begun and is not over, wherever it began.
    async fn moving(&self, line: Id<Line>) -> Result<Option<Id<Move>>, Problem> {
        Ok(self.find_everywhere(&Wanted { line: Some(line), ..Wanted::default() }).await?.moving)
    }

    /// The second step of [`Charging::move_line`].
    ///
    /// # Errors
    /// Unavailable: call again.
    pub async fn arrive(&self, step: LineMove, luggage: Box<Luggage>) -> Result<(), Problem> {
        let LineMove { id, from, to, .. } = step;
        match self.apply(to, Command::Arrive { id, from, luggage }).await? {
            Reply::Done => Ok(()),
            Reply::Away(_) => Err(moving()),
            other => Err(astray(&other)),
        }
    }

    /// The last step of [`Charging::move_line`].
    ///
    /// # Errors
    /// Unavailable: call again.
    pub async fn part(&self, step: LineMove) -> Result<(), Problem> {
        self.apply(step.from, Command::Part(step.id)).await.map(drop)
    }
}
