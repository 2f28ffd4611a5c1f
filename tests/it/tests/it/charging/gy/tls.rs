//! A gateway that comes by TLS and shows who it is.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsConnector;

use super::*;

/// A certificate authority, and those whom it vouches for.
struct Authority(Issuer<'static, KeyPair>, CertificateDer<'static>);

type Papers = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl Authority {
    fn found() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self(Issuer::new(params, key), certificate)
    }

    fn vouch_for(&self, name: &str) -> Papers {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        (certificate, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.1.clone()).unwrap();
        roots
    }

    fn acceptor(&self, (certificate, key): Papers) -> TlsAcceptor {
        let verifier = WebPkiClientVerifier::builder(Arc::new(self.roots())).build().unwrap();
        let server = ServerConfig::builder().with_client_cert_verifier(verifier);
        TlsAcceptor::from(Arc::new(server.with_single_cert(vec![certificate], key).unwrap()))
    }

    fn connector(&self, papers: Option<Papers>) -> TlsConnector {
        let client = ClientConfig::builder().with_root_certificates(self.roots());
        TlsConnector::from(Arc::new(match papers {
            Some((certificate, key)) => client.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => client.with_no_client_auth(),
        }))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_good_papers_is_served_by_tls_and_one_without_is_not() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let (ours, strangers) = (Authority::found(), Authority::found());
    let world = worlds().await.into_iter().find(World::sqlite).unwrap();
    let charging = world.open_with(50).await;
    let acceptor = ours.acceptor(ours.vouch_for("ocs.heyon.example"));
    let hurried = |limits: &mut Limits| limits.hello = Duration::from_millis(500);
    let face = Face::open_with(&charging, &world.env, hurried, Some(acceptor)).await;
    let name = || ServerName::try_from("ocs.heyon.example").unwrap();

    let connector = ours.connector(Some(ours.vouch_for("pgw.example")));
    let stream = connector.connect(name(), Pgw::dial(face.address).await).await.unwrap();
    let mut pgw = Pgw::over(Box::new(stream), "pgw.example");
    assert_eq!(pgw.hello(&[4], None).await, 2001);
    let imsi = imsi(1);
    let says = Says { imsi: Some(&imsi), asks: Some(0), ..Says::default() };
    let initial = diameter::gy::RequestType::Initial;
    assert_eq!(pgw.ask("t;1;1", initial, 0, says).await, (2001, Some(2001), Some(10 * MB)));

    for papers in [None, Some(strangers.vouch_for("pgw.example"))] {
        let connector = ours.connector(papers);
        // In TLS 1.3 the client has shaken hands before the server has looked at its papers.
        let Ok(stream) = connector.connect(name(), Pgw::dial(face.address).await).await else { continue };
        assert_eq!(Pgw::over(Box::new(stream), "pgw.example").receive().await, None);
    }
    let mut silent = Pgw::connect(face.address, "pgw.example").await;
    assert_eq!(silent.receive().await, None, "who never begins a handshake is not waited for");
}
