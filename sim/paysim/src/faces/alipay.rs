//! Alipay's OpenAPI for merchants in mainland China: the v2 gateway with RSA2, its messages and its bills.

mod bill;
mod trades;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use basis::Timestamp;

use super::{Face, Message, PageRules};
use crate::keys::Keys;
use crate::retries;
use crate::service::Service;
use crate::wire::{Event, Happening, Payment};
use wire::{Request, Trouble};

pub(crate) const NAME: &str = "alipay";

/// Alipay's face. [`Keys::client`] is the application, [`Keys::merchant`] the seller.
pub(crate) struct Alipay;

impl Face for Alipay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Router<Arc<Service>> {
        Router::new().route("/gateway.do", get(gateway).post(gateway)).merge(bill::routes())
    }

    /// Alipay tells what a trade has become. Nothing is told of a refund that waits or fails, or of a bank's refusal.
    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        let payment = &event.payment;
        let refund = payment.refunds.iter().find(|refund| Some(&refund.id) == event.refund.as_ref());
        let status = match event.happening {
            Happening::Processing => "WAIT_BUYER_PAY",
            Happening::Captured => "TRADE_SUCCESS",
            Happening::Cancelled => "TRADE_CLOSED",
            Happening::RefundSucceeded => trades::status(payment, now),
            _ => return None,
        };
        let mut fields = trades::fields(keys, payment, now);
        let id = event.id.trim_start_matches("evt_");
        fields.extend([
            ("notify_id", format!("{}{id}", wire::day(event.at))),
            ("notify_time", wire::time(now)),
            ("notify_type", "trade_status_sync".to_owned()),
            ("trade_status", status.to_owned()),
        ]);
        if let Some(refund) = refund {
            fields.extend([
                ("refund_fee", trades::refunded(payment).to_decimal()),
                ("out_biz_no", refund.reference.clone()),
                ("gmt_refund", format!("{}.000", wire::time(refund.at))),
            ]);
        }
        let headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        Some(Message { headers, body: wire::signed_form(keys, fields) })
    }

    fn retries_ms(&self, _: &Payment) -> &'static [i64] {
        retries::ALIPAY
    }

    /// A payment under way when the time runs out can still come through.
    fn page(&self) -> PageRules {
        PageRules { late: true, twice: false, tries_again: true }
    }

    /// Only this one word will do.
    fn takes(&self, status: u16, body: &[u8]) -> bool {
        status == 200 && body.trim_ascii() == b"success"
    }

    /// The payer brings what happened along, signed; a merchant should not believe it.
    fn return_url(&self, keys: &Keys, payment: &Payment, now: Timestamp) -> String {
        if payment.captures.is_empty() {
            return payment.return_url.clone();
        }
        let mut fields = trades::fields(keys, payment, now);
        fields.extend([
            ("method", format!("{}.return", trades::method(payment))),
            ("timestamp", wire::time(now)),
        ]);
        let joint = if payment.return_url.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", payment.return_url, wire::signed_form(keys, fields))
    }
}

/// `/gateway.do`: parameters in the address, in a form, or in both.
async fn gateway(State(service): State<Arc<Service>>, RawQuery(query): RawQuery, form: Bytes) -> Response {
    let keys = service.keys(NAME);
    let request = Request::read(query.unwrap_or_default().as_bytes(), &form);
    if let Err(trouble) = request.check_known(&keys) {
        return trouble.unsigned();
    }
    let is_page = matches!(request.method(), "alipay.trade.page.pay" | "alipay.trade.wap.pay");
    if let Err(trouble) = request.check(&keys) {
        return if is_page { page_of(&trouble) } else { wire::respond(&keys, &request, &trouble.node()) };
    }
    if is_page {
        return open(&service, &keys, &request).await;
    }
    match trades::run(&service, &keys, &request).await {
        Ok(node) => wire::respond(&keys, &request, &node),
        Err(failure) => failure.respond(|error| wire::respond(&keys, &request, &Trouble::of(&error).node())),
    }
}

/// The payer's browser comes with what the merchant signed, and goes on to the cashier.
async fn open(service: &Service, keys: &Keys, request: &Request) -> Response {
    match trades::open(service, keys, request).await {
        Ok(url) => Redirect::to(&url).into_response(),
        Err(failure) => failure.respond(|error| page_of(&Trouble::of(&error))),
    }
}

/// What a payer sees where no payment can be shown.
fn page_of(trouble: &Trouble) -> Response {
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    let page =
        format!("<!doctype html><meta charset=\"utf-8\"><title>支付宝</title><p>{}</p>", trouble.sub_code);
    (StatusCode::OK, [kind], page).into_response()
}
