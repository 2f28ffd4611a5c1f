//! What a payment provider can do: the seam between our rules and their protocols.

use std::{collections::BTreeMap, fmt, sync::Arc};

use basis::{Currency, Money, Problem, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Response};
use jiff::civil::Date;

use crate::facts::{BillPage, Facts, RefundFact};
use crate::hook::{self, Hook, HookRejected};
use crate::inbox::Received;
use crate::requests::{BeginRequest, Begun, ChargeRequest, PaymentRef, RefundRequest};
use crate::rules::Method;

/// What a provider offers.
#[derive(Debug, Clone, Default)]
pub struct Capabilities {
    /// Ways to pay, in the order in which a checkout shows them.
    pub methods: Vec<Method>,
    /// Of these, the ways that it can charge again without the payer.
    pub recurring: Vec<Method>,
    /// Currencies it takes; empty: any.
    pub currencies: Vec<Currency>,
    /// The least and the most of one payment; a currency that is not here has no limits.
    pub limits: BTreeMap<Currency, Limit>,
    /// For how many days after the payment money can go back to its source; `None`: always.
    pub refund_window: Option<u32>,
    /// Refunds of one payment are sent so far apart; 0: as they come.
    pub refund_gap_ms: i64,
    /// Origins of the pages to which it sends payers, such as `https://checkout.stripe.com`.
    pub pay_origins: Vec<String>,
    /// It has no list of payments by time: it is asked about each of ours.
    pub listless: bool,
    /// It has no bills that can be asked for.
    pub billless: bool,
    /// Days of its bills begin so much before those of UTC.
    pub bill_offset_ms: i64,
    /// True for a provider that moves real money.
    pub live: bool,
}

/// The least and the most of one payment, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The least.
    pub min_minor: i64,
    /// The most.
    pub max_minor: i64,
}

impl Capabilities {
    /// Whether this way and currency can be used.
    pub fn offers(&self, method: Method, currency: Currency) -> bool {
        self.methods.contains(&method) && (self.currencies.is_empty() || self.currencies.contains(&currency))
    }

    /// Whether one payment may be so much.
    pub fn within_limits(&self, amount: Money) -> bool {
        let limit = self.limits.get(&amount.currency);
        limit.is_none_or(|limit| (limit.min_minor..=limit.max_minor).contains(&amount.minor))
    }
}

/// How asking a provider can fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider said no; nothing happened.
    #[error("refused: {code}: {message}")]
    Refused {
        /// The provider's code.
        code: String,
        /// The provider's sentence.
        message: String,
    },
    /// The provider does not know it.
    #[error("not known to the provider")]
    NotFound,
    /// No usable answer: it may or may not have happened.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// A file came, and its hash or its sums say that it is not whole.
    #[error("damaged: {0}")]
    Damaged(String),
}

impl ProviderError {
    /// The provider says no, or has no such thing to offer.
    pub(crate) fn refused(code: &str, message: &str) -> Self {
        Self::Refused { code: code.to_owned(), message: message.to_owned() }
    }
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Refused { .. } => Self::conflict("payments-provider-refused").because(error),
            ProviderError::NotFound => Self::internal("the provider does not know it"),
            ProviderError::Unknown(cause) | ProviderError::Damaged(cause) => {
                Self::new(basis::Kind::Unavailable, "payments-provider-silent").because(cause)
            }
        }
    }
}

