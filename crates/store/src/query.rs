//! Statements, what can be bound to them, and the rows that come back.

use basis::{Country, Currency, DataVolume, Entity, Id, Kind, Language, Problem, Timestamp};
use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::{Arguments as _, AssertSqlSafe, Row as _};

use crate::{Conn, RETRY_KEY};

/// A statement with the values bound so far.
pub struct Query {
    text: &'static str,
    arguments: AnyArguments,
    misfit: Option<Problem>,
}

impl Query {
    #[doc(hidden)]
    pub fn new(text: &'static str) -> Self {
        Self { text, arguments: AnyArguments::default(), misfit: None }
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Self {
        if let Err(problem) = value.add_to(&mut self.arguments) {
            self.misfit.get_or_insert(problem);
        }
        self
    }

    /// Runs it; the number of rows it changed.
    pub async fn run(self, conn: &mut Conn) -> Result<u64, Problem> {
        let done = self.prepared()?.execute(conn.raw()?).await;
        Ok(conn.heard(done)?.rows_affected())
    }

    /// The one row; no row is an internal error.
    pub async fn one(self, conn: &mut Conn) -> Result<Row, Problem> {
        let row = self.prepared()?.fetch_one(conn.raw()?).await;
        Ok(Row(conn.heard(row)?))
    }

    /// The row, if there is one.
    pub async fn optional(self, conn: &mut Conn) -> Result<Option<Row>, Problem> {
        let row = self.prepared()?.fetch_optional(conn.raw()?).await;
        Ok(conn.heard(row)?.map(Row))
    }

    /// All rows: bound what you ask for with LIMIT.
    pub async fn all(self, conn: &mut Conn) -> Result<Vec<Row>, Problem> {
        let rows = self.prepared()?.fetch_all(conn.raw()?).await;
        Ok(conn.heard(rows)?.into_iter().map(Row).collect())
    }

    fn prepared(self) -> Result<sqlx::query::Query<'static, Any, AnyArguments>, Problem> {
        match self.misfit {
            Some(problem) => Err(problem),
            None => {
                metrics::counter!("store_statements_total").increment(1);
                Ok(sqlx::query_with(AssertSqlSafe(self.text), self.arguments))
            }
        }
    }
}

/// One row of an answer.
pub struct Row(AnyRow);

impl Row {
    /// The value of a column; another type than asked for is an internal error that names the column.
    pub fn get<T: Column>(&self, column: &str) -> Result<T, Problem> {
        T::read(&self.0, column)
    }
}

/// A value that fits one column: TEXT, BIGINT or BYTEA.
pub trait Value: Sized {
    /// How the column holds it: `String`, `i64` or `Vec<u8>`.
    type Raw: for<'q> sqlx::Encode<'q, Any> + for<'r> sqlx::Decode<'r, Any> + sqlx::Type<Any> + Send + 'static;
    /// Into the column.
    fn to_raw(&self) -> Self::Raw;
    /// Out of the column; `None` if it does not fit.
    fn from_raw(raw: Self::Raw) -> Option<Self>;
}

/// What can be bound to a placeholder: a [`Value`], `&str`, `&[u8]`, or an `Option` of a value or `&str`.
pub trait Bind {
    #[doc(hidden)]
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), Problem>;
}

/// What can be read from a column: a [`Value`] or an `Option` of one.
pub trait Column: Sized {
    #[doc(hidden)]
    fn read(row: &AnyRow, column: &str) -> Result<Self, Problem>;
}

fn add<T>(arguments: &mut AnyArguments, value: T) -> Result<(), Problem>
where
    T: for<'q> sqlx::Encode<'q, Any> + sqlx::Type<Any> + 'static,
{
    arguments.add(value).map_err(|e| Problem::internal(format!("cannot bind: {e}")))
}

