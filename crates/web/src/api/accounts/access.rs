//! `/api/v1`: the ways into an account: tokens of apps, and signed-in browsers.

use accounts::Via;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use basis::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AccountOut;
use crate::{
    App, RequestOrigin,
    api::{ApiCaller, ApiProblem, ApiResult},
};

/// The endpoints of tokens and sessions.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in, tokens))
        .routes(routes!(end_token))
        .routes(routes!(sessions))
        .routes(routes!(end_session))
}

/// A way in that was just opened.
#[derive(Serialize, ToSchema)]
struct SignedInOut {
    /// For ending it.
    id: String,
    /// The bearer token: `Authorization: Bearer …`. It is told this once.
    token: String,
    /// Whose it is.
    account: AccountOut,
}

/// An API token.
#[derive(Serialize, ToSchema)]
struct TokenOut {
    /// For ending it.
    id: String,
    /// What it was called when it was made.
    name: String,
    /// Made when, in milliseconds since 1970.
    created_at_ms: i64,
    /// Last used when, to the hour; null before its first use.
    used_at_ms: Option<i64>,
    /// Whether it is the one of this call.
    this: bool,
}

/// A signed-in browser.
#[derive(Serialize, ToSchema)]
struct SessionOut {
    /// For ending it.
    id: String,
    /// What the browser called itself.
    agent: String,
    /// Its network address at sign-in.
    ip: String,
    /// Begun when, in milliseconds since 1970.
    begun_at_ms: i64,
    /// Last used when, to the hour.
    used_at_ms: i64,
    /// Ends when, if it is not used again.
    ends_at_ms: i64,
}

#[derive(Deserialize, ToSchema)]
struct SignInIn {
    /// The address.
    email: String,
    /// The password.
    password: String,
    /// What the app is called in the list of tokens.
    #[schema(example = "Heyon for Android")]
    name: String,
}

/// Sign in: a bearer token for this app.
#[utoipa::path(post, path = "/tokens", tag = "accounts", request_body = SignInIn, security(()),
    responses((status = 201, body = SignedInOut), (status = "4XX", body = crate::api::problem::ProblemBody)))]
async fn sign_in(
    State(app): State<App>,
    RequestOrigin(origin): RequestOrigin,
    Json(given): Json<SignInIn>,
) -> Result<(StatusCode, Json<SignedInOut>), ApiProblem> {
    let credentials = (given.email.as_str(), given.password.as_str());
    let (account, id, token) =
        accounts::sign_in_for_token(&app.db, &app.env, &app.guards, &origin, credentials, &given.name)
            .await?;
    let token = token.reveal().to_owned();
    Ok((StatusCode::CREATED, Json(SignedInOut { id: id.to_string(), token, account: (&account).into() })))
}

/// The caller's API tokens.
#[utoipa::path(get, path = "/tokens", tag = "accounts",
    responses((status = 200, body = Vec<TokenOut>), (status = 401, body = crate::api::problem::ProblemBody)))]
async fn tokens(State(app): State<App>, caller: ApiCaller) -> ApiResult<Vec<TokenOut>> {
    let mut conn = app.db.read().await?;
    let open = accounts::tokens_of(&mut conn, app.env.now(), caller.account).await?;
    let out = open.into_iter().map(|token| TokenOut {
        this: caller.who.via == Via::Token(token.id),
        id: token.id.to_string(),
        name: token.name,
        created_at_ms: token.created_at.as_ms(),
        used_at_ms: token.used_at.map(basis::Timestamp::as_ms),
    });
    Ok(Json(out.collect()))
}

/// End a token; with the caller's own, sign out.
#[utoipa::path(delete, path = "/tokens/{token}", tag = "accounts", params(("token" = String, Path)),
    responses((status = 204), (status = "4XX", body = crate::api::problem::ProblemBody)))]
async fn end_token(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    accounts::end_token(&app.db, &caller.who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's signed-in browsers.
#[utoipa::path(get, path = "/sessions", tag = "accounts",
    responses((status = 200, body = Vec<SessionOut>), (status = 401, body = crate::api::problem::ProblemBody)))]
async fn sessions(State(app): State<App>, caller: ApiCaller) -> ApiResult<Vec<SessionOut>> {
    let mut conn = app.db.read().await?;
    let open = accounts::sessions_of(&mut conn, app.env.now(), caller.account).await?;
    let out = open.into_iter().map(|session| SessionOut {
        id: session.id.to_string(),
        agent: session.agent,
        ip: session.ip,
        begun_at_ms: session.begun_at.as_ms(),
        used_at_ms: session.used_at.as_ms(),
        ends_at_ms: session.ends_at.as_ms(),
    });
    Ok(Json(out.collect()))
}

/// Sign a browser out.
#[utoipa::path(delete, path = "/sessions/{session}", tag = "accounts", params(("session" = String, Path)),
    responses((status = 204), (status = "4XX", body = crate::api::problem::ProblemBody)))]
async fn end_session(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    accounts::end_session(&app.db, &caller.who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
