//! Lines move between the pools of the differential test; whoever drives the move dies at any step, or does it twice.

use super::{
    differential::{Lives, Twin, pool_id},
    naive_moves::{NDeparture, NPack},
    *,
};

/// A line is to go to a pool.
#[derive(Debug, Clone)]
pub(super) struct Moving {
    pub(super) line: Id<Line>,
    pub(super) to: usize,
    /// The last step that is done: 1 departs, 2 arrives, 3 parts. The next call begins again at the first.
    pub(super) reach: usize,
    /// How often each step is done.
    pub(super) copies: usize,
    /// A new move, even if one of this line is under way.
    pub(super) new: bool,
}

/// A move that somebody wanted; its place in the list is its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Journey {
    line: Id<Line>,
    from: usize,
    to: usize,
}

/// What both sides packed.
type Packs = (Box<Luggage>, Box<NPack>);

impl Lives {
    /// The newest move of this line again, or a new one; as far as it goes.
    pub(super) fn travel(&mut self, moving: &Moving) {
        let newest = self.journeys.iter().rposition(|journey| journey.line == moving.line);
        let n = newest.filter(|n| !moving.new && self.journeys[*n].to == moving.to).unwrap_or_else(|| {
            self.journeys.push(Journey { line: moving.line, from: self.lines[&moving.line], to: moving.to });
            self.journeys.len() - 1
        });
        let (id, Journey { line, from, to }) = (Id::from_u128(u128::try_from(n).unwrap()), self.journeys[n]);
        let leaving = Leaving { id, line, to: pool_id(to) };
        let mut packs = None;
        for _ in 0..moving.copies {
            packs = self.depart(from, leaving);
        }
        let Some(packs) = packs else { return };
        for _ in 0..if moving.reach >= 2 { moving.copies } else { 0 } {
            self.arrive((from, to), id, &packs);
        }
        for _ in 0..if moving.reach >= 3 && self.has_arrived(to, id) { moving.copies } else { 0 } {
            self.part(from, id);
        }
    }

    fn depart(&mut self, from: usize, leaving: Leaving) -> Option<Packs> {
        let now = self.now;
        let me = pool_id(from);
        let life = &mut self.pools[from];
        let expected = life.naive.depart(now, leaving, me);
        let (reply, events) = life.run(now, Command::Depart(leaving));
        match (reply, expected) {
            (Reply::Depart(DepartReply::Left(luggage)), NDeparture::Left(pack)) => {
                let ids = |bundles: &[Bundle]| bundles.iter().map(|b| b.id).collect::<Vec<_>>();
                assert_eq!(ids(&luggage.bundles), pack.bundles.iter().map(|b| b.id).collect::<Vec<_>>());
                Some((luggage, pack))
            }
            (Reply::Depart(DepartReply::Over), NDeparture::Over)
            | (Reply::Away(Away::Moving), NDeparture::Moving)
            | (Reply::UnknownLine, NDeparture::UnknownLine) => {
                assert!(events.iter().all(|event| !matches!(event, Event::Departed { .. })));
                None
            }
            (reply, _) => panic!("{reply:?}"),
        }
    }

    fn arrive(&mut self, (from, to): (usize, usize), id: Id<basis::Move>, (luggage, pack): &Packs) {
        let now = self.now;
        let life = &mut self.pools[to];
        let is_there = life.naive.arrive(now, id, (**pack).clone());
        let command = Command::Arrive { id, from: pool_id(from), luggage: luggage.clone() };
        let (reply, events) = life.run(now, command);
        assert_eq!(reply, if is_there { Reply::Done } else { Reply::Away(Away::Moving) });
        if events.iter().any(|event| matches!(event, Event::Arrived { .. })) {
            self.lines.insert(luggage.identity.line, to);
            self.sessions.extend(luggage.sessions.iter().map(|session| (session.key, to)));
        }
    }

    fn has_arrived(&self, to: usize, id: Id<basis::Move>) -> bool {
        self.pools[to].naive.moves.is_over(id)
    }

    fn part(&mut self, from: usize, id: Id<basis::Move>) {
        let now = self.now;
        self.pools[from].naive.part(now, id);
        let (reply, _) = self.pools[from].run(now, Command::Part(id));
        assert_eq!(reply, Reply::Done);
    }
}

impl Twin {
    fn run(&mut self, now: Timestamp, command: Command) -> (Reply, Vec<Event>) {
        self.world.now = now;
        let reply = self.world.run(command);
        self.compare();
        (reply, self.world.events.clone())
    }
}
