//! All routes, and the layers around them.

use std::time::Duration;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};

use crate::{App, api, assets, csrf, headers, health, hooks, live, pages, problems, pwa, watch};

/// A form or an API call is never longer.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// A webhook is never longer.
const HOOK_BYTES_MAX: usize = 256 * 1024;
/// A handler that takes longer is stopped. A live stream counts only until it begins.
const HANDLER_TIME_MAX: Duration = Duration::from_secs(20);

/// Everything that is served by HTTP. Needs the peer's address: `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(app: App) -> Router {
    let plain = assets::routes().merge(health::routes());
    let around = from_fn_with_state(app.clone(), headers::set);
    let watched = from_fn_with_state(app.clone(), watch::request);
    page_routes(&app)
        .merge(api_routes(&app))
        .merge(hook_routes())
        .merge(plain)
        .layer(CompressionLayer::new())
        .layer(around)
        .layer(watched)
        .with_state(app)
}

fn page_routes(app: &App) -> Router<App> {
    let routes =
        pages::routes().merge(pwa::routes()).merge(live::routes()).fallback(pages::problem::no_such_page);
    bounded(routes, BODY_BYTES_MAX)
        .layer(from_fn_with_state(app.clone(), csrf::guard))
        .layer(from_fn_with_state(app.clone(), problems::as_pages))
}

fn api_routes(app: &App) -> Router<App> {
    bounded(api::routes(), BODY_BYTES_MAX).layer(from_fn_with_state(app.clone(), problems::as_json))
}

fn hook_routes() -> Router<App> {
    bounded(hooks::routes(), HOOK_BYTES_MAX).layer(from_fn(problems::as_bare_status))
}

fn bounded(routes: Router<App>, bytes_max: usize) -> Router<App> {
    routes
        .layer(DefaultBodyLimit::max(bytes_max))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, HANDLER_TIME_MAX))
        .layer(CatchPanicLayer::custom(problems::panicked))
}
