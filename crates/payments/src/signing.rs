//! The cryptography that providers' protocols share: RSA-SHA256 (PKCS#1 v1.5), HMAC-SHA256, AES-256-GCM.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::Problem;
use ring::signature::{self, RsaKeyPair, UnparsedPublicKey};
use ring::{aead, digest, hmac, rand};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

/// A private RSA key, of 2048 bits or more.
pub(crate) struct PrivateKey(RsaKeyPair);

impl PrivateKey {
    /// Reads PKCS#8 or PKCS#1, as PEM or as its bare base64 lines.
    ///
    /// # Errors
    /// Internal if it is no such key; the key itself is not told.
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        let der = der(text)?;
        let pair = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
        pair.map(Self).map_err(|error| Problem::internal(format!("private key: {error}")))
    }

    /// Signs, in base64.
    ///
    /// # Errors
    /// Internal if the machine has no randomness: the key is blinded while it is used.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, Problem> {
        metrics::counter!("payments_signatures_total", "kind" => "rsa_made").increment(1);
        let mut signed = vec![0; self.0.public().modulus_len()];
        let done =
            self.0.sign(&signature::RSA_PKCS1_SHA256, &rand::SystemRandom::new(), message, &mut signed);
        done.map(|()| BASE64.encode(&signed)).map_err(|_| Problem::internal("a message cannot be signed"))
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey")
    }
}

/// A public RSA key, of 2048 bits or more.
#[derive(Debug, Clone)]
pub(crate) struct PublicKey(UnparsedPublicKey<Vec<u8>>);

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo or a certificate, as PEM or as its bare base64 lines. Nobody has asked whether the
    /// certificate is valid.
    ///
    /// # Errors
    /// Internal if it is no such key.
    pub(crate) fn read(text: &str) -> Result<Self, Problem> {
        let der = der(text)?;
        if let Ok((_, certificate)) = X509Certificate::from_der(&der) {
            return Ok(Self::of(certificate.public_key()));
        }
        let (_, info) =
            SubjectPublicKeyInfo::from_der(&der).map_err(|_| Problem::internal("not a public key"))?;
        Ok(Self::of(&info))
    }

    /// The key in a certificate or elsewhere.
    pub(crate) fn of(info: &SubjectPublicKeyInfo<'_>) -> Self {
        let key = info.subject_public_key.data.to_vec();
        Self(UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key))
    }

    /// Whether this base64 is the key's signature of the message.
    pub(crate) fn verifies(&self, message: &[u8], base64: &str) -> bool {
        metrics::counter!("payments_signatures_total", "kind" => "rsa_checked").increment(1);
        BASE64.decode(base64).is_ok_and(|signed| self.0.verify(message, &signed).is_ok())
    }
}

/// The bytes between the lines of a PEM, or of base64 without them.
///
/// # Errors
/// Internal if there is no base64.
pub(crate) fn der(text: &str) -> Result<Vec<u8>, Problem> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    BASE64.decode(lines.collect::<String>()).map_err(|_| Problem::internal("neither PEM nor base64"))
}

