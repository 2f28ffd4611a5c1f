//! Copying SQLite files while they are written, all of them at one moment.
//!
//! A reader that stays open keeps SQLite from starting its write-ahead log anew, so the file itself can be
//! copied at leisure: whatever a checkpoint moves into it meanwhile also still stands in that log. Then, with the turn
//! to write taken on every file, nobody commits, and the logs (small) are copied: file and log together
//! are the state of that one moment.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use basis::Problem;

use crate::{Conn, Db, in_tx, sql};

/// A SQLite database, its file, and where its copy goes.
pub struct Copy<'a> {
    /// The open database.
    pub db: &'a Db,
    /// Its file.
    pub from: PathBuf,
    /// The copy, which must not exist yet.
    pub to: PathBuf,
}

/// Copies both at one moment and syncs the copies. Writers of both wait while the two logs are copied.
///
/// # Errors
/// Unavailable if a file cannot be read or written; what was copied so far stays and is worth nothing.
pub async fn copy_together(first: &Copy<'_>, second: &Copy<'_>) -> Result<(), Problem> {
    let first_reader = reader(first.db).await?;
    let second_reader = reader(second.db).await?;
    for copy in [first, second] {
        copy_file(copy.from.clone(), copy.to.clone()).await?;
    }
    in_tx!(first.db, |_tx| {
        in_tx!(second.db, |_tx| {
            for copy in [first, second] {
                copy_file(log_of(&copy.from), log_of(&copy.to)).await?;
            }
            Ok(())
        })
    })?;
    drop((first_reader, second_reader));
    Ok(())
}

/// A reader that has begun to read, and so holds the log where it is.
async fn reader(db: &Db) -> Result<Conn, Problem> {
    let mut conn = db.snapshot().await?;
    sql!("SELECT COUNT(*) AS count FROM schema_migration").one(&mut conn).await?;
    Ok(conn)
}

fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

async fn copy_file(from: PathBuf, to: PathBuf) -> Result<(), Problem> {
    let failed = format!("cannot copy {} to {}", from.display(), to.display());
    let copied = tokio::task::spawn_blocking(move || {
        if !from.exists() {
            return Ok(());
        }
        fs::copy(&from, &to)?;
        File::open(&to)?.sync_all()
    });
    match copied.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Problem::unavailable(format!("{failed}: {error}"))),
        Err(error) => Err(Problem::internal(format!("{failed}: {error}"))),
    }
}
