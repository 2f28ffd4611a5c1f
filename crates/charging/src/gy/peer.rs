//! The base protocol with one gateway over one connection (RFC 6733 §5): who it is, whether it lives, good-bye. It reads
//! messages and the clock, and appends what is to be sent; sockets are elsewhere.

use std::{net::IpAddr, sync::Arc, time::Duration};

use basis::Env;
use diameter::{
    Answer, Capabilities, Disconnect, DisconnectCause, Error, Ids, Message, Origin, Watchdog, application,
    command, key, result,
};
use tokio::time::Instant;

use super::{
    Settings,
    settings::{Limits, Profile},
};

/// How many questions whether it lives a gateway may leave without an answer.
const QUESTIONS_MAX: u8 = 2;

/// Us and a gateway, over one connection.
#[derive(Debug)]
pub(super) struct Peer {
    us: Arc<Us>,
    /// Ours, as the gateway sees it.
    local: IpAddr,
    /// The gateway's.
    remote: IpAddr,
    state: State,
    /// When something happens by itself, whatever the state.
    turn: Instant,
    /// How long it may be silent this time.
    silence_max: Duration,
    /// Watchdog requests since the gateway was last heard.
    questions: u8,
    ids: Ids,
}

/// What every answer and request of ours says.
#[derive(Debug)]
pub(super) struct Us {
    pub(super) settings: Settings,
    /// Grows with every start of ours.
    pub(super) state_id: u32,
    pub(super) env: Env,
}

impl Us {
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin { host: &self.settings.origin_host, realm: &self.settings.origin_realm }
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.settings.limits
    }
}

#[derive(Debug)]
enum State {
    /// It has not said who it is.
    Unknown,
    /// Requests flow.
    Open(Gateway),
    /// One of us has said good-bye; answers still flow.
    Leaving(Gateway),
}

/// Who a gateway is.
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    /// Its Origin-Host.
    pub(super) host: Arc<str>,
    /// How it wants to be spoken to.
    pub(super) profile: Arc<Profile>,
}

