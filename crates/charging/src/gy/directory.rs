//! Which gateway a session is at, and over which connection it can be asked. In memory only, learnt from each request: after
//! a restart of ours a gateway comes by itself when its quota's validity ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, time::Instant};

use super::peer::Gateway;
use crate::pool::SessionKey;

/// A session that is silent for longer has lapsed: twice the longest validity, and some.
const SILENCE_MAX: Duration = Duration::from_mins(30);
/// How many gateways' Origin-State-Ids are kept; relays may bring many.
const GATEWAYS_MAX: usize = 10_000;

/// The number of a connection, unique in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LinkId(pub(super) u64);

/// What a connection is to ask its gateway.
#[derive(Debug, Clone)]
pub(super) struct Tell {
    pub(super) what: What,
    pub(super) session: SessionKey,
    /// The gateway's name of the session.
    pub(super) session_id: Arc<str>,
    /// The gateway that has the session: Origin-Host and Origin-Realm of its requests.
    pub(super) origin: (Arc<str>, Arc<str>),
}

/// What a gateway is asked about a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// To report, and ask again.
    ReAuth,
    /// To end it.
    Abort,
}

/// What a request tells about its session.
pub(super) struct Seen<'a> {
    pub(super) key: SessionKey,
    pub(super) session_id: &'a str,
    pub(super) origin: (&'a Arc<str>, &'a Arc<str>),
    pub(super) link: LinkId,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Directory(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    sessions: HashMap<SessionKey, Session>,
    links: HashMap<LinkId, Link>,
    state_ids: HashMap<Arc<str>, u32>,
}

#[derive(Debug)]
struct Session {
    id: Arc<str>,
    origin: (Arc<str>, Arc<str>),
    link: LinkId,
    heard: Instant,
    /// When its quota became too small for what its line has now.
    richer_since: Option<Instant>,
}

#[derive(Debug)]
struct Link {
    gateway: Gateway,
    tell: mpsc::Sender<Tell>,
}

impl Directory {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A gateway has said who it is.
    pub(super) fn join(&self, link: LinkId, gateway: Gateway, tell: mpsc::Sender<Tell>) {
        let mut tables = self.tables();
        tables.links.insert(link, Link { gateway, tell });
        metrics::gauge!("gy_peers_connected").set(count(tables.links.len()));
    }

    /// A connection has ended.
    pub(super) fn leave(&self, link: LinkId) {
        let mut tables = self.tables();
        tables.links.remove(&link);
        metrics::gauge!("gy_peers_connected").set(count(tables.links.len()));
    }

    /// A request of a session has come. Since when its line has more than it knows, if it has.
    pub(super) fn learn(&self, seen: &Seen<'_>, now: Instant, sessions_max: usize) -> Option<Instant> {
        let mut tables = self.tables();
        if let Some(session) = tables.sessions.get_mut(&seen.key) {
            (session.link, session.heard) = (seen.link, now);
            return session.richer_since;
        }
        if tables.sessions.len() < sessions_max {
            let origin = (seen.origin.0.clone(), seen.origin.1.clone());
            let session = Session {
                id: seen.session_id.into(),
                origin,
                link: seen.link,
                heard: now,
                richer_since: None,
            };
            tables.sessions.insert(seen.key, session);
        }
        None
    }

    /// A session has ended.
    pub(super) fn forget(&self, session: SessionKey) {
        self.tables().sessions.remove(&session);
    }

    /// A session has got quota that knows of what its line has.
    pub(super) fn satisfied(&self, session: SessionKey) {
        if let Some(session) = self.tables().sessions.get_mut(&session) {
            session.richer_since = None;
        }
    }

    /// Forgets the sessions that have lapsed.
    pub(super) fn sweep(&self, now: Instant) {
        self.tables().sessions.retain(|_, session| now.duration_since(session.heard) < SILENCE_MAX);
    }

    /// A gateway has told its Origin-State-Id. If it has grown, the gateway has restarted and lost its sessions: these.
    pub(super) fn state_id(&self, host: &Arc<str>, state_id: u32) -> Vec<SessionKey> {
        let mut tables = self.tables();
        match tables.state_ids.get_mut(host) {
            Some(known) if *known < state_id => *known = state_id,
            Some(_) => return Vec::new(),
            None => {
                if tables.state_ids.len() < GATEWAYS_MAX {
                    tables.state_ids.insert(host.clone(), state_id);
                }
                return Vec::new();
            }
        }
        let lost = tables.sessions.extract_if(|_, session| session.origin.0 == *host);
        lost.map(|(key, _)| key).collect()
    }

    /// Asks a session's gateway: over the connection of its last request, or else over another of the same gateway.
    pub(super) fn tell(&self, session: SessionKey, what: What, now: Instant) {
        let mut tables = self.tables();
        let Some(known) = tables.sessions.get_mut(&session) else { return };
        if what == What::ReAuth {
            known.richer_since.get_or_insert(now);
        }
        let (link, tell) =
            (known.link, Tell { what, session, session_id: known.id.clone(), origin: known.origin.clone() });
        let mut others = tables.links.values().filter(|other| other.gateway.host == tell.origin.0);
        let Some(link) = tables.links.get(&link).or_else(|| others.next()) else { return };
        if what == What::ReAuth && !link.gateway.profile.rar_effective {
            return;
        }
        if link.tell.try_send(tell).is_err() {
            tracing::debug!(peer = &*link.gateway.host, "too much to ask this gateway; it comes by itself");
        }
    }
}

/// For a gauge.
pub(super) fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}
