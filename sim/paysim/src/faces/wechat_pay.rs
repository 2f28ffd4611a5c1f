//! WeChat Pay, APIv3: a merchant's own orders by code (Native) and by WeChat's page on a phone (H5), refunds, certificates,
//! bills. Each request's signature is verified, each answer and message is signed. <https://pay.weixin.qq.com/doc/v3/merchant>

mod bills;
mod orders;
mod refunds;
mod shapes;
mod signed;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use basis::Timestamp;
use serde_json::json;

use super::{Face, Message, PageRules};
use crate::keys::{Keys, hmac_hex};
use crate::retries;
use crate::service::Service;
use crate::wire::{Event, Happening, Payment, RefundStatus};

const NAME: &str = "wechat_pay";

/// WeChat Pay's face.
pub(crate) struct WechatPay;

impl Face for WechatPay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Router<Arc<Service>> {
        Router::new()
            .route("/v3/pay/transactions/native", post(orders::native))
            .route("/v3/pay/transactions/h5", post(orders::h5))
            .route("/v3/pay/transactions/out-trade-no/{number}", get(orders::by_number))
            .route("/v3/pay/transactions/out-trade-no/{number}/close", post(orders::close))
            .route("/v3/pay/transactions/id/{transaction}", get(orders::by_transaction))
            .route("/v3/refund/domestic/refunds", post(refunds::create))
            .route("/v3/refund/domestic/refunds/{number}", get(refunds::show))
            .route("/v3/certificates", get(signed::certificates))
            .route("/v3/bill/tradebill", get(bills::trades))
            .route("/v3/bill/fundflowbill", get(bills::flows))
            .route("/v3/billdownload/file", get(bills::file))
            .route("/cgi-bin/mmpayweb-bin/checkmweb", get(orders::check_mweb))
    }

    /// They tell of money that came and of the ends of refunds, of nothing else.
    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        let (event_type, original_type, summary, inside) = told(keys, event)?;
        let nonce: String =
            hmac_hex(event.id.as_bytes(), now.as_ms().to_string().as_bytes()).chars().take(12).collect();
        let body = json!({
            "id": event.id,
            "create_time": shapes::beijing_time(event.at),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": summary,
            "resource": signed::seal(keys, original_type, &nonce, inside.to_string().as_bytes())?,
        });
        let body = body.to_string();
        let by = shapes::extra(&event.payment, "signed_by");
        let mut headers = signed::headers(keys, by == "public_key", now, &nonce, &body);
        headers.push(("content-type", "application/json".to_owned()));
        Some(Message { headers, body })
    }

    fn probe(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        let mut message = self.message(keys, event, now)?;
        for (name, value) in &mut message.headers {
            if *name == "wechatpay-signature" {
                *value = signed::probe(value);
            }
        }
        Some(message)
    }

    fn retries_ms(&self, _payment: &Payment) -> &'static [i64] {
        retries::WECHAT_PAY
    }

    fn page(&self) -> PageRules {
        PageRules { late: true, twice: false, tries_again: false }
    }
}

/// The kind of event, what it is about, a sentence, and the thing itself.
fn told(keys: &Keys, event: &Event) -> Option<(String, &'static str, &'static str, serde_json::Value)> {
    let payment = &event.payment;
    if event.happening == Happening::Captured {
        let inside = shapes::transaction(keys, payment);
        return Some(("TRANSACTION.SUCCESS".to_owned(), "transaction", "支付成功", inside));
    }
    let refund = payment.refunds.iter().find(|refund| Some(&refund.id) == event.refund.as_ref())?;
    if refund.status == RefundStatus::Pending {
        return None;
    }
    let kind = format!("REFUND.{}", shapes::refund_status(refund));
    Some((kind, "refund", "退款结果", shapes::told_refund(payment, refund)))
}
