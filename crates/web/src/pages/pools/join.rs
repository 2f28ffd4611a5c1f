//! An invitation, as whoever holds its link sees it.

use askama::Template;
use axum::{
    Form,
    extract::{Query as Address, State},
    response::Response,
};
use basis::Problem;
use pools::Joining;
use serde::Deserialize;

use super::{line_id, new::free_lines};
use crate::{
    App, Page, PageProblem, Reader, RequestOrigin, Shell, SignedIn, Tab, pages::accounts::Query, see_other,
};

#[derive(Template)]
#[template(path = "pages/pools/join.html")]
pub(super) struct JoinPage {
    shell: Shell,
    token: String,
    pool: String,
    /// Who invited, by address.
    inviter: String,
    until: String,
    /// This page, to come back to after signing in.
    next: String,
    signed_in: bool,
    lines: Vec<(String, String)>,
    form: JoinForm,
    problem: Option<Problem>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct JoinForm {
    #[serde(default)]
    token: String,
    #[serde(default)]
    line: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    origin: RequestOrigin,
    Address(query): Address<Query>,
) -> Result<Page<JoinPage>, PageProblem> {
    let form = JoinForm { token: query.token, ..JoinForm::default() };
    Ok(Page(page(&app, reader, &origin, form, None).await?))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    origin: RequestOrigin,
    Form(form): Form<JoinForm>,
) -> Result<Response, PageProblem> {
    let joined = async {
        let line = line_id(&form.line)?;
        let joining = Joining { token: &form.token, line, name: &form.name };
        pools::accept(&app.desk.pools, &app.guards, &origin.0, reader.person.account, joining).await
    };
    match joined.await {
        Ok(pool) => Ok(see_other(&format!("/pools/{pool}"))),
        Err(problem) => {
            let page = page(&app, reader.reader, &origin, form, Some(problem.clone())).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

async fn page(
    app: &App,
    reader: Reader,
    origin: &RequestOrigin,
    form: JoinForm,
    problem: Option<Problem>,
) -> Result<JoinPage, Problem> {
    let conn = &mut app.db.read().await?;
    let (open, pool) = pools::invitation(conn, app.env.now(), &app.guards, &origin.0, &form.token).await?;
    let inviter = accounts::account(conn, open.invited_by).await?.email;
    let texts = reader.texts;
    let next = format!("/join?token={}", form.token);
    let (mut lines, mut form) = (Vec::new(), form);
    if let Some(person) = &reader.person {
        if form.name.is_empty() {
            form.name = pools::rules::name_of_address(&person.email);
        }
        lines = free_lines(conn, person.account).await?;
    }
    if form.line.is_empty() {
        form.line = lines.first().map(|(id, _)| id.clone()).unwrap_or_default();
    }
    let tab = if reader.person.is_some() { Tab::Pools } else { Tab::Bare };
    let shell = Shell::new(app, &reader, tab, texts.t("pools-join-title")).at(next.clone());
    Ok(JoinPage {
        token: form.token.clone(),
        pool: pool.name,
        inviter,
        until: texts.day_clock(open.expires_at, &reader.zone),
        next,
        signed_in: reader.person.is_some(),
        lines,
        form,
        problem,
        shell,
    })
}
