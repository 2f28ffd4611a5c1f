//! Where a line stands, from its bundles: pure decisions, no words.

use basis::{Allowance, Country, DAY_MS, Id, Line, Order, Terms, Timestamp};

/// Below this share of the allowance the data is low, in percent.
const LOW_PERCENT: u64 = 10;

/// A bundle as a page needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BundleNow {
    /// Its id, which is its order's.
    pub(crate) id: Id<Order>,
    /// Whose own it is; `None` if the pool shares it.
    pub(crate) line: Option<Id<Line>>,
    /// What it promises.
    pub(crate) terms: Terms,
    /// Where it is in its life.
    pub(crate) phase: Phase,
    /// Octets left of the current window (of the whole, if the allowance is fixed), what gateways hold included.
    pub(crate) left: u64,
    /// Octets of a window (of the whole, if the allowance is fixed).
    pub(crate) total: u64,
    /// Later windows bring more.
    pub(crate) more_to_come: bool,
    /// The line goes on with it, slower.
    pub(crate) slower: Option<Slower>,
    /// What the line may take of it, if it is everyone's; what is left is counted accordingly.
    pub(crate) limit: Limit,
    /// When it was delivered.
    pub(crate) credited_at: Timestamp,
    /// When it is, or was, over; while it waits, until when it must begin.
    pub(crate) ends_at: Option<Timestamp>,
}

/// The octets of a window at full speed are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slower {
    /// When full speed comes back by itself; `None`: not with this bundle any more.
    pub(crate) until: Option<Timestamp>,
}

/// What the managers of a shared pool let a line take of what is everyone's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// All there is.
    Open,
    /// Less than there is.
    Capped,
    /// Nothing now.
    Paused,
}

/// Where a bundle is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It begins with the first use, or when what is before it is over.
    Waiting,
    /// Its days run.
    Active,
    /// It is over.
    Over,
}

/// What a person should know about a line at one glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Who knows it does not answer now.
    Unknown,
    /// An operator has stopped it.
    Barred,
    /// A manager of its pool has paused what it takes of the shared data, and it has nothing else.
    Paused,
    /// It has used what it may take of the shared data, and it has nothing else.
    AtCap,
    /// It never had a bundle.
    NoPlan,
    /// Its bundle begins with the first use.
    Waiting,
    /// There is enough.
    Active,
    /// There is little data left.
    Low,
    /// There is less than a day left.
    EndsSoon,
    /// The window's data at full speed is used up; it goes on slower.
    Slower,
    /// The window's data is used up; the next window brings more.
    UsedUpToday,
    /// Everything is used up.
    UsedUp,
    /// Its days are over.
    Over,
}

impl BundleNow {
    /// Where it stands by itself.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        match self.phase {
            Phase::Over => Standing::Over,
            _ if self.limit == Limit::Paused => Standing::Paused,
            _ if self.limit == Limit::Capped && self.left == 0 => Standing::AtCap,
            Phase::Waiting => Standing::Waiting,
            Phase::Active if self.slower.is_some() => Standing::Slower,
            Phase::Active if self.left == 0 && self.more_to_come => Standing::UsedUpToday,
            Phase::Active if self.left == 0 => Standing::UsedUp,
            Phase::Active if self.is_low() => Standing::Low,
            Phase::Active if self.left_ms(now) < DAY_MS => Standing::EndsSoon,
            Phase::Active => Standing::Active,
        }
    }

    /// Milliseconds until its days are over; all of them while it waits.
    pub(crate) fn left_ms(&self, now: Timestamp) -> i64 {
        match (self.phase, self.ends_at) {
            (Phase::Active, Some(end)) => end.since(now).max(0),
            (Phase::Waiting, _) => i64::from(self.terms.days).saturating_mul(DAY_MS),
            _ => 0,
        }
    }

    /// Days left, a begun one counted.
    pub(crate) fn left_days(&self, now: Timestamp) -> u32 {
        u32::try_from((self.left_ms(now) + DAY_MS - 1) / DAY_MS).unwrap_or(0)
    }

    /// The one country that it covers; none if it covers several.
    pub(crate) fn only_country(&self) -> Option<Country> {
        let mut countries = self.terms.coverage.iter();
        countries.next().filter(|_| countries.next().is_none())
    }

    fn serves(&self, line: Id<Line>) -> bool {
        self.line.is_none_or(|own| own == line)
    }

    pub(crate) fn is_live(&self) -> bool {
        self.phase != Phase::Over
    }

    /// What pays first comes first: what is left of what runs, what goes on slower, and what has not begun.
    const fn turn(&self) -> u8 {
        match (self.left > 0, self.phase) {
            (true, Phase::Active | Phase::Over) => 0,
            (false, _) if self.slower.is_some() => 1,
            (true, Phase::Waiting) => 2,
            (false, Phase::Active | Phase::Over) => 3,
            (false, Phase::Waiting) => 4,
        }
    }

    fn is_low(&self) -> bool {
        u128::from(self.left) * 100 <= u128::from(self.total) * u128::from(LOW_PERCENT)
    }

    fn end(&self) -> Timestamp {
        self.ends_at.unwrap_or(Timestamp(i64::MAX))
    }
}

