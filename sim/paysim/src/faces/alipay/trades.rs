//! Trades: opened by their payers, asked about, closed, refunded.

use std::collections::BTreeMap;

use basis::{Currency, DAY_MS, Env, HOUR_MS, MINUTE_MS, Money, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::{NAME, bill, wire};
use crate::answers::{self, Call, Failure, settled};
use crate::books::{Books, NewPayment};
use crate::keys::Keys;
use crate::service::Service;
use crate::wire::{ApiError, CreateRefund, Method, Payment, Refund, RefundStatus, Status};
use wire::{Request, refused};

/// A trade can be refunded for so long; then it is finished.
const REFUND_WINDOW_MS: i64 = 365 * DAY_MS;
/// A trade that says nothing of it stays open so long.
const OPEN_MS: i64 = 15 * DAY_MS;
/// Refunds of one trade are so far apart.
const REFUND_GAP_MS: i64 = 3 * SECOND_MS;

/// Runs what the merchant asks for, and answers the inner object.
pub(super) async fn run(service: &Service, keys: &Keys, request: &Request) -> Result<Value, Failure> {
    let content = request.content()?;
    match request.method() {
        "alipay.trade.query" => {
            let shown = settled(service.look(|books, now| query(books, now, &content)).await);
            Ok(shown?)
        }
        "alipay.trade.fastpay.refund.query" => {
            let shown = settled(service.look(|books, now| refund_query(books, now, &content)).await);
            Ok(shown?)
        }
        "alipay.trade.close" => change(service, &content, close).await,
        "alipay.trade.refund" => change(service, &content, refund).await,
        "alipay.data.dataservice.bill.downloadurl.query" => Ok(bill::address(service, keys, &content).await?),
        _ => Err(refused("40002", "isv.invalid-method", "不存在的方法名").into()),
    }
}

async fn change(
    service: &Service,
    content: &Value,
    act: fn(&mut Books, &Env, &Value) -> Result<Value, ApiError>,
) -> Result<Value, Failure> {
    let found = settled(service.look(|books, now| find(books, now, content)).await)?;
    let call = Call { key: None, fingerprint: String::new(), kept_ms: 0 };
    let run =
        answers::run(service, call, &found.id, |books, env| Ok((200, act(books, env, content)?))).await?;
    serde_json::from_str(&run.body).map_err(|_| ApiError::broken(500).into())
}

fn text<'a>(content: &'a Value, name: &str) -> &'a str {
    content.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Amounts come as text or as numbers: `"88.88"`, `88.88`.
fn amount(content: &Value, name: &str) -> Result<Money, ApiError> {
    let written = match content.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let amount = Money::parse(&written, Currency::CNY).ok().filter(|amount| amount.is_positive());
    amount.ok_or_else(|| refused("40004", "ACQ.INVALID_PARAMETER", "参数无效"))
}

fn find(books: &Books, now: Timestamp, content: &Value) -> Result<Payment, ApiError> {
    let (trade_no, out_trade_no) = (text(content, "trade_no"), text(content, "out_trade_no"));
    let mut named = books.by_reference(now, out_trade_no).into_iter().chain(books.get(now, trade_no));
    named.find(|payment| payment.face == NAME).ok_or_else(ApiError::not_found)
}

/// Opens a trade for the payer who comes, or the same trade again; answers where the cashier is.
pub(super) async fn open(service: &Service, keys: &Keys, request: &Request) -> Result<String, Failure> {
    let content = request.content()?;
    let new = new_trade(service.env(), keys, request, &content)?;
    let call = Call { key: None, fingerprint: String::new(), kept_ms: 0 };
    let change = |books: &mut Books, env: &Env| match find(books, env.now(), &content) {
        Ok(known) if known.amount == new.amount => Ok((200, json!(known.url))),
        Ok(_) => Err(refused("40004", "ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")),
        Err(_) => Ok((200, json!(books.create(env, new).url))),
    };
    let opened = answers::run(service, call, "", change).await?;
    serde_json::from_str(&opened.body).map_err(|_| ApiError::broken(500).into())
}

