//! A request on its way through the engine.

use std::time::Duration;

use basis::Problem;
use tokio::time::Instant;

use super::control::{Asked, Event, Outcome};
use crate::engine::{Asking, Parcel};
use crate::pool::{Answer, Ask, Few, Quota, RequestKind, Service};
use crate::{BUSY_KEY, Charging, MOVING_KEY};

/// How often a busy engine is asked again about the end of a session, and how long in all: less than the 10 s that
/// a gateway waits (Tx).
const ASK_AGAIN: Duration = Duration::from_millis(20);
const ASK_AGAIN_TIMES: u32 = 400;

/// What is remembered of a request until it is answered.
pub(super) struct Open {
    pub(super) asked: Asked,
    /// When it came.
    pub(super) came: Instant,
    /// Since when its session's line has had more than the session knew of, if it had.
    pub(super) richer_since: Option<Instant>,
}

/// What the engine has dealt with.
#[derive(Default)]
pub(super) struct Done {
    pub(super) answered: Vec<(Outcome, Open)>,
    /// To be asked one by one.
    pub(super) again: Vec<(Asking, Open)>,
}

/// Asks the engine about many requests in one piece.
pub(super) async fn carry_all(parcel: Parcel<Open>) -> Done {
    let delivered = parcel.deliver().await;
    let answered = delivered.answered.into_iter();
    let answered = answered.map(|(answer, open)| (Outcome::Session(answer), open)).collect();
    Done { answered, again: delivered.again }
}

/// Asks the engine about one request.
pub(super) async fn carry_out(charging: Charging, asking: Asking, open: Open) -> Done {
    let outcome = match open.asked.event {
        Some(event) => happen(&charging, asking, event).await,
        None => session(&charging, asking).await,
    };
    Done { answered: vec![(outcome.unwrap_or_else(Outcome::Failed), open)], again: Vec::new() }
}

async fn session(charging: &Charging, request: Asking) -> Result<Outcome, Problem> {
    let answer = if request.kind == RequestKind::Terminate {
        end(charging, request).await
    } else {
        charging.ask_quota(request).await
    };
    answer.map(Outcome::Session)
}

/// The end of a session is not refused for want of room.
async fn end(charging: &Charging, request: Asking) -> Result<Answer, Problem> {
    for _ in 0..ASK_AGAIN_TIMES {
        match charging.ask_quota(request.clone()).await {
            Err(problem) if [BUSY_KEY, MOVING_KEY].contains(&problem.key) => {
                tokio::time::sleep(ASK_AGAIN).await;
            }
            answer => return answer,
        }
    }
    charging.ask_quota(request).await
}

/// An event is a session of two requests: one that reserves, and one that ends it and debits all or nothing. Both are
/// repeat-safe by their numbers, and so is the event. One event can debit what one first grant can hold.
async fn happen(charging: &Charging, request: Asking, event: Event) -> Result<Outcome, Problem> {
    let most = match event {
        Event::Check(0) => Ask::Quota,
        Event::Check(octets) | Event::Debit(octets) => Ask::UpTo(octets),
    };
    let service = |used, ask| Few::One(Service { group: None, used, ask });
    let number = request.number.saturating_add(1);
    let begin = Asking { services: service(0, most), ..request.clone() };
    let answer = charging.ask_quota(begin).await?;
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
    end(charging, Asking { kind: RequestKind::Terminate, number, services, ..request }).await?;
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

/// Whether an outcome brings quota.
pub(super) fn brings_quota(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Session(answer) if grant(answer).is_some())
}
