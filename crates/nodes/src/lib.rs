//! The heyon processes that share one database: who they are, who lives, and how they speak to each other.
//!
//! Each node has a row with a counter that it raises; who sees it stand still for [`DEAD_AFTER`] calls the node dead.
//! Nothing is decided here: what a node may write is fenced where it is written. Nodes speak over one internal port
//! (`frame.rs`): questions with answers, many under way at once, and news that may be lost.

mod frame;
mod link;
mod liveness;
mod port;
mod rows;
mod shake;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use basis::{Env, Kind, Problem, SecretKey};
use futures_util::future::BoxFuture;
use store::Db;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use link::Link;
pub use liveness::{DEAD_AFTER, Standing};
use liveness::{Liveness, Seen};

/// The table of nodes, in the shop.
pub const MIGRATIONS: store::Migrations = store::migrations!("nodes", ["0001_nodes.sql"]);

/// How often the table is read; the counter is raised every second time.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The longest name.
const NAME_MAX: usize = 64;

/// What a question or a piece of news is about; each has one who answers or hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Topic(pub u8);

/// Answers the questions of one topic; what comes back is the answer's bytes.
type Answerer = Arc<dyn Fn(Vec<u8>) -> BoxFuture<'static, Vec<u8>> + Send + Sync>;
/// Hears the news of one topic.
type Listener = Arc<dyn Fn(&[u8]) + Send + Sync>;

/// How a node comes among the others.
pub struct Joining {
    /// Its name: letters, digits, `-`, `_`, `.`; no two that live have the same.
    pub name: String,
    /// Where its internal port listens.
    pub listen: SocketAddr,
    /// Where the others find that port, as `host:port`; empty: where it listens.
    pub address: String,
    /// What all nodes of an installation know, and nobody else.
    pub secret: SecretKey,
    /// Whether it takes a share of the work, or only comes for one command.
    pub serves: bool,
}

/// Another process, or this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name and this start of it, `name:life`: what stands where something is owned.
    pub owner: String,
    /// Where its internal port is.
    pub address: String,
    /// Whether it takes a share of the work.
    pub serves: bool,
}

/// This node among the others; cheap to clone. Dropping the last clone without [`Nodes::leave`] is a silent death.
#[derive(Clone)]
pub struct Nodes(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    /// End with this value.
    _tasks: Mutex<JoinSet<()>>,
}

/// What the tasks hold too.
pub(crate) struct Shared {
    db: Db,
    env: Env,
    name: String,
    life: String,
    me: Node,
    secret: SecretKey,
    liveness: RwLock<Liveness>,
    links: RwLock<BTreeMap<String, Link>>,
    answerers: RwLock<HashMap<Topic, Answerer>>,
    listeners: RwLock<HashMap<Topic, Listener>>,
    looked: Notify,
}

impl Nodes {
    /// Comes among the others: opens the internal port and takes the name.
    ///
    /// # Errors
    /// Internal if the name is not one; unavailable if the address is taken or the database does not answer.
    pub async fn join(db: &Db, env: &Env, joining: Joining) -> Result<Self, Problem> {
        let Joining { name, listen, address, secret, serves } = joining;
        if !is_name(&name) {
            return Err(Problem::internal(format!("{name:?} is no name for a node")));
        }
        let failed = |error: std::io::Error| Problem::unavailable(format!("internal port {listen}: {error}"));
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address =
            if address.is_empty() { listener.local_addr().map_err(failed)?.to_string() } else { address };
        let life = format!("{:016x}", u64::from_be_bytes(env.random()));
        let me = Node { owner: format!("{name}:{life}"), address, serves };
        rows::join(db, (&name, &life), &me, env.now()).await?;
        let shared = Arc::new(Shared {
            db: db.clone(),
            env: env.clone(),
            name,
            life,
            me,
            secret,
            liveness: RwLock::default(),
            links: RwLock::default(),
            answerers: RwLock::default(),
            listeners: RwLock::default(),
            looked: Notify::new(),
        });
        shared.look().await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(port::listen(listener, shared.clone()));
        tasks.spawn(live(shared.clone()));
        Ok(Self(Arc::new(Inner { shared, _tasks: Mutex::new(tasks) })))
    }

    /// This node.
    pub fn me(&self) -> &Node {
        &self.0.shared.me
    }

    /// Every node that lives, this one among them, by its owner's name.
    pub fn alive(&self) -> Vec<Node> {
        let mut nodes = self.others();
        nodes.push(self.me().clone());
        nodes.sort_by(|a, b| a.owner.cmp(&b.owner));
        nodes
    }

    /// Every other node that lives.
    pub fn others(&self) -> Vec<Node> {
        let liveness = self.0.shared.liveness.read().unwrap_or_else(PoisonError::into_inner);
        liveness.alive(&self.me().owner, self.0.shared.env.clock.monotonic_ns())
    }

    /// What is known of the one who owns something.
    pub fn standing(&self, owner: &str) -> Standing {
        if owner == self.me().owner {
            return Standing::Alive;
        }
        let liveness = self.0.shared.liveness.read().unwrap_or_else(PoisonError::into_inner);
        liveness.standing(owner, self.0.shared.env.clock.monotonic_ns())
    }

