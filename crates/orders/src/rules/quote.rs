//! What buying a plan would do, given what the line's pool holds already.

use basis::{CountrySet, DAY_MS, DataVolume, Id, Order, RenewalRule, StartRule, Terms, Timestamp};
use serde::{Deserialize, Serialize};

/// A bundle that the pool holds already, as far as a quote needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its order.
    pub bundle: Id<Order>,
    /// The end of its validity if that has begun; `None` while it waits for its first use.
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
    /// With the first byte after the running bundle is used up or ends.
    AfterCurrent {
        /// The running bundle's end.
        current_ends: Timestamp,
        /// The last moment.
        by: Timestamp,
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
        /// The end if it starts at the last moment.
        latest: Timestamp,
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

/// Of `standing`, what still has data for one of the places that `terms` cover.
pub fn overlapping<'a>(terms: &Terms, standing: &'a [Standing], now: Timestamp) -> Vec<&'a Standing> {
    let covers = |s: &Standing| s.coverage.iter().any(|country| terms.coverage.contains(country));
    let has_data = |s: &Standing| s.remaining != Some(DataVolume::ZERO);
    let lives = |s: &Standing| s.ends_at.is_none_or(|end| end > now);
    standing.iter().filter(|s| covers(s) && has_data(s) && lives(s)).collect()
}

/// The terms as this order promises them: one that follows waits for its first use, and never lapses before
/// what it follows has ended and the plan's own waiting time is over.
pub fn frozen_terms(plan: &Terms, there: &[&Standing], now: Timestamp) -> Terms {
    let mut terms = plan.clone();
    let Some(current_ends) = latest_end(there) else { return terms };
    if plan.renewal == RenewalRule::Follow {
        terms.start = StartRule::FirstUse;
    }
    if terms.start == StartRule::FirstUse && plan.renewal != RenewalRule::Replace {
        let days_ahead = u32::try_from(current_ends.since(now).div_euclid(DAY_MS) + 1).unwrap_or(0);
        terms.activate_within_days = terms.activate_within_days.saturating_add(days_ahead);
    }
    terms
}

/// When a bundle of these (frozen) terms begins beside what is there.
pub fn starts_of(terms: &Terms, there: &[&Standing], now: Timestamp) -> Starts {
    let by = now.plus_ms(days_ms(terms.activate_within_days));
    match (terms.start, latest_end(there)) {
        (StartRule::AtPurchase, _) => Starts::AtOnce,
        (StartRule::FirstUse, Some(current_ends)) if terms.renewal != RenewalRule::Replace => {
            Starts::AfterCurrent { current_ends, by }
        }
        (StartRule::FirstUse, _) => Starts::FirstUse { by },
    }
}

/// Until when it lasts.
pub fn ends_of(terms: &Terms, starts: Starts, now: Timestamp) -> Ends {
    let validity = days_ms(terms.days);
    match starts {
        Starts::AtOnce => Ends::At { at: now.plus_ms(validity) },
        Starts::FirstUse { by } | Starts::AfterCurrent { by, .. } => {
            Ends::AfterStart { days: terms.days, latest: by.plus_ms(validity) }
        }
    }
}

/// What it does to what is there.
pub fn effect_of(terms: &Terms, there: &[&Standing]) -> Effect {
    match terms.renewal {
        _ if there.is_empty() => Effect::Alone,
        RenewalRule::Replace => Effect::Replaces { bundles: there.iter().map(|s| s.bundle).collect() },
        RenewalRule::Follow => Effect::Follows,
        RenewalRule::Add => Effect::Adds { total: total(terms, there) },
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

    fn running(codes: &[&str], days_left: i64) -> Standing {
        Standing {
            bundle: Id::from_u128(1),
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
        let latest = NOW.plus_ms(60 * DAY_MS);
        assert_eq!(ends_of(&terms, starts, NOW), Ends::AfterStart { days: 30, latest });
        assert_eq!(effect_of(&terms, &[]), Effect::Alone);
    }

    #[test]
    fn renewing_early_adds_and_loses_no_day() {
        let standing = [running(&["JP", "KR"], 18)];
        let plan = plan(StartRule::FirstUse, RenewalRule::Add);
        let there = overlapping(&plan, &standing, NOW);
        let terms = frozen_terms(&plan, &there, NOW);
        let current_ends = NOW.plus_ms(18 * DAY_MS);
        let Starts::AfterCurrent { current_ends: ends, by } = starts_of(&terms, &there, NOW) else {
            panic!()
        };
        assert_eq!(ends, current_ends);
        assert!(by >= current_ends.plus_ms(30 * DAY_MS), "the waiting time counts from the end of what runs");
        assert_eq!(effect_of(&terms, &there), Effect::Adds { total: Some(DataVolume::gigabytes(32)) });
    }

    #[test]
    fn a_plan_that_follows_waits_even_if_it_is_sold_as_starting_at_once() {
        let standing = [running(&["JP"], 3)];
        let plan = plan(StartRule::AtPurchase, RenewalRule::Follow);
        let there = overlapping(&plan, &standing, NOW);
        let terms = frozen_terms(&plan, &there, NOW);
        assert!(matches!(starts_of(&terms, &there, NOW), Starts::AfterCurrent { .. }));
        assert_eq!(effect_of(&terms, &there), Effect::Follows);
        assert_eq!(starts_of(&frozen_terms(&plan, &[], NOW), &[], NOW), Starts::AtOnce);
    }

    #[test]
    fn a_plan_that_replaces_names_what_it_closes_and_does_not_wait_for_it() {
        let standing = [running(&["JP"], 3), Standing { ends_at: None, ..running(&["JP"], 0) }];
        let plan = plan(StartRule::FirstUse, RenewalRule::Replace);
        let there = overlapping(&plan, &standing, NOW);
        assert!(matches!(starts_of(&plan, &there, NOW), Starts::FirstUse { .. }));
        let Effect::Replaces { bundles } = effect_of(&plan, &there) else { panic!() };
        assert_eq!(bundles.len(), 2);
    }

    #[test]
    fn what_covers_other_places_or_is_empty_or_over_does_not_matter() {
        let empty = Standing { remaining: Some(DataVolume::ZERO), ..running(&["JP"], 3) };
        let standing = [running(&["FR"], 3), empty, running(&["JP"], 0)];
        assert!(overlapping(&plan(StartRule::FirstUse, RenewalRule::Add), &standing, NOW).is_empty());
    }
}
