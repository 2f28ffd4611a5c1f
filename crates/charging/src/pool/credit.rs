//! Orders become bundles, or never do; a change of plan ends a bundle early.

use basis::{Id, Line, Order, Timestamp};

use super::{
    Bundle, CloseReply, Closed, Credit, CreditReply, Event, Fate, Phase, Pool, VoidReply, decision::Decision,
};

impl Decision<'_> {
    /// Delivers an order, once; of credit and void the first one wins for ever. It closes nothing: what a plan replaces is
    /// for whoever sold it to name, see [`Decision::close`].
    pub(super) fn credit(&mut self, credit: &Credit) -> CreditReply {
        match self.pool.fate(credit.order) {
            Fate::Credited => return CreditReply::AlreadyCredited,
            Fate::Voided => return CreditReply::Voided,
            Fate::Unknown => {}
        }
        if let Some(no) = self.pool.objection(credit) {
            if no == CreditReply::Voided {
                self.record(Event::Voided(credit.order));
            }
            return no;
        }
        let Credit { order: bundle, line, terms } = credit.clone();
        self.record(Event::Credited { bundle, line, terms });
        self.start_followers(self.now);
        let bundle = self.pool.bundle(bundle);
        CreditReply::Credited {
            started_at: bundle.and_then(Bundle::started_at),
            ends_at: bundle.and_then(Bundle::ends_at),
        }
    }

    /// Makes sure that an order is never delivered, if it was not.
    pub(super) fn void(&mut self, order: Id<Order>) -> VoidReply {
        match self.pool.fate(order) {
            Fate::Credited => VoidReply::Credited,
            Fate::Voided => VoidReply::Voided,
            Fate::Unknown => {
                self.record(Event::Voided(order));
                VoidReply::Voided
            }
        }
    }

    /// Ends a bundle now and says what was unused; again: the same answer. One that is over stays as it ended.
    pub(super) fn close(&mut self, bundle: Id<Order>) -> CloseReply {
        if let Some(closed) = self.pool.closed(bundle) {
            return CloseReply::Closed(closed);
        }
        let Some(bundle) = self.pool.bundle(bundle) else { return CloseReply::UnknownBundle };
        if let Phase::Over { at, .. } = bundle.phase {
            return CloseReply::Closed(closing(bundle, at));
        }
        let (closed, withdrawn) = (closing(bundle, self.now), bundle.free());
        self.record(Event::Closed { closed, withdrawn });
        CloseReply::Closed(closed)
    }

    /// The same, unless the line has given it to everyone: that was for good.
    pub(super) fn close_own(&mut self, bundle: Id<Order>, line: Id<Line>) -> CloseReply {
        let given = |bundle: &Bundle| bundle.is_live() && bundle.line != Some(line);
        if self.pool.bundle(bundle).is_some_and(given) { CloseReply::Shared } else { self.close(bundle) }
    }
}

impl Pool {
    /// Why an order cannot be delivered: now, or ever if its line has left the pool.
    fn objection(&self, credit: &Credit) -> Option<CreditReply> {
        let Some(line) = credit.line else {
            return (!credit.terms.shareable).then_some(CreditReply::NotShareable);
        };
        match self.member(line) {
            None if self.gone(line).is_some() => Some(CreditReply::Voided),
            None => Some(CreditReply::UnknownLine),
            Some(member) => member.barred.then_some(CreditReply::Barred),
        }
    }

    pub(super) fn closed(&self, bundle: Id<Order>) -> Option<Closed> {
        self.state.past.as_ref()?.closed.iter().find(|closed| closed.bundle == bundle).copied()
    }
}

/// What closing a bundle gives back. What sessions hold may yet be used, so it is not unused.
fn closing(bundle: &Bundle, at: Timestamp) -> Closed {
    let total_ms = bundle.total_ms();
    let (unused_bytes, unused_ms, unstarted_days) = match bundle.phase {
        Phase::Over { .. } => (0, 0, 0),
        Phase::Waiting => (bundle.free(), total_ms, bundle.terms.days),
        Phase::Active(start) => {
            let begun = at.since(start).div_euclid(basis::DAY_MS).saturating_add(1);
            let begun = u32::try_from(begun).unwrap_or(u32::MAX);
            let left = total_ms.saturating_sub(at.since(start)).max(0);
            (bundle.free(), left, bundle.terms.days.saturating_sub(begun))
        }
    };
    let to_come = if bundle.is_live() { bundle.bytes_to_come() } else { 0 };
    Closed {
        bundle: bundle.id,
        at,
        unused_bytes: unused_bytes.saturating_add(to_come),
        total_bytes: bundle.total_bytes(),
        unused_ms,
        total_ms,
        unstarted_days,
        total_days: bundle.terms.days,
    }
}
