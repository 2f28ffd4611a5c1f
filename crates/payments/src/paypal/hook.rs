//! Webhooks: `id|time|webhook|crc32` signed by SHA256withRSA, and what they are about.

use basis::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use super::wire;
use crate::hook::{Hook, HookRejected};
use crate::signing::PublicKey;

/// PayPal sends a message again for three days. The protocol has no limit of its own.
const AGE_MS_MAX: i64 = 3 * DAY_MS + HOUR_MS;
/// How far its clock may be ahead of ours.
const AHEAD_MS_MAX: i64 = 5 * MINUTE_MS;

/// The headers of a message.
pub(super) struct Signed<'a> {
    id: &'a str,
    time: &'a str,
    signature: &'a str,
    pub(super) certificate_url: &'a str,
}

impl<'a> Signed<'a> {
    pub(super) fn read(headers: &'a HeaderMap) -> Result<Self, HookRejected> {
        let text = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or(HookRejected::BadSignature)
        };
        if !text("paypal-auth-algo")?.eq_ignore_ascii_case("SHA256withRSA") {
            return Err(HookRejected::BadSignature);
        }
        Ok(Self {
            id: text("paypal-transmission-id")?,
            time: text("paypal-transmission-time")?,
            signature: text("paypal-transmission-sig")?,
            certificate_url: text("paypal-cert-url")?,
        })
    }

    pub(super) fn check_time(&self, now: Timestamp) -> Result<(), HookRejected> {
        let sent = wire::moment(self.time).ok_or(HookRejected::BadSignature)?;
        let age = now.since(sent);
        if (-AHEAD_MS_MAX..=AGE_MS_MAX).contains(&age) { Ok(()) } else { Err(HookRejected::Stale) }
    }

    pub(super) fn check_signature(
        &self,
        key: &PublicKey,
        webhook_id: &str,
        raw: &[u8],
    ) -> Result<(), HookRejected> {
        let text = format!("{}|{}|{webhook_id}|{}", self.id, self.time, crc32fast::hash(raw));
        let good = key.verifies(text.as_bytes(), self.signature);
        if good { Ok(()) } else { Err(HookRejected::BadSignature) }
    }
}

#[derive(Deserialize)]
struct WireEvent {
    id: String,
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    resource_type: String,
    #[serde(default)]
    resource: Value,
}

/// Where an event names our payment: an order, a dispute, a refund, a capture.
const OURS: [&str; 5] = [
    "/purchase_units/0/custom_id",
    "/disputed_transactions/0/custom",
    "/disputed_transactions/0/invoice_number",
    "/invoice_id",
    "/custom_id",
];
/// Where it names the order.
const THEIRS: [&str; 3] = ["/supplementary_data/related_ids/order_id", "/metadata/order_id", "/order_id"];

