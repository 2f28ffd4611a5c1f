//! Whoever buys data in the demo also uses it: a simulated packet gateway opens a session for the line in a country
//! that the plan covers.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use basis::{Id, Line, Order, Problem};
use netsim::{Gateway, Options, Profile, Subscriber};
use orders::{Desk, OrderChanged, OrderState};
use tokio::{sync::broadcast::Receiver, task::JoinHandle};

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
    /// Starts without subscribers; each delivered order brings one.
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
        let changes = shop.desk.changes();
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

async fn follow(desk: Desk, mut changes: Receiver<OrderChanged>, gateway: Arc<Gateway>) {
    let mut travelling = HashSet::new();
    while let Ok(change) = changes.recv().await {
        if change.state != OrderState::Active {
            continue;
        }
        match traveller(&desk, change.order, &mut travelling).await {
            Ok(Some(subscriber)) => gateway.attach(subscriber),
            Ok(None) => {}
            Err(problem) => tracing::warn!(order = %change.order, %problem, "nobody uses this data"),
        }
    }
}

/// The line's traveller, unless one is on the road already in that country.
async fn traveller(
    desk: &Desk,
    order: Id<Order>,
    travelling: &mut HashSet<(Id<Line>, String)>,
) -> Result<Option<Subscriber>, Problem> {
    let mut conn = desk.db.read().await?;
    let order = orders::find(&mut conn, order).await?;
    let line = cards::line_of_id(&mut conn, order.line).await?;
    let Some(country) = order.terms.coverage.iter().next().map(|country| country.to_string()) else {
        return Ok(None);
    };
    if !travelling.insert((line.id, country.clone())) {
        return Ok(None);
    }
    let slow = Subscriber::slow(&line.imsi, &country);
    Ok(Some(Subscriber { octets_per_second: OCTETS_PER_SECOND, ..slow }))
}
