//! Agreeing, and taking it back.

use basis::{Account, Env, Id, Kind, Order, Problem, Renewal as RenewalKind, Timestamp};
use catalog::PlanId;
use charging::{BundleState, BundleView};
use serde_json::json;
use store::audit::{self, Entry};
use store::jobs::{self, NewJob};
use store::{Conn, in_tx};

use crate::rules::{self, Due, Renewal, Rest, State, When, Wish};
use crate::{Desk, LOOK, following, looking, rows, telling};

/// Agrees that a line's plan renews by itself, as the wish says; what was agreed for the line before is over.
///
/// # Errors
/// Not found for someone else's line or saved method; conflicts `order-price-changed` (the price is not what was
/// shown), `order-plan-not-sold`, `renewals-nothing` (the line has no such plan to be renewed); invalid `renewals-when`,
/// `renewals-unpaid` (nothing would pay); unavailable while nobody can say what the line has.
pub async fn turn_on(desk: &Desk, account: Id<Account>, wish: Wish) -> Result<Renewal, Problem> {
    let wish = check(desk, account, wish).await?;
    let env = &desk.orders.env;
    let renewal = agreed(env, account, wish, None);
    let before = in_tx!(desk.orders.db, |tx| {
        let before = end_all(tx, env, renewal.wish.line).await?;
        begin(tx, desk, &renewal).await?;
        if let Some(named) = renewal.wish.rest.saved() {
            payments::name_anew(tx, account, named).await?;
        }
        give_up_methods(tx, env, &before).await?;
        Ok(before)
    })?;
    following::wind_up_all(desk, &before).await?;
    Ok(renewal)
}

/// What is agreed to now.
pub(crate) fn agreed(env: &Env, account: Id<Account>, wish: Wish, first_order: Option<Id<Order>>) -> Renewal {
    Renewal {
        id: env.new_id(),
        account,
        wish,
        first_order,
        state: if first_order.is_some() { State::Waiting } else { State::On },
        reason: None,
        agreed_at: env.now(),
        off_at: None,
    }
}

/// Ends what was agreed for a line, and answers what that was.
async fn end_all(tx: &mut Conn, env: &Env, line: Id<basis::Line>) -> Result<Vec<Renewal>, Problem> {
    let all = rows::of_line(tx, line).await?;
    for renewal in &all {
        end(tx, env, renewal, "account").await?;
    }
    Ok(all)
}

/// Writes down what is agreed to.
pub(crate) async fn begin(tx: &mut Conn, desk: &Desk, renewal: &Renewal) -> Result<(), Problem> {
    let env = &desk.orders.env;
    if !rows::insert(tx, renewal).await? {
        return Err(Problem::new(Kind::Unavailable, store::RETRY_KEY));
    }
    let wish = &renewal.wish;
    let detail = json!({
        "line": wish.line, "plan": wish.plan.to_string(), "price": wish.price, "days_left": wish.when.days_left,
        "percent_left": wish.when.percent_left, "wallet_first": wish.wallet_first, "rest": wish.rest.word(),
        "saved": wish.rest.saved(), "first_order": renewal.first_order,
    });
    let (actor, subject) = (format!("account:{}", renewal.account), renewal.id.to_string());
    audit::record(tx, env, Entry { actor: &actor, action: "renewal.on", subject: &subject, detail }).await?;
    if renewal.state == State::On {
        telling::is_on(tx, desk, renewal).await?;
    }
    queue(tx, env, renewal.id).await
}

