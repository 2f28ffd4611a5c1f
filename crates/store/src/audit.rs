//! The audit trail: who did what to which thing, written in the transaction that does it.

use basis::{Env, Job, Problem, Timestamp};
use serde::Serialize;

use crate::{Conn, sql};

/// One entry.
#[derive(Debug)]
pub struct Entry<'a, D> {
    /// `operator:<name>`, `account:<id>` or `system`.
    pub actor: &'a str,
    /// `<noun>.<verb>`, e.g. `order.refund`.
    pub action: &'static str,
    /// The id of the thing.
    pub subject: &'a str,
    /// What else matters; never a secret.
    pub detail: D,
}

/// A recorded entry.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To which thing.
    pub subject: String,
    /// The details as JSON.
    pub detail: String,
}

/// Writes an entry.
pub async fn record<D: Serialize>(conn: &mut Conn, env: &Env, entry: Entry<'_, D>) -> Result<(), Problem> {
    let detail = serde_json::to_string(&entry.detail).map_err(|e| Problem::internal(e.to_string()))?;
    // The trail has no entity of its own; any time-ordered id does.
    sql!("INSERT INTO audit_trail (id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(env.new_id::<Job>().to_uuid().to_string())
        .bind(env.now())
        .bind(entry.actor)
        .bind(entry.action)
        .bind(entry.subject)
        .bind(detail)
        .run(conn)
        .await
        .map(drop)
}

/// What was done to a thing, oldest first, at most `limit` entries.
pub async fn of_subject(conn: &mut Conn, subject: &str, limit: u32) -> Result<Vec<Recorded>, Problem> {
    sql!("SELECT at, actor, action, subject, detail FROM audit_trail WHERE subject = $1 ORDER BY at, id LIMIT $2")
        .bind(subject)
        .bind(limit)
        .all(conn)
        .await?
        .iter()
        .map(|row| {
            Ok(Recorded {
                at: row.get("at")?,
                actor: row.get("actor")?,
                action: row.get("action")?,
                subject: row.get("subject")?,
                detail: row.get("detail")?,
            })
        })
        .collect()
}
