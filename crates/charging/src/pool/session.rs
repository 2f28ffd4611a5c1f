//! A data session of a line at a gateway: what it holds, and what it was told.

use basis::{Country, DAY_MS, Id, Line, Order, Timestamp};

use super::{
    answer::{Behind, Quota},
    few::Few,
    ring::Ring,
};

/// A session's name in 16 bytes: a hash of the gateway's name and its session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey(pub [u8; 16]);

/// How many rating groups a session may have.
pub const MAX_GROUPS: usize = 32;

/// How many sessions a pool remembers, those that are over included: a telephone that attaches every second must not
/// make each command of its pool slow.
pub const MAX_SESSIONS: usize = 4096;

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
    /// What it holds, by rating group.
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

/// What a session holds for one rating group; there is none while it holds nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The rating group; `None` for services without one.
    pub id: Option<u32>,
    /// When it was granted.
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
    /// A session that begins.
    pub fn new(key: SessionKey, line: Id<Line>, now: Timestamp) -> Self {
        Self {
            key,
            line,
            country: None,
            life: Life::Open { lapses_at: now },
            opened_at: now,
            heard_at: now,
            groups: Few::None,
            ring: Ring::default(),
        }
    }

    /// True while it counts among the pool's open sessions.
    pub const fn is_open(&self) -> bool {
        matches!(self.life, Life::Open { .. })
    }

    /// Its group of this name.
    pub fn group(&self, id: Option<u32>) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// True if the last answer said of a group that it goes on slower, now or behind its grant.
    pub(super) fn is_slow(&self, group: Option<u32>) -> bool {
        let Some(last) = self.ring.last() else { return false };
        last.services.iter().filter(|service| service.group == group).any(|service| match service.quota {
            Quota::Slow { .. } => true,
            Quota::Granted(grant) => grant.behind == Behind::Slow,
            Quota::None | Quota::Refused(_) => false,
        })
    }

    /// Adds to what it holds for a group.
    pub(super) fn hold(&mut self, id: Option<u32>, since: Timestamp, until: Timestamp, share: Share) {
        match self.groups.as_mut_slice().iter_mut().find(|group| group.id == id) {
            Some(group) => group.shares.push(share),
            None => self.groups.push(Group { id, since, until, shares: Few::One(share) }),
        }
    }

    /// Takes from what it holds of a bundle for a group.
    pub(super) fn give(&mut self, id: Option<u32>, bundle: Id<Order>, bytes: u64) {
        for group in self.groups.as_mut_slice().iter_mut().filter(|group| group.id == id) {
            if let Some(share) = group.shares.as_mut_slice().iter_mut().find(|share| share.bundle == bundle) {
                share.bytes = share.bytes.saturating_sub(bytes);
            }
            group.shares.retain(|share| share.bytes > 0);
        }
        self.groups.retain(|group| !group.shares.is_empty());
    }

    /// The next moment at which something of it runs out.
    pub fn next_turn(&self) -> Timestamp {
        match self.life {
            Life::Open { lapses_at } => {
                self.groups.iter().map(|group| group.until).fold(lapses_at, Timestamp::min)
            }
            Life::Lapsed(at) | Life::Terminated(at) => at.plus_ms(TOMBSTONE_MS),
        }
    }
}
