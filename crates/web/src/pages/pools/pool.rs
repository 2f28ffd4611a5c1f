//! One shared pool: what is left, who used what, and what may be done about it.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use basis::{DataVolume, Id, Pool, Problem, Timestamp};
use charging::PoolView;
use pools::{MemberState, OpenInvitation, PoolOf, Role};
use serde::Deserialize;

use super::{
    chart::Chart,
    describe::{self, BundleNow, MemberNow},
    line_id,
    new::free_lines,
    notes, pool_id,
};
use crate::{
    App, Page, PageProblem, Shell, SignedIn, Tab,
    pages::lines::{
        age::{self, Age},
        note::Note,
    },
    see_other,
};

/// A page with more members than this looks again every ten seconds at most: in a team someone always uses data.
const MANY: usize = 20;

/// So many members stand beside the bar; the list below names all.
const LEGEND: usize = 8;

#[derive(Template)]
#[template(path = "pages/pools/pool.html", blocks = ["now"])]
pub(super) struct PoolPage {
    shell: Shell,
    path: String,
    role: Option<String>,
    figure: String,
    unit: String,
    of: String,
    /// The whole bar in words.
    bar: String,
    age: Option<Age>,
    notes: Vec<Note>,
    bundles: Vec<BundleNow>,
    chart: Option<Chart>,
    members: Vec<MemberNow>,
    /// What of the reader's own plans could be given to everyone.
    own: Vec<BundleNow>,
    buy: String,
    /// The reader may let others in.
    invites: bool,
    /// The reader's address is proved.
    verified: bool,
    is_owner: bool,
    invitations: Vec<(String, String, String)>,
    /// Lines of the reader that could come too.
    lines: Vec<(String, String)>,
    leave: Vec<(String, String)>,
    name: String,
    email: String,
    problem: Option<Problem>,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Path(id): Path<String>,
) -> Result<Page<PoolPage>, PageProblem> {
    Ok(Page(page(&app, &reader, pool_id(&id)?).await?))
}

