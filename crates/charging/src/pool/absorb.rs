//! How events change a pool. No rule stands here: whatever the events say, happens.

use std::sync::Arc;

use basis::{Id, Line, Order, Timestamp};

use super::{
    Bundle, Caps, End, Event, Life, LineIdentity, Member, Meter, NEVER, Past, Phase, Pool, Session,
    SessionKey, Share, State, Use,
};

impl Pool {
    /// The pool of a snapshot.
    pub fn restore(state: State) -> Self {
        let mut pool = Self { state, deadline: NEVER };
        pool.deadline = pool.earliest_turn().map_or(NEVER, |(at, _)| at);
        pool
    }

    /// Takes in what happened at `at`.
    pub fn absorb(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Joined(identity) => self.join(*identity),
            Event::Barred { line, barred } => self.with_member(*line, |member| member.barred = *barred),
            Event::Capped { line, caps } => self.cap(at, *line, *caps),
            Event::Paused { line, paused } => self.with_member(*line, |member| member.paused = *paused),
            Event::Voided(order) => self.past().voided.push(*order),
            Event::Credited { .. }
            | Event::Started { .. }
            | Event::Turned { .. }
            | Event::Ended { .. }
            | Event::Closed { .. }
            | Event::Given(_)
            | Event::Retired(_) => self.absorb_bundle(at, event),
            Event::Used(used) => self.spend(at, used),
            Event::Freed { .. } | Event::Reserved { .. } => self.absorb_share(at, event),
            Event::Departed { .. } | Event::Arrived { .. } | Event::Parted(_) => self.absorb_move(event),
            _ => self.absorb_session(at, event),
        }
    }

    /// The lives of bundles.
    fn absorb_bundle(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Credited { bundle, line, terms } => {
                self.state.bundles.push(Bundle::new(*bundle, *line, terms.clone().into(), at));
                self.with_bundle(*bundle, |_| {});
            }
            Event::Given(bundle) => self.share_out(*bundle),
            Event::Started { bundle, at } => self.with_bundle(*bundle, |b| b.phase = Phase::Active(*at)),
            Event::Turned { bundle, window, expired, granted } => self.with_bundle(*bundle, |b| {
                b.window = *window;
                b.figures.expire(*expired);
                b.figures.grant(*granted);
            }),
            Event::Ended { bundle, at, end, expired } => self.with_bundle(*bundle, |b| {
                b.figures.expire(*expired);
                end_bundle(b, *at, *end);
            }),
            Event::Closed { closed, withdrawn } => {
                self.past().closed.push(*closed);
                self.with_bundle(closed.bundle, |b| {
                    b.figures.withdraw(*withdrawn);
                    end_bundle(b, at, End::Closed);
                });
            }
            Event::Retired(bundle) => {
                self.state.bundles.retain(|b| b.id != *bundle);
                self.past().retired.push(*bundle);
            }
            _ => {}
        }
    }

    /// What sessions take and give back.
    fn absorb_share(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Reserved { session, group, bundle, window, bytes, until } => {
                let share = Share { bundle: *bundle, window: *window, bytes: *bytes };
                self.with_session(*session, |s| s.hold(*group, at, *until, share));
                self.with_bundle(*bundle, |b| b.figures.reserve(*bytes));
                self.meter(*session, *bundle, |meter| meter.reserved = meter.reserved.saturating_add(*bytes));
            }
            Event::Freed { session, group, bundle, bytes, to } => {
                self.with_session(*session, |s| s.give(*group, *bundle, *bytes));
                self.with_bundle(*bundle, |b| b.figures.release(*bytes, *to));
                self.meter(*session, *bundle, |meter| meter.reserved = meter.reserved.saturating_sub(*bytes));
            }
            _ => {}
        }
    }

    fn spend(&mut self, at: Timestamp, used: &Use) {
        let Use { session, group, bundle, held, bytes, .. } = *used;
        let Some(bundle) = bundle else {
            let past = self.past();
            past.unpaid = past.unpaid.saturating_add(bytes);
            return;
        };
        if held {
            self.with_session(session, |s| s.give(group, bundle, bytes));
        }
        self.with_bundle(bundle, |b| b.figures.spend(bytes, held));
        self.meter(session, bundle, |meter| {
            meter.count(at, bytes);
            meter.reserved = meter.reserved.saturating_sub(if held { bytes } else { 0 });
        });
    }

    /// The lives of sessions.
    fn absorb_session(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Opened { session, line, lapses_at } => self.open(at, *session, *line, *lapses_at),
            Event::Entered { session, country } => {
                self.with_session(*session, |s| s.country = Some(*country));
            }
            Event::Answered { session, number, lapses_at, answer } => self.with_session(*session, |s| {
                s.heard_at = at;
                s.ring.keep(*number, answer.clone());
                if let (Some(lapses_at), true) = (*lapses_at, s.is_open()) {
                    s.life = Life::Open { lapses_at };
                }
            }),
            Event::Lapsed { session, at } => self.with_session(*session, |s| s.life = Life::Lapsed(*at)),
            Event::Terminated(session) => self.with_session(*session, |s| s.life = Life::Terminated(at)),
            Event::Forgotten(session) => {
                self.state.sessions.take(&[*session]);
            }
            _ => {}
        }
    }

    fn join(&mut self, identity: LineIdentity) {
        if self.member(identity.line).is_some() {
            self.with_member(identity.line, |member| member.identity = identity);
        } else {
            self.state.members.push(Member { identity, barred: false, paused: false, meter: None });
        }
    }

    fn cap(&mut self, at: Timestamp, line: Id<Line>, caps: Caps) {
        let reserved = self.shared_reserved(line);
        self.with_member(line, |member| match &mut member.meter {
            _ if caps == Caps::default() => member.meter = None,
            Some(meter) => meter.caps = caps,
            None => member.meter = Some(Box::new(Meter::new(caps, at, reserved))),
        });
    }

    /// It is the pool's from now on; what its line holds of it counts against the line's caps.
    fn share_out(&mut self, bundle: Id<Order>) {
        let Some(line) = self.bundle(bundle).and_then(|b| b.line) else { return };
        self.with_bundle(bundle, |b| b.line = None);
        let reserved = self.shared_reserved(line);
        self.with_member(line, |member| {
            if let Some(meter) = member.meter.as_deref_mut() {
                meter.reserved = reserved;
            }
        });
    }

    /// Octets that the sessions of a line hold of shared bundles.
    pub(super) fn shared_reserved(&self, line: Id<Line>) -> u64 {
        let sessions = self.state.sessions.iter().filter(|session| session.line == line);
        let shares = sessions.flat_map(|session| session.groups.iter()).flat_map(|group| group.shares.iter());
        shares.filter(|share| self.is_shared(share.bundle)).map(|share| share.bytes).sum()
    }

    fn is_shared(&self, bundle: Id<Order>) -> bool {
        self.bundle(bundle).is_some_and(|b| b.line.is_none())
    }

    fn open(&mut self, at: Timestamp, key: SessionKey, line: Id<Line>, lapses_at: Timestamp) {
        self.state.sessions.put(Arc::new(Session::new(key, line, at)));
        self.with_session(key, |s| s.life = Life::Open { lapses_at });
    }

    pub(super) fn past(&mut self) -> &mut Past {
        self.state.past.get_or_insert_default()
    }

    fn with_member(&mut self, line: Id<Line>, change: impl FnOnce(&mut Member)) {
        if let Some(member) =
            self.state.members.as_mut_slice().iter_mut().find(|member| member.line() == line)
        {
            change(member);
        }
    }

    /// Counts against the caps of a session's line, if it has some and the bundle is shared.
    fn meter(&mut self, session: SessionKey, bundle: Id<Order>, change: impl FnOnce(&mut Meter)) {
        let Some(line) = self.session(session).map(|s| s.line).filter(|_| self.is_shared(bundle)) else {
            return;
        };
        self.with_member(line, |member| {
            if let Some(meter) = member.meter.as_deref_mut() {
                change(meter);
            }
        });
    }

    fn with_bundle(&mut self, id: Id<Order>, change: impl FnOnce(&mut Bundle)) {
        if let Some(bundle) = self.state.bundles.as_mut_slice().iter_mut().find(|bundle| bundle.id == id) {
            change(bundle);
            self.deadline = self.deadline.min(bundle.next_turn().unwrap_or(NEVER));
        }
    }

    fn with_session(&mut self, key: SessionKey, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.state.sessions.change(key, change) {
            self.deadline = self.deadline.min(session.next_turn());
        }
    }
}

/// A bundle that is over already stays as it ended.
const fn end_bundle(bundle: &mut Bundle, at: Timestamp, end: End) {
    if bundle.is_live() {
        bundle.phase = Phase::Over { started_at: bundle.started_at(), at, end };
    }
}
