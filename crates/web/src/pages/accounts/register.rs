//! Welcome: what this is, and opening an account.

use accounts::{CURRENCIES, Email, Preferences, Registration};
use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::Problem;
use serde::Deserialize;

use super::{Query, TYPED_EMAIL, TYPED_EMAIL_S, go, with_next};
use crate::{App, Cookie, Page, PageProblem, Reader, RequestOrigin, Shell, Tab, safe_next, see_other};

#[derive(Template)]
#[template(path = "pages/accounts/register.html")]
pub(super) struct RegisterPage {
    shell: Shell,
    email: String,
    next: String,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct RegisterForm {
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
    Address(query): Address<Query>,
) -> Result<Page<RegisterPage>, PageProblem> {
    if reader.person.is_some() {
        return Err(PageProblem::elsewhere("/"));
    }
    Ok(Page(page(&app, &reader, String::new(), query.next, None)))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: Reader,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<RegisterForm>,
) -> Result<Response, PageProblem> {
    if reader.person.is_some() {
        return Ok(see_other("/"));
    }
    let RegisterForm { email: typed, password, next } = form;
    let registered = async {
        let email: Email = typed.parse()?;
        let new = Registration { email, password, preferences: preferences(&app, &reader) };
        accounts::register(&app.db, &app.env, &app.guards, &origin, &new).await
    };
    match registered.await {
        Ok(()) => {
            let value = URL_SAFE_NO_PAD.encode(typed.trim());
            let cookie = Cookie { name: TYPED_EMAIL, value: &value, max_age_s: TYPED_EMAIL_S };
            let next = if next.is_empty() { "/" } else { safe_next(&next) };
            Ok(go(&app, &format!("{}&done=registered", with_next("/sign-in", next)), &[cookie]))
        }
        Err(problem) => Err(PageProblem::form(problem, |p| page(&app, &reader, typed, next, Some(p)))),
    }
}

/// What the reader sees now is what they want.
fn preferences(app: &App, reader: &Reader) -> Preferences {
    let usual = Preferences::usual(reader.texts.language(), app.config.currency);
    let currency = if CURRENCIES.contains(&reader.currency) { reader.currency } else { usual.currency };
    let time_zone = reader.zone.iana_name().map_or(usual.time_zone, str::to_owned);
    Preferences { language: usual.language, currency, time_zone }
}

fn page(app: &App, reader: &Reader, email: String, next: String, problem: Option<Problem>) -> RegisterPage {
    let title = reader.texts.t("accounts-welcome-title");
    let shell = Shell::new(app, reader, Tab::Bare, title).at("/welcome");
    RegisterPage { shell, email, next, problem }
}
