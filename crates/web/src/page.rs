//! What a page's handler returns.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use basis::{Kind, Problem};

use crate::problems;

/// A rendered answer of a handler: `Ok(Page(HomePage { shell, … }))`.
#[derive(Debug)]
pub struct Page<T>(pub T);

/// What a page's handler returns.
pub type PageResult<T> = Result<Page<T>, PageProblem>;

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => Html(html).into_response(),
            Err(error) => problems::response(Problem::internal("a template failed").because(error)),
        }
    }
}

/// The other ways out of a page's handler: a problem's page, the form again, or somewhere else.
#[derive(Debug)]
pub struct PageProblem(Box<Response>);

impl From<Problem> for PageProblem {
    /// The problem's own page, in the reader's language.
    fn from(problem: Problem) -> Self {
        Self(Box::new(problems::response(problem)))
    }
}

impl PageProblem {
    /// The form again, with what is wrong with it (422, 409, 403, 429); what a reader cannot mend becomes a problem's
    /// page. Keep the problem in the page struct: its template shows it by `shell.field_error` and `shell.form_error`.
    pub fn form<T: Template>(problem: Problem, page: impl FnOnce(Problem) -> T) -> Self {
        if !matches!(problem.kind, Kind::Invalid | Kind::Conflict | Kind::Forbidden | Kind::TooMany) {
            return problem.into();
        }
        let status = problems::status(problem.kind);
        Self(Box::new((status, Page(page(problem))).into_response()))
    }

    /// Somewhere else (303), e.g. to the sign-in page.
    pub fn elsewhere(path: &str) -> Self {
        Self(Box::new(see_other(path)))
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// The answer to a form that was good: go and look there (303).
pub fn see_other(path: &str) -> Response {
    let place = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// A path of this site as a form or an address line gave it; anything else becomes `/`.
pub fn safe_next(path: &str) -> &str {
    let is_path = path.starts_with('/') && !path.starts_with("//");
    let is_plain = !path.contains(|c: char| c == '\\' || c.is_control() || c.is_whitespace());
    if is_path && is_plain { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_on_this_site() {
        assert_eq!(safe_next("/orders/ord_1?x=1"), "/orders/ord_1?x=1");
        for bad in
            ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nb", "/\t/evil"]
        {
            assert_eq!(safe_next(bad), "/", "{bad:?}");
        }
    }
}
