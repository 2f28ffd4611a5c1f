//! The table `pool_invitation`.

use basis::{Id, Invitation, Pool, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::{OpenInvitation, Role};

/// More than may be open, so that those of people who may not invite any more crowd nobody out.
const INVITATIONS_READ: u32 = 1000;

pub(crate) async fn insert_invitation(conn: &mut Conn, new: &OpenInvitation) -> Result<(), Problem> {
    sql!(
        "INSERT INTO pool_invitation (id, pool, role, email, invited_by, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    )
    .bind(new.id)
    .bind(new.pool)
    .bind(new.role.word())
    .bind(new.email.as_deref())
    .bind(new.invited_by)
    .bind(new.created_at)
    .bind(new.expires_at)
    .run(conn)
    .await
    .map(drop)
}

/// An invitation that is open.
pub(crate) async fn open_invitation(
    conn: &mut Conn,
    id: Id<Invitation>,
    now: Timestamp,
) -> Result<Option<OpenInvitation>, Problem> {
    sql!(
        "SELECT id, pool, role, email, invited_by, created_at, expires_at FROM pool_invitation \
         WHERE id = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2"
    )
    .bind(id)
    .bind(now)
    .optional(conn)
    .await?
    .as_ref()
    .map(invitation_row)
    .transpose()
}

/// The open invitations into a pool, the newest first.
pub(crate) async fn open_invitations(
    conn: &mut Conn,
    pool: Id<Pool>,
    now: Timestamp,
) -> Result<Vec<OpenInvitation>, Problem> {
    sql!(
        "SELECT id, pool, role, email, invited_by, created_at, expires_at FROM pool_invitation \
         WHERE pool = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2 \
         ORDER BY created_at DESC, id DESC LIMIT $3"
    )
    .bind(pool)
    .bind(now)
    .bind(INVITATIONS_READ)
    .all(conn)
    .await?
    .iter()
    .map(invitation_row)
    .collect()
}

/// Uses an open invitation up; of two at the same moment one does.
pub(crate) async fn use_invitation(
    conn: &mut Conn,
    id: Id<Invitation>,
    now: Timestamp,
) -> Result<bool, Problem> {
    let used = sql!(
        "UPDATE pool_invitation SET used_at = $2 \
         WHERE id = $1 AND used_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2"
    )
    .bind(id)
    .bind(now)
    .run(conn)
    .await?;
    Ok(used == 1)
}

/// Takes an open invitation back, if it is for a member, or for someone of this role.
pub(crate) async fn withdraw_invitation(
    conn: &mut Conn,
    pool: Id<Pool>,
    id: Id<Invitation>,
    highest: Role,
    now: Timestamp,
) -> Result<bool, Problem> {
    let withdrawn = sql!(
        "UPDATE pool_invitation SET withdrawn_at = $3 \
         WHERE id = $1 AND pool = $2 AND role IN ('member', $4) AND used_at IS NULL AND withdrawn_at IS NULL"
    )
    .bind(id)
    .bind(pool)
    .bind(now)
    .bind(highest.word())
    .run(conn)
    .await?;
    Ok(withdrawn == 1)
}

/// Takes all invitations into a pool back.
pub(crate) async fn withdraw_all(conn: &mut Conn, pool: Id<Pool>, now: Timestamp) -> Result<(), Problem> {
    sql!(
        "UPDATE pool_invitation SET withdrawn_at = $2 WHERE pool = $1 AND used_at IS NULL AND withdrawn_at IS NULL"
    )
    .bind(pool)
    .bind(now)
    .run(conn)
    .await
    .map(drop)
}

/// Forgets invitations that could not be used any more since then.
pub(crate) async fn forget_invitations(
    conn: &mut Conn,
    until: Timestamp,
    limit: u32,
) -> Result<u64, Problem> {
    sql!(
        "DELETE FROM pool_invitation WHERE id IN (SELECT id FROM pool_invitation WHERE expires_at < $1 LIMIT $2)"
    )
    .bind(until)
    .bind(limit)
    .run(conn)
    .await
}

fn invitation_row(row: &Row) -> Result<OpenInvitation, Problem> {
    Ok(OpenInvitation {
        id: row.get("id")?,
        pool: row.get("pool")?,
        role: row.get::<String>("role")?.parse()?,
        email: row.get("email")?,
        invited_by: row.get("invited_by")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}
