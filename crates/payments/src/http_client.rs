//! The one HTTP client of all providers.

use std::time::Duration;

use basis::Problem;
use http::HeaderMap;
use serde_json::Value;

use crate::provider::ProviderError;

/// No provider's answer is larger.
pub(crate) const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A client that never follows a redirect and never waits for long.
pub(crate) fn client() -> Result<reqwest::Client, Problem> {
    // The client wants its TLS named once in the process; a second naming changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| Problem::internal(format!("HTTP client: {e}")))
}

/// An answer as it came.
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Sends, and reads a JSON answer with its status; 204 is an answer without content (RFC 9110, section 15.3.5).
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Result<(u16, Value), ProviderError> {
    let Raw { status, body, .. } = send_raw(request, ANSWER_BYTES_MAX).await?;
    if status == 204 {
        return Ok((status, Value::Null));
    }
    let json = serde_json::from_slice(&body);
    json.map(|json| (status, json))
        .map_err(|_| ProviderError::Unknown(format!("status {status} without JSON")))
}

/// Sends, and reads an answer of at most so many bytes.
pub(crate) async fn send_raw(request: reqwest::RequestBuilder, max: usize) -> Result<Raw, ProviderError> {
    let unknown = |e: reqwest::Error| ProviderError::Unknown(e.without_url().to_string());
    let mut answer = request.send().await.map_err(unknown)?;
    let (status, headers) = (answer.status().as_u16(), std::mem::take(answer.headers_mut()));
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unknown)? {
        if body.len() + chunk.len() > max {
            return Err(ProviderError::Unknown("answer too large".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Raw { status, headers, body })
}
