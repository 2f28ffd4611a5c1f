//! Orders, captures, refunds and disputes as PayPal shows them.

use basis::{Currency, HOUR_MS, Money, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::unprocessable;
use crate::wire::{ApiError, Capture, Payment, Refund, RefundStatus, Status};

/// An order that nobody approved is gone after so long, and so is one that was approved and not captured.
pub(super) const ORDER_LIVES_MS: i64 = 3 * HOUR_MS;
/// Currencies that PayPal writes without decimals.
const WHOLE: [&str; 3] = ["HUF", "JPY", "TWD"];
/// PayPal keeps one in a hundred of a capture here.
const FEE_SHARE: i64 = 100;

pub(super) fn time(at: Timestamp) -> String {
    let seconds = at.as_ms() / SECOND_MS;
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |at| at.to_string())
}

/// `{"currency_code": "USD", "value": "9.90"}`
pub(super) fn amount(money: Money) -> Value {
    let text = money.to_decimal();
    let whole = WHOLE.contains(&money.currency.code());
    let text = if whole { text.split('.').next().unwrap_or_default() } else { text.as_str() };
    json!({ "currency_code": money.currency.code(), "value": text })
}

pub(super) fn read_amount(value: &Value) -> Result<Money, ApiError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let currency: Currency = text("currency_code")
        .parse()
        .map_err(|_| unprocessable("CURRENCY_NOT_SUPPORTED", "no such currency"))?;
    let written = text("value");
    if WHOLE.contains(&currency.code()) && written.contains('.') {
        return Err(unprocessable("DECIMALS_NOT_SUPPORTED", "this currency has no decimals"));
    }
    let wrong = |_| unprocessable("DECIMAL_PRECISION", "two decimals are needed");
    let money = Money::parse(written, currency).map_err(wrong)?;
    let positive = money.is_positive().then_some(money);
    positive.ok_or_else(|| unprocessable("CANNOT_BE_ZERO_OR_NEGATIVE", "more than nothing is needed"))
}

/// Where the API stands, as the pay page's address has it.
pub(super) fn base(payment: &Payment) -> &str {
    payment.url.split_once("/pay/").map_or("", |(base, _)| base)
}

pub(super) fn link(href: &str, rel: &str, method: &str) -> Value {
    json!({ "href": href, "rel": rel, "method": method })
}

/// Whether the order is not shown any more.
pub(super) fn is_gone(payment: &Payment, now: Timestamp) -> bool {
    let unpaid =
        matches!(payment.status, Status::Open | Status::Approved | Status::Expired | Status::Cancelled);
    let never_was = payment.status == Status::Declined && payment.pending_capture.is_none();
    never_was || (unpaid && now >= payment.expires_at)
}

pub(super) fn extra<'a>(payment: &'a Payment, name: &str) -> &'a str {
    payment.extra.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn order_status(payment: &Payment) -> &'static str {
    match payment.status {
        Status::Approved => "APPROVED",
        Status::Pending | Status::Captured | Status::Declined => "COMPLETED",
        Status::Open | Status::Cancelled | Status::Expired if extra(payment, "source").is_empty() => {
            "CREATED"
        }
        Status::Open | Status::Cancelled | Status::Expired => "PAYER_ACTION_REQUIRED",
    }
}

fn updated_at(payment: &Payment) -> Timestamp {
    let captured = payment.captures.last().map(|capture| capture.at);
    captured.or(payment.approved_at).unwrap_or(payment.created_at)
}

/// The whole order.
pub(super) fn order(payment: &Payment) -> Value {
    let mut order = json!({
        "id": payment.id,
        "intent": "CAPTURE",
        "status": order_status(payment),
        "create_time": time(payment.created_at),
        "update_time": time(updated_at(payment)),
        "purchase_units": [purchase_unit(payment)],
        "links": order_links(payment),
    });
    if extra(payment, "source") == "paypal" || payment.approved_at.is_some() {
        put(&mut order, "payment_source", json!({ "paypal": wallet(payment) }));
    }
    if payment.approved_at.is_some() {
        let payer = json!({
            "name": { "given_name": "Test", "surname": "Buyer" },
            "email_address": "buyer@example.com",
            "payer_id": "QYR5Z8XDVJNXQ",
            "address": { "country_code": "US" },
        });
        put(&mut order, "payer", payer);
    }
    order
}

