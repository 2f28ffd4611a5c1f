//! What a log loses if it is cut.

use std::collections::BTreeSet;

use basis::{Id, Line, Order, Pool as PoolNoun, Timestamp};
use store::Conn;

use super::{Batch, Entry, Fault, ShardId, read_row, rows};
use crate::pool::Event;

/// How many rows are read at a time.
const PAGE_ROWS: u32 = 64;

/// What stands in the rows that are discarded, as far as they can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// Why the shard does not start.
    pub damage: String,
    /// The shard's time up to which everything stays.
    pub kept_until: Timestamp,
    /// How many rows go.
    pub rows: u64,
    /// How many of them say nothing any more.
    pub unreadable: u64,
    /// Whose pools they are about.
    pub pools: BTreeSet<Id<PoolNoun>>,
    /// Orders that were delivered there.
    pub delivered: BTreeSet<Id<Order>>,
    /// Orders that were voided there, so that their money could go back.
    pub voided: BTreeSet<Id<Order>>,
    /// Lines that joined, came from another pool or left for one.
    pub lines: BTreeSet<Id<Line>>,
    /// Octets that were used.
    pub octets: u64,
}

/// Reads what stands in the rows from `seq` on.
pub(crate) async fn what_is_lost(conn: &mut Conn, shard: ShardId, seq: u64) -> Result<Loss, Fault> {
    let mut loss = Loss {
        damage: String::new(),
        kept_until: Timestamp(0),
        rows: 0,
        unreadable: 0,
        pools: BTreeSet::new(),
        delivered: BTreeSet::new(),
        voided: BTreeSet::new(),
        lines: BTreeSet::new(),
        octets: 0,
    };
    let mut at = seq.saturating_sub(1);
    loop {
        let page = rows::rows_after(conn, shard, at, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(loss) };
        at = last.seq;
        for row in &page {
            loss.rows = loss.rows.saturating_add(1);
            match read_row(shard, row) {
                Ok(batch) => loss.add(&batch),
                Err(_) => loss.unreadable = loss.unreadable.saturating_add(1),
            }
        }
    }
}

impl Loss {
    fn add(&mut self, batch: &Batch) {
        for entry in &batch.entries {
            if let Entry::Pool { pool, events, .. } = entry {
                self.pools.insert(*pool);
                for event in events {
                    self.add_event(event);
                }
            }
        }
    }

    fn add_event(&mut self, event: &Event) {
        match event {
            Event::Credited { bundle, .. } => drop(self.delivered.insert(*bundle)),
            Event::Voided(order) => drop(self.voided.insert(*order)),
            Event::Joined(identity) => drop(self.lines.insert(identity.line)),
            Event::Departed { leaving, .. } => drop(self.lines.insert(leaving.line)),
            Event::Arrived { luggage, .. } => drop(self.lines.insert(luggage.identity.line)),
            Event::Used(used) => self.octets = self.octets.saturating_add(used.bytes),
            _ => {}
        }
    }
}
