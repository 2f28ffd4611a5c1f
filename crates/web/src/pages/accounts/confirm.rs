//! The password once more, before what could cost the account.

use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    response::Response,
};
use basis::Problem;
use serde::Deserialize;

use super::Query;
use crate::{App, Page, PageProblem, RequestOrigin, Shell, SignedIn, Tab, safe_next, see_other};

#[derive(Template)]
#[template(path = "pages/accounts/confirm.html")]
pub(super) struct ConfirmPage {
    shell: Shell,
    next: String,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct ConfirmForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Address(query): Address<Query>,
) -> Page<ConfirmPage> {
    Page(page(&app, &reader, query.next, None))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, PageProblem> {
    let (who, password) = (&reader.person.who, &form.current_password);
    match accounts::confirm_password(&app.db, &app.env, &app.guards, &origin, who, password).await {
        Ok(()) => Ok(see_other(safe_next(&form.next))),
        Err(problem) => Err(PageProblem::form(problem, |p| page(&app, &reader, form.next, Some(p)))),
    }
}

fn page(app: &App, reader: &SignedIn, next: String, problem: Option<Problem>) -> ConfirmPage {
    let title = reader.reader.texts.t("accounts-confirm-title");
    let shell = Shell::new(app, &reader.reader, Tab::None, title).back("/settings");
    ConfirmPage { shell, next, problem }
}
