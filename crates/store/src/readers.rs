//! The connections that read an SQLite file while its one writer writes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use basis::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::db::{CONNECTIONS_MAX, WAIT_MAX};
use crate::sqlite::{Sqlite, apart};

/// Opened when they are needed, kept when they are not; the one that came back last goes out first, so that a quiet
/// shop keeps few of them warm.
pub(crate) struct Readers {
    file: PathBuf,
    room: Arc<Semaphore>,
    idle: Mutex<Vec<Sqlite>>,
}

/// A connection that goes back to the others when it is dropped.
pub(crate) struct Reader {
    /// `None` only while it is dropped.
    conn: Option<Sqlite>,
    home: Arc<Readers>,
    _room: OwnedSemaphorePermit,
}

impl Readers {
    pub(crate) fn of(file: PathBuf) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Arc::new(Self { file, room, idle: Mutex::default() })
    }

    /// A connection, each of whose statements sees what is committed by then.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Reader, Problem> {
        let room = tokio::time::timeout(WAIT_MAX, self.room.clone().acquire_owned()).await;
        let room = room
            .map_err(|_| Problem::unavailable("too many read at once"))?
            .map_err(|_| Problem::unavailable("the database is closed"))?;
        let idle = self.idle().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.open().await?,
        };
        Ok(Reader { conn: Some(conn), home: self.clone(), _room: room })
    }

    async fn open(&self) -> Result<Sqlite, Problem> {
        let file = self.file.clone();
        apart(move || Sqlite::reader(&file)).await?
    }

    /// Nobody gets one any more; those that are out are closed when they come back.
    pub(crate) fn close(&self) {
        self.room.close();
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Sqlite>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    pub(crate) fn conn(&self) -> Result<&Sqlite, Problem> {
        self.conn.as_ref().ok_or_else(|| Problem::internal("the reader went back"))
    }
}

impl Drop for Reader {
    /// One in the middle of a transaction, as a snapshot is, would keep seeing the past.
    fn drop(&mut self) {
        let conn = self.conn.take().filter(Sqlite::is_at_rest);
        if let Some(conn) = conn.filter(|_| !self.home.room.is_closed()) {
            self.home.idle().push(conn);
        }
    }
}
