//! What one member may take of the bundles that all share.

use basis::{DAY_MS, Timestamp};

use super::marks::CapKind;

/// The days of the rolling month.
const MONTH_DAYS: usize = 30;

/// Limits in octets; each is absent or counts by itself. A line's own bundles are never limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// In each 24-hour window since the cap was first set.
    pub per_day: Option<u64>,
    /// In the last thirty such windows, the current one included.
    pub per_30_days: Option<u64>,
    /// In all, since the cap was first set.
    pub in_all: Option<u64>,
}

/// Caps, and what counts against them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// The limits.
    pub caps: Caps,
    /// When counting began; the windows begin here.
    pub since: Timestamp,
    /// The window of the last use, counted from `since`.
    pub day: u32,
    /// Octets used in that window, then in the 29 before it.
    pub days: [u64; MONTH_DAYS],
    /// Octets used in all.
    pub used: u64,
    /// Octets that the member's sessions hold of shared bundles.
    pub reserved: u64,
}

impl Meter {
    /// Begins to count.
    pub const fn new(caps: Caps, since: Timestamp, reserved: u64) -> Self {
        Self { caps, since, day: 0, days: [0; MONTH_DAYS], used: 0, reserved }
    }

    /// The octets that may still be granted, by the tightest cap.
    pub fn room(&self, now: Timestamp) -> u64 {
        let standings = CapKind::ALL.into_iter().filter_map(|kind| self.standing(kind, now));
        let rooms = standings.map(|(used, cap)| cap.saturating_sub(used));
        rooms.min().map_or(u64::MAX, |room| room.saturating_sub(self.reserved))
    }

    /// What was used of a cap, and the cap, if there is one of this kind.
    pub fn standing(&self, kind: CapKind, now: Timestamp) -> Option<(u64, u64)> {
        let (used, cap) = match kind {
            CapKind::PerDay => (self.used_in(now, 1), self.caps.per_day),
            CapKind::Per30Days => (self.used_in(now, MONTH_DAYS), self.caps.per_30_days),
            CapKind::InAll => (self.used, self.caps.in_all),
        };
        Some((used, cap?))
    }

    /// When the current 24-hour window ends.
    pub fn day_ends_at(&self, now: Timestamp) -> Timestamp {
        let window = now.since(self.since).div_euclid(DAY_MS);
        self.since.plus_ms(window.saturating_add(1).saturating_mul(DAY_MS))
    }

    /// Counts use.
    pub fn count(&mut self, now: Timestamp, octets: u64) {
        let passed = self.windows_since_last_use(now);
        let forgotten = passed.min(MONTH_DAYS);
        self.days.rotate_right(forgotten);
        self.days.iter_mut().take(forgotten).for_each(|day| *day = 0);
        self.day = self.day.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        let [today, ..] = &mut self.days;
        *today = today.saturating_add(octets);
        self.used = self.used.saturating_add(octets);
    }

    /// Octets used in the last so many windows.
    fn used_in(&self, now: Timestamp, windows: usize) -> u64 {
        let still_in = windows.saturating_sub(self.windows_since_last_use(now));
        self.days.iter().take(still_in).fold(0, |sum, used| sum.saturating_add(*used))
    }

    fn windows_since_last_use(&self, now: Timestamp) -> usize {
        let window = now.since(self.since).div_euclid(DAY_MS);
        usize::try_from(window.saturating_sub(i64::from(self.day))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_790_000_000_000);

    fn day(n: i64) -> Timestamp {
        START.plus_ms(n * DAY_MS + 1)
    }

    #[test]
    fn a_daily_cap_opens_again_after_24_hours() {
        let mut meter = Meter::new(Caps { per_day: Some(100), ..Caps::default() }, START, 0);
        meter.count(day(0), 70);
        assert_eq!(meter.room(day(0)), 30);
        meter.reserved = 20;
        assert_eq!(meter.room(day(0)), 10, "what a session holds counts");
        meter.count(day(0), 50);
        assert_eq!(meter.room(day(0)), 0, "never below zero");
        assert_eq!(meter.room(day(1)), 80);
    }

    #[test]
    fn a_rolling_month_forgets_day_by_day() {
        let mut meter = Meter::new(Caps { per_30_days: Some(100), ..Caps::default() }, START, 0);
        meter.count(day(0), 60);
        meter.count(day(10), 40);
        assert_eq!(meter.room(day(29)), 0);
        assert_eq!(meter.room(day(30)), 60, "the first day has left the month");
        meter.count(day(35), 1);
        assert_eq!(meter.room(day(39)), 59);
        assert_eq!(meter.room(day(40)), 99);
        meter.count(day(400), 2);
        assert_eq!(meter.room(day(400)), 98);
    }

    #[test]
    fn the_tightest_cap_counts_and_a_total_never_opens_again() {
        let caps = Caps { per_day: Some(50), per_30_days: None, in_all: Some(60) };
        let mut meter = Meter::new(caps, START, 0);
        meter.count(day(0), 20);
        assert_eq!(meter.room(day(0)), 30);
        assert_eq!(meter.room(day(300)), 40);
    }
}
