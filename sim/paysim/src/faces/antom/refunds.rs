//! Refunds: once for each `refundRequestId`, for a year.

use basis::{DAY_MS, Env, Timestamp};
use serde_json::{Value, json};

use super::payments::{find, text, unkeyed};
use super::signed::no;
use super::{NAME, shapes};
use crate::answers::{self, Failure, settled};
use crate::books::Books;
use crate::service::Service;
use crate::wire::{ApiError, CreateRefund, Payment, Refund};

/// docs.antom.com/ac/cashierpay/alipayplus
const REFUND_WINDOW_MS: i64 = 365 * DAY_MS;

pub(super) async fn refund(service: &Service, wish: &Value) -> Result<String, Failure> {
    let found = settled(service.look(|books, now| find(books, now, wish)).await)?;
    let change = |books: &mut Books, env: &Env| Ok((200, shapes::refunded(&send(books, env, wish)?)));
    Ok(answers::run(service, unkeyed(), &found.id, change).await?.body)
}

fn send(books: &mut Books, env: &Env, wish: &Value) -> Result<Refund, ApiError> {
    let payment = find(books, env.now(), wish)?;
    let reference = text(wish, "/refundRequestId");
    if !(1..=64).contains(&reference.len()) || !reference.bytes().all(is_plain) {
        return Err(no("PARAM_ILLEGAL", "Illegal parameters exist: refundRequestId."));
    }
    let amount = shapes::amount(wish.get("refundAmount"))?;
    if let Some(known) = known(books, env.now(), reference) {
        let same = (known.payment.as_str(), known.amount) == (payment.id.as_str(), amount);
        let other = || no("REPEAT_REQ_INCONSISTENT", "Repeated requests are inconsistent.");
        return same.then_some(known).ok_or_else(other);
    }
    check_refundable(&payment, env.now())?;
    let extra = match text(wish, "/refundNotifyUrl") {
        "" => Value::Null,
        url => json!({ "notify_url": url }),
    };
    let new = CreateRefund { reference: reference.to_owned(), capture: None, amount, extra };
    books.refund(env, &payment.id, new)
}

/// "Special characters are not supported" (docs.antom.com/ac/ams/ir); that `_` and `-` are none is from memory.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-".contains(&byte)
}

fn check_refundable(payment: &Payment, now: Timestamp) -> Result<(), ApiError> {
    let paid = payment.captures.first().filter(|_| shapes::status(payment).0 == "SUCCESS");
    let paid = paid.ok_or_else(|| no("ORDER_STATUS_INVALID", "The order status is invalid."))?;
    if now.since(paid.at) > REFUND_WINDOW_MS {
        return Err(no("REFUND_WINDOW_EXCEED", "The refund is out of the period."));
    }
    Ok(())
}

fn known(books: &Books, now: Timestamp, reference: &str) -> Option<Refund> {
    let of_face = |refund: &Refund| books.get(now, &refund.payment).is_ok_and(|payment| payment.face == NAME);
    books.refunds(reference).into_iter().find(of_face)
}

/// A refund that is not known has an answer without one.
pub(super) async fn inquire(service: &Service, wish: &Value) -> Result<String, Failure> {
    let found = |books: &Books, now: Timestamp| match text(wish, "/refundId") {
        "" => Ok(known(books, now, text(wish, "/refundRequestId"))),
        id => Ok(books.owner(now, id)?.refunds.into_iter().find(|refund| refund.id == id)),
    };
    let refund = settled(service.look(found).await)?;
    Ok(shapes::refund_found(refund.as_ref()).to_string())
}
