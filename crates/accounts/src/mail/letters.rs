//! The texts of the mails of accounts. Other nouns have their own.

/// The text keys of one mail. Its body's paragraphs are parted by empty lines.
#[derive(Debug, Clone, Copy)]
pub struct Letterhead {
    /// One line.
    pub subject: &'static str,
    /// Paragraphs.
    pub body: &'static str,
    /// What the button says, if there is one.
    pub button: Option<&'static str>,
}

/// A new account: a link and a code that prove the address.
pub(crate) const WELCOME: Letterhead = Letterhead {
    subject: "accounts-mail-welcome-subject",
    body: "accounts-mail-welcome-body",
    button: Some("accounts-mail-verify-button"),
};
/// The same, asked for again.
pub(crate) const VERIFY: Letterhead = Letterhead {
    subject: "accounts-mail-verify-subject",
    body: "accounts-mail-verify-body",
    button: Some("accounts-mail-verify-button"),
};
/// Someone wanted to open an account with an address that has one.
pub(crate) const KNOWN: Letterhead = Letterhead {
    subject: "accounts-mail-known-subject",
    body: "accounts-mail-known-body",
    button: Some("accounts-mail-known-button"),
};
/// A link to a new password.
pub(crate) const RESET: Letterhead = Letterhead {
    subject: "accounts-mail-reset-subject",
    body: "accounts-mail-reset-body",
    button: Some("accounts-mail-reset-button"),
};
/// The password was reset.
pub(crate) const WAS_RESET: Letterhead = Letterhead {
    subject: "accounts-mail-was-reset-subject",
    body: "accounts-mail-was-reset-body",
    button: Some("accounts-mail-not-me-button"),
};
/// The password was changed in the settings.
pub(crate) const PASSWORD_CHANGED: Letterhead = Letterhead {
    subject: "accounts-mail-password-changed-subject",
    body: "accounts-mail-password-changed-body",
    button: Some("accounts-mail-not-me-button"),
};
/// To a new address: the code that proves it.
pub(crate) const MOVE: Letterhead =
    Letterhead { subject: "accounts-mail-move-subject", body: "accounts-mail-move-body", button: None };
/// To the old address: someone wants to move the account.
pub(crate) const MOVE_ASKED: Letterhead = Letterhead {
    subject: "accounts-mail-move-asked-subject",
    body: "accounts-mail-move-asked-body",
    button: Some("accounts-mail-move-asked-button"),
};
/// To both addresses: the account has moved.
pub(crate) const MOVED: Letterhead =
    Letterhead { subject: "accounts-mail-moved-subject", body: "accounts-mail-moved-body", button: None };
