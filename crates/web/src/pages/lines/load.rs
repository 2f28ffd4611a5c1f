//! Fetches what is known about lines: from the shop's tables, and from the charging engine's memory.

use std::collections::HashMap;

use basis::{DAY_MS, Id, Order, Problem, Terms, Timestamp};
use catalog::{Catalogue, Plan, PlanId, words};
use charging::{BundleRow, BundleState, BundleView, LineView, PoolView, SessionView};
use futures_util::future::join_all;
use orders::{Bought, OrderState};
use pools::SharedPool;
use store::Conn;
use texts::TimeZone;

use super::{
    chart::DAYS,
    facts::{Heard, LineFacts, Placed, Renewal},
    standing::{BundleNow, Limit, Phase, Slower, Standing, speaking, window_octets},
};
use crate::{App, Reader};

/// What all lines of a reader share.
pub(crate) struct Shelf<'a> {
    pub(crate) app: &'a App,
    pub(crate) reader: &'a Reader,
    pub(crate) catalogue: &'a Catalogue,
    /// What was bought for them, newest first.
    pub(crate) bought: &'a [Bought],
    /// The pools that they share.
    pub(crate) pools: &'a [SharedPool],
    plans: HashMap<Id<Order>, &'a Plan>,
}

impl<'a> Shelf<'a> {
    pub(crate) fn new(
        app: &'a App,
        reader: &'a Reader,
        catalogue: &'a Catalogue,
        bought: &'a [Bought],
        pools: &'a [SharedPool],
    ) -> Self {
        let plan = |bought: &Bought| Some((bought.id, catalogue.plan(&bought.plan)?));
        Self { app, reader, catalogue, bought, pools, plans: bought.iter().filter_map(plan).collect() }
    }

    /// What an order bought, in the reader's words.
    pub(crate) fn name(&self, id: &PlanId) -> String {
        let plan = self.catalogue.plan(id);
        plan.map_or_else(|| id.to_string(), |plan| plan.name(self.reader.texts))
    }

    /// A bundle with the name of its place.
    fn placed(&self, bundle: BundleNow) -> Placed {
        let texts = self.reader.texts;
        let place = match self.plans.get(&bundle.id) {
            Some(plan) => plan.place.name(texts),
            None => match bundle.only_country() {
                Some(country) => texts.country(country).to_owned(),
                None => texts.tf("lines-places", [("count", bundle.terms.coverage.len())]),
            },
        };
        Placed { bundle, place }
    }
}

/// These lines, the one that matters most first, and that one with its use.
pub(crate) async fn lines(shelf: &Shelf<'_>, lines: &[cards::Line]) -> Result<Vec<LineFacts>, Problem> {
    let now = shelf.app.env.now();
    let mut known: Vec<LineFacts> = join_all(lines.iter().map(|line| facts(shelf, line))).await;
    let conn = &mut shelf.app.db.read().await?;
    for (facts, line) in known.iter_mut().zip(lines) {
        recall(shelf, line, facts, conn).await?;
    }
    known.sort_by_cached_key(|line| rank(line, now));
    if let Some(first) = known.first_mut() {
        first.days = days(conn, first.id, &shelf.reader.zone, now).await?;
    }
    Ok(known)
}

/// One line as the engine and the shop know it, without its use.
pub(crate) async fn facts(shelf: &Shelf<'_>, line: &cards::Line) -> LineFacts {
    let view = shelf.app.charging.view(line.pool).await;
    let member = view.iter().flat_map(|view| &view.lines).find(|member| member.line == line.id);
    let placed = |bundle: &BundleView| shelf.placed(bundle_now(bundle, member));
    let bundles: Vec<Placed> = view.iter().flat_map(|view| &view.bundles).map(placed).collect();
    let mut facts = LineFacts {
        id: line.id,
        name: line.name(),
        has_code: line.activation_code.is_some(),
        barred: member.is_some_and(|member| member.barred),
        silent: view.is_none() && shelf.bought.iter().any(|order| was_delivered(order, line.id)),
        sharing: shelf.pools.iter().find(|pool| pool.id == line.pool).map(|pool| pool.name.clone()),
        bundles,
        session: view.as_ref().and_then(|view| heard(view, line.id)),
        days: Vec::new(),
        renewal: None,
    };
    facts.renewal = renewal(shelf, &facts);
    facts
}

