//! A connection to a PostgreSQL server.

use std::time::Duration;

use basis::{Kind, Problem};
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgColumn, PgConnectOptions, PgConnection, PgPoolOptions, PgRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, PgPool,
    Postgres, Row as _, SqlSafeStr as _, TypeInfo as _,
};

use crate::RETRY_KEY;
use crate::db::{CONNECTIONS_MAX, WAIT_MAX};
use crate::query::{Answer, Bound, Names, Query, Row, Wanted};
use crate::value::{Datum, Raw};

/// A connection that has not been used for so long is tried before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 512;

/// The server and the connections to it; cheap to clone.
#[derive(Clone)]
pub(crate) struct Servers(PgPool);

/// One connection, or the transaction on it.
pub(crate) struct Server {
    held: Held,
    servers: Servers,
}

enum Held {
    Connection(PoolConnection<Postgres>),
    Transaction(Open),
}

/// A transaction. Where it was not seen to end, also if nobody waited for its beginning, its connection ends with it: one
/// that went back into the pool with a transaction open would call rows written that nobody else will ever see.
struct Open {
    conn: PoolConnection<Postgres>,
    ended: bool,
}

impl Servers {
    pub(crate) async fn open(url: &str) -> Result<Self, Problem> {
        let options: PgConnectOptions = url.parse().map_err(|e| problem_of(&e))?;
        let options = options.disable_statement_logging().statement_cache_capacity(STATEMENTS);
        let pool = PgPoolOptions::new()
            .max_connections(u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX))
            .acquire_timeout(WAIT_MAX)
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            });
        Ok(Self(pool.connect_with(options).await.map_err(|e| problem_of(&e))?))
    }

    pub(crate) async fn take(&self) -> Result<Server, Problem> {
        let conn = self.0.acquire().await.map_err(|e| self.heard(&e))?;
        Ok(Server { held: Held::Connection(conn), servers: self.clone() })
    }

    pub(crate) async fn snapshot(&self) -> Result<Server, Problem> {
        let mut conn = self.0.acquire().await.map_err(|e| self.heard(&e))?;
        // Its transaction stays open, so it never goes back into the pool.
        conn.close_on_drop();
        let begun = conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await;
        begun.map_err(|e| self.heard(&e))?;
        Ok(Server { held: Held::Connection(conn), servers: self.clone() })
    }

    pub(crate) async fn begin(&self) -> Result<Server, Problem> {
        let conn = self.0.acquire().await.map_err(|e| self.heard(&e))?;
        let open = Open::begin(conn).await.map_err(|e| self.heard(&e))?;
        Ok(Server { held: Held::Transaction(open), servers: self.clone() })
    }

    pub(crate) async fn close(&self) {
        self.0.close().await;
    }

    pub(crate) async fn prepare(&self, text: &'static str) -> Result<(), String> {
        let mut conn = self.0.acquire().await.map_err(|e| e.to_string())?;
        conn.prepare(text.into_sql_str()).await.map(drop).map_err(|e| e.to_string())
    }

    /// What went wrong, as a problem. If a connection was lost, so are others, most likely: the pool tries each as it
    /// comes back, so those that rest there go out and come back at once.
    fn heard(&self, error: &sqlx::Error) -> Problem {
        if is_loss(error) {
            drop(std::iter::from_fn(|| self.0.try_acquire()).collect::<Vec<_>>());
        }
        problem_of(error)
    }
}

impl Server {
    pub(crate) async fn ask(&mut self, query: Query, wanted: Wanted) -> Result<Answer, Problem> {
        let text = match query.many() {
            Some(0) => return Ok(Answer { changed: 0, rows: Vec::new() }),
            Some(_) => AssertSqlSafe(query.text.replace("VALUES (", "SELECT * FROM UNNEST(")).into_sql_str(),
            None => query.text.into_sql_str(),
        };
        let query = sqlx::query_with(text, arguments(query.values)?);
        let conn = self.conn();
        let answer = match wanted {
            Wanted::Changes => query.execute(conn).await.map(|done| (done.rows_affected(), Vec::new())),
            Wanted::FirstRow => query.fetch_optional(conn).await.map(|row| (0, row.into_iter().collect())),
            Wanted::AllRows => query.fetch_all(conn).await.map(|rows| (0, rows)),
        };
        let (changed, rows) = answer.map_err(|e| self.servers.heard(&e))?;
        Ok(Answer { changed, rows: rows_of(&rows)? })
    }

    pub(crate) async fn batch(&mut self, text: String) -> Result<(), Problem> {
        let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(self.conn()).await;
        done.map(drop).map_err(|e| self.servers.heard(&e))
    }

