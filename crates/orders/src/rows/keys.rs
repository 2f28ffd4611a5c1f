//! The table `order_key`: which idempotency key was answered by which order.

use basis::{Account, Id, Order, Problem, Timestamp};
use store::{Conn, sql};

/// One use of an idempotency key.
#[derive(Debug, Clone)]
pub(crate) struct KeyRow {
    pub(crate) key: String,
    pub(crate) fingerprint: String,
    pub(crate) order: Id<Order>,
    pub(crate) at: Timestamp,
}

/// Keeps an idempotency key for its answer; false if the account has used the key before.
pub(crate) async fn keep_key(conn: &mut Conn, account: Id<Account>, key: &KeyRow) -> Result<bool, Problem> {
    let rows = sql!(
        "INSERT INTO order_key (account_id, key, fingerprint, order_id, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, key) DO NOTHING"
    )
    .bind(account)
    .bind(key.key.as_str())
    .bind(key.fingerprint.as_str())
    .bind(key.order)
    .bind(key.at)
    .run(conn)
    .await?;
    Ok(rows == 1)
}

/// Forgets keys from before `until`, at most so many; answers how many.
pub(crate) async fn forget_keys(conn: &mut Conn, until: Timestamp, limit: u32) -> Result<u64, Problem> {
    sql!(
        "DELETE FROM order_key WHERE (account_id, key) IN \
         (SELECT account_id, key FROM order_key WHERE created_at < $1 LIMIT $2)"
    )
    .bind(until)
    .bind(limit)
    .run(conn)
    .await
}

/// What an idempotency key answered before.
pub(crate) async fn find_key(
    conn: &mut Conn,
    account: Id<Account>,
    key: &str,
) -> Result<Option<KeyRow>, Problem> {
    sql!("SELECT key, fingerprint, order_id, created_at FROM order_key WHERE account_id = $1 AND key = $2")
        .bind(account)
        .bind(key)
        .optional(conn)
        .await?
        .map(|row| {
            Ok(KeyRow {
                key: row.get("key")?,
                fingerprint: row.get("fingerprint")?,
                order: row.get("order_id")?,
                at: row.get("created_at")?,
            })
        })
        .transpose()
}
