//! Deciding one command: look at the pool, record what follows, look again.

use basis::{Id, Line, Timestamp};

use super::{Caps, Command, Event, LineIdentity, Member, Pool, Reply, SessionKey};

/// One command being decided.
pub(super) struct Decision<'a> {
    pub(super) pool: &'a mut Pool,
    pub(super) now: Timestamp,
    pub(super) log: &'a mut Vec<Event>,
}

impl Decision<'_> {
    /// It has happened: the pool knows it, and the log will.
    pub(super) fn record(&mut self, event: Event) {
        self.pool.absorb(self.now, &event);
        self.log.push(event);
    }

    /// First what the clock did meanwhile, then the command, then what begins because something else ended.
    pub(super) fn take(mut self, command: &Command) -> Reply {
        self.run_clocks();
        let reply = match self.pool.away(command) {
            Some(away) => Reply::Away(away),
            None => self.decide(command),
        };
        self.start_followers(self.now);
        reply
    }

    fn decide(&mut self, command: &Command) -> Reply {
        match command {
            Command::Join(identity) => self.join(*identity),
            Command::Credit(credit) => Reply::Credit(self.credit(credit)),
            Command::Void(order) => Reply::Void(self.void(*order)),
            Command::Close(bundle) => Reply::Close(self.close(*bundle)),
            Command::CloseOwn { bundle, line } => Reply::Close(self.close_own(*bundle, *line)),
            Command::Bar(line) => self.bar(*line, true),
            Command::Unbar(line) => self.bar(*line, false),
            Command::Give(bundle) => Reply::Give(self.give(*bundle)),
            Command::Cap { line, caps } => self.cap(*line, *caps),
            Command::Pause { line, paused } => self.pause(*line, *paused),
            Command::Depart(leaving) => self.depart(*leaving),
            Command::Arrive { id, from, luggage } => self.arrive(*id, *from, luggage),
            Command::Part(id) => self.part(*id),
            Command::Control(request) => Reply::Control(self.control(request)),
            Command::Release(session) => self.let_go(*session),
            Command::Forget(session) => self.forget(*session),
            Command::Tick => Reply::Done,
        }
    }

    fn join(&mut self, identity: LineIdentity) -> Reply {
        if self.pool.member(identity.line).is_none_or(|member| member.identity != identity) {
            self.record(Event::Joined(identity));
        }
        Reply::Done
    }

    fn bar(&mut self, line: Id<Line>, barred: bool) -> Reply {
        let differs = |member: &Member| member.barred != barred;
        self.change_member(line, differs, Event::Barred { line, barred })
    }

    fn cap(&mut self, line: Id<Line>, caps: Caps) -> Reply {
        let differs = |member: &Member| member.meter.as_ref().map_or(Caps::default(), |m| m.caps) != caps;
        self.change_member(line, differs, Event::Capped { line, caps })
    }

    pub(super) fn pause(&mut self, line: Id<Line>, paused: bool) -> Reply {
        let differs = |member: &Member| member.paused != paused;
        self.change_member(line, differs, Event::Paused { line, paused })
    }

    fn change_member(&mut self, line: Id<Line>, differs: impl Fn(&Member) -> bool, event: Event) -> Reply {
        let Some(member) = self.pool.member(line) else { return Reply::UnknownLine };
        if differs(member) {
            self.record(event);
        }
        Reply::Done
    }

    fn forget(&mut self, session: SessionKey) -> Reply {
        if self.pool.session(session).is_some_and(|session| !session.is_open()) {
            self.record(Event::Forgotten(session));
        }
        Reply::Done
    }
}
