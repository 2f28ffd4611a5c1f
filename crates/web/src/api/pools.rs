//! `/api/v1`: pools that several people share.

mod invitations;
mod members;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use basis::{DAY_MS, Id, Line, Order, Pool, Problem};
use charging::{CapView, LineView, PoolView};
use pools::{Kind, Member, PoolOf, SharedPool};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    ApiCaller, ApiProblem, ApiResult,
    problem::ProblemBody,
    usage::{BundleOut, UsageAsked},
};
use crate::App;

/// The endpoints of shared pools.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, rename, dissolve))
        .routes(routes!(hand_over))
        .routes(routes!(give))
        .routes(routes!(usage))
        .merge(members::routes())
        .merge(invitations::routes())
}

/// A pool that several people share.
#[derive(Serialize, ToSchema)]
struct PoolOut {
    /// Names it for ever; a line's `pool`.
    #[schema(example = "pol_01jd3k4m5n6p7q8r9s0t1v2w3x")]
    id: String,
    /// `family` (ten lines) or `team` (a thousand).
    kind: &'static str,
    /// What it is called.
    name: String,
    /// Shared since when, in milliseconds since 1970.
    created_at_ms: i64,
}

impl From<SharedPool> for PoolOut {
    fn from(pool: SharedPool) -> Self {
        let SharedPool { id, kind, name, created_at, .. } = pool;
        Self { id: id.to_string(), kind: kind.word(), name, created_at_ms: created_at.as_ms() }
    }
}

/// A shared pool with who shares it and what is there.
#[derive(Serialize, ToSchema)]
struct PoolDetailOut {
    /// The pool.
    #[serde(flatten)]
    pool: PoolOut,
    /// What the caller may do there: `member` uses data, `manager` also invites members, sets their caps, pauses and
    /// removes them, `owner` all of that about everyone.
    role: &'static str,
    /// Who shares it, in the order in which they came.
    members: Vec<MemberOut>,
    /// What everyone shares, ended bundles of the last month included, and the caller's own bundles here.
    bundles: Vec<BundleOut>,
}

/// A line in a shared pool.
#[derive(Serialize, ToSchema)]
struct MemberOut {
    /// The line.
    line: String,
    /// What the others call it.
    name: String,
    /// Whether it is the caller's.
    mine: bool,
    /// `member`, `manager` or `owner`.
    role: &'static str,
    /// `joining` and `leaving` while its data moves, else `in`.
    state: &'static str,
    /// It gets nothing of what is shared.
    paused: bool,
    /// What it may take of what is shared in 24 hours.
    per_day: Option<CapOut>,
    /// In the last thirty days.
    per_30_days: Option<CapOut>,
    /// In all.
    in_all: Option<CapOut>,
}

/// A cap, and what was used of it.
#[derive(Serialize, ToSchema)]
struct CapOut {
    /// Octets.
    cap_bytes: u64,
    /// Octets that count against it; absent until the charging engine has heard of the cap, which takes moments.
    used_bytes: Option<u64>,
}

impl MemberOut {
    fn of(member: &Member, caller: &ApiCaller, live: Option<&LineView>) -> Self {
        let cap = |cap: Option<u64>, counted: Option<CapView>| {
            let counted = counted.filter(|counted| Some(counted.cap.octets()) == cap);
            cap.map(|cap_bytes| CapOut { cap_bytes, used_bytes: counted.map(|cap| cap.used.octets()) })
        };
        let caps = member.caps;
        Self {
            line: member.line.to_string(),
            name: member.name.clone(),
            mine: member.account == caller.account,
            role: member.role.word(),
            state: member.state.word(),
            paused: member.paused,
            per_day: cap(caps.per_day, live.and_then(|line| line.per_day)),
            per_30_days: cap(caps.per_30_days, live.and_then(|line| line.per_30_days)),
            in_all: cap(caps.in_all, live.and_then(|line| line.in_all)),
        }
    }
}

/// The pool as the caller sees it now.
async fn load(app: &App, caller: &ApiCaller, id: Id<Pool>) -> Result<PoolDetailOut, Problem> {
    let seen = pools::pool(&mut app.db.read().await?, caller.account, id).await?;
    let view = app.charging.view(id).await;
    let live = |member: &Member| view.iter().flat_map(|view| &view.lines).find(|l| l.line == member.line);
    Ok(PoolDetailOut {
        role: seen.role.word(),
        members: seen.members.iter().map(|member| MemberOut::of(member, caller, live(member))).collect(),
        bundles: bundles(&seen, caller, view.as_ref()),
        pool: seen.pool.into(),
    })
}

fn bundles(seen: &PoolOf, caller: &ApiCaller, view: Option<&PoolView>) -> Vec<BundleOut> {
    let mine = |line| seen.members.iter().any(|m| m.line == line && m.account == caller.account);
    let bundles = view.into_iter().flat_map(|view| &view.bundles);
    bundles.filter(|bundle| bundle.line.is_none_or(mine)).map(BundleOut::from).collect()
}

#[derive(Deserialize, ToSchema)]
struct PoolIn {
    /// `family` or `team`.
    kind: String,
    /// At most 40 characters.
    name: String,
    /// The caller's line that it begins with.
    line: String,
}

#[derive(Deserialize, ToSchema)]
struct NameIn {
    /// At most 40 characters.
    name: String,
}

