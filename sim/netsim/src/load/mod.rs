//! Many sessions at once, and how long the server took for each request.
//!
//! With a rate the loop is open: each request has a moment at which it is due, whether or not earlier ones are
//! answered, and its time counts from that moment. A server that falls behind cannot hide it by slowing the generator down (coordinated
//! omission), and neither can the generator, which wakes to the millisecond. Without a rate each session
//! has one request in flight, and the next follows the answer: as fast as it goes, with so many in flight.

mod driver;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use basis::Env;
use tokio::task::JoinSet;

pub use outcome::Outcome;

use crate::gy::Identity;
use driver::Driver;

/// What to ask of a server.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the server is: `host:port`.
    pub peer: String,
    /// Over so many connections, each of a gateway of its own.
    pub connections: u32,
    /// So many sessions in all.
    pub sessions: u32,
    /// Of these subscribers, in turn.
    pub imsis: Vec<String>,
    /// Where they are: an ISO 3166-1 code.
    pub country: String,
    /// For so long.
    pub time: Duration,
    /// So many requests a second in all; `None`: as fast as they are answered.
    pub rate: Option<u32>,
    /// Sends each request one to three times, shuffled in a window of four.
    pub repeat: bool,
    /// Time and randomness.
    pub env: Env,
}

/// Opens the sessions, asks and reports for the time, ends the sessions. Only what is between counts.
///
/// # Errors
/// If there is no connection or it breaks, or a session is not granted anything at its beginning.
pub async fn run(plan: Plan) -> anyhow::Result<Outcome> {
    ensure!(plan.connections > 0 && plan.sessions >= plan.connections, "a connection needs a session");
    ensure!(!plan.imsis.is_empty(), "nobody to use data");
    let plan = Arc::new(plan);
    let name = format!("load-{:08x}", u32::from_le_bytes(plan.env.random()));
    let mut opening = JoinSet::new();
    for nth in 0..plan.connections {
        let me = Identity::new(format!("{name}-{nth}.netsim.example"), &plan.env);
        opening.spawn(Driver::open(plan.clone(), me, nth));
    }
    let mut drivers = Vec::new();
    while let Some(driver) = opening.join_next().await {
        drivers.push(driver??);
    }
    let began = plan.env.clock.monotonic_ns();
    let mut working = JoinSet::new();
    for driver in drivers {
        working.spawn(driver.work(began));
    }
    let mut all = Outcome::default();
    while let Some(done) = working.join_next().await {
        all.add(done.context("a connection fell over")??);
    }
    all.sort();
    Ok(all)
}
