//! The Gy face as it is set: its doors, and the gateways that may come in.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use charging::gy::{Door, Limits, PeerRule, Profile, Settings as Face};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio::{sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use crate::{
    settings::{Gy, GyPeer, Settings, Tls},
    shop::Shop,
};

/// The page on which people buy more.
const TOP_UP_PAGE: &str = "/plans";

/// A Gy face that serves.
pub struct Serving {
    /// Where gateways connect by TCP, if anywhere.
    pub tcp: Option<SocketAddr>,
    /// Ends when every gateway has been told good-bye.
    pub task: JoinHandle<()>,
}

/// Lets gateways in until `ending`; `None` if there is no door for them.
///
/// # Errors
/// If an address is taken, or a setting cannot be understood.
pub fn serve(shop: &Shop, ending: watch::Receiver<bool>) -> Result<Option<Serving>> {
    let gy = &shop.settings.gy;
    let tcp = bind("gy.listen", &gy.listen)?;
    let tls = bind("gy.tls_listen", &gy.tls_listen)?;
    if tcp.is_none() && tls.is_none() {
        return Ok(None);
    }
    let address = tcp.as_ref().map(TcpListener::local_addr).transpose()?;
    let mut doors = Vec::new();
    if let Some(listener) = tcp {
        doors.push(Door { listener: tokio::net::TcpListener::from_std(listener)?, tls: None });
    }
    if let Some(listener) = tls {
        let acceptor = acceptor(gy, &shop.settings.tls)?;
        doors.push(Door { listener: tokio::net::TcpListener::from_std(listener)?, tls: Some(acceptor) });
    }
    let face = face(&shop.settings)?;
    let serving = charging::gy::serve(doors, face, shop.charging.clone(), shop.env.clone(), ending);
    Ok(Some(Serving { tcp: address, task: tokio::spawn(serving) }))
}

/// Why plans cannot promise to go on slower, if they cannot: every gateway must be able to do that.
pub(crate) fn why_not_slower(gy: &Gy) -> Option<String> {
    let cannot = gy.peers.iter().filter(|peer| peer.slow_filter.is_none());
    let cannot: Vec<_> = cannot.map(|peer| peer.origin_host.as_str()).collect();
    match cannot.as_slice() {
        _ if gy.peers.is_empty() => Some("gy.peers names no gateway".to_owned()),
        [] => None,
        names => Some(format!("gy.peers: no slow_filter for {}", names.join(", "))),
    }
}

fn bind(setting: &str, address: &str) -> Result<Option<TcpListener>> {
    if address.is_empty() {
        return Ok(None);
    }
    let named = || format!("{setting}: {address}");
    let address: SocketAddr = address.parse().with_context(named)?;
    let listener = TcpListener::bind(address).with_context(named)?;
    listener.set_nonblocking(true)?;
    Ok(Some(listener))
}

fn face(settings: &Settings) -> Result<Face> {
    let gy = &settings.gy;
    for (setting, name) in [("gy.origin_host", &gy.origin_host), ("gy.origin_realm", &gy.origin_realm)] {
        let fits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        ensure!(fits, "{setting}: {name:?} is not the name of a host or realm");
    }
    Ok(Face {
        origin_host: gy.origin_host.clone(),
        origin_realm: gy.origin_realm.clone(),
        peers: gy.peers.iter().map(rule).collect::<Result<_>>()?,
        top_up_url: format!("{}{TOP_UP_PAGE}", settings.public_url.trim_end_matches('/')),
        country_of: catalog::networks::country_of_plmn,
        limits: Limits::default(),
    })
}

fn rule(peer: &GyPeer) -> Result<PeerRule> {
    let named = || format!("gy.peers: {}", peer.origin_host);
    let network = |network: &String| {
        network.parse().ok().with_context(|| format!("{}: {network} is not an address or network", named()))
    };
    let usual: Profile = peer.profile.parse().with_context(named)?;
    let profile = Profile {
        rar_effective: peer.rar_effective.unwrap_or(usual.rar_effective),
        supports_redirect: peer.supports_redirect.unwrap_or(usual.supports_redirect),
        slow_filter: peer.slow_filter.clone().or(usual.slow_filter),
        strict_avps: peer.strict_avps.unwrap_or(usual.strict_avps),
        default_rating_group: peer.default_rating_group.or(usual.default_rating_group),
        max_outstanding: peer.max_outstanding.unwrap_or(usual.max_outstanding).max(1),
    };
    Ok(PeerRule {
        origin_host: peer.origin_host.clone(),
        addresses: peer.addresses.iter().map(network).collect::<Result<_>>()?,
        profile: Arc::new(profile),
    })
}

/// The certificate of the Gy face, or else that of the pages.
fn acceptor(gy: &Gy, pages: &Tls) -> Result<TlsAcceptor> {
    let tls = if gy.certificate.as_os_str().is_empty() {
        pages.clone()
    } else {
        Tls { certificate: gy.certificate.clone(), key: gy.key.clone() }
    };
    let said = || format!("gy.tls_listen: {} with {}", tls.certificate.display(), tls.key.display());
    let chain = certificates(&tls.certificate).with_context(said)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key).with_context(said)?;
    let builder = ServerConfig::builder();
    let builder = if gy.client_ca.as_os_str().is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&gy.client_ca).context("gy.client_ca")? {
            roots.add(certificate).context("gy.client_ca")?;
        }
        builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build()?)
    };
    Ok(TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).with_context(said)?)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>()?;
    ensure!(!certificates.is_empty(), "{} holds no certificate", file.display());
    Ok(certificates)
}