/// Who moves money.
///
/// Everything here speaks to the provider over the network and is never called inside a transaction.
#[async_trait::async_trait]
pub trait Provider: Send + Sync {
    /// Its name in tables and in `/hooks/<name>`.
    fn name(&self) -> &'static str;
    /// What it offers.
    fn capabilities(&self) -> &Capabilities;
    /// Opens a payment; the same request again answers the same.
    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError>;
    /// Where a payment stands. It may drive the payment on: where the payer's approval only allows a capture, the
    /// capture is made here (again and again until it is made, under one idempotency key), and told.
    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError>;
    /// Asks that nobody may pay it any more; answers where it stands, which may be captured.
    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError>;
    /// Charges a method that the payer let us keep; the same request again charges once. A refusal by the payer's bank is
    /// no error but [`Status::Declined`](crate::Status::Declined) or [`Status::PayerMustAct`](crate::Status::PayerMustAct);
    /// [`ProviderError::Refused`] is for what the provider itself would not do.
    async fn charge(&self, request: &ChargeRequest) -> Result<Facts, ProviderError>;
    /// Lets go of a kept method, by the name that [`SavedFact`](crate::SavedFact) told, so that nobody can charge it for us any
    /// more. Of one that it does not know any more the provider may say [`ProviderError::NotFound`]. Those that keep nothing
    /// have nothing to forget.
    async fn forget(&self, _saved: &str) -> Result<(), ProviderError> {
        Ok(())
    }
    /// Sends money back; the same request again sends it once.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError>;
    /// Where a refund stands.
    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError>;
    /// All payments opened in `[from, until)`.
    async fn list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Facts>, ProviderError>;
    /// A part of the bill of a day, by the provider's own calendar: the first one, or the one that another named as next.
    /// [`ProviderError::NotFound`] if it is not out yet, [`ProviderError::Damaged`] if it did not come whole.
    async fn bill(&self, day: Date, part: Option<&str>) -> Result<BillPage, ProviderError>;
    /// Checks a message's signature over its raw bytes, and reads it. It may fetch the certificate that it needs.
    async fn parse_hook(&self, now: Timestamp, headers: &HeaderMap, raw: &[u8])
    -> Result<Hook, HookRejected>;
    /// What the provider wants to hear of a message that was taken or refused.
    fn hook_answer(&self, outcome: &Result<Received, HookRejected>) -> Response<Bytes> {
        hook::plain_answer(outcome)
    }
}

/// The providers of this installation, in the order of the settings. Cheap to clone.
#[derive(Clone, Default)]
pub struct Providers {
    all: Arc<Vec<Arc<dyn Provider>>>,
    hooks_url: Arc<str>,
}

impl Providers {
    /// These providers, which send their messages to `<hooks_url>/<name>`, such as `https://shop.example/hooks`.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>, hooks_url: &str) -> Self {
        Self { all: Arc::new(providers.into_iter().collect()), hooks_url: hooks_url.into() }
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.all.iter().find(|provider| provider.name() == name)
    }

    /// The provider of this name; a payment's provider that is gone from the configuration is an internal error.
    pub(crate) fn of_payment(&self, name: &str) -> Result<&Arc<dyn Provider>, Problem> {
        self.get(name).ok_or_else(|| Problem::internal(format!("provider {name} is not configured")))
    }

    /// Where the messages of this provider go.
    pub fn notify_url(&self, name: &str) -> String {
        format!("{}/{name}", self.hooks_url)
    }

    /// Every way to pay in this currency, with the first provider that offers it; each way once.
    pub fn ways(&self, currency: Currency) -> Vec<(Method, &'static str)> {
        let mut ways: Vec<(Method, &'static str)> = Vec::new();
        for provider in self.all.iter() {
            let offered = provider.capabilities();
            for method in &offered.methods {
                let new = ways.iter().all(|(known, _)| known != method);
                if new && offered.offers(*method, currency) {
                    ways.push((*method, provider.name()));
                }
            }
        }
        ways
    }

    /// True if there are providers and none of them moves real money.
    pub fn only_tests(&self) -> bool {
        !self.all.is_empty() && self.all.iter().all(|provider| !provider.capabilities().live)
    }

    /// Where a payment form may lead: the origins of all pay pages.
    pub fn pay_origins(&self) -> Vec<String> {
        self.all.iter().flat_map(|provider| provider.capabilities().pay_origins.clone()).collect()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.all.iter()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.all.iter().map(|provider| provider.name())).finish()
    }
}
