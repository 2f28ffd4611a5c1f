//! The pages, one module per noun: its handlers and templates stand side by side.

pub mod accounts;
pub mod cards;
pub mod checkout;
pub mod coverage;
pub mod home;
pub mod lines;
pub mod orders;
pub mod payments;
pub mod plans;
pub mod pools;
pub mod preferences;
pub mod problem;
pub mod receipts;
pub mod renewals;
pub mod settings;
pub mod wallet;

use axum::Router;

use crate::App;

/// Every page's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(accounts::routes())
        .merge(cards::routes())
        .merge(checkout::routes())
        .merge(coverage::routes())
        .merge(home::routes())
        .merge(lines::routes())
        .merge(orders::routes())
        .merge(payments::routes())
        .merge(plans::routes())
        .merge(pools::routes())
        .merge(preferences::routes())
        .merge(receipts::routes())
        .merge(renewals::routes())
        .merge(settings::routes())
        .merge(wallet::routes())
}
