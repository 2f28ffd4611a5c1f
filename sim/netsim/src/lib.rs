//! A packet gateway that is not there: subscribers in visited countries who use data at a steady pace, ask for quota,
//! report what they used, and stop when they are refused.
//!
//! It speaks to a charging engine over the internal quota port (`POST /v1/control`, JSON) and shares no code with the
//! engine. What was acknowledged to it and what it reported stands in its own books ([`books`]), which it syncs before
//! it goes on: after a crash of the engine they are the oracle.

pub mod books;
mod line;
mod noise;
mod session;
pub mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use basis::Env;
use tokio::sync::watch;
use tokio::task::JoinSet;

use books::Books;
use line::QuotaPort;

/// Who uses data.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Who, to the network.
    pub imsi: String,
    /// Where: an ISO 3166-1 code.
    pub country: String,
    /// How fast, in octets a second.
    pub octets_per_second: u64,
    /// At the latest so long after a report comes the next one; else only at the threshold and the validity's end.
    pub report_every: Option<Duration>,
    /// A session ends by itself after so many octets, and another begins.
    pub session_octets: Option<u64>,
    /// So long after a refusal it is tried again.
    pub retry_after: Duration,
}

impl Subscriber {
    /// A telephone that slowly uses data and reports often enough to watch.
    pub fn slow(imsi: &str, country: &str) -> Self {
        Self {
            imsi: imsi.to_owned(),
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
    /// Its name; a fresh one for each process, or its sessions meet those of an earlier one.
    pub name: String,
    /// Where the quota port is, e.g. `http://127.0.0.1:4500`.
    pub engine: String,
    /// The file of its books; without one they are in memory only.
    pub books: Option<std::path::PathBuf>,
    /// Sends each request one to three times, reports in up to four parts, and shuffles them.
    pub noisy: bool,
    /// Time and randomness.
    pub env: Env,
}

/// A running gateway; its subscribers stop with it.
pub struct Gateway {
    port: Arc<QuotaPort>,
    subscribers: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
    env: Env,
}

impl Gateway {
    /// Starts a gateway without subscribers.
    ///
    /// # Errors
    /// If its books cannot be opened.
    pub fn spawn(options: Options) -> std::io::Result<Self> {
        let Options { name, engine, books, noisy, env } = options;
        let books = Books::open(books.as_deref())?;
        let port =
            Arc::new(QuotaPort::new(&engine, name, books, noisy, &env).map_err(std::io::Error::other)?);
        Ok(Self { port, subscribers: Mutex::default(), stop: watch::Sender::new(false), env })
    }

    /// Lets a subscriber use data from now on, session after session.
    pub fn attach(&self, subscriber: Subscriber) {
        let life = session::live(self.port.clone(), self.env.clone(), subscriber, self.stop.subscribe());
        self.subscribers.lock().unwrap_or_else(PoisonError::into_inner).spawn(life);
    }

    /// Ends every session with its final report, and returns when all are answered.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let subscribers =
            std::mem::take(&mut *self.subscribers.lock().unwrap_or_else(PoisonError::into_inner));
        subscribers.join_all().await;
    }

    /// What the engine has done wrong so far: two answers to one request, more than it may. Empty is right.
    pub fn complaints(&self) -> Vec<String> {
        self.port.complaints()
    }

    /// How many requests were answered.
    pub fn answered(&self) -> u64 {
        self.port.answered()
    }
}
