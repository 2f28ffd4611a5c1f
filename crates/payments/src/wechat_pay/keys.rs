//! What WeChat Pay signs with: a public key that the merchant was given, or certificates that are downloaded and change.
//! While a merchant moves from one to the other both come.

use std::collections::BTreeMap;

use basis::{HOUR_MS, MINUTE_MS, Problem, SECOND_MS, Timestamp};
use http::HeaderMap;
use tokio::sync::Mutex;

use crate::hook::HookRejected;
use crate::provider::ProviderError;
use crate::signing::PublicKey;

/// How far a signature's time may lie from ours.
const TOLERANCE_MS: i64 = 300 * SECOND_MS;
/// What a signature begins with that is wrong on purpose.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// Certificates are fetched anew so often; WeChat asks for at least every 12 hours.
const FRESH_MS: i64 = 6 * HOUR_MS;
/// And not more often than this, whatever serial numbers come.
const FETCH_EVERY_MS: i64 = MINUTE_MS;

/// Why a message or an answer is not believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Distrust {
    /// The signature is missing, or not theirs.
    Wrong,
    /// The signature is wrong on purpose.
    Probe,
    /// Signed too long ago, or in the future.
    Stale,
    /// What it is to be checked with could not be fetched.
    Uncheckable(String),
}

impl From<Distrust> for HookRejected {
    fn from(distrust: Distrust) -> Self {
        match distrust {
            Distrust::Wrong => Self::BadSignature,
            Distrust::Probe => Self::Probe,
            Distrust::Stale => Self::Stale,
            Distrust::Uncheckable(why) => Self::Uncheckable(why),
        }
    }
}

impl From<Distrust> for ProviderError {
    /// Whatever was asked for may have happened.
    fn from(distrust: Distrust) -> Self {
        Self::Unknown(format!("an answer that is not believed: {distrust:?}"))
    }
}

/// A message with what its headers say of its signature.
#[derive(Debug)]
pub(super) struct Signed {
    /// Which key or certificate signed.
    pub(super) serial: String,
    seconds: i64,
    message: Vec<u8>,
    signature: String,
}

impl Signed {
    pub(super) fn read(headers: &HeaderMap, raw: &[u8]) -> Result<Self, Distrust> {
        let text =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Distrust::Wrong);
        let signature = text("wechatpay-signature")?.to_owned();
        if signature.starts_with(PROBE) {
            return Err(Distrust::Probe);
        }
        let (time, nonce) = (text("wechatpay-timestamp")?, text("wechatpay-nonce")?);
        Ok(Self {
            serial: text("wechatpay-serial")?.to_owned(),
            seconds: time.parse().map_err(|_| Distrust::Wrong)?,
            message: [time.as_bytes(), b"\n", nonce.as_bytes(), b"\n", raw, b"\n"].concat(),
            signature,
        })
    }

    pub(super) fn is_of_now(&self, now: Timestamp) -> Result<(), Distrust> {
        let apart = now.since(Timestamp(self.seconds.saturating_mul(SECOND_MS))).saturating_abs();
        if apart > TOLERANCE_MS { Err(Distrust::Stale) } else { Ok(()) }
    }

    pub(super) fn is_by(&self, key: &PublicKey) -> Result<(), Distrust> {
        if key.verifies(&self.message, &self.signature) { Ok(()) } else { Err(Distrust::Wrong) }
    }
}

/// The keys that are known.
pub(super) struct Keys {
    public: Option<(String, PublicKey)>,
    certificates: Mutex<Certificates>,
}

/// By serial number, in upper-case hexadecimal.
#[derive(Default)]
struct Certificates {
    known: BTreeMap<String, PublicKey>,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

impl Keys {
    /// With the public key of this id and PEM, if there is one.
    pub(super) fn new(public_key: Option<(String, String)>) -> Result<Self, Problem> {
        let public = public_key.map(|(id, pem)| PublicKey::read(&pem).map(|key| (id, key))).transpose()?;
        Ok(Self { public, certificates: Mutex::default() })
    }

    /// What asks them to sign with the public key.
    pub(super) fn public_key_id(&self) -> Option<&str> {
        self.public.as_ref().map(|(id, _)| id.as_str())
    }

