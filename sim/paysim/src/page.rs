//! The hosted pay page: plain HTML, no script, in Chinese or English.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use basis::Currency;
use serde::Deserialize;

use crate::answers::settled;
use crate::faces::{PageRules, face};
use crate::service::Service;
use crate::wire::{ApiError, Method, Outcome, Payment, Status};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<Arc<Service>> {
    Router::new().route("/pay/{id}", get(show).post(act)).route("/assets/pay.css", get(style))
}

async fn style() -> impl IntoResponse {
    let kept = (header::CACHE_CONTROL, "max-age=3600");
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), kept], include_str!("../assets/pay.css"))
}

/// A sentence in both languages.
struct Said {
    zh: &'static str,
    en: &'static str,
}

const fn both(zh: &'static str, en: &'static str) -> Said {
    Said { zh, en }
}

/// One thing that the payer can do.
struct Choice {
    result: &'static str,
    class: &'static str,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage {
    chinese: bool,
    payment: Payment,
    amount: String,
    note: Option<&'static str>,
    choices: Vec<Choice>,
    webhook: String,
    retries: usize,
}

impl PayPage {
    fn say(&self, zh: &'static str, en: &'static str) -> &'static str {
        if self.chinese { zh } else { en }
    }

    fn lang(&self) -> &'static str {
        self.say("zh-CN", "en")
    }

    fn other_lang(&self) -> &'static str {
        self.say("en", "zh-CN")
    }

    fn method(&self) -> &'static str {
        match self.payment.method {
            Method::Card => self.say("银行卡", "Card"),
            Method::PayPal => "PayPal",
            Method::Alipay => self.say("支付宝", "Alipay"),
            Method::WeChatPay => self.say("微信支付", "WeChat Pay"),
        }
    }

    fn method_mark(&self) -> &'static str {
        match self.payment.method {
            Method::Card => "card",
            Method::PayPal => "paypal",
            Method::Alipay => "alipay",
            Method::WeChatPay => "wechat",
        }
    }
}

fn pick(chinese: bool, said: &Said) -> &'static str {
    if chinese { said.zh } else { said.en }
}

fn choices(chinese: bool, status: Status, rules: PageRules) -> Vec<Choice> {
    const OK: (&str, &str, Said) = ("ok", "btn block", both("付款成功", "Pay"));
    const LATE: (&str, &str, Said) =
        ("ok", "btn block", both("过期后照样付款", "Pay although it has run out"));
    const AGAIN: (&str, &str, Said) = ("ok", "btn line block", both("再付一次", "Pay once more"));
    const REST: [(&str, &str, Said); 7] = [
        ("slow", "btn line block", both("成功，但通知晚 30 秒到", "Pay, the notice comes 30 s late")),
        ("lost", "btn line block", both("成功，但通知丢失", "Pay, the notice is lost")),
        ("doubled", "btn line block", both("成功，但通知来两次", "Pay, the notice comes twice")),
        ("reordered", "btn line block", both("成功，但通知乱序", "Pay, the notices come out of order")),
        ("twice", "btn line block", both("付两次", "Pay twice")),
        ("declined", "btn line block", both("被银行拒绝", "Declined by the bank")),
        ("cancel", "btn bad block", both("取消付款", "Cancel the payment")),
    ];
    let offered: Vec<&(&str, &str, Said)> = match status {
        Status::Open => [&OK].into_iter().chain(&REST).collect(),
        Status::Expired if rules.late => [&LATE].into_iter().chain(REST.iter().take(4)).collect(),
        Status::Captured if rules.twice => vec![&AGAIN],
        _ => Vec::new(),
    };
    offered
        .into_iter()
        .filter(|(result, ..)| rules.twice || *result != "twice")
        .map(|(result, class, said)| Choice { result, class, text: pick(chinese, said) })
        .collect()
}

fn note(chinese: bool, status: Status) -> Option<&'static str> {
    let said = match status {
        Status::Open => return None,
        Status::Captured => both("这笔已经付过了。", "This is paid."),
        Status::Approved => both("已同意付款，等商家收款。", "Agreed. The shop takes the money now."),
        Status::Pending => both("付款处理中。", "The payment is on its way."),
        Status::Declined => both("银行拒绝了这笔付款，没有扣款。", "The bank declined. Nothing was taken."),
        Status::Cancelled => {
            both("这笔付款已取消，没有扣款。", "This payment is cancelled. Nothing was taken.")
        }
        Status::Expired => both("这笔付款已过期。", "This payment has run out."),
    };
    Some(pick(chinese, &said))
}

/// A page that takes another card after a refusal says that there was one.
fn shown_status(payment: &Payment) -> Status {
    let refused = payment.status == Status::Open && payment.decline_code.is_some();
    if refused { Status::Declined } else { payment.status }
}

/// The amount as a payer reads it.
fn amount_text(payment: &Payment) -> String {
    let money = payment.amount;
    let symbol = match money.currency {
        Currency::CNY | Currency::JPY => "¥",
        Currency::USD => "US$",
        Currency::EUR => "€",
        Currency::HKD => "HK$",
        _ => return format!("{} {}", money.to_decimal(), money.currency),
    };
    format!("{symbol}{}", money.to_decimal())
}

#[derive(Deserialize)]
struct Language {
    lang: Option<String>,
}

fn reads_chinese(query: &Language, payment: &Payment) -> bool {
    query.lang.as_deref().unwrap_or(&payment.locale).starts_with("zh")
}

fn render(service: &Service, payment: Payment, chinese: bool) -> Response {
    let page = PayPage {
        chinese,
        amount: amount_text(&payment),
        note: note(chinese, shown_status(&payment)),
        choices: choices(chinese, payment.status, face(&payment.face).page()),
        webhook: payment
            .notify_url
            .clone()
            .or_else(|| service.webhook_url(&payment.face))
            .unwrap_or_else(|| "–".to_owned()),
        retries: face(&payment.face).retries_ms(&payment).len(),
        payment,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    match page.render() {
        Ok(html) => (headers, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Query(query): Query<Language>,
) -> Result<Response, ApiError> {
    let payment = settled(service.look(|books, now| books.get(now, &id)).await)?;
    let chinese = reads_chinese(&query, &payment);
    Ok(render(&service, payment, chinese))
}

#[derive(Deserialize)]
struct Choosing {
    result: Outcome,
}

async fn act(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Query(query): Query<Language>,
    Form(form): Form<Choosing>,
) -> Result<Response, ApiError> {
    let done = settled(service.change(|books, env| books.pay(env, &id, form.result)).await);
    match done {
        // The payer may try with another card.
        Ok(payment) if form.result == Outcome::Declined && payment.status == Status::Open => {
            let chinese = reads_chinese(&query, &payment);
            Ok(render(&service, payment, chinese))
        }
        Ok(payment) => {
            let face = face(&payment.face);
            let back = face.return_url(&service.keys(face.name()), &payment, service.env().now());
            Ok(Redirect::to(&back).into_response())
        }
        // Too late or refused: the page says how it stands.
        Err(error) if error.status == 400 => {
            let payment = settled(service.look(|books, now| books.get(now, &id)).await)?;
            let chinese = reads_chinese(&query, &payment);
            Ok((StatusCode::CONFLICT, render(&service, payment, chinese)).into_response())
        }
        Err(error) => Err(error),
    }
}
