//! A sandbox payment provider as a separate HTTP service with its own books. It moves no money.
//!
//! Merchants speak a small REST protocol with idempotency keys, payers get a hosted page without script, and signed
//! messages come late, twice, out of order or not at all, as told. Its books are a test's oracle: an append-only
//! file, synced before any answer, or memory.

mod api;
mod books;
mod hooks;
mod journal;
mod page;
mod service;
mod sim_api;
#[cfg(test)]
mod tests;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use basis::{Env, ManualClock};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use books::{Books, Delivery, KeptAnswer, Record};
pub use hooks::{retry_table_ms, sign};
pub use sim_api::{BookLine, BookTotals};
pub use wire::{
    AnswerPlan, ApiError, Capture, CreatePayment, CreateRefund, Event, FaultPlan, HookPlan, Method, Outcome,
    Payment, Refund, RefundPlan, RefundStatus, Status,
};

use service::{Parts, Service, Settings};

/// No request is larger.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How a sandbox runs.
#[derive(Clone)]
pub struct Options {
    /// The name of its one merchant.
    pub merchant: String,
    /// The merchant's API key.
    pub api_key: String,
    /// Where messages go; `None`: nowhere until it is set.
    pub webhook_url: Option<String>,
    /// What signs messages; with two, messages carry both signatures.
    pub secrets: Vec<String>,
    /// The journal; `None`: in memory.
    pub data: Option<PathBuf>,
    /// The address of the pay pages, if it is not the listening one.
    pub public_url: Option<String>,
    /// Time and randomness.
    pub env: Env,
    /// The clock behind `env` if it is virtual, so that it can be moved over the API.
    pub virtual_clock: Option<Arc<ManualClock>>,
    /// Instead of each method's true table, in milliseconds.
    pub retries_ms: Option<Vec<i64>>,
}

impl Options {
    /// In memory, by the machine's clock.
    pub fn new(merchant: &str, api_key: &str, secret: &str) -> Self {
        Self {
            merchant: merchant.to_owned(),
            api_key: api_key.to_owned(),
            webhook_url: None,
            secrets: vec![secret.to_owned()],
            data: None,
            public_url: None,
            env: Env::system(),
            virtual_clock: None,
            retries_ms: None,
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
        let service = Arc::new(open(addr, options)?);
        let router = router(service.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the sandbox stopped serving");
            }
        });
        let sending = tokio::spawn(hooks::run(service.clone()));
        Ok(Self { addr, service, tasks: vec![serving, sending] })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as a base for requests.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Messages go there from now on.
    pub fn set_webhook_url(&self, url: &str) {
        self.service.set_webhook_url(Some(url.to_owned()));
    }

    /// These secrets sign messages from now on.
    pub fn set_secrets(&self, secrets: &[&str]) {
        self.service.set_secrets(secrets.iter().map(|secret| (*secret).to_owned()).collect());
    }

    /// Does what a payer does on the page.
    pub async fn pay(&self, id: &str, outcome: Outcome) -> Result<Payment, ApiError> {
        self.service.change(|books, env| books.pay(env, id, outcome)).await.1
    }

    /// The payer contests a payment.
    pub async fn dispute(&self, id: &str) -> Result<Payment, ApiError> {
        self.service.change(|books, env| books.dispute(env, id)).await.1
    }

    /// What goes wrong with this payment from now on.
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
    let mut books = Books::new(options.merchant, base_url);
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
        settings: Settings { webhook_url: options.webhook_url, secrets: options.secrets },
        env: options.env,
        virtual_clock: options.virtual_clock,
        retries_ms: options.retries_ms,
        api_key: options.api_key,
        client,
    }))
}

fn router(service: Arc<Service>) -> Router {
    Router::new()
        .merge(api::routes())
        .merge(sim_api::routes())
        .merge(page::routes())
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(service)
}
