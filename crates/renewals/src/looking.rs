//! The job of a consent: is its plan about to end, and what then.

use basis::{
    CountrySet, Id, Kind, Line, MINUTE_MS, Order, Problem, Renewal as RenewalKind, SECOND_MS, Timestamp,
};
use cards::Line as LineRecord;
use charging::PoolView;
use orders::{OrderRecord, OrderState};
use store::jobs::Next;
use store::{Conn, in_tx};

use crate::rows::{self, Period};
use crate::rules::{self, Due, PeriodState, Reason, Renewal, State, Wish};
use crate::{Desk, buying, consenting, following, telling};

/// Looks at a consent, and does what is due: the job [`crate::LOOK`]. Every step can be repeated.
///
/// # Errors
/// If the database fails, or on a fault of ours. What others cannot answer now is asked again a minute later.
pub async fn look(desk: &Desk, id: Id<RenewalKind>) -> Result<Next, Problem> {
    match look_now(desk, id).await {
        Err(problem) if problem.kind == Kind::Unavailable => {
            tracing::info!(%id, %problem, "a renewal waits");
            Ok(in_ms(desk, MINUTE_MS))
        }
        answer => answer,
    }
}

async fn look_now(desk: &Desk, id: Id<RenewalKind>) -> Result<Next, Problem> {
    let conn = &mut desk.orders.db.read().await?;
    let Some(renewal) = rows::find(conn, id).await? else { return Ok(Next::Done) };
    if matches!(renewal.state, State::NeedsYou | State::Off) {
        following::wind_up(desk, &renewal).await?;
        return Ok(Next::Done);
    }
    let line = match cards::line(conn, renewal.account, renewal.wish.line).await {
        Err(problem) if problem.kind == Kind::NotFound => return end(desk, &renewal).await,
        line => line?,
    };
    if let Some(first) = renewal.first_order.filter(|_| renewal.state == State::Waiting) {
        return await_first(desk, &renewal, first).await;
    }
    match rows::open_period(conn, id).await? {
        Some(period) => Box::pin(go_on(desk, &renewal, &line, &period)).await,
        None => find_due(desk, &renewal, &line).await,
    }
}

/// What was agreed to together with an order holds once that is delivered.
async fn await_first(desk: &Desk, renewal: &Renewal, first: Id<Order>) -> Result<Next, Problem> {
    match orders::find(&mut desk.orders.db.read().await?, first).await?.state {
        OrderState::Active => {}
        OrderState::Expired | OrderState::Refunding | OrderState::Refunded => {
            return end(desk, renewal).await;
        }
        OrderState::AwaitingPayment | OrderState::Review => return Ok(in_ms(desk, 15 * SECOND_MS)),
        OrderState::Paid | OrderState::Delivering => return Ok(in_ms(desk, 2 * SECOND_MS)),
    }
    let before = in_tx!(desk.orders.db, |tx| { take_over(tx, desk, renewal).await })?;
    if let Some(before) = before {
        following::wind_up(desk, &before).await?;
    }
    buying::saved(desk, renewal).await?;
    Ok(in_ms(desk, 0))
}

/// It holds from now on, in the place of what was agreed for the line before; what that was.
async fn take_over(tx: &mut Conn, desk: &Desk, renewal: &Renewal) -> Result<Option<Renewal>, Problem> {
    if !rows::set_on(tx, renewal.id, desk.orders.env.now()).await? {
        return Ok(None);
    }
    let all = rows::of_line(tx, renewal.wish.line).await?;
    let before = all.into_iter().find(|other| other.id != renewal.id && other.state != State::Waiting);
    if let Some(before) = &before {
        consenting::end(tx, &desk.orders.env, before, "account").await?;
        consenting::give_up_methods(tx, &desk.orders.env, std::slice::from_ref(before)).await?;
    }
    rows::set_live(tx, renewal.id).await?;
    telling::is_on(tx, desk, renewal).await?;
    Ok(before)
}

/// Nothing is to be done before so many milliseconds have passed.
pub(crate) fn in_ms(desk: &Desk, ms: i64) -> Next {
    Next::At(desk.orders.env.now().plus_ms(ms))
}

/// The line or the first order is gone: there is nothing to agree to any more.
async fn end(desk: &Desk, renewal: &Renewal) -> Result<Next, Problem> {
    in_tx!(desk.orders.db, |tx| {
        consenting::end(tx, &desk.orders.env, renewal, "system").await?;
        consenting::give_up_methods(tx, &desk.orders.env, std::slice::from_ref(renewal)).await
    })?;
    Ok(Next::Done)
}

/// What the line's pool holds.
///
/// # Errors
/// Unavailable while nobody can say, or while the line moves.
pub(crate) async fn view(desk: &Desk, line: &LineRecord) -> Result<PoolView, Problem> {
    let view = desk.orders.charging.view(line.pool).await;
    let is_in = |view: &PoolView| view.lines.iter().any(|member| member.line == line.id);
    let unseen = || Problem::new(Kind::Unavailable, "order-line-unseen");
    view.filter(is_in).filter(|_| line.moves_to.is_none()).ok_or_else(unseen)
}

