//! One subscriber's life: session after session, each from its first question to its final report.

use std::sync::Arc;
use std::time::Duration;

use diameter::gy::{ReportingReason, RequestType};
use tokio::sync::watch;

use crate::Subscriber;
use crate::gy::{Answer, Ask, Grant, Last, Profile, Request, Who};
use crate::line::Line;
use crate::peer::{Push, Reachable};
use crate::plmn;

/// How often use is added up.
const STEP: Duration = Duration::from_millis(100);
/// Termination-Cause.
const LOGOUT: u32 = 1;
const ADMINISTRATIVE: u32 = 4;

/// Uses data until it is told to stop, or the books cannot be kept.
pub(crate) async fn live(line: Arc<Line>, subscriber: Subscriber, mut stop: watch::Receiver<bool>) {
    let network = plmn::visited(&subscriber.country);
    if network.is_none() {
        tracing::warn!(country = subscriber.country, "no network of this country is known");
    }
    let (imsi, msisdn) = (subscriber.imsi.clone(), subscriber.msisdn.clone());
    let who = Arc::new(Who { imsi, msisdn, network });
    while !*stop.borrow() {
        let id: Arc<str> = line.me.session_id(u32::from_le_bytes(line.env.random())).into();
        let reachable = line.peer.reachable(id.clone());
        let (subscriber, who, stop_too) = (&subscriber, who.clone(), stop.clone());
        let mut session =
            Session { line: &line, subscriber, who, id, reachable, stop: stop_too, number: 0, octets: 0 };
        let Some(end) = session.run().await else { return };
        drop(session);
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

/// Why no more data is used just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// Little of the quota is left, or nothing, or it has been a while.
    Report(Option<ReportingReason>),
    /// Nothing is left of the last quota.
    UsedUp(Last),
    /// Nobody used anything.
    Idle,
    /// The server wants the session to end.
    Aborted,
    /// We do.
    Stopped,
}

struct Session<'a> {
    line: &'a Line,
    subscriber: &'a Subscriber,
    who: Arc<Who>,
    id: Arc<str>,
    reachable: Reachable,
    stop: watch::Receiver<bool>,
    /// The number of the next request.
    number: u32,
    /// Octets used so far.
    octets: u64,
}

