//! Messages from providers. A webhook is a hint: it is verified, kept and answered; a job asks the provider itself.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use payments::HookRejected;

use crate::App;

/// Every provider's webhook.
pub fn routes() -> Router<App> {
    Router::new().route("/hooks/{provider}", post(receive))
}

/// 2xx only once the message is durable. A provider that gets 4xx may stop sending it, one that gets 503 tries again.
async fn receive(
    State(app): State<App>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    raw: Bytes,
) -> Response {
    match payments::receive_hook(&app.db, &app.env, &app.desk.providers, &provider, &headers, &raw).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(rejected) => refuse(&provider, &rejected),
    }
}

fn refuse(provider: &str, rejected: &HookRejected) -> Response {
    metrics::counter!("webhooks_refused_total", "reason" => reason(rejected)).increment(1);
    tracing::warn!(provider, %rejected, "webhook refused");
    let status = match rejected {
        HookRejected::UnknownProvider => StatusCode::NOT_FOUND,
        HookRejected::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        HookRejected::BadSignature => StatusCode::UNAUTHORIZED,
        HookRejected::Stale | HookRejected::Unreadable => StatusCode::BAD_REQUEST,
        HookRejected::Unavailable(_) => {
            let soon = (header::RETRY_AFTER, HeaderValue::from_static("5"));
            return (StatusCode::SERVICE_UNAVAILABLE, [soon]).into_response();
        }
    };
    (status, reason(rejected)).into_response()
}

const fn reason(rejected: &HookRejected) -> &'static str {
    match rejected {
        HookRejected::UnknownProvider => "unknown provider",
        HookRejected::TooLarge => "too large",
        HookRejected::BadSignature => "bad signature",
        HookRejected::Stale => "signed outside the tolerated time",
        HookRejected::Unreadable => "unreadable",
        HookRejected::Unavailable(_) => "unavailable",
    }
}
