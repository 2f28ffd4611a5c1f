//! PayPal: Orders v2 with the intent CAPTURE, vault tokens for charges without the payer, transaction search for lists and
//! bills. developer.paypal.com/docs/api.

mod access;
mod certificates;
mod disputes;
mod hook;
mod orders;
mod report;
mod wire;

use basis::{Currency, Env, HOUR_MS, Id, Payment, Problem, Timestamp};
use http::HeaderMap;
use jiff::civil::Date;
use serde_json::json;
use url::{Host, Url};

use crate::amounts::PAYPAL;
use crate::facts::{BillPage, Facts, RefundFact};
use crate::hook::{Hook, HookRejected};
use crate::provider::{Capabilities, Provider, ProviderError};
use crate::requests::{BeginRequest, Begun, ChargeRequest, PayAt, PaymentRef, RefundRequest};
use crate::rules::Method;
use access::{Access, Failure};
use certificates::Certificates;
use wire::{WireOrder, WireRefund};

/// For how long PayPal knows the request id of an order. Afterwards the same request would charge again, also who was refused.
const ORDER_KEYS_MS: i64 = 6 * HOUR_MS;
/// After a payment money can go back for so many days.
const REFUND_DAYS: u32 = 180;
/// Texts of a purchase unit are no longer.
const TEXT_CHARS_MAX: usize = 127;

/// developer.paypal.com/reference/currency-codes, without those for accounts of one country only (BRL, CNY, MYR).
const CURRENCIES: [&str; 21] = [
    "AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "NOK", "NZD", "PHP",
    "PLN", "SEK", "SGD", "THB", "TWD", "USD",
];

/// How to reach PayPal.
#[derive(Clone)]
pub struct PayPalConfig {
    /// `https://api-m.paypal.com`, `https://api-m.sandbox.paypal.com`, or a stand-in on this machine.
    pub base_url: Url,
    /// The REST app's client id.
    pub client_id: String,
    /// And its secret.
    pub client_secret: String,
    /// The merchant id of the account that the money goes to.
    pub merchant: String,
    /// The id of the app's webhook.
    pub webhook_id: String,
    /// The shop's name on PayPal's page.
    pub brand: String,
    /// Who vouches for the certificates of a stand-in, in PEM; empty for PayPal's own, which the machine's roots vouch for.
    pub webhook_ca: String,
}

impl std::fmt::Debug for PayPalConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayPalConfig").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// Which PayPal that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum World {
    Live,
    Sandbox,
    StandIn,
}

impl World {
    fn of(base_url: &Url) -> Result<Self, Problem> {
        match (base_url.scheme(), base_url.host()) {
            ("https", Some(Host::Domain("api-m.paypal.com"))) => Ok(Self::Live),
            ("https", Some(Host::Domain("api-m.sandbox.paypal.com"))) => Ok(Self::Sandbox),
            (_, Some(Host::Ipv4(ip))) if ip.is_loopback() => Ok(Self::StandIn),
            (_, Some(Host::Domain("localhost"))) => Ok(Self::StandIn),
            _ => Err(Problem::internal(format!(
                "{base_url} is neither https://api-m.paypal.com nor https://api-m.sandbox.paypal.com"
            ))),
        }
    }

    fn pay_origin(self, base_url: &Url) -> String {
        match self {
            Self::Live => "https://www.paypal.com".to_owned(),
            Self::Sandbox => "https://www.sandbox.paypal.com".to_owned(),
            Self::StandIn => base_url.origin().ascii_serialization(),
        }
    }
}

/// PayPal.
pub struct PayPal {
    access: Access,
    certificates: Certificates,
    merchant: String,
    webhook_id: String,
    brand: String,
    env: Env,
    capabilities: Capabilities,
}

impl PayPal {
    /// PayPal by this configuration.
    ///
    /// # Errors
    /// Internal if the address is not PayPal's, something is missing, or there are no root certificates.
    pub fn new(config: PayPalConfig, env: &Env) -> Result<Self, Problem> {
        let needed = [
            ("client_id", &config.client_id),
            ("client_secret", &config.client_secret),
            ("merchant_id", &config.merchant),
            ("webhook_id", &config.webhook_id),
        ];
        if let Some((missing, _)) = needed.iter().find(|(_, text)| text.is_empty()) {
            return Err(Problem::internal(format!("{missing} is not set")));
        }
        let world = World::of(&config.base_url)?;
        Ok(Self {
            capabilities: capabilities(world, &config.base_url)?,
            certificates: Certificates::new(world, &config)?,
            access: Access::new(&config, env)?,
            merchant: config.merchant,
            webhook_id: config.webhook_id,
            brand: config.brand,
            env: env.clone(),
        })
    }

    fn facts(&self, order: &WireOrder) -> Result<Facts, ProviderError> {
        order.facts(&self.merchant)
    }

    /// How long ago a payment was made, by its id.
    fn age_ms(&self, payment: Id<Payment>) -> i64 {
        self.env.now().since(made_at(payment))
    }
}

