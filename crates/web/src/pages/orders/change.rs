//! Changing to another plan: which, and now or after the current one. What it will do is said at the checkout.

use askama::Template;
use axum::extract::{Path, State};
use basis::{Money, Problem};
use catalog::Plan;
use orders::{OrderRecord, OrderState};

use crate::{App, Page, PageResult, Reader, Shell, SignedIn, Tab};

/// The page.
#[derive(Template)]
#[template(path = "pages/orders/change.html")]
pub(super) struct ChangePage {
    shell: Shell,
    old: String,
    line: String,
    choices: Vec<Choice>,
}

/// A plan to change to.
struct Choice {
    id: String,
    name: String,
    facts: String,
    price: String,
    difference: String,
    current: bool,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: SignedIn,
    Path(order): Path<String>,
) -> PageResult<ChangePage> {
    let SignedIn { reader, person } = reader;
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, person.account, super::read_id(&order)?).await?;
    if order.state != OrderState::Active || order.closed_at.is_some() {
        return Err(Problem::conflict("order-nothing-to-change").into());
    }
    let catalogue = catalog::read(&mut conn).await?;
    let current = catalogue.plan(&order.plan).ok_or_else(Problem::not_found)?;
    let currency = catalogue.currency_for(reader.currency);
    let plans = catalogue.on_sale().filter(|plan| plan.place == current.place);
    let choices = plans.filter_map(|plan| choice(plan, current, plan.price(currency)?, &reader)).collect();
    let shell = Shell::new(&app, &reader, Tab::Esim, reader.texts.t("orders-change"));
    Ok(Page(ChangePage {
        shell: shell.back(format!("/orders/{}", order.id)),
        old: order.id.to_string(),
        line: line_of(&order),
        choices,
    }))
}

fn line_of(order: &OrderRecord) -> String {
    order.line.to_string()
}

fn choice(plan: &Plan, current: &Plan, price: Money, reader: &Reader) -> Option<Choice> {
    let texts = reader.texts;
    let now = current.price(price.currency).unwrap_or(Money::zero(price.currency));
    let difference = price.minus(now).ok()?;
    let words = match difference.minor {
        0 => String::new(),
        more if more > 0 => texts.tf("orders-costs-more", [("amount", texts.money(difference))]),
        _ => {
            let less = Money::new(difference.minor.saturating_neg(), price.currency);
            texts.tf("orders-costs-less", [("amount", texts.money(less))])
        }
    };
    Some(Choice {
        id: plan.id.to_string(),
        name: plan.data(texts),
        facts: texts.days(plan.terms.days),
        price: texts.money(price),
        difference: words,
        current: plan.id == current.id,
    })
}
