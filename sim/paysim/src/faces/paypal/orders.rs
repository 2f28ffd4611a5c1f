//! Orders: opened, approved on the pay page, captured; or charged to a vault token at once.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use basis::{Env, HOUR_MS, Money};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire::{self, ORDER_LIVES_MS};
use super::{Asked, Known, NAME, Refused, Shown, error_body, malformed, unprocessable};
use crate::answers::settled;
use crate::books::{Books, NewPayment};
use crate::service::Service;
use crate::wire::{ApiError, Method, Payment, Status};

/// For how long a PayPal-Request-Id of an order is kept.
const KEPT_MS: i64 = 6 * HOUR_MS;

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v2/checkout/orders", post(create))
        .route("/v2/checkout/orders/{id}", get(find))
        .route("/v2/checkout/orders/{id}/capture", post(capture))
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    intent: String,
    #[serde(default)]
    purchase_units: Vec<Unit>,
    #[serde(default)]
    payment_source: Value,
    #[serde(default)]
    application_context: Value,
}

#[derive(Deserialize)]
struct Unit {
    amount: Value,
    #[serde(default)]
    reference_id: Option<String>,
    #[serde(default)]
    custom_id: String,
    #[serde(default)]
    invoice_id: String,
    #[serde(default)]
    description: String,
}

impl Wish {
    fn paypal(&self, pointer: &str) -> Option<&str> {
        self.payment_source.pointer(&format!("/paypal{pointer}")).and_then(Value::as_str)
    }

    fn context(&self, name: &str) -> &str {
        let old = || self.application_context.get(name).and_then(Value::as_str);
        self.paypal(&format!("/experience_context/{name}")).or_else(old).unwrap_or_default()
    }

    /// The one purchase unit, with its amount.
    fn unit(&self) -> Result<(&Unit, Money), ApiError> {
        if self.intent != "CAPTURE" {
            return Err(malformed("INVALID_PARAMETER_VALUE", "only the intent CAPTURE is known here"));
        }
        let [unit] = self.purchase_units.as_slice() else {
            return Err(malformed("INVALID_ARRAY_MAX_ITEMS", "one purchase unit is needed here"));
        };
        if unit.custom_id.len() > 255 || unit.invoice_id.len() > 127 || unit.description.chars().count() > 127
        {
            return Err(malformed("INVALID_STRING_MAX_LENGTH", "a text of the purchase unit is too long"));
        }
        Ok((unit, wire::read_amount(&unit.amount)?))
    }
}

/// Seventeen characters, as PayPal's own.
fn made_id(env: &Env) -> String {
    let bytes: [u8; 17] = env.random();
    let digit = |byte: u8| char::from_digit(u32::from(byte) % 36, 36).unwrap_or('0');
    bytes.into_iter().map(|byte| digit(byte).to_ascii_uppercase()).collect()
}

fn new_payment(env: &Env, merchant: String, wish: &Wish) -> Result<NewPayment, ApiError> {
    let (unit, amount) = wish.unit()?;
    let id = made_id(env);
    let back = wish.context("return_url");
    let joint = if back.contains('?') { '&' } else { '?' };
    let source = wish.payment_source.get("paypal").map_or("", |_| "paypal");
    Ok(NewPayment {
        face: NAME,
        merchant,
        reference: unit.custom_id.clone(),
        amount,
        method: Method::PayPal,
        description: unit.description.clone(),
        locale: wish.context("locale").to_owned(),
        return_url: format!("{back}{joint}token={id}&PayerID=QYR5Z8XDVJNXQ"),
        notify_url: None,
        expires_at: env.now().plus_ms(ORDER_LIVES_MS),
        captured_by_merchant: true,
        save: wish.paypal("/attributes/vault/store_in_vault") == Some("ON_SUCCESS"),
        extra: json!({
            "reference_id": unit.reference_id.as_deref().unwrap_or("default"),
            "invoice_id": unit.invoice_id,
            "source": source,
        }),
        id,
    })
}

