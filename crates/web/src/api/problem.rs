//! RFC 9457: problems as JSON.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use basis::{Language, Problem};
use serde::Serialize;
use texts::Texts;
use utoipa::ToSchema;

use crate::{RequestId, pages::problem::title_key, problems};

/// What an endpoint's handler returns.
pub type ApiResult<T> = Result<Json<T>, ApiProblem>;

/// A problem of the API; it becomes `application/problem+json` on its way out.
#[derive(Debug)]
pub struct ApiProblem(Problem);

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        problems::response(self.0)
    }
}

/// A problem, as RFC 9457 wants it.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// Names the problem for programs: `urn:heyon:problem:not-found`.
    #[serde(rename = "type")]
    kind: String,
    /// A few words about this kind of problem, in the caller's language.
    title: String,
    /// The HTTP status again.
    status: u16,
    /// What is wrong and what to do, in the caller's language.
    detail: String,
    /// Names this occurrence, for asking about it: `urn:heyon:request:K3M9X2QD`.
    instance: String,
    /// The field or header that is wrong, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'static str>,
}

/// The answer for this problem.
pub(crate) fn answer(problem: &Problem, status: StatusCode, language: Language, id: &RequestId) -> Response {
    let texts = Texts::of(language);
    let body = ProblemBody {
        kind: format!("urn:heyon:problem:{}", problem.key),
        title: texts.t(title_key(problem.kind)),
        status: status.as_u16(),
        detail: texts.problem(problem),
        instance: format!("urn:heyon:request:{}", id.as_str()),
        param: problem.field,
    };
    (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}
