//! When people are told that something runs out: as plainly as can be.

use super::differential::Twin;
use super::naive::{DAY, NBundle, Naive, Told};
use super::*;

/// Octets used, of how many.
pub(super) type Level = (i128, i128);

fn passes(mark: i128, before: Level, after: Level) -> bool {
    let reached = |(used, of): Level| of > 0 && used * 100 >= of * mark;
    reached(after) && !reached(before)
}

impl NBundle {
    /// Of its window; nothing of one that is over.
    pub(super) fn level(&self) -> Level {
        let left = self.granted - self.used - self.expired - self.closed;
        if self.over.is_some() { (0, 0) } else { ((self.size() - left).max(0), self.size()) }
    }
}

impl Naive {
    pub(super) fn tell_bundle(&mut self, at: usize, before: Level) {
        let b = &self.bundles[at];
        let marks = [80, 95, 100].into_iter().filter(|mark| passes(*mark, before, b.level()));
        self.told.extend(marks.map(|mark| Told::Bundle(b.id, b.window, mark)));
    }

    pub(super) fn cap_levels(&self, line: Id<Line>) -> [Level; 3] {
        let Some(l) = self.lines.iter().find(|l| l.id == line) else { return [(0, 0); 3] };
        let Some((since, uses)) = &l.counting else { return [(0, 0); 3] };
        let today = (self.now - since) / DAY;
        let sum = |first: i128| uses.iter().filter(|(day, _)| *day >= first).map(|(_, bytes)| bytes).sum();
        let level = |cap: Option<u64>, first| cap.map_or((0, 0), |cap| (sum(first), cap.into()));
        [level(l.caps.per_day, today), level(l.caps.per_30_days, today - 29), level(l.caps.in_all, 0)]
    }

    pub(super) fn tell_caps(&mut self, line: Id<Line>, before: &[Level; 3]) {
        let kinds = [CapKind::PerDay, CapKind::Per30Days, CapKind::InAll];
        for ((kind, before), after) in kinds.into_iter().zip(before).zip(self.cap_levels(line)) {
            let marks = [80, 95, 100].into_iter().filter(|mark| passes(*mark, *before, after));
            self.told.extend(marks.map(|mark| Told::Cap(line, kind, mark)));
        }
    }
}

impl Twin {
    /// What the last command told people about.
    pub(super) fn compare_told(&self) {
        let told = self.world.events.iter().filter_map(|event| match *event {
            Event::Marked { bundle, window, percent } => {
                Some(Told::Bundle(bundle, window.into(), percent.into()))
            }
            Event::CapMarked { line, cap, percent } => Some(Told::Cap(line, cap, percent.into())),
            _ => None,
        });
        let mut told: Vec<_> = told.collect();
        let mut expected = self.naive.told.clone();
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
    }
}
