//! Methods that payers let us charge again without them.

use basis::{Account, Env, Id, Problem, SavedMethod as SavedKind, Timestamp};
use store::{Conn, Row, sql};

use crate::facts::SavedFact;
use crate::rows::word;
use crate::rules::{Method, Payment};

/// A method that its payer let us keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedMethod {
    /// Its id.
    pub id: Id<SavedKind>,
    /// Whose.
    pub account: Id<Account>,
    /// At whom.
    pub provider: String,
    /// The provider's name for it.
    pub reference: String,
    /// Which way to pay.
    pub method: Method,
    /// What the payer knows it by.
    pub label: String,
    /// When it was kept.
    pub created_at: Timestamp,
}

fn saved(row: &Row) -> Result<SavedMethod, Problem> {
    Ok(SavedMethod {
        id: row.get("id")?,
        account: row.get("account_id")?,
        provider: row.get("provider")?,
        reference: row.get("reference")?,
        method: word(row, "method")?,
        label: row.get("label")?,
        created_at: row.get("created_at")?,
    })
}

/// Keeps the method of a payment that was to keep it, once; one that its payer removed stays removed.
pub(crate) async fn keep(
    conn: &mut Conn,
    env: &Env,
    payment: &Payment,
    fact: &SavedFact,
) -> Result<(), Problem> {
    if !payment.save_method {
        return Ok(());
    }
    sql!(
        "INSERT INTO saved_method (id, account_id, provider, reference, method, label, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (provider, reference) DO NOTHING"
    )
    .bind(env.new_id::<SavedKind>())
    .bind(payment.account)
    .bind(payment.provider.as_str())
    .bind(fact.reference.as_str())
    .bind(payment.method.word())
    .bind(fact.label.as_str())
    .bind(env.now())
    .run(conn)
    .await
    .map(drop)
}

/// The account's kept methods, newest first.
pub async fn saved_methods(conn: &mut Conn, account: Id<Account>) -> Result<Vec<SavedMethod>, Problem> {
    let rows = sql!(
        "SELECT * FROM saved_method WHERE account_id = $1 AND removed_at IS NULL
         ORDER BY created_at DESC, id DESC LIMIT 100"
    )
    .bind(account)
    .all(conn)
    .await?;
    rows.iter().map(saved).collect()
}

/// The kept method of this id if it is this account's and was not removed.
pub(crate) async fn of_payer(
    conn: &mut Conn,
    account: Id<Account>,
    id: Id<SavedKind>,
) -> Result<SavedMethod, Problem> {
    let row = sql!("SELECT * FROM saved_method WHERE id = $1 AND account_id = $2 AND removed_at IS NULL")
        .bind(id)
        .bind(account)
        .optional(conn)
        .await?;
    row.as_ref().map(saved).transpose()?.ok_or_else(Problem::not_found)
}

/// A payer who contests a payment is not charged by what they paid it with: their kept methods of that kind are
/// removed, and stay so whoever wins. They may keep one anew.
pub(crate) async fn stop(conn: &mut Conn, payment: &Payment, now: Timestamp) -> Result<(), Problem> {
    sql!(
        "UPDATE saved_method SET removed_at = $4
         WHERE account_id = $1 AND provider = $2 AND method = $3 AND removed_at IS NULL"
    )
    .bind(payment.account)
    .bind(payment.provider.as_str())
    .bind(payment.method.word())
    .bind(now)
    .run(conn)
    .await
    .map(drop)
}

/// The payer does not let us charge it any more.
///
/// # Errors
/// Not found if it is not theirs or was removed before.
pub async fn remove_saved(
    conn: &mut Conn,
    account: Id<Account>,
    id: Id<SavedKind>,
    now: Timestamp,
) -> Result<(), Problem> {
    let removed = sql!(
        "UPDATE saved_method SET removed_at = $3 WHERE id = $1 AND account_id = $2 AND removed_at IS NULL"
    )
    .bind(id)
    .bind(account)
    .bind(now)
    .run(conn)
    .await?;
    if removed == 1 { Ok(()) } else { Err(Problem::not_found()) }
}
