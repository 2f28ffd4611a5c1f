//! The rules of a pool: pure, without input or output, without a clock.
//!
//! [`Pool::apply`] decides a command and records what follows from it; [`Pool::absorb`] is the only thing that changes
//! a pool, and replaying the recorded events by it gives the same pool again.

mod absorb;
mod absorb_moves;
mod answer;
mod bundle;
mod caps;
mod check;
mod clocks;
mod command;
mod control;
mod credit;
mod decision;
mod event;
mod few;
mod give;
mod grant;
mod luggage;
mod marks;
mod member;
mod moves;
mod payers;
mod ring;
mod session;
mod sessions;
mod settle;
mod shared_terms;
mod slower;
#[cfg(test)]
mod tests;
mod view;

use basis::{Id, Line, Order, Timestamp};

use decision::Decision;

pub use answer::{
    Answer, Behind, FIRST_GRANT_BYTES, GRANT_SECONDS, Grant, LOW_VALIDITY_SECONDS, MIN_GRANT_BYTES,
    QUOTA_HOLDING_SECONDS, Quota, Refusal, ServiceAnswer, VALIDITY_SECONDS, Verdict,
};
pub use bundle::{Bundle, Closed, End, Figures, Phase};
pub use caps::{Caps, Meter};
pub use check::Broken;
pub use command::{
    Ask, Away, CloseReply, Command, Control, Credit, CreditReply, DepartReply, Fate, GiveReply, Reply,
    RequestKind, Service, VoidReply,
};
pub use event::{Event, Place, Use};
pub use few::Few;
pub use luggage::{Gone, Leaving, Luggage, Moved, Moves};
pub use marks::CapKind;
pub use member::{Digits, InvalidDigits, LineIdentity, Member};
pub use ring::{RING_NUMBERS, Ring, Seen};
pub use session::{Group, Life, MAX_GROUPS, MAX_SESSIONS, Session, SessionKey, Share, TOMBSTONE_MS};
pub use sessions::Sessions;
pub use shared_terms::SharedTerms;
pub use slower::SlowerView;
pub use view::{BundleState, BundleView, CapView, LineView, PoolView, SessionView, WindowView};

/// The bundles that one or several lines draw from, and the sessions that do.
#[derive(Debug, Clone)]
pub struct Pool {
    state: State,
    /// Not later than the next moment at which something changes by the clock. A hint for the shard, not a fact.
    deadline: Timestamp,
}

/// All that is known of a pool; what a snapshot holds. A line with one bundle is one block of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Its id.
    pub id: Id<basis::Pool>,
    /// The lines.
    pub members: Few<Member>,
    /// The bundles that are not long over, in the order of their credit.
    pub bundles: Few<Bundle>,
    /// The sessions, those that are over for less than a day included.
    pub sessions: Sessions,
    /// What is past, if anything is.
    pub past: Option<Box<Past>>,
    /// Lines that came or went, if any did.
    pub moves: Option<Box<Moves>>,
}

/// What a pool keeps of the past.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// Bundles that are long over.
    pub retired: Vec<Id<Order>>,
    /// Orders that will never be delivered.
    pub voided: Vec<Id<Order>>,
    /// What closing gave back.
    pub closed: Vec<Closed>,
    /// Octets that were used while there was no bundle at all to debit.
    pub unpaid: u64,
}

/// Later than every deadline.
const NEVER: Timestamp = Timestamp(i64::MAX);

impl Pool {
    /// An empty pool.
    pub const fn new(id: Id<basis::Pool>) -> Self {
        let state = State {
            id,
            members: Few::None,
            bundles: Few::None,
            sessions: Sessions::NONE,
            past: None,
            moves: None,
        };
        Self { state, deadline: NEVER }
    }

    /// Its id.
    pub const fn id(&self) -> Id<basis::Pool> {
        self.state.id
    }

    /// Its id, where it stands: for a set of pools by their ids.
    pub(crate) const fn id_ref(&self) -> &Id<basis::Pool> {
        &self.state.id
    }

    /// Decides a command, changes the pool and puts what has happened behind `log`. `now` never goes back.
    pub fn apply(&mut self, now: Timestamp, command: &Command, log: &mut Vec<Event>) -> Reply {
        Decision { pool: self, now, log }.take(command)
    }

    /// Not later than the next moment at which [`Command::Tick`] would change something; `None` if none would.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        (self.deadline < NEVER).then_some(self.deadline)
    }

    /// The lines.
    pub fn members(&self) -> &[Member] {
        &self.state.members
    }

    /// All that is known of it, for a snapshot.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What became of an order.
    pub fn fate(&self, order: Id<Order>) -> Fate {
        let past = self.state.past.as_deref();
        if past.is_some_and(|past| past.voided.contains(&order)) {
            Fate::Voided
        } else if self.bundle(order).is_some()
            || past.is_some_and(|past| past.retired.contains(&order))
            || self.moved(order).is_some()
        {
            Fate::Credited
        } else {
            Fate::Unknown
        }
    }

    /// A line of the pool.
    pub fn member(&self, line: Id<Line>) -> Option<&Member> {
        self.state.members.iter().find(|member| member.line() == line)
    }

    /// True if a session's line is barred.
    fn is_barred(&self, session: SessionKey) -> bool {
        let member = self.session(session).and_then(|session| self.member(session.line));
        member.is_some_and(|member| member.barred)
    }

    /// A bundle that is not long over.
    pub fn bundle(&self, id: Id<Order>) -> Option<&Bundle> {
        self.state.bundles.iter().find(|bundle| bundle.id == id)
    }

    /// A session that is open, or over for less than a day.
    pub fn session(&self, key: SessionKey) -> Option<&Session> {
        self.state.sessions.get(key)
    }
}
