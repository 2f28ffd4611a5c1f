//! A line's way from one pool to another: it departs, arrives, and then the first pool lets go of what it took along.
//!
//! Whatever is repeated at any point gets the same answer, so that whoever drives the move may die between any two steps.

use basis::{Id, Line, Move, Order, Pool as PoolNoun};

use super::{
    Away, Command, Control, DepartReply, Event, Fate, Gone, Leaving, Luggage, Moved, Pool, Reply, Session,
    decision::Decision,
};

impl Decision<'_> {
    /// Ends a line's sessions and packs what is its own, once they hold nothing shared. Again: the same, until the other pool
    /// has it.
    pub(super) fn depart(&mut self, leaving: Leaving) -> Reply {
        if self.pool.is_over(leaving.id) {
            return Reply::Depart(DepartReply::Over);
        }
        if let Some(luggage) = self.pool.gone(leaving.line).and_then(|gone| gone.luggage_of(leaving.id)) {
            return Reply::Depart(DepartReply::Left(Box::new(luggage.clone())));
        }
        if self.pool.member(leaving.line).is_none() || leaving.to == self.pool.id() {
            return Reply::UnknownLine;
        }
        if self.pool.shared_reserved(leaving.line) > 0 {
            return self.call_in(leaving.line);
        }
        self.end_sessions(leaving.line);
        let own = self.pool.state.bundles.iter().filter(|bundle| bundle.line == Some(leaving.line));
        let bundles = own.map(|bundle| bundle.id).collect();
        let sessions = self.pool.sessions_of(leaving.line).map(|session| session.key).collect();
        self.record(Event::Departed { leaving, bundles, sessions });
        self.depart(leaving)
    }

    /// What a line holds of the shared bundles stays behind, so it is reported before the line goes, or lapses. A pause has
    /// its gateways asked for a report, and nothing shared granted any more.
    fn call_in(&mut self, line: Id<Line>) -> Reply {
        self.pause(line, true);
        Reply::Away(Away::Moving)
    }

    fn end_sessions(&mut self, line: Id<Line>) {
        let open: Vec<_> = self.pool.sessions_of(line).filter(|s| s.is_open()).map(|s| s.key).collect();
        for session in open {
            self.release_all(session);
            self.record(Event::Terminated(session));
        }
    }

    /// Takes a line in, with what it brings, once.
    pub(super) fn arrive(&mut self, id: Id<Move>, from: Id<PoolNoun>, luggage: &Luggage) -> Reply {
        let line = luggage.identity.line;
        if self.pool.is_over(id) {
            return Reply::Done;
        }
        if self.pool.member(line).is_some() || self.pool.gone(line).is_some_and(Gone::is_under_way) {
            return Reply::Away(Away::Moving);
        }
        self.record(Event::Arrived { id, from, luggage: Box::new(luggage.clone()) });
        Reply::Done
    }

    /// Lets go of what a line took along.
    pub(super) fn part(&mut self, id: Id<Move>) -> Reply {
        let moves = self.pool.state.moves.as_deref();
        if moves.is_some_and(|moves| moves.gone.iter().any(|gone| gone.luggage_of(id).is_some())) {
            self.record(Event::Parted(id));
        }
        Reply::Done
    }
}

impl Gone {
    /// What it takes along, if the other pool may not have it yet.
    fn luggage_of(&self, id: Id<Move>) -> Option<&Luggage> {
        self.luggage.as_deref().filter(|_| self.leaving.id == id)
    }

    const fn is_under_way(&self) -> bool {
        self.luggage.is_some()
    }

    /// Where it is.
    const fn whereabouts(&self) -> Away {
        if self.is_under_way() { Away::Moving } else { Away::To(self.leaving.to) }
    }

    fn carries(&self, is: impl Fn(&Luggage) -> bool) -> bool {
        self.luggage.as_deref().is_some_and(is)
    }
}

impl Pool {
    /// Where to go with a command about something that has left; `None` if it is for this pool to answer.
    pub(super) fn away(&self, command: &Command) -> Option<Away> {
        match command {
            Command::Join(identity) => self.gone(identity.line).map(Gone::whereabouts),
            Command::Bar(line) | Command::Unbar(line) => self.gone(*line).map(Gone::whereabouts),
            Command::Credit(credit) if self.fate(credit.order) == Fate::Unknown => {
                self.gone(credit.line?).filter(|gone| gone.is_under_way()).map(Gone::whereabouts)
            }
            Command::Depart(leaving) => {
                let other = |gone: &&Gone| gone.is_under_way() && gone.leaving.id != leaving.id;
                self.gone(leaving.line).filter(other).map(Gone::whereabouts)
            }
            Command::Close(bundle) | Command::CloseOwn { bundle, .. } => self.bundle_away(*bundle),
            Command::Control(request) => self.session_away(request),
            _ => None,
        }
    }

    fn bundle_away(&self, bundle: Id<Order>) -> Option<Away> {
        let to = self.moved(bundle)?.to;
        let packed = |gone: &Gone| gone.carries(|luggage| luggage.bundles.iter().any(|b| b.id == bundle));
        let under_way = self.state.moves.as_deref().is_some_and(|moves| moves.gone.iter().any(packed));
        Some(if under_way { Away::Moving } else { Away::To(to) })
    }

    fn session_away(&self, request: &Control) -> Option<Away> {
        let moves = self.state.moves.as_deref()?;
        if self.session(request.session).is_some() {
            return None;
        }
        let packed =
            |gone: &&Gone| gone.carries(|luggage| luggage.sessions.iter().any(|s| s.key == request.session));
        let gone = moves.gone.iter().find(packed).or_else(|| self.gone(request.line?));
        gone.map(Gone::whereabouts)
    }

    /// A line that has left and not come back.
    pub fn gone(&self, line: Id<Line>) -> Option<&Gone> {
        self.state.moves.as_deref()?.gone.iter().find(|gone| gone.leaving.line == line)
    }

    /// A bundle that has left and not come back.
    pub fn moved(&self, bundle: Id<Order>) -> Option<&Moved> {
        self.state.moves.as_deref()?.moved.iter().find(|moved| moved.bundle == bundle)
    }

    fn is_over(&self, id: Id<Move>) -> bool {
        self.state.moves.as_deref().is_some_and(|moves| moves.over.contains(&id))
    }

    pub(super) fn sessions_of(&self, line: Id<Line>) -> impl Iterator<Item = &Session> {
        self.state.sessions.iter().filter(move |session| session.line == line).map(AsRef::as_ref)
    }
}
