//! `/api/v1`: what a line has left, live, and what it used.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use basis::{DAY_MS, DataVolume, Id, Line, Problem, Timestamp};
use charging::{BundleState, BundleView, PoolView, SessionView, SlowerView, WindowView};
use orders::OrderState;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{ApiCaller, ApiResult, problem::ProblemBody};
use crate::{
    App,
    pages::lines::load::{day_start, offset_ms},
};

/// The endpoints of data and usage.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(data)).routes(routes!(usage))
}

/// What a line has, from the charging engine's memory.
#[derive(Serialize, ToSchema)]
struct DataOut {
    /// The moment of these figures, in milliseconds since 1970.
    as_of_ms: i64,
    /// An operator has stopped the line.
    barred: bool,
    /// It gets nothing of what its pool shares.
    paused: bool,
    /// What its caps still let it take of what its pool shares, in octets; null without caps.
    shared_room_bytes: Option<u64>,
    /// It goes on slower now: what an unlimited plan gives at full speed in 24 hours is used up. Null at full speed.
    slower: Option<SlowerOut>,
    /// Its open sessions.
    sessions: Vec<DataSessionOut>,
    /// Its bundles, those that ended in the last month included, the oldest first.
    bundles: Vec<BundleOut>,
}

/// A line that goes on slower.
#[derive(Serialize, ToSchema)]
struct SlowerOut {
    /// The bundle that it goes on with.
    bundle: String,
    /// When full speed comes back by itself, in milliseconds since 1970; null: not as long as this bundle lasts.
    full_speed_at_ms: Option<i64>,
}

/// An open session.
#[derive(Serialize, ToSchema)]
struct DataSessionOut {
    /// Where it is, if the gateway says: ISO 3166-1.
    #[schema(example = "JP")]
    country: Option<String>,
    /// When it began.
    opened_at_ms: i64,
    /// When its gateway spoke last: so old are the figures.
    heard_at_ms: i64,
}

/// A bundle.
#[derive(Serialize, ToSchema)]
pub(super) struct BundleOut {
    /// Its id, which is its order's.
    id: String,
    /// Everyone in the line's pool may use it.
    shared: bool,
    /// `waiting`, `active`, `used_up`, `ended` or `closed`.
    #[schema(example = "active")]
    state: &'static str,
    /// Octets that may still be used, later windows included.
    remaining_bytes: u64,
    /// Octets that it promised in all.
    total_bytes: u64,
    /// Octets used.
    used_bytes: u64,
    /// The current 24-hour window, if the allowance is daily.
    window: Option<WindowOut>,
    /// Where it works: ISO 3166-1.
    countries: Vec<String>,
    /// For how many 24-hour windows.
    days: u32,
    /// When it was delivered.
    credited_at_ms: i64,
    /// Until when it must begin, while it waits.
    activate_by_ms: Option<i64>,
    /// When its days began.
    started_at_ms: Option<i64>,
    /// When its days are over, or when it ended.
    ends_at_ms: Option<i64>,
}

/// A 24-hour window.
#[derive(Serialize, ToSchema)]
struct WindowOut {
    /// Octets that may still be used in it.
    remaining_bytes: u64,
    /// Octets that it gave.
    total_bytes: u64,
    /// When it is over.
    ends_at_ms: i64,
}

impl From<&BundleView> for BundleOut {
    fn from(view: &BundleView) -> Self {
        Self {
            id: view.bundle.to_string(),
            shared: view.line.is_none(),
            state: state(view.state),
            remaining_bytes: view.remaining.octets(),
            total_bytes: view.total.octets(),
            used_bytes: view.used.octets(),
            window: view.window.map(WindowOut::from),
            countries: view.terms.coverage.iter().map(|country| country.to_string()).collect(),
            days: view.terms.days,
            credited_at_ms: view.credited_at.as_ms(),
            activate_by_ms: view.activate_by.map(basis::Timestamp::as_ms),
            started_at_ms: view.started_at.map(basis::Timestamp::as_ms),
            ends_at_ms: view.ends_at.map(basis::Timestamp::as_ms),
        }
    }
}

impl From<WindowView> for WindowOut {
    fn from(view: WindowView) -> Self {
        let (remaining_bytes, total_bytes) = (view.remaining.octets(), view.total.octets());
        Self { remaining_bytes, total_bytes, ends_at_ms: view.ends_at.as_ms() }
    }
}

impl From<SlowerView> for SlowerOut {
    fn from(view: SlowerView) -> Self {
        Self {
            bundle: view.bundle.to_string(),
            full_speed_at_ms: view.full_speed_at.map(basis::Timestamp::as_ms),
        }
    }
}

impl From<&SessionView> for DataSessionOut {
    fn from(view: &SessionView) -> Self {
        let country = view.country.map(|country| country.to_string());
        Self { country, opened_at_ms: view.opened_at.as_ms(), heard_at_ms: view.heard_at.as_ms() }
    }
}

