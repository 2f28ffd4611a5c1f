//! Proving the address, and moving to another.

use askama::Template;
use axum::{Form, extract::State, response::Response};
use basis::Problem;
use serde::Deserialize;

use crate::{
    App, Page, PageProblem, RequestOrigin, Shell, SignedIn, Tab, pages::accounts::or_confirm, see_other,
};

#[derive(Template)]
#[template(path = "pages/settings/email.html")]
pub(super) struct EmailPage {
    shell: Shell,
    email: String,
    typed: String,
    /// The address that waits for its code, in a sentence.
    pending: Option<String>,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
pub(super) struct EmailForm {
    #[serde(default)]
    email: String,
}

pub(super) async fn verify(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<CodeForm>,
) -> Result<Response, PageProblem> {
    let who = &reader.person.who;
    match accounts::verify_by_code(&app.db, &app.env, &app.guards, &origin, who, &form.code).await {
        Ok(()) => Ok(see_other("/settings?done=verified")),
        Err(problem) => {
            let mut page = super::page(&app, &reader, None).await?;
            Err(PageProblem::form(problem, |problem| {
                page.problem = Some(problem);
                page.code = form.code;
                page
            }))
        }
    }
}

pub(super) async fn verify_again(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
) -> Result<Response, PageProblem> {
    let who = &reader.person.who;
    match accounts::ask_verification(&app.db, &app.env, &app.guards, &origin, who).await {
        Ok(()) => Ok(see_other("/settings?done=sent")),
        Err(problem) => {
            let mut page = super::page(&app, &reader, None).await?;
            Err(PageProblem::form(problem, |problem| {
                page.problem = Some(problem);
                page
            }))
        }
    }
}

/// Changing the address needs a fresh sign-in, so the page asks for it before anything is typed.
pub(super) async fn show(State(app): State<App>, reader: SignedIn) -> Result<Page<EmailPage>, PageProblem> {
    if !reader.person.who.is_fresh(app.env.now()) {
        return Err(PageProblem::elsewhere("/confirm?next=/settings/email"));
    }
    Ok(Page(page(&app, &reader, String::new(), None).await?))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<EmailForm>,
) -> Result<Response, PageProblem> {
    let who = &reader.person.who;
    match accounts::ask_email_change(&app.db, &app.env, &app.guards, &origin, who, &form.email).await {
        Ok(()) => Ok(see_other("/settings/email")),
        Err(problem) => again(&app, &reader, form.email, problem).await,
    }
}

pub(super) async fn confirm(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<CodeForm>,
) -> Result<Response, PageProblem> {
    let who = &reader.person.who;
    match accounts::confirm_email_change(&app.db, &app.env, &app.guards, &origin, who, &form.code).await {
        Ok(()) => Ok(see_other("/settings?done=email")),
        Err(problem) => again(&app, &reader, String::new(), problem).await,
    }
}

/// The password first if the sign-in has grown old meanwhile, else the form again.
async fn again(
    app: &App,
    reader: &SignedIn,
    typed: String,
    problem: Problem,
) -> Result<Response, PageProblem> {
    let problem = match or_confirm(problem, "/settings/email") {
        Ok(response) => return Ok(response),
        Err(problem) => problem,
    };
    let mut page = page(app, reader, typed, None).await?;
    Err(PageProblem::form(problem, |problem| {
        page.problem = Some(problem);
        page
    }))
}

async fn page(
    app: &App,
    reader: &SignedIn,
    typed: String,
    problem: Option<Problem>,
) -> Result<EmailPage, Problem> {
    let texts = reader.reader.texts;
    let pending = accounts::pending_email(&mut app.db.read().await?, &app.env, &reader.person.who).await?;
    let pending = pending.map(|address| texts.tf("settings-email-pending", [("address", address)]));
    let shell = Shell::new(app, &reader.reader, Tab::None, texts.t("settings-email-title"));
    Ok(EmailPage {
        shell: shell.back("/settings"),
        email: reader.person.email.clone(),
        typed,
        pending,
        problem,
    })
}
