//! A gateway's request: exactly once, report first, then quota.

use basis::{MINUTE_MS, Timestamp};

use super::{
    Answer, Ask, Control, Event, Few, Life, MAX_SESSIONS, Quota, Reply, RequestKind, Seen, Service,
    ServiceAnswer, Session, SessionKey, Verdict, decision::Decision, settle::Report,
};

/// A session without quota lapses after so long: twice the longest validity.
const SILENCE_MS: i64 = 20 * MINUTE_MS;

/// More octets than this in one report (a petabyte) are a gateway's mistake, and count as this.
const MAX_REPORT_BYTES: u64 = 1 << 50;

impl Decision<'_> {
    pub(super) fn control(&mut self, request: &Control) -> Answer {
        let Some(session) = self.pool.session(request.session) else { return self.unknown_session(request) };
        match session.ring.look_up(request.number) {
            Seen::Repeat(answer) => answer.clone(),
            Seen::Stale => self.stale(request),
            Seen::Late => self.late(request),
            Seen::New => match session.life {
                Life::Open { .. } => self.accept(request),
                Life::Lapsed(_) => self.reopen(request),
                Life::Terminated(_) => self.after_the_end(request),
            },
        }
    }

    /// The first request of a session, or one of a session that we have lost: both begin it.
    fn unknown_session(&mut self, request: &Control) -> Answer {
        let Some(line) = request.line else { return Answer::bare(Verdict::UnknownSession) };
        if self.pool.member(line).is_none() {
            return Answer::bare(Verdict::UnknownLine);
        }
        self.make_room();
        let lapses_at = self.now.plus_ms(SILENCE_MS);
        self.record(Event::Opened { session: request.session, line, lapses_at });
        self.enter(request);
        self.accept(request)
    }

    /// Keeps the sessions within their bound: the one that is over and was heard longest ago is forgotten, or if all
    /// are open the most silent one.
    fn make_room(&mut self) {
        let sessions = &self.pool.state.sessions;
        if sessions.len() < MAX_SESSIONS {
            return;
        }
        let Some(first) = sessions.iter().min_by_key(|s| (s.is_open(), s.heard_at)) else { return };
        let key = first.key;
        self.lapse(key);
        self.record(Event::Forgotten(key));
    }

    /// A session's gateway has lost it.
    pub(super) fn let_go(&mut self, key: SessionKey) -> Reply {
        self.lapse(key);
        Reply::Done
    }

    /// Takes a session for over, until it is heard again.
    fn lapse(&mut self, key: SessionKey) {
        if self.pool.session(key).is_some_and(Session::is_open) {
            self.release_all(key);
            self.record(Event::Lapsed { session: key, at: self.now });
        }
    }

    fn reopen(&mut self, request: &Control) -> Answer {
        if let Some(line) = self.pool.session(request.session).map(|session| session.line) {
            let lapses_at = self.now.plus_ms(SILENCE_MS);
            self.record(Event::Opened { session: request.session, line, lapses_at });
        }
        self.accept(request)
    }

    /// The next request of an open session. Its use was made where the session was before.
    fn accept(&mut self, request: &Control) -> Answer {
        let reports: Few<_> = request.services.iter().map(|service| self.report(request, service)).collect();
        self.enter(request);
        if request.kind == RequestKind::Terminate {
            self.terminate(request);
            return self.answer(request, Verdict::Accepted, None);
        }
        if self.pool.is_barred(request.session) {
            return self.answer(request, Verdict::Barred, None);
        }
        let quotas = request.services.iter().zip(reports.iter());
        let quotas = quotas.map(|(service, report)| self.quota(request, service, *report)).collect();
        self.answer(request, Verdict::Accepted, Some(quotas))
    }

    /// Settles what a service reports.
    fn report(&mut self, request: &Control, service: &Service) -> Report {
        self.settle(request.session, service.group, service.used.min(MAX_REPORT_BYTES))
    }

    fn quota(&mut self, request: &Control, service: &Service, report: Report) -> Quota {
        match service.ask {
            Ask::Nothing => self.still_slow(request.session, service.group),
            Ask::Quota => self.grant(request.session, service.group, u64::MAX, report),
            Ask::UpTo(bytes) => self.grant(request.session, service.group, bytes, report),
        }
    }

    /// Higher numbers were answered before: what it reports was used beyond what the session holds now.
    fn late(&mut self, request: &Control) -> Answer {
        self.debit(request);
        let open = self.pool.session(request.session).is_some_and(Session::is_open);
        if request.kind == RequestKind::Terminate && open {
            self.terminate(request);
        }
        self.answer(request, Verdict::Accepted, None)
    }

    fn after_the_end(&mut self, request: &Control) -> Answer {
        self.debit(request);
        self.answer(request, Verdict::Terminated, None)
    }

    fn debit(&mut self, request: &Control) {
        for service in request.services.iter() {
            self.overrun(request.session, service.group, service.used.min(MAX_REPORT_BYTES), None);
        }
    }

    /// Too old to know whether it was debited: say so to the log, and nothing more to the gateway.
    fn stale(&mut self, request: &Control) -> Answer {
        let used = request.services.iter().map(|service| service.used.min(MAX_REPORT_BYTES));
        let bytes = used.fold(0, u64::saturating_add);
        self.record(Event::Stale { session: request.session, number: request.number, bytes });
        Answer::bare(Verdict::Stale)
    }

    fn terminate(&mut self, request: &Control) {
        self.release_all(request.session);
        self.record(Event::Terminated(request.session));
    }

    fn enter(&mut self, request: &Control) {
        let Some(country) = request.country else { return };
        if self.pool.session(request.session).is_some_and(|session| session.country != Some(country)) {
            self.record(Event::Entered { session: request.session, country });
        }
    }

    /// Keeps the answer, so that a repeat gets it again.
    fn answer(&mut self, request: &Control, verdict: Verdict, quotas: Option<Few<Quota>>) -> Answer {
        let quotas = quotas.into_iter().flatten().chain(std::iter::repeat(Quota::None));
        let named = request.services.iter().zip(quotas);
        let services = named.map(|(service, quota)| ServiceAnswer { group: service.group, quota }).collect();
        let answer = Answer { verdict, services };
        self.record(Event::Answered {
            session: request.session,
            number: request.number,
            lapses_at: self.lapses_at(request),
            answer: answer.clone(),
        });
        answer
    }

    /// An open session lapses when the last of what it holds does, or after a long silence.
    fn lapses_at(&self, request: &Control) -> Option<Timestamp> {
        let session = self.pool.session(request.session).filter(|session| session.is_open())?;
        let held = session.groups.iter().map(|group| group.until).max();
        Some(held.unwrap_or(self.now.plus_ms(SILENCE_MS)))
    }
}
