//! `/api/v1`: what the lines of a shared pool may do, and how they come and go.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use charging::Caps;
use pools::Role;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{PoolDetailOut, line_id, load, pool_id};
use crate::{
    App,
    api::{ApiCaller, ApiProblem, ApiResult, problem::ProblemBody},
};

/// The endpoints of members.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(add))
        .routes(routes!(leave))
        .routes(routes!(set_caps))
        .routes(routes!(pause))
        .routes(routes!(set_role))
}

#[derive(Deserialize, ToSchema)]
struct NewLineIn {
    /// Another line of the caller's.
    line: String,
    /// What the others call it, at most 40 characters.
    name: String,
}

/// What a line may take of what is shared, in octets; absent or null: no limit.
#[derive(Deserialize, ToSchema)]
struct CapsIn {
    /// In 24 hours.
    per_day: Option<u64>,
    /// In the last thirty days.
    per_30_days: Option<u64>,
    /// In all.
    in_all: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
struct PausedIn {
    /// Whether it gets nothing of what is shared.
    paused: bool,
}

#[derive(Deserialize, ToSchema)]
struct RoleIn {
    /// `member` or `manager`.
    role: String,
}

type Ids = Path<(String, String)>;

/// Bring another line of the caller's into a pool that the caller owns or manages.
#[utoipa::path(post, path = "/pools/{pool}/members", tag = "pools", request_body = NewLineIn,
    params(("pool" = String, Path)),
    responses((status = 202, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn add(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    Json(new): Json<NewLineIn>,
) -> Result<(StatusCode, Json<PoolDetailOut>), ApiProblem> {
    let id = pool_id(&id)?;
    pools::add_line(&app.desk.pools, caller.account, id, line_id(&new.line)?, &new.name).await?;
    Ok((StatusCode::ACCEPTED, Json(load(&app, &caller, id).await?)))
}

/// Leave with a line of the caller's, or remove someone else's. It goes home with its own bundles, within moments.
#[utoipa::path(delete, path = "/pools/{pool}/members/{line}", tag = "pools",
    params(("pool" = String, Path), ("line" = String, Path)),
    responses((status = 202), (status = "4XX", body = ProblemBody)))]
async fn leave(
    State(app): State<App>,
    caller: ApiCaller,
    Path((pool, line)): Ids,
) -> Result<StatusCode, ApiProblem> {
    let (desk, account, pool, line) = (&app.desk.pools, caller.account, pool_id(&pool)?, line_id(&line)?);
    let seen = pools::pool(&mut app.db.read().await?, account, pool).await?;
    if seen.member(line)?.account == account {
        pools::leave(desk, account, pool, line).await?;
    } else {
        pools::remove(desk, account, pool, line).await?;
    }
    Ok(StatusCode::ACCEPTED)
}

/// Limit what a line may take of what is shared. Felt with its next quota, at most a minute later.
#[utoipa::path(put, path = "/pools/{pool}/members/{line}/caps", tag = "pools", request_body = CapsIn,
    params(("pool" = String, Path), ("line" = String, Path)),
    responses((status = 200, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn set_caps(
    State(app): State<App>,
    caller: ApiCaller,
    Path((pool, line)): Ids,
    Json(caps): Json<CapsIn>,
) -> ApiResult<PoolDetailOut> {
    let id = pool_id(&pool)?;
    let CapsIn { per_day, per_30_days, in_all } = caps;
    let caps = Caps { per_day, per_30_days, in_all };
    pools::set_caps(&app.desk.pools, caller.account, id, line_id(&line)?, caps).await?;
    Ok(Json(load(&app, &caller, id).await?))
}

/// Stop what a line takes of what is shared, or let it go on. What is its own it may always use.
#[utoipa::path(put, path = "/pools/{pool}/members/{line}/paused", tag = "pools", request_body = PausedIn,
    params(("pool" = String, Path), ("line" = String, Path)),
    responses((status = 200, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn pause(
    State(app): State<App>,
    caller: ApiCaller,
    Path((pool, line)): Ids,
    Json(wish): Json<PausedIn>,
) -> ApiResult<PoolDetailOut> {
    let id = pool_id(&pool)?;
    pools::pause(&app.desk.pools, caller.account, id, line_id(&line)?, wish.paused).await?;
    Ok(Json(load(&app, &caller, id).await?))
}

/// Make someone's lines those of a manager, or of a member again; the owner may.
#[utoipa::path(put, path = "/pools/{pool}/members/{line}/role", tag = "pools", request_body = RoleIn,
    params(("pool" = String, Path), ("line" = String, Path)),
    responses((status = 200, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn set_role(
    State(app): State<App>,
    caller: ApiCaller,
    Path((pool, line)): Ids,
    Json(wish): Json<RoleIn>,
) -> ApiResult<PoolDetailOut> {
    let id = pool_id(&pool)?;
    pools::set_role(&app.desk.pools, caller.account, id, line_id(&line)?, Role::asked(&wish.role)?).await?;
    Ok(Json(load(&app, &caller, id).await?))
}
