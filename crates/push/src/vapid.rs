//! Who sends: our key pair, and the tokens that push services check (VAPID, RFC 8292).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use basis::{Env, HOUR_MS, Problem, Timestamp};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use store::{Db, in_tx};

use crate::{rows, sealing::Seal};

/// The name of our one key pair.
const NAME: &str = "vapid";
/// A token is good for so long; more than 24 hours is refused (RFC 8292, section 2).
const GOOD_MS: i64 = 12 * HOUR_MS;
/// It is used for so long, then another is made: some services mind a new one for each message.
const USED_MS: i64 = HOUR_MS;
/// Services have many hosts (`wns2-par02p.notify.windows.com`); more tokens than this are not kept.
const TOKENS_MAX: usize = 256;

/// Our key pair (ECDSA on P-256), and the tokens made with it.
pub(crate) struct Vapid {
    pair: EcdsaKeyPair,
    public_key: String,
    /// Whom a push service asks when something is wrong.
    contact: String,
    /// For each service when the token was made, and the token.
    tokens: Mutex<BTreeMap<String, (Timestamp, String)>>,
}

impl Vapid {
    /// The key pair in the database; made if there is none.
    pub(crate) async fn open(db: &Db, env: &Env, seal: &Seal, contact: &str) -> Result<Self, Problem> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| Problem::internal("no randomness for a key pair"))?;
        let sealed = seal.close(env, NAME, made.as_ref())?;
        let kept = in_tx!(db, |tx| { rows::keep_key(tx, NAME, &sealed, env.now()).await })?;
        Self::of(&seal.open(NAME, &kept)?, contact)
    }

    fn of(pkcs8: &[u8], contact: &str) -> Result<Self, Problem> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new());
        let pair = pair.map_err(|error| Problem::internal(format!("the key pair of push: {error}")))?;
        let public_key = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Ok(Self { pair, public_key, contact: contact.to_owned(), tokens: Mutex::default() })
    }

    /// In base64url, as browsers take it.
    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The header `Authorization` for a message to the service of this origin, such as `https://fcm.googleapis.com`.
    pub(crate) fn authorization(&self, now: Timestamp, origin: &str) -> Result<String, Problem> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, (made_at, _)| (0..USED_MS).contains(&now.since(*made_at)));
        if let Some((_, token)) = tokens.get(origin) {
            return Ok(token.clone());
        }
        let signed = self.sign(&claims(now, origin, &self.contact))?;
        let header = format!("vapid t={signed},k={}", self.public_key);
        if tokens.len() < TOKENS_MAX {
            tokens.insert(origin.to_owned(), (now, header.clone()));
        }
        Ok(header)
    }

    /// A token by JWS compact serialisation (RFC 7515) with ES256.
    fn sign(&self, claims: &str) -> Result<String, Problem> {
        let text = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"ES256"}"#));
        let signed = self.pair.sign(&SystemRandom::new(), text.as_bytes());
        let signed = signed.map_err(|_| Problem::internal("a token cannot be signed"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed)))
    }
}

/// For whom, until when, and whom to ask, in base64url.
fn claims(now: Timestamp, origin: &str, contact: &str) -> String {
    let exp = now.plus_ms(GOOD_MS).as_ms() / 1000;
    URL_SAFE_NO_PAD.encode(json!({ "aud": origin, "exp": exp, "sub": contact }).to_string())
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// RFC 8292, section 2.4.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NT\
                         M1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2\
                         rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
    const KEY: &str =
        "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

    fn is_genuine(token: &str, key: &str) -> bool {
        let (text, signed) = token.rsplit_once('.').unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, URL_SAFE_NO_PAD.decode(key).unwrap());
        key.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signed).unwrap()).is_ok()
    }

    fn ours() -> Vapid {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Vapid::of(pkcs8.as_ref(), "mailto:push@example.com").unwrap()
    }

    #[test]
    fn a_token_says_what_the_example_of_the_standard_says() {
        assert!(is_genuine(TOKEN, KEY));
        let made_at = Timestamp(1_453_523_768_000).plus_ms(-GOOD_MS);
        let claims = claims(made_at, "https://push.example.net", "mailto:push@example.com");
        let token = ours().sign(&claims).unwrap();
        assert_eq!(token.rsplit_once('.').unwrap().0, TOKEN.rsplit_once('.').unwrap().0);
    }

    #[test]
    fn a_token_is_signed_by_the_key_beside_it_and_used_for_an_hour() {
        let (vapid, now) = (ours(), Timestamp(1_790_000_000_000));
        let header = |later_ms: i64, origin| vapid.authorization(now.plus_ms(later_ms), origin).unwrap();
        let first = header(0, "https://a.example");
        let (token, key) = first.strip_prefix("vapid t=").unwrap().split_once(",k=").unwrap();
        assert_eq!(key, vapid.public_key());
        assert!(is_genuine(token, key) && !is_genuine(token, KEY));
        assert_eq!(header(USED_MS - 1, "https://a.example"), first);
        assert_ne!(header(0, "https://b.example"), first);
        assert_ne!(header(USED_MS, "https://a.example"), first);
    }
}