async fn create(State(service): State<Arc<Service>>, asked: Asked) -> Result<Response, Refused> {
    let wish: Wish = asked.json()?;
    if !wish.payment_source.is_null() && asked.header("paypal-request-id").is_none() {
        let why = "a payment source needs a PayPal-Request-Id";
        return Err(malformed("PAYPAL_REQUEST_ID_REQUIRED", why).into());
    }
    let merchant = service.keys(NAME).merchant;
    let vault_id = wish.paypal("/vault_id").unwrap_or_default();
    let whole = asked.header("prefer") == Some("return=representation");
    let change = |books: &mut Books, env: &Env| {
        let new = new_payment(env, merchant, &wish)?;
        if !vault_id.is_empty() {
            return charge(books, env, new, vault_id);
        }
        let opened = books.create(env, new);
        let status = if wish.payment_source.is_null() { 201 } else { 200 };
        Ok((status, if whole { wire::order(&opened) } else { wire::minimal(&opened) }))
    };
    Ok(asked.change(&service, vault_id, KEPT_MS, change).await)
}

/// Charges a vault token: completed, or refused with the reason, or waiting for its payer.
fn charge(books: &mut Books, env: &Env, new: NewPayment, vault_id: &str) -> Result<(u16, Value), ApiError> {
    let invoice = new.extra.get("invoice_id").and_then(Value::as_str).unwrap_or_default();
    refuse_paid_invoice(books, env, &new.reference, invoice)?;
    let unknown = |_| unprocessable("TOKEN_ID_NOT_FOUND", "no such vault token");
    let charged = books.charge(env, new, vault_id).map_err(unknown)?;
    let issue = match (charged.status, charged.decline_code.as_deref()) {
        (Status::Declined, Some("insufficient_funds")) => "INSTRUMENT_DECLINED",
        (Status::Declined, _) => "PAYER_CANNOT_PAY",
        _ => return Ok((201, wire::order(&books.get(env.now(), &charged.id)?))),
    };
    let body = error_body("UNPROCESSABLE_ENTITY", issue, "the payer's bank refused", &[]);
    Ok((422, body))
}

/// An invoice is paid once, as merchants' accounts are set from the start.
fn refuse_paid_invoice(books: &Books, env: &Env, reference: &str, invoice: &str) -> Result<(), ApiError> {
    let earlier = books.by_reference(env.now(), reference);
    let paid = |other: &Payment| {
        let taken = matches!(other.status, Status::Captured | Status::Pending);
        other.face == NAME && taken && wire::extra(other, "invoice_id") == invoice
    };
    if !invoice.is_empty() && earlier.iter().any(paid) {
        return Err(unprocessable("DUPLICATE_INVOICE_ID", "this invoice was paid before"));
    }
    Ok(())
}

async fn find(State(service): State<Arc<Service>>, _: Known, Path(id): Path<String>) -> Shown {
    let found = settled(service.look(|books, now| alive(books.get(now, &id)?, now)).await)?;
    Ok(Json(wire::order(&found)))
}

/// The order if it is one, and not gone.
fn alive(payment: Payment, now: basis::Timestamp) -> Result<Payment, ApiError> {
    let shown = payment.face == NAME && !wire::is_gone(&payment, now);
    shown.then_some(payment).ok_or_else(ApiError::not_found)
}

async fn capture(State(service): State<Arc<Service>>, Path(id): Path<String>, asked: Asked) -> Response {
    asked.change(&service, &id, KEPT_MS, |books, env| take(books, env, &id)).await
}

fn take(books: &mut Books, env: &Env, id: &str) -> Result<(u16, Value), ApiError> {
    let order = alive(books.get(env.now(), id)?, env.now())?;
    if matches!(order.status, Status::Captured | Status::Pending | Status::Declined) {
        return Err(unprocessable("ORDER_ALREADY_CAPTURED", "the order was captured before"));
    }
    refuse_paid_invoice(books, env, &order.reference, wire::extra(&order, "invoice_id"))?;
    let taken = books.take_approved(env, id)?;
    if taken.status == Status::Open {
        let again = [wire::link(&taken.url, "redirect", "GET")];
        let why = "the instrument was declined; the payer can choose another";
        return Ok((422, error_body("UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED", why, &again)));
    }
    Ok((201, wire::order(&books.get(env.now(), id)?)))
}
