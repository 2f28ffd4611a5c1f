//! What a gateway is told, kept in the session's ring and in the log.

use super::few::Few;

/// Octets of a session's first grant.
pub const FIRST_GRANT_BYTES: u64 = 10_000_000;
/// A grant is not smaller while there is so much.
pub const MIN_GRANT_BYTES: u64 = 1_000_000;
/// A grant lasts so long at the recent rate; with the threshold the next request comes after four fifths of it.
pub const GRANT_SECONDS: u64 = 60;
/// How long a grant is valid.
pub const VALIDITY_SECONDS: u32 = 600;
/// How long a grant is valid when the pool runs low.
pub const LOW_VALIDITY_SECONDS: u32 = 60;
/// A gateway gives quota back that has not been touched for so long.
pub const QUOTA_HOLDING_SECONDS: u32 = 120;

/// The answer to a credit-control request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// About the request as a whole.
    pub verdict: Verdict,
    /// About each service that it named, in its order.
    pub services: Few<ServiceAnswer>,
}

/// About a request as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done; see the services.
    Accepted,
    /// The use is debited; the line is barred (4010).
    Barred,
    /// The use is debited; the session was terminated before, no quota.
    Terminated,
    /// The request number is older than the ring: nothing is debited (2001).
    Stale,
    /// No such session, and no line named (5002).
    UnknownSession,
    /// The line is not in this pool (5030).
    UnknownLine,
}

/// About one service of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// The rating group, if the service had one.
    pub group: Option<u32>,
    /// Its quota.
    pub quota: Quota,
}

/// The quota of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// None was asked for, or none is due: a late report, a terminated session.
    None,
    /// So much.
    Granted(Grant),
    /// None (4012, or the way to more).
    Refused(Refusal),
    /// None is counted: it goes on slower, and the gateway asks again after so many seconds.
    Slow {
        /// Until the window ends at most.
        validity_seconds: u32,
    },
}

/// A grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Octets.
    pub bytes: u64,
    /// The gateway reports after so many seconds at the latest.
    pub validity_seconds: u32,
    /// What comes when it is used up; unless there is more: final unit.
    pub behind: Behind,
}

/// What comes when a grant is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// Another grant, if it is asked for.
    More,
    /// Nothing.
    Nothing,
    /// Data without quota, slower.
    Slow,
}

impl Grant {
    /// The gateway reports when so many octets are left of it. A last grant has no threshold.
    pub fn threshold_bytes(&self) -> Option<u32> {
        (!self.is_last()).then(|| u32::try_from(self.bytes / 5).unwrap_or(u32::MAX))
    }

    /// True if no other grant comes behind it.
    pub fn is_last(&self) -> bool {
        self.behind != Behind::More
    }
}

/// Why there is no quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No bundle covers the visited country.
    NotCovered,
    /// What covers it is used up, for now at least.
    UsedUp,
    /// What covers it is in the hands of other sessions, which may give some of it back.
    Lent,
    /// The member's cap is reached.
    CapReached,
    /// The session has too many rating groups.
    TooManyGroups,
    /// A manager of the pool has paused the member.
    Paused,
}

impl Answer {
    /// An answer without services.
    pub const fn bare(verdict: Verdict) -> Self {
        Self { verdict, services: Few::None }
    }
}
