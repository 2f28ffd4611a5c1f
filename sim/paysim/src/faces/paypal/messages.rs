//! Webhooks: their envelopes, their signature, the certificates that prove it, and the check that PayPal offers.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Asked, NAME, Refused, Shown, malformed, wire};
use crate::faces::Message;
use crate::keys::{Keys, PLATFORM, PLATFORM_NEXT, Signer, certificate_signed};
use crate::service::Service;
use crate::wire::{ApiError, Event, Happening, Payment};

/// Who vouches here for the certificates that webhooks are signed with, in PEM; made for tests.
pub const CERTIFICATE_AUTHORITY: &str = include_str!("../../../assets/keys/paypal/ca.crt");

/// The certificates of the keys that sign, with the names under which they are served.
const CERTIFICATES: [(Signer, &str, &str); 2] = [
    (PLATFORM, "CERT-360caa42-fca2a594-1d93a270", include_str!("../../../assets/keys/paypal/platform.crt")),
    (
        PLATFORM_NEXT,
        "CERT-360caa42-fca2a594-5edc0ded",
        include_str!("../../../assets/keys/paypal/platform_next.crt"),
    ),
];

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/notifications/certs/{id}", get(certificate))
        .route("/v1/notifications/verify-webhook-signature", post(verify))
}

/// The name of the certificate of this key; a stranger shows PayPal's own, to be believed.
fn certificate_of(signer: Signer) -> &'static str {
    let own = CERTIFICATES.iter().find(|(key, ..)| *key == signer).or(CERTIFICATES.first());
    own.map_or("", |(_, name, _)| name)
}

