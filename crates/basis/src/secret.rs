//! The installation's own key.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// 32 secret bytes, made at first start and kept outside the database.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// The key of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA256 over `domain`, a zero byte and `message`; the domain keeps uses apart.
    pub fn mac(&self, domain: &str, message: &[u8]) -> [u8; 32] {
        // A key shorter than the hash's block is padded with zeros (RFC 2104, section 2), so this cannot fail.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}
