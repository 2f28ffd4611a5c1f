//! Use is debited: first to what the session holds, in the order it was reserved, then beyond.

use basis::{Id, Order};

use super::{Bundle, End, Event, Phase, Place, Pool, Session, SessionKey, Share, Use, decision::Decision};

/// What a report tells about a group's pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// It held nothing: no pace is known.
    First,
    /// It used so many octets in so many milliseconds.
    Pace {
        /// Octets.
        bytes: u64,
        /// Milliseconds since the grant.
        ms: i64,
    },
}

impl Decision<'_> {
    /// Debits what a group reports and gives back what it held and did not use.
    pub(super) fn settle(&mut self, key: SessionKey, group: Option<u32>, used: u64) -> Report {
        let (shares, report) = match self.pool.session(key).and_then(|session| session.group(group)) {
            None => (super::Few::None, Report::First),
            Some(held) => (held.shares.clone(), Report::Pace { bytes: used, ms: self.now.since(held.since) }),
        };
        let mut left = used;
        for share in shares.iter() {
            let bytes = share.bytes.min(left);
            left = left.saturating_sub(bytes);
            self.pay(key, group, Some(share.bundle), true, bytes);
            self.free(key, group, Share { bytes: share.bytes.saturating_sub(bytes), ..*share });
        }
        self.overrun(key, group, left, shares.last().map(|share| share.bundle));
        report
    }

    /// Debits use that no share was held for: to the next bundles with something left, the rest to the last one. What a
    /// session used while it was slow is none of theirs.
    pub(super) fn overrun(
        &mut self,
        key: SessionKey,
        group: Option<u32>,
        used: u64,
        last: Option<Id<Order>>,
    ) {
        if used == 0 {
            return;
        }
        let Some(session) = self.pool.session(key) else { return };
        let payers = self.pool.payers(session.line, session.country);
        let slow = payers.iter().find(|bundle| bundle.is_slow_beyond() && session.is_slow(group));
        if let Some(slow) = slow.map(|bundle| bundle.id) {
            return self.pay(key, group, Some(slow), false, used);
        }
        let last = last.or(payers.last().map(|b| b.id)).or_else(|| self.pool.debtor(session));
        let parts: super::Few<_> = payers.iter().map(|b| (b.id, b.free())).collect();
        let mut left = used;
        for (bundle, free) in parts {
            let bytes = free.min(left);
            left = left.saturating_sub(bytes);
            self.pay(key, group, Some(bundle), false, bytes);
        }
        self.pay(key, group, last, false, left);
    }

    /// Debits one bundle; its first byte starts a waiting one.
    fn pay(
        &mut self,
        key: SessionKey,
        group: Option<u32>,
        bundle: Option<Id<Order>>,
        held: bool,
        bytes: u64,
    ) {
        if bytes == 0 {
            return;
        }
        let Some(session) = self.pool.session(key) else { return };
        let (line, country) = (session.line, session.country);
        if let Some(bundle) = bundle.filter(|id| self.pool.bundle(*id).is_some_and(Bundle::is_waiting)) {
            self.record(Event::Started { bundle, at: self.now });
        }
        self.spend(Use { session: key, group, line, country, bundle, held, bytes });
    }

    /// Gives back everything that a group holds.
    pub(super) fn release(&mut self, key: SessionKey, group: Option<u32>) {
        let held = self.pool.session(key).and_then(|session| session.group(group));
        let shares = held.map(|group| group.shares.clone()).unwrap_or_default();
        for share in shares {
            self.free(key, group, share);
        }
    }

    /// Gives back everything that a session holds.
    pub(super) fn release_all(&mut self, key: SessionKey) {
        while let Some(group) = self.pool.session(key).and_then(|session| session.groups.first()) {
            self.release(key, group.id);
        }
    }

    fn free(&mut self, session: SessionKey, group: Option<u32>, share: Share) {
        let Share { bundle, window, bytes } = share;
        if bytes > 0 {
            let to = self.pool.bundle(bundle).map_or(Place::Expired, |b| home(b, window));
            self.drain(bundle, Event::Freed { session, group, bundle, bytes, to });
        }
    }
}

impl Pool {
    /// When nothing can pay: the newest bundle that ever could.
    fn debtor(&self, session: &Session) -> Option<Id<Order>> {
        let could = |b: &&Bundle| b.serves(session.line) && b.covers(session.country);
        self.state.bundles.iter().rev().find(could).map(|b| b.id)
    }
}

/// Where octets of a bundle's window go when a session gives them back.
fn home(bundle: &Bundle, window: u32) -> Place {
    match bundle.phase {
        Phase::Over { end: End::Closed, .. } => Place::Closed,
        Phase::Over { .. } => Place::Expired,
        _ if bundle.window != window => Place::Expired,
        _ => Place::Available,
    }
}
