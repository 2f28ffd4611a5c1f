//! Requests that the merchant signed, answers and messages that Antom signs: `POST <path>\n<client-id>.<time>.<body>`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::Timestamp;
use serde_json::Value;
use url::form_urlencoded;

use super::{SANDBOX, shapes};
use crate::keys::Keys;
use crate::wire::ApiError;

const JSON: &str = "application/json; charset=UTF-8";

/// A no, `F`.
pub(super) fn no(code: &'static str, message: &str) -> ApiError {
    ApiError { status: 200, kind: "F", code, message: message.to_owned() }
}

fn message(path: &str, client: &str, time: &str, body: &[u8]) -> Vec<u8> {
    [format!("POST {path}\n{client}.{time}.").as_bytes(), body].concat()
}

/// What the merchant wants.
///
/// # Errors
/// To be told to a stranger: without a signature.
pub(super) fn read(keys: &Keys, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (client, time) = (text("client-id"), text("request-time"));
    if client != keys.client {
        return Err(no("INVALID_CLIENT", "The client is invalid."));
    }
    if client.starts_with(SANDBOX) != path.starts_with("/ams/sandbox/") {
        return Err(no("CLIENT_FORBIDDEN_ACCESS_API", "The client is not authorized to use this API."));
    }
    if shapes::moment(time).is_none() {
        return Err(no("PARAM_ILLEGAL", "request-time is illegal."));
    }
    if !keys.merchant_signed(&message(path, client, time, body), &signature(text("signature"))) {
        return Err(no("INVALID_SIGNATURE", "The signature is invalid."));
    }
    serde_json::from_slice(body).map_err(|_| no("PARAM_ILLEGAL", "The body is no JSON."))
}

/// From `algorithm=RSA256,keyVersion=1,signature=<base64, URL-encoded>`; empty if there is none.
fn signature(header: &str) -> Vec<u8> {
    let fields = header.split(',').filter_map(|field| field.trim().split_once('='));
    let encoded = fields.filter(|(name, _)| *name == "signature").map(|(_, value)| value).next();
    let decoded = form_urlencoded::parse(encoded.unwrap_or_default().as_bytes()).next();
    decoded.and_then(|(base64, _)| BASE64.decode(&*base64).ok()).unwrap_or_default()
}

/// The headers that carry a signature; its time stands in the one of this name.
pub(super) fn headers(
    keys: &Keys,
    time_header: &'static str,
    path: &str,
    now: Timestamp,
    body: &str,
) -> Vec<(&'static str, String)> {
    let time = shapes::time(now);
    let signed = keys.signer().sign(&message(path, &keys.client, &time, body.as_bytes()));
    let encoded: String = form_urlencoded::byte_serialize(BASE64.encode(signed).as_bytes()).collect();
    vec![
        ("client-id", keys.client.clone()),
        (time_header, time),
        ("signature", format!("algorithm=RSA256,keyVersion=1,signature={encoded}")),
    ]
}

/// A signed answer. Whatever it says, its status is 200.
pub(super) fn respond(keys: &Keys, path: &str, now: Timestamp, body: &str) -> Response {
    let mut response = plain(body.to_owned());
    for (name, value) in headers(keys, "response-time", path, now, body) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// To someone whose signature could not be verified.
pub(super) fn unsigned(error: &ApiError) -> Response {
    plain(shapes::failed(error).to_string())
}

fn plain(body: String) -> Response {
    ([(header::CONTENT_TYPE, JSON)], body).into_response()
}
