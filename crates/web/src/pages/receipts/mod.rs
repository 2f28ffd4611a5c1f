//! Receipts: what was paid, by which ways, and what went back. They print.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use basis::{Id, Money, Order, Problem, Timestamp};
use orders::OrderRecord;
use store::Conn;

use super::{checkout::method_name, wallet::plan_name};
use crate::{App, Page, PageResult, Shell, SignedIn, Tab};

/// Receipts in the list.
const LIST_MAX: u32 = 100;

/// The receipts' pages.
pub fn routes() -> Router<App> {
    Router::new().route("/receipts", get(list)).route("/receipts/{order}", get(show))
}

#[derive(Template)]
#[template(path = "pages/receipts/list.html")]
struct ListPage {
    shell: Shell,
    receipts: Vec<Line>,
}

/// A receipt in the list.
struct Line {
    path: String,
    title: String,
    text: String,
    amount: String,
}

async fn list(State(app): State<App>, who: SignedIn) -> PageResult<ListPage> {
    let mut conn = app.db.read().await?;
    let texts = who.reader.texts;
    let far = Timestamp(i64::MAX);
    let orders = orders::history(&mut conn, who.person.account, far, LIST_MAX).await?;
    let catalogue = catalog::read(&mut conn).await?;
    let receipts = orders.iter().filter_map(|order| {
        Some(Line {
            path: format!("/receipts/{}", order.id),
            title: plan_name(&catalogue, order, texts),
            text: texts.date(order.paid_at?, &who.reader.zone),
            amount: texts.money(order.price),
        })
    });
    let receipts = receipts.collect();
    let shell = Shell::new(&app, &who.reader, Tab::Wallet, texts.t("receipts-title"));
    Ok(Page(ListPage { shell: shell.back("/wallet").at("/receipts"), receipts }))
}

#[derive(Template)]
#[template(path = "pages/receipts/receipt.html")]
struct ReceiptPage {
    shell: Shell,
    number: String,
    /// The whole of it, for whoever keeps books.
    id: String,
    facts: Vec<(String, String)>,
    item: String,
    total: String,
    ways: Vec<(String, String)>,
    back: Vec<(String, String)>,
    order: String,
}

async fn show(State(app): State<App>, who: SignedIn, Path(id): Path<String>) -> PageResult<ReceiptPage> {
    let id: Id<Order> = id.parse().map_err(|_| Problem::not_found())?;
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, who.person.account, id).await?;
    // What was not paid has no receipt.
    let paid_at = order.paid_at.ok_or_else(Problem::not_found)?;
    let catalogue = catalog::read(&mut conn).await?;
    let texts = who.reader.texts;
    let shell = Shell::new(&app, &who.reader, Tab::Wallet, texts.t("receipts-one"));
    Ok(Page(ReceiptPage {
        shell: shell.back("/receipts").at(format!("/receipts/{id}")),
        number: id.number(),
        id: id.to_string(),
        facts: vec![
            (texts.t("receipts-date"), texts.date_clock(paid_at, &who.reader.zone)),
            (texts.t("receipts-payer"), who.person.email.clone()),
        ],
        item: plan_name(&catalogue, &order, texts),
        total: texts.money(order.price),
        ways: ways(&mut conn, &who, &order).await?,
        back: back(&mut conn, &who, &order).await?,
        order: format!("/orders/{id}"),
    }))
}

/// How the price was paid.
async fn ways(
    conn: &mut Conn,
    who: &SignedIn,
    order: &OrderRecord,
) -> Result<Vec<(String, String)>, Problem> {
    let texts = who.reader.texts;
    let mut ways = Vec::new();
    if let Some(id) = order.payment {
        let payment = payments::find(conn, id).await?;
        ways.push((method_name(payment.method, texts), texts.money(order.source())));
    }
    if order.wallet.is_positive() {
        ways.push((texts.t("receipts-wallet"), texts.money(order.wallet)));
    }
    Ok(ways)
}

/// What went back, and where it is.
async fn back(
    conn: &mut Conn,
    who: &SignedIn,
    order: &OrderRecord,
) -> Result<Vec<(String, String)>, Problem> {
    let texts = who.reader.texts;
    let money = ledger::per_order(conn, order.id, order.price.currency).await?;
    let parts = [
        (texts::key("receipts-back-wallet"), money.returned_to_wallet),
        (texts::key("receipts-back-source"), money.returned_to_source),
        (texts::key("receipts-back-coming"), money.returning),
    ];
    let some = parts.into_iter().filter(|(_, amount)| amount.is_positive());
    Ok(some.map(|(key, amount)| (texts.t(key), minus(texts, amount))).collect())
}

fn minus(texts: texts::Texts, amount: Money) -> String {
    texts.money(Money::new(amount.minor.saturating_neg(), amount.currency))
}
