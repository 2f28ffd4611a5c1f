//! Cutting off the end of a damaged log: only what an operator names, and only where nobody serves.

use basis::Problem;
use nodes::Standing;

use super::{Charging, far};
use crate::log::{self, Fault, Loaded, Loss, ShardId, rows};
use crate::views;

/// Why nothing is cut.
#[derive(Debug, thiserror::Error)]
pub enum Uncut {
    /// There is no such shard.
    #[error("there is no shard {0}")]
    NoShard(u32),
    /// Its log can be read to the end, or somebody serves it from memory and must leave a snapshot first.
    #[error(
        "shard {shard} is not damaged, or {owner:?} serves it: stop that node, and its snapshot stands for the log"
    )]
    Serves {
        /// The shard.
        shard: u32,
        /// Who has it; empty: nobody.
        owner: String,
    },
    /// The damage is at another row.
    #[error("{damage}: discard from {shard}:{seq}, nothing else")]
    AtAnotherRow {
        /// What is damaged.
        damage: String,
        /// The shard.
        shard: u32,
        /// The first row that cannot be believed.
        seq: u64,
    },
    /// What would be left is damaged too.
    #[error("cutting does not help, restore a backup: {0}")]
    BeyondRepair(Fault),
    /// Another process has changed the shard meanwhile.
    #[error("another process has taken the shard: look again")]
    Raced,
    /// The database did not answer.
    #[error("{0}")]
    Store(#[from] Problem),
}

impl Charging {
    /// What would be lost if a damaged shard's log were cut from this row on.
    ///
    /// # Errors
    /// [`Uncut`] if that is not what would make it whole.
    pub async fn look_at_damage(&self, shard: ShardId, seq: u64) -> Result<Loss, Uncut> {
        Ok(self.assess(shard, seq).await?.1)
    }

    /// Cuts a damaged shard's log from this row on, sets its bundles in the tables for pages to what is left, and has the
    /// shard start. What was lost is what [`Charging::look_at_damage`] says. A call that was cut short is finished by
    /// the next.
    ///
    /// # Errors
    /// [`Uncut`] if that is not what makes it whole.
    pub async fn discard_from(&self, shard: ShardId, seq: u64) -> Result<Loss, Uncut> {
        let (left, loss) = self.assess(shard, seq).await?;
        let owned = rows::ownership(&mut self.0.log.read().await?, shard).await?;
        views::restate(&self.0.shop, shard, &left, &loss.delivered).await?;
        if !rows::cut(&self.0.log, shard, seq, owned.epoch).await? {
            return Err(Uncut::Raced);
        }
        match &self.0.nodes {
            None => self.0.take_given(shard).await?,
            Some(nodes) => {
                nodes.tell(far::MOVED, &[]);
                self.0.poke.notify_one();
            }
        }
        Ok(loss)
    }

    async fn assess(&self, shard: ShardId, seq: u64) -> Result<(Loaded, Loss), Uncut> {
        let conn = &mut self.0.log.read().await?;
        let owned = rows::all_shards(conn).await?.into_iter().find(|row| row.shard == shard);
        let owned = owned.ok_or(Uncut::NoShard(shard.0))?;
        let here = self.0.slots.get(shard).is_some_and(|shard| shard.health.fault().is_none());
        let elsewhere = match &self.0.nodes {
            Some(nodes) => owned.node != self.0.node && nodes.standing(&owned.node) == Standing::Alive,
            None => false,
        };
        let serves = || Uncut::Serves { shard: shard.0, owner: owned.node.clone() };
        if here || elsewhere {
            return Err(serves());
        }
        let damage = match log::load_until(conn, shard, u64::MAX).await {
            Ok(_) => return Err(serves()),
            Err(Fault::Store(problem)) => return Err(problem.into()),
            Err(damage) => damage,
        };
        if let Fault::Damaged { shard, seq: first, .. } = damage
            && first != seq
        {
            return Err(Uncut::AtAnotherRow { damage: damage.to_string(), shard, seq: first });
        }
        let left = log::load_up_to(conn, shard, seq.saturating_sub(1)).await.map_err(Uncut::BeyondRepair)?;
        let loss = log::what_is_lost(conn, shard, seq).await.map_err(Uncut::BeyondRepair)?;
        let loss = Loss { damage: damage.to_string(), kept_until: left.now, ..loss };
        Ok((left, loss))
    }
}
