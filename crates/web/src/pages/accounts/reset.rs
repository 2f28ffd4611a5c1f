//! Choosing a new password by the link from a mail.

use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    response::Response,
};
use basis::Problem;
use serde::Deserialize;

use super::Query;
use crate::{App, Cookie, Page, PageProblem, Reader, RequestOrigin, Shell, Tab};

#[derive(Template)]
#[template(path = "pages/accounts/reset.html")]
pub(super) struct ResetPage {
    shell: Shell,
    token: String,
    open: bool,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct ResetForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    Address(query): Address<Query>,
) -> Result<Page<ResetPage>, PageProblem> {
    if query.token.is_empty() {
        return Err(PageProblem::elsewhere("/forgot"));
    }
    let mut conn = app.db.read().await?;
    let open = accounts::reset_link_is_open(&mut conn, app.env.now(), &app.guards, &query.token).await?;
    let problem = (!open).then(|| Problem::invalid("accounts-link-dead"));
    Ok(Page(page(&app, &reader, query.token, problem)))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: Reader,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<ResetForm>,
) -> Result<Response, PageProblem> {
    let ResetForm { token, password } = form;
    match accounts::reset_password(&app.db, &app.env, &app.guards, &origin, &token, &password).await {
        Ok(()) => Ok(super::go(&app, "/sign-in?done=reset", &[Cookie::signed_out()])),
        Err(problem) => Err(PageProblem::form(problem, |p| page(&app, &reader, token, Some(p)))),
    }
}

fn page(app: &App, reader: &Reader, token: String, problem: Option<Problem>) -> ResetPage {
    let title = reader.texts.t("accounts-reset-title");
    let open = problem.as_ref().is_none_or(|problem| problem.key != "accounts-link-dead");
    ResetPage { shell: Shell::new(app, reader, Tab::Bare, title), token, open, problem }
}
