//! The gateway against a server of a few lines.
#![cfg(test)]

mod books;
mod load;
mod manners;
mod server;

use std::path::Path;
use std::time::Duration;

use basis::Env;
use netsim::{Gateway, Options, Profile, Subscriber};

use server::Server;

const IMSI: &str = "001010000000001";

fn options(server: &Server, books: Option<&Path>) -> Options {
    Options {
        name: "pgw.test".to_owned(),
        peer: server.address.clone(),
        profile: Profile::Generic,
        books: books.map(Path::to_owned),
        noisy: false,
        env: Env::system(),
    }
}

fn gateway(server: &Server) -> Gateway {
    Gateway::spawn(options(server, None)).unwrap()
}

/// Someone in Japan who uses 40,000 octets a second and waits for long after a refusal.
fn traveller() -> Subscriber {
    Subscriber {
        octets_per_second: 40_000,
        report_every: None,
        retry_after: Duration::from_mins(1),
        ..Subscriber::slow(IMSI, "JP")
    }
}
