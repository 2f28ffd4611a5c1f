//! Messages from providers. A webhook is a hint: it is verified, kept and answered; a job asks the provider itself.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
    routing::post,
};
use payments::HookRejected;

use crate::App;

/// Every provider's webhook.
pub fn routes() -> Router<App> {
    Router::new().route("/hooks/{provider}", post(receive))
}

/// What the provider wants to hear; that it was taken only once the message is durable.
async fn receive(
    State(app): State<App>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    raw: Bytes,
) -> Response {
    let providers = &app.desk.providers;
    let outcome = payments::receive_hook(&app.db, &app.env, providers, &provider, &headers, &raw).await;
    if let Err(rejected) = &outcome {
        tell(&provider, rejected);
    }
    let answer = match providers.get(&provider) {
        Some(speaker) => speaker.hook_answer(&outcome),
        None => payments::plain_answer(&outcome),
    };
    answer.map(Body::from)
}

fn tell(provider: &str, rejected: &HookRejected) {
    if *rejected == HookRejected::Probe {
        tracing::debug!(provider, "a signature probe was refused, as it should be");
        return;
    }
    metrics::counter!("webhooks_refused_total", "reason" => rejected.word()).increment(1);
    tracing::warn!(provider, %rejected, "webhook refused");
}
