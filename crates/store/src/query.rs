//! Statements, and the rows that come back.

use std::sync::Arc;

use basis::Problem;

use crate::Conn;
use crate::value::{Bind, Column, Datum};

/// A statement with the values bound so far.
#[derive(Debug)]
pub struct Query {
    pub(crate) text: &'static str,
    /// The first is `$1`.
    pub(crate) values: Vec<Bound>,
}

/// What a placeholder stands for.
#[derive(Debug)]
pub(crate) enum Bound {
    One(Datum),
    /// One for each of many rows, all of one kind.
    Each(Vec<Datum>),
}

impl Bound {
    /// What the row of this number has, from 0.
    pub(crate) fn of_row(&self, nth: usize) -> Option<&Datum> {
        match self {
            Self::One(value) => Some(value),
            Self::Each(values) => values.get(nth),
        }
    }
}

/// What is to come back from a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Changes,
    FirstRow,
    AllRows,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// How many rows were changed, if that was wanted.
    pub(crate) changed: u64,
    pub(crate) rows: Vec<Row>,
}

impl Query {
    #[doc(hidden)]
    pub fn new(text: &'static str) -> Self {
        Self { text, values: Vec::new() }
    }

    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(Bound::One(value.into_datum()));
        self
    }

    /// Binds the next placeholder to a value for each of many rows: `INSERT … VALUES ($1, $2)` puts all of them in at once,
    /// `… WHERE id IN (VALUES ($1))` is about all of them, none of which may be there twice. Either each placeholder is bound so, and to equally many, or none.
    #[must_use]
    pub fn bind_each(mut self, values: impl IntoIterator<Item = impl Bind>) -> Self {
        self.values.push(Bound::Each(values.into_iter().map(Bind::into_datum).collect()));
        self
    }

    /// How many rows it is about, if it was bound to values for each of many.
    pub(crate) fn many(&self) -> Option<usize> {
        match self.values.first() {
            Some(Bound::Each(values)) => Some(values.len()),
            _ => None,
        }
    }

    /// Runs it; the number of rows it changed.
    pub async fn run(self, conn: &mut Conn) -> Result<u64, Problem> {
        Ok(conn.ask(self, Wanted::Changes).await?.changed)
    }

    /// The one row; no row is an internal error.
    pub async fn one(self, conn: &mut Conn) -> Result<Row, Problem> {
        let text = self.text;
        self.optional(conn).await?.ok_or_else(|| Problem::internal(format!("no row: {text}")))
    }

    /// The row, if there is one.
    pub async fn optional(self, conn: &mut Conn) -> Result<Option<Row>, Problem> {
        Ok(conn.ask(self, Wanted::FirstRow).await?.rows.into_iter().next())
    }

    /// All rows: bound what you ask for with LIMIT.
    pub async fn all(self, conn: &mut Conn) -> Result<Vec<Row>, Problem> {
        Ok(conn.ask(self, Wanted::AllRows).await?.rows)
    }
}

/// The names of an answer's columns, shared by its rows.
pub(crate) type Names = Arc<[Box<str>]>;

/// One row of an answer.
#[derive(Debug)]
pub struct Row {
    names: Names,
    values: Vec<Datum>,
}

impl Row {
    pub(crate) fn new(names: Names, values: Vec<Datum>) -> Self {
        Self { names, values }
    }

    /// What it holds, in the order of the columns.
    pub(crate) fn into_values(self) -> Vec<Datum> {
        self.values
    }

    /// The value of a column; another type than asked for is an internal error that names the column.
    pub fn get<T: Column>(&self, column: &str) -> Result<T, Problem> {
        let found = self.names.iter().zip(&self.values).find(|(name, _)| name.as_ref() == column);
        let (_, datum) = found.ok_or_else(|| Problem::internal(format!("there is no column {column}")))?;
        T::read(datum).ok_or_else(|| Problem::internal(format!("column {column} holds no such value")))
    }
}
