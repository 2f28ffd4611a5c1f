//! Where a line, a number or a session is: here, or as another node says.

use basis::Problem;
use futures_util::future::join_all;

use super::far::{Back, Letter, WAITS, ask, nobody};
use super::letters::{Found, Wanted};
use super::{Charging, Inner};
use crate::log::{ShardId, rows};
use crate::pool::Pool;

impl Charging {
    /// Where something is, by whatever names are known: here, or as another node says. Only if every shard is seen in its
    /// owner's hands, not knowing means that there is no such thing.
    ///
    /// # Errors
    /// Unavailable if nobody knows it, and not all shards were seen.
    pub(super) async fn find(&self, wanted: &Wanted) -> Result<Found, Problem> {
        let found = self.0.find_here(wanted);
        if found.sure { Ok(found) } else { self.find_everywhere(wanted).await }
    }

    /// The same, and what all nodes say of it.
    pub(super) async fn find_everywhere(&self, wanted: &Wanted) -> Result<Found, Problem> {
        for _ in 0..WAITS {
            let found = self.ask_all(wanted).await;
            if let (true, Some(pool)) = (found.sure, found.pool) {
                self.0.far.learn(wanted, found.line, pool);
            }
            let unseen = if found.sure { Vec::new() } else { self.0.unseen(&found.shards).await? };
            if unseen.is_empty() {
                return Ok(found);
            }
            // What is damaged, or has no database, is not there in a moment.
            if self.0.nodes.is_none() || unseen.iter().all(|shard| self.0.is_damaged(*shard)) {
                break;
            }
            self.wait_for_owner().await;
        }
        Err(self.missing())
    }

    async fn ask_all(&self, wanted: &Wanted) -> Found {
        let mut found = self.0.find_here(wanted);
        if let Some(nodes) = &self.0.nodes {
            let (others, letter) = (nodes.others(), Letter::Find(*wanted));
            let asked = others.iter().map(|node| ask(nodes, &node.owner, &letter));
            for answer in join_all(asked).await {
                if let Ok(Back::Found(theirs)) = answer {
                    found.add(theirs);
                }
            }
        }
        found
    }

    /// The same, from what is remembered if it is.
    pub(super) async fn find_quickly(&self, wanted: &Wanted) -> Result<Found, Problem> {
        let found = self.0.signals.routes.find(wanted);
        if found.pool.is_some() {
            return Ok(found);
        }
        match self.0.far.way(wanted) {
            Some((line, pool)) => Ok(Found { line, pool: Some(pool), ..Found::default() }),
            None => self.find(wanted).await,
        }
    }

    fn missing(&self) -> Problem {
        self.faults().into_iter().next().map_or_else(nobody, Problem::from)
    }
}

impl Inner {
    /// Whoever looks while shards come and go has only seen those that were here before and after.
    pub(super) fn find_here(&self, wanted: &Wanted) -> Found {
        let before = self.watched();
        let found = self.signals.routes.find(wanted);
        let has = |pool: &Pool| {
            let session = wanted.session.is_some_and(|session| pool.session(session).is_some());
            session || found.line.is_some_and(|line| pool.member(line).is_some())
        };
        let sure = found.pool.is_some_and(|id| {
            let here = self.serving(self.shard_of(id)).and_then(|shard| shard.published.get(id));
            here.is_some_and(|pool| has(&pool))
        });
        let after = self.watched();
        let shards = before.into_iter().filter(|shard| after.contains(shard)).collect();
        Found { sure, shards, ..found }
    }

    /// The shards that serve here, each with the epoch since which it does.
    fn watched(&self) -> Vec<(u32, u64)> {
        let serving = self.slots.here().into_iter().filter(|shard| shard.health.fault().is_none());
        serving.map(|shard| (shard.id.0, shard.epoch)).collect()
    }

    /// The shards that are not among these as their owners of now have them: whoever said so may have been overtaken
    /// without knowing, or may have given the shard to one who was asked before.
    async fn unseen(&self, seen: &[(u32, u64)]) -> Result<Vec<ShardId>, Problem> {
        let owned = rows::all_shards(&mut self.log.read().await?).await?;
        let unseen = owned.into_iter().filter(|row| !seen.contains(&(row.shard.0, row.epoch)));
        Ok(unseen.map(|row| row.shard).collect())
    }

    fn is_damaged(&self, id: ShardId) -> bool {
        let fault = self.slots.get(id).and_then(|shard| shard.health.fault());
        fault.is_some_and(|fault| fault.is_damage())
    }
}

impl Found {
    /// One who is sure knows better than one who is not.
    fn add(&mut self, theirs: Self) {
        self.line = self.line.or(theirs.line);
        self.moving = self.moving.or(theirs.moving);
        if theirs.pool.is_some() && (self.pool.is_none() || theirs.sure) {
            self.pool = theirs.pool;
        }
        self.sure |= theirs.sure;
        self.shards.extend(theirs.shards);
    }
}
