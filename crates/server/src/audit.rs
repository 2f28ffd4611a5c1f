//! `heyon audit`: every noun's books against themselves, against each other, and against the providers'.

use std::time::Duration;

use basis::{DAY_MS, Problem};
use store::Engine;

use crate::shop::Shop;

/// How far back the providers' own lists are compared.
const PROVIDERS_MS: i64 = 35 * DAY_MS;
/// Work in flight looks like a difference between two books that are read one after the other. It is gone at a second
/// look; what is wrong is still there.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// Everything that does not agree, in words; empty if all does.
///
/// # Errors
/// If a database or a provider does not answer: silence proves nothing.
pub async fn differences(shop: &Shop) -> Result<Vec<String>, Problem> {
    let first = look(shop).await?;
    if first.is_empty() {
        return Ok(first);
    }
    tokio::time::sleep(SECOND_LOOK).await;
    let second = look(shop).await?;
    Ok(second.into_iter().filter(|difference| first.contains(difference)).collect())
}

async fn look(shop: &Shop) -> Result<Vec<String>, Problem> {
    let mut conn = shop.db.snapshot().await?;
    let mut found = ledger::audit(&mut conn).await?;
    found.extend(payments::audit(&mut conn).await?);
    found.extend(orders::audit(&mut conn, &shop.desk.carriers).await?);
    found.extend(receipts::audit(&mut conn).await?);
    found.extend(renewals::audit(&mut conn).await?);
    found.extend(support::audit(&mut conn).await?);
    drop(conn);
    let now = shop.env.now();
    found.extend(payments::reconcile(&shop.db, &shop.desk.providers, now.plus_ms(-PROVIDERS_MS), now).await?);
    let mut found: Vec<String> =
        found.into_iter().map(|ledger::Difference { subject, what }| format!("{subject}: {what}")).collect();
    shop.charging.catch_up().await?;
    let metered = charging::audit(&shop.log, &shop.db);
    found.extend(match shop.log.engine() {
        Engine::Sqlite => shop.charging.pause(metered).await?,
        // There it sees one moment, and other nodes would not stand still for us.
        Engine::Postgres => metered.await?,
    });
    Ok(found)
}
