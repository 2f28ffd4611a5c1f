//! Every request gets an id, a span, a log line and a measurement.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Extensions, HeaderName, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::Response,
};
use tracing::Instrument as _;

use crate::App;

/// Names a request in the log, on a problem's page and in `X-Request-Id`: eight characters that a person can read out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

impl RequestId {
    fn new(random: [u8; 8]) -> Self {
        let letter = |byte: u8| LETTERS.get(usize::from(byte & 31)).copied().map_or('0', char::from);
        Self(random.into_iter().map(letter).collect())
    }

    /// The id of the request with these extensions.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_else(|| Self("00000000".into()))
    }

    /// The eight characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Only the route's pattern is logged and measured: paths and queries may hold what a log must not.
pub(crate) async fn request(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::new(app.env.random());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = id.as_str(), %method, route);
    request.extensions_mut().insert(id.clone());
    async move {
        let start_ns = app.env.clock.monotonic_ns();
        let mut response = next.run(request).await;
        let taken_ns = app.env.clock.monotonic_ns().saturating_sub(start_ns);
        report(&method, route, response.status(), taken_ns);
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(HEADER, value);
        }
        response
    }
    .instrument(span)
    .await
}

fn report(method: &Method, route: String, status: StatusCode, taken_ns: u64) {
    let taken = std::time::Duration::from_nanos(taken_ns);
    tracing::info!(status = status.as_u16(), taken_us = taken.as_micros(), "answered");
    let status = status.as_str().to_owned();
    let labels = [("method", method.to_string()), ("route", route), ("status", status)];
    metrics::histogram!("http_request_seconds", &labels).record(taken.as_secs_f64());
}
