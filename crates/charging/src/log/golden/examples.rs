//! One of everything that is written.

use super::*;

pub(super) fn terms(allowance: Allowance, renewal: RenewalRule) -> Terms {
    Terms {
        allowance,
        coverage: ["JP", "CN", "DE"].iter().map(|country| country.parse().unwrap()).collect(),
        days: 30,
        start: StartRule::FirstUse,
        activate_within_days: 90,
        renewal,
        shareable: true,
    }
}

/// One of every kind of fact, with every kind of value that stands in one.
pub(super) fn every_event() -> Vec<Event> {
    let (line, bundle, session) = (Id::from_u128(11), Id::from_u128(22), SessionKey([7; 16]));
    let country = "JP".parse().unwrap();
    let identity = LineIdentity {
        line,
        imsi: "001010000000001".parse().unwrap(),
        msisdn: Some("8613800138000".parse().unwrap()),
    };
    let bytes = DataVolume::gigabytes(1);
    let unlimited = Allowance::Unlimited { fair_use_bytes_per_day: bytes, then: Beyond::Stops };
    let closed = Closed {
        bundle,
        at: NOW,
        unused_bytes: 5,
        total_bytes: 1 << 40,
        unused_ms: 6,
        total_ms: 7,
        unstarted_days: 8,
        total_days: 9,
    };
    let used = Use {
        session,
        group: Some(1),
        line,
        country: Some(country),
        bundle: Some(bundle),
        held: true,
        bytes: 9,
    };
    let quotas = [
        Quota::None,
        Quota::Granted(Grant { bytes: 10_000_000, validity_seconds: 600, behind: Behind::More }),
        Quota::Refused(Refusal::NotCovered),
        Quota::Refused(Refusal::UsedUp),
        Quota::Refused(Refusal::CapReached),
        Quota::Refused(Refusal::TooManyGroups),
    ];
    let services = quotas.into_iter().map(|quota| ServiceAnswer { group: Some(u32::MAX), quota }).collect();
    let caps = Caps { per_day: Some(1), per_30_days: None, in_all: Some(u64::MAX) };
    let mut events = vec![
        Event::Joined(identity),
        Event::Barred { line, barred: true },
        Event::Capped { line, caps },
        Event::Credited { bundle, line: None, terms: terms(Allowance::Fixed { bytes }, RenewalRule::Follow) },
        Event::Credited {
            bundle,
            line: Some(line),
            terms: terms(Allowance::PerDay { bytes }, RenewalRule::Add),
        },
        Event::Credited {
            bundle,
            line: None,
            terms: Terms { start: StartRule::AtPurchase, ..terms(unlimited, RenewalRule::Replace) },
        },
        Event::Voided(bundle),
        Event::Started { bundle, at: NOW },
        Event::Turned { bundle, window: 3, expired: 4, granted: 5 },
        Event::Closed { closed, withdrawn: 10 },
        Event::Retired(bundle),
        Event::Opened { session, line, lapses_at: NOW },
        Event::Entered { session, country },
        Event::Used(used),
        Event::Used(Use { group: None, country: None, bundle: None, held: false, ..used }),
        Event::Reserved { session, group: None, bundle, window: 2, bytes: 3, until: NOW },
        Event::Stale { session, number: 4, bytes: 5 },
        Event::Lapsed { session, at: Timestamp(-1) },
        Event::Terminated(session),
        Event::Forgotten(session),
        Event::Answered {
            session,
            number: 1,
            lapses_at: Some(NOW),
            answer: Answer { verdict: Verdict::Accepted, services },
        },
    ];
    events.extend([End::Expired, End::Lapsed, End::Closed].map(|end| Event::Ended {
        bundle,
        at: NOW,
        end,
        expired: 1,
    }));
    events.extend([Place::Available, Place::Expired, Place::Closed].map(|to| Event::Freed {
        session,
        group: Some(1),
        bundle,
        bytes: 2,
        to,
    }));
    let verdicts =
        [Verdict::Barred, Verdict::Terminated, Verdict::Stale, Verdict::UnknownSession, Verdict::UnknownLine];
    events.extend(verdicts.map(|verdict| Event::Answered {
        session,
        number: 0,
        lapses_at: None,
        answer: Answer::bare(verdict),
    }));
    events
}

pub(super) fn every_batch() -> Batch {
    let pool = Id::from_u128(33);
    Batch {
        now: NOW,
        entries: vec![
            Entry::Epoch { node: "knoten-1".to_owned() },
            Entry::Pool { pool, at: NOW.plus_ms(-40), events: every_event() },
            Entry::Pool { pool, at: NOW, events: Vec::new() },
        ],
    }
}

/// A pool that has lived a little.
pub(super) fn lived_in() -> Pool {
    let (id, line) = (Id::from_u128(33), Id::from_u128(11));
    let mut pool = Pool::new(id);
    let identity = LineIdentity { line, imsi: "001010000000001".parse().unwrap(), msisdn: None };
    let credit = |order, allowance| {
        let terms = terms(allowance, RenewalRule::Add);
        Command::Credit(Credit { order: Id::from_u128(order), line: None, terms })
    };
    let control = |key, kind, number, used| {
        let services = Few::One(Service { group: Some(1), used, ask: Ask::Quota });
        let country = Some("JP".parse().unwrap());
        Command::Control(Control {
            session: SessionKey([key; 16]),
            kind,
            number,
            line: Some(line),
            country,
            services,
        })
    };
    let caps = Caps { per_day: Some(1 << 40), per_30_days: None, in_all: None };
    let commands = [
        Command::Join(identity),
        Command::Cap { line, caps },
        credit(1, Allowance::Fixed { bytes: DataVolume::megabytes(50) }),
        credit(2, Allowance::PerDay { bytes: DataVolume::megabytes(5) }),
        Command::Void(Id::from_u128(3)),
        control(1, RequestKind::Initial, 0, 0),
        control(1, RequestKind::Update, 1, 1_000_000),
        control(2, RequestKind::Initial, 0, 0),
        control(1, RequestKind::Terminate, 2, 5_000),
        Command::Close(Id::from_u128(2)),
    ];
    for (command, ms) in commands.iter().zip(0..) {
        pool.apply(NOW.plus_ms(ms), command, &mut Vec::new());
    }
    pool
}

