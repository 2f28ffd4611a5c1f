//! The lines by each of their names: one list of them, and for each kind of name a table of places in it.

use std::hash::{BuildHasher as _, Hash, RandomState};

use basis::{Id, Line, Pool as PoolNoun};
use hashbrown::{HashTable, hash_table::Entry};

use crate::pool::{Digits, LineIdentity};

/// A line, and the pool that it draws from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) identity: LineIdentity,
    pub(super) pool: Id<PoolNoun>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Lines {
    all: Vec<Known>,
    by_line: Index<Id<Line>>,
    by_imsi: Index<Digits>,
    by_msisdn: Index<Digits>,
}

/// Where those stand who have a name of one kind.
#[derive(Debug)]
struct Index<Name> {
    places: HashTable<u32>,
    hasher: RandomState,
    name: fn(&Known) -> Option<Name>,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            by_line: Index::by(|known| Some(known.identity.line)),
            by_imsi: Index::by(|known| Some(known.identity.imsi)),
            by_msisdn: Index::by(|known| known.identity.msisdn),
        }
    }
}

impl Lines {
    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.all.reserve(more);
        self.by_line.reserve(more, &self.all);
        self.by_imsi.reserve(more, &self.all);
    }

    pub(super) fn of_line(&self, line: Id<Line>) -> Option<&Known> {
        self.by_line.find(&line, &self.all)
    }

    /// By IMSI, else by number.
    pub(super) fn of_digits(&self, imsi: Option<Digits>, msisdn: Option<Digits>) -> Option<&Known> {
        let by_imsi = imsi.and_then(|imsi| self.by_imsi.find(&imsi, &self.all));
        by_imsi.or_else(|| self.by_msisdn.find(&msisdn?, &self.all))
    }

    /// Puts a line in, for what was known of it before.
    pub(super) fn put(&mut self, known: Known) {
        let Some(place) = self.by_line.place(&known.identity.line, &self.all) else {
            let place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
            self.all.push(known);
            return self.point_to(place);
        };
        self.by_imsi.forget(place, &self.all);
        self.by_msisdn.forget(place, &self.all);
        if let Some(before) = self.all.get_mut(at(place)) {
            *before = known;
        }
        self.point_to(place);
    }

    /// Keeps only the lines of which this is true.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Known) -> bool) {
        let mut kept = std::mem::take(self);
        kept.all.retain(keep);
        self.reserve(kept.all.len());
        kept.all.into_iter().for_each(|known| self.put(known));
    }

    fn point_to(&mut self, place: u32) {
        self.by_line.point_to(place, &self.all);
        self.by_imsi.point_to(place, &self.all);
        self.by_msisdn.point_to(place, &self.all);
    }
}

impl<Name: Hash + Eq> Index<Name> {
    fn by(name: fn(&Known) -> Option<Name>) -> Self {
        Self { places: HashTable::new(), hasher: RandomState::new(), name }
    }

    fn name(&self, place: u32, all: &[Known]) -> Option<Name> {
        all.get(at(place)).and_then(self.name)
    }

    fn place(&self, name: &Name, all: &[Known]) -> Option<u32> {
        let same = |place: &u32| self.name(*place, all).as_ref() == Some(name);
        self.places.find(self.hasher.hash_one(name), same).copied()
    }

    fn find<'a>(&self, name: &Name, all: &'a [Known]) -> Option<&'a Known> {
        all.get(at(self.place(name, all)?))
    }

    fn reserve(&mut self, more: usize, all: &[Known]) {
        let Self { places, hasher, name } = self;
        places.reserve(more, |place| hash_of(hasher, *name, *place, all));
    }

    /// Lets the name of whoever stands there mean this place.
    fn point_to(&mut self, place: u32, all: &[Known]) {
        let Some(name) = self.name(place, all) else { return };
        match self.entry(&name, all) {
            Entry::Occupied(mut before) => *before.get_mut() = place,
            Entry::Vacant(free) => drop(free.insert(place)),
        }
    }

    /// The name of whoever stands there means this place no longer.
    fn forget(&mut self, place: u32, all: &[Known]) {
        let Some(name) = self.name(place, all) else { return };
        if let Entry::Occupied(there) = self.entry(&name, all)
            && *there.get() == place
        {
            there.remove();
        }
    }

    fn entry(&mut self, wanted: &Name, all: &[Known]) -> Entry<'_, u32> {
        let Self { places, hasher, name } = self;
        let same = |place: &u32| all.get(at(*place)).and_then(*name).as_ref() == Some(wanted);
        places.entry(hasher.hash_one(wanted), same, |place| hash_of(hasher, *name, *place, all))
    }
}

fn hash_of<Name: Hash>(
    hasher: &RandomState,
    name: fn(&Known) -> Option<Name>,
    place: u32,
    all: &[Known],
) -> u64 {
    // Each place in a table has a name: it was found by it.
    all.get(at(place)).and_then(name).map_or(0, |name| hasher.hash_one(name))
}

fn at(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(line: u128, imsi: &str, msisdn: Option<&str>, pool: u128) -> Known {
        let msisdn = msisdn.map(|number| number.parse().unwrap());
        let identity = LineIdentity { line: Id::from_u128(line), imsi: imsi.parse().unwrap(), msisdn };
        Known { identity, pool: Id::from_u128(pool) }
    }

    #[test]
    fn a_line_is_found_by_the_names_that_it_has_now() {
        let mut lines = Lines::default();
        for n in 0..100 {
            lines.put(known(n, &format!("00101{n}"), None, n));
        }
        lines.put(known(7, "00102", Some("8613800138000"), 1));
        let pool = |found: Option<&Known>| found.map(|known| known.pool.as_u128());
        let imsi = |lines: &Lines, imsi: &str| pool(lines.of_digits(imsi.parse().ok(), None));
        assert_eq!(pool(lines.of_line(Id::from_u128(7))), Some(1));
        assert_eq!(pool(lines.of_digits(None, "8613800138000".parse().ok())), Some(1));
        assert_eq!(imsi(&lines, "00102"), Some(1));
        assert_eq!(imsi(&lines, "001017"), None, "it has another now");
        assert_eq!(imsi(&lines, "001018"), Some(8));
        lines.put(known(8, "00102", None, 2));
        assert_eq!(imsi(&lines, "00102"), Some(2), "the last to claim it");
        lines.put(known(7, "00103", None, 3));
        assert_eq!(imsi(&lines, "00102"), Some(2), "and it stays there");
    }

    #[test]
    fn what_is_kept_is_found_and_nothing_else() {
        let mut lines = Lines::default();
        for n in 0..100 {
            lines.put(known(n, &format!("00101{n}"), Some(&format!("86{n}")), n));
        }
        lines.retain(|known| known.pool.as_u128() % 2 == 0);
        for n in 0..100 {
            let kept = n % 2 == 0;
            assert_eq!(lines.of_line(Id::from_u128(n)).is_some(), kept);
            assert_eq!(lines.of_digits(format!("00101{n}").parse().ok(), None).is_some(), kept);
            assert_eq!(lines.of_digits(None, format!("86{n}").parse().ok()).is_some(), kept);
        }
    }
}