/// Octets of a 24-hour window; of the whole, if the allowance is fixed.
pub(crate) const fn window_octets(terms: &Terms) -> u64 {
    match terms.allowance {
        Allowance::Fixed { bytes } | Allowance::PerDay { bytes } => bytes.octets(),
        Allowance::Unlimited { fair_use_bytes_per_day, .. } => fair_use_bytes_per_day.octets(),
    }
}

/// A line, and the country in which it is used now, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) line: Id<Line>,
    pub(crate) country: Option<Country>,
}

/// The bundle that speaks for a line: the one that pays next, or the last one there was.
///
/// What covers the country comes first, then what has data left or goes on slower, and of that the active before the
/// waiting, the soonest to end, the oldest.
pub(crate) fn speaking(bundles: &[BundleNow], at: Whereabouts) -> Option<&BundleNow> {
    let elsewhere = |b: &BundleNow| at.country.is_some_and(|country| !b.terms.coverage.contains(country));
    let rank = |b: &&BundleNow| (elsewhere(b), b.turn(), b.end(), b.credited_at);
    let ours = || bundles.iter().filter(move |bundle| bundle.serves(at.line));
    let alive = ours().filter(|bundle| bundle.is_live()).min_by_key(rank);
    alive.or_else(|| ours().max_by_key(|bundle| bundle.end()))
}

/// The line's other bundles that still live, in the order in which they will end.
pub(crate) fn others(bundles: &[BundleNow], at: Whereabouts) -> Vec<&BundleNow> {
    let first = speaking(bundles, at).map(|bundle| bundle.id);
    let is_other =
        |bundle: &&BundleNow| bundle.is_live() && bundle.serves(at.line) && Some(bundle.id) != first;
    let mut rest: Vec<_> = bundles.iter().filter(is_other).collect();
    rest.sort_by_key(|bundle| (bundle.phase == Phase::Waiting, bundle.end()));
    rest
}

/// Where the line stands.
pub(crate) fn standing(bundles: &[BundleNow], at: Whereabouts, barred: bool, now: Timestamp) -> Standing {
    match speaking(bundles, at) {
        _ if barred => Standing::Barred,
        None => Standing::NoPlan,
        Some(bundle) => bundle.standing(now),
    }
}

#[cfg(test)]
mod tests {
    use basis::{CountrySet, DataVolume, RenewalRule, StartRule};

    use super::*;

    const LINE: Id<Line> = Id::from_u128(1);
    const HOME: Whereabouts = Whereabouts { line: LINE, country: None };
    const NOON: Timestamp = Timestamp(1_790_000_000_000);
    const GB: u64 = 1_000_000_000;

    fn twenty_gb(id: u128) -> BundleNow {
        let terms = Terms {
            allowance: Allowance::Fixed { bytes: DataVolume::gigabytes(20) },
            coverage: CountrySet::from_iter(["JP".parse::<Country>().unwrap()]),
            days: 30,
            start: StartRule::FirstUse,
            activate_within_days: 180,
            renewal: RenewalRule::Follow,
            shareable: false,
        };
        BundleNow {
            id: Id::from_u128(id),
            line: Some(LINE),
            terms,
            phase: Phase::Waiting,
            left: 20 * GB,
            total: 20 * GB,
            more_to_come: false,
            slower: None,
            limit: Limit::Open,
            credited_at: NOON,
            ends_at: None,
        }
    }

