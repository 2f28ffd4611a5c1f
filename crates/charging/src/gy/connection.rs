//! One connection: bytes in, requests to the engine, answers out as they become durable.

mod messages;

use std::{collections::HashMap, net::IpAddr, pin::Pin, sync::Arc};

use diameter::frame_length;
use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use metrics::{Counter, Gauge, Histogram};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Face,
    directory::{LinkId, Tell, count},
    peer::Peer,
    requests::{Done, Open},
};
use crate::{engine::Asking, pool::SessionKey};

/// How many bytes are read at once.
const READ_BYTES: usize = 64 * 1024;
/// How many questions of ours may wait for one connection.
const TELLS_MAX: usize = 1024;

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
    /// Requests that have come and are not with the engine yet.
    heard: Vec<(Asking, Open)>,
    /// Requests without an answer.
    under_way: usize,
    working: FuturesUnordered<Pin<Box<dyn Future<Output = Done> + Send>>>,
    tells: mpsc::Receiver<Tell>,
    /// What the directory asks through.
    tell: mpsc::Sender<Tell>,
    /// What we have asked, by its Hop-by-Hop id.
    asked: HashMap<u32, (SessionKey, Instant)>,
    /// Names of gateways behind this connection: one, unless it is a relay.
    origin: Option<(Arc<str>, Arc<str>)>,
    meters: Meters,
    over: Option<&'static str>,
    stop: watch::Receiver<bool>,
    stopping: bool,
}

/// What is counted, looked up once: a connection may carry a hundred thousand requests in a second.
struct Meters {
    in_flight: Gauge,
    /// What of it is this connection's.
    counted: usize,
    seconds: Histogram,
    /// By kind and Result-Code.
    requests: HashMap<(&'static str, u32), Counter>,
}

impl Meters {
    fn new() -> Self {
        let in_flight = metrics::gauge!("gy_requests_in_flight");
        Self {
            in_flight,
            counted: 0,
            seconds: metrics::histogram!("gy_request_seconds"),
            requests: HashMap::new(),
        }
    }

    fn under_way(&mut self, requests: usize) {
        self.in_flight.increment(count(requests) - count(self.counted));
        self.counted = requests;
    }

    fn count(&mut self, kind: &'static str, result_code: u32) {
        let counter = self.requests.entry((kind, result_code)).or_insert_with(
            || metrics::counter!("gy_requests_total", "type" => kind, "result" => result_code.to_string()),
        );
        counter.increment(1);
    }
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
            heard: Vec::new(),
            under_way: 0,
            working: FuturesUnordered::new(),
            tells,
            tell,
            asked: HashMap::new(),
            origin: None,
            meters: Meters::new(),
            over: None,
            stop,
            stopping: false,
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
        self.meters.under_way(0);
        let host = self.peer.gateway().map(|gateway| gateway.host.clone());
        tracing::info!(peer = host.as_deref(), %why, "a gateway's connection has ended");
        drop(self.writer.shutdown().now_or_never());
    }

    async fn next(&mut self) -> Turn {
        let deadline = self.deadline();
        let reads = self.reads();
        let Self { reader, writer, input, output, sent, unflushed, working, tells, stop, stopping, .. } =
            self;
        let unsent = output.get(*sent..).unwrap_or_default();
        if reads && input.capacity() - input.len() < READ_BYTES / 2 {
            input.reserve(READ_BYTES);
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop), if !*stopping => Turn::Stop,
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
                self.stopping = true;
                self.mark_unsent(now);
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
            && self.under_way < most.saturating_mul(2)
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
        self.hand_in();
        self.meters.under_way(self.under_way);
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
