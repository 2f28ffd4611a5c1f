//! What cannot be taken back is said once more, with all that it does, before it is done.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use basis::{Id, Pool, Problem};
use pools::{Member, PoolOf, Role};

use super::{describe, line_id, pool_id};
use crate::{App, Page, PageProblem, Shell, SignedIn, Tab, see_other};

#[derive(Template)]
#[template(path = "pages/pools/confirm.html")]
pub(super) struct ConfirmPage {
    shell: Shell,
    path: String,
    /// What will happen, in pairs of a word and a sentence.
    facts: Vec<(String, String)>,
    button: String,
    back: String,
    problem: Option<Problem>,
}

/// What is about to be done.
#[derive(Clone, Copy)]
enum Deed {
    Leave,
    Remove,
    HandOver,
    Dissolve,
}

impl Deed {
    /// The texts of its title and its button.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Leave => (texts::key("pools-leave-title"), texts::key("pools-leave-button")),
            Self::Remove => (texts::key("pools-remove-title"), texts::key("pools-remove-button")),
            Self::HandOver => (texts::key("pools-hand-title"), texts::key("pools-hand-button")),
            Self::Dissolve => (texts::key("pools-dissolve-title"), texts::key("pools-dissolve-button")),
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Remove => "remove",
            Self::HandOver => "owner",
            Self::Dissolve => "dissolve",
        }
    }

    fn facts(self, texts: texts::Texts) -> Vec<(String, String)> {
        let keys = match self {
            Self::Leave | Self::Remove => [
                (texts::key("pools-fact-own"), texts::key("pools-fact-own-goes")),
                (texts::key("pools-fact-shared"), texts::key("pools-fact-shared-stays")),
                (texts::key("pools-fact-now"), texts::key("pools-fact-now-moves")),
            ],
            Self::HandOver => [
                (texts::key("pools-fact-owner"), texts::key("pools-fact-owner-next")),
                (texts::key("pools-fact-you"), texts::key("pools-fact-you-manager")),
                (texts::key("pools-fact-shared"), texts::key("pools-fact-shared-all")),
            ],
            Self::Dissolve => [
                (texts::key("pools-fact-own"), texts::key("pools-fact-own-each")),
                (texts::key("pools-fact-shared"), texts::key("pools-fact-shared-yours")),
                (texts::key("pools-fact-now"), texts::key("pools-fact-now-all")),
            ],
        };
        keys.into_iter().map(|(word, sentence)| (texts.t(word), texts.t(sentence))).collect()
    }
}

type Ids = Path<(String, String)>;

pub(super) async fn leave(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Ids,
) -> Result<Page<ConfirmPage>, PageProblem> {
    Ok(Page(about(&app, &reader, &pool, &line, Deed::Leave, None).await?))
}

pub(super) async fn remove(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Ids,
) -> Result<Page<ConfirmPage>, PageProblem> {
    Ok(Page(about(&app, &reader, &pool, &line, Deed::Remove, None).await?))
}

pub(super) async fn hand_over(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Ids,
) -> Result<Page<ConfirmPage>, PageProblem> {
    Ok(Page(about(&app, &reader, &pool, &line, Deed::HandOver, None).await?))
}

pub(super) async fn leave_now(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Ids,
) -> Result<Response, PageProblem> {
    let left = pools::leave(&app.desk.pools, reader.person.account, pool_id(&pool)?, line_id(&line)?).await;
    done_or(&app, &reader, (&pool, &line), Deed::Leave, left).await
}

pub(super) async fn remove_now(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Ids,
) -> Result<Response, PageProblem> {
    let removed =
        pools::remove(&app.desk.pools, reader.person.account, pool_id(&pool)?, line_id(&line)?).await;
    done_or(&app, &reader, (&pool, &line), Deed::Remove, removed).await
}

pub(super) async fn hand_over_now(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Ids,
) -> Result<Response, PageProblem> {
    let handed =
        pools::hand_over(&app.desk.pools, reader.person.account, pool_id(&pool)?, line_id(&line)?).await;
    done_or(&app, &reader, (&pool, &line), Deed::HandOver, handed).await
}

pub(super) async fn dissolve(
    State(app): State<App>,
    reader: SignedIn,
    Path(pool): Path<String>,
) -> Result<Page<ConfirmPage>, PageProblem> {
    Ok(Page(about_pool(&app, &reader, pool_id(&pool)?, None).await?))
}

pub(super) async fn dissolve_now(
    State(app): State<App>,
    reader: SignedIn,
    Path(pool): Path<String>,
) -> Result<Response, PageProblem> {
    let id = pool_id(&pool)?;
    match pools::dissolve(&app.desk.pools, reader.person.account, id).await {
        Ok(()) => Ok(see_other("/pools")),
        Err(problem) => {
            let page = about_pool(&app, &reader, id, Some(problem.clone())).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

/// Where one looks next: at the pool, if one is still in it.
async fn done_or(
    app: &App,
    reader: &SignedIn,
    (pool, line): (&str, &str),
    deed: Deed,
    done: Result<(), Problem>,
) -> Result<Response, PageProblem> {
    match done {
        Ok(()) => {
            let mut conn = app.db.read().await?;
            let seen = pools::pool(&mut conn, reader.person.account, pool_id(pool)?).await;
            Ok(see_other(&if seen.is_ok() { format!("/pools/{pool}") } else { "/".to_owned() }))
        }
        Err(problem) => {
            let page = about(app, reader, pool, line, deed, Some(problem.clone())).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

async fn seen(app: &App, reader: &SignedIn, pool: Id<Pool>) -> Result<PoolOf, Problem> {
    pools::pool(&mut app.db.read().await?, reader.person.account, pool).await
}

async fn about(
    app: &App,
    reader: &SignedIn,
    pool: &str,
    line: &str,
    deed: Deed,
    problem: Option<Problem>,
) -> Result<ConfirmPage, Problem> {
    let seen = seen(app, reader, pool_id(pool)?).await?;
    let member = seen.member(line_id(line)?)?;
    let path = format!("/pools/{pool}/members/{line}/{}", deed.path());
    let mut page = page(app, reader, deed, path, format!("/pools/{pool}/members/{line}"), problem);
    page.facts.insert(0, subject(reader, &seen, member));
    Ok(page)
}

fn subject(reader: &SignedIn, seen: &PoolOf, member: &Member) -> (String, String) {
    let texts = reader.reader.texts;
    let said = [("name", member.name.as_str()), ("pool", &seen.pool.name)];
    (describe::role(texts, member.role), texts.tf("pools-fact-who", said))
}

async fn about_pool(
    app: &App,
    reader: &SignedIn,
    pool: Id<Pool>,
    problem: Option<Problem>,
) -> Result<ConfirmPage, Problem> {
    if seen(app, reader, pool).await?.role != Role::Owner {
        return Err(Problem::not_found());
    }
    let path = format!("/pools/{pool}/dissolve");
    Ok(page(app, reader, Deed::Dissolve, path, format!("/pools/{pool}"), problem))
}

fn page(
    app: &App,
    reader: &SignedIn,
    deed: Deed,
    path: String,
    back: String,
    problem: Option<Problem>,
) -> ConfirmPage {
    let texts = reader.reader.texts;
    let (title, button) = deed.words();
    let shell = Shell::new(app, &reader.reader, Tab::Pools, texts.t(title)).back(back.clone());
    ConfirmPage { shell, path, facts: deed.facts(texts), button: texts.t(button), back, problem }
}
