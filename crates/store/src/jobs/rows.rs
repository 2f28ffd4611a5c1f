//! The table `job`.

use std::collections::BTreeSet;

use basis::{Env, Id, Job, Problem, Timestamp};
use serde::Serialize;

use super::NewJob;
use crate::{Conn, Engine, Query, Row, sql};

/// A job as the operator sees it.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Its id.
    pub id: Id<Job>,
    /// Which handler.
    pub kind: String,
    /// What caused it.
    pub key: String,
    /// What the handler gets, as JSON.
    pub payload: String,
    /// `ready`, `leased` or `dead`.
    pub state: String,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it was tried since it last went well.
    pub attempts: u32,
    /// Why the last try failed.
    pub last_error: Option<String>,
}

/// Queues a job, and wakes the worker after the commit; false if one of this kind and key waits already. One that
/// runs at this moment will run again, for it may have looked before this transaction changed what it looks at. One
/// that is dead lives again.
pub async fn enqueue<P: Serialize>(conn: &mut Conn, env: &Env, job: NewJob<'_, P>) -> Result<bool, Problem> {
    let payload = serde_json::to_string(job.payload).map_err(|e| Problem::internal(e.to_string()))?;
    let queued = sql!(
        "INSERT INTO job (id, kind, key, payload, state, run_at, attempts, created_at) \
         VALUES ($1, $2, $3, $4, 'ready', $5, 0, $6) ON CONFLICT (kind, key) DO UPDATE SET \
         run_at = CASE WHEN excluded.run_at > job.run_at THEN excluded.run_at ELSE job.run_at + 1 END, \
         state = CASE job.state WHEN 'dead' THEN 'ready' ELSE job.state END, \
         attempts = CASE job.state WHEN 'dead' THEN 0 ELSE job.attempts END \
         WHERE job.state <> 'ready'"
    )
    .bind(env.new_id::<Job>())
    .bind(job.kind)
    .bind(job.key)
    .bind(payload)
    .bind(job.run_at)
    .bind(env.now())
    .run(conn)
    .await?;
    conn.note_job();
    Ok(queued == 1)
}

/// Who leases, now and until when.
pub(super) struct Lease<'a> {
    pub(super) owner: &'a str,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
}

/// Leases up to `limit` jobs that are due or whose lease has run out.
pub(super) async fn claim(conn: &mut Conn, lease: &Lease<'_>, limit: usize) -> Result<Vec<JobRow>, Problem> {
    let query = match conn.engine() {
        Engine::Postgres => Query::new(CLAIM_AMONG_OTHERS),
        Engine::Sqlite => claim_alone(),
    };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let query = query.bind(lease.owner).bind(lease.until).bind(lease.now).bind(limit);
    query.all(conn).await?.iter().map(job_row).collect()
}

/// Leases up to `limit` jobs of this kind that are due and have not been tried yet.
pub(super) async fn claim_fresh(
    conn: &mut Conn,
    lease: &Lease<'_>,
    limit: usize,
    kind: &str,
) -> Result<Vec<JobRow>, Problem> {
    let query = match conn.engine() {
        Engine::Postgres => Query::new(CLAIM_FRESH_AMONG_OTHERS),
        Engine::Sqlite => claim_fresh_alone(),
    };
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let query = query.bind(lease.owner).bind(lease.until).bind(lease.now).bind(limit).bind(kind);
    query.all(conn).await?.iter().map(job_row).collect()
}

/// Workers of other processes claim at the same time: what one of them has in its hands is passed by, not waited for.
/// SQLite knows no such words, and needs none, for only one writes.
const CLAIM_AMONG_OTHERS: &str = "UPDATE job SET state = 'leased', lease_owner = $1, lease_until = $2, attempts = attempts + 1 \
    WHERE id IN (SELECT id FROM job WHERE (state = 'ready' AND run_at <= $3) OR (state = 'leased' AND lease_until < $3) \
    ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) \
    RETURNING id, kind, key, payload, state, run_at, attempts, last_error";

