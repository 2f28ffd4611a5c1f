//! Asking for a link to a new password.

use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    response::Response,
};
use basis::Problem;
use serde::Deserialize;

use super::Query;
use crate::{App, Page, PageProblem, Reader, RequestOrigin, Shell, Tab, see_other};

#[derive(Template)]
#[template(path = "pages/accounts/forgot.html")]
pub(super) struct ForgotPage {
    shell: Shell,
    email: String,
    /// The mail is on its way, if the address has an account.
    sent: bool,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct ForgotForm {
    #[serde(default)]
    email: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    Address(query): Address<Query>,
) -> Page<ForgotPage> {
    let mut page = page(&app, &reader, String::new(), None);
    page.sent = query.done == "sent";
    Page(page)
}

pub(super) async fn send(
    State(app): State<App>,
    reader: Reader,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<ForgotForm>,
) -> Result<Response, PageProblem> {
    match accounts::ask_reset(&app.db, &app.env, &app.guards, &origin, &form.email).await {
        Ok(()) => Ok(see_other("/forgot?done=sent")),
        Err(problem) => Err(PageProblem::form(problem, |p| page(&app, &reader, form.email, Some(p)))),
    }
}

fn page(app: &App, reader: &Reader, email: String, problem: Option<Problem>) -> ForgotPage {
    let title = reader.texts.t("accounts-forgot-title");
    let shell = Shell::new(app, reader, Tab::Bare, title).at("/forgot");
    ForgotPage { shell, email, sent: false, problem }
}
