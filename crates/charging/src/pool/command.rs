//! What is asked of a pool, and what it says.

use basis::{Country, Id, Line, Move, Order, Pool as PoolNoun, Terms, Timestamp};

use super::{
    answer::Answer,
    bundle::Closed,
    caps::Caps,
    few::Few,
    luggage::{Leaving, Luggage},
    member::LineIdentity,
    session::SessionKey,
};

/// A command to one pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A line may draw from the pool from now on. Answer: [`Reply::Done`].
    Join(LineIdentity),
    /// An order is delivered. Answer: [`Reply::Credit`].
    Credit(Credit),
    /// An order must never be delivered. Answer: [`Reply::Void`].
    Void(Id<Order>),
    /// A bundle ends now, for a change of plan. Answer: [`Reply::Close`].
    Close(Id<Order>),
    /// The same, as long as it is this line's own. Answer: [`Reply::Close`].
    CloseOwn {
        /// The bundle.
        bundle: Id<Order>,
        /// Whose it must be.
        line: Id<Line>,
    },
    /// A line's own bundle becomes the pool's, for good. Answer: [`Reply::Give`].
    Give(Id<Order>),
    /// An operator stops a line. Answer: [`Reply::Done`] or [`Reply::UnknownLine`].
    Bar(Id<Line>),
    /// An operator lets a line go on. Answer: [`Reply::Done`] or [`Reply::UnknownLine`].
    Unbar(Id<Line>),
    /// A manager limits what a line may take of the shared bundles. Answer: [`Reply::Done`] or [`Reply::UnknownLine`].
    Cap {
        /// The line.
        line: Id<Line>,
        /// The limits; all absent ends the counting.
        caps: Caps,
    },
    /// A manager stops or lets go on what a line takes of the shared bundles. Answer: [`Reply::Done`] or
    /// [`Reply::UnknownLine`].
    Pause {
        /// The line.
        line: Id<Line>,
        /// Whether it is to stop.
        paused: bool,
    },
    /// A line leaves for another pool. Answer: [`Reply::Depart`], or [`Reply::Away`] while its sessions hold of shared bundles or
    /// another move of it is under way, or [`Reply::UnknownLine`].
    Depart(Leaving),
    /// A line comes from another pool. Answer: [`Reply::Done`], now or before; [`Reply::Away`] if it cannot come yet.
    Arrive {
        /// The move.
        id: Id<Move>,
        /// Where it comes from.
        from: Id<PoolNoun>,
        /// What it brings.
        luggage: Box<Luggage>,
    },
    /// The other pool has everything that a line took along. Answer: [`Reply::Done`].
    Part(Id<Move>),
    /// A gateway asks or reports. Answer: [`Reply::Control`].
    Control(Control),
    /// A session's gateway has lost it: what it holds goes back. A request of it that comes all the same opens it again.
    /// Answer: [`Reply::Done`].
    Release(SessionKey),
    /// The shard has too many sessions that are over: forget this one. Answer: [`Reply::Done`].
    Forget(SessionKey),
    /// Time has passed. Answer: [`Reply::Done`].
    Tick,
}

/// An order to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// The order, which gives the bundle its id.
    pub order: Id<Order>,
    /// The line whose own it becomes; `None` if the whole pool shares it.
    pub line: Option<Id<Line>>,
    /// What it promises.
    pub terms: Terms,
}

/// A credit-control request of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The session.
    pub session: SessionKey,
    /// What kind of request.
    pub kind: RequestKind,
    /// Its number in the session.
    pub number: u32,
    /// The line, if the request named it.
    pub line: Option<Id<Line>>,
    /// The visited country, if the request told it.
    pub country: Option<Country>,
    /// The services that it reports about or wants quota for.
    pub services: Few<Service>,
}

/// CC-Request-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// The first of a session.
    Initial,
    /// A later one.
    Update,
    /// The last.
    Terminate,
}

/// One service (one Multiple-Services-Credit-Control, or the request itself).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The rating group, if it has one.
    pub group: Option<u32>,
    /// Octets used since the last report, up and down together.
    pub used: u64,
    /// What quota it wants.
    pub ask: Ask,
}

/// What quota a service wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// None.
    Nothing,
    /// As much as is right.
    Quota,
    /// No more than so many octets.
    UpTo(u64),
}

/// What a pool says to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is so.
    Done,
    /// The line is not in this pool; nothing was done.
    UnknownLine,
    /// To a credit.
    Credit(CreditReply),
    /// To a void.
    Void(VoidReply),
    /// To closing a bundle.
    Close(CloseReply),
    /// To giving a bundle.
    Give(GiveReply),
    /// To a departure.
    Depart(DepartReply),
    /// What the command is about is not here any more; nothing was done.
    Away(Away),
    /// To a credit-control request.
    Control(Answer),
}

/// What became of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditReply {
    /// The bundle is there.
    Credited {
        /// When its clock began, if it has.
        started_at: Option<Timestamp>,
        /// When its days are over, if they have begun.
        ends_at: Option<Timestamp>,
    },
    /// It was there before; nothing was done.
    AlreadyCredited,
    /// The order was voided first, and stays so.
    Voided,
    /// The line is barred: not now.
    Barred,
    /// The line is not in this pool.
    UnknownLine,
    /// The terms do not let a pool share it, and no line was named.
    NotShareable,
}

/// What became of a void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidReply {
    /// The order is never delivered, now or before.
    Voided,
    /// It was delivered first, and stays so.
    Credited,
}

/// What became of closing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReply {
    /// Closed, now or before.
    Closed(Closed),
    /// There is no such bundle here, or it ended long ago.
    UnknownBundle,
    /// It was given to the pool, and goes on.
    Shared,
}

/// What became of giving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveReply {
    /// It is the pool's, now or before.
    Given,
    /// Its terms do not let a pool share it.
    NotShareable,
    /// It is over: there is nothing to give.
    Over,
    /// There is no such bundle here.
    UnknownBundle,
}

/// What became of a departure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DepartReply {
    /// The line has left, now or before; this is for the other pool.
    Left(Box<Luggage>),
    /// The other pool has had it already.
    Over,
}

/// Where something is that is not here any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// On its way to another pool: ask again.
    Moving,
    /// In that pool, or gone on from there.
    To(Id<PoolNoun>),
}

/// What became of an order in this pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Neither credited nor voided.
    Unknown,
    /// Credited, for ever.
    Credited,
    /// Voided, for ever.
    Voided,
}
