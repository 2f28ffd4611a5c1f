//! Who calls the API.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request},
};
use basis::{Account, Id, Kind, Problem};

use crate::{ApiProblem, App};

/// The account whose bearer token came with the call. Cookies count for nothing here.
#[derive(Debug, Clone)]
pub struct ApiCaller {
    /// The account.
    pub account: Id<Account>,
    /// The account as a whole, and how fresh the token is.
    pub who: accounts::SignedIn,
}

impl FromRequestParts<App> for ApiCaller {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut request::Parts, app: &App) -> Result<Self, ApiProblem> {
        let refused = || Problem::new(Kind::SignInNeeded, "token-needed");
        let token = bearer(&parts.headers).ok_or_else(refused)?;
        let who = accounts::bearer(&app.db, &app.env, token).await?.ok_or_else(refused)?;
        Ok(Self { account: who.account.id, who })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
