//! A data session of a line at a gateway: what it holds, and what it was told.

use basis::{Country, DAY_MS, Id, Line, Order, Timestamp};

use super::{few::Few, ring::Ring};

/// A session's name in 16 bytes: a hash of the gateway's name and its session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub [u8; 16]);

/// How many rating groups a session may have.
pub const MAX_GROUPS: usize = 32;

/// How long a session that is over answers repeats.
pub const TOMBSTONE_MS: i64 = DAY_MS;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub key: SessionKey,
    /// Whose it is.
    pub line: Id<Line>,
    /// The visited country, once a gateway has told it.
    pub country: Option<Country>,
    /// Whether it goes on.
    pub life: Life,
    /// When its first request came.
    pub opened_at: Timestamp,
    /// When its last request came.
    pub heard_at: Timestamp,
    /// Its rating groups, in the order they came.
    pub groups: Few<Group>,
    /// Its last answers.
    pub ring: Ring,
}

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It does, and lapses then unless it is heard.
    Open {
        /// Twice the validity after its last grant.
        lapses_at: Timestamp,
    },
    /// It was silent for too long; a new request opens it again.
    Lapsed(Timestamp),
    /// It was terminated.
    Terminated(Timestamp),
}

/// A rating group of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The rating group; `None` for services without one.
    pub id: Option<u32>,
    /// When its recent rate is measured from.
    pub since: Timestamp,
    /// When what it holds is released, unless it reports.
    pub until: Timestamp,
    /// What it holds, in the order in which use is debited.
    pub shares: Few<Share>,
}

/// What a group holds of one bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The bundle.
    pub bundle: Id<Order>,
    /// The bundle's window that it was taken from; what is left goes back to no other.
    pub window: u32,
    /// Octets.
    pub bytes: u64,
}

impl Session {
    /// True while it counts among the pool's open sessions.
    pub const fn is_open(&self) -> bool {
        matches!(self.life, Life::Open { .. })
    }

    /// Its group of this name.
    pub fn group(&self, id: Option<u32>) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The next moment at which something of it runs out.
    pub fn next_turn(&self) -> Timestamp {
        match self.life {
            Life::Open { lapses_at } => {
                let held = self.groups.iter().filter(|group| !group.shares.is_empty());
                held.map(|group| group.until).fold(lapses_at, Timestamp::min)
            }
            Life::Lapsed(at) | Life::Terminated(at) => at.plus_ms(TOMBSTONE_MS),
        }
    }
}
