//! What networks do to requests: some come twice, some come late.

use basis::Env;

/// How many parts a report is split into at most, and so how far a request may be late.
const WINDOW: u64 = 4;
/// How often a request is sent at most.
const COPIES_MAX: u64 = 3;

/// A number below `bound`, which is small.
pub(crate) fn below(env: &Env, bound: u64) -> u64 {
    u64::from_le_bytes(env.random::<8>()).checked_rem(bound).unwrap_or(0)
}

/// Splits octets into one to four parts.
pub(crate) fn parts(env: &Env, octets: u64) -> Vec<u64> {
    let count = below(env, WINDOW).saturating_add(1);
    let part = octets.checked_div(count).unwrap_or(0);
    let mut parts: Vec<u64> = (1..count).map(|_| part).collect();
    parts.push(octets.saturating_sub(part.saturating_mul(count.saturating_sub(1))));
    parts
}

/// Each thing one to three times, all in any order.
pub(crate) fn repeated_and_shuffled<T: Clone>(env: &Env, things: &[T]) -> Vec<T> {
    let mut bag: Vec<(u64, T)> = Vec::new();
    for thing in things {
        let copies = below(env, COPIES_MAX).saturating_add(1);
        bag.extend((0..copies).map(|_| (below(env, u64::MAX), thing.clone())));
    }
    bag.sort_by_key(|(place, _)| *place);
    bag.into_iter().map(|(_, thing)| thing).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use basis::{ManualClock, SeededEntropy, Timestamp};

    use super::*;

    #[test]
    fn nothing_is_lost_and_nothing_is_added() {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let env = Env { clock, entropy: Arc::new(SeededEntropy::new(3)) };
        for octets in [0, 1, 5, 1_000_003] {
            let parts = parts(&env, octets);
            assert_eq!(parts.iter().sum::<u64>(), octets);
            assert!((1..=4).contains(&parts.len()));
        }
        let bag = repeated_and_shuffled(&env, &[1, 2, 3, 4]);
        assert!((4..=12).contains(&bag.len()));
        assert!([1, 2, 3, 4].iter().all(|thing| bag.contains(thing)));
    }
}
