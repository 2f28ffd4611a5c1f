//! The link that proves an address. Opening it shows a button: mail programs open links by themselves.

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
#[template(path = "pages/accounts/verify.html")]
pub(super) struct VerifyPage {
    shell: Shell,
    token: String,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct VerifyForm {
    #[serde(default)]
    token: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    Address(query): Address<Query>,
) -> Page<VerifyPage> {
    Page(page(&app, &reader, query.token, None))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: Reader,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<VerifyForm>,
) -> Result<Response, PageProblem> {
    match accounts::verify_by_link(&app.db, &app.env, &app.guards, &origin, &form.token).await {
        Ok(()) if reader.person.is_some() => Ok(see_other("/settings?done=verified")),
        Ok(()) => Ok(see_other("/sign-in?done=verified")),
        Err(problem) => Err(PageProblem::form(problem, |p| page(&app, &reader, String::new(), Some(p)))),
    }
}

fn page(app: &App, reader: &Reader, token: String, problem: Option<Problem>) -> VerifyPage {
    let title = reader.texts.t("accounts-verify-title");
    VerifyPage { shell: Shell::new(app, reader, Tab::Bare, title), token, problem }
}
