//! The table `account`.

use basis::{Env, Id, Problem, Timestamp};
use store::{Conn, Row, sql};

use crate::{Account, Preferences, Registration};

type AccountId = Id<basis::Account>;

/// Opens an account unless its address has one: its id, or nothing.
pub(crate) async fn insert_account(
    conn: &mut Conn,
    env: &Env,
    new: &Registration,
    password_hash: &str,
    verified_at: Option<Timestamp>,
) -> Result<Option<AccountId>, Problem> {
    let id = env.new_id();
    let opened = sql!(
        "INSERT INTO account (id, email, email_folded, password_hash, verified_at, language, currency, time_zone, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email_folded) DO NOTHING"
    )
    .bind(id)
    .bind(new.email.shown())
    .bind(new.email.folded())
    .bind(password_hash)
    .bind(verified_at)
    .bind(new.preferences.language)
    .bind(new.preferences.currency)
    .bind(new.preferences.time_zone.as_str())
    .bind(env.now())
    .run(conn)
    .await?;
    Ok((opened == 1).then_some(id))
}

pub(crate) async fn account(conn: &mut Conn, id: AccountId) -> Result<Option<Account>, Problem> {
    sql!(
        "SELECT id, email, verified_at, language, currency, time_zone, created_at, reset_at, suspended_at \
         FROM account WHERE id = $1"
    )
    .bind(id)
    .optional(conn)
    .await?
    .as_ref()
    .map(account_row)
    .transpose()
}

pub(crate) async fn addresses(
    conn: &mut Conn,
    ids: &[AccountId],
) -> Result<Vec<(AccountId, String)>, Problem> {
    let rows = sql!("SELECT id, email FROM account WHERE id IN (VALUES ($1))").bind_each(ids.iter().copied());
    rows.all(conn).await?.iter().map(|row| Ok((row.get("id")?, row.get("email")?))).collect()
}

pub(crate) async fn account_of_email(conn: &mut Conn, folded: &str) -> Result<Option<Account>, Problem> {
    sql!(
        "SELECT id, email, verified_at, language, currency, time_zone, created_at, reset_at, suspended_at \
         FROM account WHERE email_folded = $1"
    )
    .bind(folded)
    .optional(conn)
    .await?
    .as_ref()
    .map(account_row)
    .transpose()
}

/// The account of an address with its password's hash.
pub(crate) async fn credentials(conn: &mut Conn, folded: &str) -> Result<Option<(Account, String)>, Problem> {
    sql!(
        "SELECT id, email, verified_at, language, currency, time_zone, created_at, reset_at, suspended_at, \
         password_hash FROM account WHERE email_folded = $1"
    )
    .bind(folded)
    .optional(conn)
    .await?
    .map(|row| Ok((account_row(&row)?, row.get("password_hash")?)))
    .transpose()
}

pub(crate) async fn password_hash(conn: &mut Conn, id: AccountId) -> Result<String, Problem> {
    sql!("SELECT password_hash FROM account WHERE id = $1").bind(id).one(conn).await?.get("password_hash")
}

/// Replaces the password that was checked; false if it has been replaced since.
pub(crate) async fn replace_password(
    conn: &mut Conn,
    id: AccountId,
    old_hash: &str,
    new_hash: &str,
) -> Result<bool, Problem> {
    let changed = sql!("UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2")
        .bind(id)
        .bind(old_hash)
        .bind(new_hash)
        .run(conn)
        .await?;
    Ok(changed == 1)
}

/// Sets the password of whoever followed the link that went to `folded`; false if that is no longer its address.
pub(crate) async fn reset_password(
    conn: &mut Conn,
    id: AccountId,
    folded: &str,
    new_hash: &str,
    now: Timestamp,
) -> Result<bool, Problem> {
    let changed = sql!(
        "UPDATE account SET password_hash = $3, reset_at = $4, verified_at = COALESCE(verified_at, $4) \
         WHERE id = $1 AND email_folded = $2"
    )
    .bind(id)
    .bind(folded)
    .bind(new_hash)
    .bind(now)
    .run(conn)
    .await?;
    Ok(changed == 1)
}

/// Notes that the address was proved; false if it is no longer this account's.
pub(crate) async fn set_verified(
    conn: &mut Conn,
    id: AccountId,
    folded: &str,
    now: Timestamp,
) -> Result<bool, Problem> {
    let changed = sql!(
        "UPDATE account SET verified_at = COALESCE(verified_at, $3) WHERE id = $1 AND email_folded = $2"
    )
    .bind(id)
    .bind(folded)
    .bind(now)
    .run(conn)
    .await?;
    Ok(changed == 1)
}

/// Moves an account to another, proved address, unless that has an account by now.
pub(crate) async fn move_address(
    conn: &mut Conn,
    id: AccountId,
    email: &crate::Email,
    now: Timestamp,
) -> Result<bool, Problem> {
    let changed = sql!(
        "UPDATE account SET email = $2, email_folded = $3, verified_at = $4 \
         WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM account WHERE email_folded = $3 AND id <> $1)"
    )
    .bind(id)
    .bind(email.shown())
    .bind(email.folded())
    .bind(now)
    .run(conn)
    .await?;
    Ok(changed == 1)
}

pub(crate) async fn set_preferences(
    conn: &mut Conn,
    id: AccountId,
    preferences: &Preferences,
) -> Result<(), Problem> {
    sql!("UPDATE account SET language = $2, currency = $3, time_zone = $4 WHERE id = $1")
        .bind(id)
        .bind(preferences.language)
        .bind(preferences.currency)
        .bind(preferences.time_zone.as_str())
        .run(conn)
        .await
        .map(drop)
}

/// The account in a row that has its columns under their own names.
pub(crate) fn account_row(row: &Row) -> Result<Account, Problem> {
    Ok(Account {
        id: row.get("id")?,
        email: row.get("email")?,
        verified_at: row.get("verified_at")?,
        language: row.get("language")?,
        currency: row.get("currency")?,
        time_zone: row.get("time_zone")?,
        created_at: row.get("created_at")?,
        reset_at: row.get("reset_at")?,
        suspended_at: row.get("suspended_at")?,
    })
}
