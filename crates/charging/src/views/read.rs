//! What pages ask of the tables. They lag the engine by about half a second; live figures come from `Charging::view`.

use basis::{Country, DAY_MS, DataVolume, Id, Line, Order, Pool as PoolNoun, Problem, Timestamp};
use store::{Conn, Row, sql};

use super::fold::hour_of;

/// How many bundles or sessions one question answers at most.
const ROWS_MAX: u32 = 500;

/// The history of one bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleRow {
    /// The bundle, which is its order's id.
    pub bundle: Id<Order>,
    /// Its pool.
    pub pool: Id<PoolNoun>,
    /// The line whose own it is; `None`: shared.
    pub line: Option<Id<Line>>,
    /// `waiting`, `active`, `expired`, `lapsed` (never begun in time) or `closed` (change of plan).
    pub state: String,
    /// When it was delivered.
    pub credited_at: Timestamp,
    /// When its clock began.
    pub started_at: Option<Timestamp>,
    /// When its days are over, once they have begun.
    pub ends_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Octets of its whole life.
    pub total: DataVolume,
    /// Octets that its windows have given so far.
    pub granted: DataVolume,
    /// Octets used; may pass what was granted by what was in flight.
    pub used: DataVolume,
    /// Octets that lapsed unused.
    pub expired: DataVolume,
    /// Octets withdrawn by closing it.
    pub closed: DataVolume,
}

/// Octets of one day in one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUsage {
    /// The day's first moment.
    pub day: Timestamp,
    /// Where; `None`: the gateway did not say.
    pub country: Option<Country>,
    /// How much.
    pub octets: DataVolume,
}

/// What one member of a pool used in one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberUsage {
    /// The day's first moment.
    pub day: Timestamp,
    /// The member, who may have left since.
    pub line: Id<Line>,
    /// How much in all, while in this pool.
    pub octets: DataVolume,
    /// How much of it came from bundles that are the pool's, those included that were given to it later.
    pub shared: DataVolume,
}

/// A session that is open, or over for less than a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its line.
    pub line: Id<Line>,
    /// Where; `None`: the gateway did not say.
    pub country: Option<Country>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When it was heard last.
    pub heard_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Octets used in it.
    pub octets: DataVolume,
}

/// What a line used in each day and country, from the hour of `from` until `to`, in order.
///
/// A day begins `day_offset_ms` before midnight UTC: eight hours for UTC+8. Use is known by the hour of UTC, so a zone
/// with a half hour is off by up to half an hour.
pub async fn usage_by_day(
    conn: &mut Conn,
    line: Id<Line>,
    from: Timestamp,
    to: Timestamp,
    day_offset_ms: i64,
) -> Result<Vec<DayUsage>, Problem> {
    let rows = sql!(
        "SELECT (hour + $4) / 86400000 AS day, country, CAST(SUM(octets) AS BIGINT) AS octets \
         FROM charging_usage_hour WHERE line = $1 AND hour >= $2 AND hour < $3 \
         GROUP BY 1, country ORDER BY 1, country LIMIT 10000"
    )
    .bind(line)
    .bind(hour_of(from))
    .bind(to)
    .bind(day_offset_ms)
    .all(conn)
    .await?;
    rows.iter().map(|row| day_usage(row, day_offset_ms)).collect()
}

