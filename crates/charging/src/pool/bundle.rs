//! A bought plan in a pool: its clock and its figures.

use basis::{Allowance, Country, DAY_MS, Id, Line, Order, StartRule, Terms, Timestamp};

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its id, which is its order's.
    pub id: Id<Order>,
    /// The line whose own it is; `None` if the whole pool shares it.
    pub line: Option<Id<Line>>,
    /// What it promises.
    pub terms: Terms,
    /// When it was delivered.
    pub credited_at: Timestamp,
    /// Where it stands in its life.
    pub phase: Phase,
    /// The current 24-hour window, from 0. Stays 0 for a fixed allowance.
    pub window: u32,
    /// Its octets.
    pub figures: Figures,
}

/// Where a bundle stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its clock has not begun.
    Waiting,
    /// Its clock runs since then.
    Active(Timestamp),
    /// It gives no more quota.
    Over {
        /// When its clock had begun, if it had.
        started_at: Option<Timestamp>,
        /// When it ended.
        at: Timestamp,
        /// Why.
        end: End,
    },
}

/// Why a bundle is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Its days are over.
    Expired,
    /// It was not begun in time.
    Lapsed,
    /// It was closed for a change of plan, or a replacing bundle took over.
    Closed,
}

/// The octets of a bundle: `granted = available + reserved + used + expired + closed`, always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// What its windows have given so far, the current one included.
    pub granted: u64,
    /// What may be granted to sessions. Below zero: used before anyone could stop it.
    pub available: i64,
    /// What sessions hold.
    pub reserved: u64,
    /// What was used.
    pub used: u64,
    /// What lapsed unused.
    pub expired: u64,
    /// What was withdrawn when it was closed.
    pub closed: u64,
}

/// What closing a bundle gave back; the answer to every repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The bundle.
    pub bundle: Id<Order>,
    /// When it was closed.
    pub at: Timestamp,
    /// Octets unused: neither used nor held by a session, future windows included.
    pub unused_bytes: u64,
    /// Octets of its whole life (fair use times days, if unlimited).
    pub total_bytes: u64,
    /// Milliseconds of validity left.
    pub unused_ms: i64,
    /// Milliseconds of its whole validity.
    pub total_ms: i64,
    /// Whole 24-hour windows that have not begun.
    pub unstarted_days: u32,
    /// All its 24-hour windows.
    pub total_days: u32,
}

impl Bundle {
    /// A fresh one: waiting, with the octets of its first window.
    pub fn new(id: Id<Order>, line: Option<Id<Line>>, terms: Terms, credited_at: Timestamp) -> Self {
        let granted = window_bytes(terms.allowance);
        let available = i64::try_from(granted).unwrap_or(i64::MAX);
        let figures = Figures { granted, available, ..Figures::default() };
        Self { id, line, terms, credited_at, phase: Phase::Waiting, window: 0, figures }
    }

    /// True if this line may draw from it.
    pub fn serves(&self, line: Id<Line>) -> bool {
        self.line.is_none_or(|own| own == line)
    }

    /// True if it is good in this country.
    pub fn covers(&self, country: Option<Country>) -> bool {
        country.is_some_and(|c| self.terms.coverage.contains(c))
    }

    /// True unless it is over.
    pub const fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Over { .. })
    }

    /// True while its clock has not begun.
    pub const fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting)
    }

    /// True if it was closed.
    pub const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Over { end: End::Closed, .. })
    }

    /// When its clock began.
    pub const fn started_at(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting => None,
            Phase::Active(at) => Some(at),
            Phase::Over { started_at, .. } => started_at,
        }
    }

    /// Its whole validity in milliseconds.
    pub fn total_ms(&self) -> i64 {
        days_ms(self.terms.days)
    }

    /// When its days are over, once they have begun.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.started_at().map(|start| start.plus_ms(self.total_ms()))
    }

    /// Until when a waiting bundle must begin. One that starts by itself has no such limit.
    pub fn activate_by(&self) -> Option<Timestamp> {
        let limited = self.terms.start == StartRule::FirstUse;
        limited.then(|| self.credited_at.plus_ms(days_ms(self.terms.activate_within_days)))
    }

    /// The next moment at which its clock changes something by itself, while it lives.
    pub fn next_turn(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting => self.activate_by(),
            Phase::Active(start) => Some(start.plus_ms(days_ms(self.windows_until_turn()))),
            Phase::Over { .. } => None,
        }
    }

    /// Windows from the start until the octets change by the clock.
    fn windows_until_turn(&self) -> u32 {
        match self.terms.allowance {
            Allowance::Fixed { .. } => self.terms.days,
            Allowance::PerDay { .. } | Allowance::Unlimited { .. } => {
                self.window.saturating_add(1).min(self.terms.days)
            }
        }
    }

    /// Octets of the windows that have not begun.
    pub fn bytes_to_come(&self) -> u64 {
        window_bytes(self.terms.allowance).saturating_mul(u64::from(self.windows_to_come()))
    }

    /// Windows with octets of their own that have not begun; none for a fixed allowance.
    pub fn windows_to_come(&self) -> u32 {
        match self.terms.allowance {
            Allowance::Fixed { .. } => 0,
            Allowance::PerDay { .. } | Allowance::Unlimited { .. } => {
                self.terms.days.saturating_sub(self.window).saturating_sub(1)
            }
        }
    }

    /// Octets of its whole life.
    pub fn total_bytes(&self) -> u64 {
        match self.terms.allowance {
            Allowance::Fixed { bytes } => bytes.octets(),
            Allowance::PerDay { .. } | Allowance::Unlimited { .. } => {
                window_bytes(self.terms.allowance).saturating_mul(u64::from(self.terms.days))
            }
        }
    }

    /// Octets that may be granted now.
    pub fn free(&self) -> u64 {
        u64::try_from(self.figures.available).unwrap_or(0)
    }

    /// True if nothing is left or will come: not free, not held, not in later windows.
    pub fn is_used_up(&self) -> bool {
        self.free() == 0 && self.figures.reserved == 0 && self.windows_to_come() == 0
    }
}

impl Figures {
    /// True if what was granted is somewhere.
    pub fn balance(&self) -> bool {
        let Self { granted, available, reserved, used, expired, closed } = *self;
        let somewhere = [reserved, used, expired, closed].map(i128::from).iter().sum::<i128>();
        i128::from(granted) == i128::from(available) + somewhere
    }
}

/// Octets that one window gives (a fixed allowance has one long window).
pub(super) const fn window_bytes(allowance: Allowance) -> u64 {
    match allowance {
        Allowance::Fixed { bytes } | Allowance::PerDay { bytes } => bytes.octets(),
        Allowance::Unlimited { fair_use_bytes_per_day } => fair_use_bytes_per_day.octets(),
    }
}

fn days_ms(days: u32) -> i64 {
    DAY_MS.saturating_mul(i64::from(days))
}
