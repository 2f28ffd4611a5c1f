//! Everyone's books side by side: the shop's, each provider's, the meter's and the gateway's.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use basis::{Env, Id, Timestamp};
use paysim::BookTotals;
use proof::{providers::WAYS, report::Report, world::World};
use store::Db;

use crate::shop::{Shop, Stories, kept, kept_of, payments, price, state, was_delivered};

/// Of so many delivered orders each provider has at least one part in so many.
const LEAST_PART: usize = 10;

pub(crate) async fn compare(
    wanted: usize,
    world: &World,
    database: &str,
    shop: &Shop,
    (stories, books): (&Stories, &BookTotals),
    report: &mut Report,
) -> Result<()> {
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for story in stories.values() {
        *states.entry(state(story)).or_default() += 1;
    }
    let delivered = stories.values().filter(|story| was_delivered(story)).count();
    report.check("delivered orders", delivered >= wanted, format!("{delivered} of {states:?}"));
    report.none("the providers' books against the orders", &against_paysim(stories, books));
    let db = Db::open(database, &Env::system()).await?;
    against_providers(&db, wanted, shop, (stories, books), report).await?;
    report.none("bundles against the orders", &against_bundles(&db, stories).await?);
    report.none("the gateway's books against the meter", &against_netsim(&db, world, shop).await?);
    Ok(())
}

/// What the providers kept of each order must be the price of a delivered one, and nothing of any other.
fn against_paysim(stories: &Stories, books: &BookTotals) -> Vec<String> {
    let kept = kept(books);
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (order, story) in stories {
        let of_order = kept_of(story, &kept);
        let due = if state(story) == "active" { price(story) } else { 0 };
        if of_order != due {
            faults.push(format!("{order} is {}: {of_order} was kept, not {due}", state(story)));
        }
        seen.extend(payments(story));
    }
    let strangers = kept.iter().filter(|(reference, kept)| **kept != 0 && !seen.contains(**reference));
    faults.extend(strangers.map(|(reference, kept)| format!("{reference}: {kept} kept for no order")));
    faults
}

/// What a provider took and gave back in one currency, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    taken: i64,
    returned: i64,
}

/// By provider and currency.
type ByProvider = BTreeMap<(String, String), Sums>;

/// Each provider's own books against what our ledger says of it.
async fn against_providers(
    db: &Db,
    wanted: usize,
    shop: &Shop,
    (stories, books): (&Stories, &BookTotals),
    report: &mut Report,
) -> Result<()> {
    let (theirs, ours) = (theirs(books), ours(db).await?);
    let both = || theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>();
    let purchases = shop.purchases().clone();
    for way in &WAYS {
        let of_way = |order: &&String| purchases.get(*order).is_some_and(|one| one.way == way);
        let delivered = stories.iter().filter(|(order, story)| of_way(order) && was_delivered(story)).count();
        let what = format!("delivered orders paid at {}", way.provider);
        report.check(&what, delivered >= wanted / LEAST_PART, delivered);
    }
    for book in both() {
        let of = |books: &ByProvider| books.get(book).copied().unwrap_or_default();
        let (Sums { taken, returned }, same) = (of(&theirs), of(&theirs) == of(&ours));
        let found = format!("{taken} taken, {returned} returned, in minor units");
        let found = if same { found } else { format!("{found}; our ledger has {:?}", of(&ours)) };
        let (provider, currency) = book;
        report.check(&format!("{provider}'s books are our ledger's, {currency}"), same, found);
    }
    Ok(())
}

fn theirs(books: &BookTotals) -> ByProvider {
    let mut sums = ByProvider::new();
    for line in books.payments.iter().filter(|line| line.captures > 0) {
        let of_book = sums.entry((line.face.clone(), line.currency.code().to_owned())).or_default();
        of_book.taken += line.captured_minor;
        of_book.returned += line.refunded_minor;
    }
    sums
}

/// Without what providers keep for their service and send to our bank.
async fn ours(db: &Db) -> Result<ByProvider> {
    let rows = store::sql!(
        "SELECT book, currency, CAST(SUM(taken) AS BIGINT) AS taken, CAST(SUM(returned) AS BIGINT) AS returned \
         FROM (SELECT debit AS book, kind, currency, amount_minor AS taken, 0 AS returned FROM ledger_transfer \
             WHERE phase = 'posted' \
           UNION ALL SELECT credit, kind, currency, 0, amount_minor FROM ledger_transfer WHERE phase = 'posted') AS both_sides \
         WHERE kind NOT IN ('provider_fee', 'payout', 'exchange') GROUP BY book, currency"
    );
    let mut sums = ByProvider::new();
    for row in rows.all(&mut db.read().await?).await? {
        let (book, currency): (String, String) = (row.get("book")?, row.get("currency")?);
        let Some(provider) = book.strip_prefix("clearing:") else { continue };
        let of_book = Sums { taken: row.get("taken")?, returned: row.get("returned")? };
        sums.insert((provider.to_owned(), currency), of_book);
    }
    Ok(sums)
}

/// Each delivered order has its one bundle, also if it was given back, and no other order has one.
async fn against_bundles(db: &Db, stories: &Stories) -> Result<Vec<String>> {
    let mut conn = db.read().await?;
    let mut bundles = BTreeSet::new();
    let mut last = String::new();
    loop {
        let page = charging::delivered_after(&mut conn, &last, 500).await?;
        bundles.extend(page.iter().map(ToString::to_string));
        let Some(bundle) = page.last() else { break };
        last = bundle.to_string();
    }
    let delivered = stories.iter().filter(|(_, story)| was_delivered(story));
    let delivered: BTreeSet<String> = delivered.map(|(order, _)| order.clone()).collect();
    let missing =
        delivered.difference(&bundles).map(|order| format!("{order} was delivered and has no bundle"));
    let extra =
        bundles.difference(&delivered).map(|bundle| format!("{bundle} has a bundle and was not delivered"));
    Ok(missing.chain(extra).collect())
}

/// Each octet whose report was acknowledged is debited once; one that was never answered, at most once.
async fn against_netsim(db: &Db, world: &World, shop: &Shop) -> Result<Vec<String>> {
    let sums = netsim::books::read(&world.path("netsim.books")).context("the gateway kept no books")?;
    let mut conn = db.read().await?;
    let mut metered = 0_u64;
    for (_, line) in &shop.lines {
        let id: Id<basis::Line> = line.id.parse()?;
        let far = Timestamp(i64::MAX / 2);
        let days = charging::usage_by_day(&mut conn, id, Timestamp(0), far, 0).await?;
        metered += days.iter().map(|day| day.octets.0).sum::<u64>();
    }
    let acknowledged: u64 = sums.values().map(|sum| sum.answered).sum();
    let in_doubt: u64 = sums.values().map(|sum| sum.in_doubt).sum();
    let holds = (acknowledged..=acknowledged + in_doubt).contains(&metered) && acknowledged > 0;
    let found = format!("metered {metered}, acknowledged {acknowledged}, in doubt {in_doubt}");
    println!("        {found}");
    Ok(if holds { Vec::new() } else { vec![found] })
}
