//! Whoever has data in the demo also uses it, their own or what a pool shares: a simulated packet gateway opens a session
//! for the line in a country that the plan covers.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use basis::{Country, Id, Line, Pool, Problem};
use charging::{
    BundleState::{Closed, Ended},
    PoolChanged,
};
use netsim::{Gateway, Options, Profile, Subscriber};
use orders::Desk;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::JoinHandle,
};

use crate::running::Running;

/// The gateway's name.
const ORIGIN_HOST: &str = "pgw.netsim.example";
/// Fast enough to watch, slow enough that a small plan lasts for minutes.
const OCTETS_PER_SECOND: u64 = 2_000_000;
/// How long the last reports may take when the demo ends.
const LAST_REPORTS_TIME_MAX: Duration = Duration::from_secs(2);

/// The gateway and its subscribers.
pub(super) struct Traffic {
    gateway: Arc<Gateway>,
    follows: JoinHandle<()>,
}

impl Traffic {
    /// Starts without subscribers; each delivered plan brings those who may use it.
    ///
    /// # Errors
    /// If the demo lets no gateway in.
    pub(super) fn start(running: &Running) -> Result<Self> {
        let shop = running.shop();
        let port = running.gy.context("the demo's own gateway has nowhere to connect")?;
        let options = Options {
            name: ORIGIN_HOST.to_owned(),
            peer: port.to_string(),
            profile: Profile::Generic,
            books: None,
            noisy: false,
            env: shop.env.clone(),
        };
        let gateway = Arc::new(Gateway::spawn(options)?);
        let changes = shop.charging.changes();
        let follows = tokio::spawn(follow(shop.desk.clone(), changes, gateway.clone()));
        Ok(Self { gateway, follows })
    }

    /// Ends the sessions with their last reports.
    pub(super) async fn stop(self) {
        self.follows.abort();
        // Late reports are lost with the process; the engine releases what was reserved for them.
        drop(tokio::time::timeout(LAST_REPORTS_TIME_MAX, self.gateway.stop()).await);
    }
}

async fn follow(desk: Desk, mut changes: Receiver<PoolChanged>, gateway: Arc<Gateway>) {
    let mut travelling = HashSet::new();
    loop {
        match changes.recv().await {
            Ok(change) => send_out(&desk, change.pool, &mut travelling, &gateway).await,
            // The pools that were missed change again while they are used.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Everyone who could use data of this pool travels to where they can, unless they do already.
async fn send_out(
    desk: &Desk,
    pool: Id<Pool>,
    travelling: &mut HashSet<(Id<Line>, Country)>,
    gateway: &Gateway,
) {
    let Some(view) = desk.charging.view(pool).await else { return };
    for bundle in view.bundles.iter().filter(|bundle| !matches!(bundle.state, Ended | Closed)) {
        let Some(country) = bundle.terms.coverage.iter().next() else { continue };
        let users = view.lines.iter().filter(|line| bundle.line.is_none_or(|own| own == line.line));
        for line in users.map(|line| line.line) {
            if !travelling.insert((line, country)) {
                continue;
            }
            match subscriber(desk, line, country).await {
                Ok(subscriber) => gateway.attach(subscriber),
                Err(problem) => tracing::warn!(%line, %problem, "nobody uses this data"),
            }
        }
    }
}

async fn subscriber(desk: &Desk, line: Id<Line>, country: Country) -> Result<Subscriber, Problem> {
    let line = cards::line_of_id(&mut desk.db.read().await?, line).await?;
    let slow = Subscriber::slow(&line.imsi, country.code());
    Ok(Subscriber { octets_per_second: OCTETS_PER_SECOND, ..slow })
}
