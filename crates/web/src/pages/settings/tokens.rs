//! API tokens: making one, which is shown once, and ending them.

use accounts::OpenToken;
use askama::Template;
use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Response},
};
use basis::{ApiToken, Id, Problem};
use serde::Deserialize;
use store::in_tx;

use crate::{App, Page, PageProblem, Shell, SignedIn, Tab, pages::accounts::or_confirm, see_other};

#[derive(Template)]
#[template(path = "pages/settings/tokens.html")]
pub(super) struct TokensPage {
    shell: Shell,
    tokens: Vec<Row>,
    /// The new token, shown this once.
    made: Option<String>,
    name: String,
    problem: Option<Problem>,
}

struct Row {
    id: String,
    name: String,
    facts: String,
}

#[derive(Deserialize)]
pub(super) struct CreateForm {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
pub(super) struct EndForm {
    #[serde(default)]
    id: String,
}

pub(super) async fn show(State(app): State<App>, reader: SignedIn) -> Result<Page<TokensPage>, PageProblem> {
    Ok(Page(page(&app, &reader).await?))
}

/// The token stands in the answer itself, never in an address line.
pub(super) async fn create(
    State(app): State<App>,
    reader: SignedIn,
    Form(form): Form<CreateForm>,
) -> Result<Response, PageProblem> {
    let made = match reader.person.who.require_fresh(app.env.now()) {
        Ok(()) => in_tx!(app.db, |tx| {
            accounts::create_token(tx, &app.env, reader.person.account, &form.name).await
        }),
        Err(problem) => Err(problem),
    };
    let problem = match made {
        Ok((_, token)) => {
            let mut page = page(&app, &reader).await?;
            page.made = Some(token.reveal().to_owned());
            return Ok(Page(page).into_response());
        }
        Err(problem) => problem,
    };
    let problem = match or_confirm(problem, "/settings/tokens") {
        Ok(response) => return Ok(response),
        Err(problem) => problem,
    };
    let mut page = page(&app, &reader).await?;
    Err(PageProblem::form(problem, |problem| {
        page.problem = Some(problem);
        page.name = form.name;
        page
    }))
}

pub(super) async fn end(
    State(app): State<App>,
    reader: SignedIn,
    Form(form): Form<EndForm>,
) -> Result<Response, PageProblem> {
    let id: Id<ApiToken> = form.id.parse().map_err(|_| Problem::not_found())?;
    match accounts::end_token(&app.db, &reader.person.who, id).await {
        Err(problem) if problem.kind != basis::Kind::NotFound => Err(problem.into()),
        _ => Ok(see_other("/settings/tokens")),
    }
}

async fn page(app: &App, reader: &SignedIn) -> Result<TokensPage, Problem> {
    let mut conn = app.db.read().await?;
    let open = accounts::tokens_of(&mut conn, app.env.now(), reader.person.account).await?;
    let title = reader.reader.texts.t("settings-tokens");
    let shell = Shell::new(app, &reader.reader, Tab::None, title).back("/settings");
    let tokens = open.iter().map(|token| row(app, reader, token)).collect();
    Ok(TokensPage { shell, tokens, made: None, name: String::new(), problem: None })
}

fn row(app: &App, reader: &SignedIn, token: &OpenToken) -> Row {
    let texts = reader.reader.texts;
    let created = texts.date(token.created_at, &reader.reader.zone);
    let facts = match token.used_at {
        Some(used) => {
            let used = texts.ago(used, app.env.now());
            texts.tf("settings-token-facts", [("created", created.as_str()), ("used", &used)])
        }
        None => texts.tf("settings-token-facts-new", [("created", created.as_str())]),
    };
    Row { id: token.id.to_string(), name: token.name.clone(), facts }
}
