//! What people and gateways do with a pool, and what they see.

#![expect(clippy::needless_pass_by_value, reason = "a story reads better without ampersands")]

mod bundles;
mod caps;
mod differential;
mod differential_moves;
mod exactly_once;
mod grants;
mod marks;
mod moves;
mod naive;
mod naive_moves;
mod naive_told;
mod sessions;

use basis::{
    Allowance, Beyond, Country, CountrySet, DAY_MS, DataVolume, Id, RenewalRule, StartRule, Terms, Timestamp,
};

use super::*;

const START: Timestamp = Timestamp(1_790_000_000_000);
const MB: u64 = 1_000_000;
const GB: u64 = 1_000_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A pool with a line, and a clock. Every command is replayed into a twin, and the invariants are checked.
struct World {
    pool: Pool,
    twin: Pool,
    now: Timestamp,
    events: Vec<Event>,
}

const LINE: Id<Line> = Id::from_u128(1);
const SISTER: Id<Line> = Id::from_u128(2);

impl World {
    /// One line, no bundle.
    fn new() -> Self {
        let mut world = Self::empty(9);
        world.join(LINE);
        world
    }

    /// A pool that nobody has joined.
    fn empty(id: u128) -> Self {
        let pool = Pool::new(Id::from_u128(id));
        Self { twin: pool.clone(), pool, now: START, events: Vec::new() }
    }

    /// One line with this bundle (number 1).
    fn with(terms: Terms) -> Self {
        let mut world = Self::new();
        world.credit(1, terms);
        world
    }

    fn run(&mut self, command: Command) -> Reply {
        self.events.clear();
        let reply = self.pool.apply(self.now, &command, &mut self.events);
        for event in &self.events {
            self.twin.absorb(self.now, event);
        }
        assert_eq!(self.pool.state(), self.twin.state(), "replaying gives the same pool");
        self.pool.check_invariants().unwrap();
        reply
    }

    fn join(&mut self, line: Id<Line>) {
        let imsi = "001010000000001".parse().unwrap();
        self.run(Command::Join(LineIdentity { line, imsi, msisdn: None }));
    }

