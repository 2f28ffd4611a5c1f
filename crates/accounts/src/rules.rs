//! The pure rules of accounts: what an address and a password must be like, how long things last.

use std::str::FromStr;

use basis::{Currency, DAY_MS, HOUR_MS, Language, MINUTE_MS, Problem, Timestamp};

/// A session ends when it has not been used for so long.
pub const SESSION_IDLE_MS: i64 = 30 * DAY_MS;
/// A session ends so long after its sign-in, used or not.
pub const SESSION_MOST_MS: i64 = 180 * DAY_MS;
/// A session's use is written down at most this often, so that reading pages writes next to nothing.
pub(crate) const SESSION_TOUCH_MS: i64 = HOUR_MS;
/// An API token ends when it has not been used for so long.
pub const TOKEN_IDLE_MS: i64 = 180 * DAY_MS;
/// For so long after the password was given, what needs a fresh sign-in is allowed.
pub const FRESH_MS: i64 = 15 * MINUTE_MS;
/// After the password was reset by mail, the address cannot be changed for so long: whoever took over a
/// mailbox should not be able to take the account out of its owner's reach at once.
pub const RESET_WAIT_MS: i64 = DAY_MS;
/// The most sessions of one account; the longest unused goes first.
pub(crate) const SESSIONS_MOST: i64 = 50;
/// The most API tokens of one account.
pub(crate) const TOKENS_MOST: i64 = 20;

/// The currencies that an account may prefer.
pub const CURRENCIES: [Currency; 5] =
    [Currency::CNY, Currency::USD, Currency::EUR, Currency::JPY, Currency::HKD];

const EMAIL_OCTETS_MOST: usize = 254;
const PASSWORD_CHARS_LEAST: usize = 10;
const PASSWORD_OCTETS_MOST: usize = 512;

/// The commonest passwords that are long enough to pass otherwise; folded.
const COMMON: [&str; 24] = [
    "0123456789",
    "0987654321",
    "1234567890",
    "12345678910",
    "123456789a",
    "1q2w3e4r5t",
    "1qaz2wsx3edc",
    "a123456789",
    "abcdefghij",
    "administrator",
    "asdfghjkl;",
    "iloveyou123",
    "letmein123",
    "passw0rd123",
    "password12",
    "password123",
    "password1234",
    "q1w2e3r4t5",
    "qwer123456",
    "qwerty1234",
    "qwerty12345",
    "qwertyuiop",
    "woaini1314",
    "woaini1314520",
];

/// A mail address: as it was typed, and folded for looking it up.
///
/// Only ASCII, so that no two different addresses ever fold onto one; mail still always goes to the stored
/// form, never to the one that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    shown: String,
    folded: String,
}

impl Email {
    /// As its owner wrote it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// In lower case: the key under which an account is found.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl FromStr for Email {
    type Err = Problem;

    /// Reads what a person typed; spaces around it and full-width letters of an input method are forgiven.
    fn from_str(typed: &str) -> Result<Self, Problem> {
        let bad = || Problem::invalid("accounts-email-invalid").at("email");
        // Bounded before anything is copied: the form's limit is far higher.
        if typed.len() > 4 * EMAIL_OCTETS_MOST {
            return Err(bad());
        }
        let shown: String = typed.trim().chars().map(half_width).collect();
        if shown.is_empty() {
            return Err(Problem::invalid("accounts-email-missing").at("email"));
        }
        let (_, domain) = shown.rsplit_once('@').ok_or_else(bad)?;
        let fits = shown.is_ascii() && shown.len() <= EMAIL_OCTETS_MOST && domain.contains('.');
        if !fits || domain.starts_with('[') || lettre::Address::from_str(&shown).is_err() {
            return Err(bad());
        }
        let folded = shown.to_ascii_lowercase();
        Ok(Self { shown, folded })
    }
}