pub(crate) fn due_of(wish: &Wish, places: &CountrySet, view: &PoolView, now: Timestamp) -> Due {
    rules::due(wish.when, wish.line, places, &view.bundles, now)
}

/// The line's own bundle for these places that came last.
pub(crate) fn newest(line: Id<Line>, places: &CountrySet, view: &PoolView) -> Option<Id<Order>> {
    let ours = view.bundles.iter().filter(|b| b.line == Some(line) && b.terms.coverage.intersects(places));
    ours.max_by_key(|b| (b.credited_at, b.bundle)).map(|b| b.bundle)
}

async fn find_due(desk: &Desk, renewal: &Renewal, line: &LineRecord) -> Result<Next, Problem> {
    let plan = match catalog::plan(&mut desk.orders.db.read().await?, &renewal.wish.plan).await {
        Err(problem) if problem.kind == Kind::NotFound => {
            return telling::needs_you(desk, renewal, None, Reason::NotSold).await;
        }
        plan => plan?,
    };
    let now = desk.orders.env.now();
    let view = view(desk, line).await?;
    let (bundle, until) = match due_of(&renewal.wish, &plan.terms.coverage, &view, now) {
        Due::Later(at) => return Ok(Next::At(at)),
        Due::Missed => return telling::needs_you(desk, renewal, None, Reason::Missed).await,
        Due::Now { bundle, until } => (bundle, until),
    };
    let ending = orders::find(&mut desk.orders.db.read().await?, bundle).await?;
    if ending.plan != renewal.wish.plan {
        return other_plan(desk, renewal).await;
    }
    let period = Period { line: line.id, bundle, begun_at: now, until, tries: 0, next_at: now, order: None };
    let begun = in_tx!(desk.orders.db, |tx| { rows::begin_period(tx, renewal.id, &period).await })?;
    if !begun {
        // It was bought or asked for; what comes of it is not here yet.
        return Ok(in_ms(desk, 5 * MINUTE_MS));
    }
    Box::pin(go_on(desk, renewal, line, &period)).await
}

/// Another plan was bought; perhaps what was agreed along with that takes over in a moment.
async fn other_plan(desk: &Desk, renewal: &Renewal) -> Result<Next, Problem> {
    let all = rows::of_line(&mut desk.orders.db.read().await?, renewal.wish.line).await?;
    if all.iter().any(|other| other.state == State::Waiting) {
        return Ok(in_ms(desk, MINUTE_MS));
    }
    telling::needs_you(desk, renewal, None, Reason::OtherPlan).await
}

/// Deals with an end: follows the order that is under way, or places one.
async fn go_on(desk: &Desk, renewal: &Renewal, line: &LineRecord, period: &Period) -> Result<Next, Problem> {
    let own = own_purchase(desk, renewal, period).await?;
    if let Some(order) = period.order {
        let is_bought = own.is_some_and(|own| own.state != OrderState::AwaitingPayment);
        return following::follow(desk, renewal, period, order, is_bought).await;
    }
    match own.map(|own| own.state) {
        Some(OrderState::AwaitingPayment) => return Ok(in_ms(desk, MINUTE_MS)),
        Some(_) => return close(desk, period, PeriodState::ByHand).await,
        None => {}
    }
    let now = desk.orders.env.now();
    if now >= period.until {
        return telling::needs_you(desk, renewal, Some(period), Reason::Failed).await;
    }
    if now < period.next_at {
        return Ok(Next::At(period.next_at));
    }
    Box::pin(buying::buy(desk, renewal, line, period)).await
}

/// An end is dealt with; the next one is looked for.
pub(crate) async fn close(desk: &Desk, period: &Period, state: PeriodState) -> Result<Next, Problem> {
    in_tx!(desk.orders.db, |tx| { rows::close_period(tx, period, state).await })?;
    Ok(in_ms(desk, MINUTE_MS))
}

/// What the person bought for the line themselves since the plan that ends, paid or at the pay page.
async fn own_purchase(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
) -> Result<Option<OrderRecord>, Problem> {
    let conn = &mut desk.orders.db.read().await?;
    let ending = orders::find(conn, period.bundle).await?;
    let all = orders::of_line(conn, renewal.account, period.line, 50).await?;
    Ok(all.into_iter().filter(|order| is_instead(order, &ending)).max_by_key(|order| order.paid_at))
}

/// Whether this order does what the renewal of that one would.
fn is_instead(order: &OrderRecord, ending: &OrderRecord) -> bool {
    let counts = match order.state {
        OrderState::AwaitingPayment | OrderState::Paid | OrderState::Delivering => true,
        OrderState::Active => order.closed_at.is_none(),
        _ => false,
    };
    let by_hand = order.renewal.is_none() && order.shared_pool.is_none();
    let later = order.created_at > ending.created_at;
    counts && by_hand && later && order.terms.coverage.intersects(&ending.terms.coverage)
}