/// Reads a message whose signature is good.
pub(super) fn read(raw: &[u8]) -> Result<Hook, HookRejected> {
    let event: WireEvent = serde_json::from_slice(raw).map_err(|_| HookRejected::Unreadable)?;
    if event.id.is_empty() || event.id.len() > 200 {
        return Err(HookRejected::Unreadable);
    }
    let text = |pointer: &&str| event.resource.pointer(pointer).and_then(Value::as_str);
    let own_id = if event.resource_type == "checkout-order" { text(&"/id") } else { None };
    let reference = OURS.iter().filter_map(text).find(|name| name.starts_with("pay_"));
    Ok(Hook {
        provider_ref: own_id.or_else(|| THEIRS.iter().find_map(text)).map(str::to_owned),
        reference: reference.map(str::to_owned),
        event_id: event.id,
        kind: event.event_type.chars().take(100).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/data/vectors.json")).unwrap()
    }

    /// The message that the official verifier took, as headers.
    fn headers(vectors: &Value) -> HeaderMap {
        let vector = &vectors["paypal_webhook"];
        let message: Vec<&str> = vector["message"].as_str().unwrap().split('|').collect();
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("paypal-transmission-id", message[0]),
            ("paypal-transmission-time", message[1]),
            ("paypal-transmission-sig", vector["sig"].as_str().unwrap()),
            ("paypal-cert-url", "https://api.paypal.com/v1/notifications/certs/CERT-1"),
            ("paypal-auth-algo", "SHA256withRSA"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_official_verifiers_message_is_believed_and_nothing_near_it() {
        let vectors = vectors();
        let key = PublicKey::read(vectors["keys"]["platform_public_pem"].as_str().unwrap()).unwrap();
        let raw = vectors["paypal_webhook"]["body"].as_str().unwrap();
        let headers = headers(&vectors);
        let signed = Signed::read(&headers).unwrap();
        assert_eq!(signed.check_signature(&key, "WH1", raw.as_bytes()), Ok(()));
        let rewritten = raw.replace(':', ": ");
        for (webhook, body) in [("WH2", raw), ("WH1", "{}"), ("WH1", &rewritten)] {
            let refused = signed.check_signature(&key, webhook, body.as_bytes());
            assert_eq!(refused, Err(HookRejected::BadSignature), "{webhook} {body}");
        }
        assert_eq!(crc32fast::hash(b"123456789"), 0xCBF4_3926, "CRC-32 of IEEE 802.3");
    }

    #[test]
    fn a_message_is_good_for_the_three_days_in_which_it_is_sent_again() {
        let headers = headers(&vectors());
        let signed = Signed::read(&headers).unwrap();
        let sent = wire::moment("2026-11-22T10:00:00Z").unwrap();
        for (ms, good) in [
            (0, true),
            (3 * DAY_MS, true),
            (3 * DAY_MS + 2 * HOUR_MS, false),
            (-4 * MINUTE_MS, true),
            (-6 * MINUTE_MS, false),
        ] {
            assert_eq!(signed.check_time(sent.plus_ms(ms)).is_ok(), good, "{ms}");
        }
        let mut other = headers.clone();
        other.insert("paypal-auth-algo", "SHA1withRSA".parse().unwrap());
        assert!(Signed::read(&other).is_err());
    }

    #[test]
    fn every_event_names_our_payment_or_its_order() {
        let hook = |about: &str, resource: Value| {
            let event =
                json!({ "id": "WH-1", "event_type": "X", "resource_type": about, "resource": resource });
            let hook = read(event.to_string().as_bytes()).unwrap();
            (hook.provider_ref.unwrap_or_default(), hook.reference.unwrap_or_default())
        };
        let both = |order: &str, ours: &str| (order.to_owned(), ours.to_owned());
        let order = json!({ "id": "O1", "purchase_units": [{ "custom_id": "pay_1" }] });
        assert_eq!(hook("checkout-order", order), both("O1", "pay_1"));
        let capture = json!({ "id": "C1", "custom_id": "pay_1",
                              "supplementary_data": { "related_ids": { "order_id": "O1" } } });
        assert_eq!(hook("capture", capture), both("O1", "pay_1"));
        let refund = json!({ "id": "R1", "custom_id": "rfd_1", "invoice_id": "pay_1" });
        assert_eq!(hook("refund", refund), both("", "pay_1"));
        let dispute = json!({ "disputed_transactions": [{ "custom": "pay_1", "invoice_number": "i" }] });
        assert_eq!(hook("dispute", dispute), both("", "pay_1"));
        let token = json!({ "id": "T1", "metadata": { "order_id": "O1" } });
        assert_eq!(hook("payment_token", token), both("O1", ""));
        let left = json!({ "order_id": "O1", "purchase_units": [{ "custom_id": "pay_1" }] });
        assert_eq!(hook("payment-approval", left), both("O1", "pay_1"), "approved, and never captured");
        assert_eq!(hook("something new", json!("?")), both("", ""));
        assert_eq!(read(b"{}"), Err(HookRejected::Unreadable));
    }
}
