//! Stripe's messages.

use basis::Timestamp;
use http::HeaderMap;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::client::{self, Client};
use super::wire::{Intent, Metadata};
use crate::hook::{Hook, HookRejected};
use crate::provider::ProviderError;
use crate::signing::hmac_hex;

/// How far a signature's time may lie from ours.
const TOLERANCE_S: i64 = 300;

/// Checks `Stripe-Signature: t=…,v1=…[,v1=…]` over `<t>.<raw>`: HMAC-SHA256, in constant time, every secret against every `v1`.
pub(super) fn check(
    secrets: &[String],
    now: Timestamp,
    headers: &HeaderMap,
    raw: &[u8],
) -> Result<(), HookRejected> {
    let header = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let header = header.ok_or(HookRejected::BadSignature)?;
    let parts: Vec<(&str, &str)> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
    let of_name = |wanted: &str| {
        let found = parts.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value);
        found.collect::<Vec<&str>>()
    };
    let time = of_name("t").first().copied().ok_or(HookRejected::BadSignature)?;
    let given = of_name("v1");
    let good = secrets.iter().fold(false, |good, secret| {
        let expected = hmac_hex(secret.as_bytes(), &[time.as_bytes(), b".", raw].concat());
        given.iter().fold(good, |good, one| good | bool::from(one.as_bytes().ct_eq(expected.as_bytes())))
    });
    if !good {
        return Err(HookRejected::BadSignature);
    }
    let seconds: i64 = time.parse().map_err(|_| HookRejected::BadSignature)?;
    let apart = (now.as_ms() / basis::SECOND_MS).saturating_sub(seconds).saturating_abs();
    if apart > TOLERANCE_S { Err(HookRejected::Stale) } else { Ok(()) }
}

#[derive(Deserialize)]
pub(super) struct Event {
    id: String,
    r#type: String,
    livemode: bool,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// What an event is about: a session, a payment, a charge, a refund, a dispute or an early warning of one.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    id: String,
    #[serde(default)]
    client_reference_id: Option<String>,
    #[serde(default)]
    metadata: Option<Named>,
    #[serde(default)]
    payment_intent: Option<String>,
}

/// Names that we gave: of the payment itself, or of its refund and the payment.
#[derive(Deserialize)]
struct Named {
    #[serde(flatten)]
    own: Metadata,
    #[serde(default)]
    payment: Option<String>,
}

/// Reads an event of our mode.
pub(super) fn read(raw: &[u8], live: bool) -> Result<Event, HookRejected> {
    let event: Event = serde_json::from_slice(raw).map_err(|_| HookRejected::Unreadable)?;
    let good = !event.id.is_empty() && event.id.len() <= 200 && event.livemode == live;
    good.then_some(event).ok_or(HookRejected::Unreadable)
}

impl Event {
    /// Which payment it is about. A dispute carries none of our names, so its payment is asked for them.
    pub(super) async fn hook(self, client: &Client) -> Result<Hook, HookRejected> {
        let object = self.data.object;
        let ours =
            object.metadata.map(|names| names.payment.unwrap_or_else(|| names.own.reference().to_owned()));
        let mut reference = object.client_reference_id.or(ours).filter(|name| !name.is_empty());
        if let (None, Some(intent)) = (&reference, &object.payment_intent) {
            reference = reference_of(client, intent).await?;
        }
        Ok(Hook {
            event_id: self.id,
            kind: self.r#type.chars().take(100).collect(),
            provider_ref: (!object.id.is_empty()).then_some(object.id),
            reference,
        })
    }
}

async fn reference_of(client: &Client, intent: &str) -> Result<Option<String>, HookRejected> {
    match client.get(&format!("/v1/payment_intents/{intent}"), &[]).await.and_then(client::read::<Intent>) {
        Ok(intent) => Ok(Some(intent.reference().to_owned()).filter(|name| !name.is_empty())),
        Err(ProviderError::NotFound) => Ok(None),
        Err(error) => Err(HookRejected::Uncheckable(error.to_string())),
    }
}
