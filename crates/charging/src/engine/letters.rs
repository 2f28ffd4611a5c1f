//! What nodes write to each other about pools, in the log's own alphabet.

use std::borrow::Cow;
use std::sync::Arc;

use basis::{Id, Kind, Line, Move, Pool as PoolNoun, Problem};

use super::{Hint, PoolChanged, Reason};
use crate::log::wire::{Code, Malformed, Reader, Writer, coded};
use crate::pool::{
    Ask, Away, CloseReply, Command, Control, Credit, CreditReply, DepartReply, Digits, GiveReply, Reply,
    RequestKind, Service, SessionKey, State, VoidReply,
};
use crate::shard::BUSY_KEY;

/// A question.
#[derive(Debug, Clone)]
pub(super) enum Letter {
    /// Carry this out.
    Apply { pool: Id<PoolNoun>, command: Box<Command> },
    /// How does the pool stand; with everything counted in that was asked before, if so wished.
    Look { pool: Id<PoolNoun>, settled: bool },
    /// Who knows this?
    Find(Wanted),
    /// Give up this shard.
    Release(u32),
    /// Write behind what this pool's shard has done.
    WriteBehind(Id<PoolNoun>),
}
coded! { enum Letter {
    1 = Apply { pool, command }, 2 = Look { pool, settled }, 3 = Find(wanted), 4 = Release(shard), 5 = WriteBehind(pool),
} }

/// An answer.
#[derive(Debug, Clone)]
pub(super) enum Back {
    /// The shard is not here.
    NotHere,
    /// It is done.
    Done,
    /// What the pool said.
    Reply(Reply),
    /// How it stands, if there is one.
    Pool(Option<Arc<State>>),
    /// What is known.
    Found(Found),
    /// It cannot be done now, or there is no such thing.
    Refused(Refused),
}
coded! { enum Back {
    0 = NotHere, 1 = Done, 2 = Reply(reply), 3 = Pool(state), 4 = Found(found), 5 = Refused(why),
} }

/// What someone looks for, by whatever names are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) session: Option<SessionKey>,
    pub(super) line: Option<Id<Line>>,
    pub(super) imsi: Option<Digits>,
    pub(super) msisdn: Option<Digits>,
}
coded! { struct Wanted { session, line, imsi, msisdn } }

/// What is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) line: Option<Id<Line>>,
    pub(super) pool: Option<Id<PoolNoun>>,
    /// The pool has it now; otherwise it only knows where it went.
    pub(super) sure: bool,
    /// The line's move that has begun and is not over.
    pub(super) moving: Option<Id<Move>>,
    /// Whose pools were looked at, and in which epochs of theirs.
    pub(super) shards: Vec<(u32, u64)>,
}
coded! { struct Found { line, pool, sure, moving, shards } }

/// A problem on its way.
#[derive(Debug, Clone)]
pub(super) enum Refused {
    NotFound,
    Busy,
    Unavailable(String),
}
coded! { enum Refused { 0 = NotFound, 1 = Busy, 2 = Unavailable(cause) } }

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        match problem.kind {
            Kind::NotFound => Self::NotFound,
            _ if problem.key == BUSY_KEY => Self::Busy,
            _ => Self::Unavailable(problem.to_string()),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => Self::not_found(),
            Refused::Busy => Self::new(Kind::Unavailable, BUSY_KEY),
            Refused::Unavailable(cause) => Self::unavailable(Cow::Owned(cause)),
        }
    }
}

/// What a durable batch sets off on other nodes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    pub(super) changes: Vec<PoolChanged>,
    pub(super) hints: Vec<Hint>,
}
coded! { struct News { changes, hints } }
coded! { struct PoolChanged { pool, now } }
coded! { enum Hint { 0 = ReAuth { session, reason }, 1 = Abort { session, reason } } }
coded! { enum Reason {
    0 = Credited, 1 = Given, 2 = NextDay, 3 = Capped, 4 = Paused, 5 = Barred, 6 = Unbarred, 7 = Moved,
} }

