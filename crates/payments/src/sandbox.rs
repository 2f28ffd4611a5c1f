//! The sandbox provider: the protocol of `sim/paysim`'s own face. Moves no money.

mod wire;

use basis::{Problem, Timestamp};
use http::HeaderMap;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use url::Url;

use crate::facts::{BillPage, Facts, RefundFact};
use crate::hook::{Hook, HookRejected};
use crate::http_client;
use crate::provider::{Capabilities, Provider, ProviderError};
use crate::requests::{BeginRequest, Begun, ChargeRequest, PayAt, PaymentRef, RefundRequest};
use crate::rules::Method;
use crate::signing::hmac_hex;
use wire::{WireBillLine, WireEvent, WireList, WirePayment, WireRefund};

/// The header that carries the signature: `t=<unix seconds>,v1=<hex>[,v1=<hex>]`.
const SIGNATURE_HEADER: &str = "paysim-signature";
/// How far a signature's time may lie from ours.
const TOLERANCE_S: i64 = 300;

/// How to reach the sandbox.
#[derive(Clone)]
pub struct SandboxConfig {
    /// Where it listens, e.g. `http://127.0.0.1:4400`.
    pub base_url: Url,
    /// Its API key.
    pub api_key: String,
    /// The name of our account there.
    pub merchant: String,
    /// Secrets of its messages: all of them are good, so that they can be rolled.
    pub webhook_secrets: Vec<String>,
}

impl std::fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxConfig").field("base_url", &self.base_url.as_str()).finish_non_exhaustive()
    }
}

/// The sandbox provider.
pub struct Sandbox {
    config: SandboxConfig,
    client: reqwest::Client,
    capabilities: Capabilities,
}

impl Sandbox {
    /// A sandbox provider of this configuration.
    pub fn new(config: SandboxConfig) -> Result<Self, Problem> {
        let methods = vec![Method::Card, Method::PayPal, Method::Alipay, Method::WeChatPay];
        let pay_origins = vec![config.base_url.origin().ascii_serialization()];
        let recurring = vec![Method::Card, Method::PayPal];
        let capabilities = Capabilities { methods, recurring, pay_origins, ..Capabilities::default() };
        Ok(Self { config, client: http_client::client()?, capabilities })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let base = self.config.base_url.as_str().trim_end_matches('/');
        self.client.request(method, format!("{base}{path}")).bearer_auth(&self.config.api_key)
    }

    async fn get(&self, path: &str) -> Result<Value, ProviderError> {
        answer(http_client::send(self.request(reqwest::Method::GET, path)).await?)
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, ProviderError> {
        let request = self.request(reqwest::Method::POST, path).header("idempotency-key", key).json(body);
        answer(http_client::send(request).await?)
    }

    fn facts(&self, json: Value) -> Result<Facts, ProviderError> {
        let payment: WirePayment = read(json)?;
        Ok(payment.facts(&self.config.merchant))
    }

    async fn provider_ref(&self, payment: &PaymentRef) -> Result<String, ProviderError> {
        match &payment.provider_ref {
            Some(known) => Ok(known.clone()),
            None => self.find(payment).await?.provider_ref.ok_or(ProviderError::NotFound),
        }
    }

    async fn find(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let list: WireList<Value> =
            read(self.get(&format!("/sandbox/v1/payments?reference={}", payment.payment)).await?)?;
        let first = list.data.into_iter().next().ok_or(ProviderError::NotFound)?;
        self.facts(first)
    }
}

/// 2xx: the body. 404: not found. Other 4xx: refused. Everything else: who knows.
fn answer((status, body): (u16, Value)) -> Result<Value, ProviderError> {
    let text =
        |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str).map(str::to_owned);
    match status {
        200..=299 => Ok(body),
        404 => Err(ProviderError::NotFound),
        408 | 409 | 425 | 429 => Err(ProviderError::Unknown(format!("status {status}: {:?}", text("code")))),
        400..=499 => Err(ProviderError::Refused {
            code: text("code").unwrap_or_else(|| status.to_string()),
            message: text("message").unwrap_or_default(),
        }),
        _ => Err(ProviderError::Unknown(format!("status {status}"))),
    }
}

fn read<T: for<'de> Deserialize<'de>>(json: Value) -> Result<T, ProviderError> {
    serde_json::from_value(json).map_err(|e| ProviderError::Unknown(format!("unreadable answer: {e}")))
}