async fn certificate(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Refused> {
    let shown = service.keys(NAME).signers;
    let found = CERTIFICATES.iter().find(|(key, name, _)| *name == id && shown.contains(key));
    let (.., pem) = found.ok_or_else(ApiError::not_found)?;
    let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
    Ok((kind, format!("{pem}{CERTIFICATE_AUTHORITY}")))
}

/// What a message tells: PayPal's word, the kind of the object, and the object.
fn told(event: &Event) -> Option<(&'static str, &'static str, Value)> {
    let payment = &event.payment;
    let capture = |id: &str| wire::find_capture(payment, id);
    let waiting = || payment.pending_capture.as_deref().and_then(capture);
    let refund = || {
        let refund = payment.refunds.iter().find(|refund| event.refund.as_ref() == Some(&refund.id))?;
        Some(wire::refund(payment, refund))
    };
    match event.happening {
        Happening::Approved => Some(("CHECKOUT.ORDER.APPROVED", "checkout-order", wire::order(payment))),
        Happening::Processing => Some(("PAYMENT.CAPTURE.PENDING", "capture", waiting()?)),
        Happening::Captured => {
            Some(("PAYMENT.CAPTURE.COMPLETED", "capture", capture(&payment.captures.last()?.id)?))
        }
        Happening::Declined => Some(("PAYMENT.CAPTURE.DENIED", "capture", waiting()?)),
        Happening::RefundPending => Some(("PAYMENT.REFUND.PENDING", "refund", refund()?)),
        Happening::RefundSucceeded => Some(("PAYMENT.CAPTURE.REFUNDED", "refund", refund()?)),
        Happening::RefundFailed => Some(("PAYMENT.REFUND.FAILED", "refund", refund()?)),
        Happening::DisputeOpened => Some(("CUSTOMER.DISPUTE.CREATED", "dispute", wire::dispute(payment)?)),
        Happening::DisputeClosed => Some(("CUSTOMER.DISPUTE.RESOLVED", "dispute", wire::dispute(payment)?)),
        Happening::PayerMustAct | Happening::Cancelled => None,
    }
}

pub(super) fn message(keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
    let (kind, about, resource) = told(event)?;
    let body = json!({
        "id": event.id.replacen("evt_", "WH-", 1),
        "event_version": "1.0",
        "create_time": wire::time(event.at),
        "resource_type": about,
        "resource_version": "2.0",
        "event_type": kind,
        "summary": format!("{kind} · {}", event.payment.description),
        "resource": resource,
        "links": [],
    })
    .to_string();
    let headers = signed_headers(keys, event, now, &body);
    Some(Message { headers, body })
}

fn signed_headers(keys: &Keys, event: &Event, now: Timestamp, body: &str) -> Vec<(&'static str, String)> {
    let id = format!("{}-{}", event.id, now.as_ms());
    let at = wire::time(now);
    let text = signed_text(&id, &at, &keys.webhook, body.as_bytes());
    let signature = BASE64.encode(keys.signer().sign(text.as_bytes()));
    vec![
        ("content-type", "application/json".to_owned()),
        ("paypal-transmission-id", id),
        ("paypal-transmission-time", at),
        ("paypal-transmission-sig", signature),
        ("paypal-cert-url", certificate_url(&event.payment, keys.signer())),
        ("paypal-auth-algo", "SHA256withRSA".to_owned()),
    ]
}

fn certificate_url(payment: &Payment, signer: Signer) -> String {
    format!("{}/v1/notifications/certs/{}", wire::base(payment), certificate_of(signer))
}

/// `id|time|webhook|crc32` of the raw body, in decimal.
fn signed_text(id: &str, time: &str, webhook: &str, raw: &[u8]) -> String {
    format!("{id}|{time}|{webhook}|{}", crc32fast::hash(raw))
}

#[derive(Deserialize)]
struct Claim {
    auth_algo: String,
    cert_url: String,
    transmission_id: String,
    transmission_sig: String,
    transmission_time: String,
    webhook_id: String,
}

async fn verify(State(service): State<Arc<Service>>, asked: Asked) -> Shown {
    let claim: Claim = asked.json()?;
    let missing = || malformed("MISSING_REQUIRED_PARAMETER", "webhook_event is needed");
    let event = raw_event(&asked.body).ok_or_else(missing)?;
    let good = is_true(&service.keys(NAME), &claim, event.as_bytes());
    Ok(Json(json!({ "verification_status": if good { "SUCCESS" } else { "FAILURE" } })))
}

fn is_true(keys: &Keys, claim: &Claim, raw: &[u8]) -> bool {
    let named = CERTIFICATES.iter().find(|(_, name, _)| claim.cert_url.ends_with(name));
    let Some((.., certificate)) = named.filter(|(key, ..)| keys.signers.contains(key)) else { return false };
    let Ok(signature) = BASE64.decode(&claim.transmission_sig) else { return false };
    let text = signed_text(&claim.transmission_id, &claim.transmission_time, &claim.webhook_id, raw);
    claim.webhook_id == keys.webhook
        && claim.auth_algo == "SHA256withRSA"
        && certificate_signed(certificate, text.as_bytes(), &signature)
}

/// The event as it stands in the request, byte for byte: written anew it would have another checksum.
fn raw_event(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("\"webhook_event\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    rest.get(..values.byte_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_text_is_that_of_the_official_verifier() {
        let raw = "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\",\"summary\":\"é\"}";
        let text = signed_text(
            "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
            "2026-11-22T10:00:00Z",
            "WH1",
            raw.as_bytes(),
        );
        assert_eq!(text, "69cd13f0-d67a-11e5-baa3-778b53f4ae55|2026-11-22T10:00:00Z|WH1|3824952303");
    }

    #[test]
    fn the_certificates_are_those_of_the_keys() {
        for (signer, _, certificate) in CERTIFICATES {
            assert!(certificate_signed(certificate, b"m", &signer.sign(b"m")));
        }
        assert_eq!(certificate_of(Keys::new("", "", "").forged().signer()), CERTIFICATES[0].1);
    }

    #[test]
    fn an_event_is_cut_out_as_it_stands() {
        let body = r#"{"webhook_id":"a","webhook_event" : {"b":[1, 2],"c":"}\""},"d":1}"#;
        assert_eq!(raw_event(body), Some(r#"{"b":[1, 2],"c":"}\""}"#));
        assert_eq!(raw_event("{}"), None);
    }
}
