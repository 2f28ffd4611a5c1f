//! The tables `account`, `login_session`, `api_token` and `mail_code`, and every statement on them.

mod access;
mod accounts;
mod mail_codes;

pub(crate) use access::*;
pub(crate) use accounts::*;
pub(crate) use mail_codes::*;
