//! What has served its time is cleared away, a little at a time. Facts about money, the timeline of orders and the audit
//! trail stay for ever, and dead letters until an operator deals with them.

use basis::{DAY_MS, Env, HOUR_MS, MINUTE_MS, Problem, Timestamp};
use store::{
    Conn, Db, in_tx,
    jobs::{self, NewJob, Next},
};

/// The kind of the job, which stands once and comes again by itself.
pub const HOUSEKEEPING: &str = "housekeeping";

/// Rows that one transaction takes away at most: others wait for it no longer than for a few orders.
const BATCH: u32 = 200;
/// Batches of each kind in one run.
const BATCHES_MAX: u32 = 20;

/// What is cleared away.
#[derive(Debug, Clone, Copy)]
enum Clutter {
    /// Sessions, tokens and mailed codes that have ended.
    Access,
    /// Devices whose sessions have ended.
    Devices,
    /// Idempotency keys that nobody will repeat any more.
    Keys,
    /// Providers' messages as they came.
    Messages,
    /// Invitations that are over.
    Invitations,
    /// Notices that were told.
    Notices,
    /// Notes of what is told once only.
    Told,
    /// What was set for lines that left a shared pool.
    Left,
}

impl Clutter {
    const ALL: [Self; 8] = [
        Self::Access,
        Self::Devices,
        Self::Keys,
        Self::Messages,
        Self::Invitations,
        Self::Notices,
        Self::Told,
        Self::Left,
    ];
}

/// Queues the job, unless it is queued already; to be called at every start.
///
/// # Errors
/// If the database fails.
pub async fn begin(tx: &mut Conn, env: &Env) -> Result<(), Problem> {
    let job = NewJob { kind: HOUSEKEEPING, key: "hourly".to_owned(), payload: &(), run_at: env.now() };
    jobs::enqueue(tx, env, job).await.map(drop)
}

/// Handles the job: in an hour again, or in a minute if there was more than one run takes away. Providers' messages
/// are kept for `messages_days`.
///
/// # Errors
/// If the database fails.
pub async fn clear(db: &Db, env: &Env, messages_days: u32) -> Result<Next, Problem> {
    let now = env.now();
    let messages_until = now.plus_ms(-i64::from(messages_days) * DAY_MS);
    let mut more = false;
    for clutter in Clutter::ALL {
        more |= clear_one(db, clutter, now, messages_until).await?;
    }
    Ok(Next::At(now.plus_ms(if more { MINUTE_MS } else { HOUR_MS })))
}

/// Whether there may be more.
async fn clear_one(
    db: &Db,
    clutter: Clutter,
    now: Timestamp,
    messages_until: Timestamp,
) -> Result<bool, Problem> {
    for _ in 0..BATCHES_MAX {
        let cleared = in_tx!(db, |tx| {
            match clutter {
                Clutter::Access => accounts::purge(tx, now, BATCH).await,
                Clutter::Devices => push::purge(tx, now, BATCH).await,
                Clutter::Keys => orders::forget_keys(tx, now, BATCH).await,
                Clutter::Messages => payments::forget_messages(tx, messages_until, BATCH).await,
                Clutter::Invitations => pools::forget_invitations(tx, now, BATCH).await,
                Clutter::Notices => charging::forget_notices(tx, now, BATCH).await,
                Clutter::Told => pools::forget_told(tx, now, BATCH).await,
                Clutter::Left => pools::forget_left(tx, now, BATCH).await,
            }
        })?;
        if cleared < u64::from(BATCH) {
            return Ok(false);
        }
        tracing::debug!(?clutter, cleared, "cleared away");
    }
    Ok(true)
}
