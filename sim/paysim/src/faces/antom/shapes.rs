//! Answers and messages as Antom writes them.

use basis::{Currency, Money, Timestamp};
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};

use super::signed::no;
use crate::wire::{ApiError, Event, Happening, Payment, Refund, RefundStatus, Status};

/// docs.antom.com/ac/ref/cc, by way of the client's `amount-currency-rules.json`; each counts as ISO 4217 does.
const CURRENCIES: [&str; 24] = [
    "AUD", "BDT", "BRL", "CAD", "CLP", "CNY", "EUR", "GBP", "HKD", "IDR", "JPY", "KRW", "MXN", "MYR", "NZD",
    "PEN", "PHP", "PKR", "PLN", "SGD", "THB", "TWD", "USD", "VND",
];
const DIGITS_MAX: usize = 16;

/// A moment by Singapore's clock, `2026-11-23T22:41:09+08:00`.
pub(super) fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    let local = at.to_zoned(TimeZone::fixed(Offset::constant(8)));
    local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The moment that a text means: ISO 8601, or milliseconds.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let written = text.parse().map(Timestamp).ok();
    written.or_else(|| Some(Timestamp(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())))
}

/// `{"currency":"IDR","value":"100"}`, of which IDR has whole rupiah only.
pub(super) fn amount(node: Option<&Value>) -> Result<Money, ApiError> {
    let part = |name: &str| node.and_then(|node| node.get(name)?.as_str()).unwrap_or_default();
    let (code, value) = (part("currency"), part("value"));
    let currency: Currency = code.parse().map_err(|_| no("PARAM_ILLEGAL", "Illegal currency."))?;
    if !CURRENCIES.contains(&code) {
        return Err(no("CURRENCY_NOT_SUPPORT", "The currency is not supported."));
    }
    let illegal = || no("PARAM_ILLEGAL", "Illegal amount.");
    if value.len() > DIGITS_MAX || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(illegal());
    }
    let units: i64 = value.parse().map_err(|_| illegal())?;
    if units == 0 || (code == "IDR" && units % 100 != 0) {
        return Err(illegal());
    }
    Ok(Money::new(units, currency))
}

fn shown(amount: Money) -> Value {
    json!({ "currency": amount.currency, "value": amount.minor.to_string() })
}

fn result(status: &str, code: &str, message: &str) -> Value {
    json!({ "resultStatus": status, "resultCode": code, "resultMessage": message })
}

fn success() -> Value {
    result("S", "SUCCESS", "success.")
}

/// What the books refuse, in Antom's words.
pub(super) fn failed(error: &ApiError) -> Value {
    let said = match error.code {
        "not_found" => result("F", "ORDER_NOT_EXIST", "The order does not exist."),
        "not_captured" | "payment_captured" => {
            result("F", "ORDER_STATUS_INVALID", "The order status is invalid.")
        }
        "amount_too_large" => result("F", "REFUND_AMOUNT_EXCEED", "The refund amount exceeds the payment."),
        "refund_refused" => {
            result("F", "MERCHANT_BALANCE_NOT_ENOUGH", "The merchant's balance is not enough.")
        }
        code if error.kind == "F" => result("F", code, &error.message),
        _ => result("U", "UNKNOWN_EXCEPTION", "An API call has failed, due to unknown reasons."),
    };
    json!({ "result": said })
}

/// Something that only this face knows of a payment.
pub(super) fn noted<'a>(payment: &'a Payment, name: &str) -> &'a str {
    payment.extra.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Where a payment stands, and why.
pub(super) fn status(payment: &Payment) -> (&'static str, &'static str) {
    match payment.status {
        _ if noted(payment, "cancelled") == "true" => ("CANCELLED", "ORDER_IS_CANCELLED"),
        _ if !payment.captures.is_empty() => ("SUCCESS", "SUCCESS"),
        Status::Cancelled => ("CANCELLED", "ORDER_IS_CANCELLED"),
        Status::Declined => ("FAIL", "USER_BALANCE_NOT_ENOUGH"),
        Status::Expired => ("FAIL", "ORDER_IS_CLOSED"),
        Status::Pending => ("PENDING", "PAYMENT_IN_PROCESS"),
        Status::Open | Status::Approved | Status::Captured => ("PROCESSING", "PAYMENT_IN_PROCESS"),
    }
}

fn merged(mut node: Value, more: Value) -> Value {
    if let (Some(node), Value::Object(more)) = (node.as_object_mut(), more) {
        node.extend(more);
    }
    node
}

/// Who, how much, and when.
fn named(payment: &Payment) -> Value {
    let capture = payment.captures.first();
    let mut node = json!({
        "paymentRequestId": payment.reference,
        "paymentId": payment.id,
        "paymentAmount": shown(capture.map_or(payment.amount, |capture| capture.amount)),
        "paymentCreateTime": time(payment.created_at),
    });
    if let (Some(capture), Some(node)) = (capture, node.as_object_mut()) {
        node.insert("paymentTime".to_owned(), json!(time(capture.at)));
    }
    node
}

