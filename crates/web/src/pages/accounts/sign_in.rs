//! Signing in and out.

use accounts::SESSION_MOST_MS;
use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    http::HeaderMap,
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::{Problem, SECOND_MS};
use serde::Deserialize;

use super::{Query, TYPED_EMAIL, go};
use crate::{
    App, Cookie, Page, PageProblem, Reader, RequestOrigin, Shell, Tab, cookies, safe_next, see_other,
};

#[derive(Template)]
#[template(path = "pages/accounts/sign_in.html")]
pub(super) struct SignInPage {
    shell: Shell,
    email: String,
    next: String,
    /// What has just been done, in words.
    done: Option<String>,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    headers: HeaderMap,
    Address(query): Address<Query>,
) -> Result<Page<SignInPage>, PageProblem> {
    if reader.person.is_some() {
        return Err(PageProblem::elsewhere(safe_next(&query.next)));
    }
    let mut page = page(&app, &reader, typed_email(&headers), query.next, None);
    page.done = match query.done.as_str() {
        "registered" => Some(reader.texts.t("accounts-done-registered")),
        "reset" => Some(reader.texts.t("accounts-done-reset")),
        "verified" => Some(reader.texts.t("accounts-done-verified")),
        _ => None,
    };
    Ok(Page(page))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: Reader,
    headers: HeaderMap,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<SignInForm>,
) -> Result<Response, PageProblem> {
    let SignInForm { email, password, next } = form;
    let signed_in = accounts::sign_in(&app.db, &app.env, &app.guards, &origin, &email, &password).await;
    let (_, token) = match signed_in {
        Ok(done) => done,
        Err(problem) => {
            return Err(PageProblem::form(problem, |p| page(&app, &reader, email, next, Some(p))));
        }
    };
    // The browser's earlier session is nobody's any more.
    if let Some(old) = cookies::read(&headers, cookies::SESSION) {
        accounts::sign_out(&app.db, old).await?;
    }
    let for_s = u32::try_from(SESSION_MOST_MS / SECOND_MS).unwrap_or(u32::MAX);
    let forget = Cookie { name: TYPED_EMAIL, value: "", max_age_s: 0 };
    Ok(go(&app, safe_next(&next), &[Cookie::session(token.reveal(), for_s), forget]))
}

pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, PageProblem> {
    if let Some(token) = cookies::read(&headers, cookies::SESSION) {
        accounts::sign_out(&app.db, token).await?;
    }
    let mut response = go(&app, "/welcome", &[Cookie::signed_out()]);
    // What the device keeps for places without a network goes too.
    let everything = axum::http::HeaderValue::from_static("\"storage\"");
    response.headers_mut().insert("clear-site-data", everything);
    Ok(response)
}

fn typed_email(headers: &HeaderMap) -> String {
    let cookie = cookies::read(headers, TYPED_EMAIL).and_then(|value| URL_SAFE_NO_PAD.decode(value).ok());
    cookie.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn page(app: &App, reader: &Reader, email: String, next: String, problem: Option<Problem>) -> SignInPage {
    let title = reader.texts.t("accounts-sign-in");
    let shell = Shell::new(app, reader, Tab::Bare, title).at("/sign-in");
    SignInPage { shell, email, next, done: None, problem }
}

/// Sends someone who must give their password once more to the page that asks for it.
pub(crate) fn or_confirm(problem: Problem, next: &str) -> Result<Response, Problem> {
    match problem.key {
        "accounts-fresh-needed" => Ok(see_other(&super::with_next("/confirm", next))),
        _ => Err(problem),
    }
}
