//! Changing the password and the address of an account.

use basis::{Env, Id, Kind, MINUTE_MS, Problem};
use store::{
    Conn, Db,
    audit::{self, Entry},
    in_tx,
};

use crate::{
    Act, Email, Guards, Origin, SignedIn, Who,
    codes::{self, Purpose},
    mail::{self, NewMail, letters},
    rows, rules, sessions, sign_in,
};

/// The old password and the new one.
#[derive(Clone, Copy)]
pub struct NewPassword<'a> {
    /// The one that is valid now.
    pub current: &'a str,
    /// The one that is to be.
    pub new: &'a str,
}

/// Replaces the reader's password, ends every other session and API token, and mails a notice.
///
/// # Errors
/// Invalid at `current_password` or `password`; TooMany; Conflict if it was changed elsewhere meanwhile.
pub async fn change_password(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    password: NewPassword<'_>,
) -> Result<(), Problem> {
    let email: Email = who.account.email.parse()?;
    rules::check_new_password(password.new, &email)?;
    let old = sign_in::check_own_password(db, env, guards, origin, who, password.current).await?;
    let new = guards.passwords.hash(env, password.new).await?;
    in_tx!(db, |tx| {
        if !rows::replace_password(tx, who.account.id, &old, &new).await? {
            return Err(Problem::conflict("accounts-password-changed-elsewhere"));
        }
        sessions::end_others(tx, who).await?;
        sign_in::freshen(tx, who, env.now()).await?;
        note(tx, env, who.account.id, "account.change_password").await?;
        let mail = NewMail::new(&who.account.email, who.account.language, &letters::PASSWORD_CHANGED);
        mail::queue(tx, env, mail.with_link("/reset")).await
    })
}

/// Asks to move the account to another address: a code goes to the new one, a notice to the old one. If the new
/// address has an account, its owner gets a mail that says so instead, and the reader sees no difference.
///
/// # Errors
/// Forbidden if the sign-in is not fresh, or within a day after a reset; Invalid at `email`; TooMany.
pub async fn ask_email_change(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    email: &str,
) -> Result<(), Problem> {
    who.require_fresh(env.now())?;
    wait_after_reset(env, who)?;
    let (old, new): (Email, Email) = (who.account.email.parse()?, email.parse()?);
    if old == new {
        return Err(Problem::invalid("accounts-email-same").at("email"));
    }
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(old.folded()), Who::Account(new.folded())];
    guards.limits.count(env.now(), Act::AskMail, &whom)?;
    in_tx!(db, |tx| {
        rows::void_codes(tx, who.account.id, Purpose::Move).await?;
        let code = rows::insert_code(tx, env, who.account.id, Purpose::Move, new.shown()).await?;
        mail_to_new_address(tx, env, who, &new, code).await?;
        note(tx, env, who.account.id, "account.ask_email_change").await?;
        let mail = NewMail::new(old.shown(), who.account.language, &letters::MOVE_ASKED);
        mail::queue(tx, env, mail.with_link("/settings/sessions")).await
    })
}

async fn mail_to_new_address(
    tx: &mut Conn,
    env: &Env,
    who: &SignedIn,
    new: &Email,
    code: Id<basis::Mail>,
) -> Result<(), Problem> {
    let owner = rows::account_of_email(tx, new.folded()).await?.filter(|owner| owner.id != who.account.id);
    let mail = match &owner {
        Some(owner) => NewMail::new(&owner.email, owner.language, &letters::KNOWN).with_link("/sign-in"),
        None => NewMail::new(new.shown(), who.account.language, &letters::MOVE).with_code_only(code),
    };
    mail::queue(tx, env, mail).await
}

/// The address that waits for its code, if one does.
pub async fn pending_email(conn: &mut Conn, env: &Env, who: &SignedIn) -> Result<Option<String>, Problem> {
    let code = rows::newest_code(conn, env.now(), who.account.id, Purpose::Move).await?;
    Ok(code.map(|code| code.address))
}

/// Takes the eight digits that went to the new address, and moves the account there.
///
/// # Errors
/// Forbidden as for asking; Invalid `accounts-code-wrong` at `code`, also if the address has an account; TooMany.
pub async fn confirm_email_change(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    who: &SignedIn,
    typed: &str,
) -> Result<(), Problem> {
    who.require_fresh(env.now())?;
    wait_after_reset(env, who)?;
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(&who.account.email)];
    guards.limits.count(env.now(), Act::TryCode, &whom)?;
    let moved = in_tx!(db, |tx| {
        match codes::by_digits(tx, env, &guards.key, who.account.id, Purpose::Move, typed).await? {
            Some(code) => move_account(tx, env, who, &code).await,
            None => Ok(false),
        }
    })?;
    if moved { Ok(()) } else { Err(codes::wrong_code()) }
}

async fn move_account(
    tx: &mut Conn,
    env: &Env,
    who: &SignedIn,
    code: &codes::MailCode,
) -> Result<bool, Problem> {
    let (id, new): (_, Email) = (who.account.id, code.address.parse()?);
    let moved =
        rows::use_code(tx, env.now(), code.id).await? && rows::move_address(tx, id, &new, env.now()).await?;
    if !moved {
        return Ok(false);
    }
    // Links that went to the old address must not open the account any more.
    rows::void_codes(tx, id, Purpose::Reset).await?;
    rows::void_codes(tx, id, Purpose::Verify).await?;
    sessions::end_others(tx, who).await?;
    note(tx, env, id, "account.change_email").await?;
    for address in [who.account.email.as_str(), new.shown()] {
        let mail = NewMail::new(address, who.account.language, &letters::MOVED);
        mail::queue(tx, env, mail).await?;
    }
    Ok(true)
}

/// Within a day after a reset the address stays: whoever took over a mailbox must not take the account at once.
fn wait_after_reset(env: &Env, who: &SignedIn) -> Result<(), Problem> {
    let Some(reset_at) = who.account.reset_at else { return Ok(()) };
    let wait_ms = rules::RESET_WAIT_MS - env.now().since(reset_at);
    if wait_ms <= 0 {
        return Ok(());
    }
    let minutes = (wait_ms + MINUTE_MS - 1) / MINUTE_MS;
    let hours = (minutes + 59) / 60;
    Err(Problem::new(Kind::Forbidden, "accounts-wait-after-reset").with("hours", hours))
}

async fn note(tx: &mut Conn, env: &Env, id: Id<basis::Account>, action: &'static str) -> Result<(), Problem> {
    let (actor, subject) = (format!("account:{id}"), id.to_string());
    audit::record(tx, env, Entry { actor: &actor, action, subject: &subject, detail: () }).await
}
