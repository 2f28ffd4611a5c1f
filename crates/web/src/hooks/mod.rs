//! Messages from providers. A webhook is a hint: it is verified, kept and answered; a job asks the provider itself.

use axum::Router;

use crate::App;

/// Every provider's webhook.
pub fn routes() -> Router<App> {
    Router::new()
}
