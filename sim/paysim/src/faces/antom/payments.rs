//! Payments: opened once for each `paymentRequestId`, asked about, cancelled.

use basis::{Currency, DAY_MS, Env, HOUR_MS, MINUTE_MS, Money, Timestamp};
use serde_json::{Value, json};

use super::signed::no;
use super::{NAME, shapes};
use crate::answers::{self, Call, Failure, settled};
use crate::books::{Books, NewPayment};
use crate::keys::Keys;
use crate::service::Service;
use crate::wire::{ApiError, CreateRefund, Method, Payment, Status};

/// A payment that says nothing of it stays open so long, and who wants another time says one that is less than this away (the
/// client's `paymentExpiryTime`).
const OPEN_MS: i64 = 14 * MINUTE_MS;
const EXPIRY_MS_MAX: i64 = 10 * MINUTE_MS;
/// What a payment in CNY is at least and at most (docs.antom.com/ac/antomop/alipay_cn).
const CNY_MINOR: std::ops::RangeInclusive<i64> = 10..=30_000_000;
const NAME_BYTES_MAX: usize = 64;

/// A change that needs no key: requests carry names that are good once.
pub(super) fn unkeyed() -> Call {
    Call { key: None, fingerprint: String::new(), kept_ms: 0 }
}

pub(super) fn text<'a>(wish: &'a Value, pointer: &str) -> &'a str {
    wish.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// `paymentId` goes before `paymentRequestId`.
pub(super) fn find(books: &Books, now: Timestamp, wish: &Value) -> Result<Payment, ApiError> {
    let found = match text(wish, "/paymentId") {
        "" => books.by_reference(now, text(wish, "/paymentRequestId")),
        theirs => books.get(now, theirs).into_iter().collect(),
    };
    found.into_iter().find(|payment| payment.face == NAME).ok_or_else(ApiError::not_found)
}

pub(super) async fn pay(service: &Service, keys: &Keys, wish: &Value) -> Result<String, Failure> {
    let new = new_payment(service.env(), keys, wish)?;
    let again = json!({ "paymentRequestId": new.reference });
    let change = |books: &mut Books, env: &Env| {
        let payment = match find(books, env.now(), &again) {
            Ok(known) if shapes::noted(&known, "wish") == essence(wish) => known,
            Ok(_) => return Err(no("REPEAT_REQ_INCONSISTENT", "Repeated requests are inconsistent.")),
            Err(_) => books.create(env, new),
        };
        Ok((200, shapes::opened(&payment)))
    };
    Ok(answers::run(service, unkeyed(), "", change).await?.body)
}

/// What a repeat must not change; from memory.
fn essence(wish: &Value) -> String {
    ["/productCode", "/paymentAmount", "/order/orderAmount", "/order/referenceOrderId", "/paymentMethod"]
        .map(|pointer| wish.pointer(pointer).cloned().unwrap_or_default().to_string())
        .join(" ")
}

fn new_payment(env: &Env, keys: &Keys, wish: &Value) -> Result<NewPayment, ApiError> {
    let illegal = |what: &str| no("PARAM_ILLEGAL", &format!("Illegal parameters exist: {what}."));
    let needed = [
        "/paymentRequestId",
        "/order/referenceOrderId",
        "/order/orderDescription",
        "/paymentRedirectUrl",
        "/paymentNotifyUrl",
    ];
    if let Some(missing) = needed.iter().find(|pointer| text(wish, pointer).is_empty()) {
        return Err(illegal(missing));
    }
    let reference = text(wish, "/paymentRequestId");
    if reference.len() > NAME_BYTES_MAX || text(wish, "/productCode") != "CASHIER_PAYMENT" {
        return Err(illegal("paymentRequestId or productCode"));
    }
    let terminal = terminal(wish).ok_or_else(|| illegal("env.terminalType or env.osType"))?;
    if text(wish, "/paymentMethod/paymentMethodType") != "ALIPAY_CN" {
        return Err(no("NO_PAY_OPTIONS", "No pay option is available."));
    }
    shapes::amount(wish.pointer("/order/orderAmount"))?;
    let amount = shapes::amount(wish.get("paymentAmount"))?;
    if amount.currency == Currency::CNY && !CNY_MINOR.contains(&amount.minor) {
        return Err(no("PAYMENT_AMOUNT_EXCEED_LIMIT", "The payment amount exceeds the limit."));
    }
    let expires_at = match text(wish, "/paymentExpiryTime") {
        "" => Some(env.now().plus_ms(OPEN_MS)),
        text => shapes::moment(text).filter(|at| (1..EXPIRY_MS_MAX).contains(&at.since(env.now()))),
    };
    Ok(NewPayment {
        face: NAME,
        id: payment_id(env),
        merchant: keys.merchant.clone(),
        reference: reference.to_owned(),
        amount,
        method: Method::Alipay,
        description: text(wish, "/order/orderDescription").to_owned(),
        locale: "zh-CN".to_owned(),
        return_url: text(wish, "/paymentRedirectUrl").to_owned(),
        notify_url: Some(text(wish, "/paymentNotifyUrl").to_owned()),
        expires_at: expires_at.ok_or_else(|| illegal("paymentExpiryTime"))?,
        captured_by_merchant: false,
        save: false,
        extra: json!({ "wish": essence(wish), "client": keys.client, "terminal": terminal }),
    })
}

