//! Stripe's API, version 2026-10-28.endive, as far as a shop with hosted pages and its tools call it: forms with nested names,
//! idempotency keys for 24 hours, lists and search, declined cards as 402, `Stripe-Signature`.

mod checkout;
mod intents;
mod lists;
mod money_back;
mod objects;
mod params;
mod request;
mod shelf;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use basis::{SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::{Face, Message, PageRules, sign};
use crate::keys::Keys;
use crate::retries;
use crate::service::Service;
use crate::wire::{Event, Happening, Payment, Status};
use lists::Scene;
use objects::View;
use request::{Ask, Desk, Refused, found};

const NAME: &str = "stripe";
const VERSION: &str = "2026-10-28.endive";

/// Stripe's face.
pub(crate) struct Stripe;

impl Face for Stripe {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Router<Arc<Service>> {
        Router::new()
            .route("/v1/account", get(account))
            .route("/v1/balance", get(balance))
            .merge(checkout::routes())
            .merge(intents::routes())
            .merge(money_back::routes())
            .merge(shelf::routes())
            .layer(Extension(Arc::<Desk>::default()))
    }

    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message> {
        let body = envelope(keys, event)?.to_string();
        let signature = sign(&keys.secrets, now.as_ms() / SECOND_MS, &body);
        let headers = vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned()),
            ("stripe-signature", signature),
        ];
        Some(Message { headers, body })
    }

    fn retries_ms(&self, _payment: &Payment) -> &'static [i64] {
        retries::STRIPE
    }

    /// A card that was refused may be followed by another, going back cancels nothing; what ran out or is paid is over.
    fn page(&self) -> PageRules {
        PageRules { late: false, twice: false, tries_again: true }
    }
}

/// What a message holds; `None` for what Stripe does not speak of.
fn envelope(keys: &Keys, event: &Event) -> Option<Value> {
    let view = View::of(keys);
    let payment = &event.payment;
    let by_page = objects::is_session(payment);
    let (kind, object) = match event.happening {
        Happening::Captured if by_page && payment.due_at.is_some() => {
            ("checkout.session.async_payment_succeeded", view.session(payment))
        }
        Happening::Captured | Happening::Processing if by_page => {
            ("checkout.session.completed", view.session(payment))
        }
        Happening::Captured => ("payment_intent.succeeded", view.intent(payment)),
        Happening::Processing => ("payment_intent.processing", view.intent(payment)),
        Happening::Declined if by_page && payment.status == Status::Declined => {
            ("checkout.session.async_payment_failed", view.session(payment))
        }
        Happening::Declined | Happening::PayerMustAct => {
            ("payment_intent.payment_failed", view.intent(payment))
        }
        Happening::Cancelled if by_page => ("checkout.session.expired", view.session(payment)),
        Happening::Cancelled => ("payment_intent.canceled", view.intent(payment)),
        Happening::RefundPending => ("refund.created", refund_of(event)?),
        Happening::RefundSucceeded => ("refund.updated", refund_of(event)?),
        Happening::RefundFailed => ("refund.failed", refund_of(event)?),
        Happening::DisputeOpened => ("charge.dispute.created", view.dispute(payment)?),
        Happening::DisputeClosed => ("charge.dispute.closed", view.dispute(payment)?),
        Happening::Approved => return None,
    };
    Some(json!({
        "id": event.id,
        "object": "event",
        "api_version": VERSION,
        "created": event.at.as_ms() / SECOND_MS,
        "data": { "object": object },
        "livemode": view.live,
        "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": kind,
    }))
}

fn refund_of(event: &Event) -> Option<Value> {
    let wanted = event.refund.as_deref()?;
    let refund = event.payment.refunds.iter().find(|refund| refund.id == wanted)?;
    Some(View::refund(&event.payment, refund))
}

async fn account(State(service): State<Arc<Service>>, _ask: Ask) -> Response {
    let keys = service.keys(NAME);
    found(json!({
        "id": keys.merchant, "object": "account", "business_type": "company", "charges_enabled": true,
        "country": "HK", "default_currency": "hkd", "details_submitted": true, "payouts_enabled": true,
        "type": "standard", "metadata": {},
    }))
}

/// Everything that was settled, by currency.
async fn balance(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    let look = |scene: &Scene<'_>| {
        let mut sums = BTreeMap::<String, i64>::new();
        for line in scene.books.bill(NAME, Timestamp(i64::MIN), Timestamp(i64::MAX)) {
            *sums.entry(objects::code(line.net.currency)).or_default() += objects::units(line.net);
        }
        let parts =
            sums.into_iter().map(|(currency, amount)| json!({ "amount": amount, "currency": currency }));
        Ok(json!({
            "object": "balance", "available": parts.collect::<Vec<_>>(), "pending": [],
            "livemode": scene.view.live,
        }))
    };
    ask.look(&service, look).await
}

/// `POST` and `GET` on one path, as most of Stripe's have.
fn both<P, G, T, U>(make: P, show: G) -> axum::routing::MethodRouter<Arc<Service>>
where
    P: axum::handler::Handler<T, Arc<Service>>,
    G: axum::handler::Handler<U, Arc<Service>>,
    T: 'static,
    U: 'static,
{
    post(make).get(show)
}
