//! Payment intents: charges of kept or test cards, and how a page's payment stands.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use basis::{DAY_MS, Env};
use serde_json::{Value, json};

use super::checkout::{amount, new_id, reference};
use super::lists::Scene;
use super::objects::{View, has_intent, tail};
use super::params::Params;
use super::request::{Ask, Refused, declined, missing};
use super::{NAME, both};
use crate::books::{Books, NewPayment};
use crate::service::Service;
use crate::wire::{ApiError, Method, Outcome, Payment, Status};

pub(super) fn routes() -> Router<Arc<Service>> {
    Router::new()
        .route("/v1/payment_intents", both(create, list))
        .route("/v1/payment_intents/search", get(search))
        .route("/v1/payment_intents/{id}", get(show))
        .route("/v1/payment_intents/{id}/confirm", post(confirm))
        .route("/v1/payment_intents/{id}/cancel", post(cancel))
}

/// The outer names that Stripe knows here (stripe-python 16.1.0, `PaymentIntentCreateParams`).
const KNOWN: &[&str] = &[
    "allowed_payment_method_types",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "confirmation_method",
    "confirmation_token",
    "currency",
    "customer",
    "customer_account",
    "description",
    "error_on_requires_action",
    "excluded_payment_method_types",
    "expand",
    "hooks",
    "mandate",
    "mandate_data",
    "metadata",
    "off_session",
    "on_behalf_of",
    "payment_details",
    "payment_method",
    "payment_method_data",
    "payment_method_options",
    "radar_options",
    "receipt_email",
    "return_url",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
    "use_stripe_sdk",
];

async fn create(State(service): State<Arc<Service>>, ask: Ask) -> Response {
    let keys = service.keys(NAME);
    let view = View::of(&keys);
    let kept = ask.params.get("payment_method").map(|method| format!("sm_{}", tail(method)));
    let change = |books: &mut Books, env: &Env| {
        let new = new_intent(env, keys.merchant.clone(), &ask.params)?;
        let scene = Scene { books, now: env.now(), view, desk: &ask.desk };
        check_method(&scene, &ask.params)?;
        let view = scene.view;
        let made = match &kept {
            Some(kept) if books.kept_by(kept).is_some() => books.charge(env, new, kept)?,
            _ => books.create(env, new),
        };
        let made = if ask.params.says("confirm") { try_card(books, env, made)? } else { made };
        Ok(answer(books, env, view, &ask, &made))
    };
    ask.change(&service, kept.as_deref().unwrap_or(""), change).await
}

/// 402 for one whose card was refused.
fn answer(books: &Books, env: &Env, view: View, ask: &Ask, made: &Payment) -> (u16, Value) {
    let refused = made.captures.is_empty() && (made.decline_code.is_some() || made.act_url.is_some());
    let scene = Scene { books, now: env.now(), view, desk: &ask.desk };
    let shown = scene.expand(scene.view.intent(made), &ask.params);
    if refused { declined(shown) } else { (200, shown) }
}

fn new_intent(env: &Env, merchant: String, params: &Params) -> Result<NewPayment, ApiError> {
    params.only(KNOWN)?;
    if params.get("capture_method") == Some("manual") {
        return Err(ApiError::invalid("capture_method", "this sandbox takes money at once"));
    }
    let units = params.number("amount")?.unwrap_or(0);
    Ok(NewPayment {
        face: NAME,
        id: new_id(env, "pi"),
        merchant,
        reference: reference(params),
        amount: amount(units, params.need("currency")?)?,
        method: Method::Card,
        description: params.get("description").unwrap_or_default().to_owned(),
        locale: "auto".to_owned(),
        return_url: params.get("return_url").unwrap_or("http://localhost/").to_owned(),
        notify_url: None,
        expires_at: env.now().plus_ms(365 * DAY_MS),
        captured_by_merchant: false,
        save: params.get("setup_future_usage") == Some("off_session"),
        extra: json!({
            "customer": params.get("customer"),
            "payment_method": params.get("payment_method"),
            "metadata": params.object("metadata"),
        }),
    })
}

