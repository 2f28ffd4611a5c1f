//! The API for phone apps, under `/api/v1`: the same verbs as the pages, as JSON, with bearer tokens.

mod accounts;
mod amount;
mod caller;
mod cards;
mod catalog;
mod idempotency;
mod orders;
mod pools;
pub mod problem;
mod receipts;
mod renewals;
mod usage;
mod wallet;

use axum::{
    Json, Router,
    http::Uri,
    routing::{any, get},
};
use basis::Problem;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

pub use caller::ApiCaller;
pub use idempotency::IdempotencyKey;
pub use problem::{ApiProblem, ApiResult};

use crate::App;

#[derive(OpenApi)]
#[openapi(
    info(title = "Heyon", description = "Lines, plans, orders, shared pools and the wallet of one account.", version = "1"),
    components(schemas(problem::ProblemBody)),
    modifiers(&BearerTokens),
    security(("token" = []))
)]
struct Contract;

struct BearerTokens;

impl Modify for BearerTokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", bearer);
    }
}

/// Every noun's endpoints, below `/api/v1`.
fn nouns() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(accounts::routes())
        .merge(cards::routes())
        .merge(catalog::routes())
        .merge(usage::routes())
        .merge(wallet::routes())
        .merge(orders::routes())
        .merge(pools::routes())
        .merge(receipts::routes())
        .merge(renewals::routes())
}

fn described() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Contract::openapi()).nest("/api/v1", nouns()).split_for_parts()
}

/// The API's routes, with their description.
pub(crate) fn routes() -> Router<App> {
    let (routes, contract) = described();
    routes
        .route("/api/openapi.json", get(async move || Json(contract)))
        .route("/api/{*rest}", any(no_such_endpoint))
}

/// The OpenAPI 3.1 description of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    described().1
}

async fn no_such_endpoint(uri: Uri) -> ApiProblem {
    Problem::not_found().because(uri.path()).into()
}
