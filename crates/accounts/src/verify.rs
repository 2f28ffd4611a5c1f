//! Proving that the address of an account is its owner's.

use basis::{Env, Id, Problem};
use store::{
    Conn, Db,
    audit::{self, Entry},
    in_tx,
};

use crate::{
    Act, Email, Guards, Origin, SignedIn, Who,
    codes::{self, MailCode, Purpose},
    mail::{self, NewMail, letters},
    rows,
};

/// Mails the reader a new link and code; nothing to do if the address is proved.
///
/// # Errors
/// TooMany.
pub async fn ask_verification(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
) -> Result<(), Problem> {
    let account = &who.account;
    if account.verified_at.is_some() {
        return Ok(());
    }
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(&account.email)];
    guards.limits.count(env.now(), Act::AskMail, &whom)?;
    in_tx!(db, |tx| {
        let code = rows::insert_code(tx, env, account.id, Purpose::Verify, &account.email).await?;
        let mail = NewMail::new(&account.email, account.language, &letters::VERIFY);
        mail::queue(tx, env, mail.with_link_to("/verify", code)).await
    })
}

/// Takes the link from the mail; whoever opens it need not be signed in.
///
/// # Errors
/// Invalid `accounts-link-dead`; TooMany.
pub async fn verify_by_link(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    token: &str,
) -> Result<(), Problem> {
    guards.limits.count(env.now(), Act::TryCode, &[Who::All, Who::Address(origin.ip)])?;
    in_tx!(db, |tx| {
        let code = codes::by_link(tx, env.now(), &guards.key, Purpose::Verify, token).await?;
        let code = code.ok_or_else(codes::dead_link)?;
        if verify(tx, env, &code).await? { Ok(()) } else { Err(codes::dead_link()) }
    })
}

/// Takes the eight digits from the mail, typed where the reader is signed in.
///
/// # Errors
/// Invalid `accounts-code-wrong` at `code`; TooMany.
pub async fn verify_by_code(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    typed: &str,
) -> Result<(), Problem> {
    let id = who.account.id;
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(&who.account.email)];
    guards.limits.count(env.now(), Act::TryCode, &whom)?;
    let verified = in_tx!(db, |tx| {
        match codes::by_digits(tx, env, &guards.key, id, Purpose::Verify, typed).await? {
            Some(code) => verify(tx, env, &code).await,
            None => Ok(false),
        }
    })?;
    if verified { Ok(()) } else { Err(codes::wrong_code()) }
}

async fn verify(tx: &mut Conn, env: &Env, code: &MailCode) -> Result<bool, Problem> {
    let email: Email = code.address.parse()?;
    let good = rows::use_code(tx, env.now(), code.id).await?
        && rows::set_verified(tx, code.account, email.folded(), env.now()).await?;
    if good {
        note(tx, env, code.account).await?;
    }
    Ok(good)
}

async fn note(tx: &mut Conn, env: &Env, id: Id<basis::Account>) -> Result<(), Problem> {
    let (actor, subject) = (format!("account:{id}"), id.to_string());
    let entry = Entry { actor: &actor, action: "account.verify", subject: &subject, detail: () };
    audit::record(tx, env, entry).await
}
