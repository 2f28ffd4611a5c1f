//! Language and look, as chosen on any page, with an account or without.

use accounts::Preferences;
use axum::{
    Form, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::post,
};
use basis::{Language, Problem};
use serde::Deserialize;
use store::in_tx;

use crate::{App, Cookie, PageProblem, Reader, Theme, cookies, safe_next, see_other};

/// The routes of the two switches.
pub fn routes() -> Router<App> {
    Router::new().route("/language", post(set_language)).route("/theme", post(set_theme))
}

#[derive(Deserialize)]
struct LanguageForm {
    language: String,
    #[serde(default)]
    next: String,
}

async fn set_language(
    State(app): State<App>,
    reader: Reader,
    Form(form): Form<LanguageForm>,
) -> Result<Response, PageProblem> {
    let language: Language = form.language.parse().map_err(|problem: Problem| problem.at("language"))?;
    if let Some(person) = &reader.person {
        let account = &person.who.account;
        let (currency, time_zone) = (account.currency, account.time_zone.clone());
        let preferences = Preferences { language, currency, time_zone };
        in_tx!(app.db, |tx| { accounts::set_preferences(tx, account.id, &preferences).await })?;
    }
    Ok(back_with(&app, &Cookie::preference(cookies::LANGUAGE, language.tag()), &form.next))
}

#[derive(Deserialize)]
struct ThemeForm {
    theme: String,
    #[serde(default)]
    next: String,
}

async fn set_theme(State(app): State<App>, Form(form): Form<ThemeForm>) -> Response {
    let theme = Theme::read(&form.theme);
    back_with(&app, &Cookie::preference(cookies::THEME, theme.word()), &form.next)
}

fn back_with(app: &App, cookie: &Cookie<'_>, next: &str) -> Response {
    ([(header::SET_COOKIE, cookie.header(&app.config))], see_other(safe_next(next))).into_response()
}
