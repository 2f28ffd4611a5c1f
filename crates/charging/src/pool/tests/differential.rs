//! Random lives of a pool, lived twice: by the rules and by the naive model. Requests come one to three times, shuffled
//! in a window of four. `HEYON_POOL_STEPS` says how many steps in all.

use std::collections::VecDeque;

use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};

use super::{naive::Naive, *};

const STEPS_PER_LIFE: usize = 250;
const STEPS_BY_DEFAULT: usize = 60_000;
/// How many requests may overtake one another.
const WINDOW: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    Run(Command),
    Wait(i64),
    /// Until some clock of the pool turns (which of the next ones), give or take so many milliseconds.
    Meet(usize, i64),
    Send(Sending),
}

/// A request that a gateway sends, and which of those on their way arrives next.
#[derive(Debug, Clone)]
struct Sending {
    slot: u8,
    line: u128,
    ends: bool,
    skips: u32,
    names_line: bool,
    country: Option<Country>,
    services: Vec<Service>,
    copies: usize,
    arrives: usize,
}

fn line() -> impl Strategy<Value = Id<Line>> {
    (1..4_u128).prop_map(Id::from_u128)
}

fn order() -> impl Strategy<Value = Id<Order>> {
    (1..30_u128).prop_map(Id::from_u128)
}

fn octets() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..3 * MB, 1..60 * MB, (1..20_u64).prop_map(|n| n * MB)]
}

/// What a bundle gives: a little, or so much that only the pace limits a grant.
fn allowance() -> impl Strategy<Value = u64> {
    prop_oneof![3 => octets(), 1 => GB..100 * GB]
}

fn country() -> impl Strategy<Value = Option<Country>> {
    select(vec!["JP", "JP", "JP", "KR", "", "FR"]).prop_map(|code| code.parse().ok())
}

