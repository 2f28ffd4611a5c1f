//! One try: an order for an end, exactly as agreed.

use basis::{DAY_MS, HOUR_MS, Id, Kind, MINUTE_MS, Problem, RenewalRule, SavedMethod as SavedKind};
use cards::Line as LineRecord;
use charging::{BundleState, PoolView};
use orders::{Intent, OrderRecord, OrderState, PayWith, PayerView, PlaceInput, Quote, QuoteInput, Renewing};
use payments::SavedMethod;
use store::jobs::Next;
use store::{Conn, in_tx};
use texts::Texts;

use crate::rows::{self, Period};
use crate::rules::{self, PURCHASES_MAX, PeriodState, Reason, Renewal, Rest, Split};
use crate::{Desk, following, looking, telling};

/// An automatic order can be paid for so long; a bank that wants its customer waits until then.
const PAY_WITHIN_MS: i64 = 23 * HOUR_MS;

/// Buys the plan again, or says why not.
pub(crate) async fn buy(
    desk: &Desk,
    renewal: &Renewal,
    line: &LineRecord,
    period: &Period,
) -> Result<Next, Problem> {
    let seen = looking::view(desk, line).await?;
    let quote = match quote(desk, renewal, period, &seen).await {
        Ok(quote) => quote,
        Err(problem) => return refused(desk, renewal, period, problem).await,
    };
    if quote.price.minor > renewal.wish.price.minor {
        return telling::needs_you(desk, renewal, Some(period), Reason::PriceRose).await;
    }
    let Some(split) = rules::split(&renewal.wish, quote.price, quote.wallet)? else {
        return match renewal.wish.rest {
            Rest::Link => ask(desk, renewal, period, &quote).await,
            Rest::Nothing | Rest::Saved(_) => following::too_little(desk, renewal, period, &quote).await,
        };
    };
    let saved = if split.rest.is_positive() { saved(desk, renewal).await? } else { None };
    if split.rest.is_positive() && saved.is_none() {
        return match renewal.wish.rest {
            // The first order was paid in a way that cannot be kept.
            Rest::Saved(None) => ask(desk, renewal, period, &quote).await,
            _ => telling::needs_you(desk, renewal, Some(period), Reason::MethodGone).await,
        };
    }
    if saved.as_ref().is_some_and(|saved| saved.refused_at.is_some()) {
        return telling::needs_you(desk, renewal, Some(period), Reason::Declined).await;
    }
    place(desk, renewal, period, &Purchase { quote, split, saved, seen }).await
}

async fn quote(desk: &Desk, renewal: &Renewal, period: &Period, seen: &PoolView) -> Result<Quote, Problem> {
    let wish = &renewal.wish;
    let conn = &mut desk.orders.db.read().await?;
    let plan = catalog::plan(conn, &wish.plan).await?;
    let asked = QuoteInput {
        line: wish.line,
        plan: wish.plan.clone(),
        currency: wish.price.currency,
        intent: intent(plan.terms.renewal, period, seen),
    };
    orders::quote_seen(conn, &desk.orders, renewal.account, &asked, Some(seen)).await
}

/// A plan that would replace what is there follows it instead, so that nothing that was paid for is cut short.
fn intent(rule: RenewalRule, period: &Period, seen: &PoolView) -> Intent {
    let lives = |state| matches!(state, BundleState::Waiting | BundleState::Active);
    let ending = seen.bundles.iter().find(|bundle| bundle.bundle == period.bundle);
    if rule == RenewalRule::Replace && ending.is_some_and(|bundle| lives(bundle.state)) {
        return Intent::ChangeAfter { old: period.bundle };
    }
    Intent::Buy
}

async fn refused(desk: &Desk, renewal: &Renewal, period: &Period, problem: Problem) -> Result<Next, Problem> {
    match problem.key {
        "order-plan-not-sold" | "order-currency-not-sold" => {
            telling::needs_you(desk, renewal, Some(period), Reason::NotSold).await
        }
        _ if problem.kind == Kind::NotFound => {
            telling::needs_you(desk, renewal, Some(period), Reason::NotSold).await
        }
        // Stopped by an operator, or just being changed: perhaps not for long.
        _ if problem.kind == Kind::Conflict => Ok(looking::in_ms(desk, HOUR_MS)),
        _ => Err(problem),
    }
}

/// For a method that nobody can charge without its owner: a reminder with a link, once.
async fn ask(desk: &Desk, renewal: &Renewal, period: &Period, quote: &Quote) -> Result<Next, Problem> {
    in_tx!(desk.orders.db, |tx| {
        if rows::close_period(tx, period, PeriodState::Asked).await? {
            telling::ask(tx, desk, renewal, quote.price, period.until).await?;
        }
        Ok(())
    })?;
    Ok(looking::in_ms(desk, HOUR_MS))
}

