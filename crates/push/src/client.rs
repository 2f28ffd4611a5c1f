//! The HTTP client of messages: never follows a redirect, never waits for long, reaches public addresses only.

use std::{error::Error, net::SocketAddr, time::Duration};

use basis::{Problem, SECOND_MS, Timestamp};
use reqwest::{
    StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderMap, RETRY_AFTER},
};
use url::Url;

use crate::services::{Services, is_public};

/// Speaks to push services.
pub(crate) struct Client(reqwest::Client);

/// A message as it goes out (RFC 8030, section 5).
pub(crate) struct Outgoing {
    pub(crate) endpoint: Url,
    pub(crate) authorization: String,
    pub(crate) ttl_s: i64,
    pub(crate) urgent: bool,
    pub(crate) topic: String,
    pub(crate) body: Vec<u8>,
}

/// What a push service says of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has the message.
    Taken,
    /// The device is there no more.
    Gone,
    /// It takes it later; then, if it says when.
    Later(Option<Timestamp>),
    /// It will never take it, and says why.
    Refused(String),
}

/// What is kept of a service's reason.
const REASON_MAX: usize = 200;
/// A service that wants us to wait for longer is asked after so long.
const WAIT_MAX_MS: i64 = 3600 * SECOND_MS;

impl Client {
    pub(crate) fn new(services: &Services) -> Result<Self, Problem> {
        // The client wants its TLS named once in the process; a second naming changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(PublicOnly(services.clone()))
            .build();
        client.map(Self).map_err(|error| Problem::internal(format!("HTTP client: {error}")))
    }

    /// Hands a message to its push service.
    ///
    /// # Errors
    /// Unavailable if the service does not answer. The endpoint is a secret, so no error names it.
    pub(crate) async fn send(&self, now: Timestamp, message: Outgoing) -> Result<Answer, Problem> {
        let silent = |error: reqwest::Error| {
            let host = error.url().and_then(Url::host_str).unwrap_or("a push service").to_owned();
            Problem::unavailable(format!("{host}: {}", causes(&error.without_url())))
        };
        let request = self
            .0
            .post(message.endpoint)
            .header("Authorization", message.authorization)
            .header("TTL", message.ttl_s)
            .header("Urgency", if message.urgent { "high" } else { "normal" })
            .header("Topic", message.topic)
            .header("Content-Encoding", "aes128gcm")
            .header("Content-Type", "application/octet-stream")
            .body(message.body);
        let mut answer = request.send().await.map_err(silent)?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        Ok(match status {
            _ if status.is_success() => Answer::Taken,
            StatusCode::NOT_FOUND | StatusCode::GONE => Answer::Gone,
            StatusCode::TOO_MANY_REQUESTS => Answer::Later(retry_after(now, &headers)),
            _ if status.is_server_error() => Answer::Later(retry_after(now, &headers)),
            _ => Answer::Refused(format!("{status} {}", reason(answer).await)),
        })
    }
}

/// An error with what lies behind it; `reqwest` alone says "error sending request".
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// The beginning of an answer, on one line.
async fn reason(mut answer: reqwest::Response) -> String {
    let chunk = answer.chunk().await.ok().flatten().unwrap_or_default();
    let text = String::from_utf8_lossy(&chunk);
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(REASON_MAX).collect()
}

/// When to ask again: in so many seconds, or at that date (RFC 9110, section 10.2.3).
fn retry_after(now: Timestamp, headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait_ms = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(SECOND_MS),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            date.timestamp().as_millisecond().saturating_sub(now.as_ms())
        }
    };
    Some(now.plus_ms(wait_ms.clamp(SECOND_MS, WAIT_MAX_MS)))
}

/// Finds public addresses only, whatever a name says; the names that the operator vouches for may be anywhere.
struct PublicOnly(Services);

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let vouched = self.0.vouches_for(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let there: Vec<SocketAddr> = found.filter(|address| vouched || is_public(address.ip())).collect();
            if there.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok::<Addrs, Box<dyn Error + Send + Sync>>(Box::new(there.into_iter()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_says_when_to_come_again_in_seconds_or_by_a_date() {
        // 2026-09-21 14:13:20 UTC.
        let now = Timestamp(1_790_000_000_000);
        let wait = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(now, &headers).map(|at| at.since(now) / SECOND_MS)
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Mon, 21 Sep 2026 14:14:20 GMT"), Some(60));
        assert_eq!(wait("Mon, 21 Sep 2026 14:00:00 GMT"), Some(1), "long past");
        assert_eq!(wait("86400"), Some(3600));
        assert_eq!(wait("-5"), Some(1));
        assert_eq!((wait("soon"), retry_after(now, &HeaderMap::new())), (None, None));
    }

    #[tokio::test]
    async fn a_name_that_leads_into_our_own_network_is_not_followed() {
        let found = |services: &[&str]| {
            let list: Vec<String> = services.iter().map(|entry| (*entry).to_owned()).collect();
            PublicOnly(Services::read(&list).unwrap()).resolve("localhost".parse().unwrap())
        };
        let said = found(&[]).await.map(drop).unwrap_err().to_string();
        assert_eq!(said, "localhost has no public address");
        assert!(found(&["http://localhost:9000"]).await.unwrap().count() > 0);
    }
}
