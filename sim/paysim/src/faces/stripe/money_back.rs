//! Charges, refunds, disputes and the balance transactions that settle them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use basis::{DAY_MS, Env, Money};
use serde_json::{Value, json};

use super::lists::{Scene, cut};
use super::objects::{View, code, money, refund_metadata, seconds, tail, tried, units};
use super::params::Params;
use super::request::{Ask, Refused, missing};
use super::{NAME, both};
use crate::books::{BillKind, BillLine, Books};
use crate::service::Service;
use crate::wire::{ApiError, CreateRefund, Payment, RefundStatus};

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/charges", get(charges))
        .route("/v1/charges/{id}", get(show))
        .route("/v1/refunds", both(create, refunds))
        .route("/v1/refunds/{id}", get(show))
        .route("/v1/disputes", get(disputes))
        .route("/v1/disputes/{id}", get(show))
        .route("/v1/balance_transactions", get(transactions))
}

async fn charges(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    ask.page(&service, "/v1/charges").await
}

async fn refunds(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    ask.page(&service, "/v1/refunds").await
}

async fn disputes(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    ask.page(&service, "/v1/disputes").await
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    ask: Ask,
) -> Result<Response, Refused> {
    let look = |scene: &Scene<'_>| {
        let object = match id.split('_').next() {
            Some("re") => scene.refund(&id),
            Some("dp") => scene.dispute(&id),
            _ => scene.payment(&id).filter(tried).map(|payment| scene.view.charge(&payment)),
        };
        object.ok_or_else(|| missing("object", &id))
    };
    ask.look(&service, look).await
}

/// The outer names that Stripe knows here (stripe-python 16.1.0, `RefundCreateParams`).
const KNOWN: &[&str] = &[
    "amount",
    "charge",
    "currency",
    "customer",
    "expand",
    "instructions_email",
    "metadata",
    "origin",
    "payment_intent",
    "reason",
    "refund_application_fee",
    "reverse_transfer",
];

async fn create(State(service): State<Arc<Service>>, ask: Ask) -> Response {
    let named = ask.params.get("charge").or_else(|| ask.params.get("payment_intent")).unwrap_or_default();
    let look = |books: &Books, now| {
        let view = View::of(&service.keys(NAME));
        Scene { books, now, view, desk: &ask.desk }.payment(named).map(|payment| payment.id)
    };
    let target = service.look(look).await.1.unwrap_or_default();
    let change = |books: &mut Books, env: &Env| {
        ask.params.only(KNOWN)?;
        let payment = books.get(env.now(), &target).map_err(|_| missing("charge", named))?;
        let wish = wish(&payment, &ask.params)?;
        let name = refund_metadata(payment.refunds.len());
        books.annotate(env.now(), &target, &name, ask.params.object("metadata"))?;
        let made = books.refund(env, &target, wish)?;
        Ok((200, View::refund(&books.get(env.now(), &target)?, &made)))
    };
    ask.change(&service, &target, change).await
}

/// All that is left, or so much of it.
fn wish(payment: &Payment, params: &Params) -> Result<CreateRefund, ApiError> {
    let Some(capture) = payment.captures.first() else {
        return Err(ApiError::invalid("charge_not_captured", "This charge has not been captured."));
    };
    let gone = payment.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
    let left = capture.amount.minor - gone.map(|refund| refund.amount.minor).sum::<i64>();
    if left == 0 {
        let message = format!("Charge ch_{} has already been refunded.", tail(&payment.id));
        return Err(ApiError::invalid("charge_already_refunded", message));
    }
    let currency = capture.amount.currency;
    let asked = match params.number("amount")? {
        Some(units) => money(units, currency),
        None => Some(Money::new(left, currency)),
    };
    let amount = asked.filter(|amount| amount.is_positive() && amount.minor <= left);
    let amount = amount.ok_or_else(|| {
        let message = format!("Refund amount is greater than unrefunded amount on charge ({left}).");
        ApiError::invalid("amount_too_large", message)
    })?;
    let reference = params.get("metadata[reference]").unwrap_or_default().to_owned();
    Ok(CreateRefund { reference, capture: Some(capture.id.clone()), amount, extra: Value::Null })
}

async fn transactions(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    let whole = ask.params.list("expand").contains(&"data.source");
    let look = |scene: &Scene<'_>| {
        let of_face = scene.books.all().filter(|payment| payment.face == NAME);
        let moved = of_face.flat_map(|payment| {
            let lines = scene.books.bill_of(payment).into_iter();
            lines.map(move |line| {
                transaction(&line, &named(&line, payment), &about(&scene.view, payment, &line))
            })
        });
        let paid_out = scene.books.payouts(NAME);
        let paid_out = paid_out.map(|line| transaction(&line, tail(&line.id), &payout(&line)));
        let mut all: Vec<Value> = moved.chain(paid_out).collect();
        if !whole {
            for transaction in &mut all {
                let source = transaction["source"].get("id").cloned().unwrap_or(Value::Null);
                transaction["source"] = source;
            }
        }
        cut("/v1/balance_transactions", all, &ask.params)
    };
    ask.look(&service, look).await
}

/// One charge has one transaction, and so has a refund; a dispute has one when the money is drawn and one when it comes back.
fn named(line: &BillLine, payment: &Payment) -> String {
    match line.kind {
        BillKind::Payment => tail(&payment.id).to_owned(),
        BillKind::Dispute if line.gross.is_positive() => format!("{}back", tail(&line.id)),
        _ => tail(&line.id).to_owned(),
    }
}

/// The charge, refund or dispute that moved the money.
fn about(view: &View, payment: &Payment, line: &BillLine) -> Value {
    let source = match line.kind {
        BillKind::Payment => Some(view.charge(payment)),
        BillKind::Dispute => view.dispute(payment),
        BillKind::Refund | BillKind::Payout => {
            let refund = payment.refunds.iter().find(|refund| refund.id == line.id);
            refund.map(|refund| View::refund(payment, refund))
        }
    };
    source.unwrap_or(Value::Null)
}

fn payout(line: &BillLine) -> Value {
    json!({
        "id": line.id, "object": "payout", "amount": -units(line.gross), "currency": code(line.gross.currency),
        "arrival_date": seconds(line.at.plus_ms(2 * DAY_MS)), "created": seconds(line.at), "automatic": true,
        "status": "paid", "type": "bank_account", "method": "standard", "metadata": {},
    })
}

fn transaction(line: &BillLine, name: &str, source: &Value) -> Value {
    let (kind, category) = match line.kind {
        BillKind::Payment => ("charge", "charge"),
        BillKind::Refund => ("refund", "refund"),
        BillKind::Dispute if line.gross.is_positive() => ("adjustment", "dispute_reversal"),
        BillKind::Dispute => ("adjustment", "dispute"),
        BillKind::Payout => ("payout", "payout"),
    };
    json!({
        "id": format!("txn_{name}"), "object": "balance_transaction", "type": kind,
        "reporting_category": category, "amount": units(line.gross), "fee": units(line.fee),
        "net": units(line.net), "currency": code(line.gross.currency), "created": seconds(line.at),
        "available_on": seconds(line.at.plus_ms(2 * DAY_MS)), "status": "available", "exchange_rate": null,
        "description": null, "balance_type": "payments",
        "fee_details": [{
            "amount": units(line.fee), "currency": code(line.fee.currency), "type": "stripe_fee",
            "description": "Stripe processing fees", "application": null,
        }],
        "source": source,
    })
}
