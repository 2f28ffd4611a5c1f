//! Lines of bills as rows, with their SQL.

use std::collections::BTreeSet;

use basis::{Currency, Money, Problem, Timestamp};
use store::{Conn, Row, sql};

use super::days::BillDay;
use super::subjects::Subject;
use crate::facts::BillLine;
use crate::rows::{money, word};
use crate::rules::BillKind;

/// A line as it stands.
pub(super) struct Known {
    pub(super) line_ref: String,
    pub(super) kind: BillKind,
    pub(super) gross: Money,
    pub(super) settled: Money,
    pub(super) fee: Money,
}

fn known(row: &Row) -> Result<Known, Problem> {
    Ok(Known {
        line_ref: row.get("line_ref")?,
        kind: word(row, "kind")?,
        gross: Money::new(row.get("gross_minor")?, row.get("gross_currency")?),
        settled: money(row, "settled_minor")?,
        fee: money(row, "fee_minor")?,
    })
}

/// False if it was taken before.
pub(super) async fn insert(
    conn: &mut Conn,
    day: &BillDay,
    subject: &Subject,
    line: &BillLine,
) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO bill_line (provider, line_ref, day, kind, subject, reference, gross_currency, gross_minor, currency,
           settled_minor, fee_minor, booked, agreed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0) ON CONFLICT (provider, line_ref) DO NOTHING"
    )
    .bind(day.provider.as_str())
    .bind(line.line_ref.as_str())
    .bind(day.day.to_string())
    .bind(line.kind.word())
    .bind(subject.name.as_str())
    .bind(line.reference.as_str())
    .bind(line.gross.currency)
    .bind(line.gross.minor)
    .bind(line.settled.currency)
    .bind(line.settled.minor)
    .bind(line.fee.minor)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Whether the line says what the row of its name says.
pub(super) async fn is_same(conn: &mut Conn, provider: &str, new: &BillLine) -> Result<bool, Problem> {
    let row = sql!("SELECT * FROM bill_line WHERE provider = $1 AND line_ref = $2")
        .bind(provider)
        .bind(new.line_ref.as_str())
        .one(conn)
        .await?;
    let stands = known(&row)?;
    Ok((stands.kind, stands.gross, stands.settled, stands.fee) == (new.kind, new.gross, new.settled, new.fee))
}

/// What the lines of a subject say together, by currency; nothing of what comes to nothing.
pub(super) async fn told(conn: &mut Conn, subject: &Subject) -> Result<Vec<Money>, Problem> {
    let rows = sql!(
        "SELECT gross_currency AS currency, CAST(SUM(gross_minor) AS BIGINT) AS minor FROM bill_line
         WHERE provider = $1 AND kind = $2 AND subject = $3
         GROUP BY gross_currency HAVING SUM(gross_minor) <> 0 ORDER BY gross_currency"
    );
    let rows = named(rows, subject).all(conn).await?;
    rows.iter().map(|row| money(row, "minor")).collect()
}

/// Our payment or refund of which its lines tell, as the provider recorded it; empty if they tell of none.
pub(super) async fn reference(conn: &mut Conn, subject: &Subject) -> Result<String, Problem> {
    let row = sql!(
        "SELECT COALESCE(MAX(reference), '') AS reference FROM bill_line
         WHERE provider = $1 AND kind = $2 AND subject = $3"
    );
    named(row, subject).one(conn).await?.get("reference")
}

pub(super) async fn unbooked(conn: &mut Conn, subject: &Subject) -> Result<Vec<Known>, Problem> {
    let rows = sql!(
        "SELECT * FROM bill_line WHERE provider = $1 AND kind = $2 AND subject = $3 AND booked = 0 ORDER BY line_ref"
    );
    named(rows, subject).all(conn).await?.iter().map(known).collect()
}

pub(super) async fn set_booked(conn: &mut Conn, provider: &str, line_ref: &str) -> Result<(), Problem> {
    sql!("UPDATE bill_line SET booked = 1 WHERE provider = $1 AND line_ref = $2")
        .bind(provider)
        .bind(line_ref)
        .run(conn)
        .await
        .map(drop)
}