/// A pool that a line has left, that another is leaving, and that a third came to.
pub(super) fn travelled() -> Pool {
    let mut pool = lived_in();
    let joins = [12, 13].map(|line| {
        let identity =
            LineIdentity { line: Id::from_u128(line), imsi: "00101".parse().unwrap(), msisdn: None };
        Command::Join(identity)
    });
    let own = Credit {
        order: Id::from_u128(4),
        line: Some(Id::from_u128(13)),
        terms: terms(Allowance::Fixed { bytes: DataVolume::megabytes(9) }, RenewalRule::Add),
    };
    let depart = |id, line| {
        Command::Depart(Leaving { id: Id::from_u128(id), line: Id::from_u128(line), to: Id::from_u128(34) })
    };
    let arrive =
        Command::Arrive { id: Id::from_u128(102), from: Id::from_u128(34), luggage: Box::new(luggage()) };
    let [second, third] = joins;
    let commands = [
        second,
        third,
        Command::Credit(own),
        depart(100, 12),
        Command::Part(Id::from_u128(100)),
        depart(101, 13),
        arrive,
        Command::Pause { line: Id::from_u128(11), paused: true },
    ];
    for (command, ms) in commands.iter().zip(100..) {
        pool.apply(NOW.plus_ms(ms), command, &mut Vec::new());
    }
    pool
}

/// What somebody brings who has lived a little, too.
pub(super) fn luggage() -> Luggage {
    let line = Id::from_u128(14);
    let own = terms(Allowance::Fixed { bytes: DataVolume::megabytes(3) }, RenewalRule::Add);
    let mut session = Session::new(SessionKey([9; 16]), line, NOW);
    session.life = Life::Terminated(NOW);
    session.ring.keep(3, Answer::bare(Verdict::Accepted));
    let identity = LineIdentity { line, imsi: "00102".parse().unwrap(), msisdn: None };
    let bundles = vec![Bundle::new(Id::from_u128(5), Some(line), own.into(), NOW)];
    Luggage { identity, barred: true, bundles, sessions: vec![session.into()], closed: Vec::new() }
}

/// One of every kind of fact about sharing and moving.
pub(super) fn events_of_moves() -> Vec<Event> {
    let (id, line, bundle) = (Id::from_u128(100), Id::from_u128(11), Id::from_u128(22));
    let session = SessionKey([7; 16]);
    let leaving = Leaving { id, line, to: Id::from_u128(34) };
    let refused = ServiceAnswer { group: None, quota: Quota::Refused(Refusal::Paused) };
    let answer = Answer { verdict: Verdict::Accepted, services: Few::One(refused) };
    let mut events = vec![
        Event::Given(bundle),
        Event::Paused { line, paused: true },
        Event::Departed { leaving, bundles: vec![bundle], sessions: vec![session] },
        Event::Arrived { id, from: Id::from_u128(33), luggage: Box::new(luggage()) },
        Event::Parted(id),
        Event::Marked { bundle, window: 2, percent: 95 },
        Event::Answered { session, number: 1, lapses_at: None, answer },
    ];
    let caps = [CapKind::PerDay, CapKind::Per30Days, CapKind::InAll];
    events.extend(caps.map(|cap| Event::CapMarked { line, cap, percent: 80 }));
    events
}

/// What came with plans that go on slower.
pub(super) fn events_of_slowness() -> Vec<Event> {
    let (line, bundle, session) = (Id::from_u128(11), Id::from_u128(22), SessionKey([7; 16]));
    let slower =
        Allowance::Unlimited { fair_use_bytes_per_day: DataVolume::gigabytes(1), then: Beyond::Slower };
    let grant = |behind| Quota::Granted(Grant { bytes: 5, validity_seconds: 60, behind });
    let quotas = [
        grant(Behind::Nothing),
        grant(Behind::Slow),
        Quota::Slow { validity_seconds: 600 },
        Quota::Refused(Refusal::Lent),
    ];
    let services = quotas.into_iter().map(|quota| ServiceAnswer { group: None, quota }).collect();
    let answer = Answer { verdict: Verdict::Accepted, services };
    vec![
        Event::Credited { bundle, line: Some(line), terms: terms(slower, RenewalRule::Follow) },
        Event::Answered { session, number: 1, lapses_at: None, answer },
    ]
}

pub(super) fn slow_batch() -> Batch {
    let pool = Id::from_u128(33);
    Batch { now: NOW, entries: vec![Entry::Pool { pool, at: NOW, events: events_of_slowness() }] }
}

pub(super) fn moves_batch() -> Batch {
    let pool = Id::from_u128(33);
    Batch { now: NOW, entries: vec![Entry::Pool { pool, at: NOW.plus_ms(-1), events: events_of_moves() }] }
}
