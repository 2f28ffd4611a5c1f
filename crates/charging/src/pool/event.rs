//! What has happened to a pool: facts and stored answers. The log holds these; replaying them needs no rule.
//!
//! An event happens at the moment that stands beside it in the log, unless it carries its own.

use basis::{Country, Id, Line, Move, Order, Pool as PoolNoun, Terms, Timestamp};

use super::{
    answer::Answer,
    bundle::{Closed, End},
    caps::Caps,
    luggage::{Leaving, Luggage},
    marks::CapKind,
    member::LineIdentity,
    session::SessionKey,
};

/// A fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A line may draw from the pool.
    Joined(LineIdentity),
    /// A line is barred, or no more.
    Barred {
        /// The line.
        line: Id<Line>,
        /// Whether.
        barred: bool,
    },
    /// A line has caps on what it may take of the shared bundles; all absent: none.
    Capped {
        /// The line.
        line: Id<Line>,
        /// The limits.
        caps: Caps,
    },
    /// An order was delivered: a bundle waits, with the octets of its first window.
    Credited {
        /// The bundle.
        bundle: Id<Order>,
        /// Whose own it is; `None` if the whole pool shares it.
        line: Option<Id<Line>>,
        /// What it promises.
        terms: Terms,
    },
    /// An order will never be delivered.
    Voided(Id<Order>),
    /// A bundle's clock began.
    Started {
        /// The bundle.
        bundle: Id<Order>,
        /// When.
        at: Timestamp,
    },
    /// A bundle's next 24-hour window began.
    Turned {
        /// The bundle.
        bundle: Id<Order>,
        /// The window, from 0.
        window: u32,
        /// Octets of the window before that lapsed.
        expired: u64,
        /// Octets that the window gives.
        granted: u64,
    },
    /// A bundle ended by its clock.
    Ended {
        /// The bundle.
        bundle: Id<Order>,
        /// When.
        at: Timestamp,
        /// Why: expired or lapsed.
        end: End,
        /// Octets that lapsed.
        expired: u64,
    },
    /// A bundle was closed, and this was the answer.
    Closed {
        /// The answer.
        closed: Closed,
        /// Octets that were withdrawn.
        withdrawn: u64,
    },
    /// A bundle ended so long ago that only its id is kept.
    Retired(Id<Order>),
    /// A session began, or a lapsed one began again.
    Opened {
        /// The session.
        session: SessionKey,
        /// Whose it is.
        line: Id<Line>,
        /// When it lapses unless it is answered.
        lapses_at: Timestamp,
    },
    /// A session is in this country now.
    Entered {
        /// The session.
        session: SessionKey,
        /// The visited country.
        country: Country,
    },
    /// Data was used.
    Used(Use),
    /// A session gave back what it held of a bundle and did not use.
    Freed {
        /// The session.
        session: SessionKey,
        /// The rating group.
        group: Option<u32>,
        /// The bundle.
        bundle: Id<Order>,
        /// Octets.
        bytes: u64,
        /// Where they went.
        to: Place,
    },
    /// A session was given a share of a bundle to hold.
    Reserved {
        /// The session.
        session: SessionKey,
        /// The rating group.
        group: Option<u32>,
        /// The bundle.
        bundle: Id<Order>,
        /// The bundle's window.
        window: u32,
        /// Octets.
        bytes: u64,
        /// When it is released, unless the session reports.
        until: Timestamp,
    },
    /// A request was answered.
    Answered {
        /// The session.
        session: SessionKey,
        /// The request's number.
        number: u32,
        /// When the session lapses unless it is heard again; `None` if it is over.
        lapses_at: Option<Timestamp>,
        /// The answer.
        answer: Answer,
    },
    /// A request was older than all that the session remembers: not debited.
    Stale {
        /// The session.
        session: SessionKey,
        /// The request's number.
        number: u32,
        /// The octets that it reported.
        bytes: u64,
    },
    /// A session was silent for too long.
    Lapsed {
        /// The session.
        session: SessionKey,
        /// When.
        at: Timestamp,
    },
    /// A session was terminated.
    Terminated(SessionKey),
    /// Nothing of a session is kept any more.
    Forgotten(SessionKey),
    /// A line's own bundle became the pool's.
    Given(Id<Order>),
    /// A line gets nothing of the shared bundles, or does again.
    Paused {
        /// The line.
        line: Id<Line>,
        /// Whether it is stopped.
        paused: bool,
    },
    /// A line left for another pool, and holds what it takes along until that pool has it.
    Departed {
        /// Who, where to.
        leaving: Leaving,
        /// The bundles that it takes along.
        bundles: Vec<Id<Order>>,
        /// Its sessions, all of them over.
        sessions: Vec<SessionKey>,
    },
    /// A line came from another pool.
    Arrived {
        /// The move.
        id: Id<Move>,
        /// Where it comes from.
        from: Id<PoolNoun>,
        /// What it brings.
        luggage: Box<Luggage>,
    },
    /// The other pool has everything that a line took along.
    Parted(Id<Move>),
    /// So much of a bundle's window is used.
    Marked {
        /// The bundle.
        bundle: Id<Order>,
        /// Its 24-hour window; 0 of a fixed allowance.
        window: u32,
        /// Per cent of what the window gave.
        percent: u8,
    },
    /// So much of a line's cap is used.
    CapMarked {
        /// The line.
        line: Id<Line>,
        /// Which of its caps.
        cap: CapKind,
        /// Per cent of the cap.
        percent: u8,
    },
}

/// Data that was used: all that reports need, without looking elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The session.
    pub session: SessionKey,
    /// The rating group.
    pub group: Option<u32>,
    /// The line.
    pub line: Id<Line>,
    /// Where.
    pub country: Option<Country>,
    /// The bundle that pays; `None` if there is none at all.
    pub bundle: Option<Id<Order>>,
    /// True if the session held these octets; else it used more than it held.
    pub held: bool,
    /// Octets.
    pub bytes: u64,
}

/// Where octets go that a session gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Back to the bundle.
    Available,
    /// Nowhere: their window or their bundle is over.
    Expired,
    /// Nowhere: their bundle was closed.
    Closed,
}
