//! How long a delivery is tried, and when it is tried again.

use basis::{SECOND_MS, Timestamp};

/// What a delivery that has not succeeded yet should do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Ask the carrier (again).
    Try,
    /// The deadline is over: ask the carrier to void, and never to deliver again.
    GiveUp,
}

/// The deadline rule. `gave_up`: the decision was made before and stands.
pub fn patience(now: Timestamp, deliver_by: Timestamp, gave_up: bool) -> Patience {
    if gave_up || now >= deliver_by { Patience::GiveUp } else { Patience::Try }
}

const SHORTEST_WAIT_MS: i64 = 200;
const LONGEST_WAIT_MS: i64 = 30 * SECOND_MS;

/// When to try again: after half as long as it has been tried so far, between 0.2 s and 30 s; at the deadline
/// at the latest while that is ahead, so that the money goes back when we said it would.
pub fn retry_at(since: Timestamp, now: Timestamp, deliver_by: Timestamp) -> Timestamp {
    let wait = (now.since(since) / 2).clamp(SHORTEST_WAIT_MS, LONGEST_WAIT_MS);
    let next = now.plus_ms(wait);
    if now < deliver_by { next.min(deliver_by) } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_meet_the_deadline() {
        let (start, deadline) = (Timestamp(0), Timestamp(600_000));
        assert_eq!(retry_at(start, Timestamp(0), deadline), Timestamp(200));
        assert_eq!(retry_at(start, Timestamp(10_000), deadline), Timestamp(15_000));
        assert_eq!(retry_at(start, Timestamp(590_000), deadline), deadline);
        assert_eq!(retry_at(start, Timestamp(700_000), deadline), Timestamp(730_000));
    }

    #[test]
    fn once_given_up_it_stays_given_up() {
        assert_eq!(patience(Timestamp(1), Timestamp(2), false), Patience::Try);
        assert_eq!(patience(Timestamp(2), Timestamp(2), false), Patience::GiveUp);
        assert_eq!(patience(Timestamp(1), Timestamp(2), true), Patience::GiveUp);
    }
}
