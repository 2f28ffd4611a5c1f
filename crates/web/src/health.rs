//! For whoever watches over the process.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use basis::Problem;
use charging::Fault;

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

/// Whether it may be given work, and a line for each shard that is damaged.
async fn readyz(State(app): State<App>) -> impl IntoResponse {
    let (status, word) = match check(&app).await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(problem) => {
            tracing::error!(%problem, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    };
    let damaged = app.charging.faults().into_iter().filter(Fault::is_damage);
    let words: String = damaged.fold(format!("{word}\n"), |words, fault| format!("{words}{fault}\n"));
    (status, [(header::CACHE_CONTROL, "no-store")], words)
}
