//! A request on its way through the engine.

use std::time::Duration;

use basis::Problem;
use tokio::time::Instant;

use super::control::{Asked, Event, Outcome};
use crate::pool::{Answer, Ask, Few, Quota, RequestKind, Service};
use crate::{BUSY_KEY, Charging, CreditControl, MOVING_KEY};

/// How often a busy engine is asked again about the end of a session, and how long in all: less than the 10 s that
/// a gateway waits (Tx).
const ASK_AGAIN: Duration = Duration::from_millis(20);
const ASK_AGAIN_TIMES: u32 = 400;

/// A request that the engine has dealt with.
pub(super) struct Done {
    pub(super) asked: Asked,
    pub(super) outcome: Outcome,
    /// When it came.
    pub(super) came: Instant,
    /// Since when its session's line has had more than the session knew of, if it had.
    pub(super) richer_since: Option<Instant>,
}

/// Asks the engine.
pub(super) async fn carry_out(
    charging: Charging,
    asked: Asked,
    request: CreditControl,
    since: (Instant, Option<Instant>),
) -> Done {
    let outcome = match asked.event {
        Some(event) => happen(&charging, request, event).await,
        None => session(&charging, request).await,
    };
    let (came, richer_since) = since;
    Done { asked, outcome: outcome.unwrap_or_else(Outcome::Failed), came, richer_since }
}

async fn session(charging: &Charging, request: CreditControl) -> Result<Outcome, Problem> {
    let answer = if request.kind == RequestKind::Terminate {
        end(charging, request).await
    } else {
        charging.control(request).await
    };
    answer.map(Outcome::Session)
}

/// The end of a session is not refused for want of room.
async fn end(charging: &Charging, request: CreditControl) -> Result<Answer, Problem> {
    for _ in 0..ASK_AGAIN_TIMES {
        match charging.control(request.clone()).await {
            Err(problem) if [BUSY_KEY, MOVING_KEY].contains(&problem.key) => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            answer => return answer,
        }
    }
    charging.control(request).await
}

/// An event is a session of two requests: one that reserves, and one that ends it and debits all or nothing. Both are
/// repeat-safe by their numbers, and so is the event. One event can debit what one first grant can hold.
async fn happen(charging: &Charging, request: CreditControl, event: Event) -> Result<Outcome, Problem> {
    let most = match event {
        Event::Check(0) => Ask::Quota,
        Event::Check(octets) | Event::Debit(octets) => Ask::UpTo(octets),
    };
    let service = |used, ask| Few::One(Service { group: None, used, ask });
    let number = request.number.saturating_add(1);
    let begin = CreditControl { services: service(0, most), ..request.clone() };
    let answer = charging.control(begin).await?;
    let Some((granted, last)) = grant(&answer) else {
        return Ok(match event {
            Event::Check(_) if refused(&answer) => Outcome::Enough(false),
            Event::Debit(_) if refused(&answer) || slow(&answer) => Outcome::Debited(false),
            Event::Check(_) if slow(&answer) => Outcome::Enough(true),
            _ => Outcome::Session(answer),
        });
    };
    let there = granted >= event.octets();
    let used = if there && matches!(event, Event::Debit(_)) { event.octets() } else { 0 };
    let services = service(used, Ask::Nothing);
    end(charging, CreditControl { kind: RequestKind::Terminate, number, services, ..request }).await?;
    Ok(match event {
        Event::Check(_) => Outcome::Enough(there || !last),
        Event::Debit(_) => Outcome::Debited(there),
    })
}

fn grant(answer: &Answer) -> Option<(u64, bool)> {
    answer.services.iter().find_map(|service| match service.quota {
        Quota::Granted(grant) => Some((grant.bytes, grant.is_last())),
        Quota::None | Quota::Refused(_) | Quota::Slow { .. } => None,
    })
}

fn refused(answer: &Answer) -> bool {
    answer.services.iter().any(|service| matches!(service.quota, Quota::Refused(_)))
}

fn slow(answer: &Answer) -> bool {
    answer.services.iter().any(|service| matches!(service.quota, Quota::Slow { .. }))
}

impl Done {
    /// Whether it brought quota.
    pub(super) fn granted(&self) -> bool {
        matches!(&self.outcome, Outcome::Session(answer) if grant(answer).is_some())
    }
}
