//! Requests that we sign and answers that WeChat Pay signed.

use basis::{Env, Problem, SECOND_MS, Timestamp};
use http::HeaderMap;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::WechatPayConfig;
use super::keys::{Distrust, Keys, Signed};
use crate::hook::HookRejected;
use crate::http_client::{self, ANSWER_BYTES_MAX, Raw};
use crate::provider::ProviderError;
use crate::signing::PrivateKey;

/// Where their certificates are.
const CERTIFICATES: &str = "/v3/certificates";
/// Codes with which a 4xx says that it is not decided: too often, a fault of theirs, or already paid.
const UNDECIDED: [&str; 7] = [
    "BANK_ERROR",
    "FREQUENCY_LIMITED",
    "FREQUENCY_LIMIT_EXCEED",
    "ORDERPAID",
    "RATELIMIT_EXCEEDED",
    "SYSTEM_ERROR",
    "USERPAYING",
];

/// The signed conversation.
pub(super) struct Channel {
    config: WechatPayConfig,
    key: PrivateKey,
    keys: Keys,
    client: reqwest::Client,
    env: Env,
}

/// An error answer.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WireError {
    code: String,
    message: String,
}

impl Channel {
    pub(super) fn new(config: WechatPayConfig, env: Env) -> Result<Self, Problem> {
        if config.api_v3_key.len() != 32 {
            return Err(Problem::internal("the APIv3 key has not 32 bytes"));
        }
        Ok(Self {
            key: PrivateKey::read(&config.private_key)?,
            keys: Keys::new(config.public_key.clone())?,
            client: http_client::client()?,
            config,
            env,
        })
    }

    pub(super) fn api_v3_key(&self) -> &[u8] {
        self.config.api_v3_key.as_bytes()
    }

    /// Asks, and reads a checked answer.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        read(&self.call(&Method::GET, path, "").await?)
    }

    /// Tells, and reads a checked answer. Whatever is told must be safe to repeat.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, ProviderError> {
        read(&self.call(&Method::POST, path, &body.to_string()).await?)
    }

    /// The same for what is answered without words.
    pub(super) async fn post_silent(&self, path: &str, body: &Value) -> Result<(), ProviderError> {
        self.call(&Method::POST, path, &body.to_string()).await.map(drop)
    }

    /// A file of at most so many bytes, whose answer is not signed: its hash was told in one that is.
    pub(super) async fn download(&self, path: &str, max: usize) -> Result<Vec<u8>, ProviderError> {
        let raw = http_client::send_raw(self.request(&Method::GET, path, "")?, max).await?;
        if raw.status == 200 { Ok(raw.body) } else { Err(trouble(&raw)) }
    }

    /// Checks who signed a message.
    pub(super) async fn check(
        &self,
        now: Timestamp,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<(), HookRejected> {
        Ok(self.checked(now, headers, raw).await?)
    }

    /// The body of a 2xx. An answer that only tries whether we check signatures is asked for again: everything that we say
    /// may be said twice.
    async fn call(&self, method: &Method, path: &str, body: &str) -> Result<Vec<u8>, ProviderError> {
        match self.call_once(method, path, body).await? {
            Ok(answer) => Ok(answer),
            Err(Distrust::Probe) => Ok(self.call_once(method, path, body).await??),
            Err(distrust) => Err(distrust.into()),
        }
    }

    async fn call_once(
        &self,
        method: &Method,
        path: &str,
        body: &str,
    ) -> Result<Result<Vec<u8>, Distrust>, ProviderError> {
        let raw = http_client::send_raw(self.request(method, path, body)?, ANSWER_BYTES_MAX).await?;
        if !(200..300).contains(&raw.status) {
            return Err(trouble(&raw));
        }
        Ok(self.checked(self.env.now(), &raw.headers, &raw.body).await.map(|()| raw.body))
    }

    async fn checked(&self, now: Timestamp, headers: &HeaderMap, raw: &[u8]) -> Result<(), Distrust> {
        let signed = Signed::read(headers, raw)?;
        signed.is_of_now(now)?;
        let key = self.keys.of(&signed.serial, now, || self.certificates()).await?;
        signed.is_by(&key)
    }

    /// Their certificates as they show them now. Nobody has a key to check this answer with before it has come; what it
    /// holds is sealed with the APIv3 key, which only they and we have.
    async fn certificates(&self) -> Result<Vec<(String, String)>, ProviderError> {
        let request = self.request(&Method::GET, CERTIFICATES, "")?;
        let raw = http_client::send_raw(request, ANSWER_BYTES_MAX).await?;
        if raw.status != 200 {
            return Err(trouble(&raw));
        }
        super::wire::read_certificates(self.api_v3_key(), &raw.body, self.env.now())
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: &str,
    ) -> Result<reqwest::RequestBuilder, ProviderError> {
        let base = self.config.base_url.as_str().trim_end_matches('/');
        let mut request = self
            .client
            .request(method.clone(), format!("{base}{path}"))
            .header("accept", "application/json")
            .header("user-agent", "heyon")
            .header("authorization", self.authorization(method, path, body)?);
        if let Some(id) = self.keys.public_key_id() {
            request = request.header("wechatpay-serial", id);
        }
        if *method == Method::POST {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        Ok(request)
    }

    fn authorization(&self, method: &Method, path: &str, body: &str) -> Result<String, ProviderError> {
        let seconds = self.env.now().as_ms() / SECOND_MS;
        let nonce = format!("{:032X}", u128::from_be_bytes(self.env.random()));
        let message = format!("{method}\n{path}\n{seconds}\n{nonce}\n{body}\n");
        let signature = self.key.sign(message.as_bytes());
        let signature = signature.map_err(|problem| ProviderError::Unknown(problem.to_string()))?;
        let WechatPayConfig { mchid, certificate_serial, .. } = &self.config;
        Ok(format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
             timestamp=\"{seconds}\",serial_no=\"{certificate_serial}\""
        ))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|e| ProviderError::Unknown(format!("unreadable answer: {e}")))
}

