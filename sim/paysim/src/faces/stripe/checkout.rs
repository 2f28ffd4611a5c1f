//! Checkout Sessions: pages on which a payer pays.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use basis::{DAY_MS, Env, MINUTE_MS, Money, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use super::lists::Scene;
use super::objects::{View, money, tail};
use super::params::Params;
use super::request::{Ask, Desk, Refused, missing};
use super::{NAME, both};
use crate::books::{Books, NewPayment};
use crate::service::Service;
use crate::wire::{ApiError, Method, Outcome, Status};

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/checkout/sessions", both(create, list))
        .route("/v1/checkout/sessions/{id}", get(show))
        .route("/v1/checkout/sessions/{id}/expire", post(expire))
        .route("/v1/payment_pages/{id}", get(show))
        .route("/v1/payment_pages/{id}/confirm", post(confirm_page))
}

/// The outer names that Stripe knows here (stripe-python 16.1.0, `SessionCreateParams`).
const KNOWN: &[&str] = &[
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "automatic_tax",
    "billing_address_collection",
    "branding_settings",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_account",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "excluded_payment_method_types",
    "expand",
    "expires_at",
    "invoice_creation",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "name_collection",
    "origin_context",
    "payment_intent_data",
    "payment_method_options",
    "phone_number_collection",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "submit_type",
    "success_url",
    "tax_id_collection",
    "ui_mode",
    "wallet_options",
];

async fn create(State(service): State<Arc<Service>>, ask: Ask) -> Response {
    let keys = service.keys(NAME);
    let view = View::of(&keys);
    let change = |books: &mut Books, env: &Env| {
        let new = new_session(env, &view, keys.merchant.clone(), &ask)?;
        let made = books.create(env, new);
        Ok((200, view.session(&made)))
    };
    ask.change(&service, "", change).await
}

fn new_session(env: &Env, view: &View, merchant: String, ask: &Ask) -> Result<NewPayment, ApiError> {
    let params = &ask.params;
    params.only(KNOWN)?;
    if params.need("mode")? != "payment" {
        return Err(ApiError::invalid("mode", "this sandbox opens pages for payments only"));
    }
    let id = new_id(env, if view.live { "cs_live" } else { "cs_test" });
    let (amount, description) = total(params, &ask.desk)?;
    Ok(NewPayment {
        face: NAME,
        merchant,
        reference: reference(params),
        amount,
        method: method(params)?,
        description,
        locale: params.get("locale").unwrap_or("auto").to_owned(),
        return_url: params.need("success_url")?.replace("{CHECKOUT_SESSION_ID}", &id),
        notify_url: None,
        expires_at: expiry(params, env.now())?,
        captured_by_merchant: false,
        save: params.get("payment_intent_data[setup_future_usage]") == Some("off_session"),
        extra: json!({
            "client_reference_id": params.get("client_reference_id"),
            "customer": params.get("customer"),
            "customer_creation": params.get("customer_creation"),
            "cancel_url": params.get("cancel_url"),
            "locale": params.get("locale"),
            "metadata": params.object("metadata"),
            "intent_metadata": params.object("payment_intent_data[metadata]"),
        }),
        id,
    })
}

pub(super) fn new_id(env: &Env, front: &str) -> String {
    format!("{front}_{:032x}", u128::from_be_bytes(env.random()))
}

/// What the merchant calls the payment, for the oracle's sake.
pub(super) fn reference(params: &Params) -> String {
    let metadata = ["metadata[reference]", "payment_intent_data[metadata][reference]", "metadata[order_id]"];
    let named = params.get("client_reference_id");
    let named = named.or_else(|| metadata.iter().find_map(|name| params.get(name)));
    named.unwrap_or_default().to_owned()
}

fn method(params: &Params) -> Result<Method, ApiError> {
    match params.list("allowed_payment_method_types").first().copied().unwrap_or("card") {
        "card" => Ok(Method::Card),
        "paypal" => Ok(Method::PayPal),
        "alipay" => Ok(Method::Alipay),
        "wechat_pay" => Ok(Method::WeChatPay),
        other => Err(ApiError::invalid("payment_method_types", format!("not activated: {other}"))),
    }
}

