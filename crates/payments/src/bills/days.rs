//! Which day's bill is read next, and how far it was read.

use basis::{DAY_MS, Env, HOUR_MS, Problem, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use store::{Conn, Db, Row, in_tx, sql};

use crate::provider::Provider;

/// A bill is asked for so long after its day.
const AFTER_MS: i64 = HOUR_MS;
/// Bills of days that are longer ago are not asked for.
const KNOWN_MS: i64 = 60 * DAY_MS;

/// The bill of a day, and how far it was read.
pub(super) struct BillDay {
    pub(super) provider: String,
    pub(super) day: Date,
    /// The part that is read next; `None`: the first.
    pub(super) part: Option<String>,
    /// So many lines of that part are taken.
    pub(super) taken: usize,
}

impl BillDay {
    pub(super) fn ends_at(&self, provider: &dyn Provider) -> Timestamp {
        starts_at(self.day, provider).plus_ms(DAY_MS)
    }
}

/// When a day begins, by the provider's calendar.
pub(super) fn starts_at(day: Date, provider: &dyn Provider) -> Timestamp {
    let midnight = day.to_zoned(TimeZone::UTC).map(|midnight| midnight.timestamp().as_millisecond());
    Timestamp(midnight.unwrap_or(i64::MAX)).plus_ms(-provider.capabilities().bill_offset_ms)
}

fn day_of(at: Timestamp, provider: &dyn Provider) -> Result<Date, Problem> {
    let there = at.plus_ms(provider.capabilities().bill_offset_ms).as_ms();
    let there = jiff::Timestamp::from_millisecond(there).map_err(|e| Problem::internal(e.to_string()))?;
    Ok(TimeZone::UTC.to_datetime(there).date())
}

/// Notes every day that is over since the first capture; answers when there will be another one to ask for.
pub(super) async fn note(db: &Db, env: &Env, provider: &dyn Provider) -> Result<Timestamp, Problem> {
    let (name, now) = (provider.name(), env.now());
    let today = day_of(now.plus_ms(-AFTER_MS), provider)?;
    let next_at = starts_at(today, provider).plus_ms(DAY_MS + AFTER_MS);
    let mut conn = db.read().await?;
    let first = match last_day(&mut conn, name).await? {
        Some(day) => Some(day.saturating_add(jiff::Span::new().days(1))),
        None => match first_capture(&mut conn, name).await? {
            Some(seen_at) => Some(day_of(seen_at.max(now.plus_ms(-KNOWN_MS)), provider)?),
            None => None,
        },
    };
    drop(conn);
    let days: Vec<Date> = first
        .into_iter()
        .flat_map(|first| first.series(jiff::Span::new().days(1)))
        .take_while(|day| *day < today)
        .collect();
    in_tx!(db, |tx| {
        for day in &days {
            insert(tx, name, *day, now).await?;
        }
        Ok(())
    })?;
    Ok(next_at)
}

async fn last_day(conn: &mut Conn, provider: &str) -> Result<Option<Date>, Problem> {
    let row =
        sql!("SELECT MAX(day) AS day FROM bill_day WHERE provider = $1").bind(provider).one(conn).await?;
    row.get::<Option<String>>("day")?.map(|day| parsed(&day)).transpose()
}

async fn first_capture(conn: &mut Conn, provider: &str) -> Result<Option<Timestamp>, Problem> {
    let row = sql!("SELECT MIN(seen_at) AS seen_at FROM payment_capture WHERE provider = $1");
    row.bind(provider).one(conn).await?.get("seen_at")
}

fn parsed(day: &str) -> Result<Date, Problem> {
    day.parse().map_err(|e| Problem::internal(format!("a bill of the day {day}: {e}")))
}

async fn insert(conn: &mut Conn, provider: &str, day: Date, now: Timestamp) -> Result<(), Problem> {
    sql!(
        "INSERT INTO bill_day (provider, day, taken, ask_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (provider, day) DO NOTHING"
    )
    .bind(provider)
    .bind(day.to_string())
    .bind(now)
    .run(conn)
    .await
    .map(drop)
}

/// The bill to be read now.
pub(super) async fn due(conn: &mut Conn, provider: &str, now: Timestamp) -> Result<Option<BillDay>, Problem> {
    let row = sql!(
        "SELECT * FROM bill_day WHERE provider = $1 AND read_at IS NULL AND ask_at <= $2 ORDER BY day LIMIT 1"
    );
    let row = row.bind(provider).bind(now).optional(conn).await?;
    let day = |row: &Row| {
        let taken: i64 = row.get("taken")?;
        Ok(BillDay {
            provider: row.get("provider")?,
            day: parsed(&row.get::<String>("day")?)?,
            part: row.get("part")?,
            taken: usize::try_from(taken).map_err(|e| Problem::internal(e.to_string()))?,
        })
    };
    row.as_ref().map(day).transpose()
}

/// When a bill that is not read is asked for next.
pub(super) async fn next_ask(conn: &mut Conn, provider: &str) -> Result<Option<Timestamp>, Problem> {
    let row = sql!("SELECT MIN(ask_at) AS ask_at FROM bill_day WHERE provider = $1 AND read_at IS NULL");
    row.bind(provider).one(conn).await?.get("ask_at")
}

/// The first day whose bill is known, and the first one whose bill is still to be read; days before that are whole.
pub(super) async fn span(conn: &mut Conn, provider: &str) -> Result<Option<(Date, Date)>, Problem> {
    let row = sql!(
        "SELECT MIN(day) AS first, MAX(day) AS last, MIN(CASE WHEN read_at IS NULL THEN day END) AS unread
         FROM bill_day WHERE provider = $1"
    );
    let row = row.bind(provider).one(conn).await?;
    let (Some(first), Some(last)) = (row.get::<Option<String>>("first")?, row.get::<Option<String>>("last")?)
    else {
        return Ok(None);
    };
    let unread = match row.get::<Option<String>>("unread")? {
        Some(unread) => parsed(&unread)?,
        None => parsed(&last)?.saturating_add(jiff::Span::new().days(1)),
    };
    Ok(Some((parsed(&first)?, unread)))
}

pub(super) async fn put_off(conn: &mut Conn, day: &BillDay, ask_at: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE bill_day SET ask_at = $3 WHERE provider = $1 AND day = $2")
        .bind(day.provider.as_str())
        .bind(day.day.to_string())
        .bind(ask_at)
        .run(conn)
        .await
        .map(drop)
}

/// So many more lines of the part are taken; false if somebody else has read on meanwhile.
pub(super) async fn advance(
    conn: &mut Conn,
    day: &BillDay,
    taken: usize,
    more: usize,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE bill_day SET taken = taken + $5
         WHERE provider = $1 AND day = $2 AND COALESCE(part, '') = $3 AND taken = $4 AND read_at IS NULL"
    )
    .bind(day.provider.as_str())
    .bind(day.day.to_string())
    .bind(day.part.as_deref().unwrap_or_default())
    .bind(count(taken)?)
    .bind(count(more)?)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// The part is read, and the `next` one follows; without one the day is done, and this is true.
pub(super) async fn turn(
    conn: &mut Conn,
    day: &BillDay,
    taken: usize,
    next: Option<&str>,
    now: Timestamp,
) -> Result<bool, Problem> {
    let rows = sql!(
        "UPDATE bill_day SET part = $5, taken = 0, read_at = $6
         WHERE provider = $1 AND day = $2 AND COALESCE(part, '') = $3 AND taken = $4 AND read_at IS NULL"
    )
    .bind(day.provider.as_str())
    .bind(day.day.to_string())
    .bind(day.part.as_deref().unwrap_or_default())
    .bind(count(taken)?)
    .bind(next)
    .bind(next.is_none().then_some(now))
    .run(conn)
    .await?;
    Ok(rows == 1 && next.is_none())
}

fn count(lines: usize) -> Result<i64, Problem> {
    i64::try_from(lines).map_err(|e| Problem::internal(e.to_string()))
}
