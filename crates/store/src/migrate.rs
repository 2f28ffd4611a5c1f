//! Migrations: written once for PostgreSQL, rewritten for SQLite.

use basis::{Problem, Timestamp};

use crate::{Db, Engine, in_tx, sql};

/// The migrations of one noun, oldest first; a step that has run anywhere is never edited.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// The crate.
    pub noun: &'static str,
    /// In order.
    pub steps: &'static [Migration],
}

/// One file.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its name.
    pub name: &'static str,
    /// Its text: `CREATE TABLE`, `DROP TABLE`, `CREATE [UNIQUE] INDEX` and `ALTER TABLE … ADD COLUMN` over TEXT, BIGINT and
    /// BYTEA, and `INSERT … SELECT`.
    pub sql: &'static str,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (\
     noun TEXT NOT NULL, name TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (noun, name))";

/// Runs what has not run yet, noun by noun in the order given, each step in a transaction of its own.
///
/// # Errors
/// The problem of the step that failed, which is named; earlier steps stay.
pub async fn migrate(db: &Db, nouns: &[Migrations], now: Timestamp) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        tx.batch(for_engine(TABLE, db.engine())).await?;
        Ok(())
    })?;
    for noun in nouns {
        for step in noun.steps {
            apply(db, noun.noun, step, now).await.map_err(|problem| {
                let cause = format!("migration {}/{}: {problem}", noun.noun, step.name);
                problem.because(cause)
            })?;
        }
    }
    Ok(())
}

async fn apply(db: &Db, noun: &str, step: &Migration, now: Timestamp) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        let fresh = sql!(
            "INSERT INTO schema_migration (noun, name, applied_at) VALUES ($1, $2, $3) ON CONFLICT (noun, name) DO NOTHING"
        )
        .bind(noun)
        .bind(step.name)
        .bind(now)
        .run(tx)
        .await?;
        if fresh == 1 {
            tx.batch(for_engine(step.sql, db.engine())).await?;
        }
        Ok(())
    })
}

/// The text for this engine: SQLite gets INTEGER, BLOB and STRICT, PostgreSQL gets text compared by code point.
fn for_engine(text: &str, engine: Engine) -> String {
    without_comments(text)
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(|statement| match engine {
            Engine::Postgres => replace_words(statement, &[("TEXT", "TEXT COLLATE \"C\"")]) + ";\n",
            Engine::Sqlite => {
                let strict = if statement.starts_with("CREATE TABLE") { " STRICT" } else { "" };
                replace_words(statement, &[("BIGINT", "INTEGER"), ("BYTEA", "BLOB")]) + strict + ";\n"
            }
        })
        .collect()
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Replaces whole upper-case words.
fn replace_words(text: &str, words: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(words.iter().find(|(from, _)| *from == word).map_or(word, |(_, to)| to));
        let gap = after.find(is_word).unwrap_or(after.len());
        let (between, next) = after.split_at(gap);
        out.push_str(between);
        rest = next;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_serves_both_engines() {
        let text = "-- a comment; with a semicolon\nCREATE TABLE t (a TEXT NOT NULL, n BIGINT, b BYTEA, a_TEXT BIGINT);\nCREATE INDEX i ON t (a);";
        assert_eq!(
            for_engine(text, Engine::Sqlite),
            "CREATE TABLE t (a TEXT NOT NULL, n INTEGER, b BLOB, a_TEXT INTEGER) STRICT;\nCREATE INDEX i ON t (a);\n"
        );
        assert!(for_engine(text, Engine::Postgres).contains("a TEXT COLLATE \"C\" NOT NULL"));
    }
}
