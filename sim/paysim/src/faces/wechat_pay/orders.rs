//! Orders: opened, asked about, closed, and the page to which a phone is sent.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use basis::{Currency, DAY_MS, Env, HOUR_MS, MINUTE_MS, Money, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::signed::{Asked, Refusal, refuse};
use super::{NAME, shapes};
use crate::answers::{self, Call, settled};
use crate::books::{Books, NewPayment};
use crate::service::Service;
use crate::wire::{ApiError, Method, Payment, Status};

/// An order without a time of its own ends then.
const ENDS_AFTER_MS: i64 = 2 * HOUR_MS;

/// `POST /v3/pay/transactions/{native,h5}`
#[derive(Deserialize)]
struct Create {
    appid: String,
    mchid: String,
    description: String,
    out_trade_no: String,
    time_expire: Option<String>,
    notify_url: String,
    amount: CreateAmount,
    #[serde(default)]
    scene_info: Value,
}

#[derive(Deserialize)]
struct CreateAmount {
    total: i64,
    #[serde(default)]
    currency: Option<String>,
}

const fn bad(message: &'static str) -> Refusal {
    refuse(400, "PARAM_ERROR", message)
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.status, kind: "", code: refusal.code, message: refusal.message.to_owned() }
    }
}

/// A merchant's own number: 6 to 32 of the characters that WeChat allows.
fn is_number(text: &str) -> bool {
    (6..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte))
}

/// Their own rule; plain HTTP only to this machine.
fn is_notify_url(url: &str) -> bool {
    let secure = url.starts_with("https://")
        || url.starts_with("http://127.0.0.1")
        || url.starts_with("http://localhost");
    secure && url.len() <= 255 && !url.contains('?')
}

