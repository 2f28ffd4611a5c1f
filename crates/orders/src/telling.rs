//! What became of an order, on its buyer's devices: only what they have not just seen on its page. What renews by itself is
//! told by the renewals.

use basis::{DAY_MS, Kind, Problem, SECOND_MS};
use push::{News, Notice};
use store::Conn;
use texts::{Texts, key};

use crate::{Desk, OrderRecord};

/// Whoever waits for longer has put the phone away.
const WATCHED_MS: i64 = 30 * SECOND_MS;
/// For so long it is news.
const NEWS_MS: i64 = DAY_MS;

/// It is active now, if that took a while.
pub(crate) async fn active(tx: &mut Conn, desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    let now = desk.env.now();
    if now.since(order.paid_at.unwrap_or(now)) < WATCHED_MS {
        return Ok(());
    }
    tell(tx, desk, order, key("orders-news-active"), key("orders-news-active-text")).await
}

/// It is not delivered, and its money goes back.
pub(crate) async fn undelivered(tx: &mut Conn, desk: &Desk, order: &OrderRecord) -> Result<(), Problem> {
    tell(tx, desk, order, key("orders-news-undelivered"), key("orders-news-undelivered-text")).await
}

async fn tell(
    tx: &mut Conn,
    desk: &Desk,
    order: &OrderRecord,
    title: &str,
    body: &str,
) -> Result<(), Problem> {
    if order.renewal.is_some() || !push::has_devices(tx, order.account).await? {
        return Ok(());
    }
    let texts = Texts::of(accounts::account(tx, order.account).await?.language);
    let plan = match catalog::plan(tx, &order.plan).await {
        Err(problem) if problem.kind == Kind::NotFound => order.plan.to_string(),
        plan => plan?.name(texts),
    };
    let args = [("plan", plan), ("price", texts.money(order.price))];
    let said = |key: &str| texts.tf(key, args.iter().map(|(name, value)| (*name, value.as_str())));
    let path = format!("/orders/{}", order.id);
    let news = News { about: path.clone(), until: desk.env.now().plus_ms(NEWS_MS), urgent: true };
    push::queue(tx, &desk.env, order.account, &Notice { title: said(title), body: said(body), path, news })
        .await
}