fn new_trade(env: &Env, keys: &Keys, request: &Request, content: &Value) -> Result<NewPayment, ApiError> {
    let invalid = || refused("40004", "ACQ.INVALID_PARAMETER", "参数无效");
    let (reference, subject) = (text(content, "out_trade_no"), text(content, "subject"));
    let named = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if reference.is_empty() || reference.len() > 64 || !reference.chars().all(named) {
        return Err(invalid());
    }
    if subject.is_empty() || subject.chars().count() > 256 || subject.contains(['/', '=', '&']) {
        return Err(invalid());
    }
    let product =
        if request.method() == "alipay.trade.wap.pay" { "QUICK_WAP_WAY" } else { "FAST_INSTANT_TRADE_PAY" };
    if text(content, "product_code") != product {
        return Err(invalid());
    }
    let now = env.now();
    let expires_at = expiry(now, content).filter(|at| *at > now).ok_or_else(invalid)?;
    Ok(NewPayment {
        face: NAME,
        id: trade_no(env),
        merchant: keys.merchant.clone(),
        reference: reference.to_owned(),
        amount: amount(content, "total_amount")?,
        method: Method::Alipay,
        description: subject.to_owned(),
        locale: "zh-CN".to_owned(),
        return_url: request.get("return_url").to_owned(),
        notify_url: Some(request.get("notify_url").to_owned()).filter(|url| !url.is_empty()),
        expires_at,
        captured_by_merchant: false,
        save: false,
        extra: json!({ "method": request.method() }),
    })
}

/// `time_expire` is a moment, `timeout_express` a while: `90m`, `12h`, `3d`.
fn expiry(now: Timestamp, content: &Value) -> Option<Timestamp> {
    let (at, after) = (text(content, "time_expire"), text(content, "timeout_express"));
    if !at.is_empty() {
        return wire::moment(at);
    }
    if after.is_empty() {
        return Some(now.plus_ms(OPEN_MS));
    }
    let (number, unit) = after.split_at_checked(after.len().checked_sub(1)?)?;
    let unit_ms = match unit {
        "m" => MINUTE_MS,
        "h" => HOUR_MS,
        "d" => DAY_MS,
        _ => return None,
    };
    Some(now.plus_ms(number.parse::<i64>().ok()?.checked_mul(unit_ms)?))
}

/// A day and twenty digits.
fn trade_no(env: &Env) -> String {
    let digits = u128::from_be_bytes(env.random()) % 100_000_000_000_000_000_000;
    format!("{}{digits:020}", wire::day(env.now()))
}

/// Which way the payer came.
pub(super) fn method(payment: &Payment) -> &str {
    text(&payment.extra, "method")
}

/// What messages about a trade say, and what its payer brings along.
pub(super) fn fields(keys: &Keys, payment: &Payment, now: Timestamp) -> BTreeMap<&'static str, String> {
    let total = total(payment).to_decimal();
    let mut fields: BTreeMap<&'static str, String> = [
        ("app_id", keys.client.clone()),
        ("auth_app_id", keys.client.clone()),
        ("charset", "utf-8".to_owned()),
        ("version", "1.0".to_owned()),
        ("seller_id", payment.merchant.clone()),
        ("buyer_id", "2088102122458832".to_owned()),
        ("trade_no", payment.id.clone()),
        ("out_trade_no", payment.reference.clone()),
        ("subject", payment.description.clone()),
        ("total_amount", total.clone()),
        ("gmt_create", wire::time(payment.created_at)),
    ]
    .into();
    if let Some(capture) = payment.captures.first() {
        let paid = [
            ("receipt_amount", total.clone()),
            ("buyer_pay_amount", total.clone()),
            ("invoice_amount", total),
        ];
        fields.extend(paid);
        fields.insert("gmt_payment", wire::time(capture.at.min(now)));
        fields.insert(
            "fund_bill_list",
            json!([{ "amount": capture.amount.to_decimal(), "fundChannel": "ALIPAYACCOUNT" }]).to_string(),
        );
    }
    fields
}

/// What the payer paid, or is to pay.
fn total(payment: &Payment) -> Money {
    payment.captures.first().map_or(payment.amount, |capture| capture.amount)
}

/// All that went back.
pub(super) fn refunded(payment: &Payment) -> Money {
    let done = payment.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
    Money::new(done.map(|refund| refund.amount.minor).sum(), Currency::CNY)
}

/// What Alipay calls the state of a trade: closed both when its time ran out and when all of it went back. A bank's refusal
/// changes nothing: the payer can take another.
pub(super) fn status(payment: &Payment, now: Timestamp) -> &'static str {
    match (payment.captures.first(), payment.status) {
        (Some(capture), _) if refunded(payment).minor >= capture.amount.minor => "TRADE_CLOSED",
        (Some(capture), _) if now.since(capture.at) >= REFUND_WINDOW_MS => "TRADE_FINISHED",
        (Some(_), _) => "TRADE_SUCCESS",
        (None, Status::Cancelled | Status::Expired) => "TRADE_CLOSED",
        (None, _) if now >= payment.expires_at => "TRADE_CLOSED",
        (None, _) => "WAIT_BUYER_PAY",
    }
}

