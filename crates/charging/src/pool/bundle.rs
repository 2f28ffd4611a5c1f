//! A bought plan in a pool: its clock and its figures.

use basis::{Allowance, Beyond, Country, DAY_MS, DataVolume, Id, Line, Order, StartRule, Timestamp};

use super::{event::Place, shared_terms::SharedTerms};

/// A window gives no more octets than this (a petabyte), whatever the terms say, so that no sum can overflow.
const MAX_WINDOW_BYTES: u64 = 1 << 50;

/// A bundle that is over stands among the others for so long, for pages and late reports.
const RETIRE_AFTER_MS: i64 = 32 * DAY_MS;

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its id, which is its order's.
    pub id: Id<Order>,
    /// The line whose own it is; `None` if the whole pool shares it.
    pub line: Option<Id<Line>>,
    /// What it promises.
    pub terms: SharedTerms,
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
    /// It was closed: another took its place, or its money went back.
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
    pub fn new(id: Id<Order>, line: Option<Id<Line>>, terms: SharedTerms, credited_at: Timestamp) -> Self {
        let figures = Figures::default();
        let mut bundle = Self { id, line, terms, credited_at, phase: Phase::Waiting, window: 0, figures };
        bundle.figures.grant(bundle.window_bytes());
        bundle
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

    /// When the current window is over, once the clock runs.
    pub fn window_ends_at(&self) -> Option<Timestamp> {
        let whole = self.windows_to_come() == 0;
        let days = if whole { self.terms.days } else { self.window.saturating_add(1) };
        self.started_at().map(|start| start.plus_ms(days_ms(days)))
    }

    /// The next moment at which its clock changes something by itself.
    pub fn next_turn(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting => self.activate_by(),
            Phase::Active(_) => self.window_ends_at(),
            Phase::Over { at, .. } => Some(at.plus_ms(RETIRE_AFTER_MS)),
        }
    }

    /// Octets that one window gives; a fixed allowance has one long window.
    pub fn window_bytes(&self) -> u64 {
        let (Allowance::Fixed { bytes: DataVolume(bytes) }
        | Allowance::PerDay { bytes: DataVolume(bytes) }
        | Allowance::Unlimited { fair_use_bytes_per_day: DataVolume(bytes), .. }) = self.terms.allowance;
        bytes.min(MAX_WINDOW_BYTES)
    }

    /// True if each 24-hour window has octets of its own.
    pub fn is_daily(&self) -> bool {
        !matches!(self.terms.allowance, Allowance::Fixed { .. })
    }

    /// How many windows with octets of their own it has.
    fn windows(&self) -> u32 {
        if self.is_daily() { self.terms.days } else { 1 }
    }

    /// Windows with octets of their own that have not begun.
    pub fn windows_to_come(&self) -> u32 {
        self.windows().saturating_sub(self.window).saturating_sub(1)
    }

    /// Octets of the windows that have not begun.
    pub fn bytes_to_come(&self) -> u64 {
        self.window_bytes().saturating_mul(u64::from(self.windows_to_come()))
    }

    /// Octets of its whole life.
    pub fn total_bytes(&self) -> u64 {
        self.window_bytes().saturating_mul(u64::from(self.windows()))
    }

    /// Octets that may be granted now.
    pub fn free(&self) -> u64 {
        u64::try_from(self.figures.available).unwrap_or(0)
    }

    /// True if it goes on, slower, when a window's octets are used up.
    pub fn is_slow_beyond(&self) -> bool {
        matches!(self.terms.allowance, Allowance::Unlimited { then: Beyond::Slower, .. })
    }

    /// True if an empty window is not its end: others come, or it goes on slower.
    pub fn outlives_its_window(&self) -> bool {
        self.windows_to_come() > 0 || self.is_slow_beyond()
    }

    /// Octets to grant when the next window begins: what one window gives, and what was used beyond this one if that cost
    /// nothing but speed.
    pub(super) fn next_window_bytes(&self) -> u64 {
        let beyond = u64::try_from(self.figures.available.saturating_neg()).unwrap_or(0);
        self.window_bytes().saturating_add(if self.is_slow_beyond() { beyond } else { 0 })
    }

    /// True if nothing is left or will come: not free, not held, not in later windows, not slowly.
    pub fn is_used_up(&self) -> bool {
        self.free() == 0 && self.figures.reserved == 0 && !self.outlives_its_window()
    }
}

impl Figures {
    /// A window begins.
    pub(super) const fn grant(&mut self, bytes: u64) {
        self.granted = self.granted.saturating_add(bytes);
        self.available = self.available.saturating_add_unsigned(bytes);
    }

    /// A session takes a share.
    pub(super) const fn reserve(&mut self, bytes: u64) {
        self.available = self.available.saturating_sub_unsigned(bytes);
        self.reserved = self.reserved.saturating_add(bytes);
    }

    /// A session gives back what is left of a share.
    pub(super) const fn release(&mut self, bytes: u64, to: Place) {
        self.reserved = self.reserved.saturating_sub(bytes);
        match to {
            Place::Available => self.available = self.available.saturating_add_unsigned(bytes),
            Place::Expired => self.expired = self.expired.saturating_add(bytes),
            Place::Closed => self.closed = self.closed.saturating_add(bytes),
        }
    }

    /// Data was used, out of a session's share or beyond it.
    pub(super) const fn spend(&mut self, bytes: u64, held: bool) {
        self.used = self.used.saturating_add(bytes);
        if held {
            self.reserved = self.reserved.saturating_sub(bytes);
        } else {
            self.available = self.available.saturating_sub_unsigned(bytes);
        }
    }

    /// Octets lapse.
    pub(super) const fn expire(&mut self, bytes: u64) {
        self.available = self.available.saturating_sub_unsigned(bytes);
        self.expired = self.expired.saturating_add(bytes);
    }

    /// Octets are withdrawn.
    pub(super) const fn withdraw(&mut self, bytes: u64) {
        self.available = self.available.saturating_sub_unsigned(bytes);
        self.closed = self.closed.saturating_add(bytes);
    }

    /// True if what was granted is somewhere.
    pub fn balance(&self) -> bool {
        let Self { granted, available, reserved, used, expired, closed } = *self;
        let somewhere = [reserved, used, expired, closed].map(i128::from).iter().sum::<i128>();
        i128::from(granted) == i128::from(available) + somewhere
    }
}

fn days_ms(days: u32) -> i64 {
    DAY_MS.saturating_mul(i64::from(days))
}
