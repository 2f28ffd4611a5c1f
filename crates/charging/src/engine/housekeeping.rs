//! What goes on behind the answers: writing behind, snapshots, trimming.

use std::sync::{Arc, Weak};
use std::time::Duration;

use basis::Problem;

use super::{Charging, Inner};
use crate::log::{self, Fault, rows};
use crate::shard::Shard;
use crate::views;

/// Pages lag by this much at most while all is well; commits in between share one transaction.
const BEHIND_PAUSE: Duration = Duration::from_millis(400);
/// After so long the tables are looked at even if nothing was said.
const BEHIND_PERIOD: Duration = Duration::from_secs(5);
/// How often the log is looked at for a snapshot.
const TIDY_PERIOD: Duration = Duration::from_secs(30);
/// A snapshot is written when so many rows stand behind the last one.
const SNAPSHOT_ROWS: u64 = 5000;
/// How many rows one transaction trims.
const TRIM_ROWS: u64 = 500;

impl Charging {
    pub(super) fn start_background(&self) {
        self.spawn(write_behind(Arc::downgrade(&self.0)));
        self.spawn(tidy_up(Arc::downgrade(&self.0)));
    }

    /// Writes behind everything that is durable here now, and returns when it is done.
    ///
    /// # Errors
    /// Of the databases, or of a damaged row.
    pub async fn catch_up(&self) -> Result<(), Problem> {
        let _housekeeping = self.0.housekeeping.lock().await;
        for shard in &self.0.slots.here() {
            self.0.project(shard).await?;
        }
        Ok(())
    }

    /// Writes a snapshot of every shard here and trims the log behind it.
    ///
    /// # Errors
    /// Of the databases, or of a damaged row.
    pub async fn snapshot(&self) -> Result<(), Problem> {
        let _housekeeping = self.0.housekeeping.lock().await;
        for shard in &self.0.slots.here() {
            self.0.tidy(shard, 1).await?;
        }
        Ok(())
    }
}

/// Runs until the engine is gone.
async fn write_behind(engine: Weak<Inner>) {
    while let Some(signals) = engine.upgrade().map(|inner| inner.signals.clone()) {
        // Woken or not, it looks: the last round may have failed.
        drop(tokio::time::timeout(BEHIND_PERIOD, signals.behind.notified()).await);
        tokio::time::sleep(BEHIND_PAUSE).await;
        let Some(inner) = engine.upgrade() else { return };
        inner.project_all().await;
    }
}

/// Runs until the engine is gone.
async fn tidy_up(engine: Weak<Inner>) {
    loop {
        tokio::time::sleep(TIDY_PERIOD).await;
        let Some(inner) = engine.upgrade() else { return };
        for shard in &inner.slots.here() {
            let _housekeeping = inner.housekeeping.lock().await;
            if let Err(fault) = inner.tidy(shard, SNAPSHOT_ROWS).await {
                tracing::error!(shard = shard.id.0, %fault, "no snapshot; the log grows");
            }
        }
    }
}

impl Inner {
    /// One round over all shards.
    async fn project_all(&self) {
        self.count_damaged();
        for shard in &self.slots.here() {
            let _housekeeping = self.housekeeping.lock().await;
            if let Err(fault) = self.project(shard).await {
                tracing::error!(shard = shard.id.0, %fault, "the tables for pages lag behind");
            }
        }
    }

    /// For who watches over the process: it stays in service with what is whole.
    fn count_damaged(&self) {
        let faults = self.slots.here().into_iter().filter_map(|shard| shard.health.fault());
        let damaged = faults.filter(Fault::is_damage).count();
        metrics::gauge!("charging_shards_damaged").set(u32::try_from(damaged).unwrap_or(u32::MAX));
    }

    /// Writes one shard behind; the caller holds `housekeeping`.
    pub(super) async fn project(&self, shard: &Shard) -> Result<(), Fault> {
        let seq = shard.published.seq();
        if shard.written_behind() >= seq {
            return Ok(());
        }
        let cursor = views::cursor(&self.shop, shard.id).await?;
        let cursor = views::project(&self.log, &self.shop, shard.id, cursor, seq).await?;
        shard.set_written_behind(cursor);
        Ok(())
    }

    /// Writes a snapshot if the last is at least so many rows old, and trims behind it; the caller holds
    /// `housekeeping`.
    pub(super) async fn tidy(&self, shard: &Shard, rows_min: u64) -> Result<(), Fault> {
        if shard.published.seq() == 0 {
            return Ok(());
        }
        let last = rows::newest_snapshot(&mut self.log.read().await?, shard.id, u64::MAX).await?.unwrap_or(0);
        if shard.published.seq().saturating_sub(last) < rows_min {
            return Ok(());
        }
        self.project(shard).await?;
        let frozen = shard.published.frozen(shard.id);
        log::write_snapshot(&self.log, &frozen).await?;
        let cursor = views::cursor(&self.shop, shard.id).await?;
        let until = frozen.seq.min(cursor);
        while !rows::trim(&self.log, (shard.id, shard.epoch), until, TRIM_ROWS).await? {}
        Ok(())
    }
}
