//! The key that makes a repeated call harmless.

use axum::{extract::FromRequestParts, http::request};
use basis::Problem;

use crate::{ApiProblem, App};

/// The `Idempotency-Key` header, which every call that costs money must carry: the same key gives the same answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

const HEADER: &str = "Idempotency-Key";
const CHARACTERS_MAX: usize = 128;

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut request::Parts, _app: &App) -> Result<Self, ApiProblem> {
        let value =
            parts.headers.get(HEADER).ok_or(Problem::invalid("idempotency-key-missing").at(HEADER))?;
        let bad = || Problem::invalid("idempotency-key-unreadable").at(HEADER);
        let key = value.to_str().map_err(|_| bad())?;
        if key.is_empty() || key.len() > CHARACTERS_MAX {
            return Err(bad().into());
        }
        Ok(Self(key.to_owned()))
    }
}
