//! Limits: how often something may be tried, per address, per account and in all.
//!
//! Kept in memory: a limit must cost a flood more than it costs us, and a write to the database for each
//! refused try would be the flood's work done for it. A restart forgets them, which an attacker cannot cause.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use basis::{HOUR_MS, Kind, MINUTE_MS, Problem, SecretKey, Timestamp};

/// How many keys one limit remembers at once. The limit "in all" of each kind keeps far below it.
const KEYS_MOST: usize = 100_000;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Opening an account.
    Register,
    /// Trying a password.
    SignIn,
    /// Asking for a mail: verification, reset, change of address.
    AskMail,
    /// Trying a code or a link from a mail.
    TryCode,
    /// Trying to bind a card.
    Bind,
    /// Inviting someone to share a pool.
    Invite,
    /// Switching notifications on, or asking for one to try them.
    Notify,
}

/// Whose tries are counted together.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// Everyone's.
    All,
    /// Those from one network address; an IPv6 address counts by its /64, which one person has as a whole.
    Address(IpAddr),
    /// Those on one account, or on one mail address whether or not it has an account.
    Account(&'a str),
    /// Those on one account from one network address. Narrower than [`Who::Account`], so that a stranger who keeps
    /// trying someone's password does not lock that person out.
    AccountFrom(&'a str, IpAddr),
    /// Those on one card, by whichever number it was named.
    Card(&'a str),
}

/// So many at once, and one more each so many milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many may come together.
    pub burst: u32,
    /// Then one each so many milliseconds.
    pub each_ms: i64,
}

impl Rate {
    const fn new(burst: u32, each_ms: i64) -> Self {
        Self { burst, each_ms }
    }
}

/// The rate for an act, counted for whom: everyone, one network address, one account or card.
fn rate(act: Act, who: Who<'_>) -> Rate {
    let (all, address, own) = match act {
        Act::Register => (Rate::new(600, 200), Rate::new(10, 6 * MINUTE_MS), Rate::new(10, 6 * MINUTE_MS)),
        Act::SignIn => (Rate::new(1000, 20), Rate::new(30, 20_000), Rate::new(10, MINUTE_MS)),
        Act::AskMail => (Rate::new(600, 200), Rate::new(10, 6 * MINUTE_MS), Rate::new(3, 10 * MINUTE_MS)),
        Act::TryCode => (Rate::new(600, 200), Rate::new(30, MINUTE_MS), Rate::new(10, MINUTE_MS)),
        Act::Invite => (Rate::new(600, 200), Rate::new(30, 2 * MINUTE_MS), Rate::new(20, 10 * MINUTE_MS)),
        Act::Notify => (Rate::new(600, 200), Rate::new(30, MINUTE_MS), Rate::new(10, 2 * MINUTE_MS)),
        Act::Bind => (Rate::new(600, 500), Rate::new(30, 2 * MINUTE_MS), Rate::new(10, 5 * MINUTE_MS)),
    };
    match who {
        Who::All => all,
        Who::Address(_) => address,
        Who::Account(_) if act == Act::SignIn => Rate::new(100, 6000),
        Who::Account(_) | Who::AccountFrom(..) => own,
        // A bind code has 40 bits: at one try an hour it outlives its card.
        Who::Card(_) => Rate::new(5, HOUR_MS),
    }
}

/// The counters. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Limits {
    /// For each key the moment at which it will be as if it had never tried (the "theoretical arrival time"
    /// of the generic cell rate algorithm): one number is the whole bucket.
    full_again: Arc<Mutex<HashMap<[u8; 16], Timestamp>>>,
    /// Keys are kept as MACs, so that nobody can aim at another's bucket and no address lies in memory.
    key: SecretKey,
    /// How many times the usual rate is allowed.
    times: u32,
}

impl Limits {
    /// The usual limits.
    pub fn new(key: SecretKey) -> Self {
        Self::relaxed(key, 1)
    }

    /// So many times the usual, where everyone comes from one address: a demo, a load test.
    pub fn relaxed(key: SecretKey, times: u32) -> Self {
        Self { full_again: Arc::default(), key, times: times.max(1) }
    }

    /// Counts one try for each of `whom`, or for none if one of them has tried too often.
    ///
    /// # Errors
    /// TooMany `accounts-too-many`, with `seconds` and `minutes` until the next try may be made.
    pub fn count(&self, now: Timestamp, act: Act, whom: &[Who<'_>]) -> Result<(), Problem> {
        let mut full_again = self.full_again.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut full_again, now, whom.len())?;
        let mut next = Vec::with_capacity(whom.len());
        for who in whom {
            let (key, rate) = (self.bucket(act, *who), self.scaled(rate(act, *who)));
            let filled = full_again.get(&key).copied().unwrap_or(now).max(now).plus_ms(rate.each_ms);
            let wait_ms =
                filled.since(now).saturating_sub(rate.each_ms.saturating_mul(i64::from(rate.burst)));
            if wait_ms > 0 {
                return Err(too_many(wait_ms));
            }
            next.push((key, filled));
        }
        full_again.extend(next);
        Ok(())
    }

