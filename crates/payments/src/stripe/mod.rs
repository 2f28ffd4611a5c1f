//! Stripe: cards and the wallets that show cards, paid on its own page (Checkout), charged again without their payer.
//!
//! Stripe forgets an idempotency key after 24 hours, after which a repeat would be a second payment. A page is opened only
//! while its payment is young; a charge and a refund are looked up by our reference in their metadata before they are sent.

mod bill;
mod client;
mod forget;
mod hook;
mod page;
mod wire;

use basis::{Currency, Problem, Timestamp};
use http::HeaderMap;
use jiff::civil::Date;
use serde_json::Value;
use url::Url;

use crate::amounts::STRIPE;
use crate::facts::{BillPage, DisputeFact, Facts, RefundFact, Status};
use crate::hook::{Hook, HookRejected};
use crate::provider::{Capabilities, Limit, Provider, ProviderError};
use crate::requests::{BeginRequest, Begun, ChargeRequest, PayAt, PaymentRef, RefundRequest};
use crate::rules::Method;
use client::{Answer, Client, Form, read};
use page::{Keeping, Page};
use wire::{Intent, List, Refund, Session};

/// How to reach Stripe.
#[derive(Clone)]
pub struct StripeConfig {
    /// `https://api.stripe.com`, or a test's own.
    pub base_url: Url,
    /// `sk_live_…`, `rk_live_…`, `sk_test_…` or `rk_test_…`.
    pub secret_key: String,
    /// The account that the key must belong to, `acct_…`; empty: any.
    pub account: String,
    /// `whsec_…` of its messages: all of them are good, so that they can be rolled.
    pub webhook_secrets: Vec<String>,
}

impl std::fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeConfig").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// Stripe as a provider.
pub struct Stripe {
    client: Client,
    webhook_secrets: Vec<String>,
    capabilities: Capabilities,
}