/// Bills and books say the same of a subject.
pub(super) async fn set_agreed(conn: &mut Conn, subject: &Subject) -> Result<(), Problem> {
    let lines = sql!(
        "UPDATE bill_line SET agreed = 1 WHERE provider = $1 AND kind = $2 AND subject = $3 AND agreed = 0"
    );
    named(lines, subject).run(conn).await?;
    let ours = match subject.kind {
        BillKind::Payment => {
            sql!(
                "UPDATE payment_capture SET billed = 1 WHERE provider = $1 AND capture_ref = $2 AND billed = 0"
            )
        }
        BillKind::Refund => {
            sql!("UPDATE payment_refund SET billed = 1 WHERE provider = $1 AND id = $2 AND billed = 0")
        }
        BillKind::Dispute => {
            sql!(
                "UPDATE payment_dispute SET billed = 1
                 WHERE provider = $1 AND payment_id = $2 AND billed = 0 AND state <> 'open'"
            )
        }
        BillKind::Payout | BillKind::Fee | BillKind::Exchange | BillKind::Other => return Ok(()),
    };
    ours.bind(subject.provider.as_str()).bind(subject.name.as_str()).run(conn).await.map(drop)
}

fn named(query: store::Query, subject: &Subject) -> store::Query {
    query.bind(subject.provider.as_str()).bind(subject.kind.word()).bind(subject.name.as_str())
}

/// All of which bills and books do not say the same: lines, and what moved in `[from, until)` by our books and stands in no
/// bill. At most `limit` of each.
pub(super) async fn open(
    conn: &mut Conn,
    provider: &str,
    (from, until): (Timestamp, Timestamp),
    limit: u32,
) -> Result<BTreeSet<Subject>, Problem> {
    let lines = sql!(
        "SELECT DISTINCT kind, subject FROM bill_line WHERE provider = $1 AND agreed = 0 ORDER BY kind, subject LIMIT $2"
    );
    let mut open = BTreeSet::new();
    for row in lines.bind(provider).bind(limit).all(conn).await? {
        let (kind, name) = (word(&row, "kind")?, row.get("subject")?);
        open.insert(Subject { provider: provider.to_owned(), kind, name });
    }
    let ours = [
        (
            BillKind::Payment,
            sql!(
                "SELECT capture_ref AS name FROM payment_capture
                 WHERE provider = $1 AND billed = 0 AND seen_at >= $2 AND seen_at < $3 ORDER BY seen_at LIMIT $4"
            ),
        ),
        (
            BillKind::Refund,
            sql!(
                "SELECT id AS name FROM payment_refund
                 WHERE provider = $1 AND billed = 0 AND state = 'succeeded' AND changed_at >= $2 AND changed_at < $3
                 ORDER BY changed_at LIMIT $4"
            ),
        ),
        (
            BillKind::Dispute,
            sql!(
                "SELECT payment_id AS name FROM payment_dispute
                 WHERE provider = $1 AND billed = 0 AND state = 'lost' AND changed_at >= $2 AND changed_at < $3
                 ORDER BY changed_at LIMIT $4"
            ),
        ),
    ];
    for (kind, query) in ours {
        for row in query.bind(provider).bind(from).bind(until).bind(limit).all(conn).await? {
            open.insert(Subject { provider: provider.to_owned(), kind, name: row.get("name")? });
        }
    }
    Ok(open)
}

/// What booked lines took out of what a provider holds, in one currency.
pub(super) struct Taken {
    pub(super) provider: String,
    pub(super) currency: Currency,
    /// What it kept, sent to our bank, and changed into another currency.
    pub(super) kept: (i64, i64, i64),
}

pub(super) async fn booked(conn: &mut Conn) -> Result<Vec<Taken>, Problem> {
    let rows = sql!(
        "SELECT provider, currency, CAST(SUM(fee) AS BIGINT) AS fee, CAST(SUM(sent) AS BIGINT) AS sent,
           CAST(SUM(changed) AS BIGINT) AS changed
         FROM (
           SELECT provider, currency, fee_minor AS fee, CASE WHEN kind = 'payout' THEN -settled_minor ELSE 0 END AS sent,
             CASE WHEN kind = 'exchange' OR (kind <> 'payout' AND gross_currency <> currency)
               THEN -settled_minor ELSE 0 END AS changed
             FROM bill_line WHERE booked = 1
           UNION ALL
           SELECT provider, gross_currency AS currency, 0 AS fee, 0 AS sent, gross_minor AS changed
             FROM bill_line
             WHERE booked = 1 AND kind NOT IN ('payout', 'exchange') AND gross_currency <> currency
         ) AS moved
         GROUP BY provider, currency ORDER BY provider, currency"
    );
    let taken = |row: &Row| {
        Ok(Taken {
            provider: row.get("provider")?,
            currency: row.get("currency")?,
            kept: (row.get("fee")?, row.get("sent")?, row.get("changed")?),
        })
    };
    rows.all(conn).await?.iter().map(taken).collect()
}
