//! Where to, and with which plan. Open to everyone, signed in or not.

mod card;
mod destinations;
mod detail;
mod place;

use axum::{Router, routing::get};

use crate::App;

/// The pages of destinations and plans.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/plans", get(destinations::show))
        .route("/plans/in/{place}", get(place::show))
        .route("/plans/{plan}", get(detail::show))
}

/// `?line=…` if the reader came to buy for a line; it stays on every link until the checkout.
fn with_line(path: &str, line: Option<&str>) -> String {
    let Some(line) = line else { return path.to_owned() };
    let line: String = url::form_urlencoded::byte_serialize(line.as_bytes()).collect();
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}line={line}")
}
