//! A packet gateway that is not there: subscribers in visited countries who use data at a steady pace, ask for quota,
//! report what they used, and stop when they are refused.
//!
//! It speaks Diameter Gy (RFC 6733, RFC 8506, TS 32.299) to a charging server and shares nothing with it but the codec.
//! What was acknowledged to it and what it reported stands in its own books ([`books`]), which it syncs before it goes
//! on: after a crash of the server they are the oracle. [`load`] asks as much as a server can bear, and says how long that took.

pub mod books;
mod gy;
mod line;
pub mod load;
mod noise;
mod peer;
mod plmn;
mod session;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use basis::Env;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

pub use gy::Profile;

use books::Books;
use gy::Identity;
use line::Line;
use peer::Peer;

/// Who uses data.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Who, to the network.
    pub imsi: String,
    /// Their number, digits only.
    pub msisdn: Option<String>,
    /// Where: an ISO 3166-1 code.
    pub country: String,
    /// How fast, in octets a second.
    pub octets_per_second: u64,
    /// At the latest so long after a report comes the next one; else only at the threshold and the validity's end.
    pub report_every: Option<Duration>,
    /// A session ends by itself after so many octets, and another begins.
    pub session_octets: Option<u64>,
    /// So long after a refusal, or after the last quota was used up, it is tried again.
    pub retry_after: Duration,
}

impl Subscriber {
    /// A telephone that slowly uses data and reports often enough to watch.
    pub fn slow(imsi: &str, country: &str) -> Self {
        Self {
            imsi: imsi.to_owned(),
            msisdn: None,
            country: country.to_owned(),
            octets_per_second: 250_000,
            report_every: Some(Duration::from_secs(3)),
            session_octets: None,
            retry_after: Duration::from_secs(2),
        }
    }
}

/// How a gateway behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its Origin-Host. Its next life may have the same: its sessions have other names, and its Origin-State-Id is higher.
    pub name: String,
    /// Where the server is: `host:port`.
    pub peer: String,
    /// Whose manners it has.
    pub profile: Profile,
    /// The file of its books; without one they are in memory only.
    pub books: Option<std::path::PathBuf>,
    /// Sends each request one to three times, reports in up to four parts, and shuffles them.
    pub noisy: bool,
    /// Time and randomness.
    pub env: Env,
}

/// A running gateway; its subscribers stop with it.
pub struct Gateway {
    line: Arc<Line>,
    subscribers: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
    hang_up: watch::Sender<bool>,
    connection: Mutex<Option<JoinHandle<()>>>,
}

impl Gateway {
    /// Starts a gateway without subscribers, which connects and stays connected.
    ///
    /// # Errors
    /// If its books cannot be opened.
    pub fn spawn(options: Options) -> std::io::Result<Self> {
        let Options { name, peer, profile, books, noisy, env } = options;
        let books = Books::open(books.as_deref())?;
        let (me, hang_up) = (Identity::new(name, &env), watch::Sender::new(false));
        let (peer, connection) = Peer::start(peer, me.clone(), env.clone(), hang_up.subscribe());
        let line = Arc::new(Line::new(me, profile, peer, books, noisy, env));
        let (subscribers, connection) = (Mutex::default(), Mutex::new(Some(connection)));
        Ok(Self { line, subscribers, stop: watch::Sender::new(false), hang_up, connection })
    }

    /// Lets a subscriber use data from now on, session after session.
    pub fn attach(&self, subscriber: Subscriber) {
        let life = session::live(self.line.clone(), subscriber, self.stop.subscribe());
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner).spawn(life);
    }

    /// Ends every session with its final report, and takes leave of the server when all are answered.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let subscribers =
            std::mem::take(&mut *self.subscribers.lock().unwrap_or_else(PoisonError::into_inner));
        subscribers.join_all().await;
        self.hang_up.send_replace(true);
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            drop(connection.await);
        }
    }

    /// What the server has done wrong so far: two answers to one request, more than it may. Empty is right.
    pub fn complaints(&self) -> Vec<String> {
        self.line.complaints()
    }

    /// How many requests were answered.
    pub fn answered(&self) -> u64 {
        self.line.answered()
    }
}
