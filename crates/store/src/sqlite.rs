//! A connection to an SQLite file. It works in the calling thread: a statement takes microseconds, less than the way
//! to another thread and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use basis::Problem;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql};

use crate::db::WAIT_MAX;
use crate::query::{Answer, Bound, Names, Query, Row, Wanted};
use crate::value::Datum;

const WRITER: &str = "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; \
     PRAGMA cache_size=-16000; PRAGMA synchronous=FULL";
const READER: &str = "PRAGMA query_only=ON; PRAGMA cache_size=-4000; PRAGMA mmap_size=134217728";

/// How many prepared statements a connection keeps: all that write, and those of the busiest pages.
const WRITER_STATEMENTS: usize = 512;
const READER_STATEMENTS: usize = 256;

/// One connection; boxed, since every future that holds one would carry its half a kilobyte.
pub(crate) struct Sqlite(Box<Connection>);

/// Where the database is, and whether a commit may be answered before it is on disk.
pub(crate) struct Address {
    pub(crate) file: PathBuf,
    pub(crate) is_unsafe: bool,
}

impl Address {
    /// Of `sqlite:///path/file.db`; `?synchronous=OFF` at its end is for the test that shows what that would lose.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("sqlite:")?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let safe = rest.strip_suffix("?synchronous=OFF");
        Some(Self { file: safe.unwrap_or(rest).into(), is_unsafe: safe.is_some() })
    }
}

impl Sqlite {
    /// Opens the writing connection; makes the file if it is missing.
    pub(crate) fn writer(address: &Address) -> Result<Self, Problem> {
        let conn = Self::open(&address.file, OpenFlags::SQLITE_OPEN_CREATE, WRITER_STATEMENTS)?;
        conn.batch(WRITER)?;
        if address.is_unsafe {
            conn.batch("PRAGMA synchronous=OFF")?;
        }
        conn.be_patient(Duration::ZERO)?;
        Ok(conn)
    }

    /// Opens a connection that cannot write.
    pub(crate) fn reader(file: &Path) -> Result<Self, Problem> {
        let conn = Self::open(file, OpenFlags::empty(), READER_STATEMENTS)?;
        conn.batch(READER)?;
        Ok(conn)
    }

    fn open(file: &Path, more: OpenFlags, statements: usize) -> Result<Self, Problem> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let conn = Connection::open_with_flags(file, flags)
            .map_err(|error| problem_of(&error).because(format!("{}: {error}", file.display())))?;
        conn.set_prepared_statement_cache_capacity(statements);
        let conn = Self(Box::new(conn));
        conn.be_patient(WAIT_MAX)?;
        Ok(conn)
    }

    /// How long it waits for a lock that another process holds.
    pub(crate) fn be_patient(&self, time: Duration) -> Result<(), Problem> {
        self.0.busy_timeout(time).map_err(|e| problem_of(&e))
    }

    /// Whether no transaction is open.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.0.is_autocommit()
    }

    /// Runs a statement.
    pub(crate) fn ask(&self, query: &Query, wanted: Wanted) -> Result<Answer, Problem> {
        let mut statement = self.0.prepare_cached(query.text).map_err(|e| problem_of(&e))?;
        let names: Names = statement.column_names().map(Box::from).collect();
        let mut answer = Answer { changed: 0, rows: Vec::new() };
        for nth in 0..query.many().unwrap_or(1) {
            bind(&mut statement, &query.values, nth)?;
            run(&mut statement, wanted, &names, &mut answer.rows)?;
            answer.changed = answer.changed.saturating_add(self.0.changes());
        }
        Ok(answer)
    }

    /// Runs a statement of the store's own that is run again and again, such as SAVEPOINT.
    pub(crate) fn command(&self, text: &'static str) -> Result<(), Problem> {
        self.try_command(text).map_err(|e| problem_of(&e))
    }

    fn try_command(&self, text: &'static str) -> rusqlite::Result<()> {
        self.0.prepare_cached(text)?.raw_execute().map(drop)
    }

    /// Opens a transaction that may write; false if another process has one and did not end it in time.
    pub(crate) fn begin_immediate(&self) -> Result<bool, Problem> {
        match self.try_command("BEGIN IMMEDIATE") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            other => other.map(|()| true).map_err(|e| problem_of(&e)),
        }
    }

    /// Runs statements that have neither values nor an answer.
    pub(crate) fn batch(&self, text: &str) -> Result<(), Problem> {
        self.0.execute_batch(text).map_err(|e| problem_of(&e))
    }

    /// The number that a PRAGMA answers with first.
    pub(crate) fn pragma(&self, text: &'static str) -> Result<i64, Problem> {
        self.0.query_row(text, [], |row| row.get(0)).map_err(|e| problem_of(&e))
    }

    /// Prepares a statement without running it.
    pub(crate) fn prepare(&self, text: &str) -> Result<(), String> {
        self.0.prepare(text).map(drop).map_err(|e| e.to_string())
    }
}

