//! What a connection's messages mean.

use std::sync::Arc;

use diameter::{
    Error, Message, Outcome as Answered, application, command,
    gy::{Abort, Ccr, ReAuth, RequestType},
    result,
};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};

use super::Connection;
use crate::{
    engine::Asking,
    gy::{
        control::{self, Outcome},
        directory::{Seen, Tell, What},
        peer::{Heard, fits},
        requests::{Done, Open, brings_quota, carry_all, carry_out},
    },
    pool::SessionKey,
};

/// How many sessions that a gateway has lost are released at once.
const RELEASES_AT_ONCE: usize = 256;

impl<S: AsyncRead + AsyncWrite + Send> Connection<S> {
    pub(super) fn hear(&mut self, bytes: &[u8], now: Instant) {
        match self.peer.hear(bytes, now, &mut self.output) {
            Heard::Nothing => {}
            Heard::Hello(state_id) => self.hello(state_id),
            Heard::Alive(state_id) => self.gateway_state(state_id),
            Heard::Request(message) => {
                if let Err(error) = self.request(&message, now) {
                    self.meters.count("refused", error.result_code);
                    control::refuse(&message, &error, self.face.us.origin(), &mut self.output);
                }
            }
            Heard::Answer(message) => self.answered(&message),
            Heard::Over(why) => self.over = Some(why),
        }
    }

    fn hello(&mut self, state_id: Option<u32>) {
        if let Some(gateway) = self.peer.gateway().cloned() {
            tracing::info!(peer = &*gateway.host, "a gateway is connected");
            self.face.directory.join(self.link, gateway, self.tell.clone());
        }
        self.gateway_state(state_id);
    }

    /// The connected gateway has told its Origin-State-Id.
    fn gateway_state(&self, state_id: Option<u32>) {
        if let Some(gateway) = self.peer.gateway() {
            self.restarted(&gateway.host, state_id);
        }
    }

    /// A gateway that comes back with a higher Origin-State-Id has lost its sessions: they give back what they hold.
    fn restarted(&self, host: &Arc<str>, state_id: Option<u32>) {
        let lost = state_id.map(|id| self.face.directory.state_id(host, id)).unwrap_or_default();
        if lost.is_empty() {
            return;
        }
        tracing::info!(
            peer = &**host,
            sessions = lost.len(),
            "a gateway has restarted and lost its sessions"
        );
        let charging = self.face.charging.clone();
        tokio::spawn(async move {
            let releases = futures_util::stream::iter(lost).map(|session| charging.release(session));
            // What cannot be released now is when its validity ends.
            releases.for_each_concurrent(RELEASES_AT_ONCE, |release| release.map(drop)).await;
        });
    }

    /// A request for an application.
    fn request(&mut self, message: &Message<'_>, now: Instant) -> Result<(), Error> {
        let header = message.header();
        if header.application != application::CREDIT_CONTROL {
            return Err(Error::message(
                result::APPLICATION_UNSUPPORTED,
                "only credit control (4) is served here",
            ));
        }
        if header.command != command::CREDIT_CONTROL {
            return Err(Error::message(
                result::COMMAND_UNSUPPORTED,
                "only Credit-Control (272) is served here",
            ));
        }
        let Some(gateway) = self.peer.gateway().cloned() else { return Ok(()) };
        if gateway.profile.strict_avps {
            message.check_known()?;
        }
        let ccr = Ccr::read(message)?;
        let (asked, asking) = control::read(&ccr, message, (&self.face.us.settings, &gateway.profile))?;
        let begins = matches!(ccr.request_type, RequestType::Initial | RequestType::Event);
        if begins && self.under_way >= gateway.profile.max_outstanding {
            return Err(Error::message(
                result::TOO_BUSY,
                "too many requests are under way on this connection",
            ));
        }
        let richer_since = if asked.event.is_none() { self.learn(&ccr, asked.session, now) } else { None };
        self.under_way = self.under_way.saturating_add(1);
        self.heard.push((asking, Open { asked, came: now, richer_since }));
        Ok(())
    }

    /// Hands what was heard to the engine: what goes to one shard in one piece, events one by one.
    pub(super) fn hand_in(&mut self) {
        if self.heard.is_empty() {
            return;
        }
        let (sessions, events) =
            std::mem::take(&mut self.heard).into_iter().partition(|(_, open)| open.asked.event.is_none());
        let (parcels, apart) = self.face.charging.pack(sessions);
        for parcel in parcels {
            self.working.push(carry_all(parcel).boxed());
        }
        self.hand_in_apart(events);
        self.hand_in_apart(apart);
    }

