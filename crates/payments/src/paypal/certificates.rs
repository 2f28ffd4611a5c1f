//! The certificates that webhooks are signed with: fetched from PayPal's own hosts only, believed only with a chain that
//! ends at a root, kept for a day.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use basis::{DAY_MS, Problem, SECOND_MS, Timestamp};
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use url::Url;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{PayPalConfig, World};
use crate::hook::HookRejected;
use crate::http_client;
use crate::signing::PublicKey;

/// A certificate is fetched anew after so long.
const KEPT_MS: i64 = DAY_MS;
/// No more are kept: PayPal signs with one, and with two while it changes it.
const KEPT_MAX: usize = 16;
/// No chain is larger.
const CHAIN_BYTES_MAX: usize = 64 * 1024;
/// Where they lie at every host.
const PATH: &str = "/v1/notifications/certs/";
/// How the name in a certificate ends.
const NAME_ENDS: &str = ".paypal.com";

/// A certificate that is believed.
#[derive(Clone)]
struct Kept {
    key: PublicKey,
    from: Timestamp,
    until: Timestamp,
}

/// Fetched certificates, by address.
pub(super) struct Certificates {
    client: reqwest::Client,
    /// Their scheme and host.
    origins: Vec<String>,
    roots: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
    kept: Mutex<HashMap<String, Kept>>,
    /// One is fetched at a time, so that nobody can have us fetch many.
    fetching: tokio::sync::Mutex<()>,
}

impl Certificates {
    pub(super) fn new(world: World, config: &PayPalConfig) -> Result<Self, Problem> {
        Ok(Self {
            client: http_client::client()?,
            origins: origins(world, &config.base_url),
            roots: roots(world, &config.webhook_ca)?,
            algorithms: ring::default_provider().signature_verification_algorithms,
            kept: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// The key of the certificate at this address.
    ///
    /// # Errors
    /// Bad signature if it is not PayPal's; uncheckable if it cannot be fetched now.
    pub(super) async fn key(&self, url: &str, now: Timestamp) -> Result<PublicKey, HookRejected> {
        let url = self.allowed(url).ok_or(HookRejected::BadSignature)?;
        if let Some(key) = self.known(url.as_str(), now) {
            return Ok(key);
        }
        let _turn = self.fetching.lock().await;
        if let Some(key) = self.known(url.as_str(), now) {
            return Ok(key);
        }
        let chain = self.fetch(&url).await?;
        let believed = self.believe(&chain, now).ok_or(HookRejected::BadSignature)?;
        self.keep(url.into(), believed.clone(), now);
        Ok(believed.key)
    }

    /// The address if it is one of PayPal's certificates; nothing else is ever fetched.
    fn allowed(&self, url: &str) -> Option<Url> {
        let url: Url = url.parse().ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let theirs = self.origins.contains(&url.origin().ascii_serialization());
        (plain && theirs && url.path().starts_with(PATH)).then_some(url)
    }

    fn known(&self, url: &str, now: Timestamp) -> Option<PublicKey> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(url).filter(|kept| kept.from <= now && now < kept.until).map(|kept| kept.key.clone())
    }

    fn keep(&self, url: String, believed: Kept, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let until = believed.until.min(now.plus_ms(KEPT_MS));
        kept.insert(url, Kept { until, ..believed });
    }

    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, HookRejected> {
        let unknown = |error: reqwest::Error| HookRejected::Uncheckable(error.without_url().to_string());
        let mut answer = self.client.get(url.clone()).send().await.map_err(unknown)?;
        match answer.status().as_u16() {
            200 => {}
            400..=499 => return Err(HookRejected::BadSignature),
            status => return Err(HookRejected::Uncheckable(format!("the certificate: status {status}"))),
        }
        let mut chain = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unknown)? {
            chain.extend_from_slice(&chunk);
            if chain.len() > CHAIN_BYTES_MAX {
                return Err(HookRejected::BadSignature);
            }
        }
        Ok(chain)
    }

    /// The first certificate of a chain in PEM, if a root vouches for it now and it bears PayPal's name.
    fn believe(&self, pem: &[u8], now: Timestamp) -> Option<Kept> {
        let chain: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
        let (leaf, between) = chain.split_first()?;
        let at = Duration::from_millis(u64::try_from(now.as_ms()).ok()?);
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(leaf).ok()?,
            &self.roots,
            between,
            UnixTime::since_unix_epoch(at),
            self.algorithms.all,
        )
        .ok()?;
        let (_, read) = X509Certificate::from_der(leaf).ok()?;
        let names = read.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        let bears_name = names.map(str::to_ascii_lowercase).any(|name| name.ends_with(NAME_ENDS));
        let moment = |at: x509_parser::time::ASN1Time| Timestamp(at.timestamp().saturating_mul(SECOND_MS));
        bears_name.then(|| Kept {
            key: PublicKey::of(read.public_key()),
            from: moment(read.validity().not_before),
            until: moment(read.validity().not_after),
        })
    }
}

