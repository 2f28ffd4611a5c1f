//! This process among the others on the same database.

use anyhow::{Context, Result};
use basis::{Account, Entity, Env, Id, SecretKey};
use nodes::{Joining, Nodes, Topic};
use orders::Desk;
use store::{Db, Engine};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use web::live::Hub;

use crate::{data_dir::DataDir, settings::Settings};

/// News of orders and payments: the account whose pages should look, or nothing if all should.
const ORDERS: Topic = Topic(16);

/// News of shared pools: the account whose pages should look, and the pool; or nothing if all should.
const SHARING: Topic = Topic(17);

/// Whether to take a share of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// As a server does.
    Serves,
    /// Only a command, which ends soon.
    Visits,
}

/// Comes among the others; `None` on SQLite, where there are none.
///
/// # Errors
/// If the internal port cannot be opened, or the database does not answer.
pub async fn join(
    (log, env, data): (&Db, &Env, &DataDir),
    settings: &Settings,
    key: &SecretKey,
    role: Role,
) -> Result<Option<Nodes>> {
    if log.engine() == Engine::Sqlite {
        return Ok(None);
    }
    let node = &settings.node;
    let name = if node.name.is_empty() { data.node_name(env)? } else { node.name.clone() };
    let secret = match node.secret.as_str() {
        "" => SecretKey::new(key.mac("nodes", b"")),
        said => SecretKey::new(SecretKey::new([0; 32]).mac("nodes", said.as_bytes())),
    };
    let serves = role == Role::Serves;
    let (listen, address) = if serves {
        (node.listen, node.address.clone())
    } else {
        // The port of a server on this machine stays free.
        (std::net::SocketAddr::new(node.listen.ip(), 0), String::new())
    };
    let joining = Joining { name, listen, address, secret, serves };
    Nodes::join(log, env, joining).await.map(Some).context("cannot come among the other nodes")
}

/// What happens to orders and to shared pools here is told to the pages that others serve, and what happens there to ours.
pub fn share_news(nodes: &Nodes, desk: &Desk, live: &Hub) {
    let account = |account: Id<Account>| account.as_u128().to_be_bytes().to_vec();
    tokio::spawn(tell(nodes.clone(), ORDERS, desk.changes(), move |change| account(change.account)));
    tokio::spawn(tell(nodes.clone(), ORDERS, desk.wallet_changes(), move |change| account(change.account)));
    let both = move |change: pools::PoolChanged| {
        [account(change.account), change.pool.as_u128().to_be_bytes().to_vec()].concat()
    };
    tokio::spawn(tell(nodes.clone(), SHARING, desk.pools.changes(), both));
    hear_orders(nodes, live.clone());
    hear_sharing(nodes, live.clone());
}

fn hear_orders(nodes: &Nodes, live: Hub) {
    nodes.hear(ORDERS, move |body| match <[u8; 16]>::try_from(body) {
        Ok(account) => live.tell(id(account), web::live::Topic::Order),
        Err(_) => live.tell_all(web::live::Topic::Order),
    });
}

fn hear_sharing(nodes: &Nodes, live: Hub) {
    nodes.hear(SHARING, move |body| match body.as_chunks() {
        ([account, pool], []) => live.tell_of_pool(id(*account), id(*pool)),
        _ => live.tell_all(web::live::Topic::Line),
    });
}

fn id<T: Entity>(bytes: [u8; 16]) -> Id<T> {
    Id::from_u128(u128::from_be_bytes(bytes))
}

/// A node that falls behind tells everyone to look.
async fn tell<T: Clone>(nodes: Nodes, topic: Topic, mut changes: Receiver<T>, body: impl Fn(T) -> Vec<u8>) {
    loop {
        match changes.recv().await {
            Ok(change) => nodes.tell(topic, &body(change)),
            Err(RecvError::Lagged(_)) => nodes.tell(topic, &[]),
            Err(RecvError::Closed) => return,
        }
    }
}
