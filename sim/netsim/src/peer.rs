//! The way to the server: one connection at a time, made again when it breaks, with many requests in flight on it. A
//! request is sent until it is answered; when it may have been sent before, it says so.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use basis::Env;
use diameter::{Answer as Frame, Ids, Message, application, command, result};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{interval, sleep};

use crate::gy::{Answer, Identity, Request, is_answer};
use crate::wire::{Neighbourly, Wire, answer_neighbour, write_watchdog};

/// How long an answer may take before the connection counts as broken: Tx of RFC 8506.
const ANSWER_TIME_MAX_NS: u64 = 10_000_000_000;
/// After so long a silence the server is asked whether it lives, after twice that it counts as gone: Tw of RFC 3539.
const SILENCE_NS: u64 = 30_000_000_000;
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long to wait before connecting again; twice as long after each failure, up to the second figure.
const BACK_OFF: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(400)];
/// How many requests may be in flight.
const IN_FLIGHT_MAX: usize = 1024;

/// What a server asks of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Push {
    /// Report now, and ask again.
    Report,
    /// End.
    Abort,
}

/// A request on its way.
struct Call {
    request: Request,
    end_to_end: u32,
    /// Whether it was sent before.
    again: bool,
    answer: oneshot::Sender<Answer>,
    sent_ns: u64,
}

/// The sessions that a server may ask something of.
#[derive(Default)]
struct Sessions(Mutex<HashMap<Arc<str>, mpsc::Sender<Push>>>);

impl Sessions {
    /// False if there is no such session.
    fn push(&self, session: &str, push: Push) -> bool {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A session that has not come round to earlier wishes will meet this one in them.
        sessions.get(session).is_some_and(|session| session.try_send(push).is_ok() || !session.is_closed())
    }
}

/// Where sessions hand in their requests.
pub(crate) struct Peer {
    calls: mpsc::Sender<Call>,
    sessions: Arc<Sessions>,
    end_to_end: AtomicU32,
}

/// A session's place among those that can be reached; given up when dropped.
pub(crate) struct Reachable {
    session: Arc<str>,
    sessions: Arc<Sessions>,
    pub(crate) pushes: mpsc::Receiver<Push>,
}

impl Drop for Reachable {
    fn drop(&mut self) {
        self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.session);
    }
}

impl Peer {
    /// Connects, and stays connected until `stop`; what comes back ends after the good-bye.
    pub(crate) fn start(
        address: String,
        me: Identity,
        env: Env,
        stop: watch::Receiver<bool>,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (calls, receiver) = mpsc::channel(IN_FLIGHT_MAX);
        let sessions = Arc::new(Sessions::default());
        // RFC 6733 §3: the low 12 bits of the time, then 20 random bits.
        let start = (me.state_id << 20) | (u32::from_le_bytes(env.random()) & 0x000f_ffff);
        let link = Link {
            address,
            me,
            env,
            sessions: sessions.clone(),
            calls: receiver,
            waiting: Vec::new(),
            flying: HashMap::new(),
            next_hop: 1,
        };
        let link = tokio::spawn(link.run(stop));
        (Self { calls, sessions, end_to_end: AtomicU32::new(start) }, link)
    }

    /// Makes a session reachable for the server.
    pub(crate) fn reachable(&self, session: Arc<str>) -> Reachable {
        let (sender, pushes) = mpsc::channel(4);
        let mut sessions = self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.insert(session.clone(), sender);
        Reachable { session, sessions: self.sessions.clone(), pushes }
    }

    /// A fresh End-to-End Identifier.
    pub(crate) fn end_to_end(&self) -> u32 {
        self.end_to_end.fetch_add(1, Ordering::Relaxed)
    }

    /// The answer, however long it takes; `again` if a request with these ids was sent before. `None` once the peer
    /// has stopped.
    pub(crate) async fn ask(&self, request: Request, end_to_end: u32, again: bool) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.calls.send(Call { request, end_to_end, again, answer, sent_ns: 0 }).await.ok()?;
        answered.await.ok()
    }
}

/// The peer's own task.
struct Link {
    address: String,
    me: Identity,
    env: Env,
    sessions: Arc<Sessions>,
    calls: mpsc::Receiver<Call>,
    /// What is to be sent first on the next connection.
    waiting: Vec<Call>,
    /// What was sent and not answered yet, by Hop-by-Hop Identifier.
    flying: HashMap<u32, Call>,
    next_hop: u32,
}