/// What the payer sits at: a phone says what it runs (Antom's guide to one-time payments, "How to set the value of
/// terminalType?"). That it is refused without is from memory.
fn terminal(wish: &Value) -> Option<String> {
    let (terminal, system) = (text(wish, "/env/terminalType"), text(wish, "/env/osType"));
    match terminal {
        "WEB" => Some(terminal.to_owned()),
        "WAP" | "APP" if ["ANDROID", "IOS"].contains(&system) => Some(format!("{terminal} {system}")),
        _ => None,
    }
}

/// A day and 27 digits.
fn payment_id(env: &Env) -> String {
    let day: String = shapes::time(env.now()).chars().filter(char::is_ascii_digit).take(8).collect();
    let digits = u128::from_be_bytes(env.random()) % 1_000_000_000_000_000_000_000_000_000;
    format!("{day}{digits:027}")
}

pub(super) async fn inquire(service: &Service, wish: &Value) -> Result<String, Failure> {
    let found = settled(service.look(|books, now| find(books, now, wish)).await)?;
    Ok(shapes::found(&found).to_string())
}

/// Cancels what is open, and what is paid, too: then the money goes back.
pub(super) async fn cancel(service: &Service, wish: &Value) -> Result<String, Failure> {
    let found = settled(service.look(|books, now| find(books, now, wish)).await)?;
    let change = |books: &mut Books, env: &Env| {
        let payment = find(books, env.now(), wish)?;
        take_back(books, env, &payment)?;
        Ok((200, shapes::cancelled(&payment, env.now())))
    };
    Ok(answers::run(service, unkeyed(), &found.id, change).await?.body)
}

fn take_back(books: &mut Books, env: &Env, payment: &Payment) -> Result<(), ApiError> {
    let now = env.now();
    let (status, _) = shapes::status(payment);
    match (status, payment.captures.first()) {
        ("CANCELLED", _) => Ok(()),
        ("SUCCESS", _) if now > cancellable_until(payment.created_at) => {
            Err(no("CANCEL_WINDOW_EXCEED", "The cancellation is out of the period."))
        }
        ("SUCCESS", Some(capture)) if payment.refunds.is_empty() => {
            give_back(books, env, payment, capture.amount)?;
            books.annotate(now, &payment.id, "cancelled", json!("true"))
        }
        ("PROCESSING", _) if payment.status == Status::Open => books.cancel(env, &payment.id).map(drop),
        _ => Err(no("ORDER_STATUS_INVALID", "The order status is invalid.")),
    }
}

fn give_back(books: &mut Books, env: &Env, payment: &Payment, amount: Money) -> Result<(), ApiError> {
    let reference = format!("cancel_{}", payment.reference);
    let extra = json!({ "cancellation": true });
    books.refund(env, &payment.id, CreateRefund { reference, capture: None, amount, extra }).map(drop)
}

/// A quarter past the midnight after it, by Singapore's clock (docs.antom.com/ac/auto_debit/cancel).
fn cancellable_until(created_at: Timestamp) -> Timestamp {
    let local_ms = created_at.as_ms() + 8 * HOUR_MS;
    let midnight_ms = local_ms - local_ms.rem_euclid(DAY_MS) + DAY_MS;
    Timestamp(midnight_ms + 15 * MINUTE_MS - 8 * HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_can_be_cancelled_until_a_quarter_past_midnight_in_singapore() {
        let moment = |text: &str| shapes::moment(text).unwrap();
        for (created, until) in [
            ("2026-11-23T23:59:59+08:00", "2026-11-24T00:15:00+08:00"),
            ("2026-11-24T00:00:00+08:00", "2026-11-25T00:15:00+08:00"),
        ] {
            assert_eq!(cancellable_until(moment(created)), moment(until));
        }
    }
}
