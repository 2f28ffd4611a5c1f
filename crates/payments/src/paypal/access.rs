//! Speaking to PayPal: one token for all requests, and its errors.

use basis::{Env, Problem, SECOND_MS, Timestamp};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::sync::Mutex;

use super::PayPalConfig;
use crate::http_client;
use crate::provider::ProviderError;

/// A token is renewed so long before its end.
const SKEW_MS: i64 = 300 * SECOND_MS;

/// What PayPal would not do.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// PayPal's word: `INSTRUMENT_DECLINED`.
    pub(super) issue: String,
    /// PayPal's sentence.
    pub(super) message: String,
    /// Where the payer can mend it.
    pub(super) link: Option<String>,
}

/// How a request can fail.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Refused(Refusal),
    NotFound,
    Unknown(String),
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(Refusal { issue, message, .. }) => Self::Refused { code: issue, message },
            Failure::NotFound => Self::NotFound,
            Failure::Unknown(why) => Self::Unknown(why),
        }
    }
}

struct Token {
    text: String,
    renew_at: Timestamp,
}

/// The way to PayPal's API.
pub(super) struct Access {
    client: reqwest::Client,
    base: String,
    client_id: String,
    client_secret: String,
    env: Env,
    token: Mutex<Option<Token>>,
}

impl Access {
    pub(super) fn new(config: &PayPalConfig, env: &Env) -> Result<Self, Problem> {
        Ok(Self {
            client: http_client::client()?,
            base: config.base_url.as_str().trim_end_matches('/').to_owned(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            env: env.clone(),
            token: Mutex::new(None),
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(|| self.client.request(Method::GET, format!("{}{path}", self.base))).await
    }

    /// Under this key PayPal does it once, as long as it keeps the key.
    pub(super) async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Value, Failure> {
        let request = || {
            let request = self.client.request(Method::POST, format!("{}{path}", self.base));
            request.header("paypal-request-id", key).header("prefer", "return=representation").json(body)
        };
        self.send(request).await
    }

    /// Deletes; what is gone is not found.
    pub(super) async fn delete(&self, path: &str) -> Result<(), Failure> {
        let request = || self.client.request(Method::DELETE, format!("{}{path}", self.base));
        self.send(request).await.map(drop)
    }

    /// A token that is refused was revoked: nothing was done, and another one may do.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Value, Failure> {
        let token = self.token(None).await?;
        let first = answer(http_client::send(request().bearer_auth(&token)).await);
        let Err(Refused::Token) = first else { return first.map_err(Refused::failure) };
        let token = self.token(Some(&token)).await?;
        answer(http_client::send(request().bearer_auth(&token)).await).map_err(Refused::failure)
    }

    /// The token, fetched by one request at a time if there is none that is good, or only this refused one.
    async fn token(&self, refused: Option<&str>) -> Result<String, Failure> {
        let mut kept = self.token.lock().await;
        let now = self.env.now();
        if let Some(token) = kept.as_ref()
            && now < token.renew_at
            && refused != Some(token.text.as_str())
        {
            return Ok(token.text.clone());
        }
        let token = self.fetch_token(now).await?;
        let text = token.text.clone();
        *kept = Some(token);
        Ok(text)
    }

    async fn fetch_token(&self, now: Timestamp) -> Result<Token, Failure> {
        let request = self
            .client
            .post(format!("{}/v1/oauth2/token", self.base))
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .form(&[("grant_type", "client_credentials")]);
        let sent = http_client::send(request).await;
        let (status, body) = sent.map_err(|error| Failure::Unknown(error.to_string()))?;
        let text = body.get("access_token").and_then(Value::as_str);
        let seconds = body.get("expires_in").and_then(Value::as_i64).unwrap_or(0);
        match text {
            Some(text) if status == 200 => {
                let renew_at = now.plus_ms(seconds.saturating_mul(SECOND_MS).saturating_sub(SKEW_MS));
                Ok(Token { text: text.to_owned(), renew_at })
            }
            _ => Err(Failure::Unknown(format!("PayPal gives no token: status {status}"))),
        }
    }
}

/// What a request comes to that is not answered with what was asked for.
enum Refused {
    Token,
    Other(Failure),
}

impl Refused {
    /// A second token that is refused says nothing about what was asked.
    fn failure(self) -> Failure {
        match self {
            Self::Token => Failure::Unknown("PayPal refuses its own token".to_owned()),
            Self::Other(failure) => failure,
        }
    }
}

/// 2xx: the body. 401: the token. 404: not found. Other 4xx: refused, unless it only says that it is too early or too
/// often. Everything else: who knows.
fn answer(sent: Result<(u16, Value), ProviderError>) -> Result<Value, Refused> {
    let (status, body) = sent.map_err(|error| Refused::Other(Failure::Unknown(error.to_string())))?;
    let failure = match status {
        200..=299 => return Ok(body),
        401 => return Err(Refused::Token),
        404 => Failure::NotFound,
        400..=499 => refused(status, &body),
        _ => Failure::Unknown(format!("status {status}")),
    };
    Err(Refused::Other(failure))
}

fn refused(status: u16, body: &Value) -> Failure {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let issue = text("/details/0/issue").or_else(|| text("/name")).unwrap_or_else(|| status.to_string());
    let under_way = ["PREVIOUS_REQUEST_IN_PROGRESS", "DUPLICATE_REQUEST_ID", "RESOURCE_CONFLICT"];
    if matches!(status, 408 | 409 | 425 | 429) || under_way.contains(&issue.as_str()) {
        return Failure::Unknown(format!("status {status}: {issue}"));
    }
    if issue == "INVALID_RESOURCE_ID" {
        return Failure::NotFound;
    }
    let message = text("/details/0/description").or_else(|| text("/message")).unwrap_or_default();
    Failure::Refused(Refusal { issue, message, link: mending_link(body) })
}

fn mending_link(body: &Value) -> Option<String> {
    let links = body.get("links")?.as_array()?;
    let mends = |link: &&Value| {
        let rel = link.get("rel").and_then(Value::as_str);
        matches!(rel, Some("payer-action" | "redirect" | "approve"))
    };
    links.iter().find(mends)?.get("href")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(status: u16, body: Value) -> Failure {
        answer(Ok((status, body))).err().map(Refused::failure).unwrap()
    }

    #[test]
    fn what_paypal_would_not_do_is_told_apart_from_what_it_may_have_done() {
        let issue = |issue: &str| json!({ "name": "UNPROCESSABLE_ENTITY", "details": [{ "issue": issue }] });
        let refused = asked(422, issue("INSTRUMENT_DECLINED"));
        assert!(matches!(refused, Failure::Refused(refusal) if refusal.issue == "INSTRUMENT_DECLINED"));
        for (status, body) in [
            (422, issue("PREVIOUS_REQUEST_IN_PROGRESS")),
            (422, issue("DUPLICATE_REQUEST_ID")),
            (429, json!({ "name": "RATE_LIMIT_REACHED" })),
            (401, json!({ "error": "invalid_token" })),
            (500, json!({ "name": "INTERNAL_SERVER_ERROR" })),
            (302, json!({})),
        ] {
            assert!(matches!(asked(status, body), Failure::Unknown(_)), "{status}");
        }
        assert!(matches!(asked(404, json!({})), Failure::NotFound));
        assert!(matches!(asked(403, json!("?")), Failure::Refused(refusal) if refusal.issue == "403"));
    }

    #[test]
    fn the_payer_is_led_to_where_they_can_mend_it() {
        let links = json!([{ "rel": "self", "href": "a" }, { "rel": "payer-action", "href": "b" }]);
        let refused = asked(422, json!({ "name": "PAYER_ACTION_REQUIRED", "links": links }));
        assert!(matches!(refused, Failure::Refused(refusal) if refusal.link.as_deref() == Some("b")));
    }
}
