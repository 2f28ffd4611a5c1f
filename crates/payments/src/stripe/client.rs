//! Stripe's HTTP: forms in, JSON out, one pinned version.

use basis::{Problem, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::StripeConfig;
use crate::http_client;
use crate::provider::ProviderError;

/// The version of the API that this file and `wire.rs` are written for; an account's own version does not matter.
const VERSION: &str = "2026-10-28.endive";

/// A form with Stripe's nested names, in the order in which it was made.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// One more field, such as `line_items[0][quantity]`.
    pub(super) fn put(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What a POST was answered.
pub(super) enum Answer {
    /// It is done.
    Done(Value),
    /// The payer's bank refused; the payment as it stands.
    Declined(Value),
    /// Stripe's inner error 500. It is kept for its idempotency key, so a repeat would be answered the same.
    Broken,
}

impl Answer {
    /// The answer of what no bank has a say in.
    pub(super) fn whole(self) -> Result<Value, ProviderError> {
        match self {
            Self::Done(json) => Ok(json),
            Self::Declined(_) => Err(ProviderError::Unknown("declined what no bank was asked".to_owned())),
            Self::Broken => Err(ProviderError::Unknown("status 500".to_owned())),
        }
    }
}

/// Whose the key is.
#[derive(Clone, Copy)]
pub(super) struct Account<'a> {
    /// The account, if it was named.
    pub(super) id: &'a str,
    /// The key belongs to it.
    pub(super) fits: bool,
}

pub(super) struct Client {
    http: reqwest::Client,
    config: StripeConfig,
    key_fits: std::sync::OnceLock<bool>,
}

impl Client {
    pub(super) fn new(config: StripeConfig) -> Result<Self, Problem> {
        Ok(Self { http: http_client::client()?, config, key_fits: std::sync::OnceLock::new() })
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let base = self.config.base_url.as_str().trim_end_matches('/');
        let request = self.http.request(method, format!("{base}{path}"));
        request.bearer_auth(&self.config.secret_key).header("stripe-version", VERSION)
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ProviderError> {
        let request = self.request(reqwest::Method::GET, path).query(query);
        answer(http_client::send(request).await?)?.whole()
    }

    pub(super) async fn post(&self, path: &str, key: &str, form: &Form) -> Result<Answer, ProviderError> {
        let request = self.request(reqwest::Method::POST, path).header("idempotency-key", key).form(&form.0);
        answer(http_client::send(request).await?)
    }

    /// Every object made in `[from, until)`, newest first.
    pub(super) async fn all_between(
        &self,
        path: &str,
        from: Timestamp,
        until: Timestamp,
        expand: &str,
    ) -> Result<Vec<Value>, ProviderError> {
        let mut all: Vec<Value> = Vec::new();
        let mut after = None;
        loop {
            let part = self.part_between(path, (from, until), expand, after.as_deref()).await?;
            all.extend(part.objects);
            after = part.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// At most 100 of them, after the one of this name.
    pub(super) async fn part_between(
        &self,
        path: &str,
        (from, until): (Timestamp, Timestamp),
        expand: &str,
        after: Option<&str>,
    ) -> Result<Part, ProviderError> {
        let (from, until) = (seconds_up(from), seconds_up(until));
        let mut query = vec![
            ("created[gte]", from.as_str()),
            ("created[lt]", &until),
            ("limit", "100"),
            ("expand[]", expand),
        ];
        query.extend(after.map(|after| ("starting_after", after)));
        let page: Page = read(self.get(path, &query).await?)?;
        let last = page.data.last().and_then(|last| last.get("id")).and_then(Value::as_str);
        let next = last.filter(|_| page.has_more).map(str::to_owned);
        Ok(Part { objects: page.data, next })
    }

    /// Whose the key is; asked once, and only if an account was named.
    pub(super) async fn account(&self) -> Result<Account<'_>, ProviderError> {
        let id = self.config.account.as_str();
        let fits = match self.key_fits.get() {
            _ if id.is_empty() => true,
            Some(fits) => *fits,
            None => {
                let told = self.get("/v1/account", &[]).await?;
                let fits = told.get("id").and_then(Value::as_str) == Some(id);
                *self.key_fits.get_or_init(|| fits)
            }
        };
        Ok(Account { id, fits })
    }
}

/// A part of a list.
pub(super) struct Part {
    pub(super) objects: Vec<Value>,
    /// Names the part that follows.
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Value>,
    #[serde(default)]
    has_more: bool,
}

/// The first whole second that is not before this.
fn seconds_up(at: Timestamp) -> String {
    let ms = at.as_ms().max(0);
    (ms / basis::SECOND_MS + i64::from(ms % basis::SECOND_MS > 0)).to_string()
}

/// 402 is the bank's no; 400 and its like mean that nothing happened, unless they are about the key (401, 403), about another
/// request with the same idempotency key, or about haste: then nobody knows.
fn answer((status, body): (u16, Value)) -> Result<Answer, ProviderError> {
    let text = |name: &str| body.pointer(&format!("/error/{name}")).and_then(Value::as_str);
    let unknown = || ProviderError::Unknown(format!("status {status}: {:?}", text("message")));
    match status {
        200..=299 => Ok(Answer::Done(body)),
        402 if body.pointer("/error/payment_intent").is_some() => {
            Ok(Answer::Declined(body.pointer("/error/payment_intent").cloned().unwrap_or_default()))
        }
        404 => Err(ProviderError::NotFound),
        401 | 403 | 408 | 409 | 425 | 429 => Err(unknown()),
        _ if text("type") == Some("idempotency_error") => Err(unknown()),
        400..=499 => Err(ProviderError::Refused {
            code: text("code").map_or_else(|| status.to_string(), str::to_owned),
            message: text("message").unwrap_or_default().to_owned(),
        }),
        500 => Ok(Answer::Broken),
        _ => Err(unknown()),
    }
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(json: Value) -> Result<T, ProviderError> {
    serde_json::from_value(json).map_err(|e| ProviderError::Unknown(format!("unreadable answer: {e}")))
}