    /// Waits until the table of nodes has been read anew.
    pub async fn looked(&self) {
        self.0.shared.looked.notified().await;
    }

    /// Asks another node. An error says nothing about whether it heard.
    ///
    /// # Errors
    /// Unavailable if it is not known, does not answer in time, or has too much to do.
    pub async fn ask(&self, owner: &str, topic: Topic, body: Vec<u8>) -> Result<Vec<u8>, Problem> {
        let link = self.0.shared.link(owner);
        let link = link.ok_or_else(|| Problem::unavailable(format!("node {owner} is not here")))?;
        link.ask(topic, body).await
    }

    /// Tells every other node that lives; whoever cannot hear it now never does.
    pub fn tell(&self, topic: Topic, body: &[u8]) {
        let links = self.0.shared.links.read().unwrap_or_else(PoisonError::into_inner);
        links.values().for_each(|link| link.tell(topic, body.to_vec()));
    }

    /// From now on this answers the questions of a topic.
    pub fn answer<F>(&self, topic: Topic, answerer: F)
    where
        F: Fn(Vec<u8>) -> BoxFuture<'static, Vec<u8>> + Send + Sync + 'static,
    {
        let mut answerers = self.0.shared.answerers.write().unwrap_or_else(PoisonError::into_inner);
        answerers.insert(topic, Arc::new(answerer));
    }

    /// From now on this hears the news of a topic; a piece without a byte says that some may have been missed.
    pub fn hear(&self, topic: Topic, listener: impl Fn(&[u8]) + Send + Sync + 'static) {
        let mut listeners = self.0.shared.listeners.write().unwrap_or_else(PoisonError::into_inner);
        listeners.insert(topic, Arc::new(listener));
    }

    /// Whether this node still has its name.
    ///
    /// # Errors
    /// Unavailable if another process has taken it: then this one owns nothing any more.
    pub fn check(&self) -> Result<(), Problem> {
        let liveness = self.0.shared.liveness.read().unwrap_or_else(PoisonError::into_inner);
        if liveness.knows(&self.me().owner) {
            return Ok(());
        }
        Err(Problem::new(Kind::Unavailable, "unavailable").because("another process has this node's name"))
    }

    /// Goes in good order: the others know at once.
    ///
    /// # Errors
    /// If the database does not answer; then they will notice.
    pub async fn leave(&self) -> Result<(), Problem> {
        rows::leave(&self.0.shared.db, (&self.0.shared.name, &self.0.shared.life)).await
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=NAME_MAX).contains(&name.len()) && name.chars().all(fits)
}

/// Raises this node's counter and looks at those of the others, for ever.
async fn live(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(problem) = rows::beat(&shared.db, (&shared.name, &shared.life)).await {
            tracing::warn!(%problem, "this node cannot say that it lives");
        }
        match shared.look().await {
            Ok(()) => {}
            Err(problem) => tracing::warn!(%problem, "the other nodes are not seen"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
        drop(shared.look().await);
    }
}

impl Shared {
    /// Reads the table, and keeps one link to each other node that lives.
    async fn look(self: &Arc<Self>) -> Result<(), Problem> {
        let rows = rows::all(&mut self.db.read().await?).await?;
        let now_ns = self.env.clock.monotonic_ns();
        let (others, forgotten) = {
            let mut liveness = self.liveness.write().unwrap_or_else(PoisonError::into_inner);
            liveness.look(now_ns, rows);
            (liveness.alive(&self.me.owner, now_ns), liveness.long_dead(now_ns))
        };
        self.link_to(&others);
        for Seen { node, lease, .. } in forgotten {
            rows::forget(&self.db, &node.owner, lease).await?;
        }
        self.looked.notify_waiters();
        Ok(())
    }

    fn link_to(self: &Arc<Self>, others: &[Node]) {
        let mut links = self.links.write().unwrap_or_else(PoisonError::into_inner);
        let before = links.len();
        links.retain(|owner, _| others.iter().any(|node| node.owner == *owner));
        let is_one_gone = links.len() < before;
        for node in others {
            if !links.contains_key(&node.owner) {
                links.insert(node.owner.clone(), Link::to(node.address.clone(), self.clone_for_link()));
            }
        }
        drop(links);
        if is_one_gone {
            self.missed_news();
        }
    }

    fn clone_for_link(&self) -> link::Way {
        link::Way { secret: self.secret.clone(), env: self.env.clone() }
    }

    fn link(&self, owner: &str) -> Option<Link> {
        self.links.read().unwrap_or_else(PoisonError::into_inner).get(owner).cloned()
    }

    pub(crate) fn answerer(&self, topic: Topic) -> Option<Answerer> {
        self.answerers.read().unwrap_or_else(PoisonError::into_inner).get(&topic).cloned()
    }

    /// A node is gone, or the way from it broke: what it did last it may have told nobody.
    pub(crate) fn missed_news(&self) {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.values().for_each(|listener| listener(&[]));
    }

    pub(crate) fn listener(&self, topic: Topic) -> Option<Listener> {
        self.listeners.read().unwrap_or_else(PoisonError::into_inner).get(&topic).cloned()
    }
}
