//! How much quota a session gets, from which bundles, and for how long.

use basis::{Country, Id, Line, Order, SECOND_MS, Timestamp};

use super::{
    Behind, Event, FIRST_GRANT_BYTES, Few, GRANT_SECONDS, Grant, LOW_VALIDITY_SECONDS, MAX_GROUPS,
    MIN_GRANT_BYTES, Pool, Quota, Refusal, Session, SessionKey, VALIDITY_SECONDS, decision::Decision,
    settle::Report,
};

/// The pool runs low when it has fewer than so many grants for each session.
const LOW_GRANTS: u64 = 5;

/// What a session could be granted now.
struct Purse {
    /// Shares, in the order in which they pay.
    offers: Few<Offer>,
    /// Octets in all.
    bytes: u64,
    /// Octets that sessions hold of these bundles and may give back.
    held: u64,
    /// Why there is nothing, if there is nothing.
    empty: Refusal,
    /// When there is nothing, it goes on slower.
    slow: bool,
}

/// What one bundle could give.
#[derive(Clone, Copy)]
struct Offer {
    bundle: Id<Order>,
    window: u32,
    bytes: u64,
    /// When its octets change by the clock.
    turns_at: Option<Timestamp>,
}

impl Decision<'_> {
    /// Grants a group no more than `most` octets, or says why not.
    pub(super) fn grant(&mut self, key: SessionKey, group: Option<u32>, most: u64, report: Report) -> Quota {
        let Some(session) = self.pool.session(key) else { return Quota::None };
        if session.group(group).is_some() {
            return Quota::None; // What it held was settled, so the same request named it before.
        }
        if session.groups.len() >= MAX_GROUPS {
            return Quota::Refused(Refusal::TooManyGroups);
        }
        let purse = self.pool.purse(session.line, session.country, self.now);
        let wish = wish(report);
        let sessions = u64::from(self.pool.state.sessions.open()).max(1);
        let bytes = wish.min(most.max(1)).min(fair_part(purse.bytes, sessions));
        if bytes == 0 {
            return purse.nothing(self.now);
        }
        let shares = take(&purse.offers, bytes);
        let low = purse.bytes < LOW_GRANTS.saturating_mul(wish).saturating_mul(sessions);
        let validity_seconds = validity(&shares, low, self.now);
        self.reserve(key, group, &shares, validity_seconds);
        Quota::Granted(Grant { bytes, validity_seconds, behind: purse.behind(bytes) })
    }

    /// Who asks for nothing is told if it goes on slower.
    pub(super) fn still_slow(&self, key: SessionKey, group: Option<u32>) -> Quota {
        let quiet = |session: &&Session| session.group(group).is_none() && session.is_slow(group);
        let slow = self.pool.session(key).filter(quiet);
        let purse = slow.map(|session| self.pool.purse(session.line, session.country, self.now));
        purse
            .filter(|purse| purse.bytes == 0 && purse.slow)
            .map_or(Quota::None, |purse| purse.nothing(self.now))
    }

    fn reserve(&mut self, session: SessionKey, group: Option<u32>, shares: &[Offer], validity_seconds: u32) {
        let until = self.now.plus_ms(2 * SECOND_MS * i64::from(validity_seconds));
        for Offer { bundle, window, bytes, .. } in shares.iter().copied() {
            self.record(Event::Reserved { session, group, bundle, window, bytes, until });
        }
    }
}

impl Pool {
    /// True if what a line gets in this country is neither octets nor a refusal.
    pub(super) fn goes_slow(&self, line: Id<Line>, country: Country, now: Timestamp) -> bool {
        let purse = self.purse(line, Some(country), now);
        purse.bytes == 0 && purse.slow
    }

    /// What a session could be granted: what its bundles have, of the shared ones no more than its line's cap leaves.
    fn purse(&self, line: Id<Line>, country: Option<Country>, now: Timestamp) -> Purse {
        let payers = self.payers(line, country);
        let (mut room, stopped) = self.member(line).map_or((u64::MAX, Refusal::CapReached), |m| m.room(now));
        let mut purse = Purse { offers: Few::None, bytes: 0, held: 0, empty: Refusal::UsedUp, slow: false };
        for bundle in payers.iter() {
            let bytes = if bundle.line.is_none() { bundle.free().min(room) } else { bundle.free() };
            if bundle.line.is_none() {
                room = room.saturating_sub(bytes);
            }
            if bundle.free() > bytes {
                purse.empty = stopped;
            }
            purse.bytes = purse.bytes.saturating_add(bytes);
            purse.held = purse.held.saturating_add(bundle.figures.reserved);
            let (bundle, window, turns_at) = (bundle.id, bundle.window, bundle.next_turn());
            purse.offers.push(Offer { bundle, window, bytes, turns_at });
        }
        purse.slow = payers.iter().any(|b| b.is_slow_beyond() && (b.line.is_some() || room > 0));
        purse.empty = match purse.empty {
            _ if payers.is_empty() => Refusal::NotCovered,
            Refusal::UsedUp if purse.held > 0 => Refusal::Lent,
            why => why,
        };
        purse
    }
}

impl Purse {
    /// What comes behind so many octets of it. What others hold may come back.
    fn behind(&self, bytes: u64) -> Behind {
        match self {
            _ if bytes < self.bytes || self.held > 0 => Behind::More,
            Self { slow: true, .. } => Behind::Slow,
            Self { slow: false, .. } => Behind::Nothing,
        }
    }

    /// What there is instead of quota.
    fn nothing(&self, now: Timestamp) -> Quota {
        if !self.slow {
            return Quota::Refused(self.empty);
        }
        Quota::Slow { validity_seconds: validity(&self.offers, self.held > 0, now) }
    }
}

/// Octets for a minute at the recent pace.
fn wish(report: Report) -> u64 {
    match report {
        Report::First => FIRST_GRANT_BYTES,
        Report::Pace { bytes, ms } => {
            let seconds = u64::try_from(ms / SECOND_MS).unwrap_or(0).max(1);
            (bytes / seconds).saturating_mul(GRANT_SECONDS).max(MIN_GRANT_BYTES)
        }
    }
}

/// The most that one grant may take: half of a session's part, but no less than a grant that is worth the asking.
fn fair_part(available: u64, sessions: u64) -> u64 {
    (available / sessions.saturating_mul(2)).max(MIN_GRANT_BYTES).min(available)
}

/// The first so many octets of the offers.
fn take(offers: &[Offer], bytes: u64) -> Few<Offer> {
    let mut left = bytes;
    let parts = offers.iter().map(|offer| {
        let bytes = offer.bytes.min(left);
        left = left.saturating_sub(bytes);
        Offer { bytes, ..*offer }
    });
    parts.filter(|offer| offer.bytes > 0).collect()
}

/// Seconds until the session must report: soon if there is little, and when a share's window ends.
fn validity(shares: &[Offer], low: bool, now: Timestamp) -> u32 {
    let longest = if low { LOW_VALIDITY_SECONDS } else { VALIDITY_SECONDS };
    let turn = shares.iter().filter_map(|share| share.turns_at).min();
    let until_turn = turn.map_or(i64::MAX, |at| at.since(now) / SECOND_MS);
    u32::try_from(until_turn).unwrap_or(longest).clamp(1, longest)
}