fn wallet(payment: &Payment) -> Value {
    let mut wallet = json!({
        "email_address": "buyer@example.com",
        "account_id": "QYR5Z8XDVJNXQ",
        "account_status": "VERIFIED",
        "name": { "given_name": "Test", "surname": "Buyer" },
        "address": { "country_code": "US" },
    });
    if let Some(saved) = &payment.saved {
        let url = format!("{}/v3/vault/payment-tokens/{}", base(payment), saved.id);
        put(
            &mut wallet,
            "attributes",
            json!({ "vault": {
            "id": saved.id,
            "status": "VAULTED",
            "customer": { "id": "customer_1" },
            "links": [link(&url, "self", "GET"), link(&url, "delete", "DELETE")],
        } }),
        );
    }
    wallet
}

/// What a creation or a capture answers unless the whole is preferred.
pub(super) fn minimal(payment: &Payment) -> Value {
    json!({ "id": payment.id, "status": order_status(payment), "links": order_links(payment) })
}

fn order_links(payment: &Payment) -> Vec<Value> {
    let own = format!("{}/v2/checkout/orders/{}", base(payment), payment.id);
    let mut links = vec![link(&own, "self", "GET")];
    match order_status(payment) {
        "PAYER_ACTION_REQUIRED" => links.push(link(&payment.url, "payer-action", "GET")),
        "CREATED" => links.push(link(&payment.url, "approve", "GET")),
        _ => {}
    }
    if matches!(order_status(payment), "CREATED" | "APPROVED") {
        links.push(link(&format!("{own}/capture"), "capture", "POST"));
    }
    links
}

fn purchase_unit(payment: &Payment) -> Value {
    let mut unit = json!({
        "reference_id": extra(payment, "reference_id"),
        "amount": amount(payment.amount),
        "payee": { "email_address": "shop@example.com", "merchant_id": payment.merchant },
        "description": payment.description,
    });
    named(&mut unit, "custom_id", &payment.reference);
    named(&mut unit, "invoice_id", extra(payment, "invoice_id"));
    let captures = captures(payment);
    if !captures.is_empty() {
        let refunds: Vec<Value> = payment.refunds.iter().map(|one| refund(payment, one)).collect();
        put(&mut unit, "payments", json!({ "captures": captures, "refunds": refunds }));
    }
    unit
}