impl Create {
    fn check(&self, asked: &Asked, kind: &str) -> Result<Timestamp, Refusal> {
        if self.mchid != asked.keys.merchant {
            return Err(bad("商户号mchid与签名的商户号不一致"));
        }
        if self.appid != asked.keys.client {
            return Err(refuse(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"));
        }
        if !is_number(&self.out_trade_no) {
            return Err(bad("商户订单号out_trade_no格式不正确"));
        }
        if self.description.is_empty() || self.description.chars().count() > 127 {
            return Err(bad("商品描述description长度不正确"));
        }
        if !is_notify_url(&self.notify_url) {
            return Err(bad("通知地址notify_url不正确"));
        }
        if self.amount.total < 1 || self.amount.currency.as_deref().is_some_and(|code| code != "CNY") {
            return Err(bad("订单金额amount不正确"));
        }
        let of_phone = |name: &str| self.scene_info.pointer(name).is_some_and(Value::is_string);
        if kind == "MWEB" && !(of_phone("/payer_client_ip") && of_phone("/h5_info/type")) {
            return Err(bad("缺少场景信息scene_info"));
        }
        self.ends(asked.service.env().now())
    }

    fn ends(&self, now: Timestamp) -> Result<Timestamp, Refusal> {
        let Some(text) = &self.time_expire else { return Ok(now.plus_ms(ENDS_AFTER_MS)) };
        let time: jiff::Timestamp = text.parse().map_err(|_| bad("time_expire格式不正确"))?;
        let ends = Timestamp(time.as_millisecond());
        let open_ms = ends.since(now);
        if !(MINUTE_MS..=7 * DAY_MS).contains(&open_ms) {
            return Err(bad("time_expire时间不正确"));
        }
        Ok(ends)
    }

    fn payment(self, asked: &Asked, kind: &str, env: &Env, expires_at: Timestamp) -> NewPayment {
        let id = shapes::books_id(env.random());
        NewPayment {
            face: NAME,
            return_url: format!("/pay/{id}"),
            id,
            merchant: self.mchid,
            reference: self.out_trade_no,
            amount: Money::new(self.amount.total, Currency::CNY),
            method: Method::WeChatPay,
            description: self.description,
            locale: "zh-CN".to_owned(),
            notify_url: Some(self.notify_url),
            expires_at,
            captured_by_merchant: false,
            save: false,
            extra: json!({
                "trade_type": kind,
                "asked": asked.body,
                "signed_by": if asked.by_public_key { "public_key" } else { "certificate" },
            }),
        }
    }
}

pub(super) async fn native(asked: Asked) -> Response {
    create(&asked, "NATIVE").await
}

pub(super) async fn h5(asked: Asked) -> Response {
    create(&asked, "MWEB").await
}

async fn create(asked: &Asked, kind: &str) -> Response {
    let call = Call { key: None, fingerprint: String::new(), kept_ms: 0 };
    let change = |books: &mut Books, env: &Env| {
        let wish: Create = asked.read()?;
        let expires_at = wish.check(asked, kind)?;
        let payment = match known(books, env.now(), &wish.out_trade_no) {
            Some(known) => again(known, asked, kind)?,
            None => books.create(env, wish.payment(asked, kind, env, expires_at)),
        };
        Ok((200, opened(books, &payment, kind)))
    };
    asked.changed(answers::run(&asked.service, call, "", change).await)
}

/// The order of this number.
pub(super) fn known(books: &Books, now: Timestamp, number: &str) -> Option<Payment> {
    books.by_reference(now, number).into_iter().find(|payment| payment.face == NAME)
}

/// The same wish for an open order is answered as before.
fn again(known: Payment, asked: &Asked, kind: &str) -> Result<Payment, Refusal> {
    match known.status {
        Status::Captured => Err(refuse(400, "ORDERPAID", "该订单已支付")),
        Status::Cancelled | Status::Expired => Err(refuse(400, "ORDER_CLOSED", "该订单已关闭")),
        _ if shapes::extra(&known, "trade_type") == kind && shapes::extra(&known, "asked") == asked.body => {
            Ok(known)
        }
        _ => Err(refuse(403, "OUT_TRADE_NO_USED", "商户订单号重复")),
    }
}

fn opened(books: &Books, payment: &Payment, kind: &str) -> Value {
    if kind == "NATIVE" {
        return json!({ "code_url": format!("weixin://wxpay/bizpayurl?pr={}", payment.id) });
    }
    let page =
        format!("{}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={}&package=1", books.base_url(), payment.id);
    json!({ "h5_url": page })
}

#[derive(Deserialize)]
pub(super) struct OfMerchant {
    mchid: Option<String>,
}

pub(super) async fn by_number(
    Path(number): Path<String>,
    Query(of): Query<OfMerchant>,
    asked: Asked,
) -> Response {
    let found = asked.service.look(|books, now| Ok(known(books, now, &number))).await;
    show(&asked, &of, settled(found).ok().flatten())
}

pub(super) async fn by_transaction(
    Path(transaction): Path<String>,
    Query(of): Query<OfMerchant>,
    asked: Asked,
) -> Response {
    let id = shapes::of_transaction(&transaction);
    let found = settled(asked.service.look(|books, now| books.get(now, &id)).await);
    show(&asked, &of, found.ok().filter(|payment| !payment.captures.is_empty()))
}

fn show(asked: &Asked, of: &OfMerchant, found: Option<Payment>) -> Response {
    let ours = of.mchid.as_ref() == Some(&asked.keys.merchant);
    asked.respond(match found {
        _ if !ours => Err(bad("商户号mchid不正确")),
        Some(payment) => Ok(shapes::transaction(&asked.keys, &payment)),
        None => Err(refuse(404, "ORDER_NOT_EXIST", "订单不存在")),
    })
}

pub(super) async fn close(Path(number): Path<String>, asked: Asked) -> Response {
    let Ok(Some(open)) = settled(asked.service.look(|books, now| Ok(known(books, now, &number))).await)
    else {
        return asked.refuse(&refuse(404, "ORDER_NOT_EXIST", "订单不存在"));
    };
    let call = Call { key: None, fingerprint: String::new(), kept_ms: 0 };
    let change = |books: &mut Books, env: &Env| {
        let of: OfMerchant = asked.read()?;
        if of.mchid.as_ref() != Some(&asked.keys.merchant) {
            return Err(bad("商户号mchid不正确").into());
        }
        match books.get(env.now(), &open.id)?.status {
            Status::Captured => Err(refuse(400, "ORDERPAID", "该订单已支付").into()),
            Status::Pending => Err(refuse(400, "USERPAYING", "用户支付中").into()),
            _ => books.cancel(env, &open.id).map(|_| (204, Value::Null)),
        }
    };
    asked.changed(answers::run(&asked.service, call, &open.id, change).await)
}

#[derive(Deserialize)]
pub(super) struct CheckMweb {
    prepay_id: String,
    redirect_url: Option<String>,
}

/// The page to which a phone is sent. It wants to know from where: without a `Referer` the payer sees an error.
pub(super) async fn check_mweb(
    State(service): State<Arc<Service>>,
    Query(query): Query<CheckMweb>,
    headers: HeaderMap,
) -> Response {
    if !headers.contains_key(header::REFERER) {
        return (StatusCode::FORBIDDEN, "商家参数格式有误，请联系商家解决").into_response();
    }
    let back = query.redirect_url.unwrap_or_else(|| format!("/pay/{}", query.prepay_id));
    let set = service.change(|books, env| books.set_return_url(env, &query.prepay_id, &back)).await;
    match settled(set) {
        Ok(()) => Redirect::to(&format!("/pay/{}", query.prepay_id)).into_response(),
        Err(error) => error.into_response(),
    }
}
