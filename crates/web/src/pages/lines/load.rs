//! Fetches what is known about lines: from the shop's tables, and from the charging engine's memory.

use std::collections::HashMap;

use basis::{Account, DAY_MS, Id, Money, Order, Problem, Terms, Timestamp};
use catalog::{Catalogue, PlanId};
use charging::{BundleState, BundleView, PoolView, SessionView};
use orders::OrderState;
use store::Conn;
use texts::TimeZone;

use super::{
    chart::DAYS,
    facts::{Heard, LineFacts, Placed, Renewal},
    standing::{BundleNow, Phase, Standing, speaking, standing},
};
use crate::{App, Reader};

/// Which plan an order bought.
pub(crate) type Plans = HashMap<Id<Order>, PlanId>;

/// What all lines of a reader share.
pub(crate) struct Shelf<'a> {
    pub(crate) app: &'a App,
    pub(crate) reader: &'a Reader,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) plans: &'a Plans,
}

/// All lines of an account, the one that matters most first, and that one with its use.
pub(crate) async fn lines(
    app: &App,
    reader: &Reader,
    account: Id<Account>,
) -> Result<Vec<LineFacts>, Problem> {
    let mut conn = app.db.read().await?;
    let catalogue = catalog::read(&mut conn).await?;
    let plans = plans_of(&mut conn, account).await?;
    let shelf = Shelf { app, reader, catalogue: &catalogue, plans: &plans };
    let now = app.env.now();
    let lines = cards::lines_of(&mut conn, account).await?;
    let mut lines: Vec<LineFacts> = lines.iter().map(|line| facts(&shelf, line)).collect();
    lines.sort_by_key(|line| rank(line, now));
    if let Some(first) = lines.first_mut() {
        first.days = days(&mut conn, first.id, &reader.zone, now).await?;
    }
    Ok(lines)
}

/// One line as the engine and the shop know it, without its use.
pub(crate) fn facts(shelf: &Shelf<'_>, line: &cards::Line) -> LineFacts {
    let view = shelf.app.charging.view(line.pool);
    let placed = |bundle: &BundleView| placed(shelf, bundle);
    let bundles: Vec<Placed> = view.iter().flat_map(|view| &view.bundles).map(placed).collect();
    let mut facts = LineFacts {
        id: line.id,
        name: line.name(),
        has_code: line.activation_code.is_some(),
        barred: view.as_ref().is_some_and(|view| is_barred(view, line.id)),
        bundles,
        session: view.as_ref().and_then(|view| heard(view, line.id)),
        days: Vec::new(),
        renewal: None,
    };
    facts.renewal = renewal(shelf, &facts);
    facts
}