fn put(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// Sets a name that may be absent.
fn named(object: &mut Value, field: &str, name: &str) {
    if !name.is_empty() {
        put(object, field, json!(name));
    }
}

/// All captures, also the one that is pending or was denied.
fn captures(payment: &Payment) -> Vec<Value> {
    let done = payment.captures.iter().map(|done| capture(payment, done));
    let waiting = payment.pending_capture.as_ref().map(|id| waiting_capture(payment, id));
    done.chain(waiting).collect()
}

/// The capture of this name.
pub(super) fn find_capture(payment: &Payment, id: &str) -> Option<Value> {
    captures(payment).into_iter().find(|capture| capture["id"] == id)
}

fn capture(payment: &Payment, done: &Capture) -> Value {
    let back = refunded(payment, &done.id);
    let status = match back {
        0 => "COMPLETED",
        all if all >= done.amount.minor => "REFUNDED",
        _ => "PARTIALLY_REFUNDED",
    };
    let money = |minor| amount(Money::new(minor, done.amount.currency));
    let fee = done.amount.minor / FEE_SHARE;
    let mut shown = bare_capture(payment, &done.id, done.amount, status, done.at);
    let breakdown = json!({
        "gross_amount": money(done.amount.minor),
        "paypal_fee": money(fee),
        "net_amount": money(done.amount.minor - fee),
    });
    put(&mut shown, "seller_receivable_breakdown", breakdown);
    shown
}

fn waiting_capture(payment: &Payment, id: &str) -> Value {
    let at = payment.approved_at.unwrap_or(payment.created_at);
    if payment.status == Status::Declined {
        return bare_capture(payment, id, payment.amount, "DECLINED", at);
    }
    let mut shown = bare_capture(payment, id, payment.amount, "PENDING", at);
    put(&mut shown, "status_details", json!({ "reason": "PENDING_REVIEW" }));
    shown
}

fn bare_capture(payment: &Payment, id: &str, money: Money, status: &str, at: Timestamp) -> Value {
    let own = format!("{}/v2/payments/captures/{id}", base(payment));
    let up = format!("{}/v2/checkout/orders/{}", base(payment), payment.id);
    let mut capture = json!({
        "id": id,
        "status": status,
        "amount": amount(money),
        "final_capture": true,
        "disbursement_mode": "INSTANT",
        "seller_protection": { "status": "NOT_ELIGIBLE" },
        "supplementary_data": { "related_ids": { "order_id": payment.id } },
        "create_time": time(at),
        "update_time": time(at),
        "links": [
            link(&own, "self", "GET"),
            link(&format!("{own}/refund"), "refund", "POST"),
            link(&up, "up", "GET"),
        ],
    });
    named(&mut capture, "custom_id", &payment.reference);
    named(&mut capture, "invoice_id", extra(payment, "invoice_id"));
    capture
}

/// What of this capture went back, or is on its way.
pub(super) fn refunded(payment: &Payment, capture: &str) -> i64 {
    let of_capture = payment.refunds.iter().filter(|refund| refund.capture == capture);
    of_capture.filter(|refund| refund.status != RefundStatus::Failed).map(|refund| refund.amount.minor).sum()
}

pub(super) fn refund(payment: &Payment, one: &Refund) -> Value {
    let status = match one.status {
        RefundStatus::Pending => "PENDING",
        RefundStatus::Succeeded => "COMPLETED",
        RefundStatus::Failed => "FAILED",
    };
    let own = format!("{}/v2/payments/refunds/{}", base(payment), one.id);
    let up = format!("{}/v2/payments/captures/{}", base(payment), one.capture);
    let mut shown = json!({
        "id": one.id,
        "status": status,
        "amount": amount(one.amount),
        "seller_payable_breakdown": {
            "gross_amount": amount(one.amount),
            "paypal_fee": amount(Money::zero(one.amount.currency)),
            "net_amount": amount(one.amount),
        },
        "create_time": time(one.at),
        "update_time": time(one.at),
        "links": [link(&own, "self", "GET"), link(&up, "up", "GET")],
    });
    named(&mut shown, "custom_id", &one.reference);
    named(&mut shown, "invoice_id", one.extra.as_str().unwrap_or_default());
    if one.status == RefundStatus::Pending {
        put(&mut shown, "status_details", json!({ "reason": "ECHECK" }));
    }
    shown
}

/// The dispute about a payment, if there is one.
pub(super) fn dispute(payment: &Payment) -> Option<Value> {
    let dispute = payment.dispute.as_ref()?;
    let outcome = dispute.won.map(|won| if won { "RESOLVED_SELLER_FAVOUR" } else { "RESOLVED_BUYER_FAVOUR" });
    let own = format!("{}/v1/customer/disputes/{}", base(payment), dispute.id);
    let capture = payment.captures.first().map(|capture| capture.id.as_str());
    let mut shown = json!({
        "dispute_id": dispute.id,
        "create_time": time(dispute.at),
        "update_time": time(dispute.at),
        "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED",
        "status": if outcome.is_some() { "RESOLVED" } else { "WAITING_FOR_SELLER_RESPONSE" },
        "dispute_amount": amount(dispute.amount),
        "dispute_life_cycle_stage": "CHARGEBACK",
        "disputed_transactions": [{
            "seller_transaction_id": capture,
            "invoice_number": extra(payment, "invoice_id"),
            "custom": payment.reference,
        }],
        "links": [link(&own, "self", "GET")],
    });
    if let Some(code) = outcome {
        put(&mut shown, "dispute_outcome", json!({ "outcome_code": code }));
    }
    Some(shown)
}
