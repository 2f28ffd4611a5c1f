//! Every fact and every part of a pool, field by field, in the order of format 1.
//!
//! A new kind of fact takes a new tag; a changed one takes a new tag too, and the old one stays readable.

use std::sync::Arc;

use basis::{Allowance, Beyond, RenewalRule, StartRule, Terms};

use super::wire::{Code, Malformed, Reader, Writer, coded};
use crate::pool::{
    Answer, Behind, Bundle, CapKind, Caps, Closed, Digits, End, Event, Few, Figures, Gone, Grant, Group,
    Leaving, Life, LineIdentity, Luggage, Member, Meter, Moved, Moves, Past, Phase, Place, Quota, Refusal,
    Ring, ServiceAnswer, Session, SessionKey, Sessions, Share, SharedTerms, State, Use, Verdict,
};

coded! { enum Event {
    1 = Joined(identity),
    2 = Barred { line, barred },
    3 = Capped { line, caps },
    4 = Credited { bundle, line, terms },
    5 = Voided(order),
    6 = Started { bundle, at },
    7 = Turned { bundle, window, expired, granted },
    8 = Ended { bundle, at, end, expired },
    9 = Closed { closed, withdrawn },
    10 = Retired(bundle),
    11 = Opened { session, line, lapses_at },
    12 = Entered { session, country },
    13 = Used(used),
    14 = Freed { session, group, bundle, bytes, to },
    15 = Reserved { session, group, bundle, window, bytes, until },
    16 = Answered { session, number, lapses_at, answer },
    17 = Stale { session, number, bytes },
    18 = Lapsed { session, at },
    19 = Terminated(session),
    20 = Forgotten(session),
    21 = Given(bundle),
    22 = Paused { line, paused },
    23 = Departed { leaving, bundles, sessions },
    24 = Arrived { id, from, luggage },
    25 = Parted(id),
    26 = Marked { bundle, window, percent },
    27 = CapMarked { line, cap, percent },
} }
coded! { struct Use { session, group, line, country, bundle, held, bytes } }
coded! { enum Place { 0 = Available, 1 = Expired, 2 = Closed } }

coded! { struct Answer { verdict, services } }
coded! { enum Verdict {
    0 = Accepted, 1 = Barred, 2 = Terminated, 3 = Stale, 4 = UnknownSession, 5 = UnknownLine,
} }
coded! { struct ServiceAnswer { group, quota } }
coded! { enum Quota { 0 = None, 1 = Granted(grant), 2 = Refused(why), 3 = Slow { validity_seconds } } }
coded! { struct Grant { bytes, validity_seconds, behind } }
// The first two are what was a flag "last" in the beginning.
coded! { enum Behind { 0 = More, 1 = Nothing, 2 = Slow } }
coded! { enum Refusal {
    0 = NotCovered, 1 = UsedUp, 2 = CapReached, 3 = TooManyGroups, 4 = Paused, 5 = Lent,
} }

coded! { struct Past { retired, voided, closed, unpaid } }
coded! { struct LineIdentity { line, imsi, msisdn } }
coded! { struct Moves { over, gone, moved } }
coded! { struct Gone { leaving, luggage } }
coded! { struct Moved { bundle, to } }
coded! { struct Leaving { id, line, to } }
coded! { struct Luggage { identity, barred, bundles, sessions, closed } }
coded! { enum CapKind { 0 = PerDay, 1 = Per30Days, 2 = InAll } }
coded! { struct Caps { per_day, per_30_days, in_all } }
coded! { struct Meter { caps, since, day, days, used, reserved } }
coded! { struct Bundle { id, line, terms, credited_at, phase, window, figures } }
coded! { enum Phase { 0 = Waiting, 1 = Active(at), 2 = Over { started_at, at, end } } }
coded! { enum End { 0 = Expired, 1 = Lapsed, 2 = Closed } }
coded! { struct Figures { granted, available, reserved, used, expired, closed } }
coded! { struct Closed { bundle, at, unused_bytes, total_bytes, unused_ms, total_ms, unstarted_days, total_days } }
coded! { struct Session { key, line, country, life, opened_at, heard_at, groups, ring } }
coded! { enum Life { 0 = Open { lapses_at }, 1 = Lapsed(at), 2 = Terminated(at) } }
coded! { struct Group { id, since, until, shares } }
coded! { struct Share { bundle, window, bytes } }
coded! { struct Ring { answered } }

