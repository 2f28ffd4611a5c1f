//! Methods that payers let us charge again without them.

use basis::{Account, Env, Id, Problem, SavedMethod as SavedKind, Timestamp};
use store::jobs::{self, JobRun, NewJob, Next};
use store::{Conn, Db, Row, sql};

use crate::facts::SavedFact;
use crate::provider::{ProviderError, Providers};
use crate::rows::word;
use crate::rules::{Method, Payment};

/// The job that asks a provider to let go of a method that its payer removed; its handler is [`forget_saved`].
pub const FORGET_SAVED: &str = "saved.forget";

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
    /// When it was refused for good: it is not charged until its owner names it anew.
    pub refused_at: Option<Timestamp>,
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
        refused_at: row.get("refused_at")?,
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

/// The kept method, now that this open payment is about to be charged by it, as both rows say from here on. Whoever takes the
/// method back comes before, or after the charge was begun.
///
/// # Errors
/// Not found if it is not the payer's or was removed; conflicts `payments-over`, `payments-method-unavailable` if it is another
/// provider's, `payments-provider-refused` if it was refused for good.
pub(crate) async fn take(
    conn: &mut Conn,
    payment: &Payment,
    id: Id<SavedKind>,
    now: Timestamp,
) -> Result<SavedMethod, Problem> {
    let marked = sql!("UPDATE payment SET saved_id = $2 WHERE id = $1 AND state IN ('created', 'pending')")
        .bind(payment.id)
        .bind(id)
        .run(conn)
        .await?;
    if marked == 0 {
        return Err(Problem::conflict("payments-over"));
    }
    let row = sql!(
        "UPDATE saved_method SET charged_at = $3 WHERE id = $1 AND account_id = $2 AND removed_at IS NULL RETURNING *"
    )
    .bind(id)
    .bind(payment.account)
    .bind(now)
    .optional(conn)
    .await?;
    let saved = row.as_ref().map(saved).transpose()?.ok_or_else(Problem::not_found)?;
    if saved.provider != payment.provider {
        return Err(Problem::conflict("payments-method-unavailable"));
    }
    if saved.refused_at.is_some() {
        return Err(Problem::conflict("payments-provider-refused"));
    }
    Ok(saved)
}

/// The method that this payment was charged by was refused for good: no payment is charged by it any more.
pub(crate) async fn refuse(conn: &mut Conn, payment: &Payment, now: Timestamp) -> Result<(), Problem> {
    sql!("UPDATE saved_method SET refused_at = $2 WHERE id = $1")
        .bind(payment.saved)
        .bind(now)
        .run(conn)
        .await
        .map(drop)
}

/// Its owner wants it charged, whatever was said of it before.
pub async fn name_anew(conn: &mut Conn, account: Id<Account>, id: Id<SavedKind>) -> Result<(), Problem> {
    sql!("UPDATE saved_method SET refused_at = NULL WHERE id = $1 AND account_id = $2")
        .bind(id)
        .bind(account)
        .run(conn)
        .await
        .map(drop)
}

/// A payer who contests a payment is not charged by what they paid it with: their kept methods of that kind are
/// removed, and stay so whoever wins. They may keep one anew.
pub(crate) async fn stop(conn: &mut Conn, env: &Env, payment: &Payment) -> Result<(), Problem> {
    let removed = sql!(
        "UPDATE saved_method SET removed_at = $4
         WHERE account_id = $1 AND provider = $2 AND method = $3 AND removed_at IS NULL RETURNING id"
    )
    .bind(payment.account)
    .bind(payment.provider.as_str())
    .bind(payment.method.word())
    .bind(env.now())
    .all(conn)
    .await?;
    for row in removed {
        queue_forgetting(conn, env, row.get("id")?).await?;
    }
    Ok(())
}

/// The payer does not let us charge it any more; its provider is asked to let go of it.
///
/// # Errors
/// Not found if it is not theirs or was removed before.
pub async fn remove_saved(
    conn: &mut Conn,
    env: &Env,
    account: Id<Account>,
    id: Id<SavedKind>,
) -> Result<(), Problem> {
    let removed = sql!(
        "UPDATE saved_method SET removed_at = $3 WHERE id = $1 AND account_id = $2 AND removed_at IS NULL"
    )
    .bind(id)
    .bind(account)
    .bind(env.now())
    .run(conn)
    .await?;
    if removed == 0 {
        return Err(Problem::not_found());
    }
    queue_forgetting(conn, env, id).await
}

async fn queue_forgetting(conn: &mut Conn, env: &Env, id: Id<SavedKind>) -> Result<(), Problem> {
    let job = NewJob { kind: FORGET_SAVED, key: id.to_string(), payload: &id, run_at: env.now() };
    jobs::enqueue(conn, env, job).await.map(drop)
}

/// The handler of [`FORGET_SAVED`]. What its provider does not know any more is forgotten.
///
/// # Errors
/// Unavailable `payments-provider-silent`: then it is tried again. Conflict `payments-provider-refused`.
pub async fn forget_saved(db: &Db, providers: &Providers, run: JobRun) -> Result<Next, Problem> {
    let id: Id<SavedKind> = run.read()?;
    let row = sql!("SELECT * FROM saved_method WHERE id = $1").bind(id).one(&mut db.read().await?).await?;
    let saved = saved(&row)?;
    match providers.of_payment(&saved.provider)?.forget(&saved.reference).await {
        Ok(()) | Err(ProviderError::NotFound) => Ok(Next::Done),
        Err(error) => Err(error.into()),
    }
}