impl Link {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let [first, longest] = BACK_OFF;
        let mut pause = first;
        // Whoever could say stop may also just be gone.
        while !*stop.borrow() && stop.has_changed().is_ok() {
            match Wire::connect(&self.address, &self.me).await {
                Ok(wire) => {
                    pause = first;
                    if let Err(error) = self.serve(wire, &mut stop).await {
                        tracing::info!(%error, unanswered = self.flying.len(), "the connection is gone");
                    }
                }
                Err(error) => tracing::info!(error = format!("{error:#}"), "no connection"),
            }
            self.take_back();
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(longest),
                _ = stop.changed() => {}
            }
        }
    }

    /// What was not answered goes out again, in its order, and says that it does.
    fn take_back(&mut self) {
        let mut back: Vec<Call> = self.flying.drain().map(|(_, call)| Call { again: true, ..call }).collect();
        back.sort_by_key(|call| call.end_to_end);
        self.waiting.splice(..0, back);
    }

    /// Serves one connection until it ends.
    async fn serve(&mut self, mut wire: Wire, stop: &mut watch::Receiver<bool>) -> anyhow::Result<()> {
        for call in std::mem::take(&mut self.waiting) {
            self.send(call, &mut wire)?;
        }
        let (mut tick, mut silence) = (interval(TICK), Silence::since(self.now()));
        loop {
            tokio::select! {
                moved = wire.turn() => {
                    moved?;
                    if self.take(&mut wire, &mut silence)? == Neighbourly::Leaves {
                        wire.write()?;
                        return Ok(());
                    }
                }
                Some(call) = self.calls.recv(), if self.flying.len() < IN_FLIGHT_MAX => self.send(call, &mut wire)?,
                _ = tick.tick() => self.look_at_the_clock(&mut wire, &mut silence)?,
                _ = stop.changed() => {
                    wire.say_good_bye(self.me.origin()).await;
                    return Ok(());
                }
            }
        }
    }

    fn now(&self) -> u64 {
        self.env.clock.monotonic_ns()
    }

    fn send(&mut self, call: Call, wire: &mut Wire) -> anyhow::Result<()> {
        let hop_by_hop = self.fresh_hop();
        let ids = Ids { hop_by_hop, end_to_end: call.end_to_end, retransmitted: call.again };
        call.request.write(&self.me, &wire.realm, ids, &mut wire.out)?;
        self.flying.insert(hop_by_hop, Call { sent_ns: self.now(), ..call });
        Ok(())
    }

    fn fresh_hop(&mut self) -> u32 {
        self.next_hop = self.next_hop.wrapping_add(1);
        self.next_hop
    }

    /// Takes every message that has come.
    fn take(&mut self, wire: &mut Wire, silence: &mut Silence) -> anyhow::Result<Neighbourly> {
        let now = self.now();
        while let Some(bytes) = wire.inbox.next()? {
            *silence = Silence::since(now);
            let message = Message::read(bytes)?;
            if is_answer(&message) {
                self.take_answer(&message)?;
                continue;
            }
            match answer_neighbour(&message, &self.me, &mut wire.out) {
                Neighbourly::Leaves => return Ok(Neighbourly::Leaves),
                Neighbourly::Done => {}
                Neighbourly::Other => self.take_push(&message, &mut wire.out)?,
            }
        }
        Ok(Neighbourly::Done)
    }

    fn take_answer(&mut self, message: &Message<'_>) -> anyhow::Result<()> {
        if let Some(call) = self.flying.remove(&message.header().hop_by_hop) {
            // Whoever asked may have gone.
            let _ = call.answer.send(Answer::read(message)?);
        }
        Ok(())
    }

    /// RAR and ASR; anything else is not served here.
    fn take_push(&self, message: &Message<'_>, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let header = message.header();
        if !header.is_request() {
            return Ok(());
        }
        let push = match header.command {
            command::RE_AUTH => Some(Push::Report),
            command::ABORT_SESSION => Some(Push::Abort),
            _ => None,
        };
        let session = message.find(diameter::key::SESSION_ID).and_then(|avp| avp.text().ok());
        let code = match (push, session) {
            (Some(push), Some(session)) if self.sessions.push(session, push) => result::SUCCESS,
            (Some(_), Some(_)) => result::UNKNOWN_SESSION_ID,
            (Some(_), None) => result::MISSING_AVP,
            (None, _) if header.application == application::CREDIT_CONTROL => result::COMMAND_UNSUPPORTED,
            (None, _) => result::APPLICATION_UNSUPPORTED,
        };
        Ok(Frame::to(message).write(out, code, self.me.origin(), |_| ())?)
    }

    fn look_at_the_clock(&mut self, wire: &mut Wire, silence: &mut Silence) -> anyhow::Result<()> {
        let now = self.now();
        let oldest = self.flying.values().map(|call| call.sent_ns).min().unwrap_or(now);
        anyhow::ensure!(now.saturating_sub(oldest) < ANSWER_TIME_MAX_NS, "a request is not answered");
        match now.saturating_sub(silence.since_ns) / SILENCE_NS {
            0 => {}
            1 if silence.asked => {}
            1 => {
                silence.asked = true;
                let hop_by_hop = self.fresh_hop();
                let ids = Ids { hop_by_hop, end_to_end: hop_by_hop, retransmitted: false };
                write_watchdog(&self.me, ids, &mut wire.out);
            }
            _ => anyhow::bail!("the server is silent"),
        }
        Ok(())
    }
}

/// How long nothing has come.
struct Silence {
    since_ns: u64,
    /// Whether the server was asked if it lives.
    asked: bool,
}

impl Silence {
    const fn since(since_ns: u64) -> Self {
        Self { since_ns, asked: false }
    }
}