/// Of a line that has nothing, what it had last, from the tables: the engine forgets what is long over.
pub(crate) async fn recall(
    shelf: &Shelf<'_>,
    line: &cards::Line,
    facts: &mut LineFacts,
    conn: &mut Conn,
) -> Result<(), Problem> {
    if facts.silent || speaking(&facts.plain(), facts.whereabouts()).is_some() {
        return Ok(());
    }
    let last = |order: &&Bought| was_delivered(order, line.id);
    let Some(last) = shelf.bought.iter().find(last) else { return Ok(()) };
    let Some(row) = charging::bundle(conn, last.id).await? else { return Ok(()) };
    let theirs = row.line.map_or(row.pool == line.pool, |own| own == line.id);
    if let Some(ended_at) = row.ended_at.filter(|_| theirs) {
        let order = orders::order(conn, line.account, last.id).await?;
        facts.bundles.push(shelf.placed(over(&row, order.terms, ended_at)));
    }
    Ok(())
}

/// A bundle of which only its row is left.
fn over(row: &BundleRow, terms: Terms, ended_at: Timestamp) -> BundleNow {
    BundleNow {
        id: row.bundle,
        line: row.line,
        total: window_octets(&terms),
        terms,
        phase: Phase::Over,
        left: 0,
        more_to_come: false,
        slower: None,
        limit: Limit::Open,
        credited_at: row.credited_at,
        ends_at: Some(ended_at),
    }
}

fn was_delivered(order: &Bought, line: Id<basis::Line>) -> bool {
    order.line == line && order.state == OrderState::Active
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
    let rank = match line.standing(now) {
        Standing::Low | Standing::EndsSoon | Standing::Active | Standing::Slower | Standing::UsedUpToday => 0,
        Standing::UsedUp | Standing::AtCap | Standing::Paused | Standing::Unknown => 1,
        Standing::Waiting => 2,
        Standing::NoPlan => 3,
        Standing::Over => 4,
        Standing::Barred => 5,
    };
    (line.session.is_none(), rank)
}

fn heard(view: &PoolView, line: Id<basis::Line>) -> Option<Heard> {
    let ours = view.sessions.iter().filter(|session| session.line == line);
    let last = ours.max_by_key(|session: &&SessionView| session.heard_at)?;
    Some(Heard { at: last.heard_at, country: last.country })
}

fn bundle_now(view: &BundleView, member: Option<&LineView>) -> BundleNow {
    let phase = match view.state {
        BundleState::Waiting => Phase::Waiting,
        BundleState::Active | BundleState::UsedUp => Phase::Active,
        BundleState::Ended | BundleState::Closed => Phase::Over,
    };
    let window = window_octets(&view.terms);
    let left = match (view.window, phase) {
        (Some(window), _) => window.remaining.octets(),
        (None, Phase::Waiting) => window,
        (None, _) => view.remaining.octets(),
    };
    let more_to_come = view.remaining.octets() > left;
    let (limit, left) = limited(view, member, left);
    let slower = member.and_then(|member| member.slower).filter(|slower| slower.bundle == view.bundle);
    BundleNow {
        id: view.bundle,
        line: view.line,
        terms: view.terms.clone(),
        phase,
        left,
        total: window,
        more_to_come,
        slower: slower.map(|slower| Slower { until: slower.full_speed_at }),
        limit,
        credited_at: view.credited_at,
        ends_at: if phase == Phase::Waiting { view.activate_by } else { view.ends_at },
    }
}

/// Of what is everyone's a line gets what its pool's managers allow.
fn limited(view: &BundleView, member: Option<&LineView>, left: u64) -> (Limit, u64) {
    let Some(member) = member.filter(|_| view.line.is_none()) else { return (Limit::Open, left) };
    let caps = [member.per_day, member.per_30_days, member.in_all].into_iter().flatten();
    let room = caps.map(|cap| cap.cap.octets().saturating_sub(cap.used.octets())).min();
    match room.filter(|room| *room < left) {
        _ if member.paused => (Limit::Paused, 0),
        Some(room) => (Limit::Capped, room),
        None => (Limit::Open, left),
    }
}

/// The plan that speaks for the line, or else the one it had last, if it is still sold.
fn renewal(shelf: &Shelf<'_>, facts: &LineFacts) -> Option<Renewal> {
    let bundles = facts.plain();
    let speaking = speaking(&bundles, facts.whereabouts());
    let speaks = speaking.map(|bundle| bundle.id);
    let is_last = |order: &&Bought| was_delivered(order, facts.id);
    let order = speaks.or_else(|| Some(shelf.bought.iter().find(is_last)?.id))?;
    let plan = shelf.plans.get(&order).filter(|plan| plan.on_sale)?;
    let price = plan.price(shelf.catalogue.currency_for(shelf.reader.currency))?;
    let amount = words::data(&plan.terms.allowance, shelf.reader.texts);
    let is_shared = facts.sharing.is_some() && speaking.is_some_and(|bundle| bundle.line.is_none());
    let whom = if is_shared { "&change=share" } else { "" };
    Some(Renewal { path: format!("/checkout?plan={}&line={}{whom}", plan.id, facts.id), amount, price })
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
