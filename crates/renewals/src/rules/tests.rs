use basis::{Currency, RenewalRule, StartRule};

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const LINE: Id<Line> = Id::from_u128(7);

fn japan() -> CountrySet {
    ["JP"].iter().map(|code| code.parse().unwrap()).collect()
}

fn terms(allowance: Allowance, days: u32) -> Terms {
    Terms {
        allowance,
        coverage: japan(),
        days,
        start: StartRule::FirstUse,
        activate_within_days: 30,
        renewal: RenewalRule::Add,
        shareable: false,
    }
}

fn fixed(days: u32) -> Terms {
    terms(Allowance::Fixed { bytes: DataVolume::gigabytes(20) }, days)
}

/// Active, with so much and so long left.
fn running(terms: Terms, gigabytes: u64, left_ms: i64) -> BundleView {
    BundleView {
        bundle: Id::from_u128(1),
        line: Some(LINE),
        state: BundleState::Active,
        remaining: DataVolume::gigabytes(gigabytes),
        total: DataVolume::gigabytes(20),
        used: DataVolume(0),
        window: None,
        credited_at: NOW.plus_ms(-DAY_MS),
        activate_by: None,
        started_at: Some(NOW.plus_ms(-DAY_MS)),
        ends_at: Some(NOW.plus_ms(left_ms)),
        terms,
    }
}

fn ask(bundles: &[BundleView]) -> Due {
    due(When::usual(&bundles[0].terms), LINE, &japan(), bundles, NOW)
}

fn is_due(bundle: BundleView) -> bool {
    matches!(ask(&[bundle]), Due::Now { .. })
}

#[test]
fn whichever_comes_first_makes_it_due() {
    assert!(!is_due(running(fixed(30), 10, 10 * DAY_MS)));
    assert!(is_due(running(fixed(30), 10, DAY_MS)), "a day is left");
    assert!(is_due(running(fixed(30), 2, 10 * DAY_MS)), "a tenth is left");
    assert!(!is_due(running(fixed(30), 3, DAY_MS + 1)));
}

#[test]
fn a_plan_that_counts_by_the_day_is_due_by_its_days_alone() {
    let daily = terms(Allowance::PerDay { bytes: DataVolume::gigabytes(1) }, 8);
    assert!(!is_due(running(daily.clone(), 0, 3 * DAY_MS)));
    assert!(is_due(running(daily, 1, DAY_MS)));
}

#[test]
fn a_plan_of_one_day_is_not_due_as_it_begins() {
    let daily = terms(Allowance::PerDay { bytes: DataVolume::gigabytes(1) }, 1);
    assert!(!is_due(running(daily.clone(), 1, DAY_MS)));
    assert!(!is_due(running(daily.clone(), 1, 6 * HOUR_MS + 1)));
    assert!(is_due(running(daily, 1, 6 * HOUR_MS)));
}

#[test]
fn while_anything_else_lasts_nothing_is_due() {
    let old = running(fixed(30), 1, DAY_MS);
    let waiting = BundleView {
        bundle: Id::from_u128(2),
        state: BundleState::Waiting,
        started_at: None,
        ends_at: None,
        credited_at: NOW,
        ..running(fixed(30), 20, 0)
    };
    assert!(matches!(ask(&[old.clone(), waiting]), Due::Later(_)));
    let elsewhere = BundleView {
        terms: Terms { coverage: ["FR"].iter().map(|c| c.parse().unwrap()).collect(), ..fixed(30) },
        ..running(fixed(30), 20, 9 * DAY_MS)
    };
    assert!(matches!(ask(&[old, elsewhere]), Due::Now { .. }));
}

#[test]
fn what_ended_is_renewed_within_the_grace_and_never_after() {
    let ended = |ago: i64| BundleView { state: BundleState::Ended, ..running(fixed(30), 5, -ago) };
    assert!(is_due(ended(GRACE_MS - 1)));
    assert_eq!(ask(&[ended(GRACE_MS)]), Due::Missed);
    assert_eq!(ask(&[BundleView { started_at: None, ..ended(1) }]), Due::Missed, "nobody used it");
    assert_eq!(ask(&[BundleView { state: BundleState::Closed, ..ended(1) }]), Due::Missed);
}

#[test]
fn what_lasts_long_is_looked_at_rarely() {
    let at = |gigabytes, left| match ask(&[running(fixed(30), gigabytes, left)]) {
        Due::Later(at) => at.since(NOW),
        due => panic!("{due:?}"),
    };
    assert_eq!(at(20, 20 * DAY_MS), 18_000_000_000 / 10_000);
    assert_eq!(at(3, 20 * DAY_MS), 100 * SECOND_MS);
    assert_eq!(at(20, DAY_MS + 1), 30 * SECOND_MS);
}

#[test]
fn a_soft_refusal_is_repeated_on_a_schedule_and_not_after_the_end() {
    let far = NOW.plus_ms(30 * DAY_MS);
    let tries = (1..=4).map(|tries| next_try(NOW, tries, far, NOW));
    let after = |ms| Some(NOW.plus_ms(ms));
    assert_eq!(tries.collect::<Vec<_>>(), [after(6 * HOUR_MS), after(DAY_MS), after(3 * DAY_MS), None]);
    assert_eq!(next_try(NOW, 3, NOW.plus_ms(2 * DAY_MS), NOW), None);
}

#[test]
fn the_wallet_pays_first_only_if_that_was_agreed() {
    let cny = |minor| Money::new(minor, Currency::CNY);
    let wish = |wallet_first, rest| Wish {
        line: LINE,
        plan: "jp-20gb".parse().unwrap(),
        price: cny(100),
        when: When { days_left: 1, percent_left: None },
        wallet_first,
        rest,
    };
    let split = |wallet_first, rest, has| {
        split(&wish(wallet_first, rest), cny(100), cny(has)).unwrap().map(|s| (s.wallet.minor, s.rest.minor))
    };
    assert_eq!(split(true, Rest::Saved(None), 40), Some((40, 60)));
    assert_eq!(split(false, Rest::Saved(None), 400), Some((0, 100)));
    assert_eq!(split(true, Rest::Nothing, 400), Some((100, 0)));
    assert_eq!(split(true, Rest::Nothing, 99), None);
    assert_eq!(split(false, Rest::Link, 400), None);
}