/// `pay`: under way with its page, or how it ended. A phone may open the wallet by itself, too.
pub(super) fn opened(payment: &Payment) -> Value {
    let (status, code) = status(payment);
    if status == "SUCCESS" {
        return merged(json!({ "result": success() }), named(payment));
    }
    if !matches!(status, "PROCESSING" | "PENDING") {
        return json!({ "result": result("F", code, "The payment is over.") });
    }
    let under_way = json!({
        "result": result("U", "PAYMENT_IN_PROCESS", "The payment is being processed."),
        "normalUrl": payment.url,
        "redirectActionForm": { "method": "GET", "redirectUrl": payment.url },
    });
    let wallet = match noted(payment, "terminal") {
        "WEB" => json!({}),
        _ => json!({ "schemeUrl": format!("alipays://platformapi/startapp?paymentId={}", payment.id) }),
    };
    merged(merged(under_way, named(payment)), wallet)
}

/// `inquiryPayment`
pub(super) fn found(payment: &Payment) -> Value {
    let (status, code) = status(payment);
    let transactions: Vec<Value> = payment.refunds.iter().map(transaction).collect();
    let mut node = json!({
        "result": success(),
        "paymentStatus": status,
        "paymentResultCode": code,
        "paymentResultMessage": code.to_lowercase(),
        "paymentMethodType": "ALIPAY_CN",
    });
    if !transactions.is_empty() {
        node = merged(node, json!({ "transactions": transactions }));
    }
    merged(node, named(payment))
}

/// Whether all of a payment went back because it was cancelled.
fn is_cancellation(refund: &Refund) -> bool {
    refund.extra.get("cancellation").is_some()
}

fn transaction(refund: &Refund) -> Value {
    let kind = if is_cancellation(refund) { "CANCEL" } else { "REFUND" };
    json!({
        "transactionType": kind,
        "transactionStatus": refund_status(refund),
        "transactionId": refund.id,
        "transactionRequestId": refund.reference,
        "transactionAmount": shown(refund.amount),
        "transactionTime": time(refund.at),
    })
}

/// `cancel`
pub(super) fn cancelled(payment: &Payment, now: Timestamp) -> Value {
    json!({
        "result": success(),
        "paymentId": payment.id,
        "paymentRequestId": payment.reference,
        "cancelTime": time(now),
    })
}

fn refund_status(refund: &Refund) -> &'static str {
    match refund.status {
        RefundStatus::Pending => "PROCESSING",
        RefundStatus::Succeeded => "SUCCESS",
        RefundStatus::Failed => "FAIL",
    }
}

fn refund_named(refund: &Refund) -> Value {
    json!({
        "refundRequestId": refund.reference,
        "refundId": refund.id,
        "refundAmount": shown(refund.amount),
        "refundTime": time(refund.at),
    })
}

/// `refund`
pub(super) fn refunded(refund: &Refund) -> Value {
    let said = match refund.status {
        RefundStatus::Pending => result("U", "REFUND_IN_PROCESS", "The refund is being processed."),
        RefundStatus::Succeeded => success(),
        RefundStatus::Failed => result("F", "PROCESS_FAIL", "A general business failure occurred."),
    };
    merged(json!({ "result": said, "paymentId": refund.payment }), refund_named(refund))
}

/// `inquiryRefund`
pub(super) fn refund_found(refund: Option<&Refund>) -> Value {
    let found = json!({ "result": success() });
    let Some(refund) = refund else { return found };
    merged(merged(found, json!({ "refundStatus": refund_status(refund) })), refund_named(refund))
}

/// What the merchant is told of an event. A refusal of the bank that ends nothing is not told, and neither is a cancellation.
pub(super) fn message(event: &Event) -> Option<Value> {
    let payment = &event.payment;
    let told = |kind: &str, said: Value| {
        let node = json!({ "notifyType": kind, "result": said, "paymentMethodType": "ALIPAY_CN" });
        Some(merged(node, named(payment)))
    };
    match event.happening {
        Happening::Processing => {
            told("PAYMENT_PENDING", result("U", "PAYMENT_IN_PROCESS", "The payment is being processed."))
        }
        Happening::Captured => told("PAYMENT_RESULT", success()),
        Happening::Declined if payment.status == Status::Declined => {
            told("PAYMENT_RESULT", result("F", status(payment).1, "The payment failed."))
        }
        Happening::RefundSucceeded | Happening::RefundFailed => {
            let refund = payment.refunds.iter().find(|refund| Some(&refund.id) == event.refund.as_ref())?;
            (!is_cancellation(refund)).then(|| told_refund(refund))
        }
        _ => None,
    }
}

fn told_refund(refund: &Refund) -> Value {
    let done = refund.status == RefundStatus::Succeeded;
    let said = if done { success() } else { result("F", "PROCESS_FAIL", "The refund failed.") };
    let node =
        json!({ "notifyType": "REFUND_RESULT", "result": said, "refundStatus": refund_status(refund) });
    merged(node, refund_named(refund))
}
