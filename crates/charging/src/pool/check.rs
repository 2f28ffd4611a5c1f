//! What is true of a pool after every command.

use basis::{Id, Order};

use super::{Bundle, Gone, NEVER, Pool, RING_NUMBERS};

/// A pool that is not what its rules make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// `granted = available + reserved + used + expired + closed` does not hold.
    #[error("the figures of bundle {0} do not balance")]
    Unbalanced(Id<Order>),
    /// What sessions hold is not what the bundle has reserved.
    #[error("bundle {0} has not reserved what sessions hold")]
    Reserved(Id<Order>),
    /// What a member's sessions hold is not what its caps count.
    #[error("a cap does not count what sessions hold")]
    Cap,
    /// The sessions are out of order, or their number is wrong.
    #[error("the sessions are in disorder")]
    Sessions,
    /// A ring remembers too much.
    #[error("a ring has outgrown itself")]
    Ring,
    /// A bundle is shared that must not be, or belongs to a line that is not here.
    #[error("bundle {0} is nobody's here")]
    Owner(Id<Order>),
    /// A line is here and gone, or its luggage holds what is here too.
    #[error("a line is in two places")]
    Twice,
    /// Something changes by the clock before the deadline.
    #[error("the deadline is too late")]
    Deadline,
}

impl Pool {
    /// Checks everything that must be true; costs a walk over the pool.
    pub fn check_invariants(&self) -> Result<(), Broken> {
        self.state.bundles.iter().try_for_each(|bundle| self.check_bundle(bundle))?;
        self.check_sessions()?;
        self.check_caps()?;
        self.check_moves()?;
        let turn = self.earliest_turn().map_or(NEVER, |(at, _)| at);
        if self.deadline > turn { Err(Broken::Deadline) } else { Ok(()) }
    }

    fn check_bundle(&self, bundle: &Bundle) -> Result<(), Broken> {
        let groups = self.state.sessions.iter().flat_map(|session| session.groups.iter());
        let shares = groups.flat_map(|group| group.shares.iter()).filter(|share| share.bundle == bundle.id);
        let held: u64 = shares.map(|share| share.bytes).sum();
        match bundle {
            _ if !bundle.figures.balance() => Err(Broken::Unbalanced(bundle.id)),
            _ if held != bundle.figures.reserved => Err(Broken::Reserved(bundle.id)),
            _ if !self.is_owned(bundle) => Err(Broken::Owner(bundle.id)),
            _ => Ok(()),
        }
    }

    fn check_sessions(&self) -> Result<(), Broken> {
        let sessions = &self.state.sessions;
        let open = u32::try_from(sessions.iter().filter(|session| session.is_open()).count());
        let sorted = sessions.is_sorted_by(|a, b| a.key < b.key);
        let idle = sessions.iter().all(|session| session.is_open() || session.groups.is_empty());
        let outgrown = |answered: usize| u32::try_from(answered).is_ok_and(|n| n > RING_NUMBERS);
        match open {
            _ if sessions.iter().any(|session| outgrown(session.ring.answered.len())) => Err(Broken::Ring),
            Ok(open) if open == sessions.open() && sorted && idle => Ok(()),
            _ => Err(Broken::Sessions),
        }
    }

    fn is_owned(&self, bundle: &Bundle) -> bool {
        bundle.line.map_or(bundle.terms.shareable, |line| self.member(line).is_some())
    }

    fn check_moves(&self) -> Result<(), Broken> {
        let Some(moves) = self.state.moves.as_deref() else { return Ok(()) };
        let here = |gone: &&Gone| self.member(gone.leaving.line).is_some();
        let both = moves.moved.iter().any(|moved| self.bundle(moved.bundle).is_some());
        if both || moves.gone.iter().any(|gone| here(&gone)) {
            return Err(Broken::Twice);
        }
        let packed = moves.gone.iter().filter_map(|gone| gone.luggage.as_deref());
        let mut packed = packed.flat_map(|luggage| &luggage.bundles);
        packed
            .find(|b| !b.figures.balance() || b.figures.reserved > 0)
            .map_or(Ok(()), |b| Err(Broken::Unbalanced(b.id)))
    }

    fn check_caps(&self) -> Result<(), Broken> {
        let mut metered = self.state.members.iter().filter_map(|m| Some((m.line(), m.meter.as_deref()?)));
        let right = metered.all(|(line, meter)| meter.reserved == self.shared_reserved(line));
        if right { Ok(()) } else { Err(Broken::Cap) }
    }
}
