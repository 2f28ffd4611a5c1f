//! Changing the password.

use accounts::NewPassword;
use askama::Template;
use axum::{Form, extract::State, response::Response};
use basis::Problem;
use serde::Deserialize;

use crate::{App, Page, PageProblem, RequestOrigin, Shell, SignedIn, Tab, see_other};

#[derive(Template)]
#[template(path = "pages/settings/password.html")]
pub(super) struct PasswordPage {
    shell: Shell,
    email: String,
    problem: Option<Problem>,
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    current_password: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn show(State(app): State<App>, reader: SignedIn) -> Page<PasswordPage> {
    Page(page(&app, &reader, None))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    RequestOrigin(origin): RequestOrigin,
    Form(form): Form<PasswordForm>,
) -> Result<Response, PageProblem> {
    let password = NewPassword { current: &form.current_password, new: &form.password };
    let who = &reader.person.who;
    match accounts::change_password(&app.db, &app.env, &app.guards, &origin, who, password).await {
        Ok(()) => Ok(see_other("/settings?done=password")),
        Err(problem) => Err(PageProblem::form(problem, |problem| page(&app, &reader, Some(problem)))),
    }
}

fn page(app: &App, reader: &SignedIn, problem: Option<Problem>) -> PasswordPage {
    let title = reader.reader.texts.t("settings-password");
    let shell = Shell::new(app, &reader.reader, Tab::None, title).back("/settings");
    PasswordPage { shell, email: reader.person.email.clone(), problem }
}