/// The half-width form of a full-width ASCII letter, everything else as it is.
fn half_width(letter: char) -> char {
    match u32::from(letter) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

/// Checks a password that is being chosen (not one that is being tried).
pub fn check_new_password(password: &str, email: &Email) -> Result<(), Problem> {
    let problem = |key| Err(Problem::invalid(key).at("password"));
    if password.is_empty() {
        return problem("accounts-password-missing");
    }
    if password.len() > PASSWORD_OCTETS_MOST {
        return problem("accounts-password-long");
    }
    // Ten Chinese characters say more than ten letters; the rule stays the same for all so that it can be told.
    if password.chars().count() < PASSWORD_CHARS_LEAST {
        return problem("accounts-password-short");
    }
    if is_easy(&password.to_lowercase(), email.folded()) {
        return problem("accounts-password-easy");
    }
    Ok(())
}

/// True for what everyone tries first: the commonest ones, one character over and over, the own address.
fn is_easy(folded: &str, email: &str) -> bool {
    let first = folded.chars().next();
    let name = email.split('@').next().unwrap_or(email);
    COMMON.contains(&folded) || folded.chars().all(|c| Some(c) == first) || folded == email || folded == name
}

/// True if a password could be anyone's; what is too long is not even hashed.
pub(crate) fn can_be_password(password: &str) -> bool {
    !password.is_empty() && password.len() <= PASSWORD_OCTETS_MOST
}

/// When a session ends that was begun and last used then.
pub(crate) fn session_end(begun: Timestamp, used: Timestamp) -> Timestamp {
    used.plus_ms(SESSION_IDLE_MS).min(begun.plus_ms(SESSION_MOST_MS))
}

/// The currency that someone who reads this language most likely thinks in; where a language says nothing of that,
/// the operator's.
pub fn usual_currency(language: Language, operators: Currency) -> Currency {
    match language {
        Language::ZhCn => Currency::CNY,
        Language::En => operators,
    }
}

/// The time zone to begin with, until its owner says another.
pub fn usual_time_zone(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "Asia/Shanghai",
        Language::En => "UTC",
    }
}

/// The first characters of a text that a browser or a person sent, without control characters.
pub(crate) fn tidy(text: &str, chars_most: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_most).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(typed: &str) -> bool {
        typed.parse::<Email>().is_err()
    }

    #[test]
    fn an_address_is_found_again_however_it_was_typed() {
        let email: Email = "  Zhixia.Lin@Example.COM ".parse().unwrap();
        assert_eq!(email.shown(), "Zhixia.Lin@Example.COM");
        assert_eq!(email.folded(), "zhixia.lin@example.com");
        let full_width: Email = "lin＠example．com".parse().unwrap();
        assert_eq!(full_width.folded(), "lin@example.com");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for typed in
            ["", " ", "lin", "lin@", "@example.com", "lin@example", "a b@example.com", "lin@[127.0.0.1]"]
        {
            assert!(refused(typed), "{typed:?}");
        }
        assert!(refused("lin@example.com\r\nBcc: all@example.com"));
        assert!(refused("\u{212A}im@example.com"), "the Kelvin sign folds to k in Unicode");
        assert!(refused(&format!("{}@example.com", "a".repeat(300))));
        assert!(refused(&"@".repeat(1_000_000)));
    }

    #[test]
    fn a_password_is_long_enough_and_not_everyones() {
        let email: Email = "zhixia.lin@example.com".parse().unwrap();
        let key = |password: &str| check_new_password(password, &email).err().map(|p| p.key);
        assert_eq!(key(""), Some("accounts-password-missing"));
        assert_eq!(key("short"), Some("accounts-password-short"));
        assert_eq!(key("Password123"), Some("accounts-password-easy"));
        assert_eq!(key("aaaaaaaaaaaa"), Some("accounts-password-easy"));
        assert_eq!(key("ZHIXIA.LIN"), Some("accounts-password-easy"));
        assert_eq!(key(&"x1".repeat(1000)), Some("accounts-password-long"));
        assert_eq!(key("落地就有网流量看得清"), None);
        assert_eq!(key("correct horse battery"), None);
    }

    #[test]
    fn a_session_slides_but_not_for_ever() {
        let begun = Timestamp(0);
        assert_eq!(session_end(begun, begun), Timestamp(SESSION_IDLE_MS));
        assert_eq!(session_end(begun, Timestamp(170 * DAY_MS)), Timestamp(SESSION_MOST_MS));
    }
}