fn accepted(payment: &Payment) -> serde_json::Map<String, Value> {
    [("code", "10000"), ("msg", "Success"), ("trade_no", &payment.id), ("out_trade_no", &payment.reference)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

fn query(books: &Books, now: Timestamp, content: &Value) -> Result<Value, ApiError> {
    let payment = find(books, now, content)?;
    let total = total(&payment).to_decimal();
    let mut node = accepted(&payment);
    let mut tell = |name: &str, value: String| drop(node.insert(name.to_owned(), json!(value)));
    tell("trade_status", status(&payment, now).to_owned());
    tell("total_amount", total.clone());
    tell("buyer_logon_id", "159****5620".to_owned());
    let capture = payment.captures.first();
    let received = if capture.is_some() { total } else { "0.00".to_owned() };
    tell("receipt_amount", received.clone());
    tell("buyer_pay_amount", received.clone());
    tell("invoice_amount", received);
    if let Some(capture) = capture {
        tell("send_pay_date", wire::time(capture.at));
    }
    Ok(node.into())
}

fn close(books: &mut Books, env: &Env, content: &Value) -> Result<Value, ApiError> {
    let payment = find(books, env.now(), content)?;
    if status(&payment, env.now()) != "WAIT_BUYER_PAY" {
        return Err(refused("40004", "ACQ.REASON_TRADE_STATUS_INVALID", "交易状态不合法"));
    }
    books.cancel(env, &payment.id)?;
    Ok(accepted(&payment).into())
}

/// The same refund number moves money once; told again, it answers where it stands. One that failed may be sent again.
fn refund(books: &mut Books, env: &Env, content: &Value) -> Result<Value, ApiError> {
    let payment = find(books, env.now(), content)?;
    let amount = amount(content, "refund_amount")?;
    let number = match text(content, "out_request_no") {
        "" => payment.reference.clone(),
        number => number.to_owned(),
    };
    if let Some(known) = known_refund(&payment, &number) {
        return repeated(&payment, known, amount);
    }
    check_refundable(&payment, env.now())?;
    let new = CreateRefund { reference: number, capture: None, amount, extra: Value::Null };
    let moved = books.refund(env, &payment.id, new)?;
    let payment = books.get(env.now(), &payment.id)?;
    Ok(refund_node(&payment, &moved, moved.status == RefundStatus::Succeeded))
}

fn known_refund<'a>(payment: &'a Payment, number: &str) -> Option<&'a Refund> {
    payment.refunds.iter().rev().find(|refund| refund.reference == number)
}

fn repeated(payment: &Payment, known: &Refund, amount: Money) -> Result<Value, ApiError> {
    if known.amount != amount {
        return Err(refused("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求"));
    }
    if known.status == RefundStatus::Failed {
        return Err(refused("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"));
    }
    Ok(refund_node(payment, known, false))
}

fn check_refundable(payment: &Payment, now: Timestamp) -> Result<(), ApiError> {
    let sooner = |refund: &Refund| now.since(refund.at) < REFUND_GAP_MS;
    if payment.refunds.iter().any(sooner) {
        return Err(refused("40005", "isv.method-call-limited", "接口调用次数超限"));
    }
    match status(payment, now) {
        "TRADE_FINISHED" => Err(refused("40004", "ACQ.TRADE_HAS_FINISHED", "交易已完结")),
        "TRADE_CLOSED" => Err(refused("40004", "ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
        _ => Ok(()),
    }
}

fn refund_node(payment: &Payment, refund: &Refund, moved: bool) -> Value {
    let mut node = accepted(payment);
    let fields = [
        ("fund_change", if moved { "Y".to_owned() } else { "N".to_owned() }),
        // All that went back so far, and what of it by this request.
        ("refund_fee", refunded(payment).to_decimal()),
        ("send_back_fee", if moved { refund.amount.to_decimal() } else { "0.00".to_owned() }),
        ("buyer_logon_id", "159****5620".to_owned()),
    ];
    node.extend(fields.map(|(name, value)| (name.to_owned(), json!(value))));
    node.into()
}

/// A refund that was made; of any other there is nothing to tell.
fn refund_query(books: &Books, now: Timestamp, content: &Value) -> Result<Value, ApiError> {
    let payment = find(books, now, content)?;
    let found = known_refund(&payment, text(content, "out_request_no"))
        .filter(|refund| refund.status == RefundStatus::Succeeded);
    let Some(refund) = found else { return Ok(json!({ "code": "10000", "msg": "Success" })) };
    let mut node = accepted(&payment);
    let fields = [
        ("out_request_no", refund.reference.clone()),
        ("refund_amount", refund.amount.to_decimal()),
        ("refund_status", "REFUND_SUCCESS".to_owned()),
        ("total_amount", total(&payment).to_decimal()),
    ];
    node.extend(fields.map(|(name, value)| (name.to_owned(), json!(value))));
    Ok(node.into())
}
