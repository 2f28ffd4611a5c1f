//! What is sold, where it works and what it costs.
//!
//! The operator writes one TOML file; [`apply`] checks it, shows what would change and refuses to break what was sold. Readers
//! get the whole [`Catalogue`] at once ([`read`]): it is small, seldom changes, and is kept in memory by its digest.

mod apply;
mod catalogue;
mod diff;
mod file;
pub mod networks;
mod plan;
mod rows;
mod rules;
pub mod search;
pub mod words;
pub mod world;

use std::sync::{Arc, RwLock};

use basis::{Country, Env, Problem};
use store::Conn;

pub use apply::{ApplyError, Conditions, apply};
pub use catalogue::{Catalogue, Destination, Region, RegionOffer};
pub use diff::{Change, Diff};
pub use file::{Fault, Faults};
pub use plan::{Names, Place, Plan, PlanId, PlanKind};

/// The catalogue's tables.
pub const MIGRATIONS: store::Migrations = store::migrations!("catalog", ["0001_catalog.sql"]);

/// The catalogue of the demo: real countries and networks, plausible prices.
pub const DEMO: &str = include_str!("../demo/plans.toml");

/// The last catalogue read, by the digest of its content: equal digests are equal catalogues, whichever database they are in.
static SHELF: RwLock<Option<Arc<Catalogue>>> = RwLock::new(None);

/// The catalogue as it stands; one point read while it has not changed.
pub async fn read(conn: &mut Conn) -> Result<Arc<Catalogue>, Problem> {
    let Some(digest) = rows::digest(conn).await? else { return Ok(Arc::default()) };
    let shelf = SHELF.read().ok().and_then(|shelf| shelf.clone()).filter(|c| c.digest() == digest);
    if let Some(catalogue) = shelf {
        return Ok(catalogue);
    }
    let catalogue = Arc::new(rows::catalogue(conn).await?);
    if let Ok(mut shelf) = SHELF.write() {
        *shelf = Some(Arc::clone(&catalogue));
    }
    Ok(catalogue)
}

/// One plan, on sale or not.
///
/// # Errors
/// Not found if there never was one of this id.
pub async fn plan(conn: &mut Conn, id: &PlanId) -> Result<Plan, Problem> {
    read(conn).await?.plan(id).cloned().ok_or_else(Problem::not_found)
}

/// The plans on sale that work in this country, in the order in which a list shows them.
pub async fn plans_for(conn: &mut Conn, country: Country) -> Result<Vec<Plan>, Problem> {
    Ok(read(conn).await?.plans_for(country).into_iter().cloned().collect())
}

/// Notes that an order names this plan, which makes its terms final; for the transaction that places the order.
///
/// Writes on the first sale only, so a busy plan is no hot row.
pub async fn mark_sold(tx: &mut Conn, env: &Env, plan: &PlanId) -> Result<(), Problem> {
    rows::mark_sold(tx, plan, env.now()).await
}