/// The live part alone, for a page that has heard of a change.
pub(super) async fn now(
    State(app): State<App>,
    reader: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageProblem> {
    let page = page(&app, &reader, pool_id(&id)?).await?;
    Ok(Page(page.as_now()).into_response())
}

#[derive(Deserialize)]
pub(super) struct NameForm {
    #[serde(default)]
    name: String,
}

pub(super) async fn rename(
    State(app): State<App>,
    reader: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<NameForm>,
) -> Result<Response, PageProblem> {
    let id = pool_id(&id)?;
    match pools::rename(&app.desk.pools, reader.person.account, id, &form.name).await {
        Ok(()) => Ok(see_other(&format!("/pools/{id}"))),
        Err(problem) => {
            let page = refused(&app, &reader, id, problem.clone()).await?;
            Err(PageProblem::form(problem, |_| PoolPage { name: form.name, ..page }))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct GiveForm {
    #[serde(default)]
    bundle: String,
}

pub(super) async fn give(
    State(app): State<App>,
    reader: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<GiveForm>,
) -> Result<Response, PageProblem> {
    let id = pool_id(&id)?;
    let bundle = form.bundle.parse().map_err(|_| Problem::not_found())?;
    done_or(&app, &reader, id, pools::give(&app.desk.pools, reader.person.account, id, bundle).await).await
}

#[derive(Deserialize)]
pub(super) struct LineForm {
    #[serde(default)]
    line: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn add_line(
    State(app): State<App>,
    reader: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<LineForm>,
) -> Result<Response, PageProblem> {
    let (id, line) = (pool_id(&id)?, line_id(&form.line)?);
    let added = pools::add_line(&app.desk.pools, reader.person.account, id, line, &form.name).await;
    done_or(&app, &reader, id, added).await
}

/// Back to the pool, or the pool with what stands against it.
async fn done_or(
    app: &App,
    reader: &SignedIn,
    id: Id<Pool>,
    done: Result<(), Problem>,
) -> Result<Response, PageProblem> {
    match done {
        Ok(()) => Ok(see_other(&format!("/pools/{id}"))),
        Err(problem) => {
            let page = refused(app, reader, id, problem.clone()).await?;
            Err(PageProblem::form(problem, |_| page))
        }
    }
}

/// The pool with what stands against a wish.
pub(super) async fn refused(
    app: &App,
    reader: &SignedIn,
    id: Id<Pool>,
    problem: Problem,
) -> Result<PoolPage, Problem> {
    Ok(PoolPage { problem: Some(problem), ..page(app, reader, id).await? })
}

impl PoolPage {
    /// With the address that was typed.
    pub(super) fn typed(self, email: String) -> Self {
        Self { email, ..self }
    }
}

async fn page(app: &App, reader: &SignedIn, id: Id<Pool>) -> Result<PoolPage, Problem> {
    let (mut conn, now) = (app.db.read().await?, app.env.now());
    let account = reader.person.account;
    let seen = pools::pool(&mut conn, account, id).await?;
    let used = describe::used(&mut conn, app, &reader.reader, id).await?;
    let invites = seen.role.invites(Role::Member);
    let (open, lines) = if invites {
        (pools::invitations_of(&mut conn, now, account, id).await?, free_lines(&mut conn, account).await?)
    } else {
        <_>::default()
    };
    drop(conn);
    let view = app.charging.view(id).await;
    let shared = describe::shared(view.as_ref());
    let (left, total) = describe::figures(&shared);
    let members = describe::members(&reader.reader, &seen, view.as_ref(), &used, total);
    let texts = reader.reader.texts;
    let (figure, unit) = texts.volume_parts_fine(DataVolume(left));
    let path = format!("/pools/{id}");
    let shell = Shell::new(app, &reader.reader, Tab::Pools, seen.pool.name.clone()).at(path.clone()).wide();
    Ok(PoolPage {
        role: (seen.role != Role::Member).then(|| describe::role(texts, seen.role)),
        figure,
        unit: unit.to_owned(),
        of: texts.tf("lines-of", [("total", &texts.volume(DataVolume(total)))]),
        bar: said(texts, &members),
        age: age(texts, view.as_ref(), now),
        notes: notes::of_pool(texts, &seen, account, view.as_ref(), &shared),
        bundles: shared.iter().map(|bundle| describe::bundle(&reader.reader, bundle, now)).collect(),
        chart: describe::chart(&reader.reader, &seen, &used, now),
        own: own(reader, &seen, view.as_ref(), now),
        buy: buy(reader, &seen),
        invites,
        verified: reader.person.who.account.verified_at.is_some(),
        is_owner: seen.role == Role::Owner,
        invitations: open.iter().map(|open| invitation(reader, open)).collect(),
        lines,
        leave: leave(reader, &seen),
        name: seen.pool.name,
        email: String::new(),
        members,
        path,
        problem: None,
        shell,
    })
}

/// Who used how much, in one sentence.
fn said(texts: texts::Texts, members: &[MemberNow]) -> String {
    let each: Vec<String> =
        members.iter().take(LEGEND).map(|member| format!("{} {}", member.name, member.short)).collect();
    texts.tf("pools-bar", [("each", &each.join("; "))])
}

/// How old the figures are, while someone uses data.
fn age(texts: texts::Texts, view: Option<&PoolView>, at: Timestamp) -> Option<Age> {
    let heard = view?.sessions.iter().map(|session| session.heard_at).max()?;
    Some(age::age_of(texts, heard, at))
}

/// The reader's own bundles that may be shared and are not.
fn own(reader: &SignedIn, seen: &PoolOf, view: Option<&PoolView>, now: Timestamp) -> Vec<BundleNow> {
    let mine = |line| seen.members.iter().any(|m| m.line == line && m.account == reader.person.account);
    let bundles = view.iter().flat_map(|view| &view.bundles);
    let could = bundles.filter(|b| b.line.is_some_and(mine) && b.terms.shareable);
    let lives =
        could.filter(|b| !matches!(b.state, charging::BundleState::Ended | charging::BundleState::Closed));
    lives.map(|bundle| describe::bundle(&reader.reader, bundle, now)).collect()
}

/// Plans for everyone are bought with one of the reader's lines here.
fn buy(reader: &SignedIn, seen: &PoolOf) -> String {
    let mine = seen.members.iter().find(|m| m.account == reader.person.account && m.state == MemberState::In);
    mine.map_or_else(|| "/plans".to_owned(), |mine| format!("/plans?line={}&change=share", mine.line))
}

fn invitation(reader: &SignedIn, open: &OpenInvitation) -> (String, String, String) {
    let texts = reader.reader.texts;
    let path = format!("/pools/{}/invitations/{}", open.pool, open.id);
    let whom = open.email.clone().unwrap_or_else(|| texts.t("pools-invitation-link"));
    let until = texts.day_clock(open.expires_at, &reader.reader.zone);
    (
        path,
        whom,
        texts.tf("pools-invitation-until", [("role", describe::role(texts, open.role)), ("day", until)]),
    )
}

/// Which of the reader's lines may leave, and the way.
fn leave(reader: &SignedIn, seen: &PoolOf) -> Vec<(String, String)> {
    let mine = seen.members.iter().filter(|m| m.account == reader.person.account);
    let may = mine.filter(|m| pools::rules::may_leave(m, &seen.members).is_ok());
    may.map(|m| (format!("/pools/{}/members/{}/leave", m.pool, m.line), m.name.clone())).collect()
}