/// A card that Stripe knows: kept, on the shelf, or one of its test cards; a kept one only with its own customer.
fn check_method(scene: &Scene<'_>, params: &Params) -> Result<(), ApiError> {
    let Some(id) = params.get("payment_method").filter(|id| !id.starts_with("pm_card_")) else {
        return Ok(());
    };
    let known = scene.method(id).ok_or_else(|| {
        let message = format!("No such PaymentMethod: '{id}'");
        ApiError::invalid("resource_missing", message)
    })?;
    let owner = known.get("customer").and_then(Value::as_str);
    if owner.is_none() && scene.books.was_kept_by(&format!("sm_{}", tail(id))).is_some() {
        let message = "The provided PaymentMethod was detached from a Customer. It may not be used again.";
        return Err(ApiError::invalid("payment_method_unexpected_state", message));
    }
    if owner.is_some() && owner != params.get("customer") {
        let message = "The provided PaymentMethod belongs to a Customer that was not named.";
        return Err(ApiError::invalid("payment_method_customer_mismatch", message));
    }
    Ok(())
}

/// What Stripe's test cards do (docs.stripe.com/testing); a kept card was charged already, by its fault plan.
fn try_card(books: &mut Books, env: &Env, made: Payment) -> Result<Payment, ApiError> {
    if made.status != Status::Open || made.act_url.is_some() {
        return Ok(made);
    }
    let card = made.extra.get("payment_method").and_then(Value::as_str).unwrap_or_default().to_owned();
    if card.is_empty() {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
        return Err(ApiError::invalid("payment_intent_unexpected_state", message));
    }
    let refused = ["chargeDeclined", "chargeCustomerFail"].iter().any(|word| card.contains(word));
    let paid = books.pay(env, &made.id, if refused { Outcome::Declined } else { Outcome::Ok })?;
    if card.contains("createDispute") { books.dispute(env, &made.id) } else { Ok(paid) }
}

/// The intent of this name, if its payer has tried.
fn intent_of(scene: &Scene<'_>, id: &str) -> Result<Payment, ApiError> {
    let known = scene.payment(id).filter(|payment| id.starts_with("pi_") && has_intent(payment));
    known.ok_or_else(|| missing("payment_intent", id))
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    ask: Ask,
) -> Result<Response, Refused> {
    ask.look(&service, |scene| Ok(scene.view.intent(&intent_of(scene, &id)?))).await
}

async fn list(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    ask.page(&service, "/v1/payment_intents").await
}

/// `metadata['name']:'value'`, which is all that is understood of Stripe's search language here.
async fn search(State(service): State<Arc<Service>>, ask: Ask) -> Result<Response, Refused> {
    let query = ask.params.need("query")?;
    let wanted =
        query.strip_prefix("metadata['").and_then(|rest| rest.strip_suffix('\'')?.split_once("']:'"));
    let (name, value) =
        wanted.ok_or_else(|| ApiError::invalid("search_query", "only metadata is searched"))?;
    let look = |scene: &Scene<'_>| {
        // A reference is what the books know a payment by, so the usual search needs no look at all payments.
        let candidates = match name {
            "reference" => scene.books.by_reference(scene.now, value),
            _ => scene.payments(&ask.params),
        };
        let candidates = candidates.into_iter().filter(|payment| payment.face == NAME && has_intent(payment));
        let intents = candidates.map(|payment| scene.view.intent(&payment));
        let fits = |intent: &Value| {
            intent.pointer(&format!("/metadata/{name}")).and_then(Value::as_str) == Some(value)
        };
        let data: Vec<Value> = intents.filter(fits).take(100).collect();
        Ok(json!({
            "object": "search_result", "data": data, "has_more": false, "next_page": null,
            "url": "/v1/payment_intents/search",
        }))
    };
    ask.look(&service, look).await
}

async fn confirm(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let view = View::of(&service.keys(NAME));
    let change = |books: &mut Books, env: &Env| {
        let scene = Scene { books, now: env.now(), view, desk: &ask.desk };
        let known = intent_of(&scene, &id)?;
        check_method(&scene, &ask.params)?;
        let view = scene.view;
        if let Some(method) = ask.params.get("payment_method") {
            books.annotate(env.now(), &known.id, "payment_method", json!(method))?;
        }
        let known = books.get(env.now(), &known.id)?;
        let tried = try_card(books, env, known)?;
        Ok(answer(books, env, view, &ask, &tried))
    };
    ask.change(&service, &id, change).await
}

async fn cancel(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let view = View::of(&service.keys(NAME));
    let change = |books: &mut Books, env: &Env| {
        let scene = Scene { books, now: env.now(), view, desk: &ask.desk };
        let known = intent_of(&scene, &id)?;
        let view = scene.view;
        if !matches!(known.status, Status::Open | Status::Declined) {
            let message = "You cannot cancel this PaymentIntent because it is over.";
            return Err(ApiError::invalid("payment_intent_unexpected_state", message));
        }
        Ok((200, view.intent(&books.cancel(env, &known.id)?)))
    };
    ask.change(&service, &id, change).await
}
