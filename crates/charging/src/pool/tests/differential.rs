//! Random lives of three pools, lived twice: by the rules and by the naive model. Requests come one to three times,
//! shuffled in a window of four. Lines move from pool to pool, each step of it apart, repeated, and taken up again after
//! it was dropped. `HEYON_POOL_STEPS` says how many steps in all.

mod steps;

use std::collections::{HashMap, HashSet, VecDeque};

use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};

use steps::{Sending, Step, step};

use super::{
    differential_moves::{Journey, Moving},
    naive::Naive,
    *,
};

const STEPS_PER_LIFE: usize = 250;
const STEPS_BY_DEFAULT: usize = 60_000;
/// How many requests may overtake one another.
const WINDOW: usize = 4;
pub(super) const POOLS: usize = 3;
const LINES: u128 = 4;

/// A pool and its model.
pub(super) struct Twin {
    pub(super) world: World,
    pub(super) naive: Naive,
}

/// Some pools, and the requests on their way.
pub(super) struct Lives {
    pub(super) now: Timestamp,
    pub(super) pools: [Twin; POOLS],
    under_way: VecDeque<Control>,
    /// By slot: which session it is, and its next request number.
    gateways: [(u8, u32); 6],
    /// In which pool the engine would look for a session, and for a line, first.
    pub(super) sessions: HashMap<SessionKey, usize>,
    pub(super) lines: HashMap<Id<Line>, usize>,
    pub(super) journeys: Vec<Journey>,
}

impl Lives {
    /// All lines begin in the first pool.
    fn begin() -> Self {
        let pools =
            std::array::from_fn(|n| Twin { world: World::empty(pool_id(n).as_u128()), naive: Naive::new() });
        let mut lives = Self {
            now: START,
            pools,
            under_way: VecDeque::new(),
            gateways: [(0, 0); 6],
            sessions: HashMap::new(),
            lines: HashMap::new(),
            journeys: Vec::new(),
        };
        for line in (1..=LINES).map(Id::from_u128) {
            let imsi = "001010000000001".parse().unwrap();
            lives.run(0, Command::Join(LineIdentity { line, imsi, msisdn: None }));
            lives.lines.insert(line, 0);
        }
        lives
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Run(command) => self.command(command),
            Step::Credit(order, who, terms) => self.credit(order, who, terms),
            Step::Move(moving) => self.travel(&moving),
            Step::Wait(ms) => self.now = self.now.plus_ms(ms),
            Step::Meet(which, ms) => self.meet(which, ms),
            Step::Send(sending) => self.send(sending),
        }
        self.compare_sums();
    }

    fn meet(&mut self, which: usize, ms: i64) {
        let states = || self.pools.iter().map(|life| life.world.pool.state());
        let sessions = states().flat_map(|state| state.sessions.iter()).map(|session| session.next_turn());
        let bundles = states().flat_map(|state| state.bundles.iter()).filter_map(Bundle::next_turn);
        let mut turns: Vec<_> = bundles.chain(sessions).collect();
        turns.sort();
        let turn = turns.get(which).map(|at| at.plus_ms(ms));
        self.now = turn.unwrap_or(self.now).max(self.now);
    }

    /// To the pool where it is at home: an order's pool never changes, a line's is where it is.
    fn command(&mut self, command: Command) {
        let at = match &command {
            Command::Void(order) | Command::Close(order) | Command::Give(order) => home(*order),
            Command::CloseOwn { bundle, .. } => home(*bundle),
            Command::Bar(line)
            | Command::Unbar(line)
            | Command::Cap { line, .. }
            | Command::Pause { line, .. } => self.lines[line],
            Command::Forget(session) | Command::Release(session) => {
                self.sessions.get(session).copied().unwrap_or(0)
            }
            _ => 0,
        };
        self.follow(at, command);
    }

    fn credit(&mut self, order: Id<Order>, who: Option<usize>, terms: Terms) {
        let members = self.pools[home(order)].world.pool.members();
        let line = who.map(|n| members.get(n).map_or(Id::from_u128(1), Member::line));
        self.run(home(order), Command::Credit(Credit { order, line, terms }));
    }

    /// Asks one pool, and where it points to. False if the thing is on its way from one to another.
    fn follow(&mut self, first: usize, command: Command) -> bool {
        let mut at = first;
        for _ in 0..=POOLS {
            match self.run(at, command.clone()) {
                Reply::Away(Away::To(there)) => at = (0..POOLS).find(|n| pool_id(*n) == there).unwrap(),
                Reply::Away(Away::Moving) => return false,
                _ => return true,
            }
        }
        panic!("{command:?} is sent in a circle");
    }

    fn run(&mut self, at: usize, command: Command) -> Reply {
        let life = &mut self.pools[at];
        let expected = life.naive.run(self.now, &command);
        life.world.now = self.now;
        let reply = life.world.run(command.clone());
        assert_eq!(reply, expected, "to {command:?}");
        life.compare();
        reply
    }

    fn send(&mut self, sending: Sending) {
        let request = self.request(&sending);
        for _ in 0..sending.copies {
            self.under_way.push_back(request.clone());
        }
        let mut again = Vec::new();
        loop {
            let near = self.under_way.len().min(WINDOW);
            let Some(request) = self.under_way.remove(sending.arrives % near.max(1)) else { break };
            if !self.deliver(request.clone()) {
                again.push(request);
            }
            if self.under_way.len() < WINDOW {
                break;
            }
        }
        again.truncate(WINDOW);
        self.under_way.extend(again);
    }

    /// As the engine does: the pool that knows the session, else the line's. False if it must come again.
    fn deliver(&mut self, request: Control) -> bool {
        let named = request.line.and_then(|line| self.lines.get(&line)).copied();
        let at = self.sessions.get(&request.session).copied().or(named).unwrap_or(0);
        if !self.follow(at, Command::Control(request.clone())) {
            return false;
        }
        let knows = |life: &Twin| life.world.pool.session(request.session).is_some();
        if let Some(at) = self.pools.iter().position(knows) {
            self.sessions.insert(request.session, at);
        }
        true
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

    /// Every bundle is in one place, with everything that was ever debited to it.
    fn compare_sums(&self) {
        let packs = self.pools.iter().flat_map(|life| life.naive.moves.packs());
        let arrived = |leaving: &Leaving| self.pools.iter().any(|life| life.naive.moves.is_over(leaving.id));
        let packed = packs.filter(|(leaving, _)| !arrived(leaving)).flat_map(|(_, pack)| &pack.bundles);
        let all: Vec<_> = self.pools.iter().flat_map(|life| &life.naive.bundles).chain(packed).collect();
        let ids: HashSet<_> = all.iter().map(|b| b.id).collect();
        assert_eq!(ids.len(), all.len(), "a bundle is in one place");
        let paid: i128 = all.iter().map(|b| b.used).sum();
        let unpaid: i128 = self.pools.iter().map(|life| life.naive.unpaid).sum();
        let debited: i128 = self.pools.iter().map(|life| life.naive.debited).sum();
        assert_eq!(paid + unpaid, debited, "every octet is debited once");
    }
}

pub(super) fn pool_id(n: usize) -> Id<basis::Pool> {
    Id::from_u128(9 + u128::try_from(n).unwrap())
}

/// Where an order was to be delivered.
fn home(order: Id<Order>) -> usize {
    [0, 0, 1, 2][usize::try_from(order.as_u128() % 4).unwrap()]
}

impl Twin {
    pub(super) fn compare(&self) {
        self.compare_told();
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
