//! What is remembered of pools that are not here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use basis::{Id, Line, Pool as PoolNoun};

use super::letters::Wanted;
use crate::pool::{Digits, Pool, SessionKey};

/// How many pools and ways of other nodes are remembered.
const VIEWS_MAX: usize = 10_000;
const WAYS_MAX: usize = 500_000;

/// How old a pool of another node's may be on a page.
const VIEW_AGE_NS: u64 = 1_000_000_000;
/// How old when its owner does not answer.
const VIEW_AGE_MAX_NS: u64 = 60_000_000_000;

/// What was learned from other nodes. Only hints: whoever is asked knows better.
#[derive(Default)]
pub(super) struct Far {
    views: Mutex<HashMap<Id<PoolNoun>, View>>,
    ways: Mutex<HashMap<Name, Way>>,
}

/// A pool of another node's.
#[derive(Default)]
struct View {
    /// As its owner showed it last, if it has.
    pool: Option<Arc<Pool>>,
    /// When, by our monotonic clock.
    at_ns: u64,
    /// It has changed since.
    overtaken: bool,
    /// How many changes its owner has told of.
    changes: u64,
}

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

    /// A pool as its owner showed it, unless that is too long ago or it has told of a change since.
    pub(super) fn fresh(&self, pool: Id<PoolNoun>, now_ns: u64) -> Option<Arc<Pool>> {
        self.look(pool, |view| !view.overtaken && now_ns.saturating_sub(view.at_ns) <= VIEW_AGE_NS)
    }

    /// The same, for the case that its owner does not answer.
    pub(super) fn old(&self, pool: Id<PoolNoun>, now_ns: u64) -> Option<Arc<Pool>> {
        self.look(pool, |view| now_ns.saturating_sub(view.at_ns) <= VIEW_AGE_MAX_NS)
    }

    fn look(&self, pool: Id<PoolNoun>, is_good: impl Fn(&View) -> bool) -> Option<Arc<Pool>> {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.get(&pool).filter(|view| is_good(view))?.pool.clone()
    }

    /// How many changes of the pool we have heard of: for who is about to ask its owner.
    pub(super) fn changes(&self, pool: Id<PoolNoun>) -> u64 {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.len() > VIEWS_MAX {
            views.clear();
        }
        views.entry(pool).or_default().changes
    }

    /// What its owner answered to who had heard of so many changes. If one more was told meanwhile, the answer may be from
    /// before it: a page that turns for that change must not get it.
    pub(super) fn see(&self, pool: &Arc<Pool>, changes: u64, now_ns: u64) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let view = views.entry(pool.id()).or_default();
        (view.pool, view.at_ns, view.overtaken) = (Some(pool.clone()), now_ns, view.changes != changes);
    }

    /// Its owner tells that it has changed.
    pub(super) fn overtaken(&self, pool: Id<PoolNoun>) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.get_mut(&pool).into_iter().for_each(View::overtake);
    }

    /// Any may have changed.
    pub(super) fn all_overtaken(&self) {
        self.views.lock().unwrap_or_else(PoisonError::into_inner).values_mut().for_each(View::overtake);
    }
}

impl View {
    const fn overtake(&mut self) {
        self.overtaken = true;
        self.changes = self.changes.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_a_change_has_overtaken_is_not_shown_again() {
        let (far, pool) = (Far::default(), Arc::new(Pool::new(Id::from_u128(1))));
        let asked = far.changes(pool.id());
        far.see(&pool, asked, 0);
        assert!(far.fresh(pool.id(), VIEW_AGE_NS).is_some());
        assert!(far.fresh(pool.id(), VIEW_AGE_NS + 1).is_none());

        let asked = far.changes(pool.id());
        far.overtaken(pool.id());
        far.see(&pool, asked, 0);
        assert!(far.fresh(pool.id(), 0).is_none(), "it may be from before the change");
        assert!(far.old(pool.id(), VIEW_AGE_MAX_NS).is_some(), "better than nothing");
        assert!(far.old(pool.id(), VIEW_AGE_MAX_NS + 1).is_none());
    }
}
