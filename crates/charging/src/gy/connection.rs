//! One connection: bytes in, requests to the engine, answers out as they become durable.

use std::{collections::HashMap, net::IpAddr, pin::Pin, sync::Arc};

use diameter::{
    Error, Message, Outcome as Answered, application, command, frame_length,
    gy::{Abort, Ccr, ReAuth, RequestType},
    result,
};
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use metrics::Counter;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Face, control,
    directory::{LinkId, Seen, Tell, What},
    peer::{Heard, Peer, fits},
    requests::{Done, carry_out},
};
use crate::pool::SessionKey;

/// How many bytes are read at once.
const READ_BYTES: usize = 64 * 1024;
/// How many questions of ours may wait for one connection.
pub(super) const TELLS_MAX: usize = 1024;

/// See the module.
pub(super) struct Connection<S> {
    face: Arc<Face>,
    link: LinkId,
    peer: Peer,
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    input: Vec<u8>,
    /// Since when the input has begun a message without ending it.
    begun: Option<Instant>,
    output: Vec<u8>,
    /// How much of the output is sent.
    sent: usize,
    /// The output is with the socket, but may not be on its way (TLS keeps some).
    unflushed: bool,
    /// When the socket last took something, or there was nothing to take.
    took: Instant,
    working: FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>,
    tells: mpsc::Receiver<Tell>,
    /// What the directory asks through.
    tell: mpsc::Sender<Tell>,
    /// What we have asked, by its Hop-by-Hop id.
    asked: HashMap<u32, (SessionKey, Instant)>,
    /// Names of gateways behind this connection: one, unless it is a relay.
    origin: Option<(Arc<str>, Arc<str>)>,
    counters: HashMap<(&'static str, u32), Counter>,
    over: Option<&'static str>,
    stop: watch::Receiver<bool>,
}

enum Turn {
    Read(std::io::Result<usize>),
    Wrote(std::io::Result<usize>),
    Flushed(std::io::Result<()>),
    Done(Done),
    Tell(Tell),
    Stop,
    Time,
}

impl<S: AsyncRead + AsyncWrite + Send> Connection<S> {
    pub(super) fn new(
        face: Arc<Face>,
        link: LinkId,
        stream: S,
        (local, remote): (IpAddr, IpAddr),
        stop: watch::Receiver<bool>,
    ) -> Self {
        let now = Instant::now();
        let (reader, writer) = tokio::io::split(stream);
        let (tell, tells) = mpsc::channel(TELLS_MAX);
        Self {
            peer: Peer::new(face.us.clone(), local, remote, now),
            face,
            link,
            reader,
            writer,
            input: Vec::new(),
            begun: None,
            output: Vec::new(),
            sent: 0,
            unflushed: false,
            took: now,
            working: FuturesUnordered::new(),
            tells,
            tell,
            asked: HashMap::new(),
            origin: None,
            counters: HashMap::new(),
            over: None,
            stop,
        }
    }

    /// Serves the gateway until one of us has had enough.
    pub(super) async fn run(mut self) {
        let why = loop {
            let turn = self.next().await;
            if let Err(why) = self.take(turn) {
                break why;
            }
            if let Some(why) = self.over.filter(|_| self.all_is_said()) {
                break why;
            }
        };
        self.face.directory.leave(self.link);
        metrics::gauge!("gy_requests_in_flight").decrement(super::directory::count(self.working.len()));
        let host = self.peer.gateway().map(|gateway| gateway.host.clone());
        tracing::info!(peer = host.as_deref(), %why, "a gateway's connection has ended");
        drop(self.writer.shutdown().now_or_never());
    }

