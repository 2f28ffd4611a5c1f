//! Who lives, as far as one observer can tell: only counters and the observer's own clock, never another's.

use std::collections::HashMap;
use std::time::Duration;

use crate::Node;

/// A counter that has stood still for so long is a dead node's.
pub const DEAD_AFTER: Duration = Duration::from_secs(6);
/// The row of a node that has been dead for so long is taken away.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// What is known of one who owns something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It lives, or may.
    Alive,
    /// It is dead, for so long as this observer knows; one that has left, or has started anew, for ever.
    Dead(Duration),
}

/// A node's row, and since when its counter stands there.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) node: Node,
    pub(crate) lease: i64,
    pub(crate) since_ns: u64,
}

/// What one observer has seen.
#[derive(Debug, Default)]
pub(crate) struct Liveness(HashMap<String, Seen>);

impl Liveness {
    /// Takes in the table as it stands now.
    pub(crate) fn look(&mut self, now_ns: u64, rows: Vec<(Node, i64)>) {
        let seen = rows.into_iter().map(|(node, lease)| {
            let before = self.0.get(&node.owner).filter(|before| before.lease == lease);
            let since_ns = before.map_or(now_ns, |before| before.since_ns);
            (node.owner.clone(), Seen { node, lease, since_ns })
        });
        self.0 = seen.collect();
    }

    /// Whether it stands in the table.
    pub(crate) fn knows(&self, owner: &str) -> bool {
        self.0.contains_key(owner)
    }

    pub(crate) fn standing(&self, owner: &str, now_ns: u64) -> Standing {
        let Some(seen) = self.0.get(owner) else { return Standing::Dead(Duration::MAX) };
        match still_for(seen, now_ns).checked_sub(DEAD_AFTER) {
            None => Standing::Alive,
            Some(dead_for) => Standing::Dead(dead_for),
        }
    }

    /// Those that live, without `me`.
    pub(crate) fn alive(&self, me: &str, now_ns: u64) -> Vec<Node> {
        let alive = self.0.values().filter(|seen| still_for(seen, now_ns) < DEAD_AFTER);
        alive.map(|seen| seen.node.clone()).filter(|node| node.owner != me).collect()
    }

    pub(crate) fn long_dead(&self, now_ns: u64) -> Vec<Seen> {
        self.0.values().filter(|seen| still_for(seen, now_ns) > FORGOTTEN_AFTER).cloned().collect()
    }
}

fn still_for(seen: &Seen, now_ns: u64) -> Duration {
    Duration::from_nanos(now_ns.saturating_sub(seen.since_ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn row(owner: &str, lease: i64) -> (Node, i64) {
        (Node { owner: owner.to_owned(), address: String::new(), serves: true }, lease)
    }

    #[test]
    fn a_counter_that_stands_still_is_a_dead_node() {
        let mut liveness = Liveness::default();
        liveness.look(10 * SECOND, vec![row("a:1", 5), row("b:1", 9)]);
        liveness.look(15 * SECOND, vec![row("a:1", 6), row("b:1", 9)]);
        assert_eq!(liveness.standing("b:1", 15 * SECOND), Standing::Alive, "five seconds are no death");
        assert_eq!(liveness.standing("b:1", 17 * SECOND), Standing::Dead(Duration::from_secs(1)));
        assert_eq!(liveness.standing("a:1", 17 * SECOND), Standing::Alive);
        let alive = liveness.alive("c:1", 17 * SECOND);
        assert_eq!(alive.iter().map(|node| node.owner.as_str()).collect::<Vec<_>>(), ["a:1"]);
    }

    #[test]
    fn one_that_woke_up_lives_again() {
        let mut liveness = Liveness::default();
        liveness.look(0, vec![row("b:1", 9)]);
        assert_ne!(liveness.standing("b:1", 7 * SECOND), Standing::Alive);
        liveness.look(8 * SECOND, vec![row("b:1", 10)]);
        assert_eq!(liveness.standing("b:1", 9 * SECOND), Standing::Alive);
    }

    #[test]
    fn an_earlier_life_is_dead_at_once_and_so_is_one_that_left() {
        let mut liveness = Liveness::default();
        liveness.look(0, vec![row("a:1", 5), row("b:1", 5)]);
        liveness.look(SECOND, vec![row("a:2", 0)]);
        assert_eq!(liveness.standing("a:1", SECOND), Standing::Dead(Duration::MAX));
        assert_eq!(liveness.standing("b:1", SECOND), Standing::Dead(Duration::MAX));
        assert_eq!(liveness.standing("a:2", SECOND), Standing::Alive);
    }
}
