//! For whoever watches over the process.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use basis::Problem;

use crate::App;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

/// The process lives.
async fn healthz() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// The shop and the charging log can be written, and what they acknowledge is on disk.
async fn check(app: &App) -> Result<(), Problem> {
    app.db.check().await?;
    app.charging.check().await
}

/// It may be given work.
async fn readyz(State(app): State<App>) -> impl IntoResponse {
    let (status, words) = match check(&app).await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(problem) => {
            tracing::error!(%problem, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    };
    (status, [(header::CACHE_CONTROL, "no-store")], words)
}
