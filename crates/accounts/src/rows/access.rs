//! The tables `login_session` and `api_token`: both are ways in, one for browsers and one for apps.

use basis::{ApiToken, Env, Id, LoginSession, Problem, Timestamp};
use store::{Conn, sql};

use super::account_row;
use crate::{Account, OpenSession, OpenToken, Origin, rules, secrets, secrets::Secret};

type AccountId = Id<basis::Account>;

/// A way in that was found by its token.
pub(crate) struct Access<Kind> {
    pub(crate) id: Id<Kind>,
    pub(crate) account: Account,
    pub(crate) used_at: Timestamp,
    /// It has not been used yet.
    pub(crate) is_new: bool,
    pub(crate) fresh_at: Timestamp,
}

pub(crate) async fn insert_session(
    conn: &mut Conn,
    env: &Env,
    account: AccountId,
    token: &Secret,
    origin: &Origin,
) -> Result<Id<LoginSession>, Problem> {
    let (id, now) = (env.new_id(), env.now());
    sql!(
        "INSERT INTO login_session (id, account, token_hash, agent, ip, created_at, used_at, fresh_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $6)"
    )
    .bind(id)
    .bind(account)
    .bind(secrets::token_hash(token.reveal()))
    .bind(rules::tidy(&origin.agent, 200))
    .bind(origin.ip.to_string())
    .bind(now)
    .run(conn)
    .await?;
    Ok(id)
}

/// The live session of a token, with its account unless that is suspended.
pub(crate) async fn find_session(
    conn: &mut Conn,
    now: Timestamp,
    token: &str,
) -> Result<Option<Access<LoginSession>>, Problem> {
    sql!(
        "SELECT s.id AS access, s.used_at, s.fresh_at, a.id, a.email, a.verified_at, a.language, a.currency, \
         a.time_zone, a.created_at, a.reset_at, a.suspended_at FROM login_session s JOIN account a ON a.id = s.account \
         WHERE s.token_hash = $1 AND s.used_at > $2 AND s.created_at > $3 AND a.suspended_at IS NULL"
    )
    .bind(secrets::token_hash(token))
    .bind(now.plus_ms(-rules::SESSION_IDLE_MS))
    .bind(now.plus_ms(-rules::SESSION_MOST_MS))
    .optional(conn)
    .await?
    .map(|row| {
        let account = account_row(&row)?;
        let (id, used_at, fresh_at) = (row.get("access")?, row.get("used_at")?, row.get("fresh_at")?);
        Ok(Access { id, account, used_at, is_new: false, fresh_at })
    })
    .transpose()
}

/// Whether a session is live, and its account not suspended.
pub(crate) async fn is_open(conn: &mut Conn, now: Timestamp, id: Id<LoginSession>) -> Result<bool, Problem> {
    sql!(
        "SELECT 1 AS open FROM login_session s JOIN account a ON a.id = s.account \
         WHERE s.id = $1 AND s.used_at > $2 AND s.created_at > $3 AND a.suspended_at IS NULL"
    )
    .bind(id)
    .bind(now.plus_ms(-rules::SESSION_IDLE_MS))
    .bind(now.plus_ms(-rules::SESSION_MOST_MS))
    .optional(conn)
    .await
    .map(|row| row.is_some())
}

