//! Session tokens, API tokens, and the codes and links that go out by mail.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::{Env, Id, Mail, SecretKey};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret that its owner is told once. `Debug` hides it; [`Secret::reveal`] is the one way to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, to be handed to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What an API token begins with, so that a leaked one is recognised.
pub(crate) const API_PREFIX: &str = "hyt_";
/// 256 bits in base64url.
const TOKEN_CHARS: usize = 43;

/// A fresh token of 256 bits.
pub(crate) fn new_token(env: &Env, prefix: &str) -> Secret {
    let bits: [u8; 32] = env.random();
    Secret(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bits)))
}

/// What is stored of a token: it has 256 random bits, so a plain hash cannot be turned round.
pub(crate) fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// True if a text can be a token; anything else is not even looked up.
pub(crate) fn is_token(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| rest.len() == TOKEN_CHARS && rest.is_ascii())
}

/// The token in a mailed link: the id of its row, and 256 bits that only this installation can compute from
/// it. So nothing that opens an account ever lies in the database, in the queue or in a backup.
pub fn link_token(key: &SecretKey, id: Id<Mail>) -> Secret {
    let proof = key.mac("accounts.mail.link", &id.as_u128().to_be_bytes());
    let digits = id.to_string();
    let digits = digits.split_once('_').map_or("", |(_, digits)| digits);
    Secret(format!("{digits}.{}", URL_SAFE_NO_PAD.encode(proof)))
}

/// The row that a link's token names, if the token is genuine.
pub fn open_link_token(key: &SecretKey, token: &str) -> Option<Id<Mail>> {
    let (digits, _) = token.split_once('.')?;
    let id: Id<Mail> = format!("eml_{digits}").parse().ok()?;
    let genuine = link_token(key, id);
    bool::from(genuine.0.as_bytes().ct_eq(token.as_bytes())).then_some(id)
}

/// The eight digits in a mail that are typed instead of following its link; good for a few tries only.
pub(crate) fn typed_code(key: &SecretKey, id: Id<Mail>) -> Secret {
    let mac = key.mac("accounts.mail.code", &id.as_u128().to_be_bytes());
    let number = mac.iter().take(8).fold(0_u64, |n, byte| (n << 8) | u64::from(*byte));
    // 2^64 is so much larger than 10^8 that no code is noticeably likelier than another.
    Secret(format!("{:08}", number % 100_000_000))
}

/// True if these are the digits of that row's code; spaces and dashes between them are forgiven.
pub(crate) fn is_typed_code(key: &SecretKey, id: Id<Mail>, typed: &str) -> bool {
    let digits: String =
        typed.chars().take(40).filter_map(|c| char::from_digit(c.to_digit(10)?, 10)).collect();
    bool::from(typed_code(key, id).0.as_bytes().ct_eq(digits.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_its_own_row_only() {
        let (key, id) = (SecretKey::new([7; 32]), Id::from_u128(42));
        let token = link_token(&key, id);
        assert_eq!(open_link_token(&key, token.reveal()), Some(id));
        let other = token.reveal().replacen("1a.", "1b.", 1);
        assert_ne!(other, token.reveal());
        assert_eq!(open_link_token(&key, &other), None);
        assert_eq!(open_link_token(&SecretKey::new([8; 32]), token.reveal()), None);
        assert_eq!(open_link_token(&key, ""), None);
        assert_eq!(open_link_token(&key, "."), None);
    }

    #[test]
    fn a_code_may_be_typed_with_gaps() {
        let (key, id) = (SecretKey::new([7; 32]), Id::from_u128(42));
        let code = typed_code(&key, id);
        let (first, second) = code.reveal().split_at(4);
        assert_eq!(code.reveal().len(), 8);
        assert!(is_typed_code(&key, id, &format!(" {first} - {second} ")));
        assert!(!is_typed_code(&key, id, ""));
        assert!(!is_typed_code(&key, Id::from_u128(43), code.reveal()));
    }

    #[test]
    fn a_secret_does_not_show_in_debug() {
        let env = Env::system();
        let token = new_token(&env, API_PREFIX);
        assert!(is_token(token.reveal(), API_PREFIX) && !is_token(token.reveal(), ""));
        assert_eq!(format!("{token:?}"), "Secret(…)");
        assert_eq!(token_hash(token.reveal()).len(), 32);
    }
}