/// Runs it with what is bound, and keeps the rows that are wanted.
fn run(
    statement: &mut Statement<'_>,
    wanted: Wanted,
    names: &Names,
    rows: &mut Vec<Row>,
) -> Result<(), Problem> {
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(|e| problem_of(&e))? {
        match wanted {
            Wanted::Changes => {}
            Wanted::FirstRow | Wanted::AllRows => rows.push(row_of(row, names)?),
        }
        if wanted == Wanted::FirstRow {
            break;
        }
    }
    Ok(())
}

/// Binds by number: SQLite numbers `$2, $1` by which comes first in the text, PostgreSQL by what stands there.
fn bind(statement: &mut Statement<'_>, values: &[Bound], row: usize) -> Result<(), Problem> {
    let mut last = 0;
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse().ok());
        let number: usize = number.ok_or_else(|| Problem::internal("a placeholder is not $1, $2, …"))?;
        let value = number.checked_sub(1).and_then(|nth| values.get(nth)?.of_row(row));
        let value = value.ok_or_else(|| Problem::internal(format!("nothing is bound to ${number}")))?;
        statement.raw_bind_parameter(index, value).map_err(|e| problem_of(&e))?;
        last = last.max(number);
    }
    if last == values.len() {
        return Ok(());
    }
    Err(Problem::internal(format!("{} values are bound, but the last placeholder is ${last}", values.len())))
}

impl ToSql for Datum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(Some(number)) => ValueRef::Integer(*number),
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Blob(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Integer(None) | Self::Text(None) | Self::Blob(None) => ValueRef::Null,
        }))
    }
}

fn row_of(row: &rusqlite::Row<'_>, names: &Names) -> Result<Row, Problem> {
    let values = names.iter().enumerate().map(|(nth, name)| {
        let value = row.get_ref(nth).map_err(|e| problem_of(&e))?;
        datum_of(value).ok_or_else(|| Problem::internal(format!("column {name} is a {}", value.data_type())))
    });
    Ok(Row::new(names.clone(), values.collect::<Result<_, _>>()?))
}

/// `None` for what our columns never hold: floating point, or text that is not UTF-8.
fn datum_of(value: ValueRef<'_>) -> Option<Datum> {
    Some(match value {
        ValueRef::Null => Datum::Integer(None),
        ValueRef::Integer(number) => Datum::Integer(Some(number)),
        ValueRef::Text(text) => Datum::Text(Some(str::from_utf8(text).ok()?.to_owned())),
        ValueRef::Blob(bytes) => Datum::Blob(Some(bytes.to_vec())),
        ValueRef::Real(_) => return None,
    })
}

/// What SQLite said, as a problem: what to wait for, what is our mistake.
fn problem_of(error: &rusqlite::Error) -> Problem {
    let code = error.sqlite_error().map(|error| error.extended_code);
    let cause = match code {
        Some(code) => format!("SQLite ({code}): {error}"),
        None => format!("SQLite: {error}"),
    };
    if code.is_some_and(passes_by) { Problem::unavailable(cause) } else { Problem::internal(cause) }
}

/// True of an error that is not about the statement, so that it may be gone by the next try. The low byte says what
/// kind: busy, locked, I/O, full, cannot open.
fn passes_by(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)
}

/// Runs what may take long, or wait for a disk or a lock, on a thread where it holds nobody up. Once begun it comes
/// to its end, also if whoever waits for it gives up.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Problem::unavailable(format!("the database's thread ended: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_is_told_from_what_is_wrong() {
        for code in [5, 517, 1034, 1290, 13, 14] {
            assert!(passes_by(code), "{code}");
        }
        for code in [1, 19, 2067, 1555] {
            assert!(!passes_by(code), "{code}");
        }
    }

    #[test]
    fn an_address_says_where_and_how_safe() {
        for (url, file, is_unsafe) in [
            ("sqlite:///data/heyon.db", "/data/heyon.db", false),
            ("sqlite://data/heyon.db", "data/heyon.db", false),
            ("sqlite:///data/heyon.db?synchronous=OFF", "/data/heyon.db", true),
        ] {
            let found = Address::of(url).unwrap();
            assert_eq!((found.file.to_str().unwrap(), found.is_unsafe), (file, is_unsafe));
        }
        assert!(Address::of("postgres://localhost/heyon").is_none());
    }
}