fn terms() -> impl Strategy<Value = Terms> {
    let allowance = (allowance(), 0..3).prop_map(|(bytes, kind)| match kind {
        0 => Allowance::Fixed { bytes: DataVolume(bytes) },
        1 => Allowance::PerDay { bytes: DataVolume(bytes) },
        _ => Allowance::Unlimited { fair_use_bytes_per_day: DataVolume(bytes) },
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

fn caps() -> impl Strategy<Value = Caps> {
    let cap = || proptest::option::of(octets());
    (cap(), cap(), cap()).prop_map(|(per_day, per_30_days, in_all)| Caps { per_day, per_30_days, in_all })
}

fn command() -> impl Strategy<Value = Command> {
    let credit = (order(), proptest::option::of(line()), terms());
    prop_oneof![
        6 => credit.prop_map(|(order, line, terms)| Command::Credit(Credit { order, line, terms })),
        1 => order().prop_map(Command::Void),
        1 => order().prop_map(Command::Close),
        1 => line().prop_map(Command::Bar),
        3 => line().prop_map(Command::Unbar),
        2 => (line(), caps()).prop_map(|(line, caps)| Command::Cap { line, caps }),
        1 => (0..6_u8).prop_map(|slot| Command::Forget(SessionKey([slot; 16]))),
        1 => Just(Command::Tick),
    ]
}

fn sending() -> impl Strategy<Value = Sending> {
    let ask = prop_oneof![1 => Just(Ask::Nothing), 6 => Just(Ask::Quota), 1 => octets().prop_map(Ask::UpTo)];
    let service = (proptest::option::of(1..3_u32), octets(), ask);
    let service = service.prop_map(|(group, used, ask)| Service { group, used, ask });
    let skips = prop_oneof![12 => Just(0), 2 => 1..4_u32, 1 => 4..12_u32];
    let ends = prop_oneof![9 => Just(false), 1 => Just(true)];
    let names_line = prop_oneof![9 => Just(true), 1 => Just(false)];
    let who = (0..6_u8, 1..5_u128, ends, skips, names_line);
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

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![
        4 => 0..5000_i64,
        4 => 0..30 * MINUTE,
        2 => 0..12 * HOUR,
        1 => 0..3 * DAY_MS,
        1 => select(vec![MINUTE, 2 * MINUTE, 20 * MINUTE, DAY_MS, 31 * DAY_MS]),
    ];
    prop_oneof![
        2 => command().prop_map(Step::Run),
        2 => wait.prop_map(Step::Wait),
        2 => (0..4_usize, prop_oneof![-3000..3000_i64, -10 * MINUTE..0]).prop_map(|(which, ms)| Step::Meet(which, ms)),
        6 => sending().prop_map(Step::Send),
    ]
}

/// A pool, its model, and the requests on their way.
struct Lives {
    world: World,
    naive: Naive,
    under_way: VecDeque<Control>,
    /// By slot: which session it is, and its next request number.
    gateways: [(u8, u32); 6],
}

impl Lives {
    fn begin() -> Self {
        let gateways = [(0, 0); 6];
        let world = World { events: Vec::new(), ..World::new() };
        let mut lives = Self { world, naive: Naive::new(), under_way: VecDeque::new(), gateways };
        for line in 1..4 {
            let imsi = "001010000000001".parse().unwrap();
            let identity = LineIdentity { line: Id::from_u128(line), imsi, msisdn: None };
            lives.run(Command::Join(identity));
        }
        lives
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Run(command) => self.run(command),
            Step::Wait(ms) => self.world.now = self.world.now.plus_ms(ms),
            Step::Meet(which, ms) => self.meet(which, ms),
            Step::Send(sending) => self.send(sending),
        }
    }

    fn meet(&mut self, which: usize, ms: i64) {
        let State { bundles, sessions, .. } = self.world.pool.state();
        let sessions = sessions.iter().map(|session| session.next_turn());
        let mut turns: Vec<_> = bundles.iter().filter_map(Bundle::next_turn).chain(sessions).collect();
        turns.sort();
        let turn = turns.get(which).map(|at| at.plus_ms(ms));
        self.world.now = turn.unwrap_or(self.world.now).max(self.world.now);
    }

    fn run(&mut self, command: Command) {
        let expected = self.naive.run(self.world.now, &command);
        let reply = self.world.run(command.clone());
        assert_eq!(reply, expected, "to {command:?}");
        self.compare();
    }

    fn send(&mut self, sending: Sending) {
        let request = self.request(&sending);
        for _ in 0..sending.copies {
            self.under_way.push_back(request.clone());
        }
        loop {
            let near = self.under_way.len().min(WINDOW);
            let Some(request) = self.under_way.remove(sending.arrives % near) else { break };
            self.run(Command::Control(request));
            if self.under_way.len() < WINDOW {
                break;
            }
        }
    }

    fn request(&mut self, sending: &Sending) -> Control {
        let (generation, number) = &mut self.gateways[usize::from(sending.slot)];
        let mut key = [*generation; 16];
        key[0] = sending.slot;
        *number += sending.skips;
        let kind = match number {
            _ if sending.ends => RequestKind::Terminate,
            0 => RequestKind::Initial,
            _ => RequestKind::Update,
        };
        let line = sending.names_line.then_some(Id::from_u128(sending.line));
        let request = Control {
            session: SessionKey(key),
            kind,
            number: *number,
            line,
            country: sending.country,
            services: sending.services.iter().copied().collect(),
        };
        *number += 1;
        if sending.ends && sending.arrives > 0 {
            (*generation, *number) = (*generation + 1, 0);
        }
        request
    }

    fn compare(&self) {
        let (pool, naive) = (&self.world.pool, &self.naive);
        let wide = |at: Option<Timestamp>| at.map(|at| i128::from(at.0));
        for b in &naive.bundles {
            let Some(bundle) = pool.bundle(b.id) else {
                assert!(b.retired, "{:?} is gone", b.id);
                continue;
            };
            let Figures { granted, available, reserved, used, expired, closed } = bundle.figures;
            let figures = [granted, reserved, used, expired, closed].map(i128::from);
            let expected = [b.granted, naive.reserved(b.id), b.used, b.expired, b.closed];
            assert_eq!(figures, expected, "granted, reserved, used, expired, closed of {bundle:?}");
            assert_eq!(i128::from(available), naive.available(b), "{bundle:?}");
            assert_eq!((wide(bundle.started_at()), i128::from(bundle.window)), (b.started, b.window));
            let over = match bundle.phase {
                Phase::Over { at, end, .. } => Some((i128::from(at.0), end)),
                Phase::Waiting | Phase::Active(_) => None,
            };
            assert_eq!(over, b.over);
        }
        assert_eq!(pool.state().sessions.len(), naive.sessions.len());
        for s in &naive.sessions {
            let session = pool.session(s.key).unwrap();
            let open = match session.life {
                Life::Open { lapses_at } => Some(lapses_at),
                Life::Lapsed(_) | Life::Terminated(_) => None,
            };
            assert_eq!(wide(open), s.open);
        }
        let paid: i128 = naive.bundles.iter().map(|b| b.used).sum();
        assert_eq!(paid + naive.unpaid, naive.debited, "every octet is debited once");
        let past = pool.state().past.as_deref();
        assert_eq!(past.map_or(0, |past| i128::from(past.unpaid)), naive.unpaid);
    }
}

#[test]
fn the_rules_and_the_naive_model_live_the_same_lives() {
    let steps = std::env::var("HEYON_POOL_STEPS").ok().and_then(|text| text.parse().ok());
    let lives = steps.unwrap_or(STEPS_BY_DEFAULT).div_ceil(STEPS_PER_LIFE);
    let cases = u32::try_from(lives).unwrap();
    let config =
        ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 5000, ..Default::default() };
    let life = vec(step(), STEPS_PER_LIFE);
    let result = TestRunner::new(config).run(&life, |steps| {
        let mut lives = Lives::begin();
        for step in steps {
            lives.step(step);
        }
        Ok(())
    });
    result.unwrap();
}