    fn hand_in_apart(&self, requests: Vec<(Asking, Open)>) {
        for (asking, open) in requests {
            self.working.push(carry_out(self.face.charging.clone(), asking, open).boxed());
        }
    }

    /// Remembers where the session is.
    fn learn(&mut self, ccr: &Ccr<'_>, session: SessionKey, now: Instant) -> Option<Instant> {
        let same =
            |known: &(Arc<str>, Arc<str>)| *known.0 == *ccr.origin.host && *known.1 == *ccr.origin.realm;
        if !self.origin.as_ref().is_some_and(same) {
            self.origin = Some((ccr.origin.host.into(), ccr.origin.realm.into()));
        }
        let (host, realm) = self.origin.as_ref()?;
        self.restarted(host, ccr.origin_state_id);
        let seen = Seen { key: session, session_id: ccr.session_id, origin: (host, realm), link: self.link };
        self.face.directory.learn(&seen, now, self.face.us.limits().sessions)
    }

    /// Answers this one, and all others that are ready.
    pub(super) fn answer_all(&mut self, first: Done, now: Instant) {
        self.mark_unsent(now);
        let mut next = Some(first);
        while let Some(done) = next {
            self.under_way = self.under_way.saturating_sub(done.answered.len());
            done.answered.iter().for_each(|(outcome, open)| self.answer(outcome, open, now));
            self.hand_in_apart(done.again);
            next = self.working.next().now_or_never().flatten();
        }
        self.meters.under_way(self.under_way);
    }

    fn answer(&mut self, outcome: &Outcome, open: &Open, now: Instant) {
        self.meters.seconds.record(now.duration_since(open.came).as_secs_f64());
        if let Some(since) = open.richer_since.filter(|_| brings_quota(outcome)) {
            self.face.directory.satisfied(open.asked.session);
            metrics::histogram!("topup_to_first_grant_seconds")
                .record(now.duration_since(since).as_secs_f64());
        }
        let Some(gateway) = self.peer.gateway() else { return };
        let settings = (&self.face.us.settings, &*gateway.profile);
        let result_code = control::reply(&open.asked, outcome, settings, &mut self.output);
        let over = open.asked.kind == RequestType::Termination || result_code == result::UNKNOWN_SESSION_ID;
        if over && result_code < 3000 || result_code >= 5000 {
            self.face.directory.forget(open.asked.session);
        }
        self.meters.count(name(open.asked.kind), result_code);
    }

    /// Asks the gateway about a session, unless it has not answered the last question about it.
    pub(super) fn ask(&mut self, tell: &Tell, now: Instant) {
        let waits =
            tell.what == What::ReAuth && self.asked.values().any(|(session, _)| *session == tell.session);
        if waits || !self.peer.is_open() {
            return;
        }
        self.mark_unsent(now);
        let ids = self.peer.next_ids();
        let (host, realm) = &tell.origin;
        let origin = self.face.us.origin();
        let session_id = &*tell.session_id;
        fits(match tell.what {
            What::ReAuth => ReAuth {
                session_id,
                origin,
                destination_realm: realm,
                destination_host: host,
                rating_group: None,
                service_identifier: None,
            }
            .write(ids, &mut self.output),
            What::Abort => Abort { session_id, origin, destination_realm: realm, destination_host: host }
                .write(ids, &mut self.output),
        });
        self.asked.insert(ids.hop_by_hop, (tell.session, now));
    }

    /// The gateway has answered. If it does not know the session, the session is over.
    fn answered(&mut self, message: &Message<'_>) {
        let Some((session, _)) = self.asked.remove(&message.header().hop_by_hop) else { return };
        let Ok(answer) = Answered::read(message) else { return };
        let what = if message.header().command == command::RE_AUTH { "reauth" } else { "abort" };
        self.meters.count(what, answer.result_code);
        if answer.result_code == result::UNKNOWN_SESSION_ID {
            self.face.directory.forget(session);
            let charging = self.face.charging.clone();
            tokio::spawn(async move { charging.release(session).await });
        }
    }
}

const fn name(kind: RequestType) -> &'static str {
    match kind {
        RequestType::Initial => "initial",
        RequestType::Update => "update",
        RequestType::Termination => "terminate",
        RequestType::Event => "event",
    }
}