/// The kept method that pays, if its owner still lets us; one that was refused for good is not charged. The one that the first order was paid with is named from now on.
pub(crate) async fn saved(desk: &Desk, renewal: &Renewal) -> Result<Option<SavedMethod>, Problem> {
    let conn = &mut desk.orders.db.read().await?;
    let kept = payments::saved_methods(conn, renewal.account).await?;
    let Rest::Saved(named) = renewal.wish.rest else { return Ok(None) };
    if let Some(named) = named {
        return Ok(kept.into_iter().find(|method| method.id == named));
    }
    let Some(first) = renewal.first_order else { return Ok(None) };
    let paid_by = payments::of_order(conn, first).await?;
    let is_theirs = |method: &SavedMethod| {
        paid_by
            .iter()
            .any(|p| p.captured.is_positive() && p.provider == method.provider && p.method == method.method)
    };
    let found = kept.into_iter().find(is_theirs);
    if let Some(found) = &found {
        pin(desk, renewal, found.id).await?;
    }
    Ok(found)
}

async fn pin(desk: &Desk, renewal: &Renewal, saved: Id<SavedKind>) -> Result<(), Problem> {
    in_tx!(desk.orders.db, |tx| { rows::set_saved(tx, renewal.id, saved).await })
}

struct Purchase {
    quote: Quote,
    split: Split,
    saved: Option<SavedMethod>,
    seen: PoolView,
}

/// What became of the one transaction that may place an order.
enum Outcome {
    Placed(Box<OrderRecord>),
    TooMany,
    /// It was turned off meanwhile, or another try came first.
    NotNow,
}

async fn place(
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    purchase: &Purchase,
) -> Result<Next, Problem> {
    let view = payer_view(desk, renewal, purchase).await?;
    let renewing = renewing(desk, renewal, period, purchase);
    let outcome = in_tx!(desk.orders.db, |tx| {
        place_in(tx, desk, renewal, period, &renewing, purchase, &view).await
    });
    match outcome {
        Ok(Outcome::Placed(order)) => {
            desk.orders.tell(&order, order.state);
            let period =
                Period { tries: period.tries.saturating_add(1), order: Some(order.id), ..period.clone() };
            match (order.state, &purchase.saved) {
                (OrderState::AwaitingPayment, Some(saved)) => {
                    following::charge(desk, renewal, &period, &order, saved).await
                }
                _ => Ok(looking::in_ms(desk, 0)),
            }
        }
        Ok(Outcome::TooMany) => telling::needs_you(desk, renewal, Some(period), Reason::TooMany).await,
        Ok(Outcome::NotNow) => Ok(looking::in_ms(desk, MINUTE_MS)),
        // Spent, or another price, a moment ago: once more from the start.
        Err(problem) if problem.kind == Kind::Conflict => Ok(looking::in_ms(desk, MINUTE_MS)),
        Err(problem) if problem.key.starts_with("payments-method") => {
            tracing::info!(id = %renewal.id, %problem, "the kept method cannot pay this");
            telling::needs_you(desk, renewal, Some(period), Reason::MethodGone).await
        }
        Err(problem) => Err(problem),
    }
}

fn renewing(desk: &Desk, renewal: &Renewal, period: &Period, purchase: &Purchase) -> Renewing {
    let (quote, split) = (&purchase.quote, purchase.split);
    let pay_with = purchase.saved.as_ref().map(|saved| PayWith {
        provider: saved.provider.clone(),
        method: saved.method,
        keep: false,
    });
    let input = PlaceInput {
        line: renewal.wish.line,
        plan: renewal.wish.plan.clone(),
        price: quote.price,
        wallet: split.wallet,
        pay_with,
        intent: intent(quote.plan.terms.renewal, period, &purchase.seen),
    };
    let expires_at = desk.orders.env.now().plus_ms(PAY_WITHIN_MS);
    Renewing { renewal: renewal.id, input, expires_at }
}

async fn payer_view(desk: &Desk, renewal: &Renewal, purchase: &Purchase) -> Result<PayerView, Problem> {
    let account = accounts::account(&mut desk.orders.db.read().await?, renewal.account).await?;
    let name = purchase.quote.plan.name(Texts::of(account.language));
    Ok(PayerView {
        description: format!("{} · {name}", desk.brand),
        language: account.language,
        orders_url: desk.orders_url.clone(),
    })
}

async fn place_in(
    tx: &mut Conn,
    desk: &Desk,
    renewal: &Renewal,
    period: &Period,
    renewing: &Renewing,
    purchase: &Purchase,
    view: &PayerView,
) -> Result<Outcome, Problem> {
    let now = desk.orders.env.now();
    if !rows::hold_on(tx, renewal.id, now).await? {
        return Ok(Outcome::NotNow);
    }
    if rows::count_orders(tx, renewal.account, now.plus_ms(-DAY_MS)).await? >= PURCHASES_MAX {
        return Ok(Outcome::TooMany);
    }
    let seen = Some(&purchase.seen);
    let (_, order) = orders::renew(tx, &desk.orders, renewal.account, renewing, seen, view).await?;
    if !rows::count_try(tx, period, Some(order.id)).await? {
        return Err(taken());
    }
    rows::keep_order(tx, renewal, period, order.id, now).await?;
    Ok(Outcome::Placed(Box::new(order)))
}

/// Another try has the slot: the whole transaction is taken back.
const fn taken() -> Problem {
    Problem::conflict("renewals-taken")
}