#[async_trait::async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        let key = request.payment.to_string();
        let body = json!({
            "reference": key,
            "amount": request.amount,
            "method": request.method.word(),
            "description": request.description,
            "locale": request.language.tag(),
            "return_url": request.return_url,
            "expires_at": request.expires_at,
            "save": request.save_method,
        });
        let opened: WirePayment = read(self.post("/sandbox/v1/payments", &key, &body).await?)?;
        Ok(Begun { provider_ref: Some(opened.id), pay_at: PayAt::Page(opened.url) })
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Facts, ProviderError> {
        let key = request.payment.to_string();
        let body = json!({
            "reference": key,
            "amount": request.amount,
            "saved": request.saved,
            "description": request.description,
            "return_url": request.return_url,
        });
        self.facts(self.post("/sandbox/v1/charges", &key, &body).await?)
    }

    async fn forget(&self, saved: &str) -> Result<(), ProviderError> {
        let path = format!("/sandbox/v1/saved/{saved}/forget");
        self.post(&path, &format!("{saved}:forget"), &json!({})).await.map(drop)
    }

    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        match &payment.provider_ref {
            Some(known) => self.facts(self.get(&format!("/sandbox/v1/payments/{known}")).await?),
            None => self.find(payment).await,
        }
    }

    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        let known = self.provider_ref(payment).await?;
        let key = format!("{}:cancel", payment.payment);
        self.facts(self.post(&format!("/sandbox/v1/payments/{known}/cancel"), &key, &json!({})).await?)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let key = &request.reference;
        let body = json!({ "reference": key, "capture": request.capture_ref, "amount": request.amount });
        let path = format!("/sandbox/v1/payments/{}/refunds", request.payment_ref);
        read::<WireRefund>(self.post(&path, key, &body).await?).map(WireRefund::fact)
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let list: WireList<WireRefund> =
            read(self.get(&format!("/sandbox/v1/refunds?reference={}", request.reference)).await?)?;
        list.data.into_iter().next().map(WireRefund::fact).ok_or(ProviderError::NotFound)
    }

    async fn list(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let path =
                format!("/sandbox/v1/payments?from={}&until={}&after={after}", from.as_ms(), until.as_ms());
            let page: WireList<WirePayment> = read(self.get(&path).await?)?;
            all.extend(page.data.into_iter().map(|payment| payment.facts(&self.config.merchant)));
            match page.next {
                Some(next) if next > after => after = next,
                _ => return Ok(all),
            }
        }
    }

    async fn bill(&self, day: Date, _: Option<&str>) -> Result<BillPage, ProviderError> {
        let lines: WireList<WireBillLine> = read(self.get(&format!("/sandbox/v1/bill?day={day}")).await?)?;
        lines.data.into_iter().map(WireBillLine::line).collect::<Result<_, _>>().map(BillPage::whole)
    }

    async fn parse_hook(
        &self,
        now: Timestamp,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<Hook, HookRejected> {
        let header = headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
        check_signature(&self.config.webhook_secrets, now, header.ok_or(HookRejected::BadSignature)?, raw)?;
        let event: WireEvent = serde_json::from_slice(raw).map_err(|_| HookRejected::Unreadable)?;
        if event.id.is_empty() || event.id.len() > 200 {
            return Err(HookRejected::Unreadable);
        }
        Ok(Hook {
            event_id: event.id,
            kind: event.r#type.chars().take(100).collect(),
            provider_ref: Some(event.data.id),
            reference: Some(event.data.reference),
        })
    }
}

/// Checks `t=…,v1=…` over `<t>.<raw>`, HMAC-SHA256, in constant time, against every secret and every `v1`.
fn check_signature(secrets: &[String], now: Timestamp, header: &str, raw: &[u8]) -> Result<(), HookRejected> {
    let parts: Vec<(&str, &str)> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let time = parts.iter().find(|(name, _)| *name == "t").map(|(_, value)| *value);
    let time = time.ok_or(HookRejected::BadSignature)?;
    let given: Vec<&str> = parts.iter().filter(|(name, _)| *name == "v1").map(|(_, value)| *value).collect();
    let good = secrets.iter().any(|secret| {
        let expected = signature(secret, time, raw);
        given.iter().fold(false, |good, one| good | bool::from(one.as_bytes().ct_eq(expected.as_bytes())))
    });
    if !good {
        return Err(HookRejected::BadSignature);
    }
    let seconds: i64 = time.parse().map_err(|_| HookRejected::BadSignature)?;
    let apart = (now.as_ms() / 1000).saturating_sub(seconds).saturating_abs();
    if apart > TOLERANCE_S { Err(HookRejected::Stale) } else { Ok(()) }
}

fn signature(secret: &str, time: &str, raw: &[u8]) -> String {
    hmac_hex(secret.as_bytes(), &[time.as_bytes(), b".", raw].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn signed(secret: &str, seconds: i64, raw: &[u8]) -> String {
        format!("t={seconds},v1={}", signature(secret, &seconds.to_string(), raw))
    }

    fn check(header: &str, raw: &[u8]) -> Result<(), HookRejected> {
        check_signature(&["old".to_owned(), "new".to_owned()], NOW, header, raw)
    }

    #[test]
    fn either_secret_is_good_while_they_are_rolled() {
        for secret in ["old", "new"] {
            assert_eq!(check(&signed(secret, 1_790_000_000, b"{}"), b"{}"), Ok(()));
        }
        let both =
            format!("{},v1={}", signed("gone", 1_790_000_000, b"{}"), signature("new", "1790000000", b"{}"));
        assert_eq!(check(&both, b"{}"), Ok(()));
    }

    #[test]
    fn a_changed_body_time_or_secret_is_refused() {
        let good = signed("new", 1_790_000_000, b"{\"a\":1}");
        assert_eq!(check(&good, b"{\"a\": 1}"), Err(HookRejected::BadSignature));
        assert_eq!(check(&good.replace("t=179", "t=178"), b"{\"a\":1}"), Err(HookRejected::BadSignature));
        assert_eq!(check(&signed("other", 1_790_000_000, b"{}"), b"{}"), Err(HookRejected::BadSignature));
        for bad in ["", "t=1", "v1=", "t=,v1=", "t=1790000000,v1=", "t=x,v1=y,v1"] {
            assert_eq!(check(bad, b"{}"), Err(HookRejected::BadSignature), "{bad}");
        }
    }

    #[test]
    fn an_old_signature_is_stale() {
        assert_eq!(check(&signed("new", 1_790_000_000 - 301, b"{}"), b"{}"), Err(HookRejected::Stale));
        assert_eq!(check(&signed("new", 1_790_000_000 + 301, b"{}"), b"{}"), Err(HookRejected::Stale));
        assert_eq!(check(&signed("new", 1_790_000_000 - 299, b"{}"), b"{}"), Ok(()));
    }
}