impl<V: Value> Bind for V {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), Problem> {
        add(arguments, self.to_raw())
    }
}
impl<V: Value> Bind for Option<V> {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), Problem> {
        add(arguments, self.map(|v| v.to_raw()))
    }
}
impl Bind for &str {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), Problem> {
        add(arguments, self.to_owned())
    }
}
impl Bind for Option<&str> {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), Problem> {
        add(arguments, self.map(str::to_owned))
    }
}
impl Bind for &[u8] {
    fn add_to(self, arguments: &mut AnyArguments) -> Result<(), Problem> {
        add(arguments, self.to_vec())
    }
}

impl<V: Value> Column for V {
    fn read(row: &AnyRow, column: &str) -> Result<Self, Problem> {
        let raw = row.try_get::<V::Raw, _>(column).map_err(|e| problem_of(&e))?;
        V::from_raw(raw).ok_or_else(|| Problem::internal(format!("column {column} holds no such value")))
    }
}
impl<V: Value> Column for Option<V> {
    fn read(row: &AnyRow, column: &str) -> Result<Self, Problem> {
        let raw = row.try_get::<Option<V::Raw>, _>(column).map_err(|e| problem_of(&e))?;
        raw.map(|raw| {
            V::from_raw(raw).ok_or_else(|| Problem::internal(format!("column {column} holds no such value")))
        })
        .transpose()
    }
}

macro_rules! values {
    ($($type:ty as $raw:ty: |$value:ident| $to:expr, |$from:ident| $back:expr;)*) => {$(
        impl Value for $type {
            type Raw = $raw;
            fn to_raw(&self) -> $raw { let $value = self; $to }
            fn from_raw($from: $raw) -> Option<Self> { $back }
        }
    )*};
}

values! {
    i64 as i64: |v| *v, |raw| Some(raw);
    u32 as i64: |v| i64::from(*v), |raw| raw.try_into().ok();
    u8 as i64: |v| i64::from(*v), |raw| raw.try_into().ok();
    String as String: |v| v.clone(), |raw| Some(raw);
    Vec<u8> as Vec<u8>: |v| v.clone(), |raw| Some(raw);
    [u8; 32] as Vec<u8>: |v| v.to_vec(), |raw| raw.try_into().ok();
    Timestamp as i64: |v| v.as_ms(), |raw| Some(Self(raw));
    DataVolume as i64: |v| v.to_i64(), |raw| u64::try_from(raw).ok().map(Self);
    Currency as String: |v| v.code().to_owned(), |raw| raw.parse().ok();
    Country as String: |v| v.code().to_owned(), |raw| raw.parse().ok();
    Language as String: |v| v.tag().to_owned(), |raw| raw.parse().ok();
}

impl<E: Entity> Value for Id<E> {
    type Raw = String;
    fn to_raw(&self) -> String {
        self.to_string()
    }
    fn from_raw(raw: String) -> Option<Self> {
        raw.parse().ok()
    }
}

/// A database error as a problem: what to try again, what to wait for, what is our mistake.
pub(crate) fn problem_of(error: &sqlx::Error) -> Problem {
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

/// True of an error that is not about the statement, so that it may be gone by the next try.
///
/// PostgreSQL's codes have five characters: connection lost, only reading for now (a fail-over), resources, shutting
/// down, I/O. SQLite's are numbers, of which the low byte says what kind: busy, locked, I/O, full, cannot open.
fn passes_by(code: &str) -> bool {
    if code.len() == 5 {
        return code == "25006" || ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|number| matches!(number & 0xff, 5 | 6 | 10 | 13 | 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_is_told_from_what_is_wrong() {
        for code in ["08006", "25006", "53300", "57P01", "58030", "5", "517", "1034", "1290", "13", "14"] {
            assert!(passes_by(code), "{code}");
        }
        for code in ["23505", "25P02", "42P01", "57014", "1", "19", "2067", "1555"] {
            assert!(!passes_by(code), "{code}");
        }
    }
}
