//! One subscriber's life: session after session, each from its first question to its final report.

use std::sync::Arc;
use std::time::Duration;

use basis::Env;
use tokio::sync::watch;

use crate::Subscriber;
use crate::line::QuotaPort;
use crate::noise;
use crate::wire::{Answer, Ask, Grant, Kind, Request, Service};

/// How often use is added up.
const STEP: Duration = Duration::from_millis(100);
/// The rating group of all data.
const GROUP: u32 = 1;

/// Uses data until it is told to stop, or the books cannot be kept.
pub(crate) async fn live(
    port: Arc<QuotaPort>,
    env: Env,
    subscriber: Subscriber,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let name = format!("{}-{:016x}", subscriber.imsi, noise::below(&env, u64::MAX));
        let mut session =
            Session { port: &port, env: &env, subscriber: &subscriber, name, number: 0, octets: 0 };
        let Some(end) = session.run(&stop).await else { return };
        if end == End::Refused {
            // Either wakes it: the time, or the wish to stop.
            drop(tokio::time::timeout(subscriber.retry_after, stop.changed()).await);
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// There was no quota.
    Refused,
    /// It had used what it wanted to, or was told to stop.
    Done,
}

struct Session<'a> {
    port: &'a QuotaPort,
    env: &'a Env,
    subscriber: &'a Subscriber,
    name: String,
    /// The number of the next request.
    number: u32,
    /// Octets used so far.
    octets: u64,
}

impl Session<'_> {
    /// `None`: the books cannot be kept.
    async fn run(&mut self, stop: &watch::Receiver<bool>) -> Option<End> {
        let mut answer = self.ask(Kind::Initial, 0).await?;
        loop {
            let Some(grant) = answer.grant() else {
                if answer.verdict == "accepted" {
                    self.ask(Kind::Terminate, 0).await?;
                }
                return Some(End::Refused);
            };
            let used = self.use_up(grant, stop).await;
            let enough = self.subscriber.session_octets.is_some_and(|enough| self.octets >= enough);
            if enough || *stop.borrow() {
                self.ask(Kind::Terminate, used).await?;
                return Some(End::Done);
            }
            answer = self.ask(Kind::Update, used).await?;
        }
    }

    /// Uses data until it is time to report; gives back how much. Never more than was granted.
    async fn use_up(&mut self, grant: Grant, stop: &watch::Receiver<bool>) -> u64 {
        let threshold = grant.threshold_bytes.map_or(0, u64::from);
        let report_at = grant.bytes.saturating_sub(threshold).max(1);
        let valid = Duration::from_secs(u64::from(grant.validity_seconds));
        let report_after = self.subscriber.report_every.map_or(valid, |every| every.min(valid));
        let began = self.env.clock.monotonic_ns();
        loop {
            tokio::time::sleep(STEP.min(report_after)).await;
            let ns = self.env.clock.monotonic_ns().saturating_sub(began);
            let used = octets_in(self.subscriber.octets_per_second, ns).min(grant.bytes);
            if used >= report_at || Duration::from_nanos(ns) >= report_after || *stop.borrow() {
                self.octets = self.octets.saturating_add(used);
                return used;
            }
        }
    }

    /// Reports and asks; a noisy line sends one report as several, of which the last one asks.
    async fn ask(&mut self, kind: Kind, used: u64) -> Option<Answer> {
        let parts = if kind == Kind::Update { self.port.parts(used) } else { vec![used] };
        let last = parts.len().saturating_sub(1);
        let mut requests = Vec::with_capacity(parts.len());
        for (index, part) in parts.into_iter().enumerate() {
            let wants = index == last && kind != Kind::Terminate;
            requests.push(self.request(kind, part, if wants { Ask::Quota } else { Ask::Nothing }));
        }
        self.port.ask(&requests).await
    }

    fn request(&mut self, kind: Kind, used: u64, ask: Ask) -> Request {
        let number = self.number;
        self.number = self.number.saturating_add(1);
        Request {
            gateway: self.port.gateway.clone(),
            session: self.name.clone(),
            request: kind,
            number,
            imsi: self.subscriber.imsi.clone(),
            country: self.subscriber.country.clone(),
            services: vec![Service { group: GROUP, used, ask }],
        }
    }
}

fn octets_in(per_second: u64, ns: u64) -> u64 {
    let octets = u128::from(per_second) * u128::from(ns) / 1_000_000_000;
    u64::try_from(octets).unwrap_or(u64::MAX)
}
