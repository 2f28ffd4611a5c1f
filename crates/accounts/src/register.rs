//! Opening an account.

use basis::{Env, Id, Problem};
use store::{
    Db,
    audit::{self, Entry},
    in_tx,
};

use crate::{
    Act, Email, Guards, Origin, Passwords, Preferences, Who,
    codes::Purpose,
    mail::{self, NewMail, letters},
    rows, rules,
};

/// What someone gives to open an account.
#[derive(Clone)]
pub struct Registration {
    /// The address.
    pub email: Email,
    /// The password they chose.
    pub password: String,
    /// What to begin with.
    pub preferences: Preferences,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("preferences", &self.preferences).finish_non_exhaustive()
    }
}

/// Opens an account and mails it a link that proves its address. If the address has an account already, that
/// account gets a mail that says so, and everything else looks and lasts the same.
///
/// # Errors
/// Invalid at `password`; TooMany.
pub async fn register(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    new: &Registration,
) -> Result<(), Problem> {
    rules::check_new_password(&new.password, &new.email)?;
    let (ip, account) = (Who::Address(origin.ip), Who::Account(new.email.folded()));
    guards.limits.count(env.now(), Act::Register, &[Who::All, ip, account])?;
    let hash = guards.passwords.hash(env, &new.password).await?;
    in_tx!(db, |tx| {
        match rows::insert_account(tx, env, new, &hash, None).await? {
            Some(id) => {
                note(tx, env, id, &format!("account:{id}")).await?;
                welcome(tx, env, id, new).await
            }
            None => remind(tx, env, new).await,
        }
    })
}

/// Opens an account for someone, as the operator or the demo does: no limits, no mail.
///
/// # Errors
/// Conflict `accounts-email-known`; Invalid at `password`.
pub async fn admit(
    db: &Db,
    env: &Env,
    passwords: &Passwords,
    actor: &str,
    new: &Registration,
    verified: bool,
) -> Result<Id<basis::Account>, Problem> {
    rules::check_new_password(&new.password, &new.email)?;
    let hash = passwords.hash(env, &new.password).await?;
    in_tx!(db, |tx| {
        let verified_at = verified.then(|| env.now());
        let id = rows::insert_account(tx, env, new, &hash, verified_at)
            .await?
            .ok_or_else(|| Problem::conflict("accounts-email-known").at("email"))?;
        note(tx, env, id, actor).await?;
        Ok(id)
    })
}

async fn note(tx: &mut store::Conn, env: &Env, id: Id<basis::Account>, actor: &str) -> Result<(), Problem> {
    let entry = Entry { actor, action: "account.open", subject: &id.to_string(), detail: () };
    audit::record(tx, env, entry).await
}

async fn welcome(
    tx: &mut store::Conn,
    env: &Env,
    id: Id<basis::Account>,
    new: &Registration,
) -> Result<(), Problem> {
    let code = rows::insert_code(tx, env, id, Purpose::Verify, new.email.shown()).await?;
    let mail = NewMail::new(new.email.shown(), new.preferences.language, &letters::WELCOME);
    mail::queue(tx, env, mail.with_link_to("/verify", code)).await
}

/// To the address as its owner wrote it, not as it was typed now.
async fn remind(tx: &mut store::Conn, env: &Env, new: &Registration) -> Result<(), Problem> {
    let Some(known) = rows::account_of_email(tx, new.email.folded()).await? else {
        return Err(Problem::internal("an address that is taken by nobody"));
    };
    let mail = NewMail::new(&known.email, known.language, &letters::KNOWN);
    mail::queue(tx, env, mail.with_link("/sign-in")).await
}
