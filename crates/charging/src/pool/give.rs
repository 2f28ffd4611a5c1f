//! What was one line's own becomes everyone's in the pool.

use basis::{Id, Order};

use super::{Event, GiveReply, decision::Decision};

impl Decision<'_> {
    /// Gives a line's own bundle to the pool. For good: the others may have used of it since.
    pub(super) fn give(&mut self, id: Id<Order>) -> GiveReply {
        match self.pool.bundle(id) {
            None => GiveReply::UnknownBundle,
            Some(bundle) if bundle.line.is_none() => GiveReply::Given,
            Some(bundle) if !bundle.is_live() => GiveReply::Over,
            Some(bundle) if !bundle.terms.shareable => GiveReply::NotShareable,
            Some(_) => {
                self.record(Event::Given(id));
                GiveReply::Given
            }
        }
    }
}