    /// The key of this name. A certificate that is not known is fetched, all others wait for it meanwhile.
    pub(super) async fn of<F>(
        &self,
        serial: &str,
        now: Timestamp,
        fetch: impl Fn() -> F,
    ) -> Result<PublicKey, Distrust>
    where
        F: Future<Output = Result<Vec<(String, String)>, ProviderError>>,
    {
        if let Some((_, key)) = self.public.as_ref().filter(|(id, _)| id == serial) {
            return Ok(key.clone());
        }
        let serial = serial.to_ascii_uppercase();
        let mut certificates = self.certificates.lock().await;
        if certificates.wants_fetching(&serial, now) {
            certificates.tried_at = Some(now);
            // A failure leaves what is known; what is not known is told below.
            if let Ok(fetched) = fetch().await {
                certificates.replace(fetched, now);
            }
        }
        match certificates.known.get(&serial) {
            Some(key) => Ok(key.clone()),
            None if certificates.fetched_at == certificates.tried_at => Err(Distrust::Wrong),
            None => Err(Distrust::Uncheckable("certificates cannot be fetched".to_owned())),
        }
    }
}

impl Certificates {
    fn wants_fetching(&self, serial: &str, now: Timestamp) -> bool {
        let older_than = |at: Option<Timestamp>, ms| at.is_none_or(|at| now.since(at) >= ms);
        let wanted = !self.known.contains_key(serial) || older_than(self.fetched_at, FRESH_MS);
        wanted && older_than(self.tried_at, FETCH_EVERY_MS)
    }

    fn replace(&mut self, fetched: Vec<(String, String)>, now: Timestamp) {
        let read = |(serial, pem): (String, String)| {
            PublicKey::read(&pem).ok().map(|key| (serial.to_ascii_uppercase(), key))
        };
        self.known = fetched.into_iter().filter_map(read).collect();
        self.fetched_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::Value;

    use super::*;

    const NOW: Timestamp = Timestamp(1_795_344_482_000);

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/data/vectors.json")).unwrap()
    }

    fn text(pointer: &str) -> String {
        vectors().pointer(pointer).unwrap().as_str().unwrap().to_owned()
    }

    /// The official client's answer, with what it leaves out.
    fn headers() -> HeaderMap {
        let given = ["Timestamp", "Nonce", "Signature"].map(|name| {
            let value = vectors()["wechat_response"]["headers"][format!("Wechatpay-{name}")].clone();
            (format!("wechatpay-{}", name.to_lowercase()), value)
        });
        let mut headers: HeaderMap = given
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.as_str().unwrap().parse().unwrap()))
            .collect();
        headers.insert("wechatpay-serial", "AB01".parse().unwrap());
        headers
    }

    fn body() -> Vec<u8> {
        let message = text("/wechat_response/message");
        message.lines().nth(2).unwrap().as_bytes().to_vec()
    }

    #[test]
    fn an_answer_of_the_official_client_is_believed_and_no_other() {
        let key = PublicKey::read(&text("/keys/platform_public_pem")).unwrap();
        let signed = Signed::read(&headers(), &body()).unwrap();
        assert_eq!((signed.is_by(&key), signed.is_of_now(NOW)), (Ok(()), Ok(())));
        assert_eq!(signed.is_of_now(NOW.plus_ms(300_000)), Ok(()));
        assert_eq!(signed.is_of_now(NOW.plus_ms(301_000)), Err(Distrust::Stale));
        assert_eq!(signed.is_of_now(NOW.plus_ms(-301_000)), Err(Distrust::Stale));
        let tampered = Signed::read(&headers(), b"{}").unwrap();
        assert_eq!(tampered.is_by(&key), Err(Distrust::Wrong));
        assert_eq!(Signed::read(&HeaderMap::new(), b"").unwrap_err(), Distrust::Wrong);
        let mut probe = headers();
        probe.insert("wechatpay-signature", "WECHATPAY/SIGNTEST/kuzg".parse().unwrap());
        assert_eq!(Signed::read(&probe, &body()).unwrap_err(), Distrust::Probe);
    }

    #[tokio::test]
    async fn certificates_are_fetched_when_one_is_missing_or_old_and_never_more_than_once_a_minute() {
        let keys = Keys::new(None).unwrap();
        let (fetched, works) = (Cell::new(0), Cell::new(true));
        let certificate = text("/keys/platform_cert_pem");
        let ask = async |serial: &str, ms: i64| {
            let fetch = async || {
                fetched.set(fetched.get() + 1);
                let shown = vec![("ab01".to_owned(), certificate.clone())];
                works.get().then_some(shown).ok_or(ProviderError::NotFound)
            };
            keys.of(serial, NOW.plus_ms(ms), fetch).await.map(drop)
        };
        assert_eq!((ask("AB01", 0).await, fetched.get()), (Ok(()), 1));
        assert_eq!((ask("ab01", 59_000).await, fetched.get()), (Ok(()), 1));
        assert_eq!(
            (ask("CD02", 59_000).await, fetched.get()),
            (Err(Distrust::Wrong), 1),
            "a stranger costs nothing"
        );
        assert_eq!((ask("CD02", 60_000).await, fetched.get()), (Err(Distrust::Wrong), 2));
        works.set(false);
        assert_eq!(
            (ask("AB01", FRESH_MS + 60_000).await, fetched.get()),
            (Ok(()), 3),
            "the old one does meanwhile"
        );
        assert!(matches!(ask("CD02", FRESH_MS + 61_000).await, Err(Distrust::Uncheckable(_))));
        assert_eq!(fetched.get(), 3);
    }
}
