//! Orders and cases, for operators.

use anyhow::Context;
use basis::{Id, Order};
use orders::{Decision, OrderRecord, RefundBegun};
use serde_json::json;
use store::Conn;
use support::{Case, CaseId, Resolution};

use super::carry_out::{Lines, ROWS_MAX};
use crate::shop::Shop;

pub(super) async fn review_list(shop: &Shop) -> Lines {
    let cases = support::list(&mut shop.db.read().await?, ROWS_MAX).await?;
    Ok(cases.iter().map(|case| format!("{}  {}  {}", case.id, case.reason, case.detail)).collect())
}

pub(super) async fn review_show(shop: &Shop, id: &str) -> Lines {
    let case = support::show(&mut shop.db.read().await?, &id.parse::<CaseId>()?).await?;
    let Case { id, reason, order, payment, detail, opened_at, resolved_at } = case;
    let mut lines = vec![
        format!("case      {id}"),
        format!("reason    {reason}"),
        format!("detail    {detail}"),
        format!("opened    {}", opened_at.as_ms()),
    ];
    lines.extend(resolved_at.map(|at| format!("resolved  {}", at.as_ms())));
    lines.extend(payment.map(|payment| format!("payment   {payment}")));
    if let Some(order) = order {
        lines.extend(orders_show(shop, &order.to_string()).await?);
    }
    Ok(lines)
}

pub(super) async fn review_resolve(shop: &Shop, actor: &str, id: &str, decision: &str, note: &str) -> Lines {
    let resolution = match decision {
        "dismiss" => Resolution::Dismiss,
        other => {
            Resolution::Decide(serde_json::from_value::<Decision>(json!(other)).context("the decision")?)
        }
    };
    support::resolve(&shop.desk, actor, &id.parse()?, resolution, note).await?;
    Ok(vec![format!("{id} is resolved: {decision}")])
}

/// By id, or by the number that a customer reads out.
pub(super) async fn orders_show(shop: &Shop, id: &str) -> Lines {
    let mut conn = shop.db.read().await?;
    if let Ok(id) = id.parse() {
        return order_show(&mut conn, id).await;
    }
    let mut lines = Vec::new();
    for id in orders::of_number(&mut conn, id).await? {
        lines.extend(order_show(&mut conn, id).await?);
    }
    Ok(lines)
}

async fn order_show(conn: &mut Conn, id: Id<Order>) -> Lines {
    let order = orders::find(conn, id).await?;
    let money = ledger::per_order(conn, id, order.price.currency).await?;
    let mut lines = head(&order);
    lines.push(format!(
        "money     funded {} earned {} deferred {} back to source {} back to wallet {} (minor units)",
        money.funded.minor,
        money.earned.minor,
        money.deferred.minor,
        money.returned_to_source.minor,
        money.returned_to_wallet.minor
    ));
    for event in orders::timeline(conn, id).await? {
        lines.push(format!(
            "{:>3}  {}  {}",
            event.seq,
            event.at.as_ms(),
            serde_json::to_string(&event.happening)?
        ));
    }
    for entry in store::audit::of_subject(conn, &id.to_string(), ROWS_MAX).await? {
        lines.push(format!("     {}  {}  {}  {}", entry.at.as_ms(), entry.actor, entry.action, entry.detail));
    }
    Ok(lines)
}

fn head(order: &OrderRecord) -> Vec<String> {
    let OrderRecord { id, account, line, plan, state, price, .. } = order;
    let refunded = order.refunded.wallet.minor.saturating_add(order.refunded.source.minor);
    vec![
        format!("order     {id}"),
        format!("number    {}", id.number()),
        format!("state     {state}"),
        format!("account   {account}"),
        format!("line      {line}"),
        format!("plan      {plan}"),
        format!("price     {} {} (minor units), refunded {refunded}", price.minor, price.currency.code()),
    ]
}

pub(super) async fn orders_refund(shop: &Shop, actor: &str, id: &str, note: &str) -> Lines {
    let begun = orders::refund(&shop.desk, actor, id.parse()?, None, note).await?;
    let said = match begun {
        RefundBegun::Returning => "the money is on its way back",
        RefundBegun::VoidingFirst => {
            "the carrier is asked to confirm that nothing is delivered; then the money goes back"
        }
    };
    Ok(vec![format!("{id}: {said}")])
}
