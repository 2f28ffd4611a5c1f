//! The table `shared_pool`.

use basis::{Account, Id, Pool, Problem};
use store::{Conn, Row, sql};

use crate::SharedPool;

/// Makes a pool shared; false if it is.
pub(crate) async fn insert_pool(conn: &mut Conn, pool: &SharedPool) -> Result<bool, Problem> {
    let made = sql!(
        "INSERT INTO shared_pool (id, kind, name, owner, changes, created_at) VALUES ($1, $2, $3, $4, 0, $5) \
         ON CONFLICT (id) DO NOTHING"
    )
    .bind(pool.id)
    .bind(pool.kind.word())
    .bind(pool.name.as_str())
    .bind(pool.owner)
    .bind(pool.created_at)
    .run(conn)
    .await?;
    Ok(made == 1)
}

/// Takes the pool's row for this transaction: nobody else changes the pool until it ends. `None` if it is not shared.
pub(crate) async fn take_pool(conn: &mut Conn, id: Id<Pool>) -> Result<Option<SharedPool>, Problem> {
    sql!(
        "UPDATE shared_pool SET changes = changes + 1 WHERE id = $1 RETURNING id, kind, name, owner, created_at"
    )
    .bind(id)
    .optional(conn)
    .await?
    .as_ref()
    .map(pool_row)
    .transpose()
}

pub(crate) async fn pool(conn: &mut Conn, id: Id<Pool>) -> Result<Option<SharedPool>, Problem> {
    sql!("SELECT id, kind, name, owner, created_at FROM shared_pool WHERE id = $1")
        .bind(id)
        .optional(conn)
        .await?
        .as_ref()
        .map(pool_row)
        .transpose()
}

/// The pools of an account, the oldest first.
pub(crate) async fn pools_of(conn: &mut Conn, account: Id<Account>) -> Result<Vec<SharedPool>, Problem> {
    sql!(
        "SELECT id, kind, name, owner, created_at FROM shared_pool WHERE id IN \
         (SELECT pool FROM pool_member WHERE account = $1 AND state <> 'leaving') ORDER BY created_at, id LIMIT 200"
    )
    .bind(account)
    .all(conn)
    .await?
    .iter()
    .map(pool_row)
    .collect()
}

/// Gives a pool that this account owns another name.
pub(crate) async fn rename_pool(
    conn: &mut Conn,
    id: Id<Pool>,
    owner: Id<Account>,
    name: &str,
) -> Result<bool, Problem> {
    let renamed =
        sql!("UPDATE shared_pool SET name = $3, changes = changes + 1 WHERE id = $1 AND owner = $2")
            .bind(id)
            .bind(owner)
            .bind(name)
            .run(conn)
            .await?;
    Ok(renamed == 1)
}

/// Another owner.
pub(crate) async fn set_owner(conn: &mut Conn, id: Id<Pool>, owner: Id<Account>) -> Result<(), Problem> {
    sql!("UPDATE shared_pool SET owner = $2 WHERE id = $1").bind(id).bind(owner).run(conn).await.map(drop)
}

/// It is not shared any more.
pub(crate) async fn delete_pool(conn: &mut Conn, id: Id<Pool>) -> Result<(), Problem> {
    sql!("DELETE FROM shared_pool WHERE id = $1").bind(id).run(conn).await.map(drop)
}

fn pool_row(row: &Row) -> Result<SharedPool, Problem> {
    Ok(SharedPool {
        id: row.get("id")?,
        kind: row.get::<String>("kind")?.parse()?,
        name: row.get("name")?,
        owner: row.get("owner")?,
        created_at: row.get("created_at")?,
    })
}
