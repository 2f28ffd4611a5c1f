//! How events change a pool. No rule stands here: whatever the events say, happens.

use basis::Timestamp;

use super::{Event, Pool, State};

impl Pool {
    /// The pool of a snapshot.
    pub fn restore(state: State) -> Self {
        let mut pool = Self { state, deadline: None, open_sessions: 0 };
        pool.recount();
        pool
    }

    /// Takes in what happened at `at`.
    pub fn absorb(&mut self, at: Timestamp, event: &Event) {
        let _ = (at, event);
    }

    fn recount(&mut self) {
        let open = self.state.sessions.iter().filter(|session| session.is_open()).count();
        self.open_sessions = u32::try_from(open).unwrap_or(u32::MAX);
    }
}
