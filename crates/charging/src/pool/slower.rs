//! When a line goes on slower, and when it is fast again.

use basis::{Country, Id, Line, Order, Timestamp};

use super::{Bundle, Pool};

/// A line goes on slower: of its plan's 24 hours the octets at full speed are used up, and nothing else pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowerView {
    /// The bundle that it goes on with.
    pub bundle: Id<Order>,
    /// When full speed comes back by itself; `None`: not as long as this bundle lasts.
    pub full_speed_at: Option<Timestamp>,
}

impl Pool {
    /// What a gateway would hear if the line asked now: where it was heard last, or if it is nowhere, wherever a
    /// bundle of it is good.
    pub(super) fn slower(&self, line: Id<Line>, now: Timestamp) -> Option<SlowerView> {
        let open = || self.state.sessions.iter().filter(|s| s.is_open() && s.line == line);
        // What was granted may be used at full speed.
        if open().any(|session| !session.groups.is_empty()) {
            return None;
        }
        let here = open().max_by_key(|session| session.heard_at).and_then(|s| s.country);
        let empty = |b: &&Bundle| b.is_live() && b.is_slow_beyond() && b.serves(line) && b.free() == 0;
        self.state.bundles.iter().filter(empty).find_map(|bundle| {
            let mut places = bundle.terms.coverage.iter().filter(|place| here.is_none_or(|at| at == *place));
            let country = places.find(|place| self.goes_slow(line, *place, now))?;
            Some(SlowerView { bundle: bundle.id, full_speed_at: self.fast_again(bundle, line, country) })
        })
    }

    /// The first of its bundles to get octets anew; at the end of this one, one that waits behind it.
    fn fast_again(&self, slow: &Bundle, line: Id<Line>, country: Country) -> Option<Timestamp> {
        let payers = self.payers(line, Some(country));
        let turning = payers.iter().filter(|bundle| !bundle.is_waiting() && bundle.windows_to_come() > 0);
        let next_window = turning.filter_map(|bundle| bundle.window_ends_at()).min();
        let waits = |b: &Bundle| b.is_waiting() && b.serves(line) && b.covers(Some(country));
        next_window.or_else(|| slow.ends_at().filter(|_| self.state.bundles.iter().any(waits)))
    }
}
