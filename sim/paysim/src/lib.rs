//! A sandbox payment provider as a separate HTTP service with its own books. It moves no money.
//!
//! Merchants speak the protocol of one of its faces (`faces.rs`), payers get a hosted page without script, and signed
//! messages come late, twice, out of order or not at all, as told. Its books are a test's oracle: an append-only
//! file, synced before any answer, or memory.

mod answers;
mod books;
mod faces;
mod faults;
mod hooks;
mod journal;
mod keys;
mod page;
mod retries;
mod service;
mod sim_api;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use basis::{Env, ManualClock};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use books::{Books, Delivery, KeptAnswer, Record};
pub use faces::{PAYPAL_CERTIFICATE_AUTHORITY, sign};
pub use faults::{AnswerPlan, BillPlan, ChargePlan, FaultPlan, HookPlan, PayPlan, RefundPlan};
pub use keys::{
    Keys, MERCHANT_CERTIFICATE, MERCHANT_KEY, PLATFORM, PLATFORM_NEXT, Signer, hmac_hex, seal_aes_256_gcm,
};
pub use sim_api::{BookLine, BookTotals};
pub use wire::{
    ApiError, Capture, CreateRefund, Dispute, Event, Happening, Method, Outcome, Payment, Payout, Refund,
    RefundStatus, Saved, Status,
};

use service::{Parts, Service, Settings};

/// No request is larger.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How a sandbox runs.
#[derive(Clone)]
pub struct Options {
    /// Credentials of faces that are not in `face_keys`.
    pub keys: Keys,
    /// Credentials by face.
    pub face_keys: BTreeMap<String, Keys>,
    /// Where messages go, by face; a face that is not in it sends none until it is set, or its payments say where.
    pub webhook_urls: BTreeMap<String, String>,
    /// The journal; `None`: in memory.
    pub data: Option<PathBuf>,
    /// The address of the pay pages, if it is not the listening one.
    pub public_url: Option<String>,
    /// Time and randomness.
    pub env: Env,
    /// The clock behind `env` if it is virtual, so that it can be moved over the API.
    pub virtual_clock: Option<Arc<ManualClock>>,
    /// Instead of each face's true table, in milliseconds.
    pub retries_ms: Option<Vec<i64>>,
    /// Messages go only when [`Paysim::send_due`] is called.
    pub sends_when_told: bool,
}

impl Options {
    /// In memory, by the machine's clock.
    pub fn new(merchant: &str, api_key: &str, secret: &str) -> Self {
        Self {
            keys: Keys::new(merchant, api_key, secret),
            face_keys: BTreeMap::new(),
            webhook_urls: BTreeMap::new(),
            data: None,
            public_url: None,
            env: Env::system(),
            virtual_clock: None,
            retries_ms: None,
            sends_when_told: false,
        }
    }
}

/// A running sandbox; stops when dropped.
pub struct Paysim {
    addr: SocketAddr,
    service: Arc<Service>,
    tasks: Vec<JoinHandle<()>>,
}

impl Paysim {
    /// Starts it on this address (port 0: any).
    ///
    /// # Errors
    /// If the address is taken, or the journal cannot be opened or read.
    pub async fn spawn(listen: SocketAddr, options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let sends_by_itself = !options.sends_when_told;
        let service = Arc::new(open(addr, options)?);
        let router = router(service.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the sandbox stopped serving");
            }
        });
        let sending = sends_by_itself.then(|| tokio::spawn(hooks::run(service.clone())));
        Ok(Self { addr, service, tasks: [serving].into_iter().chain(sending).collect() })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as a base for requests.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// This face's messages go there from now on.
    pub fn set_webhook_url(&self, face: &str, url: &str) {
        self.service.set_webhook_url(face, Some(url.to_owned()));
    }

    /// Rolls a secret or rotates a key of this face.
    pub fn change_keys(&self, face: &str, change: impl FnOnce(&mut Keys)) {
        self.service.change_keys(face, change);
    }

    /// Does what a payer does on the page.
    pub async fn pay(&self, id: &str, outcome: Outcome) -> Result<Payment, ApiError> {
        self.service.change(|books, env| books.pay(env, id, outcome)).await.1
    }

    /// The payer contests a payment.
    pub async fn dispute(&self, id: &str) -> Result<Payment, ApiError> {
        self.service.change(|books, env| books.dispute(env, id)).await.1
    }

    /// The merchant sends on, in its own console, the refunds whose payer could not be reached.
    pub async fn send_refunds_on(&self, id: &str) -> Result<(), ApiError> {
        self.service.change(|books, env| books.send_refunds_on(env, id)).await.1
    }

    /// A dispute is decided.
    pub async fn end_dispute(&self, id: &str, won: bool) -> Result<Payment, ApiError> {
        self.service.change(|books, env| books.end_dispute(env, id, won)).await.1
    }

    /// Sends all that this face holds to the merchant's bank account.
    pub async fn pay_out(&self, face: &str) -> Vec<Payout> {
        self.service.change(|books, env| books.pay_out(env, face)).await.1
    }

    /// Sends every message that is due, one after the other.
    pub async fn send_due(&self) {
        hooks::send_due(&self.service).await;
    }

    /// The payments that the merchant knows by this name, whatever their face; oldest first.
    pub async fn by_reference(&self, reference: &str) -> Vec<Payment> {
        self.service.look(|books, now| books.by_reference(now, reference)).await.1
    }

    /// Every payment as it stands, in the order of their opening.
    pub async fn payments(&self) -> Vec<Payment> {
        self.service.look(|books, _| books.all().cloned().collect()).await.1
    }

    /// What goes wrong with this payment, or kept method, from now on.
    pub async fn set_faults(&self, id: &str, plan: FaultPlan) -> Result<(), ApiError> {
        self.service.change(|books, _| books.set_plan(id, plan)).await.1
    }

    /// What goes wrong with payments that have no plan of their own.
    pub async fn set_default_faults(&self, plan: FaultPlan) {
        self.service.change(|books, _| books.set_default_plan(plan)).await;
    }

    /// Its books, summed up.
    pub async fn books(&self) -> BookTotals {
        self.service.look(|books, _| sim_api::totals(books)).await.1
    }
}

impl Drop for Paysim {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn open(addr: SocketAddr, options: Options) -> std::io::Result<Service> {
    let base_url = options.public_url.unwrap_or_else(|| format!("http://{addr}"));
    let mut books = Books::new(base_url);
    let journal = match &options.data {
        Some(path) => {
            let (journal, records) = journal::Journal::open(path)?;
            for record in records {
                books.replay(record);
            }
            journal
        }
        None => journal::Journal::default(),
    };
    // Messages go to plain addresses too, but the client wants its TLS named; a second naming changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(std::io::Error::other)?;
    Ok(Service::new(Parts {
        books,
        journal,
        settings: Settings {
            webhook_urls: options.webhook_urls,
            keys: options.face_keys,
            default_keys: options.keys,
        },
        env: options.env,
        virtual_clock: options.virtual_clock,
        retries_ms: options.retries_ms,
        client,
    }))
}

fn router(service: Arc<Service>) -> Router {
    Router::new()
        .merge(faces::routes())
        .merge(sim_api::routes())
        .merge(page::routes())
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(service)
}
