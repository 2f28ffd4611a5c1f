//! Copying every table of an SQLite database into an empty PostgreSQL of the same version.
//!
//! Before the first row a mark stands in the target, and after the last it is taken away: a copy that was cut short is
//! found by it, emptied, and begun anew; nothing serves from it meanwhile.

use basis::{Problem, Timestamp};

use crate::query::Bound;
use crate::value::Datum;
use crate::{Conn, Db, Query, in_tx, sql};

/// How many rows one transaction copies.
const ROWS: usize = 500;
/// PostgreSQL takes no more values in one statement.
const VALUES_MAX: usize = 30_000;
/// Says which migrations have run; the target has its own.
const VERSIONS: &str = "schema_migration";

/// A table and how many rows it has.
pub type Count = (String, u64);

/// Whether a copy into this database was begun and is not done.
pub async fn is_half_done(conn: &mut Conn) -> Result<bool, Problem> {
    let mark = sql!("SELECT 1 AS found FROM schema_migration WHERE noun = 'move' AND name = 'under way'");
    Ok(mark.optional(conn).await?.is_some())
}

/// Makes the target ready: it must be empty, or hold an earlier copy that was cut short, which is emptied. `tables` are
/// those that the copy fills.
///
/// # Errors
/// Unavailable if there is anything in it that no copy of ours left.
pub async fn begin(to: &Db, tables: &[String], now: Timestamp) -> Result<(), Problem> {
    let half_done = is_half_done(&mut to.read().await?).await?;
    for table in tables {
        if half_done {
            in_tx!(to, |tx| { text(format!("DELETE FROM {table}")).run(tx).await })?;
        } else if count(&mut to.read().await?, table).await? > 0 {
            return Err(Problem::unavailable(format!("the target is not empty: {table} has rows")));
        }
    }
    in_tx!(to, |tx| {
        sql!(
            "INSERT INTO schema_migration (noun, name, applied_at) VALUES ('move', 'under way', $1) \
             ON CONFLICT (noun, name) DO NOTHING"
        )
        .bind(now)
        .run(tx)
        .await
        .map(drop)
    })
}

/// All is there: the target may serve.
pub async fn done(to: &Db) -> Result<(), Problem> {
    in_tx!(to, |tx| { sql!("DELETE FROM schema_migration WHERE noun = 'move'").run(tx).await.map(drop) })
}

/// The tables of an SQLite database, by name.
pub async fn tables(from: &Db) -> Result<Vec<String>, Problem> {
    let names = Query::new("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    let names = names.all(&mut from.read().await?).await?;
    let names: Result<Vec<String>, Problem> = names.iter().map(|row| row.get("name")).collect();
    Ok(names?.into_iter().filter(|name| name != VERSIONS && !name.starts_with("sqlite_")).collect())
}

/// Copies one table; how many rows it has now.
///
/// # Errors
/// Internal if the target then has another number of rows.
pub async fn table(from: &Db, to: &Db, table: &str) -> Result<Count, Problem> {
    let columns = columns(from, table).await?;
    let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let page = text(format!(
        "SELECT rowid AS place, {names} FROM {table} WHERE rowid > $1 ORDER BY rowid LIMIT {ROWS}"
    ));
    let at_once = (VALUES_MAX / columns.len().max(1)).clamp(1, 100);
    let many = insert(table, &names, columns.len(), at_once);
    let one = insert(table, &names, columns.len(), 1);
    let mut behind = i64::MIN;
    loop {
        let rows = Query::new(page.text).bind(behind).all(&mut from.read().await?).await?;
        let Some(last) = rows.last() else { break };
        behind = last.get("place")?;
        let rows: Vec<Vec<Datum>> = rows.into_iter().map(|row| typed(row.into_values(), &columns)).collect();
        in_tx!(to, |tx| {
            for chunk in rows.chunks(at_once) {
                let whole = chunk.len() == at_once;
                for rows in chunk.chunks(if whole { at_once } else { 1 }) {
                    let values = rows.iter().flatten().cloned().map(Bound::One).collect();
                    let text = if whole { many.text } else { one.text };
                    Query { text, values }.run(tx).await?;
                }
            }
            Ok(())
        })?;
    }
    let copied = count(&mut to.read().await?, table).await?;
    let had = count(&mut from.read().await?, table).await?;
    if copied != had {
        return Err(Problem::internal(format!("{table}: {had} rows here, {copied} there")));
    }
    Ok((table.to_owned(), copied))
}

struct ColumnOf {
    name: String,
    kind: String,
}

async fn columns(from: &Db, table: &str) -> Result<Vec<ColumnOf>, Problem> {
    let columns = Query::new("SELECT name, type FROM pragma_table_info($1) ORDER BY cid").bind(table);
    let columns = columns.all(&mut from.read().await?).await?;
    columns.iter().map(|row| Ok(ColumnOf { name: row.get("name")?, kind: row.get("type")? })).collect()
}

/// The values behind the place; a NULL gets its column's type, which PostgreSQL wants to know.
fn typed(values: Vec<Datum>, columns: &[ColumnOf]) -> Vec<Datum> {
    let typed = |(value, column): (Datum, &ColumnOf)| match (value, column.kind.as_str()) {
        (Datum::Integer(None), "TEXT") => Datum::Text(None),
        (Datum::Integer(None), "BLOB") => Datum::Blob(None),
        (value, _) => value,
    };
    values.into_iter().skip(1).zip(columns).map(typed).collect()
}

fn insert(table: &str, names: &str, columns: usize, rows: usize) -> Query {
    let row = |row: usize| {
        let places = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
    text(format!("INSERT INTO {table} ({names}) VALUES {rows}"))
}

async fn count(conn: &mut Conn, table: &str) -> Result<u64, Problem> {
    let row = text(format!("SELECT COUNT(*) AS count FROM {table}")).one(conn).await?;
    Ok(u64::try_from(row.get::<i64>("count")?).unwrap_or(0))
}

/// Statements are kept for as long as the process lives: a few for each table, in a process that copies once.
fn text(statement: String) -> Query {
    Query::new(statement.leak())
}
