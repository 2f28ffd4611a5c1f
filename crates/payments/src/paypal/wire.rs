//! Orders, captures and refunds as they stand on the wire. Unknown fields and words are never an error.

use basis::{Currency, Money, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::amounts::{Scale, read_decimal};
use crate::facts::{CaptureFact, Decline, Facts, RefundFact, RefundStatus, SavedFact, Status};
use crate::provider::ProviderError;

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(json: Value) -> Result<T, ProviderError> {
    serde_json::from_value(json).map_err(|e| ProviderError::Unknown(format!("unreadable answer: {e}")))
}

/// `{"currency_code": "USD", "value": "9.90"}`
pub(super) fn amount(money: Money, scale: Scale) -> Result<Value, ProviderError> {
    Ok(json!({ "currency_code": money.currency.code(), "value": scale.decimal(money)? }))
}

/// Reads `2026-11-23T14:00:00Z` and `2026-11-23T14:00:00+0000`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

#[derive(Deserialize)]
pub(super) struct WireAmount {
    currency_code: String,
    value: String,
}

impl WireAmount {
    pub(super) fn money(&self) -> Result<Money, ProviderError> {
        let unknown = |_| ProviderError::Unknown(format!("an amount in {}", self.currency_code));
        let currency: Currency = self.currency_code.parse().map_err(unknown)?;
        read_decimal(&self.value, currency)
    }
}

#[derive(Deserialize)]
pub(super) struct WireOrder {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) update_time: String,
    #[serde(default)]
    purchase_units: Vec<WireUnit>,
    #[serde(default)]
    payment_source: Value,
    #[serde(default)]
    links: Vec<WireLink>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUnit {
    custom_id: String,
    payee: WirePayee,
    payments: WirePayments,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePayee {
    merchant_id: String,
}

impl WirePayee {
    /// An answer that does not name a payee is about the account whose key asked.
    fn is(&self, merchant: &str) -> bool {
        self.merchant_id.is_empty() || self.merchant_id == merchant
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WirePayments {
    captures: Vec<WireCapture>,
    refunds: Vec<WireRefund>,
}

#[derive(Deserialize)]
pub(super) struct WireLink {
    href: String,
    #[serde(default)]
    rel: String,
}

#[derive(Deserialize)]
pub(super) struct WireCapture {
    pub(super) id: String,
    #[serde(default)]
    status: String,
    amount: WireAmount,
    #[serde(default)]
    status_details: Value,
    #[serde(default)]
    pub(super) create_time: String,
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    supplementary_data: Value,
}

#[derive(Deserialize)]
pub(super) struct WireRefund {
    id: String,
    #[serde(default)]
    status: String,
    amount: WireAmount,
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    status_details: Value,
}

/// Where a capture stands.
#[derive(PartialEq, Eq)]
enum Taking {
    Done,
    Waits,
    Denied,
}

impl WireCapture {
    fn taking(&self) -> Taking {
        match self.status.as_str() {
            "COMPLETED" | "PARTIALLY_REFUNDED" | "REFUNDED" => Taking::Done,
            "DECLINED" | "FAILED" => Taking::Denied,
            _ => Taking::Waits,
        }
    }

    /// The order that it belongs to.
    pub(super) fn order(&self) -> Option<&str> {
        self.supplementary_data.pointer("/related_ids/order_id").and_then(Value::as_str)
    }

    pub(super) fn is_done(&self) -> bool {
        self.taking() == Taking::Done
    }

    fn fact(&self) -> Result<CaptureFact, ProviderError> {
        Ok(CaptureFact { capture_ref: self.id.clone(), amount: self.amount.money()? })
    }
}

fn reason(details: &Value) -> Option<String> {
    details.get("reason").and_then(Value::as_str).map(str::to_owned)
}

impl WireRefund {
    pub(super) fn fact(&self) -> Result<RefundFact, ProviderError> {
        let status = match self.status.as_str() {
            "COMPLETED" => RefundStatus::Succeeded,
            "FAILED" | "CANCELLED" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        };
        let failed = status == RefundStatus::Failed;
        Ok(RefundFact {
            provider_ref: self.id.clone(),
            reference: self.custom_id.clone(),
            amount: self.amount.money()?,
            status,
            failure: failed.then(|| reason(&self.status_details).unwrap_or_else(|| self.status.clone())),
        })
    }
}

impl WireOrder {
    /// Our payment, as the order has it.
    pub(super) fn reference(&self) -> &str {
        let units = self.purchase_units.iter().map(|unit| unit.custom_id.as_str());
        let captures = self.captures().map(|capture| capture.custom_id.as_str());
        units.chain(captures).find(|name| !name.is_empty()).unwrap_or_default()
    }

    /// The payer agreed, and nothing was taken yet.
    pub(super) fn is_to_be_captured(&self) -> bool {
        self.status == "APPROVED" && !self.has_captures()
    }

    /// Something was taken, is on its way, or was refused.
    pub(super) fn has_captures(&self) -> bool {
        self.captures().next().is_some()
    }

    pub(super) fn captures(&self) -> impl Iterator<Item = &WireCapture> {
        self.purchase_units.iter().flat_map(|unit| &unit.payments.captures)
    }

    /// The first link of one of these kinds.
    pub(super) fn link(&self, kinds: &[&str]) -> Option<&str> {
        let link = self.links.iter().find(|link| kinds.contains(&link.rel.as_str()));
        link.map(|link| link.href.as_str())
    }

    pub(super) fn facts(&self, merchant: &str) -> Result<Facts, ProviderError> {
        let refunds = self.purchase_units.iter().flat_map(|unit| &unit.payments.refunds);
        let denied = self.captures().find(|capture| capture.taking() == Taking::Denied);
        Ok(Facts {
            provider_ref: Some(self.id.clone()),
            reference: self.reference().to_owned(),
            merchant_is_ours: self.purchase_units.iter().all(|unit| unit.payee.is(merchant)),
            status: self.standing(),
            captures: self
                .captures()
                .filter(|c| c.is_done())
                .map(WireCapture::fact)
                .collect::<Result<_, _>>()?,
            refunds: refunds.map(WireRefund::fact).collect::<Result<_, _>>()?,
            disputes: Vec::new(),
            saved: self.saved(),
            failure: denied.map(|c| reason(&c.status_details).unwrap_or_else(|| c.status.clone())),
        })
    }

    fn standing(&self) -> Status {
        let any = |taking| self.captures().any(|capture| capture.taking() == taking);
        if any(Taking::Done) {
            Status::Captured
        } else if any(Taking::Waits) {
            Status::Open
        } else if any(Taking::Denied) {
            Status::Declined(Decline::Soft)
        } else if self.status == "VOIDED" {
            Status::Cancelled
        } else {
            Status::Open
        }
    }

    fn saved(&self) -> Option<SavedFact> {
        let text = |pointer: &str| self.payment_source.pointer(pointer).and_then(Value::as_str);
        let kept = text("/paypal/attributes/vault/status") == Some("VAULTED");
        let reference = text("/paypal/attributes/vault/id").filter(|_| kept)?;
        let label = text("/paypal/email_address").map_or_else(|| "PayPal".to_owned(), label);
        Some(SavedFact { reference: reference.to_owned(), label })
    }
}

/// `PayPal b···@example.com`
fn label(email: &str) -> String {
    match (email.chars().next(), email.split_once('@')) {
        (Some(first), Some((_, domain))) => format!("PayPal {first}···@{domain}"),
        _ => "PayPal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(status: &str, captures: &Value) -> Facts {
        let order = json!({
            "id": "O1", "status": status, "brand_new": { "field": [1] },
            "purchase_units": [{
                "custom_id": "pay_1", "payee": { "merchant_id": "US" }, "payments": { "captures": captures },
            }],
        });
        read::<WireOrder>(order).unwrap().facts("US").unwrap()
    }

    fn capture(status: &str) -> Value {
        json!([{ "id": "C1", "status": status, "amount": { "currency_code": "USD", "value": "9.90" } }])
    }

    #[test]
    fn an_order_stands_where_its_capture_stands() {
        for (order_status, captures, status, came) in [
            ("PAYER_ACTION_REQUIRED", json!([]), Status::Open, 0),
            ("A NEW WORD", json!([]), Status::Open, 0),
            ("VOIDED", json!([]), Status::Cancelled, 0),
            ("COMPLETED", capture("COMPLETED"), Status::Captured, 1),
            ("COMPLETED", capture("PARTIALLY_REFUNDED"), Status::Captured, 1),
            ("COMPLETED", capture("REFUNDED"), Status::Captured, 1),
            ("COMPLETED", capture("PENDING"), Status::Open, 0),
            ("COMPLETED", capture("A NEW WORD"), Status::Open, 0),
            ("COMPLETED", capture("DECLINED"), Status::Declined(Decline::Soft), 0),
        ] {
            let facts = order(order_status, &captures);
            assert_eq!((facts.status, facts.captures.len()), (status, came), "{order_status} {captures}");
        }
    }

    #[test]
    fn money_that_cannot_be_read_is_looked_at_again_and_not_lost() {
        let odd = json!([{ "id": "C1", "status": "COMPLETED", "amount": { "currency_code": "USD", "value": "9.901" } }]);
        let order = json!({ "id": "O1", "purchase_units": [{ "payments": { "captures": odd } }] });
        let facts = read::<WireOrder>(order).unwrap().facts("US");
        assert!(matches!(facts, Err(ProviderError::Unknown(_))));
    }

    #[test]
    fn a_wallet_is_known_by_the_least_of_its_address() {
        assert_eq!(label("buyer@example.com"), "PayPal b···@example.com");
        assert_eq!(label("nonsense"), "PayPal");
    }

    #[test]
    fn times_are_read_in_both_of_paypals_ways() {
        assert_eq!(moment("2026-11-23T14:00:00+0000"), moment("2026-11-23T14:00:00Z"));
        assert!(moment("2026-11-23T14:00:00Z").is_some());
    }
}