/// The scheme and host of PayPal's certificates.
fn origins(world: World, base_url: &Url) -> Vec<String> {
    match world {
        World::Live => vec!["https://api.paypal.com".to_owned(), "https://api-m.paypal.com".to_owned()],
        World::Sandbox => {
            vec!["https://api.sandbox.paypal.com".to_owned(), "https://api-m.sandbox.paypal.com".to_owned()]
        }
        World::StandIn => vec![base_url.origin().ascii_serialization()],
    }
}

/// The machine's roots for PayPal; for a stand-in only its own.
fn roots(world: World, webhook_ca: &str) -> Result<RootCertStore, Problem> {
    let mut roots = RootCertStore::empty();
    let found: Vec<CertificateDer<'static>> = match world {
        World::StandIn => {
            let read: Result<_, _> = CertificateDer::pem_slice_iter(webhook_ca.as_bytes()).collect();
            read.map_err(|error| Problem::internal(format!("webhook_ca_file: {error}")))?
        }
        _ if !webhook_ca.is_empty() => {
            return Err(Problem::internal("webhook_ca_file is for a stand-in on this machine only"));
        }
        _ => rustls_native_certs::load_native_certs().certs,
    };
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(Problem::internal("no root certificates to check PayPal's messages with"));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

    use super::*;

    /// 2026-11-22
    const NOW: Timestamp = Timestamp(1_795_344_482_000);

    struct Authority(Issuer<'static, KeyPair>, String);

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params
    }

    fn authority() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = params("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        Authority(Issuer::new(params, key), certificate)
    }

    fn signed(authority: &Authority, params: &CertificateParams) -> Vec<u8> {
        params.signed_by(&KeyPair::generate().unwrap(), &authority.0).unwrap().pem().into_bytes()
    }

    /// Those of a PayPal for which this authority vouches.
    fn certificates(authority: &Authority) -> Certificates {
        let config = PayPalConfig {
            base_url: "http://127.0.0.1:4400".parse().unwrap(),
            client_id: String::new(),
            client_secret: String::new(),
            merchant: String::new(),
            webhook_id: String::new(),
            brand: String::new(),
            webhook_ca: authority.1.clone(),
        };
        Certificates::new(World::StandIn, &config).unwrap()
    }

    #[test]
    fn only_paypals_own_certificates_are_fetched() {
        let live = origins(World::Live, &"https://api-m.paypal.com".parse().unwrap());
        let live = Certificates { origins: live, ..certificates(&authority()) };
        assert!(live.allowed("https://api.paypal.com/v1/notifications/certs/CERT-360caa42").is_some());
        for wrong in [
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
            "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
            "https://user@api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/../../x",
            "https://api.paypal.com/elsewhere/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1",
            "https://127.0.0.1/v1/notifications/certs/CERT-1",
            "file:///v1/notifications/certs/CERT-1",
            "",
        ] {
            assert!(live.allowed(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_is_believed_with_its_chain_its_name_and_in_its_time_only() {
        let (ours, strangers) = (authority(), authority());
        let known = certificates(&ours);
        let name = "messageverificationcerts.paypal.com";
        let good = signed(&ours, &params(name));
        assert!(known.believe(&good, NOW).is_some());
        assert!(known.believe(&good, NOW.plus_ms(60 * DAY_MS)).is_none(), "expired");
        assert!(known.believe(&good, NOW.plus_ms(-365 * DAY_MS)).is_none(), "not yet");
        assert!(known.believe(&signed(&strangers, &params(name)), NOW).is_none(), "someone else vouches");
        for other in ["paypal.com.evil.example", "evilpaypal.com", "paypal.com"] {
            assert!(known.believe(&signed(&ours, &params(other)), NOW).is_none(), "{other}");
        }
        assert!(known.believe(ours.1.as_bytes(), NOW).is_none(), "the authority's own");
        assert!(known.believe(b"", NOW).is_none() && known.believe(b"no certificate", NOW).is_none());
    }

    #[test]
    fn a_chain_with_a_link_between_is_followed() {
        let ours = authority();
        let key = KeyPair::generate().unwrap();
        let mut between = params("between");
        between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let link = between.signed_by(&key, &ours.0).unwrap().pem();
        let leaf = params("messageverificationcerts.paypal.com");
        let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(between, key)).unwrap().pem();
        let known = certificates(&ours);
        assert!(known.believe(format!("{leaf}{link}").as_bytes(), NOW).is_some());
        assert!(known.believe(leaf.as_bytes(), NOW).is_none());
    }
}
