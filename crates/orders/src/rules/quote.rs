//! What buying a plan would do, given what the line's pool holds already.

use basis::{CountrySet, DAY_MS, DataVolume, Id, Line, Order, RenewalRule, StartRule, Terms, Timestamp};
use serde::{Deserialize, Serialize};

/// A bundle that the pool holds already, as far as a quote needs it. Never one that is over or used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its order.
    pub bundle: Id<Order>,
    /// Whose own it is; `None` if the pool shares it.
    pub line: Option<Id<Line>>,
    /// The end of its validity if that has begun; `None` while it waits.
    pub ends_at: Option<Timestamp>,
    /// What is left; `None` without a limit in all.
    pub remaining: Option<DataVolume>,
    /// Where.
    pub coverage: CountrySet,
}

/// When a new bundle begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "snake_case")]
pub enum Starts {
    /// With the delivery, seconds after the payment.
    AtOnce,
    /// With the first byte in a covered country; not used by then, it lapses.
    FirstUse {
        /// The last moment.
        by: Timestamp,
    },
    /// When what is there is used up or ends.
    AfterCurrent {
        /// The end of what runs; `None` if that waits itself.
        current_ends: Option<Timestamp>,
        /// With the first byte after that, and by this moment; `None` if it begins by itself.
        by: Option<Timestamp>,
    },
}

/// Until when a new bundle lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ends {
    /// This moment (counted from the delivery, so at most seconds later).
    At {
        /// The end.
        at: Timestamp,
    },
    /// So many 24-hour windows from its start.
    AfterStart {
        /// The windows.
        days: u32,
        /// The end if it starts at the last moment; `None` if that is not known.
        latest: Option<Timestamp>,
    },
}

/// What a new bundle does to what is there for the same places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Nothing is there.
    Alone,
    /// Counts together with what is there, each until its own end.
    Adds {
        /// Both together; `None` if one of them has no limit or counts by the day.
        total: Option<DataVolume>,
    },
    /// Waits until what is there is used up or ends.
    Follows,
    /// Closes these bundles; what is unused of them is credited to the buyer's wallet.
    Replaces {
        /// Their orders.
        bundles: Vec<Id<Order>>,
    },
}

/// Of what stands, that which a new bundle of these terms for this line (`None`: for everyone in the pool) would meet:
/// it serves the same lines and covers one of the same places.
pub fn meets<'a>(terms: &Terms, line: Option<Id<Line>>, standing: &'a [Standing]) -> Vec<&'a Standing> {
    let same_lines = |s: &Standing| s.line.is_none() || s.line == line;
    let same_places = |s: &Standing| s.coverage.intersects(&terms.coverage);
    standing.iter().filter(|s| same_lines(s) && same_places(s)).collect()
}

/// The terms as this order promises them: what waits for its first use behind something that runs does not
/// lapse before that has ended and the plan's own waiting time is over.
pub fn frozen_terms(plan: &Terms, there: &[&Standing], now: Timestamp) -> Terms {
    let mut terms = plan.clone();
    let Some(current_ends) = latest_end(there) else { return terms };
    if terms.start == StartRule::FirstUse && plan.renewal != RenewalRule::Replace {
        let days_ahead = u32::try_from(current_ends.since(now).div_euclid(DAY_MS) + 1).unwrap_or(0);
        terms.activate_within_days = terms.activate_within_days.saturating_add(days_ahead);
    }
    terms
}

/// When a bundle of these (frozen) terms begins beside what is there.
pub fn starts_of(terms: &Terms, there: &[&Standing], now: Timestamp) -> Starts {
    let by = now.plus_ms(days_ms(terms.activate_within_days));
    let current_ends = latest_end(there);
    match (terms.start, terms.renewal) {
        (StartRule::AtPurchase, RenewalRule::Follow) if !there.is_empty() => {
            Starts::AfterCurrent { current_ends, by: None }
        }
        (StartRule::AtPurchase, _) => Starts::AtOnce,
        (StartRule::FirstUse, RenewalRule::Add | RenewalRule::Follow) if current_ends.is_some() => {
            Starts::AfterCurrent { current_ends, by: Some(by) }
        }
        (StartRule::FirstUse, _) => Starts::FirstUse { by },
    }
}

/// Until when it lasts.
pub fn ends_of(terms: &Terms, starts: Starts, now: Timestamp) -> Ends {
    let validity = days_ms(terms.days);
    let last_start = match starts {
        Starts::AtOnce => return Ends::At { at: now.plus_ms(validity) },
        Starts::FirstUse { by } => Some(by),
        Starts::AfterCurrent { current_ends, by } => by.or(current_ends),
    };
    Ends::AfterStart { days: terms.days, latest: last_start.map(|at| at.plus_ms(validity)) }
}

/// What it does to what is there. A replacing bundle closes only those of the same line whose places it covers
/// all; the others stay beside it, and what everyone shares is never closed.
pub fn effect_of(terms: &Terms, line: Option<Id<Line>>, there: &[&Standing]) -> Effect {
    let replaced =
        |s: &&&Standing| s.line.is_some() && s.line == line && s.coverage.is_subset(&terms.coverage);
    let bundles: Vec<_> = there.iter().filter(replaced).map(|s| s.bundle).collect();
    match terms.renewal {
        _ if there.is_empty() => Effect::Alone,
        RenewalRule::Replace if !bundles.is_empty() => Effect::Replaces { bundles },
        RenewalRule::Follow => Effect::Follows,
        RenewalRule::Replace | RenewalRule::Add => Effect::Adds { total: total(terms, there) },
    }
}

