//! Pools that are not here: asking the node that has them, and answering those who ask us.

use std::sync::{Arc, Weak};
use std::time::Duration;

use basis::{Id, Kind, Pool as PoolNoun, Problem};
use futures_util::FutureExt as _;
use nodes::{Nodes, Standing, Topic};

pub(super) use super::letters::{Back, Letter, News};
use super::letters::{bytes_of, read};
use super::{Charging, Inner, Signals};
use crate::log::{ShardId, rows};
use crate::pool::{CloseReply, Command, CreditReply, GiveReply, Pool, Reply, Verdict};
use crate::shard::Shard;

/// Questions about pools.
const POOLS: Topic = Topic(1);
/// News of pools that have changed, and hints for gateways.
const NEWS: Topic = Topic(2);
/// News that shards have new owners.
pub(super) const MOVED: Topic = Topic(3);

/// While a shard changes hands its callers wait, so often and so long, instead of being refused: well within the time
/// in which a gateway would repeat its request.
pub(super) const WAITS: u32 = 40;
const WAIT: Duration = Duration::from_millis(75);

/// Why there is no answer.
enum Missed {
    /// Nobody did anything: the shard is not where we thought.
    NotThere,
    /// Nobody knows, or it was refused.
    Failed(Problem),
}

pub(super) async fn ask(nodes: &Nodes, owner: &str, letter: &Letter) -> Result<Back, Problem> {
    read(&nodes.ask(owner, POOLS, bytes_of(letter)).await?)
}

impl Charging {
    /// Has a pool carry out a command, wherever it is.
    pub(super) async fn apply(&self, pool: Id<PoolNoun>, command: Command) -> Result<Reply, Problem> {
        if self.0.nodes.is_none() {
            return self.shard(pool)?.apply(pool, command).await;
        }
        self.patiently(|| self.try_apply(pool, &command)).await
    }

    /// Tries until somebody is there.
    async fn patiently<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Missed>>,
    {
        for _ in 0..WAITS {
            match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Missed::Failed(problem)) => return Err(problem),
                Err(Missed::NotThere) => self.wait_for_owner().await,
            }
        }
        Err(nobody())
    }

    async fn try_apply(&self, pool: Id<PoolNoun>, command: &Command) -> Result<Reply, Missed> {
        let id = self.0.shard_of(pool);
        if let Some(shard) = self.0.serving(id) {
            return self.0.apply_here(&shard, pool, command.clone()).await;
        }
        match self.ask_owner(id, &Letter::Apply { pool, command: Box::new(command.clone()) }).await? {
            Back::Reply(reply) => Ok(reply),
            other => Err(Missed::Failed(astray(&other))),
        }
    }

    /// A pool as it stands: durable, and if `settled` with everything counted in that was asked before.
    pub(super) async fn look(&self, pool: Id<PoolNoun>, settled: bool) -> Result<Option<Arc<Pool>>, Problem> {
        if self.0.nodes.is_none() {
            return look_here(&*self.shard(pool)?, pool, settled).await;
        }
        self.patiently(|| self.try_look(pool, settled)).await
    }

    async fn try_look(&self, pool: Id<PoolNoun>, settled: bool) -> Result<Option<Arc<Pool>>, Missed> {
        let id = self.0.shard_of(pool);
        if let Some(shard) = self.0.serving(id) {
            return self.0.look_here(&shard, pool, settled).await;
        }
        let changes = self.0.far.changes(pool);
        match self.ask_owner(id, &Letter::Look { pool, settled }).await? {
            Back::Pool(state) => {
                let found = state.map(|state| Arc::new(Pool::restore(Arc::unwrap_or_clone(state))));
                if let Some(pool) = &found {
                    self.0.far.see(pool, changes, self.0.env.clock.monotonic_ns());
                }
                Ok(found)
            }
            other => Err(Missed::Failed(astray(&other))),
        }
    }

    /// A pool for a page: from memory if it is fresh enough, and rather old than not at all.
    pub(super) async fn look_for_page(&self, pool: Id<PoolNoun>) -> Option<Arc<Pool>> {
        if let Some(shard) = self.0.slots.get(self.0.shard_of(pool)) {
            return shard.published.get(pool);
        }
        let now_ns = self.0.env.clock.monotonic_ns();
        if let Some(pool) = self.0.far.fresh(pool, now_ns) {
            return Some(pool);
        }
        // A page does not wait for a shard that changes hands.
        match self.try_look(pool, false).await {
            Ok(found) => found,
            Err(_) => self.0.far.old(pool, now_ns),
        }
    }

    async fn ask_owner(&self, id: ShardId, letter: &Letter) -> Result<Back, Missed> {
        let nodes = self.0.nodes.as_ref().ok_or(Missed::NotThere)?;
        let owner = self.0.slots.owner(id);
        if owner.is_empty() || owner == self.0.node || nodes.standing(&owner) != Standing::Alive {
            return Err(Missed::NotThere);
        }
        metrics::counter!("charging_forwarded_total").increment(1);
        match ask(nodes, &owner, letter).await.map_err(Missed::Failed)? {
            Back::NotHere => Err(Missed::NotThere),
            Back::Refused(why) => Err(Missed::Failed(why.into())),
            back => Ok(back),
        }
    }

    /// Has everything that a pool's shard has done stand in the tables for pages.
    pub(super) async fn write_behind_of(&self, pool: Id<PoolNoun>) -> Result<(), Problem> {
        self.patiently(|| self.try_write_behind_of(pool)).await
    }

    async fn try_write_behind_of(&self, pool: Id<PoolNoun>) -> Result<(), Missed> {
        let id = self.0.shard_of(pool);
        match self.0.serving(id) {
            Some(shard) => self.0.write_behind_here(&shard).await.map_err(Missed::Failed),
            None => self.ask_owner(id, &Letter::WriteBehind(pool)).await.map(drop),
        }
    }

    pub(super) async fn wait_for_owner(&self) {
        self.0.poke.notify_one();
        tokio::time::sleep(WAIT).await;
    }
}

