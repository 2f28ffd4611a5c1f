//! The pages, one module per noun: its handlers and templates stand side by side.

pub mod coverage;
pub mod home;
pub mod lines;
pub mod plans;
pub mod preferences;
pub mod problem;

use axum::Router;

use crate::App;

/// Every page's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(coverage::routes())
        .merge(home::routes())
        .merge(lines::routes())
        .merge(plans::routes())
        .merge(preferences::routes())
}