/// What a message was.
pub(super) enum Heard<'a> {
    /// The base protocol's own, and dealt with.
    Nothing,
    /// The gateway has said who it is, and may ask. Its Origin-State-Id, if it has one.
    Hello(Option<u32>),
    /// The gateway lives. Its Origin-State-Id, if it has one.
    Alive(Option<u32>),
    /// A request for an application.
    Request(Message<'a>),
    /// An answer to a request of ours.
    Answer(Message<'a>),
    /// Nothing more will be said, once what is to be sent is sent.
    Over(&'static str),
}

impl Peer {
    pub(super) fn new(us: Arc<Us>, local: IpAddr, remote: IpAddr, now: Instant) -> Self {
        let [hop_by_hop, end_to_end] = [(); 2].map(|()| u32::from_be_bytes(us.env.random()));
        // Unique across restarts: the upper 12 bits are the time's (RFC 6733 §3).
        let end_to_end = us.state_id << 20 | end_to_end & 0x000f_ffff;
        let ids = Ids { hop_by_hop, end_to_end, retransmitted: false };
        let turn = now + us.limits().hello;
        Self {
            us,
            local,
            remote,
            state: State::Unknown,
            turn,
            silence_max: Duration::ZERO,
            questions: 0,
            ids,
        }
    }

    /// The gateway, once it has said who it is.
    pub(super) const fn gateway(&self) -> Option<&Gateway> {
        match &self.state {
            State::Unknown => None,
            State::Open(gateway) | State::Leaving(gateway) => Some(gateway),
        }
    }

    /// Whether it may be asked something.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// When [`Peer::turn`] has something to do.
    pub(super) const fn deadline(&self) -> Instant {
        self.turn
    }

    /// Ids for a request of ours.
    pub(super) const fn next_ids(&mut self) -> Ids {
        self.ids.hop_by_hop = self.ids.hop_by_hop.wrapping_add(1);
        self.ids.end_to_end = self.ids.end_to_end.wrapping_add(1);
        self.ids
    }

    /// A whole message has come; what is to be said to it goes behind `out`.
    pub(super) fn hear<'a>(&mut self, bytes: &'a [u8], now: Instant, out: &mut Vec<u8>) -> Heard<'a> {
        if !matches!(self.state, State::Leaving(_)) && self.gateway().is_some() {
            self.questions = 0;
            self.turn = now + self.silence_max;
        }
        match Message::read(bytes) {
            Err(error) => self.refuse_broken(bytes, &error, out),
            Ok(message) => self.take(message, now, out),
        }
    }

    fn take<'a>(&mut self, message: Message<'a>, now: Instant, out: &mut Vec<u8>) -> Heard<'a> {
        let header = *message.header();
        let hello = header.command == command::CAPABILITIES_EXCHANGE && header.is_request();
        if self.gateway().is_none() && !hello {
            return Heard::Over("the first message was no Capabilities-Exchange-Request");
        }
        let heard = match (header.command, header.is_request()) {
            (command::CAPABILITIES_EXCHANGE, true) => self.meet(&message, now, out),
            (command::DEVICE_WATCHDOG, true) => self.say_alive(&message, out),
            (command::DEVICE_WATCHDOG, false) => Ok(alive(&message)),
            (command::DISCONNECT_PEER, true) => self.let_go(&message, now, out),
            (command::DISCONNECT_PEER, false) => Ok(Heard::Over("both said good-bye")),
            (_, true) => return Heard::Request(message),
            (_, false) => return Heard::Answer(message),
        };
        heard.unwrap_or_else(|error| {
            self.refuse(&message, &error, out);
            if hello { Heard::Over("it did not say who it is") } else { Heard::Nothing }
        })
    }

    /// A Capabilities-Exchange-Request. One that comes again is answered again.
    fn meet(
        &mut self,
        message: &Message<'_>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<Heard<'static>, Error> {
        let theirs = Capabilities::read(message)?;
        let host = theirs.origin.host;
        let Some(profile) = self.us.settings.admit(host, self.remote) else {
            tracing::warn!(peer = host, address = %self.remote, "a gateway that gy.peers does not name was refused");
            return Ok(self.introduce(message, result::UNKNOWN_PEER, out));
        };
        if !theirs.serves(application::CREDIT_CONTROL) {
            return Ok(self.introduce(message, result::NO_COMMON_APPLICATION, out));
        }
        match self.gateway() {
            Some(known) if &*known.host != host => return Ok(Heard::Over("it changed its name")),
            Some(_) => {}
            None => {
                self.state = State::Open(Gateway { host: host.into(), profile });
                self.be_patient(now);
            }
        }
        self.introduce(message, result::SUCCESS, out);
        Ok(Heard::Hello(theirs.origin_state_id))
    }

    fn introduce(&self, request: &Message<'_>, result_code: u32, out: &mut Vec<u8>) -> Heard<'static> {
        let ours = Capabilities {
            origin: self.us.origin(),
            addresses: vec![self.local],
            product_name: "Heyon",
            origin_state_id: Some(self.us.state_id),
            supported_vendors: vec![key::TGPP],
            auth_applications: vec![application::CREDIT_CONTROL],
            ..Capabilities::default()
        };
        fits(ours.write_answer(&Answer::to(request), result_code, out));
        Heard::Over(if result_code == result::UNKNOWN_PEER {
            "unknown peer"
        } else {
            "no common application"
        })
    }

    fn say_alive(&self, message: &Message<'_>, out: &mut Vec<u8>) -> Result<Heard<'static>, Error> {
        let theirs = Watchdog::read(message)?;
        let ours = Watchdog { origin: self.us.origin(), origin_state_id: Some(self.us.state_id) };
        fits(ours.write_answer(&Answer::to(message), result::SUCCESS, out));
        Ok(Heard::Alive(theirs.origin_state_id))
    }

    /// The gateway says good-bye; it closes the connection, or else we do after a while.
    fn let_go(
        &mut self,
        message: &Message<'_>,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<Heard<'static>, Error> {
        Disconnect::read(message)?;
        fits(Answer::to(message).write(out, result::SUCCESS, self.us.origin(), |_| {}));
        self.leave_by(now);
        Ok(Heard::Nothing)
    }

    /// We say good-bye. True if there is someone to say it to.
    pub(super) fn leave(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if !self.is_open() {
            return self.gateway().is_some();
        }
        let ids = self.next_ids();
        let goodbye = Disconnect { origin: self.us.origin(), cause: DisconnectCause::Rebooting };
        fits(goodbye.write_request(ids, out));
        self.leave_by(now);
        true
    }

    fn leave_by(&mut self, now: Instant) {
        if let Some(gateway) = self.gateway().cloned() {
            self.state = State::Leaving(gateway);
            self.turn = now + self.us.limits().farewell;
        }
    }

    /// The deadline has come: asks whether the gateway lives, or says why nothing more will be said.
    pub(super) fn turn(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<(), &'static str> {
        match &self.state {
            State::Unknown => Err("it did not say in time who it is"),
            State::Leaving(_) => Err("the farewell took too long"),
            State::Open(_) if self.questions >= QUESTIONS_MAX => Err("it does not answer any more"),
            State::Open(_) => {
                self.questions = self.questions.saturating_add(1);
                self.be_patient(now);
                let ids = self.next_ids();
                let ours = Watchdog { origin: self.us.origin(), origin_state_id: Some(self.us.state_id) };
                fits(ours.write_request(ids, out));
                Ok(())
            }
        }
    }

    /// Waits for a word from now on.
    fn be_patient(&mut self, now: Instant) {
        self.silence_max = self.patience();
        self.turn = now + self.silence_max;
    }

    /// Tw with its jitter (RFC 3539 §3.4.1).
    fn patience(&self) -> Duration {
        let limits = self.us.limits();
        let part = f64::from(u16::from_be_bytes(self.us.env.random())) / f64::from(u16::MAX);
        (limits.watchdog + limits.watchdog_jitter.mul_f64(2.0 * part)).saturating_sub(limits.watchdog_jitter)
    }

    /// Answers a message that cannot be read, if it is a request and says enough of itself.
    fn refuse_broken(&self, bytes: &[u8], error: &Error, out: &mut Vec<u8>) -> Heard<'static> {
        match Message::salvage(bytes) {
            Some(message) if self.gateway().is_some() => {
                if message.header().is_request() {
                    self.refuse(&message, error, out);
                }
                Heard::Nothing
            }
            _ => Heard::Over("its first message cannot be read"),
        }
    }

    fn refuse(&self, message: &Message<'_>, error: &Error, out: &mut Vec<u8>) {
        tracing::debug!(%error, command = message.header().command, "a message was refused");
        fits(Answer::to(message).refuse(out, error, self.us.origin()));
    }
}

fn alive(message: &Message<'_>) -> Heard<'static> {
    let state_id = message.find(key::ORIGIN_STATE_ID).and_then(|avp| avp.u32().ok());
    Heard::Alive(state_id)
}

/// What we write is no longer than a few times what we read, which is bounded far below what a message can hold.
pub(super) fn fits(written: Result<(), diameter::TooLong>) {
    if let Err(error) = written {
        tracing::error!(%error, "a message was not written");
    }
}
