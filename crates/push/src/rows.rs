//! The tables `push_key` and `push_device`.

use basis::{Account, Device as DeviceKind, Id, LoginSession, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::Device;

/// Keeps a key pair under this name, unless there is one; the one that is there now.
pub(crate) async fn keep_key(
    tx: &mut Conn,
    name: &str,
    sealed: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, Problem> {
    sql!("INSERT INTO push_key (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING")
        .bind(name)
        .bind(sealed)
        .bind(now)
        .run(tx)
        .await?;
    sql!("SELECT sealed FROM push_key WHERE name = $1").bind(name).one(tx).await?.get("sealed")
}

/// A device as it is written.
pub(crate) struct NewDevice<'a> {
    pub(crate) id: Id<DeviceKind>,
    pub(crate) account: Id<Account>,
    pub(crate) session: Id<LoginSession>,
    pub(crate) endpoint_mac: &'a [u8],
    pub(crate) sealed: &'a [u8],
    pub(crate) now: Timestamp,
}

/// Takes the place of whatever the session or the endpoint had; of two taps at once one is written.
pub(crate) async fn replace(tx: &mut Conn, new: &NewDevice<'_>) -> Result<(), Problem> {
    sql!("DELETE FROM push_device WHERE session = $1 OR endpoint_mac = $2")
        .bind(new.session)
        .bind(new.endpoint_mac)
        .run(tx)
        .await?;
    sql!(
        "INSERT INTO push_device (id, account, session, endpoint_mac, sealed, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
    )
    .bind(new.id)
    .bind(new.account)
    .bind(new.session)
    .bind(new.endpoint_mac)
    .bind(new.sealed)
    .bind(new.now)
    .run(tx)
    .await
    .map(drop)
}

/// Takes away an account's oldest devices, so that `most` stay.
pub(crate) async fn trim(tx: &mut Conn, account: Id<Account>, most: u32) -> Result<(), Problem> {
    sql!(
        "DELETE FROM push_device WHERE account = $1 AND id NOT IN \
         (SELECT id FROM push_device WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT $2)"
    )
    .bind(account)
    .bind(most)
    .run(tx)
    .await
    .map(drop)
}

/// The devices of an account, the newest first.
pub(crate) async fn of_account(conn: &mut Conn, account: Id<Account>) -> Result<Vec<Device>, Problem> {
    sql!(
        "SELECT id, account, session, created_at FROM push_device WHERE account = $1 \
         ORDER BY created_at DESC, id DESC"
    )
    .bind(account)
    .all(conn)
    .await?
    .iter()
    .map(device)
    .collect()
}

/// The device of a session.
pub(crate) async fn of_session(
    conn: &mut Conn,
    session: Id<LoginSession>,
) -> Result<Option<Device>, Problem> {
    sql!("SELECT id, account, session, created_at FROM push_device WHERE session = $1")
        .bind(session)
        .optional(conn)
        .await?
        .as_ref()
        .map(device)
        .transpose()
}

/// A device, and where and how its messages go, sealed.
pub(crate) async fn find(conn: &mut Conn, id: Id<DeviceKind>) -> Result<Option<(Device, Vec<u8>)>, Problem> {
    sql!("SELECT id, account, session, created_at, sealed FROM push_device WHERE id = $1")
        .bind(id)
        .optional(conn)
        .await?
        .map(|row| Ok((device(&row)?, row.get("sealed")?)))
        .transpose()
}

pub(crate) async fn delete(tx: &mut Conn, id: Id<DeviceKind>) -> Result<(), Problem> {
    sql!("DELETE FROM push_device WHERE id = $1").bind(id).run(tx).await.map(drop)
}

/// Takes away one of an account's devices; false if it has no such.
pub(crate) async fn delete_of(
    tx: &mut Conn,
    account: Id<Account>,
    id: Id<DeviceKind>,
) -> Result<bool, Problem> {
    let gone =
        sql!("DELETE FROM push_device WHERE id = $1 AND account = $2").bind(id).bind(account).run(tx).await?;
    Ok(gone == 1)
}

/// Takes away at most `limit` of those that were made before; how many those were.
pub(crate) async fn purge(tx: &mut Conn, before: Timestamp, limit: u32) -> Result<u64, Problem> {
    sql!("DELETE FROM push_device WHERE id IN (SELECT id FROM push_device WHERE created_at <= $1 LIMIT $2)")
        .bind(before)
        .bind(limit)
        .run(tx)
        .await
}

fn device(row: &Row) -> Result<Device, Problem> {
    Ok(Device {
        id: row.get("id")?,
        account: row.get("account")?,
        session: row.get("session")?,
        since: row.get("created_at")?,
    })
}