    async fn next(&mut self) -> Turn {
        let deadline = self.deadline();
        let reads = self.reads();
        let Self { reader, writer, input, output, sent, unflushed, working, tells, stop, .. } = self;
        let unsent = output.get(*sent..).unwrap_or_default();
        if reads && input.capacity() - input.len() < READ_BYTES / 2 {
            input.reserve(READ_BYTES);
        }
        let may_stop = !*stop.borrow();
        tokio::select! {
            biased;
            _ = stop.changed(), if may_stop => Turn::Stop,
            () = tokio::time::sleep_until(deadline) => Turn::Time,
            Some(tell) = tells.recv() => Turn::Tell(tell),
            Some(done) = working.next(), if !working.is_empty() => Turn::Done(done),
            sent = send(writer, unsent), if !unsent.is_empty() || *unflushed => sent,
            read = reader.read_buf(input), if reads => Turn::Read(read),
        }
    }

    fn take(&mut self, turn: Turn) -> Result<(), &'static str> {
        let now = Instant::now();
        match turn {
            Turn::Read(Ok(0)) => return Err(self.over.unwrap_or("the gateway closed it")),
            Turn::Read(Ok(_)) => self.parse(now),
            Turn::Wrote(Ok(bytes @ 1..)) => self.wrote(bytes, now),
            Turn::Flushed(Ok(())) => (self.unflushed, self.took) = (false, now),
            Turn::Read(Err(_)) | Turn::Wrote(_) | Turn::Flushed(_) => return Err("the connection broke"),
            Turn::Done(done) => self.answer_all(done, now),
            Turn::Tell(tell) => self.ask(&tell, now),
            Turn::Stop => {
                if !self.peer.leave(now, &mut self.output) {
                    return Err("it had not said who it is");
                }
            }
            Turn::Time => self.time(now)?,
        }
        Ok(())
    }

    /// Whether more requests are taken now.
    fn reads(&self) -> bool {
        let most = self.peer.gateway().map_or(1, |gateway| gateway.profile.max_outstanding);
        let unsent = self.output.len().saturating_sub(self.sent);
        self.over.is_none()
            && self.working.len() < most.saturating_mul(2)
            && unsent < self.face.us.limits().unsent_bytes
    }

    fn all_is_said(&self) -> bool {
        self.working.is_empty() && self.sent == self.output.len() && !self.unflushed
    }

    /// The first of all moments at which something has to be done.
    fn deadline(&self) -> Instant {
        let limits = self.face.us.limits();
        let half = self.begun.filter(|_| self.reads()).map(|begun| begun + limits.half_message);
        let stall = (!self.all_is_sent()).then(|| self.took + limits.stall);
        let answer = self.asked.values().map(|(_, asked)| *asked + limits.answer).min();
        [half, stall, answer].into_iter().flatten().fold(self.peer.deadline(), Instant::min)
    }

    fn all_is_sent(&self) -> bool {
        self.sent == self.output.len() && !self.unflushed
    }

