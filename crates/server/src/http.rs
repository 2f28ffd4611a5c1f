//! The public listener, plain or by TLS.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result};
use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use tokio::{sync::watch, task::JoinHandle};

use crate::settings::Tls;

/// Pages that stay open (live figures) would never end by themselves; after this they are cut.
const OPEN_PAGES_TIME_MAX: Duration = Duration::from_secs(2);

/// Takes the address at once, so that port 0 is known before anything is told about it.
///
/// # Errors
/// If the address is taken.
pub fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

/// Serves until `stop`, then lets running requests finish; the task ends when all have.
///
/// # Errors
/// If the listener cannot be used.
pub fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> Result<JoinHandle<std::io::Result<()>>> {
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let stopping = handle.clone();
    tokio::spawn(async move {
        drop(stop.wait_for(|stop| *stop).await);
        stopping.graceful_shutdown(Some(OPEN_PAGES_TIME_MAX));
    });
    Ok(match tls {
        Some(tls) => tokio::spawn(axum_server::from_tcp_rustls(listener, tls)?.handle(handle).serve(service)),
        None => tokio::spawn(axum_server::from_tcp(listener)?.handle(handle).serve(service)),
    })
}

/// The certificate that is set, if one is.
///
/// # Errors
/// If a file cannot be read or does not hold what it should.
pub async fn certificate(tls: &Tls) -> Result<Option<RustlsConfig>> {
    let set = |path: &Path| !path.as_os_str().is_empty();
    if !set(&tls.certificate) && !set(&tls.key) {
        return Ok(None);
    }
    use_ring();
    let said = || format!("tls: {} with {}", tls.certificate.display(), tls.key.display());
    RustlsConfig::from_pem_file(&tls.certificate, &tls.key).await.map(Some).with_context(said)
}

/// A certificate for this machine that nobody has vouched for; for the demo.
///
/// # Errors
/// If it cannot be made.
pub async fn certificate_for_demo() -> Result<RustlsConfig> {
    use_ring();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    RustlsConfig::from_pem(certificate.into_bytes(), key.into_bytes()).await.context("the demo's certificate")
}

/// The one cryptography library of the program, also for calls to providers; naming it twice changes nothing.
pub fn use_ring() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
