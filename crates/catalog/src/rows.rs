//! The catalogue's rows and all its SQL.

use basis::{Kind, Problem, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use store::{Conn, Row, sql};

use crate::{Catalogue, Plan, PlanId, catalogue::Frame};

const PLANS_MAX: usize = 100_000;

/// A plan as it stands, and whether a sale has made its terms final.
pub(crate) struct Shelved {
    pub(crate) plan: Plan,
    pub(crate) sold: bool,
}

/// All plans, in the order of the file.
pub(crate) async fn plans(conn: &mut Conn) -> Result<Vec<Shelved>, Problem> {
    let rows = sql!("SELECT facts, sold_at FROM plan ORDER BY place, id LIMIT 100001").all(conn).await?;
    if rows.len() > PLANS_MAX {
        return Err(Problem::internal("more plans than a catalogue may have"));
    }
    rows.iter()
        .map(|row| {
            Ok(Shelved {
                plan: json(row, "facts")?,
                sold: row.get::<Option<Timestamp>>("sold_at")?.is_some(),
            })
        })
        .collect()
}

/// Regions, currencies and popular countries, once a file was applied.
pub(crate) async fn frame(conn: &mut Conn) -> Result<Option<Frame>, Problem> {
    let row = sql!("SELECT facts FROM catalog_state WHERE id = 'current'").optional(conn).await?;
    row.map(|row| json(&row, "facts")).transpose()
}

/// The digest of all that is on the shelf, once a file was applied.
pub(crate) async fn digest(conn: &mut Conn) -> Result<Option<String>, Problem> {
    let row = sql!("SELECT digest FROM catalog_state WHERE id = 'current'").optional(conn).await?;
    row.map(|row| row.get("digest")).transpose()
}

/// Everything together. Its digest is worked out anew, so that plans and digest belong together even if a file is applied in between.
pub(crate) async fn catalogue(conn: &mut Conn) -> Result<Catalogue, Problem> {
    let frame = frame(conn).await?.unwrap_or_default();
    let plans: Vec<Plan> = plans(conn).await?.into_iter().map(|row| row.plan).collect();
    Ok(Catalogue::new(digest_of(&frame, &plans)?, frame, plans))
}

/// Writes a plan. Its terms change only if it was never sold: the guard stands here, where a sale in the same moment meets it.
pub(crate) async fn put(tx: &mut Conn, plan: &Plan, place: i64) -> Result<(), Problem> {
    let terms = text(&plan.terms)?;
    let done = sql!(
        "INSERT INTO plan (id, place, facts, terms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET place = excluded.place, facts = excluded.facts, terms = excluded.terms
         WHERE plan.sold_at IS NULL OR plan.terms = excluded.terms"
    )
    .bind(plan.id.clone())
    .bind(place)
    .bind(text(plan)?)
    .bind(terms)
    .run(tx)
    .await?;
    // Sold between our look and our write: the whole transaction looks again, and then names the plan.
    if done == 1 { Ok(()) } else { Err(Problem::new(Kind::Unavailable, store::RETRY_KEY)) }
}

/// Writes what stands beside the plans, and the digest of all.
pub(crate) async fn put_frame(tx: &mut Conn, frame: &Frame, now: Timestamp) -> Result<(), Problem> {
    let plans: Vec<Plan> = plans(tx).await?.into_iter().map(|row| row.plan).collect();
    sql!(
        "INSERT INTO catalog_state (id, facts, digest, applied_at) VALUES ('current', $1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET facts = excluded.facts, digest = excluded.digest, applied_at = excluded.applied_at"
    )
    .bind(text(frame)?)
    .bind(digest_of(frame, &plans)?)
    .bind(now)
    .run(tx)
    .await
    .map(drop)
}

/// Makes the plan's terms final; changes nothing from the second sale on.
pub(crate) async fn mark_sold(tx: &mut Conn, plan: &PlanId, now: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE plan SET sold_at = $2 WHERE id = $1 AND sold_at IS NULL")
        .bind(plan.clone())
        .bind(now)
        .run(tx)
        .await
        .map(drop)
}

fn digest_of(frame: &Frame, plans: &[Plan]) -> Result<String, Problem> {
    let hash = Sha256::digest(text(&(frame, plans))?);
    let (halves, _) = hash.as_slice().as_chunks::<16>();
    Ok(halves.iter().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).collect::<Vec<_>>().concat())
}

fn text(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|e| Problem::internal(e.to_string()))
}

fn json<T: DeserializeOwned>(row: &Row, column: &str) -> Result<T, Problem> {
    serde_json::from_str(&row.get::<String>(column)?)
        .map_err(|e| Problem::internal(format!("catalog {column}: {e}")))
}
