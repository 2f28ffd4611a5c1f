//! `/api/v1`: quotes, orders and their timelines.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use basis::{Id, Money, Order, Problem, Timestamp};
use orders::{Event, Intent, OrderRecord, PayerView, PlaceInput, Placed, QuoteInput};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::amount::Amount;
use super::problem::ProblemBody;
use super::{ApiCaller, ApiProblem, ApiResult, IdempotencyKey};
use crate::pages::{checkout::pay_with, payments::pay_url};
use crate::{App, Payer};

/// The endpoints of orders.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(quote))
        .routes(routes!(list, place))
        .routes(routes!(show))
        .routes(routes!(pay))
        .routes(routes!(cancel))
}

/// A change of plan.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum When {
    /// The old bundle ends when the new one is there; what is unused goes to the wallet.
    Now,
    /// The new bundle waits until the old one is used up or ends.
    After,
}

fn intent(share: bool, change: Option<When>, old: Option<&str>) -> Result<Intent, Problem> {
    let old = || old.unwrap_or_default().parse::<Id<Order>>().map_err(|_| Problem::not_found());
    Ok(match change {
        Some(_) if share => return Err(Problem::conflict("order-nothing-to-change")),
        None if share => Intent::Share,
        None => Intent::Buy,
        Some(When::Now) => Intent::ChangeNow { old: old()? },
        Some(When::After) => Intent::ChangeAfter { old: old()? },
    })
}

#[derive(Deserialize, IntoParams)]
struct QuoteQuery {
    /// For which line.
    line: String,
    /// Which plan.
    plan: String,
    /// ISO 4217.
    currency: String,
    /// For everyone in the line's pool; not with a change of plan.
    #[serde(default)]
    share: bool,
    /// A change of plan: now or after the old one.
    change: Option<When>,
    /// The order whose bundle is changed.
    old: Option<String>,
}

/// Exactly what buying would do.
#[derive(Serialize, ToSchema)]
struct QuoteOut {
    /// What it costs.
    price: Amount,
    /// When it starts: `{"when": "at_once" | "first_use" | "after_current", …}`; times in milliseconds since 1970.
    #[schema(value_type = Object)]
    starts: orders::rules::Starts,
    /// Until when: `{"kind": "at", "at"}` or `{"kind": "after_start", "days", "latest"}`.
    #[schema(value_type = Object)]
    ends: orders::rules::Ends,
    /// What it does to what is there: `{"kind": "alone" | "adds" | "follows" | "replaces", …}`.
    #[schema(value_type = Object)]
    effect: orders::rules::Effect,
    /// For a change of plan now: what would go to the wallet, as it stands.
    credit: Option<Amount>,
    /// The lines that would draw from it.
    shared_with: Vec<String>,
    /// Not delivered so many milliseconds after payment: everything goes back by itself.
    refund_undelivered_after_ms: i64,
    /// What the wallet could pay.
    wallet: Amount,
    /// How long the price holds once the order is placed, in milliseconds.
    held_for_ms: i64,
    /// Ways to pay: `card`, `paypal`, `alipay`, `wechat_pay`.
    methods: Vec<&'static str>,
}