impl Inner {
    /// The shard, if it is here and serves.
    pub(super) fn serving(&self, id: ShardId) -> Option<Arc<Shard>> {
        self.slots.get(id).filter(|shard| !shard.is_lost())
    }

    async fn apply_here(&self, shard: &Shard, pool: Id<PoolNoun>, command: Command) -> Result<Reply, Missed> {
        let said = shard.apply(pool, command).await;
        // It was not carried out: another has the shard, or it is on its way there.
        if said.is_err() && shard.is_lost() {
            return Err(Missed::NotThere);
        }
        // Nothing was written, so nothing has shown yet that nobody else writes; and what is denied for good is not asked
        // again.
        if self.nodes.is_some() && denies(&said) && !self.still_owns(shard).await.map_err(Missed::Failed)? {
            return Err(Missed::NotThere);
        }
        said.map_err(Missed::Failed)
    }

    /// The shard, if it is here and nothing is wrong with it.
    pub(super) fn serving_well(&self, id: ShardId) -> Option<Arc<Shard>> {
        self.slots.get(id).filter(|shard| shard.health.fault().is_none())
    }

    async fn look_here(
        &self,
        shard: &Shard,
        pool: Id<PoolNoun>,
        settled: bool,
    ) -> Result<Option<Arc<Pool>>, Missed> {
        let found = match look_here(shard, pool, settled).await {
            Err(_) if shard.is_lost() => return Err(Missed::NotThere),
            said => said.map_err(Missed::Failed)?,
        };
        // Nothing was written, so nothing has shown yet that nobody else writes.
        if settled && self.nodes.is_some() && !self.still_owns(shard).await.map_err(Missed::Failed)? {
            return Err(Missed::NotThere);
        }
        Ok(found)
    }

    async fn still_owns(&self, shard: &Shard) -> Result<bool, Problem> {
        Ok(rows::ownership(&mut self.log.read().await?, shard.id).await?.epoch == shard.epoch)
    }

    async fn write_behind_here(&self, shard: &Shard) -> Result<(), Problem> {
        let _housekeeping = self.housekeeping.lock().await;
        Ok(self.project(shard).await?)
    }