    fn time(&mut self, now: Instant) -> Result<(), &'static str> {
        let limits = *self.face.us.limits();
        if self.reads() && self.begun.is_some_and(|begun| now >= begun + limits.half_message) {
            return Err("it began a message and did not end it");
        }
        if !self.all_is_sent() && now >= self.took + limits.stall {
            return Err("it does not take its answers");
        }
        self.asked.retain(|_, (_, asked)| now < *asked + limits.answer);
        if now >= self.peer.deadline() {
            self.mark_unsent(now);
            self.peer.turn(now, &mut self.output)?;
        }
        Ok(())
    }

    /// From here on the socket has something to take.
    fn mark_unsent(&mut self, now: Instant) {
        if self.all_is_sent() {
            self.took = now;
        }
    }

    fn wrote(&mut self, bytes: usize, now: Instant) {
        self.sent = self.sent.saturating_add(bytes);
        (self.unflushed, self.took) = (true, now);
        if self.sent >= self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
    }

    /// Takes every whole message that has come.
    fn parse(&mut self, now: Instant) {
        self.mark_unsent(now);
        let input = std::mem::take(&mut self.input);
        let mut rest = input.as_slice();
        let mut whole = false;
        while self.over.is_none() {
            match frame_length(rest, self.face.us.limits().message_bytes) {
                Ok(Some(length)) => {
                    let Some((message, behind)) = rest.split_at_checked(length) else { break };
                    (rest, whole) = (behind, true);
                    self.hear(message, now);
                }
                Ok(None) => break,
                Err(_) => self.over = Some("what it sends is not Diameter"),
            }
        }
        self.begun = match self.begun {
            _ if rest.is_empty() => None,
            Some(begun) if !whole => Some(begun),
            _ => Some(now),
        };
        let read = input.len().saturating_sub(rest.len());
        self.input = input;
        self.input.drain(..read);
    }

    fn hear(&mut self, bytes: &[u8], now: Instant) {
        match self.peer.hear(bytes, now, &mut self.output) {
            Heard::Nothing => {}
            Heard::Hello(state_id) => self.hello(state_id),
            Heard::Alive(state_id) => self.gateway_state(state_id),
            Heard::Request(message) => {
                if let Err(error) = self.request(&message, now) {
                    self.count("refused", error.result_code);
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
            releases.for_each_concurrent(256, |release| release.map(drop)).await;
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
        let (asked, request) = control::read(&ccr, message, (&self.face.us.settings, &gateway.profile))?;
        let begins = matches!(ccr.request_type, RequestType::Initial | RequestType::Event);
        if begins && self.working.len() >= gateway.profile.max_outstanding {
            return Err(Error::message(
                result::TOO_BUSY,
                "too many requests are under way on this connection",
            ));
        }
        let richer_since = if asked.event.is_none() { self.learn(&ccr, asked.session, now) } else { None };
        metrics::gauge!("gy_requests_in_flight").increment(1.0);
        self.working.push(Box::pin(carry_out(
            self.face.charging.clone(),
            asked,
            request,
            (now, richer_since),
        )));
        Ok(())
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
    fn answer_all(&mut self, first: Done, now: Instant) {
        self.mark_unsent(now);
        let mut next = Some(first);
        while let Some(done) = next {
            self.answer(&done, now);
            next = self.working.next().now_or_never().flatten();
        }
    }

    fn answer(&mut self, done: &Done, now: Instant) {
        metrics::gauge!("gy_requests_in_flight").decrement(1.0);
        metrics::histogram!("gy_request_seconds").record(now.duration_since(done.came).as_secs_f64());
        if let Some(since) = done.richer_since.filter(|_| done.granted()) {
            self.face.directory.satisfied(done.asked.session);
            metrics::histogram!("topup_to_first_grant_seconds")
                .record(now.duration_since(since).as_secs_f64());
        }
        let Some(gateway) = self.peer.gateway() else { return };
        let settings = (&self.face.us.settings, &*gateway.profile);
        let result_code = control::reply(&done.asked, &done.outcome, settings, &mut self.output);
        let over = done.asked.kind == RequestType::Termination || result_code == result::UNKNOWN_SESSION_ID;
        if over && result_code < 3000 || result_code >= 5000 {
            self.face.directory.forget(done.asked.session);
        }
        self.count(name(done.asked.kind), result_code);
    }

    fn count(&mut self, kind: &'static str, result_code: u32) {
        let counter = self.counters.entry((kind, result_code)).or_insert_with(
            || metrics::counter!("gy_requests_total", "type" => kind, "result" => result_code.to_string()),
        );
        counter.increment(1);
    }

    /// Asks the gateway about a session, unless it has not answered the last question about it.
    fn ask(&mut self, tell: &Tell, now: Instant) {
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
        self.count(what, answer.result_code);
        if answer.result_code == result::UNKNOWN_SESSION_ID {
            self.face.directory.forget(session);
            let charging = self.face.charging.clone();
            tokio::spawn(async move { charging.release(session).await });
        }
    }
}

/// Hands bytes to the socket, or when there are none sees to it that those it has are on their way.
async fn send<W: AsyncWrite + Unpin>(socket: &mut W, unsent: &[u8]) -> Turn {
    if unsent.is_empty() {
        Turn::Flushed(socket.flush().await)
    } else {
        Turn::Wrote(socket.write(unsent).await)
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
