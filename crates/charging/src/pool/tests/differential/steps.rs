//! What may happen next in a random life.

use super::*;

#[derive(Debug, Clone)]
pub(super) enum Step {
    Run(Command),
    /// Into the pool that the order belongs to, for one of its lines or for all.
    Credit(Id<Order>, Option<usize>, Terms),
    Move(Moving),
    Wait(i64),
    /// Until some clock of the pool turns (which of the next ones), give or take so many milliseconds.
    Meet(usize, i64),
    Send(Sending),
}

/// A request that a gateway sends, and which of those on their way arrives next.
#[derive(Debug, Clone)]
pub(super) struct Sending {
    pub(super) slot: u8,
    pub(super) line: u128,
    pub(super) ends: bool,
    pub(super) skips: u32,
    pub(super) names_line: bool,
    pub(super) country: Option<Country>,
    pub(super) services: Vec<Service>,
    pub(super) copies: usize,
    pub(super) arrives: usize,
}

pub(super) fn line() -> impl Strategy<Value = Id<Line>> {
    (1..=LINES).prop_map(Id::from_u128)
}

pub(super) fn order() -> impl Strategy<Value = Id<Order>> {
    (1..30_u128).prop_map(Id::from_u128)
}

pub(super) fn octets() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..3 * MB, 1..60 * MB, (1..20_u64).prop_map(|n| n * MB)]
}

/// What a bundle gives: a little, or so much that only the pace limits a grant.
pub(super) fn allowance() -> impl Strategy<Value = u64> {
    prop_oneof![3 => octets(), 1 => GB..100 * GB]
}

pub(super) fn country() -> impl Strategy<Value = Option<Country>> {
    select(vec!["JP", "JP", "JP", "KR", "", "FR"]).prop_map(|code| code.parse().ok())
}

pub(super) fn terms() -> impl Strategy<Value = Terms> {
    let unlimited = |bytes, then| Allowance::Unlimited { fair_use_bytes_per_day: DataVolume(bytes), then };
    let allowance = (allowance(), 0..4).prop_map(move |(bytes, kind)| match kind {
        0 => Allowance::Fixed { bytes: DataVolume(bytes) },
        1 => Allowance::PerDay { bytes: DataVolume(bytes) },
        2 => unlimited(bytes, Beyond::Stops),
        _ => unlimited(bytes, Beyond::Slower),
    });
    let coverage = select(vec!["JP", "KR", "JP KR"]).prop_map(places);
    let start = select(vec![StartRule::FirstUse, StartRule::AtPurchase]);
    let renewal = select(vec![RenewalRule::Follow, RenewalRule::Add, RenewalRule::Replace]);
    (allowance, coverage, 1..4_u32, start, 1..5_u32, renewal, any::<bool>()).prop_map(
        |(allowance, coverage, days, start, activate_within_days, renewal, shareable)| Terms {
            allowance,
            coverage,
            days,
            start,
            activate_within_days,
            renewal,
            shareable,
        },
    )
}

pub(super) fn caps() -> impl Strategy<Value = Caps> {
    let cap = || proptest::option::of(octets());
    (cap(), cap(), cap()).prop_map(|(per_day, per_30_days, in_all)| Caps { per_day, per_30_days, in_all })
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => order().prop_map(Command::Void),
        1 => order().prop_map(Command::Close),
        1 => (order(), line()).prop_map(|(bundle, line)| Command::CloseOwn { bundle, line }),
        1 => line().prop_map(Command::Bar),
        3 => line().prop_map(Command::Unbar),
        2 => order().prop_map(Command::Give),
        1 => (line(), any::<bool>()).prop_map(|(line, paused)| Command::Pause { line, paused }),
        2 => (line(), caps()).prop_map(|(line, caps)| Command::Cap { line, caps }),
        1 => (0..6_u8).prop_map(|slot| Command::Forget(SessionKey([slot; 16]))),
        1 => (0..6_u8).prop_map(|slot| Command::Release(SessionKey([slot; 16]))),
        1 => Just(Command::Tick),
    ]
}

pub(super) fn sending() -> impl Strategy<Value = Sending> {
    let ask = prop_oneof![1 => Just(Ask::Nothing), 6 => Just(Ask::Quota), 1 => octets().prop_map(Ask::UpTo)];
    let service = (proptest::option::of(1..3_u32), octets(), ask);
    let service = service.prop_map(|(group, used, ask)| Service { group, used, ask });
    let skips = prop_oneof![12 => Just(0), 2 => 1..4_u32, 1 => 4..12_u32];
    let ends = prop_oneof![9 => Just(false), 1 => Just(true)];
    let names_line = prop_oneof![9 => Just(true), 1 => Just(false)];
    let who = (0..6_u8, 1..LINES + 2, ends, skips, names_line);
    (who, country(), vec(service, 0..4), 1..4_usize, 0..WINDOW).prop_map(
        |((slot, line, ends, skips, names_line), country, services, copies, arrives)| Sending {
            slot,
            line,
            ends,
            skips,
            names_line,
            country,
            services,
            copies,
            arrives,
        },
    )
}

pub(super) fn moving() -> impl Strategy<Value = Moving> {
    (line(), 0..POOLS, prop_oneof![1 => 1..3_usize, 2 => Just(3)], 1..3_usize, any::<bool>())
        .prop_map(|(line, to, reach, copies, new)| Moving { line, to, reach, copies, new })
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![
        4 => 0..5000_i64,
        4 => 0..30 * MINUTE,
        2 => 0..12 * HOUR,
        1 => 0..3 * DAY_MS,
        1 => select(vec![MINUTE, 2 * MINUTE, 20 * MINUTE, DAY_MS, 31 * DAY_MS]),
    ];
    prop_oneof![
        2 => command().prop_map(Step::Run),
        1 => (order(), proptest::option::of(0..4_usize), terms()).prop_map(|(order, who, terms)| Step::Credit(order, who, terms)),
        1 => moving().prop_map(Step::Move),
        2 => wait.prop_map(Step::Wait),
        2 => (0..4_usize, prop_oneof![-3000..3000_i64, -10 * MINUTE..0]).prop_map(|(which, ms)| Step::Meet(which, ms)),
        6 => sending().prop_map(Step::Send),
    ]
}
