//! `/api/v1`: ways into shared pools.

use accounts::Email;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use basis::{Id, Invitation, Problem};
use pools::{Joining, NewInvitation, OpenInvitation, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{PoolDetailOut, PoolOut, line_id, load, pool_id};
use crate::{
    App, RequestOrigin,
    api::{ApiCaller, ApiProblem, ApiResult, problem::ProblemBody},
};

/// The endpoints of invitations.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, invite))
        .routes(routes!(withdraw))
        .routes(routes!(look))
        .routes(routes!(join))
}

/// An open invitation. It lets one line in.
#[derive(Serialize, ToSchema)]
struct InvitationOut {
    /// For taking it back.
    id: String,
    /// As what: `member` or `manager`.
    role: &'static str,
    /// Where it was mailed to, if it was.
    email: Option<String>,
    /// The link that lets in whoever opens it first. A secret.
    link: String,
    /// Good until when, in milliseconds since 1970.
    expires_at_ms: i64,
}

impl InvitationOut {
    fn of(app: &App, open: OpenInvitation) -> Self {
        let token = pools::link_token(&app.secret, open.id);
        Self {
            id: open.id.to_string(),
            role: open.role.word(),
            email: open.email,
            link: app.config.absolute(&format!("/join?token={}", token.reveal())),
            expires_at_ms: open.expires_at.as_ms(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct InvitationIn {
    /// As what: `member` or `manager`.
    role: String,
    /// To be mailed there; absent: hand the link over yourself. The answer is the same whether or not anyone here has
    /// that address.
    email: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct TokenIn {
    /// The `token` of the invitation's link.
    token: String,
}

#[derive(Deserialize, ToSchema)]
struct JoinIn {
    /// The `token` of the invitation's link.
    token: String,
    /// Which of the caller's lines comes along.
    line: String,
    /// What the others call it, at most 40 characters.
    name: String,
}

/// The open invitations into a pool, the newest first; its owner and managers see them.
#[utoipa::path(get, path = "/pools/{pool}/invitations", tag = "pools", params(("pool" = String, Path)),
    responses((status = 200, body = Vec<InvitationOut>), (status = "4XX", body = ProblemBody)))]
async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> ApiResult<Vec<InvitationOut>> {
    let conn = &mut app.db.read().await?;
    let open = pools::invitations_of(conn, app.env.now(), caller.account, pool_id(&id)?).await?;
    Ok(Json(open.into_iter().map(|open| InvitationOut::of(&app, open)).collect()))
}

/// Make a way into a pool; its owner and managers may, once their own address is proved.
#[utoipa::path(post, path = "/pools/{pool}/invitations", tag = "pools", request_body = InvitationIn,
    params(("pool" = String, Path)),
    responses((status = 201, body = InvitationOut), (status = "4XX", body = ProblemBody)))]
async fn invite(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Path(id): Path<String>,
    Json(wish): Json<InvitationIn>,
) -> Result<(StatusCode, Json<InvitationOut>), ApiProblem> {
    let id = pool_id(&id)?;
    let email = wish.email.as_deref().map(str::parse::<Email>).transpose()?;
    let new = NewInvitation { role: Role::asked(&wish.role)?, email };
    let desk = &app.desk.pools;
    let made = pools::invite(desk, &app.guards, &origin, &caller.who.account, id, &new).await?;
    let conn = &mut app.db.read().await?;
    let open = pools::invitations_of(conn, app.env.now(), caller.account, id).await?;
    let open = open.into_iter().find(|open| open.id == made).ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(InvitationOut::of(&app, open))))
}

/// Take an invitation back.
#[utoipa::path(delete, path = "/pools/{pool}/invitations/{invitation}", tag = "pools",
    params(("pool" = String, Path), ("invitation" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemBody)))]
async fn withdraw(
    State(app): State<App>,
    caller: ApiCaller,
    Path((pool, invitation)): Path<(String, String)>,
) -> Result<StatusCode, ApiProblem> {
    let invitation: Id<Invitation> = invitation.parse().map_err(|_| Problem::not_found())?;
    pools::withdraw(&app.desk.pools, caller.account, pool_id(&pool)?, invitation).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say where an invitation leads, without using it.
#[utoipa::path(post, path = "/join/look", tag = "pools", request_body = TokenIn,
    responses((status = 200, body = PoolOut), (status = "4XX", body = ProblemBody)))]
async fn look(
    State(app): State<App>,
    _caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(asked): Json<TokenIn>,
) -> ApiResult<PoolOut> {
    let conn = &mut app.db.read().await?;
    let (_, pool) = pools::invitation(conn, app.env.now(), &app.guards, &origin, &asked.token).await?;
    Ok(Json(pool.into()))
}

/// Accept an invitation: the line moves into the pool within moments, with what is its own, which stays its own.
#[utoipa::path(post, path = "/join", tag = "pools", request_body = JoinIn,
    responses((status = 202, body = PoolDetailOut), (status = "4XX", body = ProblemBody)))]
async fn join(
    State(app): State<App>,
    caller: ApiCaller,
    RequestOrigin(origin): RequestOrigin,
    Json(wish): Json<JoinIn>,
) -> Result<(StatusCode, Json<PoolDetailOut>), ApiProblem> {
    let joining = Joining { token: &wish.token, line: line_id(&wish.line)?, name: &wish.name };
    let desk = &app.desk.pools;
    let id = pools::accept(desk, &app.guards, &origin, caller.account, joining).await?;
    Ok((StatusCode::ACCEPTED, Json(load(&app, &caller, id).await?)))
}