/// The least that Stripe takes, in minor units (docs.stripe.com/currencies, "minimum charge amounts").
const LEAST: [(&str, i64); 14] = [
    ("AUD", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("JPY", 50),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("SGD", 50),
    ("THB", 1000),
    ("USD", 50),
];
/// The most: eight digits of the smallest unit.
const MOST: i64 = 99_999_999;

/// A page must stay payable for at least half an hour from its opening, so ours outlives the payment by this: whenever in
/// the payment's life it is opened, and with the same value whenever it is asked for again. Stripe allows 24 hours at most.
const PAGE_OUTLIVES_MS: i64 = 31 * basis::MINUTE_MS;

/// What is fetched with a payment: its charge with its refunds.
const WITH_CHARGE: &str = "latest_charge.refunds";

impl Stripe {
    /// Stripe by this configuration.
    ///
    /// # Errors
    /// Internal if the key is none of Stripe's, or a live key would travel unencrypted.
    pub fn new(config: StripeConfig) -> Result<Self, Problem> {
        let live = is_live(&config.secret_key)?;
        if live && config.base_url.scheme() != "https" {
            return Err(Problem::internal("stripe: a live key wants an https address"));
        }
        let limit = |min_minor| Limit { min_minor, max_minor: MOST };
        let limits =
            LEAST.iter().filter_map(|(code, least)| Some((code.parse::<Currency>().ok()?, limit(*least))));
        let capabilities = Capabilities {
            methods: vec![Method::Card],
            recurring: vec![Method::Card],
            limits: limits.collect(),
            pay_origins: vec![pay_origin(&config.base_url)],
            live,
            ..Capabilities::default()
        };
        let webhook_secrets = config.webhook_secrets.clone();
        Ok(Self { client: Client::new(config)?, webhook_secrets, capabilities })
    }

    async fn session(&self, id: &str) -> Result<Facts, ProviderError> {
        let expand = format!("payment_intent.{WITH_CHARGE}");
        let json = self.client.get(&format!("/v1/checkout/sessions/{id}"), &[("expand[]", &expand)]).await?;
        self.session_facts(json).await
    }

    async fn intent(&self, id: &str) -> Result<Facts, ProviderError> {
        let json =
            self.client.get(&format!("/v1/payment_intents/{id}"), &[("expand[]", WITH_CHARGE)]).await?;
        self.intent_facts(json).await
    }

    async fn session_facts(&self, json: Value) -> Result<Facts, ProviderError> {
        let session: Session = read(json)?;
        let disputes = self.disputes(session.payment_intent.as_ref().and_then(wire::Named::whole)).await?;
        session.facts(self.ours().await?, disputes)
    }

    async fn intent_facts(&self, json: Value) -> Result<Facts, ProviderError> {
        let intent: Intent = read(json)?;
        let disputes = self.disputes(Some(&intent)).await?;
        intent.facts(self.ours().await?, disputes)
    }

    async fn ours(&self) -> Result<wire::Ours<'_>, ProviderError> {
        Ok(wire::Ours { live: self.capabilities.live, account: self.client.account().await? })
    }

    /// A charge once contested is marked for ever; where that stands is asked for apart.
    async fn disputes(&self, intent: Option<&Intent>) -> Result<Vec<DisputeFact>, ProviderError> {
        let Some(charge) = intent.and_then(Intent::charge).filter(|charge| charge.disputed) else {
            return Ok(Vec::new());
        };
        let query = [("charge", charge.id.as_str()), ("limit", "100")];
        let disputes: List<wire::Dispute> = read(self.client.get("/v1/disputes", &query).await?)?;
        disputes.data.into_iter().map(wire::Dispute::fact).collect()
    }

    /// A payment of which we only know our own name. Before its payer acts there is nothing to find, and nothing to lose:
    /// nobody has seen its page. Stripe's search knows what is older than a minute.
    async fn find(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let query = format!("metadata['{}']:'{}'", wire::REFERENCE, payment.payment);
        let query = [("query", query.as_str()), ("limit", "100"), ("expand[]", "data.latest_charge.refunds")];
        let found: List<Intent> = read(self.client.get("/v1/payment_intents/search", &query).await?)?;
        let intent = found.data.iter().max_by_key(|intent| intent.weight()).ok_or(ProviderError::NotFound)?;
        if !intent.is_of_page() {
            return self.intent(&intent.id).await.map(wire::awaits_its_charge);
        }
        let query = [("payment_intent", intent.id.as_str())];
        let sessions: List<Session> = read(self.client.get("/v1/checkout/sessions", &query).await?)?;
        let session = sessions.data.first().ok_or(ProviderError::NotFound)?;
        self.session(&session.id).await
    }

    /// Opens a page; a repeat under the same key opens none.
    async fn open(&self, page: &Page<'_>, key: &str) -> Result<Session, ProviderError> {
        let form = page.form()?;
        match self.client.post("/v1/checkout/sessions", key, &form).await? {
            // An inner error is kept for its key. A page that nobody has seen does no harm, so another key may open one.
            Answer::Broken => {
                read(self.client.post("/v1/checkout/sessions", &format!("{key}:2"), &form).await?.whole()?)
            }
            answer => read(answer.whole()?),
        }
    }

    /// The payer's bank wants to see them: the charge is given up, and a page for the same payment takes its place.
    async fn ask_payer(&self, request: &ChargeRequest, refused: &Intent) -> Result<Facts, ProviderError> {
        let cancel = format!("/v1/payment_intents/{}/cancel", refused.id);
        let key = format!("{}:give-up", request.payment);
        match self.client.post(&cancel, &key, &Form::default()).await.and_then(Answer::whole) {
            // It was given up before.
            Ok(_) | Err(ProviderError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        let page = Page {
            payment: request.payment.to_string(),
            amount: request.amount,
            description: &request.description,
            locale: "auto",
            return_url: &request.return_url,
            expires_at: None,
            payer: Keeping::Already(saved(&request.saved)?.0),
        };
        let session = self.open(&page, &format!("{}:payer", request.payment)).await?;
        let facts = self.session(&session.id).await?;
        Ok(match session.url.filter(|_| facts.status == Status::Open) {
            Some(url) => Facts { status: Status::PayerMustAct(url), ..facts },
            None => facts,
        })
    }

    /// The charge's earlier try, whether or not its key is still known.
    async fn earlier(&self, request: &ChargeRequest) -> Result<Option<Facts>, ProviderError> {
        let named = PaymentRef { payment: request.payment, provider_ref: None };
        match self.find(&named).await {
            Ok(facts) if facts.provider_ref.is_some() => Ok(Some(facts)),
            Ok(_) | Err(ProviderError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait::async_trait]
impl Provider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        let page = Page {
            payment: request.payment.to_string(),
            amount: request.amount,
            description: &request.description,
            locale: wire::locale(request.language),
            return_url: &request.return_url,
            expires_at: Some(request.expires_at.plus_ms(PAGE_OUTLIVES_MS)),
            payer: if request.save_method { Keeping::ForNew } else { Keeping::No },
        };
        let session = self.open(&page, &page.payment).await?;
        let url = session.url.ok_or_else(|| ProviderError::Unknown("a page without address".to_owned()))?;
        Ok(Begun { provider_ref: Some(session.id), pay_at: PayAt::Page(url) })
    }

    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        match payment.provider_ref.as_deref() {
            Some(intent) if intent.starts_with("pi_") => self.intent(intent).await,
            Some(session) => self.session(session).await,
            None => self.find(payment).await,
        }
    }

    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let known = match &payment.provider_ref {
            Some(known) => known.clone(),
            None => self.find(payment).await?.provider_ref.ok_or(ProviderError::NotFound)?,
        };
        let path = if known.starts_with("pi_") {
            format!("/v1/payment_intents/{known}/cancel")
        } else {
            format!("/v1/checkout/sessions/{known}/expire")
        };
        let key = format!("{}:cancel", payment.payment);
        match self.client.post(&path, &key, &Form::default()).await.and_then(Answer::whole) {
            // What is paid or over already cannot be cancelled: it is told as it stands.
            Ok(_) | Err(ProviderError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        self.query(&PaymentRef { payment: payment.payment, provider_ref: Some(known) }).await
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Facts, ProviderError> {
        if let Some(earlier) = self.earlier(request).await? {
            return Ok(earlier);
        }
        let payment = request.payment.to_string();
        let (customer, method) = saved(&request.saved)?;
        let form = Form::default()
            .put("amount", &STRIPE.integer(request.amount)?.to_string())
            .put("currency", &wire::currency(request.amount.currency))
            .put("customer", customer)
            .put("payment_method", method)
            .put("allowed_payment_method_types[0]", "card")
            .put("off_session", "true")
            .put("confirm", "true")
            .put("description", &request.description)
            .put(wire::METADATA, &payment)
            .put("expand[0]", WITH_CHARGE);
        match self.client.post("/v1/payment_intents", &format!("{payment}:charge"), &form).await? {
            Answer::Declined(intent) => {
                let declined: Intent = read(intent.clone())?;
                if declined.wants_payer() {
                    return self.ask_payer(request, &declined).await;
                }
                self.intent_facts(intent).await
            }
            answer => self.intent_facts(answer.whole()?).await,
        }
    }

    async fn forget(&self, saved: &str) -> Result<(), ProviderError> {
        self.detach(self::saved(saved)?.1).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let form = Form::default()
            .put("charge", &request.capture_ref)
            .put("amount", &STRIPE.integer(request.amount)?.to_string())
            .put("reason", "requested_by_customer")
            .put(wire::METADATA, &request.reference)
            .put(wire::PAYMENT_METADATA, &request.payment.to_string());
        let answer = self.client.post("/v1/refunds", &request.reference, &form).await?;
        read::<Refund>(answer.whole()?)?.fact()
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let query = [("charge", request.capture_ref.as_str()), ("limit", "100")];
        let refunds: List<Refund> = read(self.client.get("/v1/refunds", &query).await?)?;
        let ours = refunds.data.into_iter().find(|refund| refund.metadata.reference() == request.reference);
        ours.ok_or(ProviderError::NotFound)?.fact()
    }

    async fn list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        let mut all = Vec::new();
        let expand = format!("data.payment_intent.{WITH_CHARGE}");
        for page in self.client.all_between("/v1/checkout/sessions", from, until, &expand).await? {
            all.push(self.session_facts(page).await?);
        }
        let expand = format!("data.{WITH_CHARGE}");
        for json in self.client.all_between("/v1/payment_intents", from, until, &expand).await? {
            let intent: Intent = read(json.clone())?;
            if !intent.is_of_page() {
                all.push(self.intent_facts(json).await?);
            }
        }
        Ok(all)
    }

    async fn bill(&self, day: Date, part: Option<&str>) -> Result<BillPage, ProviderError> {
        bill::of_day(&self.client, day, part).await
    }

    async fn parse_hook(
        &self,
        now: Timestamp,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<Hook, HookRejected> {
        hook::check(&self.webhook_secrets, now, headers, raw)?;
        let event = hook::read(raw, self.capabilities.live)?;
        event.hook(&self.client).await
    }
}

/// Whether a key moves real money.
fn is_live(key: &str) -> Result<bool, Problem> {
    let of_mode = |mode: &str| ["sk", "rk"].iter().any(|kind| key.starts_with(&format!("{kind}_{mode}_")));
    match (of_mode("live"), of_mode("test")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(Problem::internal(
            "stripe: a secret key begins with sk_live_, rk_live_, sk_test_ or rk_test_",
        )),
    }
}

/// Where payers go: Stripe's page, or a test's.
fn pay_origin(base_url: &Url) -> String {
    if base_url.host_str() == Some("api.stripe.com") {
        return "https://checkout.stripe.com".to_owned();
    }
    base_url.origin().ascii_serialization()
}

/// A kept method is its customer and itself: `cus_…/pm_…`.
fn saved(reference: &str) -> Result<(&str, &str), ProviderError> {
    reference.split_once('/').ok_or_else(|| ProviderError::Refused {
        code: "saved".to_owned(),
        message: "not a method that was kept here".to_owned(),
    })
}
