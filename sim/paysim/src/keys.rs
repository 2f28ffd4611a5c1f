//! Credentials: what a merchant shows to a face, and what a face signs with. All of them are made for tests.

use std::fmt;

use ring::signature::{self, RsaKeyPair, UnparsedPublicKey};
use ring::{aead, hmac, rand};
use x509_parser::pem::Pem;

/// The merchant's private key in tests, PKCS#8: requests to RSA faces are signed with it.
pub const MERCHANT_KEY: &str = include_str!("../assets/keys/merchant.key");
/// The merchant's certificate in tests.
pub const MERCHANT_CERTIFICATE: &str = include_str!("../assets/keys/merchant.crt");
/// What RSA faces sign with.
pub const PLATFORM: Signer = Signer {
    key: include_str!("../assets/keys/platform.key"),
    certificate: include_str!("../assets/keys/platform.crt"),
};
/// What RSA faces sign with once the key is rotated.
pub const PLATFORM_NEXT: Signer = Signer {
    key: include_str!("../assets/keys/platform_next.key"),
    certificate: include_str!("../assets/keys/platform_next.crt"),
};
/// Someone else's.
const STRANGER: Signer = Signer {
    key: include_str!("../assets/keys/stranger.key"),
    certificate: include_str!("../assets/keys/stranger.crt"),
};

/// A key pair in PEM.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signer {
    /// The private key, PKCS#8.
    pub key: &'static str,
    /// Its certificate.
    pub certificate: &'static str,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// The certificate's serial number, in upper-case hexadecimal.
    pub fn serial(&self) -> String {
        serial(self.certificate)
    }

    /// RSA-SHA256 (PKCS#1 v1.5), raw bytes; empty if the key is none, which never verifies.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let pair = pem(self.key).and_then(|der| RsaKeyPair::from_pkcs8(&der).ok());
        let Some(pair) = pair else { return Vec::new() };
        let mut signed = vec![0; pair.public().modulus_len()];
        match pair.sign(&signature::RSA_PKCS1_SHA256, &rand::SystemRandom::new(), message, &mut signed) {
            Ok(()) => signed,
            Err(_) => Vec::new(),
        }
    }
}

/// One face's credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The merchant at this provider: account, merchant id, seller id, mchid.
    pub merchant: String,
    /// The merchant's application there: client id, app id.
    pub client: String,
    /// What the merchant shows or seals with: API key, client secret, APIv3 key (32 bytes).
    pub api_key: String,
    /// The merchant's certificate: requests signed with its key are the merchant's.
    pub merchant_certificate: String,
    /// The name of the merchant's webhook there.
    pub webhook: String,
    /// Secrets of messages; while they are rolled there are two, and messages carry both signatures.
    pub secrets: Vec<String>,
    /// What answers and messages are signed with: the first. The others were before it, and are still shown.
    pub signers: Vec<Signer>,
}

impl Keys {
    /// Test credentials of this merchant.
    pub fn new(merchant: &str, api_key: &str, secret: &str) -> Self {
        Self {
            merchant: merchant.to_owned(),
            client: "client_test".to_owned(),
            api_key: api_key.to_owned(),
            merchant_certificate: MERCHANT_CERTIFICATE.to_owned(),
            webhook: "webhook_test".to_owned(),
            secrets: vec![secret.to_owned()],
            signers: vec![PLATFORM],
        }
    }

    /// What signs now.
    pub fn signer(&self) -> Signer {
        self.signers.first().copied().unwrap_or(PLATFORM)
    }

    /// The same with someone else's secrets and keys: what they sign is forged.
    #[must_use]
    pub fn forged(&self) -> Self {
        Self { secrets: vec!["a secret of someone else".to_owned()], signers: vec![STRANGER], ..self.clone() }
    }

    /// The serial number of the merchant's certificate, in upper-case hexadecimal.
    pub fn merchant_serial(&self) -> String {
        serial(&self.merchant_certificate)
    }

    /// Whether the merchant signed this message.
    pub fn merchant_signed(&self, message: &[u8], signed: &[u8]) -> bool {
        certificate_signed(&self.merchant_certificate, message, signed)
    }
}

/// Whether the key of this certificate signed this message.
pub(crate) fn certificate_signed(certificate: &str, message: &[u8], signed: &[u8]) -> bool {
    let Some(der) = pem(certificate) else { return false };
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(&der) else { return false };
    let key = &certificate.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key).verify(message, signed).is_ok()
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("merchant", &self.merchant).finish_non_exhaustive()
    }
}

/// Empty for what is no certificate.
fn serial(certificate: &str) -> String {
    let Some(der) = pem(certificate) else { return String::new() };
    let parsed = x509_parser::parse_x509_certificate(&der);
    parsed.map(|(_, certificate)| format!("{:X}", certificate.serial)).unwrap_or_default()
}

fn pem(text: &str) -> Option<Vec<u8>> {
    Pem::iter_from_buffer(text.as_bytes()).next()?.ok().map(|pem| pem.contents)
}

/// HMAC-SHA256 in lower-case hexadecimal.
pub fn hmac_hex(secret: &[u8], message: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message);
    hex(tag.as_ref())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// AES-256-GCM with the tag behind the text; `None` if the key has not 32 bytes.
pub fn seal_aes_256_gcm(key: &[u8], nonce: [u8; 12], data: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key).ok()?);
    let mut text = plain.to_vec();
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, aead::Aad::from(data), &mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_merchants_signature_is_known_and_no_other() {
        let keys = Keys::new("heyon", "sk", "whsec");
        let merchant = Signer { key: MERCHANT_KEY, certificate: MERCHANT_CERTIFICATE };
        assert!(keys.merchant_signed(b"pay", &merchant.sign(b"pay")));
        assert!(!keys.merchant_signed(b"pay 2", &merchant.sign(b"pay")));
        for other in [PLATFORM, PLATFORM_NEXT, STRANGER] {
            assert!(!keys.merchant_signed(b"pay", &other.sign(b"pay")));
        }
    }

    #[test]
    fn what_is_forged_is_signed_by_nobody_we_know() {
        let keys = Keys::new("heyon", "sk", "whsec");
        assert_ne!(keys.forged().signer(), keys.signer());
        assert_ne!(keys.forged().secrets, keys.secrets);
    }
}
