//! What one member may take of the bundles that all share.

use basis::{DAY_MS, Timestamp};

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
    pub day: i64,
    /// Octets used in that window and in the 29 before it: window `n` stands at `n % 30`.
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
        let Caps { per_day, per_30_days, in_all } = self.caps;
        let used_and_cap = [
            (self.used_in(now, 1), per_day),
            (self.used_in(now, MONTH_DAYS), per_30_days),
            (self.used, in_all),
        ];
        let rooms = used_and_cap.into_iter().filter_map(|(used, cap)| Some(cap?.saturating_sub(used)));
        rooms.min().map_or(u64::MAX, |room| room.saturating_sub(self.reserved))
    }

    /// Counts use.
    pub fn count(&mut self, now: Timestamp, octets: u64) {
        let today = self.window(now).max(self.day);
        for day in self.day.saturating_add(1)..=today.min(self.day.saturating_add(30)) {
            *self.slot(day) = 0;
        }
        self.day = today;
        let slot = self.slot(today);
        *slot = slot.saturating_add(octets);
        self.used = self.used.saturating_add(octets);
    }

    /// Octets used in the last so many windows.
    fn used_in(&self, now: Timestamp, windows: usize) -> u64 {
        let today = self.window(now).max(self.day);
        let windows = i64::try_from(windows).unwrap_or(0);
        let held = |day: &i64| *day <= self.day && *day > self.day.saturating_sub(30) && *day >= 0;
        let days = (today.saturating_sub(windows).saturating_add(1)..=today).filter(held);
        days.filter_map(|day| self.days.get(place(day))).fold(0, |sum, used| sum.saturating_add(*used))
    }

    fn window(&self, now: Timestamp) -> i64 {
        now.since(self.since).div_euclid(DAY_MS)
    }

    fn slot(&mut self, day: i64) -> &mut u64 {
        let [first, ..] = &self.days;
        let _ = first;
        match self.days.get_mut(place(day)) {
            Some(slot) => slot,
            None => &mut self.used,
        }
    }
}

fn place(day: i64) -> usize {
    usize::try_from(day.rem_euclid(30)).unwrap_or(0)
}
