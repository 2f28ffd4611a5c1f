//! Home: how much is left, of every line.

mod moving;

use askama::Template;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use basis::{Problem, Timestamp};

use self::moving::{Moving, moving};
use super::lines::{
    facts::LineFacts,
    load,
    now::{Card, LineNow, describe},
};
use crate::{App, Markup, Page, PageProblem, Reader, Shell, SignedIn, Tab};

/// Home, its live part, and the page that the service worker keeps for places without a network.
pub fn routes() -> Router<App> {
    Router::new().route("/", get(home)).route("/now", get(home_now)).route("/offline", get(offline))
}

/// Bundles live a year at most, so the plans of so many orders are enough.
const ORDERS_MAX: u32 = 500;

/// All lines; the one that matters most is the large card.
#[derive(Template)]
#[template(path = "pages/home/home.html", blocks = ["now"])]
struct HomePage {
    shell: Shell,
    first: Option<Markup>,
    rest: Vec<LineNow>,
    moving: Vec<Moving>,
}

/// Strangers are welcomed, everyone else sees what is left.
async fn home(State(app): State<App>, reader: Reader) -> Result<Response, PageProblem> {
    let Some(person) = reader.person.clone() else { return Ok(Redirect::to("/welcome").into_response()) };
    Ok(Page(load(&app, SignedIn { reader, person }).await?).into_response())
}

/// The live part alone, for a page that has heard of a change.
async fn home_now(State(app): State<App>, signed_in: SignedIn) -> Result<Response, PageProblem> {
    let page = load(&app, signed_in).await?;
    Ok(Page(page.as_now()).into_response())
}

async fn load(app: &App, signed_in: SignedIn) -> Result<HomePage, Problem> {
    let SignedIn { reader, person } = &signed_in;
    let mut conn = app.db.read().await?;
    let catalogue = catalog::read(&mut conn).await?;
    let bought = orders::bought(&mut conn, person.account, ORDERS_MAX).await?;
    let pools = pools::pools_of(&mut conn, person.account).await?;
    let lines = cards::lines_of(&mut conn, person.account).await?;
    let renewals = renewals::of_account(&mut conn, person.account).await?;
    drop(conn);
    let wanting = moving::wanting(&renewals, &lines, reader.texts);
    let shelf = load::Shelf::new(app, reader, &catalogue, &bought, &pools);
    let lines = load::lines(&shelf, &lines).await?;
    let now = app.env.now();
    let moving = wanting.into_iter().chain(moving(&shelf, now)).collect();
    Ok(HomePage { moving, ..page(app, reader, &lines, now) })
}

/// The page of these lines.
fn page(app: &App, reader: &Reader, lines: &[LineFacts], now: Timestamp) -> HomePage {
    let shell = Shell::new(app, reader, Tab::Esim, reader.texts.t("home-title")).wide();
    let mut lines: Vec<LineNow> = lines.iter().map(|facts| describe(&shell, facts, now)).collect();
    let rest = lines.split_off(lines.len().min(1));
    let first = lines.first().map(|line| Markup::of(&Card { shell: &shell, line }));
    HomePage { shell, first, rest, moving: Vec::new() }
}

/// What the service worker shows instead of a page that it does not keep. It outlives sign-out: nothing of a person
/// stands on it.
#[derive(Template)]
#[template(path = "pages/home/offline.html")]
struct OfflinePage {
    shell: Shell,
}

async fn offline(State(app): State<App>, reader: Reader) -> Page<OfflinePage> {
    let shell = Shell::new(&app, &reader, Tab::None, reader.texts.t("home-offline"));
    Page(OfflinePage { shell: Shell { live: None, ..shell } })
}

/// The page of lines that no engine knows, for tests.
#[cfg(test)]
pub(crate) fn shown(app: &App, reader: &Reader, lines: &[LineFacts]) -> Response {
    Page(page(app, reader, lines, app.env.now())).into_response()
}