coded! { struct Terms { allowance, coverage, days, start, activate_within_days, renewal, shareable } }
coded! { enum StartRule { 0 = FirstUse, 1 = AtPurchase } }
coded! { enum RenewalRule { 0 = Follow, 1 = Add, 2 = Replace } }

/// The tag of a pool's past when its moves stand in front of it; what was written before there were moves has the tags of
/// an option, and so has a pool without moves.
const WITH_MOVES: u8 = 2;

impl Code for State {
    fn write(&self, to: &mut Writer) {
        self.id.write(to);
        self.members.write(to);
        self.bundles.write(to);
        self.sessions.write(to);
        if let Some(moves) = &self.moves {
            to.byte(WITH_MOVES);
            moves.write(to);
        }
        self.past.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (id, members, bundles) = (Code::read(from)?, Code::read(from)?, Code::read(from)?);
        let sessions = Code::read(from)?;
        let moves = if from.peek()? == WITH_MOVES {
            from.byte()?;
            Some(Code::read(from)?)
        } else {
            None
        };
        Ok(Self { id, members, bundles, sessions, past: Code::read(from)?, moves })
    }
}

/// What comes behind the fair use of an unlimited one stands in its tag: 2 was all there was in the beginning.
impl Code for Allowance {
    fn write(&self, to: &mut Writer) {
        let (tag, bytes) = match self {
            Self::Fixed { bytes } => (0, bytes),
            Self::PerDay { bytes } => (1, bytes),
            Self::Unlimited { fair_use_bytes_per_day, then: Beyond::Stops } => (2, fair_use_bytes_per_day),
            Self::Unlimited { fair_use_bytes_per_day, then: Beyond::Slower } => (3, fair_use_bytes_per_day),
        };
        to.byte(tag);
        bytes.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let (tag, bytes) = (from.byte()?, Code::read(from)?);
        let unlimited = |then| Self::Unlimited { fair_use_bytes_per_day: bytes, then };
        match tag {
            0 => Ok(Self::Fixed { bytes }),
            1 => Ok(Self::PerDay { bytes }),
            2 => Ok(unlimited(Beyond::Stops)),
            3 => Ok(unlimited(Beyond::Slower)),
            _ => Err(Malformed::Tag),
        }
    }
}

/// What keeps a member from quota stands in one byte: bit 0 an operator, bit 1 a manager.
impl Code for Member {
    fn write(&self, to: &mut Writer) {
        self.identity.write(to);
        to.byte(u8::from(self.barred) | u8::from(self.paused) << 1);
        self.meter.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let identity = Code::read(from)?;
        let stops = from.byte()?;
        if stops > 3 {
            return Err(Malformed::Tag);
        }
        let (barred, paused) = (stops & 1 != 0, stops & 2 != 0);
        Ok(Self { identity, barred, paused, meter: Code::read(from)? })
    }
}

impl Code for SessionKey {
    fn write(&self, to: &mut Writer) {
        to.raw(&self.0);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(from.array()?))
    }
}

impl Code for Digits {
    fn write(&self, to: &mut Writer) {
        to.raw(&self.to_bits().to_be_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::from_bits(u64::from_be_bytes(from.array()?)).ok_or(Malformed::Text)
    }
}

impl<T: Code> Code for Few<T> {
    fn write(&self, to: &mut Writer) {
        self.len().write(to);
        for item in self.iter() {
            item.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = from.count()?;
        (0..count).map(|_| T::read(from)).collect()
    }
}

impl<T: Code> Code for Box<T> {
    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        T::read(from).map(Self::new)
    }
}

impl<T: Code> Code for Arc<T> {
    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        T::read(from).map(Self::new)
    }
}

impl Code for Sessions {
    fn write(&self, to: &mut Writer) {
        self.len().write(to);
        self.iter().for_each(|session| session.write(to));
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Vec::read(from)?.into_iter().collect())
    }
}

impl Code for SharedTerms {
    fn write(&self, to: &mut Writer) {
        (**self).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Terms::read(from).map(Self::from)
    }
}

impl<T: Code + Default + Copy, const N: usize> Code for [T; N] {
    fn write(&self, to: &mut Writer) {
        for item in self {
            item.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut items = [T::default(); N];
        for item in &mut items {
            *item = T::read(from)?;
        }
        Ok(items)
    }
}
