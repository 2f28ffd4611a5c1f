//! What a line takes along when it leaves a pool, and what the pool keeps to say where it went.

use std::sync::Arc;

use basis::{Id, Line, Move, Order, Pool as PoolNoun};

use super::{Bundle, Closed, LineIdentity, Session};

/// A line that leaves, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    /// The move.
    pub id: Id<Move>,
    /// Who.
    pub line: Id<Line>,
    /// The pool that it goes to.
    pub to: Id<PoolNoun>,
}

/// What a line takes along. Caps and pauses are the pool's, and stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Luggage {
    /// The line, and how networks name it.
    pub identity: LineIdentity,
    /// An operator has stopped it.
    pub barred: bool,
    /// Its own bundles, none of them held by a session.
    pub bundles: Vec<Bundle>,
    /// Its sessions, all of them over, with their rings: a late report finds them in the other pool.
    pub sessions: Vec<Arc<Session>>,
    /// What closing some of its bundles gave back.
    pub closed: Vec<Closed>,
}

/// Lines that came and went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Moves that are over here, in either direction: a repeat of them changes nothing.
    pub over: Vec<Id<Move>>,
    /// Lines that have left and not come back.
    pub gone: Vec<Gone>,
    /// Bundles that have left and not come back.
    pub moved: Vec<Moved>,
}

/// A line that has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Who, where to.
    pub leaving: Leaving,
    /// What it takes along, until the other pool has it.
    pub luggage: Option<Box<Luggage>>,
}

/// A bundle that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The bundle.
    pub bundle: Id<Order>,
    /// The pool that it went to.
    pub to: Id<PoolNoun>,
}
