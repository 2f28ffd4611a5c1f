//! Payments and refunds as WeChat Pay writes them.

use basis::{SECOND_MS, Timestamp};
use jiff::tz;
use serde_json::{Value, json};

use crate::keys::Keys;
use crate::wire::{Payment, Refund, RefundStatus, Status};

/// What their names for payments begin with in the books; the digits behind it make the transaction's number.
const BOOKS_PREFIX: &str = "wx";
/// What transactions' numbers begin with.
const TRANSACTION_PREFIX: &str = "4200";

/// The books' name for a new payment, of 24 digits.
pub(super) fn books_id(random: [u8; 8]) -> String {
    format!("{BOOKS_PREFIX}{:024}", u64::from_be_bytes(random))
}

/// The number of a transaction.
pub(super) fn transaction_id(payment: &Payment) -> String {
    format!("{TRANSACTION_PREFIX}{}", payment.id.trim_start_matches(BOOKS_PREFIX))
}

/// The books' name for the payment of this transaction.
pub(super) fn of_transaction(transaction: &str) -> String {
    format!("{BOOKS_PREFIX}{}", transaction.strip_prefix(TRANSACTION_PREFIX).unwrap_or_default())
}

/// The number of a refund, from the books' `sr_` and 20 hexadecimal digits.
pub(super) fn refund_id(refund: &Refund) -> String {
    let digits = u128::from_str_radix(refund.id.trim_start_matches("sr_"), 16).unwrap_or(0);
    format!("5030{digits:025}")
}

/// `2026-11-23T18:00:00+08:00`
pub(super) fn beijing_time(at: Timestamp) -> String {
    in_beijing(at, "%Y-%m-%dT%H:%M:%S+08:00")
}

/// A time by the clock of Beijing.
pub(super) fn in_beijing(at: Timestamp, format: &str) -> String {
    let second = jiff::Timestamp::from_second(at.as_ms().div_euclid(SECOND_MS)).unwrap_or_default();
    second.to_zoned(tz::TimeZone::fixed(tz::offset(8))).strftime(format).to_string()
}

/// A word that this face keeps with a payment.
pub(super) fn extra<'a>(payment: &'a Payment, name: &str) -> &'a str {
    payment.extra.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// `SUCCESS` and so on, with their words for it.
pub(super) fn trade_state(payment: &Payment) -> (&'static str, &'static str) {
    match payment.status {
        Status::Open | Status::Approved => ("NOTPAY", "订单未支付"),
        Status::Pending => ("USERPAYING", "用户支付中，需要输入密码"),
        Status::Captured if payment.refunds.iter().any(|refund| refund.status != RefundStatus::Failed) => {
            ("REFUND", "转入退款")
        }
        Status::Captured => ("SUCCESS", "支付成功"),
        Status::Declined => ("PAYERROR", "支付失败"),
        Status::Cancelled | Status::Expired => ("CLOSED", "订单已关闭"),
    }
}

/// A payment as it is answered and told.
pub(super) fn transaction(keys: &Keys, payment: &Payment) -> Value {
    let (state, words) = trade_state(payment);
    let mut shown = json!({
        "appid": keys.client,
        "mchid": payment.merchant,
        "out_trade_no": payment.reference,
        "trade_state": state,
        "trade_state_desc": words,
        "attach": "",
        "payer": {},
    });
    let (Some(capture), Some(fields)) = (payment.captures.first(), shown.as_object_mut()) else {
        return shown;
    };
    let (minor, currency) = (capture.amount.minor, capture.amount.currency.code());
    let paid = json!({
        "transaction_id": transaction_id(payment),
        "trade_type": extra(payment, "trade_type"),
        "bank_type": "OTHERS",
        "success_time": beijing_time(capture.at),
        "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
        "amount": { "total": minor, "payer_total": minor, "currency": currency, "payer_currency": currency },
        "promotion_detail": [],
    });
    fields.extend(paid.as_object().cloned().unwrap_or_default());
    shown
}

/// `SUCCESS`, `PROCESSING`, `ABNORMAL` (the payer's card is gone), `CLOSED` (the merchant's balance stayed short).
pub(super) fn refund_status(refund: &Refund) -> &'static str {
    match refund.status {
        RefundStatus::Pending => "PROCESSING",
        RefundStatus::Succeeded => "SUCCESS",
        RefundStatus::Failed if refund.failure.as_deref() == Some("merchant_balance") => "CLOSED",
        RefundStatus::Failed => "ABNORMAL",
    }
}

/// What answers and messages about a refund have in common.
fn common(payment: &Payment, refund: &Refund) -> Value {
    let total = payment.captures.first().map_or(payment.amount, |capture| capture.amount);
    let mut shown = json!({
        "refund_id": refund_id(refund),
        "out_refund_no": refund.reference,
        "transaction_id": transaction_id(payment),
        "out_trade_no": payment.reference,
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": total.minor,
            "refund": refund.amount.minor,
            "payer_total": total.minor,
            "payer_refund": refund.amount.minor,
        },
    });
    if let (RefundStatus::Succeeded, Some(fields)) = (refund.status, shown.as_object_mut()) {
        fields.insert("success_time".to_owned(), json!(beijing_time(refund.at)));
    }
    shown
}

/// A refund as it is answered.
pub(super) fn refund(payment: &Payment, refund: &Refund) -> Value {
    let mut shown = common(payment, refund);
    let Some(fields) = shown.as_object_mut() else { return shown };
    fields.insert("channel".to_owned(), json!("ORIGINAL"));
    fields.insert("funds_account".to_owned(), json!("AVAILABLE"));
    fields.insert("status".to_owned(), json!(refund_status(refund)));
    fields.insert("create_time".to_owned(), json!(beijing_time(refund.at)));
    if let Some(amount) = fields.get_mut("amount").and_then(Value::as_object_mut) {
        amount.insert("currency".to_owned(), json!(refund.amount.currency.code()));
        amount.insert("settlement_total".to_owned(), json!(payment.amount.minor));
        amount.insert("settlement_refund".to_owned(), json!(refund.amount.minor));
    }
    shown
}

/// A refund as it is told.
pub(super) fn told_refund(payment: &Payment, refund: &Refund) -> Value {
    let mut shown = common(payment, refund);
    let Some(fields) = shown.as_object_mut() else { return shown };
    fields.insert("mchid".to_owned(), json!(payment.merchant));
    fields.insert("refund_status".to_owned(), json!(refund_status(refund)));
    shown
}