#[derive(Deserialize, ToSchema)]
struct OwnerIn {
    /// A line of the account that shall own it.
    line: String,
}

#[derive(Deserialize, ToSchema)]
struct BundleIn {
    /// A bundle of the caller's line here.
    bundle: String,
}

/// The shared pools that the caller's lines are in, the oldest first.
#[utoipa::path(get, path = "/pools", tag = "pools",
    responses((status = 200, body = Vec<PoolOut>), (status = 401, body = ProblemBody)))]
async fn list(State(app): State<App>, caller: ApiCaller) -> ApiResult<Vec<PoolOut>> {
    let pools = pools::pools_of(&mut app.db.read().await?, caller.account).await?;
    Ok(Json(pools.into_iter().map(PoolOut::from).collect()))
}

/// Make the pool of one of the caller's lines a shared one. What is the line's own stays its own.
#[utoipa::path(post, path = "/pools", tag = "pools", request_body = PoolIn,
    responses((status = 201, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn create(
    State(app): State<App>,
    caller: ApiCaller,
    Json(new): Json<PoolIn>,
) -> Result<(StatusCode, Json<PoolDetailOut>), ApiProblem> {
    let (line, kind) = (line_id(&new.line)?, Kind::asked(&new.kind)?);
    let id = pools::create(&app.desk.pools, caller.account, line, kind, &new.name).await?;
    Ok((StatusCode::CREATED, Json(load(&app, &caller, id).await?)))
}

/// A shared pool: who shares it, and what is there.
#[utoipa::path(get, path = "/pools/{pool}", tag = "pools", params(("pool" = String, Path)),
    responses((status = 200, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn show(State(app): State<App>, caller: ApiCaller, Path(id): Path<String>) -> ApiResult<PoolDetailOut> {
    Ok(Json(load(&app, &caller, pool_id(&id)?).await?))
}

/// Give a pool another name; its owner may.
#[utoipa::path(patch, path = "/pools/{pool}", tag = "pools", request_body = NameIn, params(("pool" = String, Path)),
    responses((status = 200, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn rename(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(change): Json<NameIn>,
) -> ApiResult<PoolDetailOut> {
    let id = pool_id(&id)?;
    pools::rename(&app.desk.pools, caller.account, id, &change.name).await?;
    Ok(Json(load(&app, &caller, id).await?))
}

/// End the sharing; the owner may. Everyone else goes home with their own bundles; what was shared stays with the owner.
#[utoipa::path(delete, path = "/pools/{pool}", tag = "pools", params(("pool" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
async fn dissolve(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    pools::dissolve(&app.desk.pools, caller.account, pool_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make another member's account the owner; the caller becomes a manager.
#[utoipa::path(put, path = "/pools/{pool}/owner", tag = "pools", request_body = OwnerIn, params(("pool" = String, Path)),
    responses((status = 200, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn hand_over(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(to): Json<OwnerIn>,
) -> ApiResult<PoolDetailOut> {
    let id = pool_id(&id)?;
    pools::hand_over(&app.desk.pools, caller.account, id, line_id(&to.line)?).await?;
    Ok(Json(load(&app, &caller, id).await?))
}

/// Give a bundle of the caller's line to everyone in the pool, for good. Accepted: it happens within moments.
#[utoipa::path(post, path = "/pools/{pool}/given", tag = "pools", request_body = BundleIn, params(("pool" = String, Path)),
    responses((status = 202), (status = "4XX", body = ProblemBody)))]
async fn give(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(gift): Json<BundleIn>,
) -> Result<StatusCode, ApiProblem> {
    let bundle: Id<Order> = gift.bundle.parse().map_err(|_| Problem::not_found())?;
    pools::give(&app.desk.pools, caller.account, pool_id(&id)?, bundle).await?;
    Ok(StatusCode::ACCEPTED)
}

/// What a line used on one day while it was in the pool.
#[derive(Serialize, ToSchema)]
struct MemberUsageOut {
    /// The day's first moment, in milliseconds since 1970.
    day_ms: i64,
    /// The line, which may have left since.
    line: String,
    /// Octets in all.
    bytes: u64,
    /// Of them, of what is shared.
    shared_bytes: u64,
}

/// Who used what on each of the last days. Days without use are left out.
#[utoipa::path(get, path = "/pools/{pool}/usage", tag = "pools", params(("pool" = String, Path), UsageAsked),
    responses((status = 200, body = Vec<MemberUsageOut>), (status = "4XX", body = ProblemBody)))]
async fn usage(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Query(asked): Query<UsageAsked>,
) -> ApiResult<Vec<MemberUsageOut>> {
    let (conn, id, now) = (&mut app.db.read().await?, pool_id(&id)?, app.env.now());
    pools::pool(conn, caller.account, id).await?;
    let (first, offset_ms) = asked.since(now)?;
    let rows = charging::usage_of_pool(conn, id, first, now.plus_ms(DAY_MS), offset_ms).await?;
    let out = |row: charging::MemberUsage| MemberUsageOut {
        day_ms: row.day.as_ms(),
        line: row.line.to_string(),
        bytes: row.octets.octets(),
        shared_bytes: row.shared.octets(),
    };
    Ok(Json(rows.into_iter().map(out).collect()))
}

/// An id that cannot be read names nothing.
fn pool_id(text: &str) -> Result<Id<Pool>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn line_id(text: &str) -> Result<Id<Line>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
