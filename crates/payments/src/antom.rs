//! Antom: Alipay for merchants outside mainland China, by its API v1 with the product CASHIER_PAYMENT and the method ALIPAY_CN.
//! A payer goes to Alipay's own page, which shows a code on a computer and opens the wallet on a phone.
//! docs.antom.com/ac/ams (pay, inquiryPayment, cancel, refund, inquiryRefund, notifyPayment, notifyRefund), the shapes as
//! Antom's own client has them (PyPI's global-open-sdk-python 1.7.1). What is told from memory says so.

mod channel;
mod hook;
#[cfg(test)]
mod tests;
mod wire;

use basis::{Currency, Env, MINUTE_MS, Problem, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::civil::Date;
use serde_json::{Value, json};
use url::Url;

use crate::amounts::ANTOM;
use crate::facts::{BillPage, Facts, RefundFact, RefundStatus};
use crate::hook::{Hook, HookRejected, answer, plain_answer};
use crate::inbox::Received;
use crate::provider::{Capabilities, Limit, Provider, ProviderError};
use crate::requests::{BeginRequest, Begun, ChargeRequest, Device, PayAt, PaymentRef, RefundRequest, System};
use crate::rules::Method;
use channel::Channel;
use wire::{Opened, PaymentFound, RefundFound, RefundTaken};

/// What one payment in CNY may be: 0.10 to 300,000.00 (docs.antom.com/ac/antomop/alipay_cn).
const CNY_LIMIT: Limit = Limit { min_minor: 10, max_minor: 30_000_000 };
/// Money goes back for so long (docs.antom.com/ac/cashierpay/alipayplus).
const REFUND_DAYS: u32 = 365;
/// Where real money moves.
const DOMAINS: [&str; 2] = ["alipay.com", "antglobal-us.com"];
/// Where its pages lie, by the examples of its guide to one-time payments; the last is from memory.
const PAGES: [&str; 3] = ["https://*.alipay.com", "https://*.alipayplus.com", "https://*.antom.com"];
/// What the client ids of its sandbox begin with.
const SANDBOX: &str = "SANDBOX_";
/// Its page closes after 14 minutes; whoever wants another time may only say one that is less than this away.
const EXPIRY_MS_MAX: i64 = 10 * MINUTE_MS;
/// As much of a description as it takes.
const DESCRIPTION_CHARS_MAX: usize = 256;

/// Who we are at Antom.
#[derive(Clone)]
pub struct AntomConfig {
    /// Where it answers our region: `https://open-sea-global.alipay.com`, `https://open-de-global.alipay.com`,
    /// `https://open-na-global.alipay.com`.
    pub url: Url,
    /// Our client id; one that begins with `SANDBOX_` moves no money.
    pub client_id: String,
    /// Our private key, PEM or its bare base64.
    pub private_key: String,
    /// The number of its public half in Antom's dashboard.
    pub key_version: u32,
    /// What Antom signs with, PEM or bare base64; all of them are good, so that they can be changed.
    pub antom_public_keys: Vec<String>,
    /// The path at which its messages come in, `/hooks/antom`: it is signed with each of them.
    pub hook_path: String,
    /// What our contract lets us ask for.
    pub currencies: Vec<Currency>,
    /// In which currency it settles with us; `None`: there is only one in the contract.
    pub settlement: Option<Currency>,
}

impl std::fmt::Debug for AntomConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AntomConfig").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Antom.
pub struct Antom {
    channel: Channel,
    hook_path: String,
    settlement: Option<Currency>,
    capabilities: Capabilities,
    env: Env,
}

impl Antom {
    /// A provider of this configuration.
    ///
    /// # Errors
    /// Internal, naming what is wrong: a key that is none, none of Antom's, no currency.
    pub fn new(config: AntomConfig, env: Env) -> Result<Self, Problem> {
        if config.client_id.is_empty() || config.antom_public_keys.is_empty() {
            return Err(Problem::internal("a client id and Antom's public key are needed"));
        }
        if config.currencies.is_empty() {
            return Err(Problem::internal("no currency to ask for"));
        }
        Ok(Self {
            capabilities: capabilities(&config),
            hook_path: config.hook_path.clone(),
            settlement: config.settlement,
            channel: Channel::new(config, env.clone())?,
            env,
        })
    }

    fn order(&self, request: &BeginRequest) -> Result<Value, ProviderError> {
        let amount = wire::amount(request.amount)?;
        let env = match request.device {
            Device::Desktop => json!({ "terminalType": "WEB", "clientIp": request.payer_ip }),
            Device::Phone(system) => {
                let system = if system == System::Ios { "IOS" } else { "ANDROID" };
                json!({ "terminalType": "WAP", "osType": system, "clientIp": request.payer_ip })
            }
        };
        let description: String = request.description.chars().take(DESCRIPTION_CHARS_MAX).collect();
        let mut order = json!({
            "productCode": "CASHIER_PAYMENT",
            "paymentRequestId": request.payment,
            "order": {
                "referenceOrderId": request.payment,
                "orderDescription": description,
                "orderAmount": amount,
                "buyer": { "referenceBuyerId": request.payer },
            },
            "paymentAmount": amount,
            "paymentMethod": { "paymentMethodType": "ALIPAY_CN" },
            "paymentRedirectUrl": request.return_url,
            "paymentNotifyUrl": request.notify_url,
            "env": env,
        });
        let is_soon = request.expires_at.since(self.env.now()) < EXPIRY_MS_MAX;
        let expiry = is_soon.then(|| ("paymentExpiryTime", json!(wire::time(request.expires_at))));
        let strategy = |currency| ("settlementStrategy", json!({ "settlementCurrency": currency }));
        if let Some(order) = order.as_object_mut() {
            let more = expiry.into_iter().chain(self.settlement.map(strategy));
            order.extend(more.map(|(name, value)| (name.to_owned(), value)));
        }
        Ok(order)
    }

    async fn look(&self, payment: &PaymentRef) -> Result<PaymentFound, ProviderError> {
        let asked = json!({ "paymentRequestId": payment.payment });
        self.channel.ask("inquiryPayment", &asked).await?.found()
    }
}

fn capabilities(config: &AntomConfig) -> Capabilities {
    let at_antom = config.url.host_str().is_some_and(|host| {
        DOMAINS.iter().any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
    });
    let pages = if at_antom {
        PAGES.map(str::to_owned).to_vec()
    } else {
        vec![config.url.origin().ascii_serialization()]
    };
    Capabilities {
        methods: vec![Method::Alipay],
        currencies: config.currencies.clone(),
        limits: [(Currency::CNY, CNY_LIMIT)].into(),
        billless: true,
        refund_window: Some(REFUND_DAYS),
        pay_origins: pages,
        listless: true,
        live: at_antom && !config.client_id.starts_with(SANDBOX),
        ..Capabilities::default()
    }
}

#[async_trait::async_trait]
impl Provider for Antom {
    fn name(&self) -> &'static str {
        "antom"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Under way is the usual answer: with it comes the page. A no that nobody signed is believed here, as nobody has seen a
    /// page yet.
    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        let answer = self.channel.ask("pay", &self.order(request)?).await?;
        if answer.is_no() {
            return Err(answer.no());
        }
        let opened: Opened = answer.read()?;
        let page = opened.page.ok_or_else(|| answer.unknown())?;
        Ok(Begun { provider_ref: opened.theirs, pay_at: PayAt::Page(page) })
    }

    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        self.look(payment).await?.facts()
    }

    /// Antom cancels what is paid, too, and sends the money back, so only what nobody has paid may be cancelled. Who pays in
    /// the blink between our question and the cancellation gets the money back, and the payment is over.
    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let before = self.look(payment).await?;
        if !before.waits_for_its_payer() {
            return before.facts();
        }
        let wish = json!({ "paymentRequestId": payment.payment });
        match self.channel.ask("cancel", &wish).await?.done() {
            Ok(()) | Err(ProviderError::Refused { .. }) => self.look(payment).await?.facts(),
            Err(error) => Err(error),
        }
    }

    async fn charge(&self, _: &ChargeRequest) -> Result<Facts, ProviderError> {
        Err(ProviderError::refused("not_offered", "Alipay by Antom charges nobody who is not there"))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let wish = json!({
            "refundRequestId": wire::theirs(&request.reference),
            "paymentId": request.capture_ref,
            "refundAmount": wire::amount(request.amount)?,
            "refundNotifyUrl": request.notify_url,
        });
        let answer = self.channel.ask("refund", &wish).await?;
        if answer.is_under_way() {
            return Ok(wire::refund_fact(request, request.reference.clone(), RefundStatus::Pending));
        }
        answer.done()?;
        let taken: RefundTaken = answer.read()?;
        Ok(wire::refund_fact(request, taken.theirs, RefundStatus::Succeeded))
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let asked = json!({ "refundRequestId": wire::theirs(&request.reference) });
        self.channel.ask("inquiryRefund", &asked).await?.found::<RefundFound>()?.fact(request)
    }

    async fn list(&self, _: Timestamp, _: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        Err(ProviderError::refused("not_offered", "Antom lists no payments"))
    }

    /// Antom's settlement reports are fetched by people, from its dashboard.
    async fn bill(&self, _: Date, _: Option<&str>) -> Result<BillPage, ProviderError> {
        Err(ProviderError::NotFound)
    }

    async fn parse_hook(
        &self,
        now: Timestamp,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<Hook, HookRejected> {
        let sent_at = self.channel.check_message(&self.hook_path, headers, raw)?;
        hook::read(now, sent_at, raw)
    }

    /// Anything but this is sent again (docs.antom.com/ac/ams/notify_refund).
    fn hook_answer(&self, outcome: &Result<Received, HookRejected>) -> Response<Bytes> {
        const TAKEN: &str =
            r#"{"result":{"resultCode":"SUCCESS","resultStatus":"S","resultMessage":"success"}}"#;
        match outcome {
            Ok(_) => answer(StatusCode::OK, "application/json; charset=UTF-8", TAKEN),
            Err(_) => plain_answer(outcome),
        }
    }
}
