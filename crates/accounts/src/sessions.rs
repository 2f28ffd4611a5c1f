//! Sessions of browsers and what a signed-in request may do.

use basis::{ApiToken, Env, Id, Kind, LoginSession, Problem, Timestamp};
use store::{Conn, Db, in_tx};

use crate::{Account, rows, rules, secrets};

/// Who is asking: an account, by which way in, and how lately the password was given.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account.
    pub account: Account,
    /// By which way in.
    pub via: Via,
    /// When the password was last given on this way in; 1970 for a token made in the settings.
    pub fresh_at: Timestamp,
}

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A browser's cookie.
    Session(Id<LoginSession>),
    /// An app's bearer token.
    Token(Id<ApiToken>),
}

impl SignedIn {
    /// True if the password was given a short while ago.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.fresh_at) < rules::FRESH_MS
    }

    /// Allows what needs the password to have been given a short while ago.
    ///
    /// # Errors
    /// Forbidden `accounts-fresh-needed`.
    pub fn require_fresh(&self, now: Timestamp) -> Result<(), Problem> {
        if self.is_fresh(now) { Ok(()) } else { Err(Problem::new(Kind::Forbidden, "accounts-fresh-needed")) }
    }

    /// How the audit trail names them.
    pub fn actor(&self) -> String {
        format!("account:{}", self.account.id)
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// Its id.
    pub id: Id<LoginSession>,
    /// What the browser called itself.
    pub agent: String,
    /// The network address at sign-in.
    pub ip: String,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Timestamp,
    /// When it ends if it is not used again.
    pub ends_at: Timestamp,
}

/// Who a session's token belongs to; nothing if it has ended. Writes at most once an hour.
pub async fn session(db: &Db, env: &Env, token: &str) -> Result<Option<SignedIn>, Problem> {
    if !secrets::is_token(token, "") {
        return Ok(None);
    }
    let now = env.now();
    let Some(found) = rows::find_session(&mut db.read().await?, now, token).await? else {
        return Ok(None);
    };
    if now.since(found.used_at) >= rules::SESSION_TOUCH_MS {
        let touched = in_tx!(db, |tx| { rows::touch_session(tx, found.id, now).await });
        note_untouched(touched);
    }
    Ok(Some(SignedIn { account: found.account, via: Via::Session(found.id), fresh_at: found.fresh_at }))
}

/// Who an API token belongs to; nothing if it has ended. Writes at most once an hour.
pub async fn bearer(db: &Db, env: &Env, token: &str) -> Result<Option<SignedIn>, Problem> {
    if !secrets::is_token(token, secrets::API_PREFIX) {
        return Ok(None);
    }
    let now = env.now();
    let Some(found) = rows::find_token(&mut db.read().await?, now, token).await? else {
        return Ok(None);
    };
    if found.is_new || now.since(found.used_at) >= rules::SESSION_TOUCH_MS {
        let touched = in_tx!(db, |tx| { rows::touch_token(tx, found.id, now).await });
        note_untouched(touched);
    }
    Ok(Some(SignedIn { account: found.account, via: Via::Token(found.id), fresh_at: found.fresh_at }))
}

/// Reading a page must not fail because its time could not be noted.
fn note_untouched(touched: Result<(), Problem>) {
    if let Err(problem) = touched {
        tracing::warn!(%problem, "could not note the use of a session");
    }
}

/// The live sessions of an account, the one used last first.
pub async fn sessions_of(
    conn: &mut Conn,
    now: Timestamp,
    account: Id<basis::Account>,
) -> Result<Vec<OpenSession>, Problem> {
    rows::sessions(conn, now, account).await
}

/// Whether someone is still signed in by this session.
pub async fn is_open(conn: &mut Conn, now: Timestamp, session: Id<LoginSession>) -> Result<bool, Problem> {
    rows::is_open(conn, now, session).await
}

/// Ends one of the reader's sessions.
///
/// # Errors
/// Not found if it is someone else's or has ended.
pub async fn end_session(db: &Db, who: &SignedIn, id: Id<LoginSession>) -> Result<(), Problem> {
    let ended = in_tx!(db, |tx| { rows::delete_session(tx, who.account.id, id).await })?;
    if ended { Ok(()) } else { Err(Problem::not_found()) }
}

/// Ends every session and API token of the reader but the one that asks; how many.
pub async fn end_other_sessions(db: &Db, who: &SignedIn) -> Result<u64, Problem> {
    in_tx!(db, |tx| { end_others(tx, who).await })
}

pub(crate) async fn end_others(tx: &mut Conn, who: &SignedIn) -> Result<u64, Problem> {
    let (session, token) = match who.via {
        Via::Session(id) => (Some(id), None),
        Via::Token(id) => (None, Some(id)),
    };
    let sessions = rows::delete_sessions(tx, who.account.id, session).await?;
    Ok(sessions + rows::delete_tokens(tx, who.account.id, token).await?)
}

/// Ends the session of a token, whoever holds it.
pub async fn sign_out(db: &Db, token: &str) -> Result<(), Problem> {
    if !secrets::is_token(token, "") {
        return Ok(());
    }
    in_tx!(db, |tx| { rows::delete_session_of_token(tx, token).await })
}

/// Takes away sessions, tokens and mailed codes that have ended, at most `limit` of each; how many those were.
pub async fn purge(conn: &mut Conn, now: Timestamp, limit: u32) -> Result<u64, Problem> {
    rows::purge(conn, now, limit).await
}