fn capabilities(world: World, base_url: &Url) -> Result<Capabilities, Problem> {
    let currencies = CURRENCIES.iter().map(|code| code.parse::<Currency>());
    Ok(Capabilities {
        methods: vec![Method::PayPal],
        recurring: vec![Method::PayPal],
        currencies: currencies.collect::<Result<_, _>>()?,
        refund_window: Some(REFUND_DAYS),
        pay_origins: vec![world.pay_origin(base_url)],
        live: world == World::Live,
        ..Capabilities::default()
    })
}

/// When a payment was made: its id says so (RFC 9562, section 5.7).
fn made_at(payment: Id<Payment>) -> Timestamp {
    Timestamp(i64::try_from(payment.as_u128() >> 80).unwrap_or(0))
}

/// As much of a text as PayPal takes.
fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[async_trait::async_trait]
impl Provider for PayPal {
    fn name(&self) -> &'static str {
        "paypal"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        let key = request.payment.to_string();
        let unit = orders::unit(request.payment, request.amount, &request.description)?;
        let mut wallet = json!({ "experience_context": {
            "return_url": request.return_url,
            "cancel_url": request.return_url,
            "brand_name": short(&self.brand),
            "locale": request.language.tag(),
            "shipping_preference": "NO_SHIPPING",
            "user_action": "PAY_NOW",
        } });
        if request.save_method {
            wallet = orders::to_be_kept(wallet, &request.description);
        }
        let body = orders::order(&unit, &wallet);
        let order: WireOrder = wire::read(self.access.post("/v2/checkout/orders", &key, &body).await?)?;
        let page = order.link(&["payer-action", "approve"]).map(str::to_owned);
        let page =
            page.ok_or_else(|| ProviderError::Unknown(format!("order {} without a page", order.id)))?;
        Ok(Begun { provider_ref: Some(order.id), pay_at: PayAt::Page(page) })
    }

    /// An order that its payer approved is captured here, if it is this payment's and its money would be ours.
    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let Some(order) = self.look(payment).await? else { return Ok(orders::forgotten(payment)) };
        let facts = self.facts(&order)?;
        let ours = facts.merchant_is_ours && facts.reference == payment.payment.to_string();
        if order.is_to_be_captured() && ours {
            return self.capture(payment.payment, &order).await;
        }
        Ok(Facts { disputes: self.disputes(&order).await?, ..facts })
    }

    /// PayPal has no way to take back an order that is to be captured. Nothing is captured here; an order that nobody
    /// approved ends by itself after three hours, and an approval that comes is captured by the next look, as any money
    /// that comes late. A capture that PayPal reviews may still come in, so its order is not over.
    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let Some(order) = self.look(payment).await? else { return Ok(orders::forgotten(payment)) };
        let facts = self.facts(&order)?;
        Ok(if order.has_captures() { facts } else { orders::not_wanted(facts) })
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Facts, ProviderError> {
        let age_ms = self.age_ms(request.payment);
        if age_ms >= ORDER_KEYS_MS {
            return match self.find(request.payment).await? {
                Some(known) => self.facts(&known),
                None => Err(orders::unheard(age_ms)),
            };
        }
        let unit = orders::unit(request.payment, request.amount, &request.description)?;
        let body = orders::order(&unit, &orders::kept_wallet(&request.saved));
        let charged = self.access.post("/v2/checkout/orders", &request.payment.to_string(), &body).await;
        match charged {
            Ok(order) => self.charged(&wire::read(order)?),
            Err(Failure::Refused(refusal)) if refusal.issue == "DUPLICATE_INVOICE_ID" => {
                let paid = self.find(request.payment).await?;
                let unseen = || ProviderError::Unknown("charged before, and not listed yet".to_owned());
                self.facts(&paid.ok_or_else(unseen)?)
            }
            Err(Failure::Refused(refusal)) => orders::declined(request.payment, refusal),
            Err(failure) => Err(failure.into()),
        }
    }

    /// developer.paypal.com/docs/api/payment-tokens/v3/#payment-tokens_delete
    async fn forget(&self, saved: &str) -> Result<(), ProviderError> {
        Ok(self.access.delete(&format!("/v3/vault/payment-tokens/{saved}")).await?)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let body = json!({
            "amount": wire::amount(request.amount, PAYPAL)?,
            "custom_id": request.reference,
            "invoice_id": request.payment.to_string(),
        });
        let path = format!("/v2/payments/captures/{}/refund", request.capture_ref);
        let sent: WireRefund = wire::read(self.access.post(&path, &request.reference, &body).await?)?;
        sent.fact()
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let order = self.order(&request.payment_ref).await?;
        let all = self.facts(&order)?.refunds;
        all.into_iter().find(|refund| refund.reference == request.reference).ok_or(ProviderError::NotFound)
    }

    async fn list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        self.listed(from, until).await
    }

    async fn bill(&self, day: Date, _: Option<&str>) -> Result<BillPage, ProviderError> {
        self.settled(day).await.map(BillPage::whole)
    }

    async fn parse_hook(
        &self,
        now: Timestamp,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<Hook, HookRejected> {
        let signed = hook::Signed::read(headers)?;
        signed.check_time(now)?;
        let key = self.certificates.key(signed.certificate_url, now).await?;
        signed.check_signature(&key, &self.webhook_id, raw)?;
        hook::read(raw)
    }
}
