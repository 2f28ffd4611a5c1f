//! Requests that we sign, answers and messages that Antom signed: `POST <path>\n<client-id>.<time>.<body>`.
//! docs.antom.com/ac/ams/digital_signature.

use basis::{Env, Problem, Timestamp};
use http::HeaderMap;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::wire::{self, Answer};
use super::{AntomConfig, SANDBOX};
use crate::hook::HookRejected;
use crate::http_client::{self, ANSWER_BYTES_MAX, Raw};
use crate::provider::ProviderError;
use crate::signing::{PrivateKey, PublicKey};

/// The signed conversation.
pub(super) struct Channel {
    url: Url,
    client_id: String,
    key: PrivateKey,
    key_version: u32,
    theirs: Vec<PublicKey>,
    client: reqwest::Client,
    env: Env,
}

impl Channel {
    pub(super) fn new(config: AntomConfig, env: Env) -> Result<Self, Problem> {
        let theirs = config.antom_public_keys.iter().map(|text| PublicKey::read(text));
        Ok(Self {
            theirs: theirs.collect::<Result<_, _>>()?,
            key: PrivateKey::read(&config.private_key)?,
            key_version: config.key_version,
            client: http_client::client()?,
            url: config.url,
            client_id: config.client_id,
            env,
        })
    }

    /// Asks, and answers what Antom signed, or did not sign where that is no yes. Whatever is asked for must be safe to
    /// repeat.
    pub(super) async fn ask(&self, verb: &str, body: &Value) -> Result<Answer, ProviderError> {
        let path = self.path(verb);
        let (now, body) = (wire::time(self.env.now()), body.to_string());
        let signature = self.signature(&path, &now, &body);
        let signature = signature.map_err(|problem| ProviderError::Unknown(problem.to_string()))?;
        let request = self
            .client
            .post(format!("{}{path}", self.url.as_str().trim_end_matches('/')))
            .header("content-type", "application/json; charset=UTF-8")
            .header("client-id", &self.client_id)
            .header("request-time", now)
            .header("signature", signature)
            .body(body);
        let raw = http_client::send_raw(request, ANSWER_BYTES_MAX).await?;
        self.answer(&path, &raw).map_err(|what| ProviderError::Unknown(format!("{verb}: {what}")))
    }

    /// Antom's sandbox has the same address and paths of its own.
    fn path(&self, verb: &str) -> String {
        let api = if self.client_id.starts_with(SANDBOX) { "/ams/sandbox/api" } else { "/ams/api" };
        format!("{api}/v1/payments/{verb}")
    }

    /// The header's value.
    pub(super) fn signature(&self, path: &str, time: &str, body: &str) -> Result<String, Problem> {
        let signed = self.key.sign(&self.signed(path, time, body.as_bytes()))?;
        let signed: String = form_urlencoded::byte_serialize(signed.as_bytes()).collect();
        Ok(format!("algorithm=RSA256,keyVersion={},signature={signed}", self.key_version))
    }

    fn signed(&self, path: &str, time: &str, body: &[u8]) -> Vec<u8> {
        [format!("POST {path}\n{}.{time}.", self.client_id).as_bytes(), body].concat()
    }

    /// An answer without any signature is read as one if it is no yes: who is not known at all, or signs wrongly, gets such.
    pub(super) fn answer(&self, path: &str, raw: &Raw) -> Result<Answer, String> {
        if raw.status != 200 {
            return Err(format!("status {}", raw.status));
        }
        let (signature, time) = (text(&raw.headers, "signature"), text(&raw.headers, "response-time"));
        let answer = Answer::of(&raw.body, signature.is_some() || time.is_some())?;
        let good = match (signature, time) {
            (Some(signature), Some(time)) => self.is_theirs(&self.signed(path, time, &raw.body), signature),
            (None, None) => !answer.is_yes(),
            _ => false,
        };
        if good { Ok(answer) } else { Err("an answer without Antom's signature".to_owned()) }
    }

    /// Who signed a message, and when.
    ///
    /// # Errors
    /// Bad signature if Antom did not sign it for us, at this path.
    pub(super) fn check_message(
        &self,
        path: &str,
        headers: &HeaderMap,
        raw: &[u8],
    ) -> Result<Timestamp, HookRejected> {
        let part = |name| text(headers, name).ok_or(HookRejected::BadSignature);
        let (time, signature) = (part("request-time")?, part("signature")?);
        if part("client-id")? != self.client_id || !self.is_theirs(&self.signed(path, time, raw), signature) {
            return Err(HookRejected::BadSignature);
        }
        wire::read_time(time).ok_or(HookRejected::Unreadable)
    }

    /// Whether any of Antom's keys signed this; `header` is `algorithm=RSA256, keyVersion=1, signature=…`.
    fn is_theirs(&self, signed: &[u8], header: &str) -> bool {
        let encoded = header.split(',').find_map(|part| part.trim().strip_prefix("signature="));
        let decoded = form_urlencoded::parse(encoded.unwrap_or_default().as_bytes()).next();
        decoded.is_some_and(|(base64, _)| self.theirs.iter().any(|key| key.verifies(signed, &base64)))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