/// What each line used in each day while it was in this pool, from the hour of `from` until `to`: by day, then by line;
/// at most 32,000 of them, the last ones. Days as in [`usage_by_day`].
pub async fn usage_of_pool(
    conn: &mut Conn,
    pool: Id<PoolNoun>,
    from: Timestamp,
    to: Timestamp,
    day_offset_ms: i64,
) -> Result<Vec<MemberUsage>, Problem> {
    let rows = sql!(
        "SELECT (used.hour + $4) / 86400000 AS day, used.line AS line, CAST(SUM(used.octets) AS BIGINT) AS octets, \
         CAST(SUM(CASE WHEN paid.bundle IS NOT NULL AND paid.line IS NULL THEN used.octets ELSE 0 END) AS BIGINT) \
         AS shared FROM charging_pool_usage used LEFT JOIN charging_bundle paid ON paid.bundle = used.bundle \
         WHERE used.pool = $1 AND used.hour >= $2 AND used.hour < $3 GROUP BY 1, used.line ORDER BY 1 DESC, used.line DESC LIMIT 32000"
    )
    .bind(pool)
    .bind(hour_of(from))
    .bind(to)
    .bind(day_offset_ms)
    .all(conn)
    .await?;
    let usage = |row: &Row| {
        let day = row.get::<i64>("day")?.saturating_mul(DAY_MS).saturating_sub(day_offset_ms);
        let (line, octets) = (row.get("line")?, row.get("octets")?);
        Ok(MemberUsage { day: Timestamp(day), line, octets, shared: row.get("shared")? })
    };
    rows.iter().rev().map(usage).collect()
}

fn day_usage(row: &Row, day_offset_ms: i64) -> Result<DayUsage, Problem> {
    let day = row.get::<i64>("day")?.saturating_mul(DAY_MS).saturating_sub(day_offset_ms);
    let country = row.get::<String>("country")?.parse().ok();
    Ok(DayUsage { day: Timestamp(day), country, octets: row.get("octets")? })
}

/// One bundle, if it was ever delivered and is written behind.
pub async fn bundle(conn: &mut Conn, bundle: Id<Order>) -> Result<Option<BundleRow>, Problem> {
    let row = sql!(
        "SELECT bundle, pool, line, state, credited_at, started_at, ends_at, ended_at, total, granted, used, expired, closed \
         FROM charging_bundle WHERE bundle = $1"
    )
    .bind(bundle)
    .optional(conn)
    .await?;
    row.as_ref().map(bundle_row).transpose()
}

fn bundle_row(row: &Row) -> Result<BundleRow, Problem> {
    Ok(BundleRow {
        bundle: row.get("bundle")?,
        pool: row.get("pool")?,
        line: row.get("line")?,
        state: row.get("state")?,
        credited_at: row.get("credited_at")?,
        started_at: row.get("started_at")?,
        ends_at: row.get("ends_at")?,
        ended_at: row.get("ended_at")?,
        total: row.get("total")?,
        granted: row.get("granted")?,
        used: row.get("used")?,
        expired: row.get("expired")?,
        closed: row.get("closed")?,
    })
}

/// The ids of all bundles that were ever delivered and are written behind, after this one (`""`: from the first).
pub async fn delivered_after(conn: &mut Conn, after: &str, limit: u32) -> Result<Vec<Id<Order>>, Problem> {
    let rows = sql!("SELECT bundle FROM charging_bundle WHERE bundle > $1 ORDER BY bundle LIMIT $2")
        .bind(after)
        .bind(limit)
        .all(conn)
        .await?;
    rows.iter().map(|row| row.get("bundle")).collect()
}

/// The sessions of a line, the newest first; at most 500.
pub async fn sessions_of_line(conn: &mut Conn, line: Id<Line>) -> Result<Vec<SessionRow>, Problem> {
    let rows = sql!(
        "SELECT line, country, opened_at, heard_at, ended_at, octets FROM charging_session \
         WHERE line = $1 ORDER BY opened_at DESC, session LIMIT $2"
    )
    .bind(line)
    .bind(ROWS_MAX)
    .all(conn)
    .await?;
    rows.iter().map(session_row).collect()
}

fn session_row(row: &Row) -> Result<SessionRow, Problem> {
    Ok(SessionRow {
        line: row.get("line")?,
        country: row.get("country")?,
        opened_at: row.get("opened_at")?,
        heard_at: row.get("heard_at")?,
        ended_at: row.get("ended_at")?,
        octets: row.get("octets")?,
    })
}