impl Session<'_> {
    /// `None`: the books cannot be kept.
    async fn run(&mut self) -> Option<End> {
        let mut answer = self.ask(RequestType::Initial, 0, None, Ask::Any).await?;
        loop {
            let Some(grant) = answer.grant.take() else {
                if answer.at_once == Some(Last::Restrict) {
                    answer = self.wait_for_more(answer).await?;
                    if answer.grant.is_some() {
                        continue;
                    }
                }
                if answer.is_success() {
                    self.terminate(0, ADMINISTRATIVE).await?;
                }
                return Some(End::Refused);
            };
            let (used, pause) = self.use_up(&grant).await;
            self.octets += used;
            answer = match pause {
                _ if self.has_enough() => return self.end(used, LOGOUT, End::Done).await,
                Pause::Stopped => return self.end(used, LOGOUT, End::Done).await,
                Pause::Aborted => return self.end(used, ADMINISTRATIVE, End::Refused).await,
                Pause::UsedUp(Last::Terminate) => return self.end(used, LOGOUT, End::Refused).await,
                Pause::UsedUp(Last::Restrict) => self.rest(used, ReportingReason::Final).await?,
                Pause::Idle => self.rest(used, ReportingReason::QuotaHoldingTime).await?,
                Pause::Report(reason) => self.update(used, reason, Ask::Any).await?,
            };
        }
    }

    fn has_enough(&self) -> bool {
        self.subscriber.session_octets.is_some_and(|enough| self.octets >= enough)
    }

    /// Uses data until it is time to report; gives back how much. Never more than was granted.
    async fn use_up(&mut self, grant: &Grant) -> (u64, Pause) {
        let began = self.line.env.clock.monotonic_ns();
        let step = self.subscriber.report_every.map_or(STEP, |every| every.min(STEP));
        loop {
            let told = self.wait(step).await;
            let ns = self.line.env.clock.monotonic_ns().saturating_sub(began);
            let used = octets_in(self.subscriber.octets_per_second, ns).min(grant.octets);
            if let Some(pause) = told.or_else(|| self.pause(grant, used, Duration::from_nanos(ns))) {
                return (used, pause);
            }
        }
    }

    /// Waits a moment; says so if somebody wants something meanwhile.
    async fn wait(&mut self, time: Duration) -> Option<Pause> {
        if *self.stop.borrow() {
            return Some(Pause::Stopped);
        }
        tokio::select! {
            () = tokio::time::sleep(time) => None,
            _ = self.stop.changed() => Some(Pause::Stopped),
            Some(push) = self.reachable.pushes.recv() => match (push, self.line.profile) {
                (Push::Abort, _) => Some(Pause::Aborted),
                (Push::Report, Profile::Generic) => {
                    Some(Pause::Report(Some(ReportingReason::ForcedReauthorisation)))
                }
                (Push::Report, Profile::Open5gs) => None,
            },
        }
    }

    /// Whether it is time to report.
    fn pause(&self, grant: &Grant, used: u64, time: Duration) -> Option<Pause> {
        let report = |reason| Some(Pause::Report(reason));
        let left = grant.octets - used;
        let is_over = |limit: Option<Duration>| limit.is_some_and(|limit| time >= limit);
        match grant.last {
            Some(last) if left == 0 => return Some(Pause::UsedUp(last)),
            None if left == 0 => return report(Some(ReportingReason::QuotaExhausted)),
            None if left <= grant.threshold => return report(Some(ReportingReason::Threshold)),
            _ => {}
        }
        if is_over(grant.validity) {
            return report(Some(ReportingReason::ValidityTime));
        }
        if used == 0 && is_over(grant.holding) {
            return Some(Pause::Idle);
        }
        if is_over(self.subscriber.report_every) { report(None) } else { None }
    }

    /// Gives back what is left and lets nothing through, until the server says that things have changed or it is
    /// time to try again; then asks.
    async fn rest(&mut self, used: u64, reason: ReportingReason) -> Option<Answer> {
        let answer = self.update(used, Some(reason), Ask::Nothing).await?;
        if answer.is_success() { self.wait_for_more(answer).await } else { Some(answer) }
    }

    /// Asks once more when the server says that things have changed, or it is time to.
    async fn wait_for_more(&mut self, answer: Answer) -> Option<Answer> {
        let reason = match self.wait(self.subscriber.retry_after).await {
            Some(Pause::Report(reason)) => reason,
            None => Some(ReportingReason::ValidityTime),
            // An answer without quota ends the session.
            Some(_) => return Some(answer),
        };
        self.update(0, reason, Ask::Any).await
    }

    async fn update(&mut self, used: u64, reason: Option<ReportingReason>, ask: Ask) -> Option<Answer> {
        self.ask(RequestType::Update, used, reason, ask).await
    }

    async fn end(&mut self, used: u64, cause: u32, end: End) -> Option<End> {
        self.terminate(used, cause).await?;
        Some(end)
    }

    async fn terminate(&mut self, used: u64, cause: u32) -> Option<Answer> {
        let last = self.request(RequestType::Termination, used, Some(ReportingReason::Final), Ask::Nothing);
        self.line.ask(&[Request { cause: Some(cause), ..last }]).await
    }

    /// Reports and asks; a noisy line sends one report as several, of which the last one asks.
    async fn ask(
        &mut self,
        kind: RequestType,
        used: u64,
        reason: Option<ReportingReason>,
        ask: Ask,
    ) -> Option<Answer> {
        let parts = if kind == RequestType::Update { self.line.parts(used) } else { vec![used] };
        let last = parts.len() - 1;
        let parts = parts.into_iter().enumerate();
        let requests: Vec<Request> = parts
            .map(|(nth, part)| self.request(kind, part, reason, if nth == last { ask } else { Ask::Nothing }))
            .collect();
        self.line.ask(&requests).await
    }

    fn request(
        &mut self,
        kind: RequestType,
        used: u64,
        reason: Option<ReportingReason>,
        ask: Ask,
    ) -> Request {
        let number = self.number;
        self.number += 1;
        Request {
            session: self.id.clone(),
            who: self.who.clone(),
            profile: self.line.profile,
            kind,
            number,
            used,
            reason,
            ask,
            cause: None,
            at: self.line.env.now().as_ms() / 1000,
        }
    }
}

fn octets_in(per_second: u64, ns: u64) -> u64 {
    let octets = u128::from(per_second) * u128::from(ns) / 1_000_000_000;
    u64::try_from(octets).unwrap_or(u64::MAX)
}
