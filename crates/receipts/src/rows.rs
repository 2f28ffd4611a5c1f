//! The tables `receipt` and `receipt_counter`.

use basis::{Account, Id, Order, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::{Paper, Series};

/// Takes the next `count` numbers of a series, which begins at 1: the last of them. Whoever else wants one waits for the
/// end of this transaction.
pub(crate) async fn take(
    conn: &mut Conn,
    entity: &str,
    series: Series,
    year: i64,
    count: i64,
) -> Result<i64, Problem> {
    sql!(
        "INSERT INTO receipt_counter (entity, series, year, last) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (entity, series, year) DO UPDATE SET last = receipt_counter.last + excluded.last RETURNING last"
    )
    .bind(entity)
    .bind(series.word())
    .bind(year)
    .bind(count)
    .one(conn)
    .await?
    .get("last")
}

/// A paper, with where its number stands in its series.
pub(crate) struct Numbered {
    pub(crate) paper: Paper,
    pub(crate) year: i64,
    pub(crate) seq: i64,
}

/// How many of them were put in: an order that has a paper of the same cause already gets no other.
pub(crate) async fn insert(conn: &mut Conn, papers: &[Numbered]) -> Result<u64, Problem> {
    let contents = papers.iter().map(|Numbered { paper, .. }| serde_json::to_string(&paper.content));
    let contents = contents.collect::<Result<Vec<_>, _>>().map_err(|e| Problem::internal(e.to_string()))?;
    let each = || papers.iter().map(|numbered| &numbered.paper);
    sql!(
        "INSERT INTO receipt (number, entity, series, year, seq, order_id, cause, corrects, account_id, currency, \
         gross_minor, tax_minor, content, given_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (order_id, cause) DO NOTHING"
    )
    .bind_each(each().map(|paper| paper.number.as_str()))
    .bind_each(each().map(|paper| paper.content.seller.code.as_str()))
    .bind_each(each().map(|paper| paper.series().word()))
    .bind_each(papers.iter().map(|numbered| numbered.year))
    .bind_each(papers.iter().map(|numbered| numbered.seq))
    .bind_each(each().map(|paper| paper.order))
    .bind_each(each().map(|paper| paper.cause.word()))
    .bind_each(each().map(|paper| paper.corrects.as_deref()))
    .bind_each(each().map(|paper| paper.account))
    .bind_each(each().map(|paper| paper.content.gross.currency))
    .bind_each(each().map(|paper| paper.content.gross.minor))
    .bind_each(each().map(|paper| paper.content.tax_amount().minor))
    .bind_each(contents)
    .bind_each(each().map(|paper| paper.given_at))
    .run(conn)
    .await
}

/// The papers of these orders, none of which may be there twice: of each the receipt first.
pub(crate) async fn of_orders(conn: &mut Conn, orders: &[Id<Order>]) -> Result<Vec<Paper>, Problem> {
    let papers =
        sql!("SELECT * FROM receipt WHERE order_id IN (VALUES ($1)) ORDER BY series DESC, given_at, seq");
    papers.bind_each(orders.iter().copied()).all(conn).await?.iter().map(paper).collect()
}

/// The receipt first, then what corrects it in the order of time.
pub(crate) async fn of_order(conn: &mut Conn, order: Id<Order>) -> Result<Vec<Paper>, Problem> {
    of_orders(conn, &[order]).await
}

pub(crate) async fn of_number(conn: &mut Conn, number: &str) -> Result<Option<Paper>, Problem> {
    let row = sql!("SELECT * FROM receipt WHERE number = $1").bind(number).optional(conn).await?;
    row.as_ref().map(paper).transpose()
}

pub(crate) async fn of_account(
    conn: &mut Conn,
    account: Id<Account>,
    before: (Timestamp, &str),
    limit: u32,
) -> Result<Vec<Paper>, Problem> {
    sql!(
        "SELECT * FROM receipt WHERE account_id = $1 AND (given_at < $2 OR (given_at = $2 AND number < $3)) \
         ORDER BY given_at DESC, number DESC LIMIT $4"
    )
    .bind(account)
    .bind(before.0)
    .bind(before.1)
    .bind(limit)
    .all(conn)
    .await?
    .iter()
    .map(paper)
    .collect()
}

/// A series of a year whose papers are not numbered from 1 to the last one.
pub(crate) struct Gap {
    pub(crate) series: String,
    pub(crate) last: i64,
    pub(crate) papers: i64,
    pub(crate) highest: i64,
}

/// Every series with a gap: numbers are unique and above nothing, so as many papers as the last number leave none out.
pub(crate) async fn gaps(conn: &mut Conn) -> Result<Vec<Gap>, Problem> {
    let rows = sql!(
        "SELECT entity, series, year, CAST(SUM(last) AS BIGINT) AS last, CAST(SUM(papers) AS BIGINT) AS papers, \
           CAST(SUM(highest) AS BIGINT) AS highest \
         FROM (SELECT entity, series, year, last, 0 AS papers, 0 AS highest FROM receipt_counter \
           UNION ALL SELECT entity, series, year, 0 AS last, COUNT(*) AS papers, MAX(seq) AS highest \
             FROM receipt GROUP BY entity, series, year) AS both_sides \
         GROUP BY entity, series, year \
         HAVING SUM(last) <> SUM(papers) OR SUM(last) <> SUM(highest) ORDER BY entity, series, year"
    )
    .all(conn)
    .await?;
    let gap = |row: &Row| {
        let (entity, series): (String, String) = (row.get("entity")?, row.get("series")?);
        let year: i64 = row.get("year")?;
        let series = format!("{entity} {series} {year}");
        Ok(Gap { series, last: row.get("last")?, papers: row.get("papers")?, highest: row.get("highest")? })
    };
    rows.iter().map(gap).collect()
}

fn paper(row: &Row) -> Result<Paper, Problem> {
    let number: String = row.get("number")?;
    let content = serde_json::from_str(&row.get::<String>("content")?);
    let content = content.map_err(|e| Problem::internal(format!("receipt {number}: {e}")))?;
    Ok(Paper {
        order: row.get("order_id")?,
        cause: row.get::<String>("cause")?.parse()?,
        corrects: row.get("corrects")?,
        account: row.get("account_id")?,
        given_at: row.get("given_at")?,
        number,
        content,
    })
}
