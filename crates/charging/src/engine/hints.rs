//! Which sessions their gateways should ask about at once, instead of when their grants run out.

use std::sync::Arc;

use basis::{Id, Line};

use crate::log::Entry;
use crate::pool::{Event, FIRST_GRANT_BYTES, Pool, Quota, Session, SessionKey};

/// What a gateway should do about a session. Only a hint: without it, the validity of its grant brings the same about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Report, and ask for quota anew (Re-Auth-Request).
    ReAuth {
        /// The session, see [`crate::session_key`].
        session: SessionKey,
        /// Why.
        reason: Reason,
    },
    /// End it (Abort-Session-Request).
    Abort {
        /// The session.
        session: SessionKey,
        /// Why.
        reason: Reason,
    },
}

/// What has changed for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A bundle was bought.
    Credited,
    /// A bundle was given to the pool.
    Given,
    /// A bundle's next 24 hours began.
    NextDay,
    /// Its line's caps are others.
    Capped,
    /// Its line was paused, or let go on.
    Paused,
    /// Its line was stopped by an operator.
    Barred,
    /// Its line was let go on by an operator.
    Unbarred,
    /// Its line went to another pool.
    Moved,
}

/// What follows from a durable batch, for the pools as they stand behind it.
pub(super) fn after(entries: &[Entry], pools: &[Arc<Pool>]) -> Vec<Hint> {
    let mut hints = Vec::new();
    for entry in entries {
        let Entry::Pool { pool, events, .. } = entry else { continue };
        for event in events.iter().filter(|event| concerns_gateways(event)) {
            if let Some(pool) = pools.iter().find(|changed| changed.id() == *pool) {
                add(&mut hints, pool, event, events);
            }
        }
    }
    hints
}

const fn concerns_gateways(event: &Event) -> bool {
    matches!(
        event,
        Event::Credited { .. }
            | Event::Given(_)
            | Event::Turned { .. }
            | Event::Capped { .. }
            | Event::Paused { .. }
            | Event::Barred { .. }
            | Event::Departed { .. }
    )
}

fn add(hints: &mut Vec<Hint>, pool: &Pool, event: &Event, batch: &[Event]) {
    let open =
        || pool.state().sessions.iter().map(AsRef::as_ref).filter(|session: &&Session| session.is_open());
    let of_line =
        |line: Id<Line>| open().filter(move |session| session.line == line).map(|session| session.key);
    let hungry = |bundle| {
        let bundle = pool.bundle(bundle);
        let gains = move |s: &&Session| bundle.is_some_and(|b| b.serves(s.line) && b.covers(s.country));
        open().filter(gains).filter(|session| is_hungry(session)).map(|session| session.key)
    };
    let again = |reason| move |session| Hint::ReAuth { session, reason };
    let abort = |reason| move |session| Hint::Abort { session, reason };
    match event {
        Event::Credited { bundle, .. } => hints.extend(hungry(*bundle).map(again(Reason::Credited))),
        Event::Given(bundle) => hints.extend(hungry(*bundle).map(again(Reason::Given))),
        Event::Turned { bundle, .. } => hints.extend(hungry(*bundle).map(again(Reason::NextDay))),
        Event::Capped { line, .. } => hints.extend(of_line(*line).map(again(Reason::Capped))),
        Event::Paused { line, .. } => hints.extend(of_line(*line).map(again(Reason::Paused))),
        Event::Barred { line, barred: true } => hints.extend(of_line(*line).map(abort(Reason::Barred))),
        Event::Barred { line, barred: false } => hints.extend(of_line(*line).map(again(Reason::Unbarred))),
        Event::Departed { sessions, .. } => {
            hints.extend(ended_in(batch).filter(|key| sessions.contains(key)).map(abort(Reason::Moved)));
        }
        _ => {}
    }
}

/// A departure ends sessions in the same command; those of the line that were over before have no gateway to tell.
fn ended_in(batch: &[Event]) -> impl Iterator<Item = SessionKey> {
    batch.iter().filter_map(|event| match event {
        Event::Terminated(session) => Some(*session),
        _ => None,
    })
}

/// True if it holds less than a first grant, was told that there is no more behind what it holds, was slowed down or refused.
fn is_hungry(session: &Session) -> bool {
    let shares = session.groups.iter().flat_map(|group| group.shares.iter());
    let held: u64 = shares.map(|share| share.bytes).sum();
    let last = session.ring.last();
    let mut quotas = last.iter().flat_map(|answer| answer.services.iter()).map(|service| service.quota);
    held < FIRST_GRANT_BYTES
        || quotas.any(|quota| match quota {
            Quota::Granted(grant) => grant.is_last(),
            Quota::Refused(_) | Quota::Slow { .. } => true,
            Quota::None => false,
        })
}
