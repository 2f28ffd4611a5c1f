//! Binding a card.

use askama::Template;
use axum::{Form, Router, extract::State, response::Response, routing::get};
use basis::Problem;
use cards::BindInput;
use serde::Deserialize;

use crate::{App, Page, PageProblem, RequestOrigin, Shell, SignedIn, Tab, see_other};

/// The routes of binding.
pub fn routes() -> Router<App> {
    Router::new().route("/cards/bind", get(show).post(send))
}

#[derive(Template)]
#[template(path = "pages/cards/bind.html")]
struct BindPage {
    shell: Shell,
    number: String,
    bind_code: String,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
struct BindForm {
    #[serde(default)]
    number: String,
    #[serde(default)]
    bind_code: String,
}

async fn show(State(app): State<App>, reader: SignedIn) -> Page<BindPage> {
    let form = BindForm { number: String::new(), bind_code: String::new() };
    Page(page(&app, &reader, form, None))
}

async fn send(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<BindForm>,
) -> Result<Response, PageProblem> {
    let input = BindInput { number: &form.number, bind_code: Some(&form.bind_code) };
    let account = reader.person.account;
    match cards::bind_card(&app.db, &app.env, &app.guards, &origin, account, input).await {
        Ok(line) => Ok(see_other(&format!("/lines/{}", line.id))),
        Err(problem) => Err(PageProblem::form(problem, |p| page(&app, &reader, form, Some(p)))),
    }
}

fn page(app: &App, reader: &SignedIn, form: BindForm, problem: Option<Problem>) -> BindPage {
    let title = reader.reader.texts.t("cards-bind-title");
    let shell = Shell::new(app, &reader.reader, Tab::Esim, title).back("/").at("/cards/bind");
    BindPage { shell, number: form.number, bind_code: form.bind_code, problem }
}
