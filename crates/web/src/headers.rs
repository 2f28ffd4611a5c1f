//! The headers that every answer carries.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::{App, app::Config};

const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];
const HSTS: &str = "max-age=31536000";

/// Sets the headers of security, and for whatever says nothing else: do not keep it.
pub(crate) async fn set(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy_of_referrer = HeaderValue::from_static(referrer(headers));
    headers.insert(header::REFERRER_POLICY, policy_of_referrer);
    put(headers, header::CONTENT_SECURITY_POLICY, &policy(&app.config));
    if app.config.tls() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

/// Others never hear which page someone came from. A provider to which we lead a payer hears from which site: WeChat Pay
/// shows a phone nothing else but an error.
fn referrer(headers: &HeaderMap) -> &'static str {
    let place = headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
    match place {
        Some(place) if !place.starts_with('/') => "strict-origin",
        _ => "same-origin",
    }
}

/// Everything comes from ourselves, nothing is inline. A form may lead to a provider's pay page: browsers check the
/// redirect after a form too.
fn policy(config: &Config) -> String {
    let pay = config.pay_origins.join(" ");
    format!(
        "default-src 'self'; form-action 'self' {pay}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
