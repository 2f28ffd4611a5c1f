//! Orders: what was bought, step by step, and how it can be changed.

mod bought;
mod change;
mod order;
pub(crate) mod past;
mod steps;

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, Query, State},
    response::Response,
    routing::{get, post},
};
use basis::{Id, Order, Problem, Timestamp};
use catalog::words;
use orders::{OrderRecord, OrderState, Placed};
use payments::CheckJob;
use serde::Deserialize;

use self::{
    order::OrderPage,
    past::{Row, row, with_bundles},
};
use super::checkout::{PayForm, go_and_pay, payer_view};
use crate::{App, Page, PageProblem, PageResult, Payer, Shell, SignedIn, Tab, see_other};

/// The pages of orders.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/orders", get(list))
        .route("/orders/{order}", get(show))
        .route("/orders/{order}/now", get(now))
        .route("/orders/{order}/return", get(come_back))
        .route("/orders/{order}/pay", post(pay))
        .route("/orders/{order}/cancel", post(cancel))
        .route("/orders/{order}/change", get(change::show))
}

/// An order that is part of a path; anything unreadable is not found.
fn read_id(text: &str) -> Result<Id<Order>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn show(State(app): State<App>, reader: SignedIn, Path(order): Path<String>) -> PageResult<OrderPage> {
    Ok(Page(order::page(&app, &reader, read_id(&order)?).await?))
}

/// The part that changes, fetched again when the live stream says so.
async fn now(
    State(app): State<App>,
    reader: SignedIn,
    Path(order): Path<String>,
) -> Result<axum::response::Html<String>, PageProblem> {
    let page = order::page(&app, &reader, read_id(&order)?).await?;
    let html = page.as_now().render().map_err(|e| Problem::internal(e.to_string()))?;
    Ok(axum::response::Html(html))
}

/// The browser comes back from a provider. Its address line is not believed: the provider is asked.
async fn come_back(
    State(app): State<App>,
    reader: SignedIn,
    Path(order): Path<String>,
) -> Result<Response, PageProblem> {
    let id = read_id(&order)?;
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, reader.person.account, id).await?;
    if order.state == OrderState::AwaitingPayment {
        let payments = payments::of_order(&mut conn, id).await?;
        drop(conn);
        for payment in payments.iter().rev().take(2) {
            let job = CheckJob { payment: payment.id, polling: false };
            if let Err(problem) = orders::check_payment(&app.desk, job).await {
                tracing::info!(%problem, "the return page could not ask; the jobs will");
            }
        }
    }
    Ok(see_other(&format!("/orders/{id}")))
}

/// Another payment, by the chosen method; without one, on with the newest that is still open.
async fn pay(
    State(app): State<App>,
    reader: SignedIn,
    Path(order): Path<String>,
    Payer(payer): Payer,
    Form(form): Form<PayForm>,
) -> Result<Response, PageProblem> {
    let SignedIn { reader, person } = reader;
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, person.account, read_id(&order)?).await?;
    let open = payments::of_order(&mut conn, order.id).await?.into_iter().rfind(payments::Payment::is_open);
    let placed = match open.filter(|open| form.method.is_empty() || open.method.word() == form.method) {
        Some(open) => {
            drop(conn);
            Placed { order: order.id, payment: Some(open.id) }
        }
        None => {
            let keep = renewals::waiting_for(&mut conn, order.id).await?.is_some();
            let with = form.read(&app, order.price.currency, keep)?;
            let plan = catalog::plan(&mut conn, &order.plan).await?;
            let view = payer_view(&app, &reader, &plan.name(reader.texts));
            drop(conn);
            orders::pay_again(&app.desk, person.account, order.id, &with, &view, &form.key).await?
        }
    };
    Ok(go_and_pay(&app, placed, payer).await)
}

async fn cancel(
    State(app): State<App>,
    reader: SignedIn,
    Path(order): Path<String>,
) -> Result<Response, PageProblem> {
    let id = read_id(&order)?;
    match orders::cancel(&app.desk, reader.person.account, id).await {
        // It has gone on meanwhile: the page shows how.
        Err(problem) if problem.kind == basis::Kind::Conflict => {}
        cancelled => cancelled?,
    }
    Ok(see_other(&format!("/orders/{id}")))
}

const ORDERS_PER_PAGE: u32 = 30;

/// Where a list goes on.
#[derive(Deserialize)]
struct From {
    before: Option<i64>,
}

/// What a person bought, newest first.
#[derive(Template)]
#[template(path = "pages/orders/list.html")]
struct ListPage {
    shell: Shell,
    orders: Vec<Row>,
    more: Option<String>,
}

async fn list(State(app): State<App>, reader: SignedIn, Query(from): Query<From>) -> PageResult<ListPage> {
    let SignedIn { reader, person } = reader;
    let mut conn = app.db.read().await?;
    let before = Timestamp(from.before.unwrap_or(i64::MAX));
    let found = orders::history(&mut conn, person.account, before, ORDERS_PER_PAGE).await?;
    let catalogue = catalog::read(&mut conn).await?;
    let full = found.len() >= usize::try_from(ORDERS_PER_PAGE).unwrap_or(usize::MAX);
    let more = found.last().filter(|_| full).map(|o| format!("/orders?before={}", o.created_at.as_ms()));
    let name = |order: &OrderRecord| match catalogue.plan(&order.plan) {
        Some(plan) => plan.name(reader.texts),
        None => words::data(&order.terms.allowance, reader.texts),
    };
    let found = with_bundles(&mut conn, found).await?;
    let orders =
        found.iter().map(|(order, bundle)| row(&reader, order, bundle.as_ref(), name(order))).collect();
    let shell = Shell::new(&app, &reader, Tab::Wallet, reader.texts.t("orders-list")).back("/wallet");
    Ok(Page(ListPage { shell: shell.at("/orders"), orders, more }))
}
