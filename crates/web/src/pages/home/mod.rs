//! Home: how much is left.

use axum::Router;

use crate::App;

/// Home, and the page that the service worker keeps for places without a network.
pub fn routes() -> Router<App> {
    Router::new().route("/offline", axum::routing::get(offline))
}

async fn offline() -> crate::PageProblem {
    basis::Problem::new(basis::Kind::Unavailable, "offline").into()
}
