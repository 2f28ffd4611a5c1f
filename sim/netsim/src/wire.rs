//! One connection to the server: bytes in and out, greeting and good-bye.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use diameter::{
    Answer, Capabilities, Disconnect, DisconnectCause, Ids, Message, Origin, Outcome, Watchdog, application,
    command, frame_length, key, result,
};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::gy::Identity;

/// No message of credit control is longer.
const MESSAGE_MAX: usize = 65_536;
/// How much is read at once.
const READ_SIZE: usize = 65_536;
/// How long connecting and greeting may take.
const GREETING_TIME_MAX: Duration = Duration::from_secs(5);
/// How long the answer to a good-bye may take.
const GOOD_BYE_TIME_MAX: Duration = Duration::from_secs(1);

/// A connection whose greeting is over.
pub(crate) struct Wire {
    stream: TcpStream,
    pub(crate) inbox: Inbox,
    /// What waits to be sent.
    pub(crate) out: Vec<u8>,
    /// The server's realm.
    pub(crate) realm: String,
}

/// What has come and was not taken yet.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    taken: usize,
}

impl Inbox {
    /// The next whole message.
    pub(crate) fn next(&mut self) -> Result<Option<&[u8]>, diameter::Error> {
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let whole = frame_length(rest, MESSAGE_MAX)?.filter(|length| *length <= rest.len());
        let Some(length) = whole else {
            self.bytes.drain(..self.taken);
            self.taken = 0;
            return Ok(None);
        };
        let begin = self.taken;
        self.taken += length;
        Ok(self.bytes.get(begin..self.taken))
    }
}

impl Wire {
    /// Connects and exchanges capabilities.
    pub(crate) async fn connect(address: &str, me: &Identity) -> anyhow::Result<Self> {
        let greeting = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?.ip();
            let (inbox, out, realm) = (Inbox::default(), Vec::new(), String::new());
            let mut wire = Self { stream, inbox, out, realm };
            wire.greet(me, local).await?;
            anyhow::Ok(wire)
        };
        let greeted = tokio::time::timeout(GREETING_TIME_MAX, greeting).await;
        greeted.context("no greeting in time")?.with_context(|| format!("{address} refuses us"))
    }

    async fn greet(&mut self, me: &Identity, local: IpAddr) -> anyhow::Result<()> {
        let capabilities = Capabilities {
            origin: me.origin(),
            addresses: vec![local],
            vendor_id: 0,
            product_name: "netsim",
            origin_state_id: Some(me.state_id),
            supported_vendors: vec![key::TGPP],
            auth_applications: vec![application::CREDIT_CONTROL],
            ..Capabilities::default()
        };
        capabilities
            .write_request(Ids { hop_by_hop: 0, end_to_end: 0, retransmitted: false }, &mut self.out)?;
        loop {
            if let Some(bytes) = self.inbox.next()? {
                let answer = Message::read(bytes)?;
                let outcome = Outcome::read(&answer)?;
                ensure!(outcome.result_code == result::SUCCESS, "CEA {}", outcome.result_code);
                outcome.origin.realm.clone_into(&mut self.realm);
                return Ok(());
            }
            self.turn().await?;
        }
    }

    /// Waits until bytes can be moved, and moves them. Nothing is lost if the future is dropped.
    pub(crate) async fn turn(&mut self) -> io::Result<()> {
        let writes = if self.out.is_empty() { None } else { Some(Interest::WRITABLE) };
        let interest = writes.map_or(Interest::READABLE, |writes| writes | Interest::READABLE);
        let ready = self.stream.ready(interest).await?;
        if ready.is_writable() {
            self.write()?;
        }
        if ready.is_readable() { self.read() } else { Ok(()) }
    }

    fn read(&mut self) -> io::Result<()> {
        self.inbox.bytes.reserve(READ_SIZE);
        match self.stream.try_read_buf(&mut self.inbox.bytes) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Sends what it can of what waits.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        match self.stream.try_write(&self.out) {
            Ok(sent) => {
                self.out.drain(..sent);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes leave, and waits a moment for the answer.
    pub(crate) async fn say_good_bye(mut self, origin: Origin<'_>) {
        let leave = Disconnect { origin, cause: DisconnectCause::Rebooting };
        let ids = Ids { hop_by_hop: u32::MAX, end_to_end: u32::MAX, retransmitted: false };
        if leave.write_request(ids, &mut self.out).is_ok() {
            drop(tokio::time::timeout(GOOD_BYE_TIME_MAX, self.is_answered(command::DISCONNECT_PEER)).await);
        }
    }

    /// Waits for the next message of this command, or for the end.
    async fn is_answered(&mut self, command: u32) {
        while self.turn().await.is_ok() {
            while let Ok(Some(bytes)) = self.inbox.next() {
                if Message::read(bytes).is_ok_and(|message| message.header().command == command) {
                    return;
                }
            }
        }
    }
}

/// Asks whether the server is still there.
pub(crate) fn write_watchdog(me: &Identity, ids: Ids, out: &mut Vec<u8>) {
    // It is far below the longest message.
    let _ = Watchdog { origin: me.origin(), origin_state_id: Some(me.state_id) }.write_request(ids, out);
}

/// What a message between neighbours was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Neighbourly {
    /// It is dealt with.
    Done,
    /// The server leaves; its good-bye is answered.
    Leaves,
    /// None of these.
    Other,
}

/// Answers DWR and DPR.
pub(crate) fn answer_neighbour(message: &Message<'_>, me: &Identity, out: &mut Vec<u8>) -> Neighbourly {
    let header = message.header();
    if header.application != application::BASE {
        return Neighbourly::Other;
    }
    let answer = Answer::to(message);
    match (header.is_request(), header.command) {
        (true, command::DEVICE_WATCHDOG) => {
            let alive = Watchdog { origin: me.origin(), origin_state_id: Some(me.state_id) };
            let _ = alive.write_answer(&answer, result::SUCCESS, out);
            Neighbourly::Done
        }
        (true, command::DISCONNECT_PEER) => {
            let _ = answer.write(out, result::SUCCESS, me.origin(), |_| ());
            Neighbourly::Leaves
        }
        (false, _) => Neighbourly::Done,
        (true, _) => Neighbourly::Other,
    }
}
