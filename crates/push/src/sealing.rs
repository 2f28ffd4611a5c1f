//! What lies in the database sealed: who has a copy of it and not the installation's key can send nothing to anyone.

use basis::{Env, Problem, SecretKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// Seals by AES-256-GCM under a key of its own, made from the installation's; the nonce stands in front.
#[derive(Clone)]
pub(crate) struct Seal {
    key: [u8; 32],
    secret: SecretKey,
}

impl Seal {
    pub(crate) fn new(secret: &SecretKey) -> Self {
        Self { key: secret.mac("push.seal", b""), secret: secret.clone() }
    }

    /// By what a device is found again: a keyed hash of its endpoint.
    pub(crate) fn endpoint_mac(&self, endpoint: &str) -> [u8; 32] {
        self.secret.mac("push.endpoint", endpoint.as_bytes())
    }

    /// Seals for the row of this name, so that it opens in no other.
    pub(crate) fn close(&self, env: &Env, row: &str, plain: &[u8]) -> Result<Vec<u8>, Problem> {
        let nonce: [u8; NONCE_LEN] = env.random();
        let mut text = plain.to_vec();
        let by = Nonce::assume_unique_for_key(nonce);
        let sealed = self.aead()?.seal_in_place_append_tag(by, Aad::from(row.as_bytes()), &mut text);
        sealed.map_err(|_| Problem::internal("a secret cannot be sealed"))?;
        Ok([&nonce[..], &text].concat())
    }

    /// What was sealed for the row of this name.
    ///
    /// # Errors
    /// Internal if it was sealed under another key or for another row.
    pub(crate) fn open(&self, row: &str, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
        let unfit = || Problem::internal(format!("push: {row} was sealed under another secret.key"));
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or_else(unfit)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unfit())?;
        let mut text = text.to_vec();
        let plain = self.aead()?.open_in_place(nonce, Aad::from(row.as_bytes()), &mut text);
        plain.map(|plain| plain.to_vec()).map_err(|_| unfit())
    }

    fn aead(&self) -> Result<LessSafeKey, Problem> {
        let key = UnboundKey::new(&AES_256_GCM, &self.key);
        key.map(LessSafeKey::new).map_err(|_| Problem::internal("the sealing key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_own_row_and_key_only() {
        let (env, seal) = (Env::system(), Seal::new(&SecretKey::new([7; 32])));
        let sealed = seal.close(&env, "dev_1", b"endpoint").unwrap();
        assert!(!sealed.windows(8).any(|part| part == b"endpoint"));
        assert_ne!(sealed, seal.close(&env, "dev_1", b"endpoint").unwrap(), "each time another nonce");
        assert_eq!(seal.open("dev_1", &sealed).unwrap(), b"endpoint");
        assert!(seal.open("dev_2", &sealed).is_err());
        assert!(seal.open("dev_1", &sealed[1..]).is_err() && seal.open("dev_1", b"short").is_err());
        assert!(Seal::new(&SecretKey::new([8; 32])).open("dev_1", &sealed).is_err());
    }
}
