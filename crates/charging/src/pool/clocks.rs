//! What happens by itself: windows turn, bundles end or begin, what silent sessions hold is released.

use basis::{Id, Order, RenewalRule, StartRule, Timestamp};

use super::{Bundle, End, Event, Group, Life, NEVER, Phase, Pool, SessionKey, decision::Decision};

/// Whose clock comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Bundle(Id<Order>),
    Session(SessionKey),
}

impl Pool {
    /// The next moment at which something happens by itself, and to what.
    pub(super) fn earliest_turn(&self) -> Option<(Timestamp, Turn)> {
        let bundles = self.state.bundles.iter().filter_map(|b| Some((b.next_turn()?, Turn::Bundle(b.id))));
        let sessions = self.state.sessions.iter().map(|s| (s.next_turn(), Turn::Session(s.key)));
        bundles.chain(sessions).min()
    }
}

impl Decision<'_> {
    /// Catches up with the clock, one thing after the other in the order of time.
    pub(super) fn run_clocks(&mut self) {
        if self.pool.deadline > self.now {
            return;
        }
        let mut next = self.pool.earliest_turn();
        while let Some((at, turn)) = next.filter(|(at, _)| *at <= self.now) {
            match turn {
                Turn::Bundle(bundle) => self.turn_bundle(bundle, at),
                Turn::Session(session) => self.turn_session(session, at),
            }
            next = self.pool.earliest_turn();
        }
        self.pool.deadline = next.map_or(NEVER, |(at, _)| at);
    }

    fn turn_bundle(&mut self, id: Id<Order>, at: Timestamp) {
        let Some(bundle) = self.pool.bundle(id) else { return };
        let expired = bundle.free();
        let event = match bundle.phase {
            // A session holds quota of it at its last moment: it is being used.
            Phase::Waiting if bundle.figures.reserved > 0 => Event::Started { bundle: id, at },
            Phase::Waiting => Event::Ended { bundle: id, at, end: End::Lapsed, expired },
            Phase::Active(_) if bundle.windows_to_come() == 0 => {
                Event::Ended { bundle: id, at, end: End::Expired, expired }
            }
            Phase::Active(_) => {
                let (window, granted) = (bundle.window.saturating_add(1), bundle.next_window_bytes());
                Event::Turned { bundle: id, window, expired, granted }
            }
            Phase::Over { .. } => Event::Retired(id),
        };
        self.record(event);
        self.start_followers(at);
    }

    fn turn_session(&mut self, key: SessionKey, at: Timestamp) {
        let Some(session) = self.pool.session(key) else { return };
        let Life::Open { lapses_at } = session.life else { return self.record(Event::Forgotten(key)) };
        let lapses = lapses_at <= at;
        let due = |group: &&Group| lapses || group.until <= at;
        let due: Vec<_> = session.groups.iter().filter(due).map(|group| group.id).collect();
        for group in due {
            self.release(key, group);
        }
        if lapses {
            self.record(Event::Lapsed { session: key, at });
        }
    }

    /// Begins the bundles that begin by themselves and wait for nothing any more.
    pub(super) fn start_followers(&mut self, at: Timestamp) {
        while let Some(bundle) = self.pool.next_follower() {
            self.record(Event::Started { bundle, at });
        }
    }
}

impl Pool {
    fn next_follower(&self) -> Option<Id<Order>> {
        let mut bundles = self.state.bundles.iter();
        bundles
            .find(|b| b.is_waiting() && b.terms.start == StartRule::AtPurchase && !self.queues(b))
            .map(|b| b.id)
    }

    /// True if it waits for another bundle to end or to be used up.
    fn queues(&self, bundle: &Bundle) -> bool {
        let mut before = self.state.bundles.iter().take_while(|b| b.id != bundle.id);
        bundle.terms.renewal == RenewalRule::Follow && before.any(|b| blocks(b, bundle))
    }
}

/// True while the first keeps the second, which follows, from beginning.
fn blocks(first: &Bundle, second: &Bundle) -> bool {
    let same_lines = first.line.is_none() || second.line.is_none() || first.line == second.line;
    let same_places = first.terms.coverage.intersects(&second.terms.coverage);
    first.is_live() && !first.is_used_up() && same_lines && same_places
}
