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
}

impl FromRequestParts<App> for ApiCaller {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut request::Parts, _app: &App) -> Result<Self, ApiProblem> {
        let _token = bearer(&parts.headers).ok_or(Problem::new(Kind::SignInNeeded, "token-needed"))?;
        Err(Problem::new(Kind::SignInNeeded, "token-needed").into())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