const fn state(state: BundleState) -> &'static str {
    match state {
        BundleState::Waiting => "waiting",
        BundleState::Active => "active",
        BundleState::UsedUp => "used_up",
        BundleState::Ended => "ended",
        BundleState::Closed => "closed",
    }
}

/// So many of a line's orders tell whether anything was delivered to it.
const ORDERS_MAX: u32 = 20;

/// What a line has left, live.
#[utoipa::path(get, path = "/lines/{line}/data", tag = "lines", params(("line" = String, Path)),
    responses((status = 200, body = DataOut), (status = "4XX", body = ProblemBody)))]
async fn data(State(app): State<App>, caller: ApiCaller, Path(id): Path<String>) -> ApiResult<DataOut> {
    let line = cards::line(&mut app.db.read().await?, caller.account, read_id(&id)?).await?;
    Ok(Json(match app.charging.view(line.pool).await {
        Some(view) => data_out(line.id, &view),
        None => nothing_yet(&app, &caller, line.id).await?,
    }))
}

/// A line whose pool is about to be opened has nothing yet. Of one that was sold something nobody says now what is left.
async fn nothing_yet(app: &App, caller: &ApiCaller, line: Id<Line>) -> Result<DataOut, Problem> {
    let conn = &mut app.db.read().await?;
    let orders = orders::of_line(conn, caller.account, line, ORDERS_MAX).await?;
    if orders.iter().any(|order| order.state == OrderState::Active) {
        return Err(Problem::unavailable("nobody serves the line's pool at the moment"));
    }
    Ok(DataOut {
        as_of_ms: app.env.now().as_ms(),
        barred: false,
        paused: false,
        shared_room_bytes: None,
        slower: None,
        sessions: vec![],
        bundles: vec![],
    })
}

fn data_out(line: Id<Line>, view: &PoolView) -> DataOut {
    let ours = |bundle: &&BundleView| bundle.line.is_none_or(|own| own == line);
    let member = view.lines.iter().find(|member| member.line == line);
    DataOut {
        as_of_ms: view.as_of.as_ms(),
        barred: member.is_some_and(|member| member.barred),
        paused: member.is_some_and(|member| member.paused),
        shared_room_bytes: member.and_then(|member| member.cap_room).map(DataVolume::octets),
        slower: member.and_then(|member| member.slower).map(SlowerOut::from),
        sessions: view.sessions.iter().filter(|s| s.line == line).map(DataSessionOut::from).collect(),
        bundles: view.bundles.iter().filter(ours).map(BundleOut::from).collect(),
    }
}

/// Which days.
#[derive(Deserialize, IntoParams)]
pub(super) struct UsageAsked {
    /// How many days, today included: 1 to 366, 14 if absent.
    days: Option<u16>,
    /// Whose midnight counts, e.g. `Asia/Shanghai`; UTC if absent.
    time_zone: Option<String>,
}

impl UsageAsked {
    /// The first day's first moment, and how far its zone is ahead of UTC.
    pub(super) fn since(&self, now: Timestamp) -> Result<(Timestamp, i64), Problem> {
        let unknown = || Problem::invalid("accounts-time-zone-unknown").at("time_zone");
        let zone = texts::time_zone(self.time_zone.as_deref().unwrap_or("UTC")).ok_or_else(unknown)?;
        let (days, offset_ms) = (i64::from(self.days.unwrap_or(14).clamp(1, 366)), offset_ms(&zone, now));
        Ok((day_start(now, offset_ms).plus_ms(-DAY_MS * (days - 1)), offset_ms))
    }
}

/// What was used on one day in one country.
#[derive(Serialize, ToSchema)]
struct UsageOut {
    /// The day's first moment, in milliseconds since 1970.
    day_ms: i64,
    /// Where, if the gateway said: ISO 3166-1.
    country: Option<String>,
    /// Octets.
    bytes: u64,
}

/// What a line used on each of the last days, by country. Days without use are left out.
#[utoipa::path(get, path = "/lines/{line}/usage", tag = "lines", params(("line" = String, Path), UsageAsked),
    responses((status = 200, body = Vec<UsageOut>), (status = "4XX", body = ProblemBody)))]
async fn usage(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(asked): Query<UsageAsked>,
) -> ApiResult<Vec<UsageOut>> {
    let mut conn = app.db.read().await?;
    let line = cards::line(&mut conn, caller.account, read_id(&id)?).await?;
    let now = app.env.now();
    let (first, offset_ms) = asked.since(now)?;
    let rows = charging::usage_by_day(&mut conn, line.id, first, now.plus_ms(DAY_MS), offset_ms).await?;
    let out = |row: charging::DayUsage| UsageOut {
        day_ms: row.day.as_ms(),
        country: row.country.map(|country| country.to_string()),
        bytes: row.octets.octets(),
    };
    Ok(Json(rows.into_iter().map(out).collect()))
}

fn read_id(text: &str) -> Result<Id<Line>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