/// HMAC-SHA256 in lower-case hexadecimal.
pub(crate) fn hmac_hex(secret: &[u8], message: &[u8]) -> String {
    metrics::counter!("payments_signatures_total", "kind" => "hmac").increment(1);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message);
    hex(tag.as_ref())
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Opens AES-256-GCM, whose tag stands behind the text. `None` if key, nonce, data or text are not the ones that sealed.
pub(crate) fn open_aes_256_gcm(key: &[u8], nonce: &[u8], data: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key).ok()?);
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = sealed.to_vec();
    let plain = key.open_in_place(nonce, aead::Aad::from(data), &mut text).ok()?;
    Some(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Signed by the official SDKs that the file names.
    fn vectors() -> Value {
        serde_json::from_str(include_str!("../tests/data/vectors.json")).unwrap()
    }

    fn text<'a>(vectors: &'a Value, pointer: &str) -> &'a str {
        vectors.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
    }

    const BY_MERCHANT: [(&str, &str); 3] = [
        ("/alipay_request/sign_content", "/alipay_request/sign"),
        ("/wechat_request/message", "/wechat_request/signature"),
        ("/antom_request/sign_content", "/antom_request/urlencoded_signature"),
    ];
    const BY_PLATFORM: [(&str, &str); 3] = [
        ("/alipay_notify/sign_content_without_sign_and_sign_type", "/alipay_notify/sign"),
        ("/wechat_response/message", "/wechat_response/headers/Wechatpay-Signature"),
        ("/paypal_webhook/message", "/paypal_webhook/sig"),
    ];

    fn base64(signature: &str) -> String {
        signature.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")
    }

    #[test]
    fn we_sign_what_the_official_clients_sign() {
        let vectors = vectors();
        for form in ["/keys/merchant_private_pkcs1_der_base64", "/keys/merchant_private_pkcs8_der_base64"] {
            let key = PrivateKey::read(text(&vectors, form)).unwrap();
            for (message, signature) in BY_MERCHANT {
                let signed = key.sign(text(&vectors, message).as_bytes()).unwrap();
                assert_eq!(signed, base64(text(&vectors, signature)), "{message}");
            }
        }
        let platform = PrivateKey::read(text(&vectors, "/keys/platform_private_pkcs1_der_base64")).unwrap();
        for (message, signature) in BY_PLATFORM {
            assert_eq!(platform.sign(text(&vectors, message).as_bytes()).unwrap(), text(&vectors, signature));
        }
    }

    #[test]
    fn we_believe_what_they_signed_and_nothing_else() {
        let vectors = vectors();
        for form in ["/keys/platform_public_pem", "/keys/platform_cert_pem"] {
            let key = PublicKey::read(text(&vectors, form)).unwrap();
            for (message, signature) in BY_PLATFORM {
                let (message, signature) = (text(&vectors, message), text(&vectors, signature));
                assert!(key.verifies(message.as_bytes(), signature), "{message}");
                assert!(!key.verifies(format!("{message} ").as_bytes(), signature));
                assert!(!key.verifies(message.as_bytes(), &signature.replacen(&signature[..4], "AAAA", 1)));
                assert!(!key.verifies(message.as_bytes(), "WECHATPAY/SIGNTEST/not-base64!"));
            }
        }
        let merchant = PublicKey::read(text(&vectors, "/keys/merchant_public_pem")).unwrap();
        for (message, signature) in BY_MERCHANT {
            assert!(
                merchant.verifies(text(&vectors, message).as_bytes(), &base64(text(&vectors, signature)))
            );
        }
        for (message, signature) in BY_PLATFORM {
            assert!(!merchant.verifies(text(&vectors, message).as_bytes(), text(&vectors, signature)));
        }
    }

    #[test]
    fn a_keyed_hash_is_the_one_that_stripe_sends() {
        let vectors = vectors();
        let header = text(&vectors, "/stripe/header");
        let message = format!("{}.{}", vectors["stripe"]["timestamp"], text(&vectors, "/stripe/payload"));
        let hash = hmac_hex(text(&vectors, "/stripe/secret").as_bytes(), message.as_bytes());
        assert_eq!(header.split_once("v1=").unwrap().1, hash);
    }

    #[test]
    fn a_sealed_resource_opens_with_its_key_nonce_and_data_only() {
        let vectors = vectors();
        let part = |name: &str| text(&vectors, &format!("/wechat_resource/{name}")).as_bytes();
        let sealed = BASE64.decode(part("ciphertext")).unwrap();
        let open =
            |data: &[u8], sealed: &[u8]| open_aes_256_gcm(part("apiv3_key"), part("nonce"), data, sealed);
        assert_eq!(open(part("associated_data"), &sealed).unwrap(), part("plaintext"));
        assert_eq!(open(b"other", &sealed), None);
        assert_eq!(open(part("associated_data"), &sealed[1..]), None);
        assert_eq!(open_aes_256_gcm(b"short", part("nonce"), b"", &sealed), None);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_told() {
        for bad in
            ["", "secret words", "AAAA", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
        {
            let said = format!("{:?}", PrivateKey::read(bad).unwrap_err());
            assert!(!said.contains("secret") && PublicKey::read(bad).is_err(), "{said}");
        }
    }
}
