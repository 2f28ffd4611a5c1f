//! Things that are no payments: customers, products, prices, payment methods, setup intents. They are kept while it runs.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use basis::Env;
use serde_json::{Map, Value, json};

use super::checkout::new_id;
use super::lists::{Scene, cut};
use super::objects::{View, card, seconds, tail};
use super::params::Params;
use super::request::{Ask, Refused, found, missing};
use super::{NAME, both};
use crate::books::Books;
use crate::service::Service;
use crate::wire::ApiError;

pub(super) fn routes() -> Router<Arc<Service>> {
    let kinds = ["customers", "products", "prices", "payment_methods", "setup_intents"];
    let shelves = kinds.iter().fold(Router::new(), |router, kind| {
        router
            .route(&format!("/v1/{kind}"), both(create, list))
            .route(&format!("/v1/{kind}/{{id}}"), get(show).post(update).delete(remove))
    });
    shelves
        .route("/v1/payment_methods/{id}/attach", post(attach))
        .route("/v1/payment_methods/{id}/detach", post(detach))
        .route("/v1/setup_intents/{id}/confirm", post(confirm))
}

/// The kind of a path: its word in `object`, and the front of its names.
fn kind(uri: &Uri) -> (&'static str, &'static str) {
    match uri.path().split('/').nth(2) {
        Some("customers") => ("customer", "cus"),
        Some("products") => ("product", "prod"),
        Some("prices") => ("price", "price"),
        Some("payment_methods") => ("payment_method", "pm"),
        _ => ("setup_intent", "seti"),
    }
}

async fn create(State(service): State<Arc<Service>>, uri: Uri, ask: Ask) -> Response {
    let live = View::of(&service.keys(NAME)).live;
    let change = |_: &mut Books, env: &Env| {
        let object = made(env, live, kind(&uri), &ask.params)?;
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        ask.desk.shelf().insert(id, object.clone());
        Ok((200, object))
    };
    ask.change(&service, "", change).await
}

fn made(env: &Env, live: bool, kind: (&str, &str), params: &Params) -> Result<Value, ApiError> {
    let (word, front) = kind;
    let id = new_id(env, front);
    let at = env.now();
    let base = json!({
        "id": id, "object": word, "created": seconds(at), "livemode": live,
        "metadata": params.object("metadata"),
    });
    let own = match word {
        "customer" => json!({
            "email": params.get("email"), "name": params.get("name"), "balance": 0, "delinquent": false,
        }),
        "product" => json!({ "name": params.need("name")?, "active": true, "images": [], "type": "service" }),
        "price" => json!({
            "currency": params.need("currency")?, "unit_amount": params.number("unit_amount")?,
            "product": params.get("product"), "active": true, "type": "one_time", "billing_scheme": "per_unit",
        }),
        "payment_method" => card(&id, &Value::Null, at, live),
        _ => setup_intent(&id, params),
    };
    Ok(merged(base, own))
}

fn setup_intent(id: &str, params: &Params) -> Value {
    let method = params.get("payment_method");
    let status = match method {
        Some(_) if params.says("confirm") => "succeeded",
        Some(_) => "requires_confirmation",
        None => "requires_payment_method",
    };
    json!({
        "status": status, "payment_method": method, "customer": params.get("customer"),
        "usage": params.get("usage").unwrap_or("off_session"), "client_secret": format!("{id}_secret_test"),
        "payment_method_types": ["card"],
    })
}

fn merged(mut base: Value, own: Value) -> Value {
    if let (Some(fields), Value::Object(own)) = (base.as_object_mut(), own) {
        fields.extend(own);
    }
    base
}

/// Changes a thing on the shelf, once for the request's key.
async fn change(
    service: &Service,
    ask: &Ask,
    id: &str,
    change: impl FnOnce(&mut Map<String, Value>),
) -> Response {
    let change = |_: &mut Books, _: &Env| {
        let mut shelf = ask.desk.shelf();
        let object = shelf.get_mut(id).ok_or_else(|| missing("object", id))?;
        if let Some(fields) = object.as_object_mut() {
            change(fields);
        }
        Ok((200, object.clone()))
    };
    ask.change(service, "", change).await
}

async fn update(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let texts = ["name", "email", "description"].map(|name| (name, ask.params.get(name).map(str::to_owned)));
    let metadata = ask.params.object("metadata");
    let set = |fields: &mut Map<String, Value>| {
        let given =
            texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
        fields.extend(given);
        if let (Some(Value::Object(known)), Value::Object(new)) = (fields.get_mut("metadata"), metadata) {
            known.extend(new);
        }
    };
    change(&service, &ask, &id, set).await
}

async fn attach(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let customer = json!(ask.params.get("customer"));
    change(&service, &ask, &id, |fields| drop(fields.insert("customer".to_owned(), customer))).await
}

/// A card that a payment kept, or one on the shelf, is taken off its customer; one without a customer cannot be.
async fn detach(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let view = View::of(&service.keys(NAME));
    let kept = format!("sm_{}", tail(&id));
    let off = |books: &mut Books, env: &Env| {
        let scene = Scene { books, now: env.now(), view, desk: &ask.desk };
        let mut method = scene.method(&id).ok_or_else(|| missing("payment_method", &id))?;
        let fields = method.as_object_mut().ok_or_else(ApiError::not_found)?;
        if fields.insert("customer".to_owned(), Value::Null).is_none_or(|customer| customer.is_null()) {
            let message =
                "The payment method you provided is not attached to a customer so detachment is impossible.";
            return Err(ApiError::invalid("payment_method_unexpected_state", message));
        }
        match ask.desk.shelf().get_mut(&id) {
            Some(shelved) => shelved.clone_from(&method),
            None => books.forget_saved(env, &kept)?,
        }
        Ok((200, method))
    };
    ask.change(&service, &kept, off).await
}

async fn confirm(State(service): State<Arc<Service>>, Path(id): Path<String>, ask: Ask) -> Response {
    let method = ask.params.get("payment_method").map(str::to_owned);
    let set = |fields: &mut Map<String, Value>| {
        fields.insert("status".to_owned(), json!("succeeded"));
        if let Some(method) = method {
            fields.insert("payment_method".to_owned(), json!(method));
        }
    };
    change(&service, &ask, &id, set).await
}

async fn show(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    uri: Uri,
    ask: Ask,
) -> Result<Response, Refused> {
    ask.look(&service, |scene| scene.method(&id).ok_or_else(|| missing(kind(&uri).0, &id))).await
}

async fn remove(Path(id): Path<String>, uri: Uri, ask: Ask) -> Response {
    let word = kind(&uri).0;
    match ask.desk.shelf().remove(&id) {
        Some(_) => found(json!({ "id": id, "object": word, "deleted": true })),
        None => Refused::from(missing(word, &id)).into_response(),
    }
}

async fn list(uri: Uri, ask: Ask) -> Result<Response, Refused> {
    let word = kind(&uri).0;
    let of_kind = |object: &&Value| object.get("object").and_then(Value::as_str) == Some(word);
    let all: Vec<Value> = ask.desk.shelf().values().filter(of_kind).cloned().collect();
    Ok(found(cut(uri.path(), all, &ask.params)?))
}
