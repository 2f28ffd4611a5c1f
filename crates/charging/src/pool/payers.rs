//! Which bundle pays: covers the visited country; active before waiting; the line's own before shared; soonest to end;
//! oldest.

use basis::{Country, Id, Line, RenewalRule, Timestamp};

use super::{Bundle, Few, Pool};

impl Pool {
    /// The bundles that a line can draw from in this country, in the order in which they pay.
    pub(super) fn payers(&self, line: Id<Line>, country: Option<Country>) -> Few<&Bundle> {
        let can = |b: &&Bundle| b.is_live() && b.serves(line) && b.covers(country);
        let mut payers: Few<&Bundle> = self.state.bundles.iter().filter(can).collect();
        payers.as_mut_slice().sort_by_key(|b| rank(b));
        let mut goes_on = false;
        payers.retain(|bundle| {
            let its_turn = !(waits_behind(bundle) && goes_on);
            goes_on |= its_turn && bundle.outlives_its_window();
            its_turn
        });
        payers
    }
}

/// Stable: of equals the older one, which stands first, pays first.
fn rank(bundle: &Bundle) -> (bool, bool, Timestamp) {
    let end = bundle.ends_at().or(bundle.activate_by()).unwrap_or(Timestamp(i64::MAX));
    (bundle.is_waiting(), bundle.line.is_none(), end)
}

/// True if it does not begin while another goes on, even if the current window of that one is empty.
fn waits_behind(bundle: &Bundle) -> bool {
    bundle.is_waiting() && bundle.terms.renewal == RenewalRule::Follow
}
