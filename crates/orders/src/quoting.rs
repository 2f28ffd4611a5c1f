//! What a person sees before the money moves.

use basis::{Account, Currency, Id, Kind as ProblemKind, Line, Money, Order, Problem, RenewalRule, Terms};
use cards::Line as LineRecord;
use catalog::{Plan, PlanId};
use charging::PoolView;
use serde::{Deserialize, Serialize};
use store::Conn;

use crate::rules::{
    Effect, Ends, Standing, Starts, change_credit, effect_of, ends_of, frozen_terms, meets, starts_of,
};
use crate::{Desk, OrderRecord, OrderState, rows, standing};

/// How a purchase relates to a bundle that the line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Intent {
    /// As the plan's own renewal rule says.
    Buy,
    /// The same, for everyone who shares the line's pool.
    Share,
    /// Change of plan now: this bundle ends when the new one is there, and what is unused of it is credited.
    ChangeNow {
        /// The bundle's order.
        old: Id<Order>,
    },
    /// Change of plan after this bundle: the new one waits until it is used up or ends.
    ChangeAfter {
        /// The bundle's order.
        old: Id<Order>,
    },
}

impl Intent {
    /// The bundle that it is about.
    pub const fn old(self) -> Option<Id<Order>> {
        match self {
            Self::Buy | Self::Share => None,
            Self::ChangeNow { old } | Self::ChangeAfter { old } => Some(old),
        }
    }
}

/// What one would like to buy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteInput {
    /// For which line; the pool is the one that it has.
    pub line: Id<Line>,
    /// Which plan.
    pub plan: PlanId,
    /// In which currency.
    pub currency: Currency,
    /// How it relates to what is there.
    pub intent: Intent,
}

/// When money goes back, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRule {
    /// Not delivered so many milliseconds after the payment: everything goes back by itself.
    pub undelivered_after_ms: i64,
    /// Once delivered, a change of plan credits what is unused to the wallet.
    pub unused_on_change: bool,
}

/// Exactly what buying would do.
#[derive(Debug, Clone)]
pub struct Quote {
    /// The line.
    pub line: LineRecord,
    /// The plan.
    pub plan: Plan,
    /// What it costs.
    pub price: Money,
    /// The terms that the order would freeze.
    pub terms: Terms,
    /// When it starts.
    pub starts: Starts,
    /// Until when.
    pub ends: Ends,
    /// What it does to what is there.
    pub effect: Effect,
    /// For a change of plan now: what would be credited as it stands; use until then lessens it.
    pub credit: Option<Money>,
    /// It would be for everyone in the line's pool.
    pub for_everyone: bool,
    /// Lines that would draw from it, the buyer's own included.
    pub shared_with: Vec<Id<Line>>,
    /// When money goes back.
    pub refund: RefundRule,
    /// What the wallet could pay.
    pub wallet: Money,
    /// How long the price holds once the order is placed, in milliseconds.
    pub held_for_ms: i64,
}

/// Says exactly what buying a plan for a line would do.
///
/// # Errors
/// Not found for someone else's line or a plan that is not there; `order-plan-not-sold`,
/// `order-currency-not-sold`, `order-line-stopped`, `order-nothing-to-change`, `order-pool-not-shared`,
/// `order-plan-not-shareable`. Unavailable `order-line-unseen` while nobody can say what the line has.
pub async fn quote(desk: &Desk, account: Id<Account>, input: &QuoteInput) -> Result<Quote, Problem> {
    let view = look(desk, account, input.line).await?;
    quote_seen(&mut desk.db.read().await?, desk, account, input, view.as_ref()).await
}

