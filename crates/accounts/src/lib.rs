//! Accounts: who signs in, pays and owns.
//!
//! A person registers with a mail address and a password, proves the address by a mail, signs in (a browser gets a
//! session, an app an API token), and can end any of those. Nothing here tells a stranger whether an address has an
//! account: registering, asking for a reset and a failed sign-in answer the same, and as fast, either way.
//!
//! Mails go through an outbox: [`mail::queue`] in the transaction that wants them; a job sends them.

mod change;
mod codes;
mod jobs;
mod limits;
pub mod mail;
mod passwords;
mod preferences;
mod register;
mod reset;
mod rows;
mod rules;
mod secrets;
mod sessions;
mod sign_in;
mod tokens;
mod verify;

use std::net::IpAddr;

use basis::{Currency, Id, Language, Problem, SecretKey, Timestamp};
use store::{Conn, Migrations, migrations};

pub use change::{NewPassword, ask_email_change, change_password, confirm_email_change, pending_email};
pub use jobs::handlers;
pub use limits::{Act, Limits, Rate, Who};
pub use passwords::Passwords;
pub use preferences::{Preferences, set_preferences, time_zones};
pub use register::{Registration, admit, register};
pub use reset::{RESET_ASKED, ask_reset, reset_link_is_open, reset_password};
pub use rules::{
    CURRENCIES, Email, FRESH_MS, RESET_WAIT_MS, SESSION_IDLE_MS, SESSION_MOST_MS, TOKEN_IDLE_MS,
    check_new_password, usual_currency, usual_time_zone,
};
pub use secrets::Secret;
pub use sessions::{
    OpenSession, SignedIn, Via, bearer, end_other_sessions, end_session, is_open, purge, session,
    sessions_of, sign_out,
};
pub use sign_in::{confirm_password, sign_in, sign_in_for_token};
pub use tokens::{OpenToken, create_token, end_token, tokens_of};

pub use verify::{ask_verification, verify_by_code, verify_by_link};

/// The tables of accounts.
pub const MIGRATIONS: Migrations = migrations!("accounts", ["0001_accounts.sql"]);

/// One person who signs in, pays and owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: Id<basis::Account>,
    /// The mail address, as its owner wrote it.
    pub email: String,
    /// When the address was proved by a mail; needed before wallet, invitation or refund.
    pub verified_at: Option<Timestamp>,
    /// The language of pages and mails.
    pub language: Language,
    /// The currency of prices and of the wallet that is shown first.
    pub currency: Currency,
    /// An IANA time zone, e.g. `Asia/Shanghai`.
    pub time_zone: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When its password was last reset by mail.
    pub reset_at: Option<Timestamp>,
    /// When an operator suspended it: nobody can sign in.
    pub suspended_at: Option<Timestamp>,
}

impl Account {
    /// Allows what needs a proved address.
    ///
    /// # Errors
    /// Forbidden `accounts-verify-first`.
    pub fn require_verified(&self) -> Result<(), Problem> {
        match self.verified_at {
            Some(_) => Ok(()),
            None => Err(Problem::new(basis::Kind::Forbidden, "accounts-verify-first")),
        }
    }
}

/// The account of this id.
///
/// # Errors
/// Not found.
pub async fn account(conn: &mut Conn, id: Id<basis::Account>) -> Result<Account, Problem> {
    rows::account(conn, id).await?.ok_or_else(Problem::not_found)
}

/// The mail addresses of those of these accounts that there are, in no order. Each id once.
pub async fn addresses(
    conn: &mut Conn,
    ids: &[Id<basis::Account>],
) -> Result<Vec<(Id<basis::Account>, String)>, Problem> {
    rows::addresses(conn, ids).await
}

/// The account of this address, for operators.
pub async fn account_of_email(conn: &mut Conn, email: &Email) -> Result<Option<Account>, Problem> {
    rows::account_of_email(conn, email.folded()).await
}

/// From where a request came.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address, as the trusted proxies tell it.
    pub ip: IpAddr,
    /// What the browser or app calls itself; shown in the list of sessions.
    pub agent: String,
}

/// What stands before every door: password hashing, limits, and the key that makes codes and links.
#[derive(Debug, Clone)]
pub struct Guards {
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// How often what may be tried.
    pub limits: Limits,
    /// The installation's key.
    pub key: SecretKey,
}