coded! { enum Command {
    1 = Join(identity),
    2 = Credit(credit),
    3 = Void(order),
    4 = Close(bundle),
    5 = Give(bundle),
    6 = Bar(line),
    7 = Unbar(line),
    8 = Cap { line, caps },
    9 = Pause { line, paused },
    10 = Depart(leaving),
    11 = Arrive { id, from, luggage },
    12 = Part(id),
    13 = Control(control),
    14 = Forget(session),
    15 = Tick,
    16 = Release(session),
    17 = CloseOwn { bundle, line },
} }
coded! { struct Credit { order, line, terms } }
coded! { struct Control { session, kind, number, line, country, services } }
coded! { enum RequestKind { 1 = Initial, 2 = Update, 3 = Terminate } }
coded! { struct Service { group, used, ask } }
coded! { enum Ask { 0 = Nothing, 1 = Quota, 2 = UpTo(octets) } }

coded! { enum Reply {
    0 = Done,
    1 = UnknownLine,
    2 = Credit(reply),
    3 = Void(reply),
    4 = Close(reply),
    5 = Give(reply),
    6 = Depart(reply),
    7 = Away(away),
    8 = Control(answer),
} }
coded! { enum CreditReply {
    0 = Credited { started_at, ends_at }, 1 = AlreadyCredited, 2 = Voided, 3 = Barred, 4 = UnknownLine, 5 = NotShareable,
} }
coded! { enum VoidReply { 0 = Voided, 1 = Credited } }
coded! { enum CloseReply { 0 = Closed(closed), 1 = UnknownBundle, 2 = Shared } }
coded! { enum GiveReply { 0 = Given, 1 = NotShareable, 2 = Over, 3 = UnknownBundle } }
coded! { enum DepartReply { 0 = Left(luggage), 1 = Over } }
coded! { enum Away { 0 = Moving, 1 = To(pool) } }

/// The bytes of a letter.
pub(super) fn bytes_of(letter: &impl Code) -> Vec<u8> {
    let mut to = Writer::default();
    letter.write(&mut to);
    to.into_bytes()
}

/// A letter of these bytes; the nodes of an installation are of one version, or next to it.
pub(super) fn read<T: Code>(bytes: &[u8]) -> Result<T, Problem> {
    let strange = |why: Malformed| Problem::unavailable(format!("another node speaks otherwise: {why}"));
    let mut from = Reader::new(bytes);
    let letter = T::read(&mut from).map_err(strange)?;
    from.end().map_err(strange)?;
    Ok(letter)
}

#[cfg(test)]
mod tests {
    use basis::Timestamp;

    use super::*;
    use crate::pool::{Answer, Few, Verdict};

    fn there_and_back<T: Code + std::fmt::Debug>(letter: &T) {
        let bytes = bytes_of(letter);
        assert_eq!(format!("{:?}", read::<T>(&bytes).unwrap()), format!("{letter:?}"));
        for cut in 0..bytes.len() {
            assert!(read::<T>(&bytes[..cut]).is_err(), "{letter:?} cut to {cut}");
        }
    }

    #[test]
    fn letters_arrive_as_they_were_written() {
        let (pool, session) = (Id::from_u128(7), SessionKey([3; 16]));
        let service = Service { group: Some(1), used: 5_000_000, ask: Ask::UpTo(1 << 40) };
        let control = Control {
            session,
            kind: RequestKind::Update,
            number: 4,
            line: Some(Id::from_u128(9)),
            country: Some("JP".parse().unwrap()),
            services: Few::One(service),
        };
        there_and_back(&Letter::Apply { pool, command: Box::new(Command::Control(control)) });
        there_and_back(&Letter::Look { pool, settled: true });
        let imsi = Some("001010000000001".parse().unwrap());
        there_and_back(&Letter::Find(Wanted { session: Some(session), imsi, ..Wanted::default() }));
        there_and_back(&Back::Reply(Reply::Control(Answer::bare(Verdict::UnknownLine))));
        there_and_back(&Back::Refused(Problem::unavailable("the database is away").into()));
        there_and_back(&Back::Found(Found { shards: vec![(0, 1), (63, 9)], sure: true, ..Found::default() }));
        let changes = vec![PoolChanged { pool, now: Timestamp(5) }];
        there_and_back(&News { changes, hints: vec![Hint::Abort { session, reason: Reason::Moved }] });
    }
}
