//! Choosing a new password through the mailbox.

use basis::{Env, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    Conn, Db,
    audit::{self, Entry},
    in_tx,
    jobs::{self, JobRun, NewJob, Next},
};

use crate::{
    Act, Email, Guards, Origin, Who,
    codes::{self, MailCode, Purpose},
    mail::{self, NewMail, letters},
    rows, rules,
};

/// The kind of the job that looks up who asked for a reset; handled by `reset_asked`.
pub const RESET_ASKED: &str = "account.reset_asked";

#[derive(Serialize, Deserialize)]
struct Asked {
    email: String,
}

/// Asks for a mail with a link to a new password. Whether the address has an account is looked up later, by a job,
/// so neither the answer nor its time can tell.
///
/// # Errors
/// Invalid at `email`; TooMany.
pub async fn ask_reset(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    email: &str,
) -> Result<(), Problem> {
    let email: Email = email.parse()?;
    let whom = [Who::All, Who::Address(origin.ip), Who::Account(email.folded())];
    guards.limits.count(env.now(), Act::AskMail, &whom)?;
    let asked = Asked { email: email.folded().to_owned() };
    in_tx!(db, |tx| {
        let key = env.new_id::<basis::Mail>().to_string();
        let job = NewJob { kind: RESET_ASKED, key, payload: &asked, run_at: env.now() };
        jobs::enqueue(tx, env, job).await.map(drop)
    })
}

/// Handles the job [`RESET_ASKED`]: mails the link if the address has an account.
pub(crate) async fn reset_asked(db: &Db, env: &Env, run: &JobRun) -> Result<Next, Problem> {
    let asked: Asked = run.read()?;
    in_tx!(db, |tx| {
        if let Some(account) = rows::account_of_email(tx, &asked.email).await? {
            let code = rows::insert_code(tx, env, account.id, Purpose::Reset, &account.email).await?;
            let mail = NewMail::new(&account.email, account.language, &letters::RESET);
            mail::queue(tx, env, mail.with_link_to("/reset", code)).await?;
        }
        Ok(Next::Done)
    })
}

/// True while the link is good; the page asks before it shows its form.
pub async fn reset_link_is_open(
    conn: &mut Conn,
    now: Timestamp,
    guards: &Guards,
    token: &str,
) -> Result<bool, Problem> {
    let code = codes::by_link(conn, now, &guards.key, Purpose::Reset, token).await?;
    Ok(code.is_some())
}

/// Sets the new password, proves the address, ends every session and API token, and mails a notice.
///
/// # Errors
/// Invalid `accounts-link-dead`, or at `password`; TooMany.
pub async fn reset_password(
    db: &Db,
    env: &Env,
    guards: &Guards,
    origin: &Origin,
    token: &str,
    password: &str,
) -> Result<(), Problem> {
    guards.limits.count(env.now(), Act::TryCode, &[Who::All, Who::Address(origin.ip)])?;
    let code = {
        let mut conn = db.read().await?;
        codes::by_link(&mut conn, env.now(), &guards.key, Purpose::Reset, token).await?
    };
    let code = code.ok_or_else(codes::dead_link)?;
    let email: Email = code.address.parse()?;
    rules::check_new_password(password, &email)?;
    let hash = guards.passwords.hash(env, password).await?;
    in_tx!(db, |tx| { reset(tx, env, &code, &email, &hash).await })
}

async fn reset(tx: &mut Conn, env: &Env, code: &MailCode, email: &Email, hash: &str) -> Result<(), Problem> {
    let (id, now) = (code.account, env.now());
    let good = rows::use_code(tx, now, code.id).await?
        && rows::reset_password(tx, id, email.folded(), hash, now).await?;
    if !good {
        return Err(codes::dead_link());
    }
    rows::delete_sessions(tx, id, None).await?;
    rows::delete_tokens(tx, id, None).await?;
    rows::void_codes(tx, id, Purpose::Reset).await?;
    rows::void_codes(tx, id, Purpose::Move).await?;
    let (actor, subject) = (format!("account:{id}"), id.to_string());
    let entry = Entry { actor: &actor, action: "account.reset_password", subject: &subject, detail: () };
    audit::record(tx, env, entry).await?;
    let account = rows::account(tx, id).await?.ok_or_else(Problem::not_found)?;
    let mail = NewMail::new(&account.email, account.language, &letters::WAS_RESET);
    mail::queue(tx, env, mail.with_link("/reset")).await
}
