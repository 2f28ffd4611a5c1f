//! Lines: what is left, what was used, and how to install them.

pub(crate) mod age;
pub(crate) mod chart;
pub(crate) mod code;
mod dial;
pub(crate) mod facts;
pub(crate) mod load;
pub(crate) mod note;
pub(crate) mod now;
pub(crate) mod standing;

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use basis::{DAY_MS, DataVolume, Id, Line, Problem, Timestamp};
use orders::{Bought, OrderState};
use serde::Deserialize;
use texts::Texts;

use self::{
    chart::{Chart, DayUse},
    code::InstallCode,
    facts::LineFacts,
    now::{LineNow, Stat, average, describe},
};
use crate::pages::orders::past::{Row, row, with_bundles};
use crate::{App, Page, PageProblem, PageResult, Reader, Shell, SignedIn, Tab, see_other};

/// A line's pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/lines/{line}", get(line))
        .route("/lines/{line}/now", get(line_now))
        .route("/lines/{line}/name", post(rename))
        .route("/lines/{line}/install", get(install))
}

/// One line: its figures, its use per day, its numbers and its history.
#[derive(Template)]
#[template(path = "pages/lines/line.html", blocks = ["now"])]
struct LinePage {
    shell: Shell,
    line: LineNow,
    figures: Vec<Stat>,
    chart: Option<Chart>,
    use_stats: Vec<Stat>,
    facts: Vec<Stat>,
    iccid: String,
    label: String,
    /// What it is called while it has no name of its own.
    placeholder: String,
    /// Where the bundle that speaks for it can be changed for another plan.
    change: Option<String>,
    /// The tone of its auto-renewal's state, and the state in a word.
    renewal: (&'static str, String),
    history: Vec<Row>,
    problem: Option<Problem>,
}

/// A line's page shows so many orders; all are under /orders.
const HISTORY_MAX: u32 = 20;

/// What is asked about one line.
struct Asked {
    line: cards::Line,
    facts: LineFacts,
    change: Option<String>,
    renewal: Option<renewals::Renewal>,
    now: Timestamp,
}

/// The bundle that speaks for the line can be changed while it lives and is its own; its id is its order's.
fn change_path(facts: &LineFacts, orders: &[Bought]) -> Option<String> {
    let bundles = facts.plain();
    let speaks = standing::speaking(&bundles, facts.whereabouts()).filter(|bundle| bundle.is_live())?;
    let own = speaks.line == Some(facts.id);
    let ours = orders.iter().any(|order| order.id == speaks.id && order.state == OrderState::Active);
    (own && ours).then(|| format!("/orders/{}/change", speaks.id))
}

async fn line(State(app): State<App>, who: SignedIn, Path(id): Path<String>) -> PageResult<LinePage> {
    Ok(Page(load_page(&app, &who, &id, None).await?))
}

/// The live part alone, for a page that has heard of a change.
async fn line_now(
    State(app): State<App>,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageProblem> {
    let page = load_page(&app, &who, &id, None).await?;
    Ok(Page(page.as_now()).into_response())
}

#[derive(Deserialize)]
struct NameForm {
    label: String,
}

async fn rename(
    State(app): State<App>,
    who: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<NameForm>,
) -> Result<Response, PageProblem> {
    match cards::rename_line(&app.db, who.person.account, read_id(&id)?, &form.label).await {
        Ok(()) => Ok(see_other(&format!("/lines/{id}"))),
        Err(problem) => {
            let page = load_page(&app, &who, &id, Some((problem.clone(), form.label))).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

/// An id that cannot be read names nothing.
fn read_id(text: &str) -> Result<Id<Line>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn load_page(
    app: &App,
    who: &SignedIn,
    id: &str,
    refused: Option<(Problem, String)>,
) -> Result<LinePage, Problem> {
    let mut conn = app.db.read().await?;
    let line = cards::line(&mut conn, who.person.account, read_id(id)?).await?;
    let catalogue = catalog::read(&mut conn).await?;
    let orders = orders::of_line(&mut conn, who.person.account, line.id, HISTORY_MAX).await?;
    let bought: Vec<Bought> = orders.iter().map(Into::into).collect();
    let renewal = renewals::of_line(&mut conn, who.person.account, line.id).await?;
    let pools = pools::pools_of(&mut conn, who.person.account).await?;
    let now = app.env.now();
    let days = load::days(&mut conn, line.id, &who.reader.zone, now).await?;
    let orders = with_bundles(&mut conn, orders).await?;
    drop(conn);
    let shelf = load::Shelf::new(app, &who.reader, &catalogue, &bought, &pools);
    let mut facts = LineFacts { days, ..load::facts(&shelf, &line).await };
    load::recall(&shelf, &line, &mut facts, &mut app.db.read().await?).await?;
    let history = orders
        .iter()
        .map(|(order, bundle)| row(&who.reader, order, bundle.as_ref(), shelf.name(&order.plan)))
        .collect();
    let change = change_path(&facts, &bought);
    Ok(page(app, &who.reader, Asked { line, facts, change, renewal, now }, history, refused))
}

fn page(
    app: &App,
    reader: &Reader,
    asked: Asked,
    history: Vec<Row>,
    refused: Option<(Problem, String)>,
) -> LinePage {
    let Asked { line, facts, change, renewal, now } = asked;
    let shell = Shell::new(app, reader, Tab::Esim, "").back("/").wide();
    let described = describe(&shell, &facts, now);
    let days = day_uses(reader, &facts.days, now);
    let (problem, label) = refused.map_or((None, line.label.clone()), |(p, label)| (Some(p), label));
    LinePage {
        figures: figures(reader, &facts, now),
        chart: Chart::new(reader.texts, &days),
        use_stats: use_stats(reader.texts, &facts.days),
        facts: line_facts(reader, &line),
        shell: Shell { title: described.title.clone(), ..shell },
        line: described,
        iccid: cards::grouped(&line.iccid),
        label,
        placeholder: facts.name,
        change,
        renewal: crate::pages::renewals::state(renewal.as_ref(), reader.texts),
        history,
        problem,
    }
}

/// These days, today last, with their names.
pub(crate) fn day_uses(reader: &Reader, days: &[u64], now: Timestamp) -> Vec<DayUse> {
    let today = load::day_start(now, load::offset_ms(&reader.zone, now));
    let ago = |n: usize| i64::try_from(days.len().saturating_sub(n + 1)).unwrap_or(0);
    let day = |n: usize| reader.texts.day(today.plus_ms(-DAY_MS * ago(n)), &reader.zone);
    days.iter().enumerate().map(|(n, octets)| DayUse { day: day(n), octets: *octets }).collect()
}

/// Left, days left, until when: for the dark card.
fn figures(reader: &Reader, facts: &LineFacts, now: Timestamp) -> Vec<Stat> {
    let (texts, bundles) = (reader.texts, facts.plain());
    let Some(bundle) = standing::speaking(&bundles, facts.whereabouts()) else { return Vec::new() };
    let mut figures = Vec::new();
    if bundle.phase != standing::Phase::Over {
        let left = texts.volume_fine(DataVolume(bundle.left));
        figures.push(Stat { name: now::left_word(texts, &bundle.terms.allowance), value: left });
        figures.push(Stat { name: texts.t("lines-days"), value: texts.days(bundle.left_days(now)) });
    }
    if let Some(end) = bundle.ends_at {
        let name = match bundle.phase {
            standing::Phase::Waiting => texts.t("lines-start-by"),
            standing::Phase::Active => texts.t("lines-until"),
            standing::Phase::Over => texts.t("lines-state-over"),
        };
        figures.push(Stat { name, value: texts.day(end, &reader.zone) });
    }
    figures
}

fn use_stats(texts: Texts, days: &[u64]) -> Vec<Stat> {
    let volume = |octets| texts.volume(DataVolume(octets));
    let Some(average) = average(days) else { return Vec::new() };
    let (today, most) = (days.last().copied().unwrap_or(0), days.iter().copied().max().unwrap_or(0));
    vec![
        Stat { name: texts.t("lines-today"), value: volume(today) },
        Stat { name: texts.t("lines-average"), value: volume(average) },
        Stat { name: texts.t("lines-highest"), value: volume(most) },
    ]
}

/// The line's own numbers.
fn line_facts(reader: &Reader, line: &cards::Line) -> Vec<Stat> {
    let texts = reader.texts;
    let number =
        line.msisdn.as_ref().map_or_else(|| texts.t("lines-data-only"), |msisdn| format!("+{msisdn}"));
    vec![
        Stat { name: texts.t("lines-number"), value: number },
        Stat { name: texts.t("lines-bound"), value: texts.date(line.bound_at, &reader.zone) },
    ]
}

/// The code that installs the line, to be scanned, tapped or typed; readable offline.
#[derive(Template)]
#[template(path = "pages/lines/install.html")]
struct InstallPage {
    shell: Shell,
    name: String,
    code: InstallCode,
}

async fn install(State(app): State<App>, who: SignedIn, Path(id): Path<String>) -> PageResult<InstallPage> {
    let mut conn = app.db.read().await?;
    let line = cards::line(&mut conn, who.person.account, read_id(&id)?).await?;
    let code = line.activation_code.as_deref().and_then(InstallCode::read).ok_or_else(Problem::not_found)?;
    let title = who.reader.texts.t("lines-install-title");
    let shell = Shell::new(&app, &who.reader, Tab::Esim, title).back(format!("/lines/{}", line.id));
    Ok(Page(InstallPage { shell, name: line.name(), code }))
}

#[cfg(test)]
pub(crate) mod fixtures;