    /// A bundle of the line's own, or of the pool if the terms are shareable.
    fn credit(&mut self, order: u128, terms: Terms) -> CreditReply {
        let line = (!terms.shareable).then_some(LINE);
        match self.run(Command::Credit(Credit { order: Id::from_u128(order), line, terms })) {
            Reply::Credit(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    fn void(&mut self, order: u128) -> VoidReply {
        match self.run(Command::Void(Id::from_u128(order))) {
            Reply::Void(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    fn close(&mut self, bundle: u128) -> Closed {
        match self.run(Command::Close(Id::from_u128(bundle))) {
            Reply::Close(CloseReply::Closed(closed)) => closed,
            other => panic!("{other:?}"),
        }
    }

    fn control(&mut self, request: Control) -> Answer {
        match self.run(Command::Control(request)) {
            Reply::Control(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Time passes, and the shard ticks.
    fn wait(&mut self, ms: i64) {
        self.now = self.now.plus_ms(ms);
        self.run(Command::Tick);
    }

    fn figures(&self, bundle: u128) -> Figures {
        self.pool.bundle(Id::from_u128(bundle)).unwrap().figures
    }

    fn phase(&self, bundle: u128) -> Phase {
        self.pool.bundle(Id::from_u128(bundle)).unwrap().phase
    }

    fn view(&self, bundle: u128) -> BundleView {
        let view = self.pool.view(self.now);
        view.bundles.into_iter().find(|b| b.bundle == Id::from_u128(bundle)).unwrap()
    }

    /// Uses data in a session of its own that ends at once.
    fn browse(&mut self, country: &str, bytes: u64) {
        let key = self.pool.state().sessions.len() + 1000;
        let mut phone = Phone::new(u8::try_from(key % 256).unwrap(), LINE, country);
        phone.start(self);
        phone.end(self, bytes);
    }
}

/// A session at a gateway that does as it should.
struct Phone {
    key: SessionKey,
    line: Id<Line>,
    country: Country,
    number: u32,
}

impl Phone {
    fn new(key: u8, line: Id<Line>, country: &str) -> Self {
        Self { key: SessionKey([key; 16]), line, country: country.parse().unwrap(), number: 0 }
    }

    fn request(&mut self, kind: RequestKind, used: u64, ask: Ask) -> Control {
        let number = self.number;
        self.number += 1;
        let (session, line, country) = (self.key, Some(self.line), Some(self.country));
        let services = Few::One(Service { group: None, used, ask });
        Control { session, kind, number, line, country, services }
    }

    fn start(&mut self, world: &mut World) -> Quota {
        let request = self.request(RequestKind::Initial, 0, Ask::Quota);
        quota(&world.control(request))
    }

    /// Begins, and ends if it should, without a look at the whole pool after each step.
    fn start_unchecked(&mut self, world: &mut World, ends: bool) {
        world.now = world.now.plus_ms(1);
        let start = self.request(RequestKind::Initial, 0, Ask::Quota);
        let end = ends.then(|| self.request(RequestKind::Terminate, 0, Ask::Nothing));
        for request in [Some(start), end].into_iter().flatten() {
            let mut events = Vec::new();
            world.pool.apply(world.now, &Command::Control(request), &mut events);
            for event in &events {
                world.twin.absorb(world.now, event);
            }
        }
    }

    fn report(&mut self, world: &mut World, used: u64) -> Quota {
        let request = self.request(RequestKind::Update, used, Ask::Quota);
        quota(&world.control(request))
    }

    fn end(&mut self, world: &mut World, used: u64) {
        let request = self.request(RequestKind::Terminate, used, Ask::Nothing);
        world.control(request);
    }
}

fn quota(answer: &Answer) -> Quota {
    answer.services.first().map_or(Quota::None, |service| service.quota)
}

fn granted(quota: Quota) -> Grant {
    match quota {
        Quota::Granted(grant) => grant,
        other => panic!("no grant: {other:?}"),
    }
}

fn places(codes: &str) -> CountrySet {
    codes.split(' ').map(|code| code.parse::<Country>().unwrap()).collect()
}

/// So many octets for thirty days in Japan, from first use, after what is there.
fn fixed(bytes: u64) -> Terms {
    Terms {
        allowance: Allowance::Fixed { bytes: DataVolume(bytes) },
        coverage: places("JP"),
        days: 30,
        start: StartRule::FirstUse,
        activate_within_days: 180,
        renewal: RenewalRule::Follow,
        shareable: false,
    }
}

/// So many octets a day for so many days.
fn daily(bytes: u64, days: u32) -> Terms {
    Terms { allowance: Allowance::PerDay { bytes: DataVolume(bytes) }, days, ..fixed(0) }
}

/// No limit but fair use.
fn unlimited(fair_use: u64, days: u32) -> Terms {
    let fair_use_bytes_per_day = DataVolume(fair_use);
    Terms {
        allowance: Allowance::Unlimited { fair_use_bytes_per_day, then: Beyond::Stops },
        days,
        ..fixed(0)
    }
}

/// No limit, but slower beyond fair use.
fn slower(fair_use: u64, days: u32) -> Terms {
    let fair_use_bytes_per_day = DataVolume(fair_use);
    Terms {
        allowance: Allowance::Unlimited { fair_use_bytes_per_day, then: Beyond::Slower },
        days,
        ..fixed(0)
    }
}

fn at_purchase(terms: Terms) -> Terms {
    Terms { start: StartRule::AtPurchase, ..terms }
}

fn with_rule(renewal: RenewalRule, terms: Terms) -> Terms {
    Terms { renewal, ..terms }
}

fn shared(terms: Terms) -> Terms {
    Terms { shareable: true, ..terms }
}

#[test]
fn a_quiet_line_with_a_bundle_is_one_small_block() {
    assert!(size_of::<Pool>() <= 232, "{}", size_of::<Pool>());
    let world = World::with(fixed(GB));
    let State { members, bundles, sessions, past, .. } = world.pool.state();
    assert!(matches!((members, bundles), (Few::One(_), Few::One(_))));
    assert_eq!((sessions, past), (&Sessions::NONE, &None));
}
