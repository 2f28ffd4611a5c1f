//! Signing in with a password.

use basis::{ApiToken, Env, Id, Kind, Problem, Timestamp};
use store::{Conn, Db, in_tx};

use crate::{
    Account, Act, Email, Guards, Origin, SignedIn, Via, Who, rows, rules,
    secrets::{self, Secret},
};

/// Begins a browser's session: the account, and the token for its cookie.
///
/// # Errors
/// Invalid `accounts-sign-in-wrong` for a wrong password and for an address without account alike;
/// Forbidden `accounts-suspended` only after the right password; TooMany.
pub async fn sign_in(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    email: &str,
    password: &str,
) -> Result<(Account, Secret), Problem> {
    let (account, hash) = check_credentials(db, env, guards, origin, email, password).await?;
    let token = secrets::new_token(env, "");
    in_tx!(db, |tx| {
        still_right(tx, &account, &hash).await?;
        rows::insert_session(tx, env, account.id, &token, origin).await?;
        rows::trim_sessions(tx, account.id, rules::SESSIONS_MOST).await
    })?;
    Ok((account, token))
}

/// Signs an app in: the account, and an API token under this name.
///
/// # Errors
/// As [`sign_in`].
pub async fn sign_in_for_token(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    credentials: (&str, &str),
    name: &str,
) -> Result<(Account, Id<ApiToken>, Secret), Problem> {
    let (email, password) = credentials;
    let (account, hash) = check_credentials(db, env, guards, origin, email, password).await?;
    let token = secrets::new_token(env, secrets::API_PREFIX);
    let id = in_tx!(db, |tx| {
        still_right(tx, &account, &hash).await?;
        let id = rows::insert_token(tx, env, account.id, &token, name, env.now()).await?;
        rows::trim_tokens(tx, account.id, rules::TOKENS_MOST).await?;
        Ok(id)
    })?;
    Ok((account, id, token))
}

/// Takes the reader's password once more: their way in is fresh from now on.
///
/// # Errors
/// Invalid `accounts-password-wrong`; TooMany.
pub async fn confirm_password(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    password: &str,
) -> Result<(), Problem> {
    check_own_password(db, env, guards, origin, who, password).await?;
    in_tx!(db, |tx| { freshen(tx, who, env.now()).await })
}

pub(crate) async fn freshen(tx: &mut Conn, who: &SignedIn, now: Timestamp) -> Result<(), Problem> {
    match who.via {
        Via::Session(id) => rows::freshen_session(tx, id, now).await,
        Via::Token(id) => rows::freshen_token(tx, id, now).await,
    }
}

/// The hash of the reader's own password, if this is it.
pub(crate) async fn check_own_password(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    password: &str,
) -> Result<String, Problem> {
    let email: Email = who.account.email.parse()?;
    let whom = whom(&email, origin);
    guards.limits.count(env.now(), Act::SignIn, &whom)?;
    let hash = rows::password_hash(&mut db.read().await?, who.account.id).await?;
    if !guards.passwords.check(password, Some(hash.clone())).await? {
        return Err(Problem::invalid("accounts-password-wrong").at("current_password"));
    }
    forgive(guards, &whom);
    Ok(hash)
}

async fn check_credentials(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    email: &str,
    password: &str,
) -> Result<(Account, String), Problem> {
    let email: Email = email.parse()?;
    let whom = whom(&email, origin);
    guards.limits.count(env.now(), Act::SignIn, &whom)?;
    let found = rows::credentials(&mut db.read().await?, email.folded()).await?;
    let hash = found.as_ref().map(|(_, hash)| hash.clone());
    if !guards.passwords.check(password, hash).await? {
        return Err(wrong());
    }
    let (found, hash) = found.ok_or_else(wrong)?;
    if found.suspended_at.is_some() {
        return Err(Problem::new(Kind::Forbidden, "accounts-suspended"));
    }
    forgive(guards, &whom);
    Ok((found, hash))
}

fn wrong() -> Problem {
    Problem::invalid("accounts-sign-in-wrong").at("password")
}

/// Checking a password takes long enough for it to be reset meanwhile; whoever knew only the old one stays out.
async fn still_right(tx: &mut Conn, account: &Account, hash: &str) -> Result<(), Problem> {
    // Written once more as it is: that takes the row, so whoever resets it afterwards ends this session, too.
    if rows::replace_password(tx, account.id, hash, hash).await? { Ok(()) } else { Err(wrong()) }
}

fn whom<'a>(email: &'a Email, origin: &Origin) -> [Who<'a>; 4] {
    let account = email.folded();
    [Who::All, Who::Address(origin.ip), Who::Account(account), Who::AccountFrom(account, origin.ip)]
}

/// The right password is not counted.
fn forgive(guards: &Guards, whom: &[Who<'_>]) {
    for who in whom {
        guards.limits.forgive(Act::SignIn, *who);
    }
}
