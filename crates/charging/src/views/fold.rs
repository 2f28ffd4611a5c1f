//! From facts to what changes in the tables: pure, and summed up so that a page of the log costs few statements.

use std::collections::BTreeMap;

use basis::{Country, HOUR_MS, Id, Line, Order, Pool as PoolNoun, Timestamp};

use super::notices::Notice;
use crate::log::{Batch, Entry};
use crate::pool::{Bundle, End, Event, Phase, Place, SessionKey};

/// What some rows of the log change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) usage: BTreeMap<(Id<Line>, i64, Option<Country>), u64>,
    pub(crate) pool_usage: BTreeMap<MemberHour, u64>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) bundles: BTreeMap<Id<Order>, BundleChange>,
    pub(crate) sessions: BTreeMap<SessionKey, SessionChange>,
}

/// A member's use of one bundle in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MemberHour {
    pub(crate) pool: Id<PoolNoun>,
    pub(crate) hour: i64,
    pub(crate) line: Id<Line>,
    /// What paid; `None` if there was nothing at all.
    pub(crate) bundle: Option<Id<Order>>,
}

/// What changes of a bundle.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BundleChange {
    pub(crate) born: Option<(Id<PoolNoun>, Bundle)>,
    /// The pool that it came to.
    pub(crate) pool: Option<Id<PoolNoun>>,
    /// It became its pool's.
    pub(crate) given: bool,
    pub(crate) state: Option<&'static str>,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) granted: u64,
    pub(crate) used: u64,
    pub(crate) expired: u64,
    pub(crate) closed: u64,
}

/// What changes of a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionChange {
    pub(crate) opened: Option<(Id<PoolNoun>, Id<Line>, Timestamp)>,
    /// The pool that it came to.
    pub(crate) pool: Option<Id<PoolNoun>>,
    pub(crate) country: Option<Country>,
    pub(crate) heard_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) octets: u64,
    /// It was forgotten, before everything else that stands here.
    pub(crate) forgotten: bool,
}

/// The first millisecond of the hour.
pub(super) fn hour_of(at: Timestamp) -> i64 {
    at.as_ms().div_euclid(HOUR_MS).saturating_mul(HOUR_MS)
}

/// The word of `charging_bundle.state` for a bundle.
pub(crate) const fn state_of(bundle: &Bundle) -> &'static str {
    match bundle.phase {
        Phase::Waiting => "waiting",
        Phase::Active(_) => "active",
        Phase::Over { end, .. } => word(end),
    }
}

/// The words of `charging_bundle.state`.
const fn word(end: End) -> &'static str {
    match end {
        End::Expired => "expired",
        End::Lapsed => "lapsed",
        End::Closed => "closed",
    }
}

impl Changes {
    /// How many rows of the tables they change.
    pub(crate) fn count(&self) -> usize {
        let tables = [&self.usage.len(), &self.pool_usage.len(), &self.bundles.len(), &self.sessions.len()];
        tables.into_iter().fold(self.notices.len(), |sum, rows| sum.saturating_add(*rows))
    }

    pub(crate) fn add(&mut self, batch: &Batch) {
        for entry in &batch.entries {
            if let Entry::Pool { pool, at, events } = entry {
                for event in events {
                    self.add_event(*pool, *at, event);
                }
            }
        }
    }

    fn add_event(&mut self, pool: Id<PoolNoun>, at: Timestamp, event: &Event) {
        self.add_to_bundle(pool, at, event);
        self.add_to_session(pool, at, event);
        if let Event::Used(used) = event {
            let octets = self.usage.entry((used.line, hour_of(at), used.country)).or_default();
            *octets = octets.saturating_add(used.bytes);
            let member = MemberHour { pool, hour: hour_of(at), line: used.line, bundle: used.bundle };
            add(self.pool_usage.entry(member).or_default(), used.bytes);
        }
        self.notices.extend(Notice::of(pool, at, event));
    }

    fn bundle(&mut self, id: Id<Order>) -> &mut BundleChange {
        self.bundles.entry(id).or_default()
    }

    fn add_to_bundle(&mut self, pool: Id<PoolNoun>, at: Timestamp, event: &Event) {
        match event {
            Event::Credited { bundle, line, terms } => {
                let born = Bundle::new(*bundle, *line, terms.clone().into(), at);
                self.bundle(*bundle).born = Some((pool, born));
            }
            Event::Started { bundle, at } => {
                let change = self.bundle(*bundle);
                change.started_at = Some(*at);
                change.state = Some("active");
            }
            Event::Given(bundle) => self.bundle(*bundle).given = true,
            Event::Arrived { luggage, .. } => {
                luggage.bundles.iter().for_each(|bundle| self.bundle(bundle.id).pool = Some(pool));
            }
            Event::Turned { bundle, expired, granted, .. } => {
                let change = self.bundle(*bundle);
                add(&mut change.expired, *expired);
                add(&mut change.granted, *granted);
            }
            Event::Ended { bundle, at, end, expired } => {
                let change = self.bundle(*bundle);
                change.end(*at, *end);
                add(&mut change.expired, *expired);
            }
            Event::Closed { closed, withdrawn } => {
                let change = self.bundle(closed.bundle);
                change.end(closed.at, End::Closed);
                add(&mut change.closed, *withdrawn);
            }
            Event::Used(used) => {
                if let Some(bundle) = used.bundle {
                    add(&mut self.bundle(bundle).used, used.bytes);
                }
            }
            Event::Freed { bundle, bytes, to: Place::Expired, .. } => {
                add(&mut self.bundle(*bundle).expired, *bytes);
            }
            Event::Freed { bundle, bytes, to: Place::Closed, .. } => {
                add(&mut self.bundle(*bundle).closed, *bytes);
            }
            _ => {}
        }
    }

    fn session(&mut self, key: SessionKey) -> &mut SessionChange {
        self.sessions.entry(key).or_default()
    }

    fn add_to_session(&mut self, pool: Id<PoolNoun>, at: Timestamp, event: &Event) {
        match event {
            Event::Opened { session, line, .. } => {
                let change = self.session(*session);
                change.opened = Some((pool, *line, at));
                change.ended_at = None;
            }
            Event::Arrived { luggage, .. } => {
                luggage.sessions.iter().for_each(|session| self.session(session.key).pool = Some(pool));
            }
            Event::Entered { session, country } => self.session(*session).country = Some(*country),
            Event::Used(used) => add(&mut self.session(used.session).octets, used.bytes),
            Event::Answered { session, .. } => self.session(*session).heard_at = Some(at),
            Event::Lapsed { session, at } => self.session(*session).ended_at = Some(*at),
            Event::Terminated(session) => self.session(*session).ended_at = Some(at),
            Event::Forgotten(session) => {
                *self.session(*session) = SessionChange { forgotten: true, ..SessionChange::default() };
            }
            _ => {}
        }
    }
}

impl BundleChange {
    fn end(&mut self, at: Timestamp, end: End) {
        self.ended_at = Some(at);
        self.state = Some(word(end));
    }
}

fn add(sum: &mut u64, octets: u64) {
    *sum = sum.saturating_add(octets);
}
