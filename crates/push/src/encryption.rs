//! Messages that only the device can read: one record of `aes128gcm` (RFC 8188) under keys that the device and we agree on
//! (RFC 8291).

use basis::{Env, Problem};
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hkdf,
    rand::SystemRandom,
};
use serde::{Deserialize, Serialize};

/// What a device gave for messages to it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Keys {
    /// Its public key: an uncompressed point of P-256, 65 octets.
    pub(crate) p256dh: Vec<u8>,
    /// Its authentication secret, 16 octets.
    pub(crate) auth: Vec<u8>,
}

/// Octets of a message that every push service takes (RFC 8030, section 7.2), and the size of its one record.
const RECORD: u32 = 4096;
/// In front of the record: salt, record size, key length, our public key.
const HEAD: usize = 16 + 4 + 1 + 65;
/// The octets that fit: a record ends with a delimiter and a tag.
pub(crate) const PLAIN_MAX: usize = 4096 - HEAD - 1 - 16;
/// After the last octet of the last record (RFC 8188, section 2).
const LAST: u8 = 2;

/// A message for the device with these keys; no two are alike. Our own key lives for one message, and its randomness
/// comes from the machine itself.
///
/// # Errors
/// Invalid if no message can be sealed for such keys, or if it is too long.
pub(crate) fn encrypt(env: &Env, keys: &Keys, plain: &[u8]) -> Result<Vec<u8>, Problem> {
    let random = || Problem::internal("no randomness for a message");
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(|_| random())?;
    let public = ours.compute_public_key().map_err(|_| random())?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &keys.p256dh);
    agree_ephemeral(ours, &theirs, |shared| seal(shared, keys, public.as_ref(), env.random(), plain))
        .map_err(|_| unusable())?
}

fn unusable() -> Problem {
    Problem::invalid("push-keys")
}

/// RFC 8291, sections 3.3 and 3.4.
fn seal(shared: &[u8], keys: &Keys, public: &[u8], salt: [u8; 16], plain: &[u8]) -> Result<Vec<u8>, Problem> {
    if plain.len() > PLAIN_MAX || keys.auth.len() != 16 {
        return Err(unusable());
    }
    let both: [u8; 32] = derive(&keys.auth, shared, &[b"WebPush: info\0", &keys.p256dh, public])?;
    let key: [u8; 16] = derive(&salt, &both, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; 12] = derive(&salt, &both, &[b"Content-Encoding: nonce\0"])?;
    let mut record = [plain, &[LAST]].concat();
    let aead = UnboundKey::new(&AES_128_GCM, &key).map(LessSafeKey::new).map_err(|_| unusable())?;
    aead.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut record)
        .map_err(|_| unusable())?;
    let length = u8::try_from(public.len()).map_err(|_| unusable())?;
    Ok([&salt[..], &RECORD.to_be_bytes(), &[length], public, &record].concat())
}

/// HKDF-SHA256 (RFC 5869), as many octets as are asked for.
fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Result<[u8; N], Problem> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let mut octets = [0; N];
    let expanded = extracted.expand(info, Octets(N)).and_then(|okm| okm.fill(&mut octets));
    expanded.map(|()| octets).map_err(|_| unusable())
}

struct Octets(usize);

impl hkdf::KeyType for Octets {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use web_push_native::{
        Auth, decrypt,
        p256::{PublicKey, SecretKey, ecdh::diffie_hellman},
    };

    use super::*;

    /// RFC 8291, section 5 and appendix A.
    const PLAIN: &[u8] = b"When I grow up, I want to be a watermelon";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    const DEVICE_PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
    const DEVICE_PUBLIC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const OUR_PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
    const OUR_PUBLIC: &str =
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    const SHARED: &str = "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs";
    const MESSAGE: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY\
                           WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS\
                           gSxsj_Qulcy4a-fN";

    fn octets(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn keys() -> Keys {
        Keys { p256dh: octets(DEVICE_PUBLIC), auth: octets(AUTH) }
    }

    fn device() -> (SecretKey, Auth) {
        let secret = SecretKey::from_slice(&octets(DEVICE_PRIVATE)).unwrap();
        (secret, <[u8; 16]>::try_from(octets(AUTH)).unwrap().into())
    }

    #[test]
    fn the_example_of_the_standard_comes_out_to_the_octet() {
        let salt = octets(SALT).try_into().unwrap();
        let message = seal(&octets(SHARED), &keys(), &octets(OUR_PUBLIC), salt, PLAIN).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(message), MESSAGE);
        // The library of others finds the same secret between the example's keys, and reads the example.
        let ours = SecretKey::from_slice(&octets(OUR_PRIVATE)).unwrap();
        let theirs = PublicKey::from_sec1_bytes(&octets(DEVICE_PUBLIC)).unwrap();
        let shared = diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
        assert_eq!(shared.raw_secret_bytes()[..], octets(SHARED));
        let (device, auth) = device();
        assert_eq!(decrypt(octets(MESSAGE), &device, &auth).unwrap(), PLAIN);
    }

    #[test]
    fn the_device_reads_every_message_and_no_two_are_alike() {
        let (env, (device, auth)) = (Env::system(), device());
        let mut heads = Vec::new();
        for length in [0, 1, 41, 1000, PLAIN_MAX] {
            let plain = vec![b'x'; length];
            let message = encrypt(&env, &keys(), &plain).unwrap();
            assert_eq!(message.len(), HEAD + length + 17);
            heads.push(message[..HEAD].to_vec());
            assert_eq!(decrypt(message, &device, &auth).unwrap(), plain);
        }
        heads.sort();
        heads.dedup();
        assert_eq!(heads.len(), 5, "salt and key are new each time");
    }

    #[test]
    fn what_is_no_key_and_what_is_too_long_is_refused() {
        let env = Env::system();
        let mut off_curve = octets(DEVICE_PUBLIC);
        off_curve[64] ^= 1;
        for p256dh in [Vec::new(), vec![4; 65], off_curve, octets(DEVICE_PUBLIC)[1..].to_vec()] {
            assert!(encrypt(&env, &Keys { p256dh, ..keys() }, b"").is_err());
        }
        assert!(encrypt(&env, &Keys { auth: vec![1; 15], ..keys() }, b"").is_err());
        assert!(encrypt(&env, &keys(), &vec![b'x'; PLAIN_MAX + 1]).is_err());
    }
}
