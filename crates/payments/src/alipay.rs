//! Alipay for merchants in mainland China: the OpenAPI v2 gateway, signed with RSA2. A payer goes to Alipay's own page;
//! money comes in CNY, and nothing is charged without its payer.

mod bill;
mod notify;
#[cfg(test)]
mod tests;
mod wire;

use basis::{Currency, DAY_MS, Env, HOUR_MS, Problem, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::amounts::{self, PLAIN};
use crate::facts::{BillPage, CaptureFact, Facts, RefundFact, RefundStatus, Status};
use crate::hook::{self, Hook, HookRejected};
use crate::http_client::{self, ANSWER_BYTES_MAX};
use crate::inbox::Received;
use crate::provider::{Capabilities, Limit, Provider, ProviderError};
use crate::requests::{BeginRequest, Begun, ChargeRequest, Device, PayAt, PaymentRef, RefundRequest};
use crate::rules::Method;
use crate::signing::{PrivateKey, PublicKey};
use wire::{RefundFound, RefundTaken, Trade};

/// "The interval between refunds of one trade must be 3 s at least" (opendocs.alipay.com, alipay.trade.refund).
const REFUND_GAP_MS: i64 = 3 * basis::SECOND_MS;
/// A bill of a busy day is large.
const BILL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Our application at Alipay.
#[derive(Clone)]
pub struct AlipayConfig {
    /// Where requests go, `https://openapi.alipay.com/gateway.do`.
    pub gateway: Url,
    /// The application's number.
    pub app_id: String,
    /// The application's private key, PEM or its bare base64.
    pub private_key: String,
    /// What Alipay signs with, PEM or bare base64; all of them are good, so that they can be changed.
    pub alipay_public_keys: Vec<String>,
}

impl std::fmt::Debug for AlipayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AlipayConfig").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// Alipay.
pub struct Alipay {
    gateway: Url,
    app_id: String,
    key: PrivateKey,
    theirs: Vec<PublicKey>,
    client: reqwest::Client,
    capabilities: Capabilities,
    env: Env,
}

impl Alipay {
    /// A provider of this configuration.
    ///
    /// # Errors
    /// Internal, naming what is wrong: a key that is none, or none of Alipay's.
    pub fn new(config: AlipayConfig, env: Env) -> Result<Self, Problem> {
        let theirs: Result<Vec<PublicKey>, Problem> =
            config.alipay_public_keys.iter().map(|text| PublicKey::read(text)).collect();
        let theirs = theirs?;
        if theirs.is_empty() || config.app_id.is_empty() {
            return Err(Problem::internal("an application number and Alipay's public key are needed"));
        }
        Ok(Self {
            capabilities: capabilities(&config.gateway),
            gateway: config.gateway,
            app_id: config.app_id,
            key: PrivateKey::read(&config.private_key)?,
            theirs,
            client: http_client::client()?,
            env,
        })
    }

    /// Asks the gateway, and reads what it signed.
    async fn ask<T: DeserializeOwned>(&self, method: &str, content: &Value) -> Result<T, ProviderError> {
        let params = self.signed(method, content, &[])?;
        let (content, common): (Vec<_>, Vec<_>) =
            params.into_iter().partition(|(name, _)| *name == "biz_content");
        let request = self.client.post(self.gateway.clone()).query(&common).form(&content);
        let answer = http_client::send_raw(request, ANSWER_BYTES_MAX).await?;
        wire::read_answer(&self.theirs, method, &answer.body)
    }

    fn signed(
        &self,
        method: &str,
        content: &Value,
        more: &[(&'static str, &str)],
    ) -> Result<Vec<(&'static str, String)>, ProviderError> {
        let mut params = wire::common(&self.app_id, method, self.env.now());
        params.insert("biz_content", content.to_string());
        params.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        wire::sign(&self.key, params).map_err(|problem| ProviderError::Unknown(problem.to_string()))
    }

    async fn trade(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let content = json!({ "out_trade_no": payment.payment.to_string() });
        facts(self.ask("alipay.trade.query", &content).await?)
    }

    /// A refund that was made; [`ProviderError::NotFound`] if it was not, or not yet.
    async fn refund_found(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let content =
            json!({ "out_trade_no": request.payment.to_string(), "out_request_no": request.reference });
        let found: RefundFound = self.ask("alipay.trade.fastpay.refund.query", &content).await?;
        let Some(amount) = found.amount_if_done() else { return Err(ProviderError::NotFound) };
        let amount = amounts::read_decimal(&amount, request.amount.currency)?;
        Ok(RefundFact { amount, ..fact(request, RefundStatus::Succeeded) })
    }
}

fn capabilities(gateway: &Url) -> Capabilities {
    // Alipay's pages lie at several hosts of its domain, to which the gateway redirects.
    let domain = ["alipay.com", "alipaydev.com"]
        .into_iter()
        .find(|domain| gateway.host_str().is_some_and(|host| host.ends_with(&format!(".{domain}"))));
    let pages = domain.map(|domain| format!("https://*.{domain}"));
    Capabilities {
        methods: vec![Method::Alipay],
        currencies: vec![Currency::CNY],
        limits: [(Currency::CNY, Limit { min_minor: 1, max_minor: 10_000_000_000 })].into(),
        refund_window: Some(365),
        refund_gap_ms: REFUND_GAP_MS,
        pay_origins: vec![pages.unwrap_or_else(|| gateway.origin().ascii_serialization())],
        listless: true,
        bill_offset_ms: 8 * HOUR_MS,
        live: domain == Some("alipay.com"),
        ..Capabilities::default()
    }
}

/// A trade as facts. That it is ours is in the asking: the gateway shows an application its own merchant's trades only.
fn facts(trade: Trade) -> Result<Facts, ProviderError> {
    let amount = amounts::read_decimal(&trade.total_amount, Currency::CNY)?;
    let paid = trade.is_paid();
    let status = match trade.status.as_str() {
        _ if paid => Status::Captured,
        "TRADE_CLOSED" => Status::Cancelled,
        _ => Status::Open,
    };
    let captures = paid.then(|| CaptureFact { capture_ref: trade.theirs.clone(), amount });
    Ok(Facts {
        provider_ref: Some(trade.theirs),
        reference: trade.ours,
        merchant_is_ours: true,
        status,
        captures: captures.into_iter().collect(),
        // Refunds are not listed with their trade; each is asked for by its own name.
        refunds: Vec::new(),
        disputes: Vec::new(),
        saved: None,
        failure: None,
    })
}

/// Alipay names a refund by our name for it.
fn fact(request: &RefundRequest, status: RefundStatus) -> RefundFact {
    RefundFact {
        provider_ref: request.reference.clone(),
        reference: request.reference.clone(),
        amount: request.amount,
        status,
        failure: None,
    }
}

#[async_trait::async_trait]
impl Provider for Alipay {
    fn name(&self) -> &'static str {
        "alipay"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A signed address; Alipay hears of it when the payer opens it, and knows no trade before.
    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        let (method, product) = match request.device {
            Device::Desktop => ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
            Device::Phone(_) => ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
        };
        let mut content = json!({
            "out_trade_no": request.payment.to_string(),
            "total_amount": PLAIN.decimal(request.amount)?,
            "subject": wire::subject(&request.description),
            "product_code": product,
            "time_expire": wire::time(request.expires_at),
        });
        if let (Device::Phone(_), Some(content)) = (request.device, content.as_object_mut()) {
            content.insert("quit_url".to_owned(), json!(request.return_url));
        }
        let back = [("notify_url", request.notify_url.as_str()), ("return_url", request.return_url.as_str())];
        let mut page = self.gateway.clone();
        page.query_pairs_mut().extend_pairs(self.signed(method, &content, &back)?);
        Ok(Begun { provider_ref: None, pay_at: PayAt::Page(page.into()) })
    }

    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        self.trade(payment).await
    }

    /// Whatever closing answers, the trade says where it stands: one that is paid meanwhile is not closed.
    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let content = json!({ "out_trade_no": payment.payment.to_string() });
        match self.ask::<Value>("alipay.trade.close", &content).await {
            Ok(_) | Err(ProviderError::Refused { .. }) => self.trade(payment).await,
            Err(error) => Err(error),
        }
    }

    async fn charge(&self, _: &ChargeRequest) -> Result<Facts, ProviderError> {
        let message = "Alipay charges nobody who is not there".to_owned();
        Err(ProviderError::Refused { code: "not_offered".to_owned(), message })
    }

    /// The gateway's yes only says that it heard. The money moved if it says so, or if the refund is found.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let content = json!({
            "out_trade_no": request.payment.to_string(),
            "refund_amount": PLAIN.decimal(request.amount)?,
            "out_request_no": request.reference,
        });
        let asked: Result<RefundTaken, ProviderError> = self.ask("alipay.trade.refund", &content).await;
        match asked {
            Ok(taken) if taken.moved_money() => return Ok(fact(request, RefundStatus::Succeeded)),
            Ok(_) | Err(ProviderError::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        match (self.refund_found(request).await, asked) {
            (Err(ProviderError::NotFound), Ok(_)) => Ok(fact(request, RefundStatus::Pending)),
            (Err(ProviderError::NotFound), Err(refused)) => Err(refused),
            (found, _) => found,
        }
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        self.refund_found(request).await
    }

    async fn list(&self, _: Timestamp, _: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        Err(ProviderError::NotFound)
    }

    /// A day without any movement never gets a bill, so two days later a missing one is an empty one.
    /// First the trades, then what was paid out of the account.
    async fn bill(&self, day: Date, part: Option<&str>) -> Result<BillPage, ProviderError> {
        let ended_ms = self.env.now().since(wire::end_of(day)?);
        if ended_ms < 0 {
            return Err(ProviderError::NotFound);
        }
        let kind = part.unwrap_or(bill::TRADES);
        let next = (kind == bill::TRADES).then(|| bill::ACCOUNT.to_owned());
        let content = json!({ "bill_type": kind, "bill_date": day.to_string() });
        let found: wire::BillFound =
            match self.ask("alipay.data.dataservice.bill.downloadurl.query", &content).await {
                Err(ProviderError::NotFound) if ended_ms > DAY_MS => {
                    return Ok(BillPage { lines: Vec::new(), next });
                }
                answer => answer?,
            };
        let url = bill::address(&found.bill_download_url, &self.gateway)?;
        let file = http_client::send_raw(self.client.get(url), BILL_BYTES_MAX).await?;
        Ok(BillPage { lines: bill::read(&file.body)?, next })
    }

    async fn parse_hook(&self, now: Timestamp, _: &HeaderMap, raw: &[u8]) -> Result<Hook, HookRejected> {
        notify::read(&self.theirs, now, raw)
    }

    /// Anything but this word is sent again.
    fn hook_answer(&self, outcome: &Result<Received, HookRejected>) -> Response<Bytes> {
        match outcome {
            Ok(_) => hook::answer(StatusCode::OK, "text/plain", "success"),
            Err(_) => hook::plain_answer(outcome),
        }
    }
}
