//! API tokens: ways in for apps and scripts.

use basis::{ApiToken, Env, Id, Problem, Timestamp};
use store::{
    Conn, Db,
    audit::{self, Entry},
    in_tx,
};

use crate::{
    SignedIn, rows, rules,
    secrets::{self, Secret},
};

/// An API token as its owner sees it.
#[derive(Debug, Clone)]
pub struct OpenToken {
    /// Its id.
    pub id: Id<ApiToken>,
    /// What its owner called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the hour; `None` before its first use.
    pub used_at: Option<Timestamp>,
}

/// Makes a token for an account; it never counts as a fresh sign-in. Of more than twenty the longest unused goes.
///
/// # Errors
/// Invalid at `name` if it is empty.
pub async fn create_token(
    tx: &mut Conn,
    env: &Env,
    account: Id<basis::Account>,
    name: &str,
) -> Result<(Id<ApiToken>, Secret), Problem> {
    if rules::tidy(name, 60).is_empty() {
        return Err(Problem::invalid("accounts-token-name-missing").at("name"));
    }
    let token = secrets::new_token(env, secrets::API_PREFIX);
    let id = rows::insert_token(tx, env, account, &token, name, Timestamp(0)).await?;
    rows::trim_tokens(tx, account, rules::TOKENS_MOST).await?;
    let (actor, subject) = (format!("account:{account}"), id.to_string());
    let entry = Entry { actor: &actor, action: "account.create_token", subject: &subject, detail: () };
    audit::record(tx, env, entry).await?;
    Ok((id, token))
}

/// The live tokens of an account, the newest first.
pub async fn tokens_of(
    conn: &mut Conn,
    now: Timestamp,
    account: Id<basis::Account>,
) -> Result<Vec<OpenToken>, Problem> {
    rows::tokens(conn, now, account).await
}

/// Ends one of the reader's tokens.
///
/// # Errors
/// Not found if it is someone else's or has ended.
pub async fn end_token(db: &Db, who: &SignedIn, id: Id<ApiToken>) -> Result<(), Problem> {
    let ended = in_tx!(db, |tx| { rows::delete_token(tx, who.account.id, id).await })?;
    if ended { Ok(()) } else { Err(Problem::not_found()) }
}