/// Octets used on each of the last days in the reader's zone, today last.
pub(crate) async fn days(
    conn: &mut Conn,
    line: Id<basis::Line>,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<u64>, Problem> {
    let offset_ms = offset_ms(zone, now);
    let first = day_start(now, offset_ms).plus_ms(-DAY_MS * (i64::try_from(DAYS).unwrap_or(1) - 1));
    let rows = charging::usage_by_day(conn, line, first, now.plus_ms(DAY_MS), offset_ms).await?;
    let mut days = vec![0_u64; DAYS];
    for row in rows {
        let place = usize::try_from(row.day.since(first) / DAY_MS).unwrap_or(DAYS);
        if let Some(day) = days.get_mut(place) {
            *day = day.saturating_add(row.octets.octets());
        }
    }
    Ok(days)
}

/// The first moment of the day, in a zone that is so far ahead of UTC.
pub(crate) fn day_start(now: Timestamp, offset_ms: i64) -> Timestamp {
    let local = now.plus_ms(offset_ms).as_ms();
    Timestamp(local - local.rem_euclid(DAY_MS)).plus_ms(-offset_ms)
}

/// How far a zone is ahead of UTC at this moment.
pub(crate) fn offset_ms(zone: &TimeZone, at: Timestamp) -> i64 {
    let instant = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    i64::from(zone.to_offset(instant).seconds()).saturating_mul(basis::SECOND_MS)
}

/// What is in use comes first, then what can be used, then the rest; in each the oldest.
fn rank(line: &LineFacts, now: Timestamp) -> (bool, u8) {
    let state = standing(&line.plain(), line.id, line.barred, now);
    let rank = match state {
        Standing::Low | Standing::EndsSoon | Standing::Active | Standing::UsedUpToday => 0,
        Standing::UsedUp => 1,
        Standing::Waiting => 2,
        Standing::NoPlan => 3,
        Standing::Over => 4,
        Standing::Barred => 5,
    };
    (line.session.is_none(), rank)
}

fn is_barred(view: &PoolView, line: Id<basis::Line>) -> bool {
    view.lines.iter().any(|member| member.line == line && member.barred)
}

fn heard(view: &PoolView, line: Id<basis::Line>) -> Option<Heard> {
    let ours = view.sessions.iter().filter(|session| session.line == line);
    let last = ours.max_by_key(|session: &&SessionView| session.heard_at)?;
    Some(Heard { at: last.heard_at, country: last.country })
}

fn placed(shelf: &Shelf<'_>, view: &BundleView) -> Placed {
    let bundle = bundle_now(view);
    let plan = shelf.plans.get(&bundle.id).and_then(|id| shelf.catalogue.plan(id));
    let texts = shelf.reader.texts;
    let place = match (plan, bundle.only_country()) {
        (Some(plan), _) => plan.place.name(texts),
        (None, Some(country)) => texts.country(country).to_owned(),
        (None, None) => texts.tf("lines-places", [("count", bundle.terms.coverage.len())]),
    };
    Placed { bundle, place }
}

fn bundle_now(view: &BundleView) -> BundleNow {
    let phase = match view.state {
        BundleState::Waiting => Phase::Waiting,
        BundleState::Active | BundleState::UsedUp => Phase::Active,
        BundleState::Ended | BundleState::Closed => Phase::Over,
    };
    let window = super::standing::window_octets(&view.terms);
    let left = match (view.window, phase) {
        (Some(window), _) => window.remaining.octets(),
        (None, Phase::Waiting) => window,
        (None, _) => view.remaining.octets(),
    };
    BundleNow {
        id: view.bundle,
        line: view.line,
        terms: view.terms.clone(),
        phase,
        left,
        total: window,
        more_to_come: view.remaining.octets() > left,
        credited_at: view.credited_at,
        ends_at: if phase == Phase::Waiting { view.activate_by } else { view.ends_at },
    }
}

/// The plan that speaks for the line, if it is still sold.
fn renewal(shelf: &Shelf<'_>, facts: &LineFacts) -> Option<Renewal> {
    let bundles = facts.plain();
    let plan = shelf.catalogue.plan(shelf.plans.get(&speaking(&bundles, facts.id)?.id)?)?;
    let price = plan.price(shelf.catalogue.currency_for(shelf.reader.currency))?;
    let path = format!("/checkout?plan={}&line={}", plan.id, facts.id);
    plan.on_sale.then_some(Renewal { path, price })
}

/// An order of a line, as its history shows it.
#[derive(Debug, Clone)]
pub(crate) struct Bought {
    pub(crate) id: Id<Order>,
    pub(crate) plan: PlanId,
    pub(crate) terms: Terms,
    pub(crate) price: Money,
    pub(crate) state: OrderState,
    pub(crate) placed_at: Timestamp,
}

/// A line's page shows so many orders; all are under /orders.
const HISTORY_MAX: u32 = 20;
/// Bundles live a year at most, so the plans of so many orders are enough.
const PLANS_MAX: u32 = 500;

/// What an account bought for a line, newest first.
pub(crate) async fn bought(
    conn: &mut Conn,
    account: Id<Account>,
    line: Id<basis::Line>,
) -> Result<Vec<Bought>, Problem> {
    let found = orders::of_line(conn, account, line, HISTORY_MAX).await?;
    let bought = found.into_iter().map(|order| Bought {
        id: order.id,
        plan: order.plan,
        terms: order.terms,
        price: order.price,
        state: order.state,
        placed_at: order.created_at,
    });
    Ok(bought.collect())
}

/// The plans that an account's orders bought.
async fn plans_of(conn: &mut Conn, account: Id<Account>) -> Result<Plans, Problem> {
    let found = orders::history(conn, account, Timestamp(i64::MAX), PLANS_MAX).await?;
    Ok(found.into_iter().map(|order| (order.id, order.plan)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_the_readers_midnight() {
        let zone = texts::time_zone("Asia/Shanghai").unwrap();
        let evening_utc = Timestamp(20 * DAY_MS + 17 * basis::HOUR_MS);
        assert_eq!(offset_ms(&zone, evening_utc), 8 * basis::HOUR_MS);
        assert_eq!(day_start(evening_utc, 8 * basis::HOUR_MS), Timestamp(20 * DAY_MS + 16 * basis::HOUR_MS));
        assert_eq!(day_start(Timestamp(0), 0), Timestamp(0));
    }
}