    /// Answers another node.
    async fn answer(&self, letter: Letter) -> Result<Back, Problem> {
        match letter {
            Letter::Apply { pool, command } => {
                let Some(shard) = self.serving(self.shard_of(pool)) else { return Ok(Back::NotHere) };
                match self.apply_here(&shard, pool, *command).await {
                    Ok(reply) => Ok(Back::Reply(reply)),
                    Err(Missed::NotThere) => Ok(Back::NotHere),
                    Err(Missed::Failed(problem)) => Err(problem),
                }
            }
            Letter::Look { pool, settled } => {
                let Some(shard) = self.serving(self.shard_of(pool)) else { return Ok(Back::NotHere) };
                match self.look_here(&shard, pool, settled).await {
                    Ok(found) => Ok(Back::Pool(found.map(|pool| Arc::new(pool.state().clone())))),
                    Err(Missed::NotThere) => Ok(Back::NotHere),
                    Err(Missed::Failed(problem)) => Err(problem),
                }
            }
            Letter::Find(wanted) => Ok(Back::Found(self.find_here(&wanted))),
            Letter::Release(shard) => {
                let given = self.give(ShardId(shard)).await?;
                Ok(if given { Back::Done } else { Back::NotHere })
            }
            Letter::WriteBehind(pool) => {
                let Some(shard) = self.serving(self.shard_of(pool)) else { return Ok(Back::NotHere) };
                self.write_behind_here(&shard).await.map(|()| Back::Done)
            }
        }
    }

    /// What another node's batch set off there.
    fn hear(&self, news: News) {
        news.changes.iter().for_each(|change| self.far.overtaken(change.pool));
        self.signals.pass_on(news);
    }
}

/// Whether it says that there is no such thing.
fn denies(said: &Result<Reply, Problem>) -> bool {
    match said {
        Err(problem) => problem.kind == Kind::NotFound,
        Ok(Reply::Control(answer)) => {
            matches!(answer.verdict, Verdict::UnknownLine | Verdict::UnknownSession)
        }
        Ok(reply) => matches!(
            reply,
            Reply::UnknownLine
                | Reply::Credit(CreditReply::UnknownLine)
                | Reply::Close(CloseReply::UnknownBundle)
                | Reply::Give(GiveReply::UnknownBundle)
        ),
    }
}

async fn look_here(shard: &Shard, pool: Id<PoolNoun>, settled: bool) -> Result<Option<Arc<Pool>>, Problem> {
    if settled {
        shard.settle().await?;
    }
    Ok(shard.published.get(pool))
}

/// From now on other nodes' questions are answered and their news heard.
pub(super) fn attend(inner: &Arc<Inner>, nodes: &Nodes) {
    let engine = Arc::downgrade(inner);
    let answered = move |letter: Vec<u8>| {
        let engine = engine.clone();
        async move { bytes_of(&answer(engine, &letter).await) }.boxed()
    };
    nodes.answer(POOLS, answered);
    let engine = Arc::downgrade(inner);
    nodes.hear(NEWS, move |news| match (engine.upgrade(), read(news)) {
        (Some(inner), Ok(news)) => inner.hear(news),
        (Some(inner), Err(_)) => inner.far.all_overtaken(),
        (None, _) => {}
    });
    let poke = inner.poke.clone();
    nodes.hear(MOVED, move |_| poke.notify_one());
}

async fn answer(engine: Weak<Inner>, letter: &[u8]) -> Back {
    let Some(inner) = engine.upgrade() else { return Back::NotHere };
    let answer = async { inner.answer(read(letter)?).await };
    answer.await.unwrap_or_else(|problem| Back::Refused(problem.into()))
}

impl Signals {
    /// Tells the other nodes what a batch sets off.
    pub(super) fn tell_others(&self, news: &News) {
        if let Some(nodes) = &self.nodes {
            nodes.tell(NEWS, &bytes_of(news));
        }
    }
}

/// Nobody serves the shard at this moment.
pub(super) fn nobody() -> Problem {
    Problem::new(Kind::Unavailable, "unavailable").because("no node serves this shard at the moment")
}

fn astray(back: &Back) -> Problem {
    Problem::internal(format!("another node answered another question: {back:?}"))
}
