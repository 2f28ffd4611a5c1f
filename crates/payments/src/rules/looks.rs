//! When a payment or refund of which nothing was heard is looked at next.

use basis::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// After so many milliseconds from its creation a payment without news is looked at again.
const POLL_AFTER_MS: [i64; 6] =
    [5 * SECOND_MS, 15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS];
/// And then every five minutes until it expires.
const POLL_EVERY_MS: i64 = 5 * MINUTE_MS;
/// A payer can be late; so long after the expiry it is looked at once more.
const POLL_LATE_MS: [i64; 4] = [5 * SECOND_MS, 10 * MINUTE_MS, HOUR_MS, 24 * HOUR_MS];

/// When a payment without news should be looked at next; `None` once that is over.
pub fn next_poll(created_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let early = POLL_AFTER_MS.iter().map(|ms| created_at.plus_ms(*ms)).find(|at| *at > now);
    let regular = early.unwrap_or_else(|| {
        let passed = now.since(created_at).max(0);
        created_at.plus_ms((passed / POLL_EVERY_MS + 1).saturating_mul(POLL_EVERY_MS))
    });
    if regular < expires_at {
        return Some(regular);
    }
    POLL_LATE_MS.iter().map(|ms| expires_at.plus_ms(*ms)).find(|at| *at > now)
}

/// What its provider still works on so long after its time is looked at again after a quarter of that, at least and at most
/// so much later.
const POLL_PENDING_MS: (i64, i64) = (6 * HOUR_MS, 7 * DAY_MS);

/// When a payment should be looked at next that is neither paid nor over though its time is long past: its provider
/// works on it, and nobody else may ever tell how that ended.
pub(crate) fn next_look_at_pending(expires_at: Timestamp, now: Timestamp) -> Timestamp {
    let (least, most) = POLL_PENDING_MS;
    now.plus_ms((now.since(expires_at) / 4).clamp(least, most))
}

/// When a refund that its provider works on should be looked at next.
pub(crate) fn next_refund_look(created_at: Timestamp, now: Timestamp) -> Timestamp {
    let passed = now.since(created_at).max(0);
    now.plus_ms((passed / 2).clamp(2 * SECOND_MS, 30 * MINUTE_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polling_follows_the_schedule_and_ends() {
        let (created, expires) = (Timestamp(0), Timestamp(30 * MINUTE_MS));
        let mut now = created;
        let mut looks = Vec::new();
        while let Some(at) = next_poll(created, expires, now) {
            looks.push(at.as_ms() / SECOND_MS);
            now = at;
        }
        let late = [1805, 2400, 5400, 1800 + 86_400];
        assert_eq!(looks, [&[5, 15, 30, 60, 120, 300, 600, 900, 1200, 1500][..], &late].concat());
    }

    #[test]
    fn what_stays_pending_is_looked_at_ever_more_rarely() {
        let later = |now: i64| next_look_at_pending(Timestamp(0), Timestamp(now)).since(Timestamp(now));
        assert_eq!([DAY_MS, 4 * DAY_MS, 365 * DAY_MS].map(later), [6 * HOUR_MS, DAY_MS, 7 * DAY_MS]);
    }
}