fn claim_alone() -> Query {
    sql!(
        "UPDATE job SET state = 'leased', lease_owner = $1, lease_until = $2, attempts = attempts + 1 \
         WHERE id IN (SELECT id FROM job WHERE (state = 'ready' AND run_at <= $3) OR (state = 'leased' AND lease_until < $3) \
         ORDER BY run_at, id LIMIT $4) RETURNING id, kind, key, payload, state, run_at, attempts, last_error"
    )
}

const CLAIM_FRESH_AMONG_OTHERS: &str = "UPDATE job SET state = 'leased', lease_owner = $1, lease_until = $2, attempts = 1 \
    WHERE id IN (SELECT id FROM job WHERE state = 'ready' AND run_at <= $3 AND kind = $5 AND attempts = 0 \
    ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) \
    RETURNING id, kind, key, payload, state, run_at, attempts, last_error";

fn claim_fresh_alone() -> Query {
    sql!(
        "UPDATE job SET state = 'leased', lease_owner = $1, lease_until = $2, attempts = 1 \
         WHERE id IN (SELECT id FROM job WHERE state = 'ready' AND run_at <= $3 AND kind = $5 AND attempts = 0 \
         ORDER BY run_at, id LIMIT $4) RETURNING id, kind, key, payload, state, run_at, attempts, last_error"
    )
}

/// When the next job is due, if any waits.
pub(super) async fn next_due(conn: &mut Conn) -> Result<Option<Timestamp>, Problem> {
    sql!("SELECT run_at FROM job WHERE state = 'ready' ORDER BY run_at LIMIT 1")
        .optional(conn)
        .await?
        .map(|row| row.get("run_at"))
        .transpose()
}

/// Whether some lease has run out.
pub(super) async fn lost_lease(conn: &mut Conn, now: Timestamp) -> Result<bool, Problem> {
    sql!("SELECT 1 AS lost FROM job WHERE state = 'leased' AND lease_until < $1 LIMIT 1")
        .bind(now)
        .optional(conn)
        .await
        .map(|row| row.is_some())
}

/// Frees what earlier lives of this owner had leased; it has leased nothing yet.
pub(super) async fn free_leases(conn: &mut Conn, owner: &str) -> Result<u64, Problem> {
    let (name, _) = owner.split_once(':').unwrap_or((owner, ""));
    sql!(
        "UPDATE job SET state = 'ready', lease_owner = NULL, lease_until = NULL WHERE state = 'leased' \
         AND (lease_owner = $1 OR substr(lease_owner, 1, length($1) + 1) = $1 || ':')"
    )
    .bind(name)
    .run(conn)
    .await
}

/// Removes jobs that are done, but for those that were asked for again while they ran: then their time has moved, and
/// they wait for it.
pub(super) async fn remove(conn: &mut Conn, jobs: &[&JobRow], owner: &str) -> Result<(), Problem> {
    let removed = sql!(
        "DELETE FROM job WHERE (id, lease_owner, CAST(run_at AS TEXT)) IN (VALUES ($1, $2, $3)) RETURNING id"
    )
    .bind_each(jobs.iter().map(|job| job.id))
    .bind_each(jobs.iter().map(|_| owner))
    .bind_each(jobs.iter().map(|job| job.run_at.as_ms().to_string()))
    .all(conn)
    .await?;
    let removed = removed.iter().map(|row| row.get("id")).collect::<Result<BTreeSet<Id<Job>>, _>>()?;
    for job in jobs.iter().filter(|job| !removed.contains(&job.id)) {
        put_off(conn, job, owner, &Later { at: job.run_at, attempts: 0, error: None }).await?;
    }
    Ok(())
}

/// When a job runs again, and what is remembered until then.
pub(super) struct Later {
    pub(super) at: Timestamp,
    /// Failures in a row.
    pub(super) attempts: u32,
    pub(super) error: Option<String>,
}

