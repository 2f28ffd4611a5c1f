//! The simulated gateway drives the engine over Gy, with every request repeated and shuffled, while the plug is pulled
//! again and again; then its books and the engine's agree.

use std::{sync::Arc, time::Duration};

use basis::Country;
use charging::gy::{Door, Limits, PeerRule, Profile, Settings};
use netsim::{Gateway, Options, Subscriber, load};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::*;

/// The Gy face of an engine.
struct Face {
    serving: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Face {
    /// At this address, the same each time.
    async fn open(address: &mut String, charging: &Charging, env: &Env) -> Self {
        let listener = loop {
            // The one before may not have let go of the port yet.
            match TcpListener::bind(address.as_str()).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        *address = listener.local_addr().unwrap().to_string();
        let anyone = PeerRule {
            origin_host: "*".to_owned(),
            addresses: Vec::new(),
            profile: Arc::new(Profile::default()),
        };
        let settings = Settings {
            origin_host: "ocs.test".to_owned(),
            origin_realm: "test".to_owned(),
            peers: vec![anyone],
            top_up_url: "https://shop.test/plans".to_owned(),
            country_of,
            limits: Limits::default(),
        };
        let (stop, stopped) = watch::channel(false);
        let doors = vec![Door { listener, tls: None }];
        let serving = charging::gy::serve(doors, settings, charging.clone(), env.clone(), stopped);
        Self { serving: tokio::spawn(serving), _stop: stop }
    }

    /// Connections break, and what they were doing is left as it is.
    async fn pull_the_plug(self) {
        self.serving.abort();
        drop(self.serving.await);
    }
}

fn country_of(network: &str) -> Option<Country> {
    (network == "44010").then(|| "JP".parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn books_agree_after_repeats_disorder_and_pulled_plugs() {
    for world in worlds().await {
        let mut address = "127.0.0.1:0".to_owned();
        let mut face = Face::open(&mut address, &world.open_with(40).await, &world.env).await;
        let folder = tempfile::tempdir().unwrap();
        let books = folder.path().join("books");
        let gateway = Gateway::spawn(Options {
            name: "pgw.netsim.example".to_owned(),
            peer: address.clone(),
            profile: netsim::Profile::Generic,
            books: Some(books.clone()),
            noisy: true,
            env: Env::system(),
        })
        .unwrap();
        for _ in 0..8 {
            gateway.attach(Subscriber {
                octets_per_second: 5_000_000,
                report_every: Some(Duration::from_millis(50)),
                session_octets: Some(2_000_000),
                ..Subscriber::slow(&imsi(1), "JP")
            });
        }
        let charging = loop {
            tokio::time::sleep(Duration::from_millis(400)).await;
            // The face and the engine behind it go; the gateway keeps asking.
            face.pull_the_plug().await;
            let charging = world.open().await;
            face = Face::open(&mut address, &charging, &world.env).await;
            if used(&charging).await > 20 * MB {
                break charging;
            }
        };
        gateway.stop().await;
        assert_eq!(gateway.complaints(), [""; 0]);

        let sums = netsim::books::read(&books).unwrap()[&imsi(1)];
        assert_eq!(sums.in_doubt, 0, "everything was answered in the end");
        assert_eq!(used(&charging).await, sums.answered, "each report counted once");
        charging.shut_down().await;
        drop(face);
        assert_eq!(world.audit().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_come_thrice_and_in_disorder_count_once() {
    for world in worlds().await {
        let charging = world.open_with(10_000).await;
        let mut address = "127.0.0.1:0".to_owned();
        let _face = Face::open(&mut address, &charging, &world.env).await;
        let plan = load::Plan {
            peer: address,
            connections: 2,
            sessions: 64,
            imsis: vec![imsi(1)],
            country: "JP".to_owned(),
            time: Duration::from_secs(2),
            rate: None,
            repeat: true,
            env: Env::system(),
        };
        let outcome = load::run(plan).await.unwrap();
        assert_eq!((outcome.contradictions, outcome.unanswered), (0, 0), "{outcome}");
        assert!(outcome.messages > outcome.requests && outcome.requests > 64, "{outcome}");
        assert_eq!(outcome.octets_reported, outcome.requests * 1000);
        assert_eq!(used(&charging).await, outcome.octets_reported, "{outcome}");
        charging.shut_down().await;
        assert_eq!(world.audit().await, [""; 0]);
    }
}
