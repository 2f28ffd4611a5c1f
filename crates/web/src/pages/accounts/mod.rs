//! Opening an account and getting into it.

mod confirm;
mod forgot;
mod register;
mod reset;
mod sign_in;
mod verify;

use axum::http::header;
use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;

pub(crate) use sign_in::or_confirm;

use crate::{App, Cookie, see_other};

/// Keeps the address that someone registered with for the sign-in page, out of address lines and logs.
const TYPED_EMAIL: &str = "typed_email";
const TYPED_EMAIL_S: u32 = 600;

/// The routes before and around signing in.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/welcome", get(register::show))
        .route("/register", get(register::show).post(register::send))
        .route("/sign-in", get(sign_in::show).post(sign_in::send))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/confirm", get(confirm::show).post(confirm::send))
        .route("/verify", get(verify::show).post(verify::send))
        .route("/forgot", get(forgot::show).post(forgot::send))
        .route("/reset", get(reset::show).post(reset::send))
}

/// What an address line may say: where to go on, what has just been done, a mailed token.
#[derive(Deserialize, Default)]
pub(crate) struct Query {
    #[serde(default)]
    pub(crate) next: String,
    #[serde(default)]
    pub(crate) done: String,
    #[serde(default)]
    pub(crate) token: String,
}

/// Goes there, and sets these cookies on the way.
fn go(app: &App, path: &str, cookies: &[Cookie<'_>]) -> Response {
    let mut response = see_other(path).into_response();
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie.header(&app.config));
    }
    response
}

/// A path with the place to go on to.
fn with_next(path: &str, next: &str) -> String {
    if next.is_empty() {
        return path.to_owned();
    }
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("{path}?next={next}")
}
