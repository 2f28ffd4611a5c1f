//! Nobody else's page may send our forms.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use basis::{Kind, Problem};

use crate::{App, PageProblem};

/// Refuses a form that another site's page has sent. Webhooks and the API, which use no cookies, do not pass here.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_ours(request.headers(), &app.config.origin()) {
        return next.run(request).await;
    }
    PageProblem::from(Problem::new(Kind::Forbidden, "foreign-form")).into_response()
}

/// A browser tells where a request comes from by `Sec-Fetch-Site`, an older one by `Origin`. A client that tells
/// neither is no browser and carries nobody's cookies.
fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    headers.get(header::ORIGIN).is_none_or(|from| from == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers =
            pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        is_ours(&headers, "https://shop.example")
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        assert!(ours(&[("sec-fetch-site", "same-origin"), ("origin", "https://shop.example")]));
        assert!(ours(&[("sec-fetch-site", "none")]), "typed by the reader");
        assert!(!ours(&[("sec-fetch-site", "cross-site")]));
        assert!(!ours(&[("sec-fetch-site", "same-site"), ("origin", "https://shop.example")]));
        assert!(ours(&[("origin", "https://shop.example")]), "an older browser");
        assert!(!ours(&[("origin", "https://evil.example")]));
        assert!(!ours(&[("origin", "null")]));
        assert!(ours(&[]), "not a browser");
    }
}