/// Queues a look at a consent now.
pub(crate) async fn queue(tx: &mut Conn, env: &Env, id: Id<RenewalKind>) -> Result<(), Problem> {
    let job = NewJob { kind: LOOK, key: id.to_string(), payload: &id, run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

async fn check(desk: &Desk, account: Id<Account>, wish: Wish) -> Result<Wish, Problem> {
    let conn = &mut desk.orders.db.read().await?;
    let line = cards::line(conn, account, wish.line).await?;
    let plan = catalog::plan(conn, &wish.plan).await?;
    if !plan.on_sale {
        return Err(Problem::conflict("order-plan-not-sold"));
    }
    if plan.price(wish.price.currency) != Some(wish.price) {
        return Err(Problem::conflict("order-price-changed"));
    }
    match wish.rest {
        Rest::Nothing if !wish.wallet_first => return Err(Problem::invalid("renewals-unpaid")),
        Rest::Saved(Some(id)) => {
            let kept = payments::saved_methods(conn, account).await?;
            kept.iter().find(|method| method.id == id).ok_or_else(Problem::not_found)?;
        }
        Rest::Nothing | Rest::Saved(None) | Rest::Link => {}
    }
    let wish = Wish { when: wish.when.checked(&plan.terms)?, ..wish };
    check_there(desk, &line, &wish, &plan.terms.coverage).await?;
    Ok(wish)
}

/// What of a line can be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewable {
    /// The plan of its own that came last.
    pub plan: PlanId,
    /// When it is due at the latest, as agreed or else as usual; `None` before its first use.
    pub due_by: Option<Timestamp>,
}

/// The plan of a line's own that came last, if there is anything left of it to renew, `when` it was agreed.
///
/// # Errors
/// If the database fails. While nobody can say what the line has, nothing is there.
pub async fn renewable(
    desk: &Desk,
    account: Id<Account>,
    line: &cards::Line,
    when: Option<When>,
) -> Result<Option<Renewable>, Problem> {
    let Ok(view) = looking::view(desk, line).await else { return Ok(None) };
    let lives = |b: &&BundleView| b.line == Some(line.id) && b.state != BundleState::Closed;
    let newest = view.bundles.iter().filter(lives).max_by_key(|b| (b.credited_at, b.bundle));
    let Some(newest) = newest else { return Ok(None) };
    let conn = &mut desk.orders.db.read().await?;
    let order = match orders::order(conn, account, newest.bundle).await {
        // Someone else bought it.
        Err(problem) if problem.kind == Kind::NotFound => return Ok(None),
        order => order?,
    };
    let now = desk.orders.env.now();
    let when = when.unwrap_or_else(|| When::usual(&order.terms));
    let due = rules::due(when, line.id, &order.terms.coverage, &view.bundles, now);
    let due_by = newest.ends_at.map(|end| end.plus_ms(-when.lead_ms(&order.terms)));
    Ok((due != Due::Missed).then_some(Renewable { plan: order.plan, due_by }))
}

/// There is such a plan, and it is the line's newest.
async fn check_there(
    desk: &Desk,
    line: &cards::Line,
    wish: &Wish,
    places: &basis::CountrySet,
) -> Result<(), Problem> {
    let view = looking::view(desk, line).await?;
    let nothing = || Problem::conflict("renewals-nothing");
    if looking::due_of(wish, places, &view, desk.orders.env.now()) == Due::Missed {
        return Err(nothing());
    }
    let newest = looking::newest(line.id, places, &view).ok_or_else(nothing)?;
    let order = orders::find(&mut desk.orders.db.read().await?, newest).await?;
    if order.plan == wish.plan { Ok(()) } else { Err(nothing()) }
}

/// Turns a line's renewal off; an order of it that is not paid yet is called off, and a method that was kept for it alone is
/// removed. It is off already: nothing changes.
///
/// # Errors
/// Not found for someone else's line.
pub async fn turn_off(desk: &Desk, account: Id<Account>, line: Id<basis::Line>) -> Result<(), Problem> {
    let ended = in_tx!(desk.orders.db, |tx| {
        cards::line(tx, account, line).await?;
        let ended = end_all(tx, &desk.orders.env, line).await?;
        give_up_methods(tx, &desk.orders.env, &ended).await?;
        Ok(ended)
    })?;
    following::wind_up_all(desk, &ended).await
}

/// Kept methods that these consents rested on, and no other does, are not kept any longer: there is nothing to charge them for.
pub(crate) async fn give_up_methods(tx: &mut Conn, env: &Env, ended: &[Renewal]) -> Result<(), Problem> {
    for (renewal, saved) in ended.iter().filter_map(|ended| Some((ended, ended.wish.rest.saved()?))) {
        if rows::is_relied_on(tx, saved).await? {
            continue;
        }
        match payments::remove_saved(tx, env, renewal.account, saved).await {
            // Its owner removed it before.
            Err(problem) if problem.kind == Kind::NotFound => {}
            removed => removed?,
        }
    }
    Ok(())
}

/// Ends a consent; the look that is queued calls off what it left unpaid, should nobody else do.
pub(crate) async fn end(tx: &mut Conn, env: &Env, renewal: &Renewal, by: &str) -> Result<(), Problem> {
    if !rows::set_off(tx, renewal.id, env.now()).await? {
        return Ok(());
    }
    let actor = if by == "account" { format!("account:{}", renewal.account) } else { by.to_owned() };
    let subject = renewal.id.to_string();
    audit::record(tx, env, Entry { actor: &actor, action: "renewal.off", subject: &subject, detail: () })
        .await?;
    queue(tx, env, renewal.id).await
}