pub(crate) async fn touch_session(
    conn: &mut Conn,
    id: Id<LoginSession>,
    now: Timestamp,
) -> Result<(), Problem> {
    sql!("UPDATE login_session SET used_at = $2 WHERE id = $1 AND used_at < $2")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

pub(crate) async fn freshen_session(
    conn: &mut Conn,
    id: Id<LoginSession>,
    now: Timestamp,
) -> Result<(), Problem> {
    sql!("UPDATE login_session SET fresh_at = $2, used_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

/// The live sessions of an account, the one used last first.
pub(crate) async fn sessions(
    conn: &mut Conn,
    now: Timestamp,
    account: AccountId,
) -> Result<Vec<OpenSession>, Problem> {
    sql!(
        "SELECT id, agent, ip, created_at, used_at FROM login_session \
         WHERE account = $1 AND used_at > $2 AND created_at > $3 ORDER BY used_at DESC, id DESC LIMIT $4"
    )
    .bind(account)
    .bind(now.plus_ms(-rules::SESSION_IDLE_MS))
    .bind(now.plus_ms(-rules::SESSION_MOST_MS))
    .bind(rules::SESSIONS_MOST)
    .all(conn)
    .await?
    .iter()
    .map(|row| {
        let (begun_at, used_at) = (row.get("created_at")?, row.get("used_at")?);
        Ok(OpenSession {
            id: row.get("id")?,
            agent: row.get("agent")?,
            ip: row.get("ip")?,
            begun_at,
            used_at,
            ends_at: rules::session_end(begun_at, used_at),
        })
    })
    .collect()
}

/// Ends one of an account's sessions; false if it has no such.
pub(crate) async fn delete_session(
    conn: &mut Conn,
    account: AccountId,
    id: Id<LoginSession>,
) -> Result<bool, Problem> {
    let ended = sql!("DELETE FROM login_session WHERE id = $1 AND account = $2")
        .bind(id)
        .bind(account)
        .run(conn)
        .await?;
    Ok(ended == 1)
}

pub(crate) async fn delete_session_of_token(conn: &mut Conn, token: &str) -> Result<(), Problem> {
    sql!("DELETE FROM login_session WHERE token_hash = $1")
        .bind(secrets::token_hash(token))
        .run(conn)
        .await
        .map(drop)
}

/// Ends all sessions of an account, but `kept` if given.
pub(crate) async fn delete_sessions(
    conn: &mut Conn,
    account: AccountId,
    kept: Option<Id<LoginSession>>,
) -> Result<u64, Problem> {
    let kept = kept.map(|id| id.to_string()).unwrap_or_default();
    sql!("DELETE FROM login_session WHERE account = $1 AND id <> $2").bind(account).bind(kept).run(conn).await
}

/// Ends those sessions of an account that were unused for longest, so that `most` stay.
pub(crate) async fn trim_sessions(conn: &mut Conn, account: AccountId, most: i64) -> Result<(), Problem> {
    sql!(
        "DELETE FROM login_session WHERE account = $1 AND id NOT IN \
         (SELECT id FROM login_session WHERE account = $1 ORDER BY used_at DESC, id DESC LIMIT $2)"
    )
    .bind(account)
    .bind(most)
    .run(conn)
    .await
    .map(drop)
}

/// Takes away what has ended, at most so many of each: sessions, tokens, and codes nobody used.
pub(crate) async fn purge(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    let sessions = sql!(
        "DELETE FROM login_session WHERE id IN \
         (SELECT id FROM login_session WHERE used_at <= $1 OR created_at <= $2 LIMIT $3)"
    )
    .bind(now.plus_ms(-rules::SESSION_IDLE_MS))
    .bind(now.plus_ms(-rules::SESSION_MOST_MS))
    .bind(limit)
    .run(conn)
    .await?;
    let tokens =
        sql!("DELETE FROM api_token WHERE id IN (SELECT id FROM api_token WHERE used_at <= $1 LIMIT $2)")
            .bind(now.plus_ms(-rules::TOKEN_IDLE_MS))
            .bind(limit)
            .run(conn)
            .await?;
    let codes =
        sql!("DELETE FROM mail_code WHERE id IN (SELECT id FROM mail_code WHERE expires_at <= $1 LIMIT $2)")
            .bind(now)
            .bind(limit)
            .run(conn)
            .await?;
    Ok(sessions + tokens + codes)
}

pub(crate) async fn insert_token(
    conn: &mut Conn,
    env: &Env,
    account: AccountId,
    token: &Secret,
    name: &str,
    fresh_at: Timestamp,
) -> Result<Id<ApiToken>, Problem> {
    let (id, now) = (env.new_id(), env.now());
    sql!(
        "INSERT INTO api_token (id, account, token_hash, name, created_at, used_at, fresh_at) \
         VALUES ($1, $2, $3, $4, $5, $5, $6)"
    )
    .bind(id)
    .bind(account)
    .bind(secrets::token_hash(token.reveal()))
    .bind(rules::tidy(name, 60))
    .bind(now)
    .bind(fresh_at)
    .run(conn)
    .await?;
    Ok(id)
}

/// The live API token, with its account unless that is suspended.
pub(crate) async fn find_token(
    conn: &mut Conn,
    now: Timestamp,
    token: &str,
) -> Result<Option<Access<ApiToken>>, Problem> {
    sql!(
        "SELECT t.id AS access, t.created_at AS made_at, t.used_at, t.fresh_at, a.id, a.email, a.verified_at, a.language, a.currency, \
         a.time_zone, a.created_at, a.reset_at, a.suspended_at FROM api_token t JOIN account a ON a.id = t.account \
         WHERE t.token_hash = $1 AND t.used_at > $2 AND a.suspended_at IS NULL"
    )
    .bind(secrets::token_hash(token))
    .bind(now.plus_ms(-rules::TOKEN_IDLE_MS))
    .optional(conn)
    .await?
    .map(|row| {
        let account = account_row(&row)?;
        let (made_at, used_at): (Timestamp, Timestamp) = (row.get("made_at")?, row.get("used_at")?);
        let (id, is_new) = (row.get("access")?, used_at <= made_at);
        Ok(Access { id, account, used_at, is_new, fresh_at: row.get("fresh_at")? })
    })
    .transpose()
}

pub(crate) async fn touch_token(conn: &mut Conn, id: Id<ApiToken>, now: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE api_token SET used_at = $2 WHERE id = $1 AND used_at < $2")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

pub(crate) async fn freshen_token(conn: &mut Conn, id: Id<ApiToken>, now: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE api_token SET fresh_at = $2, used_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

/// The live API tokens of an account, the newest first.
pub(crate) async fn tokens(
    conn: &mut Conn,
    now: Timestamp,
    account: AccountId,
) -> Result<Vec<OpenToken>, Problem> {
    sql!(
        "SELECT id, name, created_at, used_at FROM api_token WHERE account = $1 AND used_at > $2 \
         ORDER BY created_at DESC, id DESC LIMIT $3"
    )
    .bind(account)
    .bind(now.plus_ms(-rules::TOKEN_IDLE_MS))
    .bind(rules::TOKENS_MOST)
    .all(conn)
    .await?
    .iter()
    .map(|row| {
        let (created_at, used_at): (Timestamp, Timestamp) = (row.get("created_at")?, row.get("used_at")?);
        Ok(OpenToken {
            id: row.get("id")?,
            name: row.get("name")?,
            created_at,
            used_at: Some(used_at).filter(|_| used_at > created_at),
        })
    })
    .collect()
}

/// Ends one of an account's tokens; false if it has no such.
pub(crate) async fn delete_token(
    conn: &mut Conn,
    account: AccountId,
    id: Id<ApiToken>,
) -> Result<bool, Problem> {
    let ended =
        sql!("DELETE FROM api_token WHERE id = $1 AND account = $2").bind(id).bind(account).run(conn).await?;
    Ok(ended == 1)
}

/// Ends all tokens of an account, but `kept` if given.
pub(crate) async fn delete_tokens(
    conn: &mut Conn,
    account: AccountId,
    kept: Option<Id<ApiToken>>,
) -> Result<u64, Problem> {
    let kept = kept.map(|id| id.to_string()).unwrap_or_default();
    sql!("DELETE FROM api_token WHERE account = $1 AND id <> $2").bind(account).bind(kept).run(conn).await
}

/// Ends those tokens of an account that were unused for longest, so that `most` stay.
pub(crate) async fn trim_tokens(conn: &mut Conn, account: AccountId, most: i64) -> Result<(), Problem> {
    sql!(
        "DELETE FROM api_token WHERE account = $1 AND id NOT IN \
         (SELECT id FROM api_token WHERE account = $1 ORDER BY used_at DESC, id DESC LIMIT $2)"
    )
    .bind(account)
    .bind(most)
    .run(conn)
    .await
    .map(drop)
}
