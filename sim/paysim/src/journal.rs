//! The append-only file: every change is on the disk before its answer leaves. Lines written together share a sync.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::mpsc;

use tokio::sync::watch;

use crate::books::Record;

/// A journal, or nothing for books in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Option<Lines>);

#[derive(Debug, Clone)]
struct Lines {
    queue: mpsc::Sender<(u64, String)>,
    durable: watch::Receiver<u64>,
}

impl Journal {
    /// Opens the file, and reads what is in it. A last line without an end was never answered for: it is cut off.
    pub(crate) fn open(path: &Path) -> std::io::Result<(Self, Vec<Record>)> {
        let records = read(path)?;
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (queue, lines) = mpsc::channel();
        let (done, durable) = watch::channel(0);
        std::thread::Builder::new()
            .name("paysim-journal".to_owned())
            .spawn(move || write(file, &lines, &done))?;
        Ok((Self(Some(Lines { queue, durable })), records))
    }

    /// Queues lines; the caller numbers them in the order of its changes.
    pub(crate) fn append(&self, number: u64, records: &[Record]) {
        let Some(lines) = &self.0 else { return };
        let text: String = records
            .iter()
            .filter_map(|record| serde_json::to_string(record).ok())
            .map(|line| line + "\n")
            .collect();
        drop(lines.queue.send((number, text)));
    }

    /// Waits until everything up to this number is on the disk; false if it never will be.
    pub(crate) async fn durable(&self, number: u64) -> bool {
        match &self.0 {
            Some(lines) => lines.durable.clone().wait_for(|done| *done >= number).await.is_ok(),
            None => true,
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<Record>> {
    let Ok(file) = File::open(path) else { return Ok(Vec::new()) };
    let mut records = Vec::new();
    let mut kept: u64 = 0;
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 0 && line.ends_with('\n') {
        let record = serde_json::from_str(&line)
            .map_err(|e| std::io::Error::other(format!("{}: byte {kept}: {e}", path.display())))?;
        records.push(record);
        kept += u64::try_from(line.len()).unwrap_or(0);
        line.clear();
    }
    if !line.is_empty() {
        OpenOptions::new().write(true).open(path)?.set_len(kept)?;
    }
    Ok(records)
}

fn write(mut file: File, lines: &mpsc::Receiver<(u64, String)>, done: &watch::Sender<u64>) {
    while let Ok((mut number, mut text)) = lines.recv() {
        while let Ok((later, more)) = lines.try_recv() {
            number = later;
            text.push_str(&more);
        }
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // Nothing may be answered for any more: waiting callers find the channel closed.
            tracing::error!(%error, "the journal cannot be written");
            return;
        }
        done.send_replace(number);
    }
}
