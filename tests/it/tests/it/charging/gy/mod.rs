//! Packet gateways over real sockets: what they may do, what they get, and what happens when they misbehave.

mod far;
mod limits;
mod links;
mod pgw;
mod quota;
mod sessions;
mod tls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use charging::gy::{Door, Limits, PeerRule, Profile, Settings, serve};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::*;
use pgw::{Pgw, Says};

/// A Gy face that serves an engine.
struct Face {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

/// As `pgw.example` is spoken to in these tests, and `strict.example`.
fn settings() -> Settings {
    let peer = |origin_host: &str, profile| PeerRule {
        origin_host: origin_host.to_owned(),
        addresses: vec!["127.0.0.0/8".parse().unwrap()],
        profile: Arc::new(profile),
    };
    let able = Profile { slow_filter: Some("slow-1m".to_owned()), ..Profile::default() };
    let deaf = Profile { rar_effective: false, ..Profile::default() };
    let strict = Profile { strict_avps: true, max_outstanding: 1, ..Profile::default() };
    Settings {
        origin_host: "ocs.heyon.example".to_owned(),
        origin_realm: "heyon.example".to_owned(),
        peers: vec![
            peer("pgw.example", Profile::default()),
            peer("polite.example", Profile::default()),
            peer("strict.example", strict),
            peer("able.example", able),
            peer("deaf.example", deaf),
            peer("open5gs.example", "open5gs".parse().unwrap()),
        ],
        top_up_url: "https://heyon.example/plans".to_owned(),
        country_of: |plmn| match plmn.get(..3)? {
            "440" => "JP".parse().ok(),
            "450" => "KR".parse().ok(),
            _ => None,
        },
        limits: Limits { watchdog_jitter: Duration::ZERO, ..Limits::default() },
    }
}

impl Face {
    async fn open(charging: &Charging, env: &Env, limits: impl FnOnce(&mut Limits)) -> Self {
        Self::open_with(charging, env, limits, None).await
    }

    async fn open_with(
        charging: &Charging,
        env: &Env,
        limits: impl FnOnce(&mut Limits),
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let mut settings = settings();
        limits(&mut settings.limits);
        let doors = vec![Door { listener, tls }];
        let ended = tokio::spawn(serve(doors, settings, charging.clone(), env.clone(), stopped));
        Self { address, stop, ended }
    }
}

/// An engine on SQLite with a line that has so many megabytes, and its Gy face.
async fn shop(megabytes: u64, limits: impl FnOnce(&mut Limits)) -> (World, Charging, Face) {
    let world = worlds().await.into_iter().find(World::sqlite).unwrap();
    let charging = world.open_with(megabytes).await;
    let face = Face::open(&charging, &world.env, limits).await;
    (world, charging, face)
}

async fn reserved(charging: &Charging) -> u64 {
    charging.view(pool(1)).await.unwrap().sessions.iter().map(|session| session.held.octets()).sum()
}

/// Waits for what an answer did not say.
async fn until(true_now: impl AsyncFn() -> bool) {
    let wait = async {
        while !true_now().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait).await.expect("it never came true");
}
