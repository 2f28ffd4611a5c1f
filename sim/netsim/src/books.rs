//! The gateway's own books: one JSON object a line, appended and synced before the gateway goes on.
//!
//! `{"event":"sent","session":"s","imsi":"…","number":1,"used":5000}` stands before a request leaves,
//! `{"event":"answered","session":"s","number":1,"result":2001,"granted":10000000}` before its answer is acted on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// How many entries may wait for one sync.
const WAITING_MAX: usize = 4096;

/// One line of the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Entry {
    /// A request is about to leave.
    Sent {
        /// Its session.
        session: String,
        /// Who.
        imsi: String,
        /// Its number.
        number: u32,
        /// The octets it reports.
        used: u64,
    },
    /// A request was answered.
    Answered {
        /// Its session.
        session: String,
        /// Its number.
        number: u32,
        /// The Result-Code.
        result: u32,
        /// The octets granted, 0 if none.
        granted: u64,
    },
}

/// Where entries go.
#[derive(Debug, Clone)]
pub(crate) struct Books(Option<mpsc::Sender<(Entry, oneshot::Sender<()>)>>);

impl Books {
    pub(crate) fn open(path: Option<&Path>) -> std::io::Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tokio::task::spawn_blocking(move || keep(file, receiver));
        Ok(Self(Some(sender)))
    }

    /// Returns when the entry is on disk. False if the disk refuses it: then the gateway must not go on.
    pub(crate) async fn write(&self, entry: Entry) -> bool {
        let Some(sender) = &self.0 else { return true };
        let (done, is_done) = oneshot::channel();
        sender.send((entry, done)).await.is_ok() && is_done.await.is_ok()
    }
}

/// Writes what waits, syncs once, says so to all. Ends when the disk refuses or nobody writes any more.
fn keep(mut file: File, mut entries: mpsc::Receiver<(Entry, oneshot::Sender<()>)>) {
    let mut waiting = Vec::new();
    while entries.blocking_recv_many(&mut waiting, WAITING_MAX) > 0 {
        let mut text = String::new();
        for (entry, _) in &waiting {
            text.push_str(&serde_json::to_string(entry).unwrap_or_default());
            text.push('\n');
        }
        if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
            return tracing::error!(%error, "the books cannot be kept");
        }
        // Whoever waited may have gone.
        for (_, done) in waiting.drain(..) {
            let _ = done.send(());
        }
    }
}

/// What the books say of one subscriber.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Octets in reports that were taken: the engine has debited each of them once.
    pub answered: u64,
    /// Octets in reports that were never answered: the engine may or may not have debited them.
    pub in_doubt: u64,
    /// Octets granted in answers.
    pub granted: u64,
}

/// Sums the books by IMSI. A last line that was cut by a crash does not count; any other bad line is an error.
///
/// # Errors
/// If the file cannot be read, or is not such a file.
pub fn read(path: &Path) -> std::io::Result<BTreeMap<String, Sums>> {
    let text = std::fs::read_to_string(path)?;
    let mut requests: BTreeMap<(String, u32), Request> = BTreeMap::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        match serde_json::from_str(line).map_err(std::io::Error::other)? {
            Entry::Sent { session, imsi, number, used } => {
                requests.entry((session, number)).or_default().sent = Some((imsi, used));
            }
            Entry::Answered { session, number, result, granted } => {
                requests.entry((session, number)).or_default().answer = Some((result, granted));
            }
        }
    }
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for request in requests.into_values() {
        request.add_to(&mut sums)?;
    }
    Ok(sums)
}

#[derive(Default)]
struct Request {
    sent: Option<(String, u64)>,
    /// Result-Code and octets.
    answer: Option<(u32, u64)>,
}

impl Request {
    fn add_to(self, sums: &mut BTreeMap<String, Sums>) -> std::io::Result<()> {
        let Some((imsi, used)) = self.sent else {
            return Err(std::io::Error::other("an answer to a request that was never sent"));
        };
        let sum = sums.entry(imsi).or_default();
        match self.answer {
            // The user may not go on, but the report was taken.
            Some((2000..5000, granted)) => {
                sum.answered = sum.answered.saturating_add(used);
                sum.granted = sum.granted.saturating_add(granted);
            }
            // The server does not know this user, or not this session: it has taken nothing.
            Some(_) => {}
            None => sum.in_doubt = sum.in_doubt.saturating_add(used),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_books_are_on_disk_when_they_say_so_and_a_cut_line_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books");
        let books = Books::open(Some(&path)).unwrap();
        let sent = |number, used| Entry::Sent { session: "s".into(), imsi: "1".into(), number, used };
        assert!(books.write(sent(0, 0)).await);
        let answered = Entry::Answered { session: "s".into(), number: 0, result: 2001, granted: 10 };
        assert!(books.write(answered).await);
        assert!(books.write(sent(1, 7)).await);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"event\":\"sent\",\"ses");
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(&path).unwrap()["1"], Sums { answered: 0, in_doubt: 7, granted: 10 });
    }
}
