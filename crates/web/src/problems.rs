//! From a problem to an answer: a page in the reader's language, or `application/problem+json` (RFC 9457).
//!
//! Handlers answer with the bare problem; the layer around them knows the reader and the request, and gives it its
//! form. What the framework itself refuses (no such route, a wrong method, a body too large) takes the same way.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use basis::{Kind, Problem};

use crate::{App, RequestId, api, pages, reader};

/// The status of a kind of problem.
pub const fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::SignInNeeded => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The bare answer; the layers below give it its form.
pub(crate) fn response(problem: Problem) -> Response {
    let mut response = status(problem.kind).into_response();
    response.extensions_mut().insert(problem);
    response
}

/// What a handler's panic becomes.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    response(Problem::internal("a handler panicked"))
}

/// Finds out who reads, and shows problems as pages.
pub(crate) async fn as_pages(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.extensions());
    let reader = match reader::find(&app, request.headers()).await {
        Ok(reader) => reader,
        Err(problem) => {
            log(&problem);
            let reader = reader::stranger(&app, request.headers());
            return pages::problem::page(&app, &reader, &problem, status(problem.kind), &id);
        }
    };
    request.extensions_mut().insert(reader.clone());
    let answer = next.run(request).await;
    match problem_in(&answer) {
        Some(problem) => pages::problem::page(&app, &reader, &problem, answer.status(), &id),
        None => answer,
    }
}

/// Shows problems as `application/problem+json`, in the caller's language.
pub(crate) async fn as_json(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = RequestId::of(request.extensions());
    let language = reader::language(&app, request.headers());
    let answer = next.run(request).await;
    match problem_in(&answer) {
        Some(problem) => api::problem::answer(&problem, answer.status(), language, &id),
        None => answer,
    }
}

/// The problem in an answer: the handler's own, or one for the framework's plain refusal. An error that has a body of
/// its own (a form again) stays.
fn problem_in(answer: &Response) -> Option<Problem> {
    let own = answer.extensions().get::<Problem>().cloned();
    let found = own.or_else(|| (!has_form(answer)).then(|| framework_problem(answer.status())).flatten())?;
    log(&found);
    Some(found)
}

/// True if the answer is a page or JSON already, not the framework's plain words.
fn has_form(answer: &Response<Body>) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| !kind.starts_with("text/plain"))
}

fn framework_problem(status: StatusCode) -> Option<Problem> {
    match status {
        StatusCode::NOT_FOUND => Some(Problem::not_found()),
        StatusCode::METHOD_NOT_ALLOWED => Some(Problem::new(Kind::NotFound, "wrong-method")),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Problem::invalid("body-too-large")),
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            Some(Problem::unavailable("a request took too long"))
        }
        status if status.is_client_error() => Some(Problem::invalid("request-unreadable")),
        status if status.is_server_error() => Some(Problem::internal("an answer without a problem")),
        _ => None,
    }
}

fn log(problem: &Problem) {
    match problem.kind {
        Kind::Internal => tracing::error!(%problem, "failed"),
        Kind::Unavailable => tracing::warn!(%problem, "not available"),
        _ => tracing::debug!(%problem, "refused"),
    }
}

/// For webhooks: a machine that reads the status only; the words go to the log.
pub(crate) async fn as_bare_status(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    if let Some(problem) = answer.extensions().get::<Problem>() {
        log(problem);
    }
    answer
}
