//! Lines in every state, for tests.

use basis::{
    Allowance, Country, CountrySet, DAY_MS, DataVolume, HOUR_MS, Id, Money, RenewalRule, StartRule, Terms,
    Timestamp,
};

use super::{
    facts::{Heard, LineFacts, Placed, Renewal},
    standing::{BundleNow, Limit, Phase, Slower, window_octets},
};

const GB: u64 = 1_000_000_000;

fn terms(allowance: Allowance, countries: &[&str], days: u32) -> Terms {
    Terms {
        allowance,
        coverage: countries.iter().map(|code| code.parse::<Country>().unwrap()).collect::<CountrySet>(),
        days,
        start: StartRule::FirstUse,
        activate_within_days: 180,
        renewal: RenewalRule::Follow,
        shareable: false,
    }
}

fn placed(id: u128, place: &str, terms: Terms, phase: Phase, left: u64, ends_at: Timestamp) -> Placed {
    let total = window_octets(&terms);
    let more_to_come = !matches!(terms.allowance, Allowance::Fixed { .. });
    let (id, credited_at) = (Id::from_u128(id), ends_at.plus_ms(-30 * DAY_MS));
    let bundle = BundleNow {
        id,
        line: None,
        terms,
        phase,
        left,
        total,
        more_to_come,
        slower: None,
        limit: Limit::Open,
        credited_at,
        ends_at: Some(ends_at),
    };
    Placed { bundle, place: place.into() }
}

fn line(id: u128, bundles: Vec<Placed>) -> LineFacts {
    LineFacts {
        id: Id::from_u128(id),
        name: format!("eSIM\u{a0}··{:04}", 2741 + id),
        has_code: false,
        barred: false,
        silent: false,
        sharing: None,
        bundles,
        session: None,
        days: vec![0; 14],
        renewal: Some(Renewal {
            path: "/checkout".into(),
            amount: "20\u{a0}GB".into(),
            price: Money::new(11_800, basis::Currency::CNY),
        }),
    }
}

fn fixed(gb: u64) -> Allowance {
    Allowance::Fixed { bytes: DataVolume::gigabytes(gb) }
}

/// Japan, 12.4 of 20 GB, in use twelve seconds ago, and a waiting bundle behind it.
fn active(now: Timestamp) -> LineFacts {
    let japan = terms(fixed(20), &["JP"], 30);
    let days = [41, 52, 38, 90, 63, 71, 31, 112, 86, 59, 45, 76, 69, 61].map(|n| n * 10_000_000).to_vec();
    let (ends_at, by) = (now.plus_ms(18 * DAY_MS - HOUR_MS), now.plus_ms(160 * DAY_MS));
    let running = placed(1, "日本", japan.clone(), Phase::Active, 12_400_000_000, ends_at);
    let waiting = placed(2, "日本", japan, Phase::Waiting, 20 * GB, by);
    LineFacts {
        has_code: true,
        session: Some(Heard { at: now.plus_ms(-12_000), country: "JP".parse().ok() }),
        days,
        ..line(1, vec![running, waiting])
    }
}

/// Thailand, 0.7 of 8 GB and two days.
fn low(now: Timestamp) -> LineFacts {
    let thailand = terms(fixed(8), &["TH"], 8);
    let days = vec![0, 0, 0, 0, 0, 0, 0, 0, 900_000_000, 1_400_000_000, 1_100_000_000, GB, 1_900_000_000, GB];
    let bundle = placed(3, "泰国", thailand, Phase::Active, 700_000_000, now.plus_ms(2 * DAY_MS - HOUR_MS));
    let session = Some(Heard { at: now.plus_ms(-190_000), country: None });
    LineFacts { session, days, ..line(2, vec![bundle]) }
}

/// Europe, nothing used yet.
fn waiting(now: Timestamp) -> LineFacts {
    let europe = terms(fixed(50), &["FR", "DE", "IT"], 30);
    line(3, vec![placed(4, "欧洲", europe, Phase::Waiting, 50 * GB, now.plus_ms(180 * DAY_MS))])
}

/// Korea, a gigabyte a day, today's used up.
fn daily(now: Timestamp) -> LineFacts {
    let korea = terms(Allowance::PerDay { bytes: DataVolume::gigabytes(1) }, &["KR"], 7);
    line(4, vec![placed(5, "韩国", korea, Phase::Active, 0, now.plus_ms(3 * DAY_MS))])
}

/// Korea, five gigabytes a day at full speed, which are used up until tomorrow morning.
fn slower(now: Timestamp) -> LineFacts {
    let allowance = Allowance::Unlimited {
        fair_use_bytes_per_day: DataVolume::gigabytes(5),
        then: basis::Beyond::Slower,
    };
    let mut bundle =
        placed(7, "韩国", terms(allowance, &["KR"], 7), Phase::Active, 0, now.plus_ms(3 * DAY_MS));
    bundle.bundle.slower = Some(Slower { until: Some(now.plus_ms(9 * HOUR_MS)) });
    line(7, vec![bundle])
}

/// Korea, over, and the plan no longer sold.
fn over(now: Timestamp) -> LineFacts {
    let korea = terms(fixed(5), &["KR"], 30);
    let bundle = placed(6, "韩国", korea, Phase::Over, 0, now.plus_ms(-20 * DAY_MS));
    LineFacts { renewal: None, ..line(5, vec![bundle]) }
}

/// Bound, and never had a plan.
fn no_plan() -> LineFacts {
    LineFacts { renewal: None, ..line(6, Vec::new()) }
}

/// Sold something, and nobody answers what is left of it.
fn silent() -> LineFacts {
    LineFacts { silent: true, ..line(8, Vec::new()) }
}

/// Stopped by an operator.
fn barred(now: Timestamp) -> LineFacts {
    LineFacts { barred: true, session: None, ..active(now) }
}

/// Every state.
pub(crate) fn all(now: Timestamp) -> Vec<LineFacts> {
    let states = [active(now), low(now), waiting(now), daily(now), slower(now), over(now), barred(now)];
    states.into_iter().chain([no_plan(), silent()]).collect()
}
