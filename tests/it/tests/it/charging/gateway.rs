//! The simulated gateway drives the engine over the quota port, with every request repeated and shuffled, while the
//! plug is pulled again and again; then its books and the engine's agree.

use std::time::Duration;

use netsim::{Gateway, Options, Subscriber};
use tokio::sync::watch;

use super::*;

/// The quota port of an engine, at the same address each time; gone when this is dropped.
async fn serve(address: &mut String, charging: &Charging) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    loop {
        match heyon::quota::serve(address, charging.clone(), stopped.clone()) {
            Ok(bound) => {
                *address = bound.to_string();
                return stop;
            }
            // The one before has not let go of the port yet.
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn books_agree_after_repeats_disorder_and_pulled_plugs() {
    for world in worlds().await {
        let mut address = "127.0.0.1:0".to_owned();
        let mut port = serve(&mut address, &world.open_with(40).await).await;
        let folder = tempfile::tempdir().unwrap();
        let books = folder.path().join("books");
        let gateway = Gateway::spawn(Options {
            name: "netsim".to_owned(),
            engine: format!("http://{address}"),
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
            // The port and the engine behind it go; the gateway keeps asking.
            port.send_replace(true);
            let charging = world.open().await;
            port = serve(&mut address, &charging).await;
            if used(&charging) > 20 * MB {
                break charging;
            }
        };
        gateway.stop().await;
        assert_eq!(gateway.complaints(), [""; 0]);

        let sums = netsim::books::read(&books).unwrap()[&imsi(1)];
        assert_eq!(sums.in_doubt, 0, "everything was answered in the end");
        assert_eq!(used(&charging), sums.answered, "each report counted once");
        charging.shut_down().await;
        drop(port);
        assert_eq!(world.audit().await, [""; 0]);
    }
}
