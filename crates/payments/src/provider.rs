//! What a payment provider can do, and what it tells us: the seam between our rules and their protocols.

use std::{collections::BTreeMap, fmt, sync::Arc};

use basis::{Currency, Id, Language, Money, Payment, Problem, Timestamp};
use http::HeaderMap;

use crate::rules::Method;

/// What a provider offers.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// Ways to pay, in the order in which a checkout shows them.
    pub methods: Vec<Method>,
    /// Currencies it takes; empty: any.
    pub currencies: Vec<Currency>,
    /// True for a provider that moves real money.
    pub live: bool,
}

impl Capabilities {
    /// Whether this way and currency can be used.
    pub fn offers(&self, method: Method, currency: Currency) -> bool {
        self.methods.contains(&method) && (self.currencies.is_empty() || self.currencies.contains(&currency))
    }
}

/// A payment to be opened at a provider. The payment's id is the idempotency key.
#[derive(Debug, Clone)]
pub struct BeginRequest {
    /// Our payment.
    pub payment: Id<Payment>,
    /// How much.
    pub amount: Money,
    /// Which way.
    pub method: Method,
    /// What the payer reads.
    pub description: String,
    /// In which language the payer reads.
    pub language: Language,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// Not payable any more after this.
    pub expires_at: Timestamp,
}

/// An opened payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The provider's name for it.
    pub provider_ref: String,
    /// Where the payer goes to pay.
    pub redirect_url: String,
}

/// How we name a payment to a provider: by its own reference where we know it, else by ours.
#[derive(Debug, Clone)]
pub struct PaymentRef {
    /// Our payment.
    pub payment: Id<Payment>,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
}

/// Where a payment stands at its provider. Whether money came is told by the captures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The provider does not know it.
    Absent,
    /// The payer can still pay.
    Open,
    /// Money came.
    Captured,
    /// The payer's bank or wallet refused.
    Declined,
    /// Nobody will pay it any more.
    Cancelled,
    /// Its time ran out.
    Expired,
}

/// Money that a provider took from a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFact {
    /// The provider's name for it; unique.
    pub capture_ref: String,
    /// How much.
    pub amount: Money,
}

/// Where a refund stands at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Accepted, not done.
    Pending,
    /// The money went back.
    Succeeded,
    /// It will not go back by itself.
    Failed,
}

/// A refund as its provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFact {
    /// The provider's name for it.
    pub provider_ref: String,
    /// Our name for it, as the provider recorded it.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What a provider answers when asked about a payment: the only thing that moves a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Our payment, as the provider recorded it.
    pub reference: String,
    /// Whose account the money is in, compared with ours.
    pub merchant_is_ours: bool,
    /// Where it stands.
    pub status: Status,
    /// All money taken.
    pub captures: Vec<CaptureFact>,
    /// All refunds.
    pub refunds: Vec<RefundFact>,
    /// True while the payer contests it.
    pub disputed: bool,
    /// Why it was declined.
    pub failure: Option<String>,
}

impl Facts {
    /// The provider does not know this payment.
    pub fn absent(payment: Id<Payment>) -> Self {
        Self {
            provider_ref: None,
            reference: payment.to_string(),
            merchant_is_ours: true,
            status: Status::Absent,
            captures: Vec::new(),
            refunds: Vec::new(),
            disputed: false,
            failure: None,
        }
    }
}

/// Money to be sent back.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// Our name for it, and the idempotency key: the refund's id, with `.2`, `.3` when a person tries again.
    pub reference: String,
    /// The provider's name for the payment.
    pub payment_ref: String,
    /// The provider's name for the capture.
    pub capture_ref: String,
    /// How much.
    pub amount: Money,
}

/// A message that passed its signature check. Only a hint about what to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Unique per provider.
    pub event_id: String,
    /// The provider's word for what happened.
    pub kind: String,
    /// The provider's name for the payment.
    pub provider_ref: Option<String>,
    /// Our payment, as the provider recorded it.
    pub reference: Option<String>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookRejected {
    /// No such provider.
    #[error("no such provider")]
    UnknownProvider,
    /// Larger than any provider's message.
    #[error("message too large")]
    TooLarge,
    /// No signature, or not theirs.
    #[error("signature missing or wrong")]
    BadSignature,
    /// Signed too long ago, or in the future.
    #[error("signed outside the tolerated time")]
    Stale,
    /// Signed, but not a message we can read.
    #[error("message unreadable")]
    Unreadable,
    /// It could not be stored; the provider should try again.
    #[error("cannot be stored now: {0}")]
    Unavailable(String),
}

/// How asking a provider can fail.
#[derive(Debug, Clone, thiserror::Error)]
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
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Refused { .. } => Self::conflict("payments-provider-refused").because(error),
            ProviderError::NotFound => Self::internal("the provider does not know it"),
            ProviderError::Unknown(cause) => {
                Self::new(basis::Kind::Unavailable, "payments-provider-silent").because(cause)
            }
        }
    }
}

/// Who moves money.
#[async_trait::async_trait]
pub trait Provider: Send + Sync {
    /// Its name in tables and in `/hooks/<name>`.
    fn name(&self) -> &'static str;
    /// What it offers.
    fn capabilities(&self) -> &Capabilities;
    /// Opens a payment; the same request again answers the same.
    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError>;
    /// Where a payment stands.
    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError>;
    /// Asks that nobody may pay it any more; answers where it stands, which may be captured.
    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError>;
    /// Sends money back; the same request again sends it once.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError>;
    /// Where a refund stands.
    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError>;
    /// All payments opened in `[from, until)`.
    async fn list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Facts>, ProviderError>;
    /// Checks a message's signature over its raw bytes, and reads it.
    fn parse_hook(&self, now: Timestamp, headers: &HeaderMap, raw: &[u8]) -> Result<Hook, HookRejected>;
}

/// The providers of this installation, by name. Cheap to clone.
#[derive(Clone, Default)]
pub struct Providers(Arc<BTreeMap<&'static str, Arc<dyn Provider>>>);

impl Providers {
    /// These providers.
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Self {
        Self(Arc::new(providers.into_iter().map(|provider| (provider.name(), provider)).collect()))
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.0.get(name)
    }

    /// The provider of this name; a payment's provider that is gone from the configuration is an internal error.
    pub(crate) fn of_payment(&self, name: &str) -> Result<&Arc<dyn Provider>, Problem> {
        self.get(name).ok_or_else(|| Problem::internal(format!("provider {name} is not configured")))
    }

    /// Every way to pay in this currency, with the provider that offers it; each way once.
    pub fn ways(&self, currency: Currency) -> Vec<(Method, &'static str)> {
        let mut ways: Vec<(Method, &'static str)> = Vec::new();
        for (name, provider) in self.0.iter() {
            let offered = &provider.capabilities();
            for method in &offered.methods {
                let new = ways.iter().all(|(known, _)| known != method);
                if new && offered.offers(*method, currency) {
                    ways.push((*method, name));
                }
            }
        }
        ways
    }

    /// True if any of them moves real money.
    pub fn any_live(&self) -> bool {
        self.0.values().any(|provider| provider.capabilities().live)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Provider>> {
        self.0.values()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