/// Says exactly what buying a plan for a line would do.
#[utoipa::path(get, path = "/quote", tag = "orders", params(QuoteQuery),
    responses((status = 200, body = QuoteOut), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn quote(
    State(app): State<App>,
    caller: ApiCaller,
    Query(query): Query<QuoteQuery>,
) -> ApiResult<QuoteOut> {
    let input = QuoteInput {
        line: query.line.parse().map_err(|_| Problem::not_found())?,
        plan: query.plan.parse()?,
        currency: query.currency.parse()?,
        intent: intent(query.share, query.change, query.old.as_deref())?,
    };
    let quote = orders::quote(&app.desk, caller.account, &input).await?;
    let ways = app.desk.providers.ways(input.currency);
    Ok(Json(QuoteOut {
        price: quote.price.into(),
        starts: quote.starts,
        ends: quote.ends,
        effect: quote.effect,
        credit: quote.credit.map(Amount::from),
        shared_with: quote.shared_with.iter().map(ToString::to_string).collect(),
        refund_undelivered_after_ms: quote.refund.undelivered_after_ms,
        wallet: quote.wallet.into(),
        held_for_ms: quote.held_for_ms,
        methods: ways.into_iter().map(|(method, _)| method.word()).collect(),
    }))
}

/// What was agreed to.
#[derive(Deserialize, ToSchema)]
struct OrderIn {
    /// For which line.
    line: String,
    /// Which plan.
    plan: String,
    /// The price that was quoted.
    price: Amount,
    /// Of it, by the wallet, in minor units.
    #[serde(default)]
    wallet_minor: i64,
    /// How the rest is paid: `card`, `paypal`, `alipay`, `wechat_pay`; none if the wallet pays all.
    method: Option<String>,
    /// For everyone in the line's pool; not with a change of plan.
    #[serde(default)]
    share: bool,
    /// A change of plan: now or after the old one.
    change: Option<When>,
    /// The order whose bundle is changed.
    old: Option<String>,
}

/// A placed order.
#[derive(Serialize, ToSchema)]
struct PlacedOut {
    /// Its id.
    order: String,
    /// The payment, unless the wallet paid all.
    payment: Option<String>,
    /// Where the payer goes; none if nothing is to be paid, or if the provider does not answer now: then `pay` it.
    pay_url: Option<String>,
}

async fn placed_out(app: &App, placed: Placed, payer: payments::Payer) -> PlacedOut {
    let pay_url = match placed.payment {
        Some(payment) => {
            let begun = payments::begin(&app.db, &app.env, &app.desk.providers, payment, payer).await;
            begun.ok().map(|pay_at| pay_url(app, payment, pay_at))
        }
        None => None,
    };
    PlacedOut {
        order: placed.order.to_string(),
        payment: placed.payment.map(|payment| payment.to_string()),
        pay_url,
    }
}

async fn payer_view(app: &App, caller: &ApiCaller, plan: &catalog::PlanId) -> Result<PayerView, Problem> {
    let plan = catalog::plan(&mut app.db.read().await?, plan).await?;
    let language = caller.who.account.language;
    Ok(PayerView {
        description: format!("{} · {}", app.config.brand, plan.name(texts::Texts::of(language))),
        language,
        orders_url: app.config.absolute("/orders"),
    })
}

/// Places an order. The same `Idempotency-Key` gives the same order; with another body, 409.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = OrderIn,
    params(("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 201, body = PlacedOut), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn place(
    State(app): State<App>,
    caller: ApiCaller,
    Payer(payer): Payer,
    IdempotencyKey(key): IdempotencyKey,
    Json(wish): Json<OrderIn>,
) -> Result<(StatusCode, Json<PlacedOut>), ApiProblem> {
    let price = wish.price.read()?;
    let pay_with = match &wish.method {
        Some(method) => Some(pay_with(&app, price.currency, method, false)?),
        None => None,
    };
    let input = PlaceInput {
        line: wish.line.parse().map_err(|_| Problem::not_found())?,
        plan: wish.plan.parse()?,
        price,
        wallet: Money::new(wish.wallet_minor, price.currency),
        pay_with,
        intent: intent(wish.share, wish.change, wish.old.as_deref())?,
    };
    let view = payer_view(&app, &caller, &input.plan).await?;
    let placed = orders::place(&app.desk, caller.account, &input, &view, &key).await?;
    Ok((StatusCode::CREATED, Json(placed_out(&app, placed, payer).await)))
}

/// An order.
#[derive(Serialize, ToSchema)]
struct OrderOut {
    /// Its id; also its bundle's.
    id: String,
    /// What people call it, on pages and receipts.
    #[schema(example = "ZQ3R-DZTT")]
    number: String,
    /// The line that it was bought for, or with which it was bought for its pool.
    line: String,
    /// The shared pool that it was bought for, if not for the line alone.
    shared_pool: Option<String>,
    /// The plan.
    plan: String,
    /// `awaiting_payment`, `paid`, `delivering`, `active`, `expired`, `refunding`, `refunded` or `review`.
    state: &'static str,
    /// The price.
    price: Amount,
    /// Of it, by the wallet.
    wallet: Amount,
    /// What went back, or is on its way: to the wallet.
    returned_to_wallet: Amount,
    /// What went back, or is on its way: to the source.
    returned_to_source: Amount,
    /// What closing its bundle early credited to the wallet.
    credit: Amount,
    /// Placed when, in milliseconds since 1970, like every time here.
    created_at_ms: i64,
    /// Until when its price holds.
    expires_at_ms: i64,
    /// When the whole price was here.
    paid_at_ms: Option<i64>,
    /// By when it must be delivered, or else the money goes back.
    deliver_by_ms: Option<i64>,
    /// When it was delivered.
    active_at_ms: Option<i64>,
    /// When its bundle was closed early.
    closed_at_ms: Option<i64>,
}

impl From<OrderRecord> for OrderOut {
    fn from(order: OrderRecord) -> Self {
        let ms = |at: Option<Timestamp>| at.map(Timestamp::as_ms);
        Self {
            id: order.id.to_string(),
            number: order.id.number(),
            line: order.line.to_string(),
            shared_pool: order.shared_pool.map(|pool| pool.to_string()),
            plan: order.plan.to_string(),
            state: order.state.word(),
            price: order.price.into(),
            wallet: order.wallet.into(),
            returned_to_wallet: order.refunded.wallet.into(),
            returned_to_source: order.refunded.source.into(),
            credit: order.credit.into(),
            created_at_ms: order.created_at.as_ms(),
            expires_at_ms: order.expires_at.as_ms(),
            paid_at_ms: ms(order.paid_at),
            deliver_by_ms: ms(order.deliver_by),
            active_at_ms: ms(order.active_at),
            closed_at_ms: ms(order.closed_at),
        }
    }
}

/// A step of an order.
#[derive(Serialize, ToSchema)]
struct EventOut {
    /// Its number within the order, from 1.
    seq: i64,
    /// When, in milliseconds since 1970.
    at_ms: i64,
    /// What: `{"kind": "paid", …}`.
    #[schema(value_type = Object)]
    happening: orders::Happening,
}

impl From<Event> for EventOut {
    fn from(event: Event) -> Self {
        Self { seq: event.seq, at_ms: event.at.as_ms(), happening: event.happening }
    }
}

/// An order with its steps.
#[derive(Serialize, ToSchema)]
struct OrderStory {
    /// The order.
    order: OrderOut,
    /// What happened, oldest first.
    timeline: Vec<EventOut>,
}

#[derive(Deserialize, IntoParams)]
struct ListQuery {
    /// Only orders placed before this, in milliseconds since 1970.
    before_ms: Option<i64>,
}

const ORDERS_PER_ANSWER: u32 = 50;

/// What the caller bought, newest first, 50 at a time.
#[utoipa::path(get, path = "/orders", tag = "orders", params(ListQuery), responses((status = 200, body = Vec<OrderOut>)))]
async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    Query(query): Query<ListQuery>,
) -> ApiResult<Vec<OrderOut>> {
    let before = Timestamp(query.before_ms.unwrap_or(i64::MAX));
    let found = orders::history(&mut app.db.read().await?, caller.account, before, ORDERS_PER_ANSWER).await?;
    Ok(Json(found.into_iter().map(OrderOut::from).collect()))
}

/// One order with its timeline.
#[utoipa::path(get, path = "/orders/{order}", tag = "orders", params(("order" = String, Path)),
    responses((status = 200, body = OrderStory), (status = 404, body = ProblemBody)))]