    pub(crate) async fn commit(self) -> Result<(), Problem> {
        let Held::Transaction(open) = self.held else { return Ok(()) };
        metrics::counter!("store_commits_total").increment(1);
        open.end("COMMIT").await.map_err(|e| self.servers.heard(&e))
    }

    pub(crate) async fn roll_back(self) {
        if let Held::Transaction(open) = self.held {
            drop(open.end("ROLLBACK").await);
        }
    }

    fn conn(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Connection(conn) => conn,
            Held::Transaction(open) => &mut open.conn,
        }
    }
}

impl Open {
    // Not the library's own: given up while it waits for BEGIN, that one leaves the transaction open.
    async fn begin(conn: PoolConnection<Postgres>) -> Result<Self, sqlx::Error> {
        let mut open = Self { conn, ended: false };
        open.conn.execute("BEGIN").await?;
        Ok(open)
    }

    async fn end(mut self, how: &'static str) -> Result<(), sqlx::Error> {
        self.conn.execute(how).await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.ended {
            self.conn.close_on_drop();
        }
    }
}

fn arguments(values: Vec<Bound>) -> Result<PgArguments, Problem> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Bound::One(Datum::Integer(number)) => arguments.add(number),
            Bound::One(Datum::Text(text)) => arguments.add(text),
            Bound::One(Datum::Blob(bytes)) => arguments.add(bytes),
            Bound::Each(values) => add_array(&mut arguments, &values),
        }
        .map_err(|e| Problem::internal(format!("cannot bind: {e}")))?;
    }
    Ok(arguments)
}

/// As an array of the kind that its first value has.
fn add_array(arguments: &mut PgArguments, values: &[Datum]) -> Result<(), BoxDynError> {
    match values.first() {
        Some(Datum::Text(_)) => arguments.add(array::<String>(values)),
        Some(Datum::Blob(_)) => arguments.add(array::<Vec<u8>>(values)),
        _ => arguments.add(array::<i64>(values)),
    }
}

fn array<R: Raw>(values: &[Datum]) -> Vec<Option<&R>> {
    values.iter().map(R::of).collect()
}

fn rows_of(rows: &[PgRow]) -> Result<Vec<Row>, Problem> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names: Names = first.columns().iter().map(|column| Box::from(column.name())).collect();
    let row = |row: &PgRow| {
        let values = row.columns().iter().map(|column| datum_of(row, column));
        Ok(Row::new(names.clone(), values.collect::<Result<_, Problem>>()?))
    };
    rows.iter().map(row).collect()
}

fn datum_of(row: &PgRow, column: &PgColumn) -> Result<Datum, Problem> {
    let nth = column.ordinal();
    let datum = match column.type_info().name() {
        "INT8" => row.try_get(nth).map(Datum::Integer),
        "INT4" => row.try_get(nth).map(|n: Option<i32>| Datum::Integer(n.map(i64::from))),
        "INT2" => row.try_get(nth).map(|n: Option<i16>| Datum::Integer(n.map(i64::from))),
        "TEXT" | "VARCHAR" | "NAME" => row.try_get(nth).map(Datum::Text),
        "BYTEA" => row.try_get(nth).map(Datum::Blob),
        other => return Err(Problem::internal(format!("column {} is a {other}", column.name()))),
    };
    datum.map_err(|e| problem_of(&e))
}

/// A database error as a problem: what to try again, what to wait for, what is our mistake.
fn problem_of(error: &sqlx::Error) -> Problem {
    let cause = error.to_string();
    match error {
        sqlx::Error::Database(db) => match db.code().as_deref() {
            Some("40001" | "40P01") => Problem::new(Kind::Unavailable, RETRY_KEY).because(cause),
            Some(code) if passes_by(code) => Problem::unavailable(cause),
            _ => Problem::internal(cause),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Problem::unavailable(cause),
        _ => Problem::internal(cause),
    }
}

/// True of an error that is not about the statement, so that it may be gone by the next try: connection lost, only
/// reading for now (a fail-over), resources, shutting down, I/O.
fn passes_by(code: &str) -> bool {
    code == "25006" || ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class))
}

/// True if the connection is gone.
fn is_loss(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(error, sqlx::Error::Io(_))
        || code.is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_is_told_from_what_is_wrong() {
        for code in ["08006", "25006", "53300", "57P01", "58030"] {
            assert!(passes_by(code), "{code}");
        }
        for code in ["23505", "25P02", "42P01", "57014"] {
            assert!(!passes_by(code), "{code}");
        }
    }
}