/// What an error answer means. A signature of ours that they do not know says nothing about the payment.
fn trouble(raw: &Raw) -> ProviderError {
    let WireError { code, message } = serde_json::from_slice(&raw.body).unwrap_or_default();
    match raw.status {
        404 => ProviderError::NotFound,
        400..=499 if !matches!(raw.status, 401 | 408 | 425 | 429) && !UNDECIDED.contains(&code.as_str()) => {
            ProviderError::Refused { code, message }
        }
        status => ProviderError::Unknown(format!("status {status}: {code}: {message}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(status: u16, code: &str) -> ProviderError {
        let body = serde_json::json!({ "code": code, "message": "", "detail": { "field": "x" } });
        trouble(&Raw { status, headers: HeaderMap::new(), body: body.to_string().into_bytes() })
    }

    #[test]
    fn only_a_decided_no_is_a_refusal() {
        for (status, code) in [(400, "PARAM_ERROR"), (403, "NOT_ENOUGH"), (400, "OUT_TRADE_NO_USED")] {
            assert!(matches!(means(status, code), ProviderError::Refused { .. }), "{code}");
        }
        assert!(matches!(means(404, "ORDER_NOT_EXIST"), ProviderError::NotFound));
        for (status, code) in [
            (401, "SIGN_ERROR"),
            (429, "FREQUENCY_LIMITED"),
            (500, "SYSTEM_ERROR"),
            (400, "ORDERPAID"),
            (302, ""),
        ] {
            assert!(matches!(means(status, code), ProviderError::Unknown(_)), "{code}");
        }
        let wordless = Raw { status: 502, headers: HeaderMap::new(), body: b"<html>".to_vec() };
        assert!(matches!(trouble(&wordless), ProviderError::Unknown(_)));
    }
}
