//! What people are to be told, kept until somebody tells them.

use basis::{DAY_MS, Id, Line, Order, Pool as PoolNoun, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::pool::{CapKind, Event};

/// So much of something is used: 80, 95 or 100 per cent of a bundle's window, or of a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The pool.
    pub pool: Id<PoolNoun>,
    /// Of what.
    pub subject: Subject,
    /// Per cent.
    pub percent: u8,
    /// When.
    pub at: Timestamp,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A bundle, or the current 24 hours of one with a daily allowance.
    Bundle {
        /// The bundle.
        bundle: Id<Order>,
        /// Whose own it is; `None`: the pool's.
        line: Option<Id<Line>>,
    },
    /// What a member may take of the shared bundles.
    Cap {
        /// The member.
        line: Id<Line>,
        /// Which limit.
        cap: CapKind,
    },
}

impl Notice {
    /// The notice that an event makes. Whose own a bundle is only the tables know.
    pub(super) fn of(pool: Id<PoolNoun>, at: Timestamp, event: &Event) -> Option<Self> {
        let (subject, percent) = match *event {
            Event::Marked { bundle, percent, .. } => (Subject::Bundle { bundle, line: None }, percent),
            Event::CapMarked { line, cap, percent } => (Subject::Cap { line, cap }, percent),
            _ => return None,
        };
        Some(Self { pool, subject, percent, at })
    }

    /// Its name: a mark is passed once in a moment.
    fn name(&self) -> String {
        let Self { pool, percent, at: Timestamp(at), .. } = self;
        match self.subject {
            Subject::Bundle { bundle, .. } => format!("{bundle}/{percent}/{at}"),
            Subject::Cap { line, cap } => format!("{pool}/{line}/{}/{percent}/{at}", word(cap)),
        }
    }
}

const fn word(cap: CapKind) -> &'static str {
    match cap {
        CapKind::PerDay => "day",
        CapKind::Per30Days => "30 days",
        CapKind::InAll => "all",
    }
}

/// Keeps a notice.
pub(super) async fn put(conn: &mut Conn, notice: &Notice) -> Result<(), Problem> {
    let (bundle, line, cap) = match notice.subject {
        Subject::Bundle { bundle, .. } => (Some(bundle), None, None),
        Subject::Cap { line, cap } => (None, Some(line), Some(word(cap))),
    };
    sql!(
        "INSERT INTO charging_notice (notice, pool, line, bundle, cap, percent, at) VALUES ($1, $2, \
         COALESCE($3, (SELECT line FROM charging_bundle WHERE bundle = $4)), $4, $5, $6, $7) \
         ON CONFLICT (notice) DO NOTHING"
    )
    .bind(notice.name())
    .bind(notice.pool)
    .bind(line)
    .bind(bundle)
    .bind(cap)
    .bind(i64::from(notice.percent))
    .bind(notice.at)
    .run(conn)
    .await
    .map(drop)
}

/// The oldest notices that nobody has taken, at most so many.
pub async fn waiting_notices(conn: &mut Conn, limit: u32) -> Result<Vec<Notice>, Problem> {
    let rows = sql!(
        "SELECT pool, line, bundle, cap, percent, at FROM charging_notice WHERE taken_at IS NULL \
         ORDER BY at, notice LIMIT $1"
    );
    rows.bind(limit).all(conn).await?.iter().map(notice).collect()
}

/// Takes a notice in the caller's transaction: whoever queues the mail in the same one tells it once. False if it was
/// taken before.
pub async fn take_notice(conn: &mut Conn, now: Timestamp, notice: &Notice) -> Result<bool, Problem> {
    let taken = sql!("UPDATE charging_notice SET taken_at = $2 WHERE notice = $1 AND taken_at IS NULL")
        .bind(notice.name())
        .bind(now)
        .run(conn)
        .await?;
    Ok(taken == 1)
}

/// A notice that was taken is kept for so long, for whoever asks why a mail came.
pub const NOTICES_KEPT_MS: i64 = 30 * DAY_MS;

/// Forgets notices that were taken longer ago than [`NOTICES_KEPT_MS`], at most `limit`; how many those were.
pub async fn forget_notices(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    sql!(
        "DELETE FROM charging_notice WHERE notice IN \
         (SELECT notice FROM charging_notice WHERE taken_at < $1 LIMIT $2)"
    )
    .bind(now.plus_ms(-NOTICES_KEPT_MS))
    .bind(limit)
    .run(conn)
    .await
}

fn notice(row: &Row) -> Result<Notice, Problem> {
    let cap = match row.get::<Option<String>>("cap")?.as_deref() {
        None => None,
        Some("day") => Some(CapKind::PerDay),
        Some("30 days") => Some(CapKind::Per30Days),
        Some(_) => Some(CapKind::InAll),
    };
    let subject = match cap {
        None => Subject::Bundle { bundle: row.get("bundle")?, line: row.get("line")? },
        Some(cap) => Subject::Cap { line: row.get("line")?, cap },
    };
    let percent = u8::try_from(row.get::<i64>("percent")?).unwrap_or(100);
    Ok(Notice { pool: row.get("pool")?, subject, percent, at: row.get("at")? })
}
