//! The table `mail_code`: which mailed codes and links are still good.

use basis::{Env, Id, Mail, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::codes::{MailCode, Purpose};

type AccountId = Id<basis::Account>;

pub(crate) async fn insert_code(
    conn: &mut Conn,
    env: &Env,
    account: AccountId,
    purpose: Purpose,
    address: &str,
) -> Result<Id<Mail>, Problem> {
    let (id, now) = (env.new_id(), env.now());
    sql!(
        "INSERT INTO mail_code (id, account, purpose, address, created_at, expires_at, tries) \
         VALUES ($1, $2, $3, $4, $5, $6, 0)"
    )
    .bind(id)
    .bind(account)
    .bind(purpose.word())
    .bind(address)
    .bind(now)
    .bind(now.plus_ms(purpose.good_for_ms()))
    .run(conn)
    .await?;
    Ok(id)
}

/// A code that is still good, by its id.
pub(crate) async fn open_code(
    conn: &mut Conn,
    now: Timestamp,
    id: Id<Mail>,
    purpose: Purpose,
) -> Result<Option<MailCode>, Problem> {
    sql!(
        "SELECT id, account, address FROM mail_code \
         WHERE id = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3"
    )
    .bind(id)
    .bind(purpose.word())
    .bind(now)
    .optional(conn)
    .await?
    .as_ref()
    .map(code_row)
    .transpose()
}

/// The newest code of an account that is still good.
pub(crate) async fn newest_code(
    conn: &mut Conn,
    now: Timestamp,
    account: AccountId,
    purpose: Purpose,
) -> Result<Option<MailCode>, Problem> {
    sql!(
        "SELECT id, account, address FROM mail_code WHERE account = $1 AND purpose = $2 AND used_at IS NULL \
         AND expires_at > $3 ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    .bind(account)
    .bind(purpose.word())
    .bind(now)
    .optional(conn)
    .await?
    .as_ref()
    .map(code_row)
    .transpose()
}

/// Counts a try at a code; false if it had too many.
pub(crate) async fn count_try(conn: &mut Conn, id: Id<Mail>, most: u32) -> Result<bool, Problem> {
    let counted =
        sql!("UPDATE mail_code SET tries = tries + 1 WHERE id = $1 AND tries < $2 AND used_at IS NULL")
            .bind(id)
            .bind(most)
            .run(conn)
            .await?;
    Ok(counted == 1)
}

/// Uses a code up; false if it was used or has expired meanwhile.
pub(crate) async fn use_code(conn: &mut Conn, now: Timestamp, id: Id<Mail>) -> Result<bool, Problem> {
    let used =
        sql!("UPDATE mail_code SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2")
            .bind(id)
            .bind(now)
            .run(conn)
            .await?;
    Ok(used == 1)
}

/// Makes all codes of an account for this purpose useless.
pub(crate) async fn void_codes(conn: &mut Conn, account: AccountId, purpose: Purpose) -> Result<(), Problem> {
    sql!("DELETE FROM mail_code WHERE account = $1 AND purpose = $2")
        .bind(account)
        .bind(purpose.word())
        .run(conn)
        .await
        .map(drop)
}

fn code_row(row: &Row) -> Result<MailCode, Problem> {
    Ok(MailCode { id: row.get("id")?, account: row.get("account")?, address: row.get("address")? })
}