    fn active(id: u128, left: u64) -> BundleNow {
        BundleNow { phase: Phase::Active, left, ends_at: Some(NOON.plus_ms(30 * DAY_MS)), ..twenty_gb(id) }
    }

    #[test]
    fn a_line_goes_from_nothing_to_used_up() {
        let at = |bundles: &[BundleNow]| standing(bundles, HOME, false, NOON);
        assert_eq!(at(&[]), Standing::NoPlan);
        assert_eq!(at(&[twenty_gb(1)]), Standing::Waiting);
        assert_eq!(at(&[active(1, 19 * GB)]), Standing::Active);
        assert_eq!(at(&[active(1, 2 * GB)]), Standing::Low);
        assert_eq!(at(&[active(1, 0)]), Standing::UsedUp);
        assert_eq!(at(&[BundleNow { more_to_come: true, ..active(1, 0) }]), Standing::UsedUpToday);
        assert_eq!(at(&[BundleNow { phase: Phase::Over, left: 0, ..active(1, 0) }]), Standing::Over);
        assert_eq!(standing(&[twenty_gb(1)], HOME, true, NOON), Standing::Barred);
        let last_evening = NOON.plus_ms(29 * DAY_MS + 1);
        assert_eq!(standing(&[active(1, 19 * GB)], HOME, false, last_evening), Standing::EndsSoon);
    }

    #[test]
    fn what_pays_next_speaks_for_the_line() {
        let speaks = |bundles: &[BundleNow]| speaking(bundles, HOME).map(|bundle| bundle.id);
        assert_eq!(speaks(&[active(1, 0), twenty_gb(2)]), Some(Id::from_u128(2)), "a used-up one is silent");
        assert_eq!(speaks(&[twenty_gb(2), active(1, GB)]), Some(Id::from_u128(1)), "active before waiting");
        assert_eq!(others(&[twenty_gb(2), active(1, GB)], HOME).len(), 1);
        let other = Whereabouts { line: Id::from_u128(9), country: None };
        assert_eq!(speaking(&[twenty_gb(1)], other), None, "another's line");
    }

    #[test]
    fn what_goes_on_slower_speaks_before_what_has_not_begun() {
        let slower = Some(Slower { until: Some(NOON) });
        let slow = BundleNow { slower, more_to_come: true, ..active(1, 0) };
        let speaks = |bundles: &[BundleNow]| speaking(bundles, HOME).map(|bundle| bundle.id);
        assert_eq!(standing(&[twenty_gb(2), slow.clone()], HOME, false, NOON), Standing::Slower);
        assert_eq!(speaks(&[active(3, 0), slow.clone()]), Some(Id::from_u128(1)), "better than nothing");
        assert_eq!(speaks(&[slow.clone(), active(3, GB)]), Some(Id::from_u128(3)), "worse than full speed");
        let last_day = BundleNow { more_to_come: false, ..slow };
        assert_eq!(standing(&[last_day], HOME, false, NOON), Standing::Slower, "it does not stop");
    }

    #[test]
    fn whoever_is_in_korea_is_told_what_is_left_in_korea() {
        let country = "KR".parse::<Country>().unwrap();
        let mut korea = active(2, 0);
        korea.terms.coverage = CountrySet::from_iter([country]);
        let bundles = [active(1, 5 * GB), korea];
        let there = Whereabouts { line: LINE, country: Some(country) };
        assert_eq!(standing(&bundles, there, false, NOON), Standing::UsedUp);
        assert_eq!(others(&bundles, there).len(), 1, "Japan's is named besides");
        assert_eq!(
            speaking(&bundles[..1], there).map(|b| b.id),
            Some(Id::from_u128(1)),
            "better than silence"
        );
    }

    #[test]
    fn a_begun_day_counts() {
        let bundle = active(1, GB);
        assert_eq!(bundle.left_days(NOON), 30);
        assert_eq!(bundle.left_days(NOON.plus_ms(12 * DAY_MS + 1)), 18);
        assert_eq!(bundle.left_days(NOON.plus_ms(40 * DAY_MS)), 0);
        assert_eq!(bundle.only_country().map(|c| c.to_string()).as_deref(), Some("JP"));
    }
}