/// Makes a job wait; one that was asked for again while it ran keeps the time that it was asked for.
pub(super) async fn put_off(
    conn: &mut Conn,
    job: &JobRow,
    owner: &str,
    later: &Later,
) -> Result<(), Problem> {
    sql!(
        "UPDATE job SET state = 'ready', run_at = CASE WHEN run_at = $3 THEN $4 ELSE run_at END, attempts = $5, \
         last_error = $6, lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2"
    )
    .bind(job.id)
    .bind(owner)
    .bind(job.run_at)
    .bind(later.at)
    .bind(later.attempts)
    .bind(later.error.as_deref())
    .run(conn)
    .await
    .map(drop)
}

pub(super) async fn bury(conn: &mut Conn, id: Id<Job>, owner: &str, error: &str) -> Result<(), Problem> {
    sql!("UPDATE job SET state = 'dead', last_error = $3, lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_owner = $2")
        .bind(id)
        .bind(owner)
        .bind(error)
        .run(conn)
        .await
        .map(drop)
}

/// All jobs that stand, dead ones first, then by when they are due.
pub async fn list(conn: &mut Conn, limit: u32) -> Result<Vec<JobRow>, Problem> {
    sql!(
        "SELECT id, kind, key, payload, state, run_at, attempts, last_error FROM job \
         ORDER BY CASE WHEN state = 'dead' THEN 0 ELSE 1 END, run_at, id LIMIT $1"
    )
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(job_row)
    .collect()
}

/// How many jobs have failed for good.
pub async fn dead(conn: &mut Conn) -> Result<i64, Problem> {
    sql!("SELECT COUNT(*) AS dead FROM job WHERE state = 'dead'").one(conn).await?.get("dead")
}

/// The job of this kind and key, if it stands.
pub async fn find(conn: &mut Conn, kind: &str, key: &str) -> Result<Option<JobRow>, Problem> {
    sql!("SELECT id, kind, key, payload, state, run_at, attempts, last_error FROM job WHERE kind = $1 AND key = $2")
        .bind(kind)
        .bind(key)
        .optional(conn)
        .await?
        .as_ref()
        .map(job_row)
        .transpose()
}

/// Whether a job of this kind and key stands and will run: a dead one will not.
pub async fn stands(conn: &mut Conn, kind: &str, key: &str) -> Result<bool, Problem> {
    Ok(find(conn, kind, key).await?.is_some_and(|job| job.state != "dead"))
}

/// Makes a job due now with its tries forgotten; false if there is none.
pub async fn retry(conn: &mut Conn, id: Id<Job>, now: Timestamp) -> Result<bool, Problem> {
    let changed =
        sql!("UPDATE job SET state = 'ready', run_at = $2, attempts = 0 WHERE id = $1 AND state <> 'leased'")
            .bind(id)
            .bind(now)
            .run(conn)
            .await?;
    conn.note_job();
    Ok(changed == 1)
}

/// Removes a job for good and answers what it was; `None` if there is none, or if it runs right now.
pub async fn discard(conn: &mut Conn, id: Id<Job>) -> Result<Option<JobRow>, Problem> {
    sql!(
        "DELETE FROM job WHERE id = $1 AND state <> 'leased' \
         RETURNING id, kind, key, payload, state, run_at, attempts, last_error"
    )
    .bind(id)
    .optional(conn)
    .await?
    .as_ref()
    .map(job_row)
    .transpose()
}

/// Makes every waiting job of this kind due now; how many that are.
pub async fn hasten(conn: &mut Conn, kind: &str, now: Timestamp) -> Result<u64, Problem> {
    let hastened = sql!("UPDATE job SET run_at = $2 WHERE kind = $1 AND state = 'ready' AND run_at > $2")
        .bind(kind)
        .bind(now)
        .run(conn)
        .await?;
    conn.note_job();
    Ok(hastened)
}

fn job_row(row: &Row) -> Result<JobRow, Problem> {
    Ok(JobRow {
        id: row.get("id")?,
        kind: row.get("kind")?,
        key: row.get("key")?,
        payload: row.get("payload")?,
        state: row.get("state")?,
        run_at: row.get("run_at")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
    })
}
