//! One line of a shared pool: what it used, what it may use, what its person may do.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use basis::{DataVolume, Problem, Timestamp};
use charging::{CapView, Caps, LineView};
use pools::{Member, Role};
use serde::Deserialize;
use texts::Texts;

use super::{
    describe,
    form::{gigabytes, read_gigabytes},
    line_id, notes, pool_id,
};
use crate::{
    App, Page, PageProblem, Shell, SignedIn, Tab,
    pages::lines::{chart::Chart, day_uses, note::Note, now::Stat},
    see_other,
};

#[derive(Template)]
#[template(path = "pages/pools/member.html", blocks = ["now"])]
pub(super) struct MemberPage {
    shell: Shell,
    path: String,
    role: String,
    stats: Vec<Stat>,
    /// What it used on each of the last days, shared or its own.
    chart: Option<Chart>,
    caps: Vec<Cap>,
    paused: bool,
    note: Option<Note>,
    may: May,
    is_manager: bool,
    form: CapForm,
    problem: Option<Problem>,
}

/// What the reader may do about the line.
struct May {
    /// Set caps, pause and remove.
    manage: bool,
    /// Say who manages and who owns: it is someone else's, in the reader's pool.
    own: bool,
    /// Leave with it: it is theirs.
    leave: bool,
}

/// A cap, and what is left of it.
struct Cap {
    name: String,
    text: String,
    arc: Option<String>,
    dial_state: &'static str,
}

/// Gigabytes as typed.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct CapForm {
    #[serde(default)]
    per_day: String,
    #[serde(default)]
    per_30_days: String,
    #[serde(default)]
    in_all: String,
}

impl CapForm {
    fn of(caps: Caps) -> Self {
        let Caps { per_day, per_30_days, in_all } = caps;
        Self { per_day: gigabytes(per_day), per_30_days: gigabytes(per_30_days), in_all: gigabytes(in_all) }
    }

    fn read(&self) -> Result<Caps, Problem> {
        Ok(Caps {
            per_day: read_gigabytes(&self.per_day, "per_day")?,
            per_30_days: read_gigabytes(&self.per_30_days, "per_30_days")?,
            in_all: read_gigabytes(&self.in_all, "in_all")?,
        })
    }
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Path<(String, String)>,
) -> Result<Page<MemberPage>, PageProblem> {
    Ok(Page(page(&app, &reader, &pool, &line).await?))
}

pub(super) async fn cap(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Path<(String, String)>,
    Form(form): Form<CapForm>,
) -> Result<Response, PageProblem> {
    let set = async {
        let (desk, account) = (&app.desk.pools, reader.person.account);
        pools::set_caps(desk, account, pool_id(&pool)?, line_id(&line)?, form.read()?).await
    };
    match set.await {
        Ok(()) => Ok(see_other(&format!("/pools/{pool}"))),
        Err(problem) => {
            let page = MemberPage { form, ..page(&app, &reader, &pool, &line).await? };
            Err(PageProblem::form(problem, |problem| MemberPage { problem: Some(problem), ..page }))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct PauseForm {
    /// `1`: stop, else go on.
    #[serde(default)]
    paused: String,
}

pub(super) async fn pause(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Path<(String, String)>,
    Form(form): Form<PauseForm>,
) -> Result<Response, PageProblem> {
    let (desk, account, paused) = (&app.desk.pools, reader.person.account, form.paused == "1");
    pools::pause(desk, account, pool_id(&pool)?, line_id(&line)?, paused).await?;
    Ok(see_other(&format!("/pools/{pool}/members/{line}")))
}

#[derive(Deserialize)]
pub(super) struct RoleForm {
    #[serde(default)]
    role: String,
}

pub(super) async fn role(
    State(app): State<App>,
    reader: SignedIn,
    Path((pool, line)): Path<(String, String)>,
    Form(form): Form<RoleForm>,
) -> Result<Response, PageProblem> {
    let (desk, account) = (&app.desk.pools, reader.person.account);
    pools::set_role(desk, account, pool_id(&pool)?, line_id(&line)?, Role::asked(&form.role)?).await?;
    Ok(see_other(&format!("/pools/{pool}/members/{line}")).into_response())
}

async fn page(app: &App, reader: &SignedIn, pool: &str, line: &str) -> Result<MemberPage, Problem> {
    let (pool, line) = (pool_id(pool)?, line_id(line)?);
    let mut conn = app.db.read().await?;
    let seen = pools::pool(&mut conn, reader.person.account, pool).await?;
    let member = seen.member(line)?;
    let used = describe::used(&mut conn, app, &reader.reader, pool).await?;
    let used = used.get(&line).copied().unwrap_or_default();
    drop(conn);
    let view = app.charging.view(pool).await;
    let counted = view.as_ref().and_then(|view| view.lines.iter().find(|there| there.line == line));
    let texts = reader.reader.texts;
    let path = format!("/pools/{pool}/members/{line}");
    let shell = Shell::new(app, &reader.reader, Tab::Pools, member.name.clone());
    let is_me = member.account == reader.person.account;
    Ok(MemberPage {
        shell: shell.back(format!("/pools/{pool}")).at(path.clone()),
        path,
        role: describe::role(texts, member.role),
        stats: stats(texts, used),
        chart: chart(reader, &used, app.env.now()),
        caps: caps(texts, counted),
        paused: member.paused,
        note: notes::of_member(texts, member, view.as_ref()),
        may: May {
            manage: seen.role.manages(member.role),
            own: seen.role == Role::Owner && !is_me,
            leave: is_me,
        },
        is_manager: member.role == Role::Manager,
        form: wished(member),
        problem: None,
    })
}

fn wished(member: &Member) -> CapForm {
    CapForm::of(member.caps)
}

fn chart(reader: &SignedIn, used: &describe::Used, now: Timestamp) -> Option<Chart> {
    let days = used.days.iter().zip(&used.own_days).map(|(shared, own)| shared.saturating_add(*own));
    Chart::new(reader.reader.texts, &day_uses(&reader.reader, &days.collect::<Vec<_>>(), now))
}

fn stats(texts: Texts, used: describe::Used) -> Vec<Stat> {
    let stat = |key, octets| Stat { name: texts.t(key), value: texts.volume(DataVolume(octets)) };
    vec![
        stat(texts::key("pools-stat-today"), used.today),
        stat(texts::key("pools-stat-month"), used.month),
        stat(texts::key("pools-stat-own"), used.own),
    ]
}

/// What is left of each cap, as the engine counts it.
fn caps(texts: Texts, live: Option<&LineView>) -> Vec<Cap> {
    let Some(live) = live else { return Vec::new() };
    let all = [
        (texts::key("pools-cap-day"), live.per_day),
        (texts::key("pools-cap-month"), live.per_30_days),
        (texts::key("pools-cap-all"), live.in_all),
    ];
    all.into_iter().filter_map(|(key, cap)| Some(cap_now(texts, texts.t(key), cap?))).collect()
}

fn cap_now(texts: Texts, name: String, cap: CapView) -> Cap {
    let (of, left) = (cap.cap.octets(), cap.cap.octets().saturating_sub(cap.used.octets()));
    let (left_said, of_said) = (texts.volume(DataVolume(left)), texts.volume(cap.cap));
    Cap {
        name,
        text: texts.tf("pools-cap-left", [("left", &left_said), ("of", &of_said)]),
        arc: (left > 0).then(|| (u128::from(left) * 100 / u128::from(of.max(1))).to_string()),
        dial_state: match left {
            0 => "is-out",
            _ if left.saturating_mul(5) <= of => "is-low",
            _ => "",
        },
    }
}