async fn show(State(app): State<App>, caller: ApiCaller, Path(order): Path<String>) -> ApiResult<OrderStory> {
    let id = read_id(&order)?;
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, caller.account, id).await?.into();
    let timeline = orders::timeline(&mut conn, id).await?.into_iter().map(EventOut::from).collect();
    Ok(Json(OrderStory { order, timeline }))
}

/// Another payment.
#[derive(Deserialize, ToSchema)]
struct PayIn {
    /// `card`, `paypal`, `alipay` or `wechat_pay`.
    method: String,
}

/// Begins another payment of an order that waits: another method, or another try.
#[utoipa::path(post, path = "/orders/{order}/pay", tag = "orders", request_body = PayIn,
    params(("order" = String, Path), ("Idempotency-Key" = String, Header, description = "1 to 128 visible ASCII characters")),
    responses((status = 200, body = PlacedOut), (status = 409, body = ProblemBody)))]
async fn pay(
    State(app): State<App>,
    caller: ApiCaller,
    Payer(payer): Payer,
    IdempotencyKey(key): IdempotencyKey,
    Path(order): Path<String>,
    Json(body): Json<PayIn>,
) -> ApiResult<PlacedOut> {
    let mut conn = app.db.read().await?;
    let order = orders::order(&mut conn, caller.account, read_id(&order)?).await?;
    let keep = renewals::waiting_for(&mut conn, order.id).await?.is_some();
    drop(conn);
    let with = pay_with(&app, order.price.currency, &body.method, keep)?;
    let view = payer_view(&app, &caller, &order.plan).await?;
    let placed = orders::pay_again(&app.desk, caller.account, order.id, &with, &view, &key).await?;
    Ok(Json(placed_out(&app, placed, payer).await))
}

/// Calls an unpaid order off.
#[utoipa::path(post, path = "/orders/{order}/cancel", tag = "orders", params(("order" = String, Path)),
    responses((status = 204), (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn cancel(
    State(app): State<App>,
    caller: ApiCaller,
    Path(order): Path<String>,
) -> Result<StatusCode, ApiProblem> {
    orders::cancel(&app.desk, caller.account, read_id(&order)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_id(text: &str) -> Result<Id<Order>, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