    /// Takes a try back: the person has shown that they may.
    pub fn forgive(&self, act: Act, who: Who<'_>) {
        let rate = self.scaled(rate(act, who));
        let mut full_again = self.full_again.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(filled) = full_again.get_mut(&self.bucket(act, who)) {
            *filled = filled.plus_ms(-rate.each_ms);
        }
    }

    fn scaled(&self, rate: Rate) -> Rate {
        let each_ms = (rate.each_ms / i64::from(self.times)).max(1);
        Rate { burst: rate.burst.saturating_mul(self.times), each_ms }
    }

    fn bucket(&self, act: Act, who: Who<'_>) -> [u8; 16] {
        let name = match who {
            Who::All => format!("{act:?} all"),
            Who::Address(ip) => format!("{act:?} ip {}", network(ip)),
            Who::Account(account) => format!("{act:?} account {account}"),
            Who::AccountFrom(account, ip) => format!("{act:?} account {account} from {}", network(ip)),
            Who::Card(card) => format!("{act:?} card {card}"),
        };
        let mac = self.key.mac("accounts.limits", name.as_bytes());
        std::array::from_fn(|i| mac.get(i).copied().unwrap_or_default())
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limits").field("times", &self.times).finish_non_exhaustive()
    }
}

/// Drops the buckets that are full again; if that is not enough, nobody new is let in for a minute.
fn make_room(
    buckets: &mut HashMap<[u8; 16], Timestamp>,
    now: Timestamp,
    wanted: usize,
) -> Result<(), Problem> {
    if buckets.len().saturating_add(wanted) <= KEYS_MOST {
        return Ok(());
    }
    buckets.retain(|_, full_again| *full_again > now);
    if buckets.len().saturating_add(wanted) <= KEYS_MOST { Ok(()) } else { Err(too_many(MINUTE_MS)) }
}

fn too_many(wait_ms: i64) -> Problem {
    let rounded_up = |unit: i64| wait_ms.saturating_add(unit - 1) / unit;
    Problem::new(Kind::TooMany, "accounts-too-many")
        .with("seconds", rounded_up(1000))
        .with("minutes", rounded_up(MINUTE_MS))
}

/// What one person has of the network: an IPv4 address, or the first half of an IPv6 address.
fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{:x}/64", v6.to_bits() >> 64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIN: &str = "zhixia.lin@example.com";
    const HOME: Who<'static> = Who::AccountFrom(LIN, IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn limits() -> Limits {
        Limits::new(SecretKey::new([1; 32]))
    }

    #[test]
    fn after_ten_wrong_passwords_one_waits_a_minute() {
        let (limits, now) = (limits(), Timestamp(1_000_000));
        for _ in 0..10 {
            limits.count(now, Act::SignIn, &[HOME]).unwrap();
        }
        let refused = limits.count(now, Act::SignIn, &[HOME]).unwrap_err();
        assert_eq!((refused.kind, refused.key), (Kind::TooMany, "accounts-too-many"));
        assert_eq!(refused.args, [("seconds", "60".to_owned()), ("minutes", "1".to_owned())]);
        assert!(limits.count(now.plus_ms(59_000), Act::SignIn, &[HOME]).is_err());
        limits.count(now.plus_ms(60_000), Act::SignIn, &[HOME]).unwrap();
        limits.count(now, Act::SignIn, &[Who::Account("someone@else.com")]).unwrap();
    }

    #[test]
    fn a_refused_try_counts_for_nobody() {
        let (limits, now) = (limits(), Timestamp(0));
        for _ in 0..10 {
            limits.count(now, Act::SignIn, &[HOME]).unwrap();
        }
        let ip: IpAddr = "192.0.2.7".parse().unwrap();
        for _ in 0..100 {
            assert!(limits.count(now, Act::SignIn, &[Who::Address(ip), HOME]).is_err());
        }
        limits.count(now, Act::SignIn, &[Who::Address(ip)]).unwrap();
    }

    #[test]
    fn the_right_password_is_not_counted() {
        let (limits, now) = (limits(), Timestamp(0));
        for _ in 0..100 {
            limits.count(now, Act::SignIn, &[HOME]).unwrap();
            limits.forgive(Act::SignIn, HOME);
        }
    }

    #[test]
    fn a_stranger_who_keeps_trying_does_not_lock_the_owner_out() {
        let (limits, mallory): (_, IpAddr) = (limits(), "203.0.113.66".parse().unwrap());
        for minute in 0..1000 {
            let now = Timestamp(minute * MINUTE_MS);
            let _refused =
                limits.count(now, Act::SignIn, &[Who::Account(LIN), Who::AccountFrom(LIN, mallory)]);
            if minute % 100 == 0 {
                limits.count(now, Act::SignIn, &[Who::Account(LIN), HOME]).unwrap();
            }
        }
    }

    #[test]
    fn one_person_has_a_whole_ipv6_network() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
    }

    #[test]
    fn the_memory_is_bounded() {
        let mut buckets = HashMap::new();
        for i in 0..u128::try_from(KEYS_MOST).unwrap() {
            buckets.insert(i.to_le_bytes(), Timestamp(1000));
        }
        assert!(make_room(&mut buckets, Timestamp(999), 1).is_err());
        make_room(&mut buckets, Timestamp(1000), 1).unwrap();
        assert!(buckets.is_empty());
    }
}