/// What the pool of this line holds. Another node may have to be asked, so no transaction looks; `None` as well if there is
/// no such line, which the quote then says.
pub async fn look(desk: &Desk, account: Id<Account>, line: Id<Line>) -> Result<Option<PoolView>, Problem> {
    let found = cards::line(&mut desk.db.read().await?, account, line).await;
    match found {
        Ok(line) => Ok(desk.charging.view(line.pool).await),
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// The quote, given what [`look`] saw of the line's pool.
///
/// # Errors
/// Those of [`quote`].
pub async fn quote_seen(
    conn: &mut Conn,
    desk: &Desk,
    account: Id<Account>,
    input: &QuoteInput,
    view: Option<&PoolView>,
) -> Result<Quote, Problem> {
    let now = desk.env.now();
    let line = cards::line(conn, account, input.line).await?;
    let plan = catalog::plan(conn, &input.plan).await?;
    let price = sold_price(&plan, input.currency)?;
    check_seen(&line, view)?;
    if view.is_some_and(|view| standing::is_stopped(view, line.id)) {
        return Err(Problem::conflict("order-line-stopped"));
    }
    let old = match input.intent.old() {
        Some(old) => Some(changeable(conn, account, &line, view, old).await?),
        None => None,
    };
    let whose = match input.intent {
        Intent::Share => None,
        _ => Some(line.id),
    };
    if whose.is_none() {
        check_shareable(conn, &line, &plan).await?;
    }
    let there = standing::of_pool(view);
    let plan_terms = intended(&plan.terms, input.intent);
    let there: Vec<&Standing> = match input.intent {
        Intent::Buy | Intent::Share => meets(&plan_terms, whose, &there),
        Intent::ChangeNow { old } | Intent::ChangeAfter { old } => {
            there.iter().filter(|s| s.bundle == old).collect()
        }
    };
    let terms = frozen_terms(&plan_terms, &there, now);
    let starts = starts_of(&terms, &there, now);
    let credit = match (&old, input.intent) {
        (Some(old), Intent::ChangeNow { .. }) => {
            standing::unused(view, old.id).map(|unused| change_credit(old.net_paid()?, unused)).transpose()?
        }
        _ => None,
    };
    Ok(Quote {
        price,
        starts,
        ends: ends_of(&terms, starts, now),
        effect: effect_of(&terms, whose, &there),
        credit,
        for_everyone: whose.is_none(),
        shared_with: match whose {
            Some(line) => vec![line],
            None => view.iter().flat_map(|view| &view.lines).map(|member| member.line).collect(),
        },
        refund: RefundRule { undelivered_after_ms: desk.settings.deliver_within_ms, unused_on_change: true },
        wallet: ledger::wallet(conn, account, input.currency).await?.available(),
        held_for_ms: desk.settings.pay_within_ms,
        line,
        plan,
        terms,
    })
}

/// What the plan costs now, if it is sold in this currency.
pub(crate) fn sold_price(plan: &Plan, currency: Currency) -> Result<Money, Problem> {
    if !plan.on_sale {
        return Err(Problem::conflict("order-plan-not-sold"));
    }
    plan.price(currency).ok_or_else(|| Problem::invalid("order-currency-not-sold").at("currency"))
}

/// A change of plan overrides the plan's own renewal rule; and what everyone shares, nobody replaces.
fn intended(plan: &Terms, intent: Intent) -> Terms {
    let renewal = match intent {
        Intent::Share if plan.renewal == RenewalRule::Replace => RenewalRule::Add,
        Intent::Buy | Intent::Share => plan.renewal,
        Intent::ChangeNow { .. } => RenewalRule::Add,
        Intent::ChangeAfter { .. } => RenewalRule::Follow,
    };
    Terms { renewal, ..plan.clone() }
}

/// What an opened line has is seen, or nothing is quoted: to be unseen, for a moment, is not to be without a plan.
fn check_seen(line: &LineRecord, view: Option<&PoolView>) -> Result<(), Problem> {
    let is_in =
        |view: &PoolView| view.pool == line.pool && view.lines.iter().any(|member| member.line == line.id);
    if view.is_some_and(is_in) || line.opened_at.is_none() {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::Unavailable, "order-line-unseen"))
}

/// What is for everyone needs a pool that is shared, and a plan that may be.
async fn check_shareable(conn: &mut Conn, line: &LineRecord, plan: &Plan) -> Result<(), Problem> {
    if pools::shared(conn, line.pool).await?.is_none() {
        return Err(Problem::conflict("order-pool-not-shared"));
    }
    if !plan.terms.shareable {
        return Err(Problem::conflict("order-plan-not-shareable"));
    }
    Ok(())
}

/// The order whose bundle is to be changed: the buyer's own, active, still this line's own, not closed yet, nor about
/// to be by another one that is paid.
async fn changeable(
    conn: &mut Conn,
    account: Id<Account>,
    line: &LineRecord,
    view: Option<&PoolView>,
    old: Id<Order>,
) -> Result<OrderRecord, Problem> {
    let order = rows::find(conn, old).await?.filter(|o| o.account == account);
    let order = order.ok_or_else(Problem::not_found)?;
    let open = order.state == OrderState::Active && order.closed_at.is_none();
    // It may have come along from another pool, or have been given to everyone since.
    let bundle = view.and_then(|view| view.bundles.iter().find(|bundle| bundle.bundle == old));
    let own = bundle.map_or(order.pool == Some(line.pool), |bundle| bundle.line == Some(line.id));
    if !open || !own || rows::is_being_replaced(conn, &order).await? {
        return Err(Problem::conflict("order-nothing-to-change"));
    }
    Ok(order)
}
