//! What people are told about: so much of a bundle or of a cap is used. Each mark once per window.

use basis::{Id, Order, Timestamp};

use super::{Bundle, Event, Few, Meter, Pool, Use, decision::Decision};

/// Per cent of a bundle's window, or of a cap.
const MARKS: [u8; 3] = [80, 95, 100];

/// One of a member's caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CapKind {
    /// For 24 hours.
    PerDay,
    /// For the last thirty days.
    Per30Days,
    /// In all.
    InAll,
}

impl CapKind {
    pub(super) const ALL: [Self; 3] = [Self::PerDay, Self::Per30Days, Self::InAll];
}

/// How much of something is used.
#[derive(Clone, Copy)]
struct Level {
    used: u64,
    of: u64,
}

impl Level {
    fn has_reached(self, percent: u8) -> bool {
        let wide = |octets: u64, times: u8| u128::from(octets).saturating_mul(u128::from(times));
        self.of > 0 && wide(self.used, 100) >= wide(self.of, percent)
    }
}

impl Decision<'_> {
    /// Debits, and notes the marks that are passed by it.
    pub(super) fn spend(&mut self, used: Use) {
        let before = self.pool.cap_levels(&used, self.now);
        match used.bundle {
            Some(bundle) => self.drain(bundle, Event::Used(used)),
            None => self.record(Event::Used(used)),
        }
        let after = self.pool.cap_levels(&used, self.now);
        for ((cap, before), (_, after)) in before.iter().zip(after.iter()) {
            for percent in passed(*before, *after) {
                self.record(Event::CapMarked { line: used.line, cap: *cap, percent });
            }
        }
    }

    /// Records what takes octets from a bundle's window, and the marks that are passed by it.
    pub(super) fn drain(&mut self, bundle: Id<Order>, event: Event) {
        let before = self.pool.bundle_level(bundle);
        self.record(event);
        let (Some(before), Some(after)) = (before, self.pool.bundle_level(bundle)) else { return };
        let window = self.pool.bundle(bundle).map_or(0, |b| b.window);
        for percent in passed(before, after) {
            self.record(Event::Marked { bundle, window, percent });
        }
    }
}

fn passed(before: Level, after: Level) -> impl Iterator<Item = u8> {
    MARKS.into_iter().filter(move |mark| after.has_reached(*mark) && !before.has_reached(*mark))
}

impl Pool {
    /// Of a bundle's window; what sessions hold is not used yet. `None` of one that is over.
    fn bundle_level(&self, bundle: Id<Order>) -> Option<Level> {
        let bundle = self.bundle(bundle).filter(|bundle| bundle.is_live())?;
        let left = bundle.figures.available.saturating_add_unsigned(bundle.figures.reserved);
        let of = bundle.window_bytes();
        Some(Level { used: of.saturating_sub(u64::try_from(left).unwrap_or(0)), of })
    }

    /// Of the caps that the use counts against.
    fn cap_levels(&self, used: &Use, now: Timestamp) -> Few<(CapKind, Level)> {
        let shared =
            used.bundle.and_then(|id| self.bundle(id)).filter(|bundle: &&Bundle| bundle.line.is_none());
        let meter = shared.and_then(|_| self.member(used.line)?.meter.as_deref());
        let level = |meter: &Meter, kind| {
            let (used, of) = meter.standing(kind, now)?;
            Some((kind, Level { used, of }))
        };
        meter.map_or(Few::None, |meter| {
            CapKind::ALL.into_iter().filter_map(|kind| level(meter, kind)).collect()
        })
    }
}
