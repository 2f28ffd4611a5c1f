//! The table `node`.

use basis::{Problem, Timestamp};
use store::{Conn, Db, in_tx, sql};

use crate::Node;

/// A name and one start of it.
type Life<'a> = (&'a str, &'a str);

/// Takes the name, whoever had it.
pub(crate) async fn join(db: &Db, (name, life): Life<'_>, me: &Node, now: Timestamp) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        sql!(
            "INSERT INTO node (name, life, address, serves, lease, started_at) VALUES ($1, $2, $3, $4, 0, $5) \
             ON CONFLICT (name) DO UPDATE SET life = $2, address = $3, serves = $4, lease = 0, started_at = $5"
        )
        .bind(name)
        .bind(life)
        .bind(me.address.as_str())
        .bind(i64::from(me.serves))
        .bind(now)
        .run(tx)
        .await
        .map(drop)
    })
}

/// Says that the node lives, unless its name is another's now.
pub(crate) async fn beat(db: &Db, (name, life): Life<'_>) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        sql!("UPDATE node SET lease = lease + 1 WHERE name = $1 AND life = $2")
            .bind(name)
            .bind(life)
            .run(tx)
            .await
            .map(drop)
    })
}

pub(crate) async fn leave(db: &Db, (name, life): Life<'_>) -> Result<(), Problem> {
    in_tx!(db, |tx| {
        sql!("DELETE FROM node WHERE name = $1 AND life = $2").bind(name).bind(life).run(tx).await.map(drop)
    })
}

/// Takes away the row of a node that is dead, unless it has said something since.
pub(crate) async fn forget(db: &Db, owner: &str, lease: i64) -> Result<(), Problem> {
    let (name, life) = owner.split_once(':').unwrap_or((owner, ""));
    in_tx!(db, |tx| {
        sql!("DELETE FROM node WHERE name = $1 AND life = $2 AND lease = $3")
            .bind(name)
            .bind(life)
            .bind(lease)
            .run(tx)
            .await
            .map(drop)
    })
}

/// Every node with its counter.
pub(crate) async fn all(conn: &mut Conn) -> Result<Vec<(Node, i64)>, Problem> {
    let rows = sql!("SELECT name, life, address, serves, lease FROM node ORDER BY name LIMIT 1000").all(conn);
    let node = |row: &store::Row| {
        let (name, life): (String, String) = (row.get("name")?, row.get("life")?);
        let serves = row.get::<i64>("serves")? != 0;
        let node = Node { owner: format!("{name}:{life}"), address: row.get("address")?, serves };
        Ok((node, row.get("lease")?))
    };
    rows.await?.iter().map(node).collect()
}
