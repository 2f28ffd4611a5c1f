//! What is remembered of pools that are not here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use basis::{Id, Line, Pool as PoolNoun};

use super::far::VIEW_AGE_NS;
use super::letters::Wanted;
use crate::pool::{Digits, Pool, SessionKey};

/// How many pools and ways of other nodes are remembered.
const VIEWS_MAX: usize = 10_000;
const WAYS_MAX: usize = 500_000;

/// What was learned from other nodes. Only hints: whoever is asked knows better.
#[derive(Default)]
pub(super) struct Far {
    views: Mutex<HashMap<Id<PoolNoun>, View>>,
    ways: Mutex<HashMap<Name, Way>>,
}

/// A pool as it was at a moment of our monotonic clock.
type View = (Arc<Pool>, u64);
/// A line, if it is known, and its pool or its session's.
type Way = (Option<Id<Line>>, Id<PoolNoun>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Name {
    Session(SessionKey),
    Imsi(Digits),
    Msisdn(Digits),
}

fn names(wanted: &Wanted) -> impl Iterator<Item = Name> {
    let numbers = [wanted.imsi.map(Name::Imsi), wanted.msisdn.map(Name::Msisdn)];
    [wanted.session.map(Name::Session)].into_iter().chain(numbers).flatten()
}

impl Far {
    pub(super) fn way(&self, wanted: &Wanted) -> Option<Way> {
        let ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        names(wanted).find_map(|name| ways.get(&name).copied())
    }

    pub(super) fn learn(&self, wanted: &Wanted, line: Option<Id<Line>>, pool: Id<PoolNoun>) {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.len() > WAYS_MAX {
            ways.clear();
        }
        ways.extend(names(wanted).map(|name| (name, (line, pool))));
    }

    pub(super) fn unlearn(&self, wanted: &Wanted) {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names(wanted) {
            ways.remove(&name);
        }
    }

    pub(super) fn seen(&self, pool: Id<PoolNoun>, now_ns: u64, age_max_ns: u64) -> Option<Arc<Pool>> {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views
            .get(&pool)
            .filter(|(_, at)| now_ns.saturating_sub(*at) <= age_max_ns)
            .map(|(pool, _)| pool.clone())
    }

    pub(super) fn see(&self, pool: &Arc<Pool>, now_ns: u64) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.len() > VIEWS_MAX {
            views.clear();
        }
        views.insert(pool.id(), (pool.clone(), now_ns));
    }

    /// It has changed: what we have is for the case that its owner does not answer.
    pub(super) fn overtaken(&self, pool: Id<PoolNoun>) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, at)) = views.get_mut(&pool) {
            *at = at.saturating_sub(VIEW_AGE_NS);
        }
    }
}
