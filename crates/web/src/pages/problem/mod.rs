//! What a reader sees when something does not work.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use basis::{Kind, Problem};

use crate::{App, Page, PageProblem, Reader, RequestId, Shell, Tab};

/// What failed, and a way on.
#[derive(Template)]
#[template(path = "pages/problem/problem.html")]
struct ProblemPage {
    shell: Shell,
    text: String,
    /// Something failed on our side: the request's id helps to find it.
    request_id: Option<String>,
}

/// The page of a problem.
pub(crate) fn page(
    app: &App,
    reader: &Reader,
    problem: &Problem,
    status: StatusCode,
    id: &RequestId,
) -> Response {
    let ours = matches!(problem.kind, Kind::Internal | Kind::Unavailable);
    let shell = Shell::new(app, reader, Tab::None, reader.texts.t(title_key(problem.kind)));
    let text = reader.texts.problem(problem);
    let request_id = ours.then(|| id.as_str().to_owned());
    (status, Page(ProblemPage { shell, text, request_id })).into_response()
}

/// The key of a kind's title, for pages and for the API's problems.
pub(crate) const fn title_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => texts::key("shell-problem-invalid"),
        Kind::SignInNeeded => texts::key("shell-problem-sign-in"),
        Kind::Forbidden => texts::key("shell-problem-forbidden"),
        Kind::NotFound => texts::key("shell-problem-not-found"),
        Kind::Conflict => texts::key("shell-problem-conflict"),
        Kind::TooMany => texts::key("shell-problem-too-many"),
        Kind::Unavailable => texts::key("shell-problem-unavailable"),
        Kind::Internal => texts::key("shell-problem-internal"),
    }
}

/// No route of this name.
pub(crate) async fn no_such_page() -> PageProblem {
    Problem::not_found().into()
}
