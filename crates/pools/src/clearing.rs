//! What has served its time.

use basis::{DAY_MS, Problem, Timestamp};
use store::Conn;

use crate::rows;

/// An invitation is kept for so long after its last day, for whoever asks what became of it.
pub const INVITATIONS_KEPT_MS: i64 = 30 * DAY_MS;
/// That something was told once only is remembered for so long: longer than any plan lasts that comes anew every day.
pub const TOLD_KEPT_MS: i64 = 400 * DAY_MS;

/// What was set for a line that left holds again if it comes back within so long.
pub const LEFT_KEPT_MS: i64 = 90 * DAY_MS;

/// Forgets invitations that have been over for [`INVITATIONS_KEPT_MS`], at most `limit`; how many those were.
pub async fn forget_invitations(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    rows::forget_invitations(conn, now.plus_ms(-INVITATIONS_KEPT_MS), limit).await
}

/// Forgets what was told longer ago than [`TOLD_KEPT_MS`], at most `limit`; how much that was.
pub async fn forget_told(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    rows::forget_told_until(conn, now.plus_ms(-TOLD_KEPT_MS), limit).await
}

/// Forgets what was set for lines that left longer ago than [`LEFT_KEPT_MS`], at most `limit`; of how many that was.
pub async fn forget_left(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    rows::forget_left_until(conn, now.plus_ms(-LEFT_KEPT_MS), limit).await
}
