//! Antom's API v1, as far as a shop with Alipay's page calls it: `pay`, `inquiryPayment`, `cancel`, `refund`, `inquiryRefund`,
//! `notifyPayment` and `notifyRefund`. Shapes and paths are those of Antom's own client (PyPI's global-open-sdk-python 1.7.1) and
//! of docs.antom.com/ac/ams; which code answers what is from memory where these do not say.

mod payments;
mod refunds;
mod shapes;
mod signed;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::post;
use basis::Timestamp;
use serde_json::Value;
use url::Url;

use super::{Face, Message, PageRules};
use crate::keys::Keys;
use crate::retries;
use crate::service::Service;
use crate::wire::{Event, Payment};

const NAME: &str = "antom";
/// What client ids begin with for which no money moves; they have paths of their own.
const SANDBOX: &str = "SANDBOX_";

/// Antom's face. [`Keys::client`] is the client id.
pub(crate) struct Antom;

impl Face for Antom {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Router<Arc<Service>> {
        Router::new()
            .route("/ams/api/v1/payments/{verb}", post(call))
            .route("/ams/sandbox/api/v1/payments/{verb}", post(call))
    }

    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        let url: Url = self.notify_url(event)?.parse().ok()?;
        let body = shapes::message(event)?.to_string();
        let mut headers = signed::headers(keys, "request-time", url.path(), now, &body);
        headers.push(("content-type", "application/json; charset=UTF-8".to_owned()));
        Some(Message { headers, body })
    }

    /// Each request says where its messages go.
    fn notify_url(&self, event: &Event) -> Option<String> {
        let refund = event.payment.refunds.iter().find(|refund| Some(&refund.id) == event.refund.as_ref());
        let of_refund = refund.and_then(|refund| refund.extra.get("notify_url")?.as_str().map(str::to_owned));
        of_refund.or_else(|| event.payment.notify_url.clone())
    }

    /// Its sandbox sends once (docs.antom.com/ac/ams/notify_refund).
    fn retries_ms(&self, payment: &Payment) -> &'static [i64] {
        let is_sandbox = shapes::noted(payment, "client").starts_with(SANDBOX);
        if is_sandbox { &[] } else { retries::ANTOM }
    }

    /// A payment whose time ran out is closed; until then its payer may try another card.
    fn page(&self) -> PageRules {
        PageRules { late: false, twice: false, tries_again: true }
    }

    fn takes(&self, status: u16, body: &[u8]) -> bool {
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        status == 200 && said.pointer("/result/resultStatus").and_then(Value::as_str) == Some("S")
    }
}

async fn call(
    State(service): State<Arc<Service>>,
    Path(verb): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let keys = service.keys(NAME);
    let wish = match signed::read(&keys, uri.path(), &headers, &body) {
        Ok(wish) => wish,
        Err(stranger) => return signed::unsigned(&stranger),
    };
    let ran = match verb.as_str() {
        "pay" => payments::pay(&service, &keys, &wish).await,
        "inquiryPayment" => payments::inquire(&service, &wish).await,
        "cancel" => payments::cancel(&service, &wish).await,
        "refund" => refunds::refund(&service, &wish).await,
        "inquiryRefund" => refunds::inquire(&service, &wish).await,
        _ => Err(signed::no("NO_INTERFACE_DEF", "API is not defined.").into()),
    };
    let now = service.env().now();
    match ran {
        Ok(body) => signed::respond(&keys, uri.path(), now, &body),
        Err(failure) => failure
            .respond(|error| signed::respond(&keys, uri.path(), now, &shapes::failed(&error).to_string())),
    }
}
