//! How coming and going changes a pool.

use std::mem;

use basis::{Id, Move, Order, Timestamp};

use super::{Bundle, Event, Few, Gone, Leaving, Luggage, Member, Moved, Moves, NEVER, Pool, SessionKey};

impl Pool {
    /// Lines come and go.
    pub(super) fn absorb_move(&mut self, event: &Event) {
        match event {
            Event::Departed { leaving, bundles, sessions } => self.pack(*leaving, bundles, sessions),
            Event::Arrived { id, luggage, .. } => self.unpack(*id, luggage),
            Event::Parted(id) => {
                let moves = self.moves();
                moves.over.push(*id);
                for gone in moves.gone.iter_mut().filter(|gone| gone.leaving.id == *id) {
                    gone.luggage = None;
                }
            }
            _ => {}
        }
    }

    fn pack(&mut self, leaving: Leaving, bundles: &[Id<Order>], sessions: &[SessionKey]) {
        let Some(Member { identity, barred, .. }) = self.member(leaving.line).cloned() else { return };
        self.state.members.retain(|member| member.line() != leaving.line);
        let all = mem::take(&mut self.state.bundles);
        let (taken, kept): (Vec<Bundle>, Vec<_>) = all.into_iter().partition(|b| bundles.contains(&b.id));
        self.state.bundles = kept.into_iter().collect();
        let gone = self.state.sessions.take(sessions);
        let mut closed = Vec::new();
        if let Some(past) = self.state.past.as_deref_mut() {
            closed = past.closed.extract_if(.., |closed| bundles.contains(&closed.bundle)).collect();
        }
        let luggage = Box::new(Luggage { identity, barred, bundles: taken, sessions: gone, closed });
        let moves = self.moves();
        moves.moved.extend(bundles.iter().map(|bundle| Moved { bundle: *bundle, to: leaving.to }));
        moves.gone.push(Gone { leaving, luggage: Some(luggage) });
        self.look_again();
    }

    fn unpack(&mut self, id: Id<Move>, luggage: &Luggage) {
        let Luggage { identity, barred, bundles, sessions, closed } = luggage.clone();
        let moves = self.moves();
        moves.over.push(id);
        moves.gone.retain(|gone| gone.leaving.line != identity.line);
        moves.moved.retain(|moved| bundles.iter().all(|bundle| bundle.id != moved.bundle));
        self.state.members.push(Member { identity, barred, paused: false, meter: None });
        self.state.bundles = in_order_of_credit(mem::take(&mut self.state.bundles), bundles);
        // A gateway that names two lines' sessions alike has lost the older one's ring.
        for session in sessions {
            self.state.sessions.put(session);
        }
        if !closed.is_empty() {
            self.past().closed.extend(closed);
        }
        self.look_again();
    }

    /// The deadline follows from the state.
    fn look_again(&mut self) {
        self.deadline = self.earliest_turn().map_or(NEVER, |(at, _)| at);
    }

    fn moves(&mut self) -> &mut Moves {
        self.state.moves.get_or_insert_default()
    }
}

/// What stood here first stays before what comes, if both were delivered at the same moment.
fn in_order_of_credit(here: Few<Bundle>, coming: Vec<Bundle>) -> Few<Bundle> {
    let mut all: Vec<_> = here.into_iter().chain(coming).collect();
    all.sort_by_key(|bundle| -> Timestamp { bundle.credited_at });
    all.into_iter().collect()
}
