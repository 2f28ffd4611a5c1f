//! Which pools one shares, and how to begin one.

use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Response},
};
use basis::{Account, Id, Problem};
use pools::{Kind, SharedPool};
use serde::Deserialize;
use store::Conn;

use super::line_id;
use crate::{App, Page, PageProblem, Shell, SignedIn, Tab, see_other};

#[derive(Template)]
#[template(path = "pages/pools/list.html")]
struct ListPage {
    shell: Shell,
    pools: Vec<(String, String, &'static str)>,
}

/// The one pool at once; several are listed, and none is an invitation to begin one.
pub(super) async fn list(State(app): State<App>, reader: SignedIn) -> Result<Response, PageProblem> {
    let pools = pools::pools_of(&mut app.db.read().await?, reader.person.account).await?;
    if let [only] = pools.as_slice() {
        return Ok(see_other(&format!("/pools/{}", only.id)));
    }
    let title = reader.reader.texts.t("pools-title");
    let shell = Shell::new(&app, &reader.reader, Tab::Pools, title).at("/pools");
    let row = |pool: SharedPool| (format!("/pools/{}", pool.id), pool.name, pool.kind.word());
    Ok(Page(ListPage { shell, pools: pools.into_iter().map(row).collect() }).into_response())
}

#[derive(Template)]
#[template(path = "pages/pools/new.html")]
pub(super) struct NewPage {
    shell: Shell,
    /// Lines that share nothing yet.
    lines: Vec<(String, String)>,
    form: NewForm,
    problem: Option<Problem>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct NewForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    line: String,
}

pub(super) async fn show(State(app): State<App>, reader: SignedIn) -> Result<Page<NewPage>, PageProblem> {
    let form = NewForm { kind: "family".to_owned(), ..NewForm::default() };
    Ok(Page(page(&app, &reader, form, None).await?))
}

pub(super) async fn send(
    State(app): State<App>,
    reader: SignedIn,
    Form(form): Form<NewForm>,
) -> Result<Response, PageProblem> {
    let made = async {
        let (line, kind) = (line_id(&form.line)?, Kind::asked(&form.kind)?);
        pools::create(&app.desk.pools, reader.person.account, line, kind, &form.name).await
    };
    match made.await {
        Ok(pool) => Ok(see_other(&format!("/pools/{pool}"))),
        Err(problem) => {
            let page = page(&app, &reader, form, Some(problem.clone())).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

async fn page(
    app: &App,
    reader: &SignedIn,
    form: NewForm,
    problem: Option<Problem>,
) -> Result<NewPage, Problem> {
    let title = reader.reader.texts.t("pools-new-title");
    let shell = Shell::new(app, &reader.reader, Tab::Pools, title).back("/pools").at("/pools/new");
    let lines = free_lines(&mut app.db.read().await?, reader.person.account).await?;
    let first = lines.first().map(|(id, _)| id.clone()).unwrap_or_default();
    let form = if form.line.is_empty() { NewForm { line: first, ..form } } else { form };
    Ok(NewPage { shell, lines, form, problem })
}

/// The reader's lines that share nothing yet: id and name.
pub(super) async fn free_lines(
    conn: &mut Conn,
    account: Id<Account>,
) -> Result<Vec<(String, String)>, Problem> {
    let mut free = Vec::new();
    for line in cards::lines_of(conn, account).await? {
        if line.moves_to.is_none() && pools::member_of_line(conn, line.id).await?.is_none() {
            free.push((line.id.to_string(), line.name()));
        }
    }
    Ok(free)
}