fn total(terms: &Terms, there: &[&Standing]) -> Option<DataVolume> {
    let basis::Allowance::Fixed { bytes } = terms.allowance else { return None };
    there.iter().try_fold(bytes, |sum, s| s.remaining.map(|left| DataVolume(sum.0.saturating_add(left.0))))
}

/// The end of the running bundle that ends last; `None` if none runs.
fn latest_end(there: &[&Standing]) -> Option<Timestamp> {
    there.iter().filter_map(|s| s.ends_at).max()
}

fn days_ms(days: u32) -> i64 {
    i64::from(days).saturating_mul(DAY_MS)
}

#[cfg(test)]
mod tests {
    use basis::Allowance;

    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn countries(codes: &[&str]) -> CountrySet {
        codes.iter().map(|c| c.parse().unwrap()).collect()
    }

    fn plan(start: StartRule, renewal: RenewalRule) -> Terms {
        Terms {
            allowance: Allowance::Fixed { bytes: DataVolume::gigabytes(20) },
            coverage: countries(&["JP"]),
            days: 30,
            start,
            activate_within_days: 30,
            renewal,
            shareable: true,
        }
    }

    const LINE: Id<Line> = Id::from_u128(7);

    fn running(codes: &[&str], days_left: i64) -> Standing {
        Standing {
            bundle: Id::from_u128(1),
            line: Some(LINE),
            ends_at: Some(NOW.plus_ms(days_left * DAY_MS)),
            remaining: Some(DataVolume::gigabytes(12)),
            coverage: countries(codes),
        }
    }

    #[test]
    fn a_first_plan_starts_when_it_is_first_used() {
        let terms = plan(StartRule::FirstUse, RenewalRule::Add);
        let starts = starts_of(&terms, &[], NOW);
        assert_eq!(starts, Starts::FirstUse { by: NOW.plus_ms(30 * DAY_MS) });
        let latest = Some(NOW.plus_ms(60 * DAY_MS));
        assert_eq!(ends_of(&terms, starts, NOW), Ends::AfterStart { days: 30, latest });
        assert_eq!(effect_of(&terms, Some(LINE), &[]), Effect::Alone);
    }

    #[test]
    fn renewing_early_adds_and_loses_no_day() {
        let standing = [running(&["JP", "KR"], 18)];
        let plan = plan(StartRule::FirstUse, RenewalRule::Add);
        let there = meets(&plan, Some(LINE), &standing);
        let terms = frozen_terms(&plan, &there, NOW);
        let ends = NOW.plus_ms(18 * DAY_MS);
        let Starts::AfterCurrent { current_ends, by: Some(by) } = starts_of(&terms, &there, NOW) else {
            panic!()
        };
        assert_eq!(current_ends, Some(ends));
        assert!(by >= ends.plus_ms(30 * DAY_MS), "the waiting time counts from the end of what runs");
        assert_eq!(
            effect_of(&terms, Some(LINE), &there),
            Effect::Adds { total: Some(DataVolume::gigabytes(32)) }
        );
    }

    #[test]
    fn a_plan_that_follows_begins_by_itself_when_the_current_one_ends() {
        let standing = [running(&["JP"], 3)];
        let plan = plan(StartRule::AtPurchase, RenewalRule::Follow);
        let there = meets(&plan, Some(LINE), &standing);
        let terms = frozen_terms(&plan, &there, NOW);
        let starts = starts_of(&terms, &there, NOW);
        let ends = NOW.plus_ms(3 * DAY_MS);
        assert_eq!(starts, Starts::AfterCurrent { current_ends: Some(ends), by: None });
        let latest = Some(ends.plus_ms(30 * DAY_MS));
        assert_eq!(ends_of(&terms, starts, NOW), Ends::AfterStart { days: 30, latest });
        assert_eq!(effect_of(&terms, Some(LINE), &there), Effect::Follows);
        assert_eq!(starts_of(&terms, &[], NOW), Starts::AtOnce);
    }

    #[test]
    fn a_plan_that_replaces_names_what_it_closes_and_leaves_what_reaches_further() {
        let further = Standing { bundle: Id::from_u128(2), ..running(&["JP", "KR"], 3) };
        let shared = Standing { bundle: Id::from_u128(3), line: None, ..running(&["JP"], 3) };
        let standing = [running(&["JP"], 3), further, shared];
        let plan = plan(StartRule::FirstUse, RenewalRule::Replace);
        let there = meets(&plan, Some(LINE), &standing);
        assert_eq!(there.len(), 3);
        assert!(matches!(starts_of(&plan, &there, NOW), Starts::FirstUse { .. }));
        let Effect::Replaces { bundles } = effect_of(&plan, Some(LINE), &there) else { panic!() };
        assert_eq!(bundles, [Id::from_u128(1)]);
    }

    #[test]
    fn what_is_for_everyone_meets_only_what_everyone_shares() {
        let shared = Standing { bundle: Id::from_u128(3), line: None, ..running(&["JP"], 3) };
        let standing = [running(&["JP"], 3), shared];
        let plan = plan(StartRule::FirstUse, RenewalRule::Replace);
        let there = meets(&plan, None, &standing);
        assert_eq!(there.iter().map(|s| s.line).collect::<Vec<_>>(), [None]);
        assert!(matches!(effect_of(&plan, None, &there), Effect::Adds { .. }), "nobody's share is closed");
    }

    #[test]
    fn what_covers_other_places_or_belongs_to_another_line_does_not_matter() {
        let others = Standing { line: Some(Id::from_u128(8)), ..running(&["JP"], 3) };
        let standing = [running(&["FR"], 3), others];
        let own = Terms { shareable: false, ..plan(StartRule::FirstUse, RenewalRule::Add) };
        assert!(meets(&own, Some(LINE), &standing).is_empty());
    }
}