/// Half an hour to a day from now, a day if nothing is said.
fn expiry(params: &Params, now: Timestamp) -> Result<Timestamp, ApiError> {
    let Some(seconds) = params.number("expires_at")? else { return Ok(now.plus_ms(DAY_MS)) };
    let at = Timestamp(seconds.saturating_mul(SECOND_MS));
    // Stripe counts in whole seconds.
    let open_ms = at.since(Timestamp(now.as_ms() / SECOND_MS * SECOND_MS));
    if !(30 * MINUTE_MS..=DAY_MS).contains(&open_ms) {
        let message = "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from \
                       Checkout Session creation.";
        return Err(ApiError::invalid("parameter_invalid", message));
    }
    Ok(at)
}

/// The sum of all lines, and what the first is called.
fn total(params: &Params, desk: &Desk) -> Result<(Money, String), ApiError> {
    let (mut sum, mut what) = (0_i64, (String::new(), String::new()));
    for line in params.items("line_items") {
        let (unit, currency, name) = price(&line, desk)?;
        let quantity = line.number("quantity")?.unwrap_or(1);
        sum = unit.checked_mul(quantity).and_then(|line| sum.checked_add(line)).unwrap_or(i64::MAX);
        if what.0.is_empty() {
            what = (currency, name);
        }
    }
    amount(sum, &what.0).map(|amount| (amount, what.1))
}

fn price(line: &Params, desk: &Desk) -> Result<(i64, String, String), ApiError> {
    let bad = || ApiError::invalid("parameter_missing", "You must specify either `price` or `price_data`.");
    if let Some(id) = line.get("price") {
        let shelf = desk.shelf();
        let price = shelf.get(id).ok_or_else(|| missing("price", id))?;
        let unit = price.get("unit_amount").and_then(Value::as_i64).ok_or_else(bad)?;
        let currency = price.get("currency").and_then(Value::as_str).ok_or_else(bad)?;
        let product = price.get("product").and_then(Value::as_str).and_then(|id| shelf.get(id));
        let name = product.and_then(|product| product.get("name")).and_then(Value::as_str);
        return Ok((unit, currency.to_owned(), name.unwrap_or_default().to_owned()));
    }
    let unit = line.number("price_data[unit_amount]")?.ok_or_else(bad)?;
    let currency = line.get("price_data[currency]").ok_or_else(bad)?.to_owned();
    let name = line.get("price_data[product_data][name]").ok_or_else(bad)?;
    Ok((unit, currency, name.to_owned()))
}

/// An amount that Stripe takes: more than nothing, at most eight digits.
pub(super) fn amount(units: i64, currency: &str) -> Result<Money, ApiError> {
    let unknown = || ApiError::invalid("parameter_invalid", format!("Invalid currency: {currency}"));
    let currency = currency.to_ascii_uppercase().parse().map_err(|_| unknown())?;
    match units {
        ..=0 => Err(ApiError::invalid("amount_too_small", "Amount must be more than nothing.")),
        100_000_000.. => Err(ApiError::invalid("amount_too_large", "Amount must be no more than 99999999.")),
        _ => money(units, currency).ok_or_else(unknown),
    }
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    ask: Ask,
) -> Result<Response, Refused> {
    let look = |scene: &Scene<'_>| {
        let payment = scene.books.get(scene.now, &id).ok().filter(|payment| payment.face == NAME);
        let payment = payment.ok_or_else(|| missing("checkout.session", &id))?;
        Ok(scene.view.session(&payment))
    };
    ask.look(&service, look).await
}

async fn list(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    ask.page(&service, "/v1/checkout/sessions").await
}

async fn expire(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let view = View::of(&service.keys(NAME));
    let change = |books: &mut Books, env: &Env| {
        let known = books.get(env.now(), &id).map_err(|_| missing("checkout.session", &id))?;
        if known.status != Status::Open {
            let message = "Only Checkout Sessions with a status in [\"open\"] can be expired.";
            return Err(ApiError::invalid("resource_not_open", message));
        }
        Ok((200, view.session(&books.cancel(env, &id)?)))
    };
    ask.change(&service, &id, change).await
}

/// What the official command line does in a payer's place.
async fn confirm_page(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let view = View::of(&service.keys(NAME));
    let change = |books: &mut Books, env: &Env| {
        let known = books.get(env.now(), &id).map_err(|_| missing("checkout.session", &id))?;
        if tail(&known.id).is_empty() || known.status != Status::Open {
            return Err(ApiError::invalid("payment_pages_not_open", "This page is over."));
        }
        Ok((200, view.session(&books.pay(env, &id, Outcome::Ok)?)))
    };
    ask.change(&service, &id, change).await.into_response()
}
