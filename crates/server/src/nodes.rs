//! This process among the others on the same database.

use anyhow::{Context, Result};
use basis::{Account, Env, Id, SecretKey};
use nodes::{Joining, Nodes, Topic};
use orders::Desk;
use store::{Db, Engine};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use web::live::Hub;

use crate::{data_dir::DataDir, settings::Settings};

/// News of orders and payments: the account whose pages should look, or nothing if all should.
const ORDERS: Topic = Topic(16);

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

/// What happens to orders here is told to the pages that others serve, and what happens there to ours.
pub fn share_orders(nodes: &Nodes, desk: &Desk, live: &Hub) {
    tokio::spawn(tell(nodes.clone(), desk.changes(), |change| change.account));
    tokio::spawn(tell(nodes.clone(), desk.wallet_changes(), |change| change.account));
    let live = live.clone();
    nodes.hear(ORDERS, move |body| match <[u8; 16]>::try_from(body) {
        Ok(account) => live.tell(Id::from_u128(u128::from_be_bytes(account)), web::live::Topic::Order),
        Err(_) => live.tell_all(web::live::Topic::Order),
    });
}

async fn tell<T: Clone>(nodes: Nodes, mut changes: Receiver<T>, account: impl Fn(T) -> Id<Account>) {
    loop {
        match changes.recv().await {
            Ok(change) => nodes.tell(ORDERS, &account(change).as_u128().to_be_bytes()),
            Err(RecvError::Lagged(_)) => nodes.tell(ORDERS, &[]),
            Err(RecvError::Closed) => return,
        }
    }
}
