//! Refunds: at most 50 of an order, for 365 days, a minute apart; the same number refunds once.
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012556457>

use axum::extract::Path;
use axum::response::Response;
use basis::{Currency, DAY_MS, Env, MINUTE_MS, Money, Timestamp};
use serde::Deserialize;

use super::orders::known;
use super::shapes;
use super::signed::{Asked, Refusal, refuse};
use crate::answers::{self, Call, settled};
use crate::books::Books;
use crate::wire::{ApiError, CreateRefund, Payment, Refund};

const PARTS_MAX: usize = 50;
const DAYS_MAX: i64 = 365;

/// `POST /v3/refund/domestic/refunds`
#[derive(Deserialize)]
struct Create {
    transaction_id: Option<String>,
    out_trade_no: Option<String>,
    out_refund_no: String,
    amount: CreateAmount,
}

#[derive(Deserialize)]
struct CreateAmount {
    refund: i64,
    total: i64,
    currency: String,
}

const fn bad(message: &'static str) -> Refusal {
    refuse(400, "PARAM_ERROR", message)
}

const fn impossible(message: &'static str) -> Refusal {
    refuse(400, "INVALID_REQUEST", message)
}

impl Create {
    fn check(&self) -> Result<(), Refusal> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
        if self.out_refund_no.is_empty()
            || self.out_refund_no.len() > 64
            || !self.out_refund_no.bytes().all(allowed)
        {
            return Err(bad("商户退款单号out_refund_no格式不正确"));
        }
        if self.amount.currency != "CNY" || self.amount.refund < 1 {
            return Err(bad("退款金额amount不正确"));
        }
        Ok(())
    }

    fn payment(&self, books: &Books, now: Timestamp) -> Result<Payment, Refusal> {
        let found = match (&self.transaction_id, &self.out_trade_no) {
            (Some(transaction), _) => books.get(now, &shapes::of_transaction(transaction)).ok(),
            (None, Some(number)) => known(books, now, number),
            (None, None) => return Err(bad("transaction_id和out_trade_no必填其一")),
        };
        let paid = found.filter(|payment| !payment.captures.is_empty());
        paid.ok_or(refuse(404, "RESOURCE_NOT_EXISTS", "订单不存在"))
    }

    /// What the order's earlier refunds and its age allow.
    fn allowed(&self, payment: &Payment, now: Timestamp) -> Result<(), Refusal> {
        let Some(capture) = payment.captures.first() else { return Err(impossible("订单未支付")) };
        if self.amount.total != capture.amount.minor {
            return Err(bad("订单金额或退款金额与之前请求不一致，请核实后再试"));
        }
        if now.since(capture.at) > DAYS_MAX * DAY_MS {
            return Err(impossible("订单已经超过可退款的最大期限"));
        }
        if payment.refunds.len() >= PARTS_MAX {
            return Err(impossible("部分退款次数超限"));
        }
        if payment.refunds.iter().any(|refund| now.since(refund.at) < MINUTE_MS) {
            return Err(refuse(429, "FREQUENCY_LIMITED", "该笔订单退款太频繁，请稍后再试"));
        }
        Ok(())
    }

    fn same(&self, payment: &Payment, refund: &Refund) -> Result<(), Refusal> {
        let same = refund.payment == payment.id && refund.amount.minor == self.amount.refund;
        same.then_some(()).ok_or(bad("订单金额或退款金额与之前请求不一致，请核实后再试"))
    }

    fn send(&self, books: &mut Books, env: &Env) -> Result<(Payment, Refund), ApiError> {
        self.check()?;
        let payment = self.payment(books, env.now())?;
        if let Some(refund) = books.refunds(&self.out_refund_no).into_iter().next() {
            self.same(&payment, &refund)?;
            return Ok((payment, refund));
        }
        self.allowed(&payment, env.now())?;
        let new = CreateRefund {
            reference: self.out_refund_no.clone(),
            capture: None,
            amount: Money::new(self.amount.refund, Currency::CNY),
            extra: serde_json::Value::Null,
        };
        let refund = books.refund(env, &payment.id, new).map_err(|error| match error.code {
            "refund_refused" => refuse(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起").into(),
            "amount_too_large" => ApiError::from(impossible("申请退款金额大于订单可退金额")),
            _ => error,
        })?;
        Ok((books.get(env.now(), &payment.id)?, refund))
    }
}

pub(super) async fn create(asked: Asked) -> Response {
    let wish: Create = match asked.read() {
        Ok(wish) => wish,
        Err(refusal) => return asked.refuse(&refusal),
    };
    let target =
        asked.service.look(|books, now| Ok(wish.payment(books, now).map(|payment| payment.id))).await;
    let target = settled(target).ok().and_then(Result::ok).unwrap_or_default();
    let call = Call { key: None, fingerprint: String::new(), kept_ms: 0 };
    let change = |books: &mut Books, env: &Env| {
        let (payment, refund) = wish.send(books, env)?;
        Ok((200, shapes::refund(&payment, &refund)))
    };
    asked.changed(answers::run(&asked.service, call, &target, change).await)
}

pub(super) async fn show(Path(number): Path<String>, asked: Asked) -> Response {
    let look = |books: &Books, now| {
        let refund = books.refunds(&number).into_iter().next().ok_or_else(ApiError::not_found)?;
        Ok((books.get(now, &refund.payment)?, refund))
    };
    let found = settled(asked.service.look(look).await);
    let found = found.ok().filter(|(payment, _)| payment.face == super::NAME);
    asked.respond(match found {
        Some((payment, refund)) => Ok(shapes::refund(&payment, &refund)),
        None => Err(refuse(404, "RESOURCE_NOT_EXISTS", "退款单不存在")),
    })
}
