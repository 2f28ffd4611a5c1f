//! Codes and links that prove who reads a mailbox. A row says that one is good; what the mail shows is computed
//! from the row's id and the installation's key ([`crate::secrets`]), so no row and no queued job holds a secret.

use basis::{Env, HOUR_MS, Id, MINUTE_MS, Mail, Problem, SecretKey, Timestamp};
use store::Conn;

use crate::{rows, secrets};

/// A code of eight digits is good for so many tries.
const TRIES_MOST: u32 = 5;

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Proving the address of an account.
    Verify,
    /// Choosing a new password.
    Reset,
    /// Proving the address that an account wants to move to.
    Move,
}

impl Purpose {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Move => "move",
        }
    }

    pub(crate) const fn good_for_ms(self) -> i64 {
        match self {
            Self::Verify => 48 * HOUR_MS,
            Self::Reset => HOUR_MS,
            Self::Move => 30 * MINUTE_MS,
        }
    }
}

/// A code that is good.
#[derive(Debug)]
pub(crate) struct MailCode {
    pub(crate) id: Id<Mail>,
    pub(crate) account: Id<basis::Account>,
    /// Where it was sent.
    pub(crate) address: String,
}

/// The code that a link's token names, if it is good.
pub(crate) async fn by_link(
    conn: &mut Conn,
    now: Timestamp,
    key: &SecretKey,
    purpose: Purpose,
    token: &str,
) -> Result<Option<MailCode>, Problem> {
    match secrets::open_link_token(key, token) {
        Some(id) => rows::open_code(conn, now, id, purpose).await,
        None => Ok(None),
    }
}

/// The account's newest code of this kind, if these are its digits. Counts the try, so the transaction must
/// commit either way.
pub(crate) async fn by_digits(
    conn: &mut Conn,
    env: &Env,
    key: &SecretKey,
    account: Id<basis::Account>,
    purpose: Purpose,
    typed: &str,
) -> Result<Option<MailCode>, Problem> {
    let Some(code) = rows::newest_code(conn, env.now(), account, purpose).await? else {
        return Ok(None);
    };
    let may_try = rows::count_try(conn, code.id, TRIES_MOST).await?;
    Ok((may_try && secrets::is_typed_code(key, code.id, typed)).then_some(code))
}

/// The link is not good: used, too old, or never ours. One answer for all.
pub(crate) const fn dead_link() -> Problem {
    Problem::invalid("accounts-link-dead")
}

/// The digits are not good: wrong, too old, or tried too often. One answer for all.
pub(crate) const fn wrong_code() -> Problem {
    Problem::invalid("accounts-code-wrong").at("code")
}
