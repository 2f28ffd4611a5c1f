//! One connection of the load: one task that issues what is due and takes what comes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use diameter::gy::{ReportingReason, RequestType};
use diameter::{Answer as Frame, Ids, Message, result};
use tokio::time::{sleep, timeout};

use super::{Outcome, Plan};
use crate::gy::{Answer, Ask, Identity, Profile, Request, Who, is_answer};
use crate::wire::{Neighbourly, Wire, answer_neighbour};
use crate::{noise, plmn};

/// What each report says.
const USED: u64 = 1000;
/// What each request asks for.
const ASKED: u64 = 2_000_000;
/// So many sessions are opened or ended at once.
const OPENING_MAX: usize = 256;
/// A repeating generator sends so many requests of a session at once.
const WINDOW: u32 = 4;
/// How long answers may take after the time is over.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session and what of it is in flight.
struct Session {
    id: Arc<str>,
    who: Arc<Who>,
    /// The number of the next request.
    number: u32,
    /// Messages in flight.
    flying: u32,
    /// The first answer to each request since nothing was in flight.
    answers: Vec<(u32, Answer)>,
}

/// A message in flight.
struct Flight {
    session: usize,
    number: u32,
    due_ns: u64,
}

/// One connection with its sessions.
pub(super) struct Driver {
    plan: Arc<Plan>,
    me: Identity,
    wire: Wire,
    sessions: Vec<Session>,
    /// Sessions with nothing in flight.
    free: VecDeque<usize>,
    flying: HashMap<u32, Flight>,
    next_id: u32,
    outcome: Outcome,
}

impl Driver {
    /// Connects and opens the sessions of the `nth` connection.
    pub(super) async fn open(plan: Arc<Plan>, me: Identity, nth: u32) -> anyhow::Result<Self> {
        let network = plmn::visited(&plan.country);
        let numbers = (nth..plan.sessions).step_by(usize::try_from(plan.connections)?);
        let imsis = plan.imsis.iter().cycle().skip(usize::try_from(nth)?);
        let imsis = imsis.step_by(usize::try_from(plan.connections)?);
        let sessions = numbers.zip(imsis).map(|(number, imsi)| Session {
            id: me.session_id(number).into(),
            who: Arc::new(Who { imsi: imsi.clone(), msisdn: None, network }),
            number: 0,
            flying: 0,
            answers: Vec::new(),
        });
        let (sessions, wire) = (sessions.collect(), Wire::connect(&plan.peer, &me).await?);
        let (free, flying, outcome) = (VecDeque::new(), HashMap::new(), Outcome::default());
        let mut this = Self { plan, me, wire, sessions, free, flying, next_id: 1, outcome };
        this.all_once(RequestType::Initial).await?;
        let refused = this.outcome.answers.iter().find(|(code, _)| **code != result::SUCCESS);
        ensure!(refused.is_none(), "a session was not opened: {refused:?}");
        Ok(this)
    }

    /// One request of each session, and all their answers.
    async fn all_once(&mut self, kind: RequestType) -> anyhow::Result<()> {
        self.outcome = Outcome::default();
        for nth in 0..self.sessions.len() {
            while self.flying.len() >= OPENING_MAX {
                self.turn(None).await?;
            }
            self.issue(nth, kind, self.now())?;
        }
        while !self.flying.is_empty() {
            self.turn(None).await?;
        }
        self.free = (0..self.sessions.len()).collect();
        Ok(())
    }

    /// Asks and reports for the plan's time from `began`, then ends the sessions.
    pub(super) async fn work(mut self, began: u64) -> anyhow::Result<Outcome> {
        self.outcome = Outcome::default();
        let patience = self.plan.time + PATIENCE;
        let in_time = match self.plan.rate {
            Some(rate) => timeout(patience, self.keep_pace(began, rate)).await,
            None => timeout(patience, self.hurry(began)).await,
        };
        // Out of patience: what is missing is counted.
        in_time.unwrap_or(Ok(()))?;
        self.outcome.took_ms = self.now().saturating_sub(began) / 1_000_000;
        self.outcome.unanswered = u64::try_from(self.flying.len())?;
        self.outcome.octets_in_doubt = self.in_doubt() * USED;
        let outcome = std::mem::take(&mut self.outcome);
        if self.flying.is_empty() {
            self.all_once(RequestType::Termination).await?;
            self.wire.say_good_bye(self.me.origin()).await;
        }
        Ok(outcome)
    }

    /// Each session's next request follows its last answer.
    async fn hurry(&mut self, began: u64) -> anyhow::Result<()> {
        let end = began + nanos(self.plan.time);
        loop {
            let now = self.now();
            while now < end
                && let Some(session) = self.free.pop_front()
            {
                self.issue(session, RequestType::Update, now)?;
            }
            if now >= end && self.flying.is_empty() {
                return Ok(());
            }
            self.turn(None).await?;
        }
    }

    /// Requests leave when they are due, or as soon after as a session is free. Each connection has its share of the
    /// rate.
    async fn keep_pace(&mut self, began: u64, rate: u32) -> anyhow::Result<()> {
        let pace = 1_000_000_000 * u64::from(self.plan.connections) / u64::from(rate.max(1));
        let count = nanos(self.plan.time) / pace;
        let at_once = if self.plan.repeat { u64::from(WINDOW) } else { 1 };
        let mut issued = 0;
        while issued < count || !self.flying.is_empty() {
            let mut due = began + (issued + at_once) * pace;
            while issued < count
                && due <= self.now()
                && let Some(session) = self.free.pop_front()
            {
                self.issue(session, RequestType::Update, due)?;
                issued += at_once;
                due += at_once * pace;
            }
            self.outcome.unsent = count.saturating_sub(issued);
            let waits = issued < count && !self.free.is_empty();
            let until = Duration::from_nanos(due.saturating_sub(self.now()));
            self.turn(waits.then_some(until)).await?;
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.plan.env.clock.monotonic_ns()
    }

    /// Writes a session's next request, or a window of them one to three times each in any order.
    fn issue(&mut self, nth: usize, kind: RequestType, due_ns: u64) -> anyhow::Result<()> {
        let repeats = self.plan.repeat && kind == RequestType::Update;
        let Some(session) = self.sessions.get_mut(nth) else { return Ok(()) };
        let count = if repeats { WINDOW } else { 1 };
        let (first, next) = (session.number, session.number + count);
        session.number = next;
        session.answers.clear();
        let numbers: Vec<u32> = (first..next).collect();
        let bag = if repeats { noise::repeated_and_shuffled(&self.plan.env, &numbers) } else { numbers };
        session.flying = u32::try_from(bag.len())?;
        self.outcome.requests += u64::from(count);
        self.outcome.messages += u64::from(session.flying);
        let (id, who) = (session.id.clone(), session.who.clone());
        let (ids_from, mut seen) = (self.next_id, HashSet::new());
        for number in bag {
            let hop_by_hop = self.fresh_id();
            let ids = Ids {
                hop_by_hop,
                // One for each request, whatever is repeated: none of these is another request's hop.
                end_to_end: ids_from.wrapping_add(number - first),
                retransmitted: repeats && !seen.insert(number),
            };
            let asks = number + 1 == next && kind != RequestType::Termination;
            let request = self.request(&id, &who, kind, number, asks);
            request.write(&self.me, &self.wire.realm, ids, &mut self.wire.out)?;
            self.flying.insert(hop_by_hop, Flight { session: nth, number, due_ns });
        }
        Ok(())
    }

    fn request(&self, id: &Arc<str>, who: &Arc<Who>, kind: RequestType, number: u32, asks: bool) -> Request {
        Request {
            session: id.clone(),
            who: who.clone(),
            profile: Profile::Generic,
            kind,
            number,
            used: if kind == RequestType::Update { USED } else { 0 },
            reason: (kind == RequestType::Update).then_some(ReportingReason::Threshold),
            ask: if asks { Ask::Octets(ASKED) } else { Ask::Nothing },
            cause: (kind == RequestType::Termination).then_some(1),
            at: self.plan.env.now().as_ms() / 1000,
        }
    }

    fn fresh_id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// Sends, waits until something moves or so much time has passed, and takes what has come.
    async fn turn(&mut self, at_most: Option<Duration>) -> anyhow::Result<()> {
        if !self.wire.out.is_empty() {
            self.wire.write()?;
        }
        match at_most {
            None => self.wire.turn().await?,
            Some(time) => tokio::select! {
                moved = self.wire.turn() => moved?,
                () = sleep(time) => {}
            },
        }
        self.take()
    }

    fn take(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        while let Some(bytes) = self.wire.inbox.next()? {
            let message = Message::read(bytes)?;
            if is_answer(&message) {
                if let Some(flight) = self.flying.remove(&message.header().hop_by_hop) {
                    let answer = Answer::read(&message)?;
                    let waited = now.saturating_sub(flight.due_ns) / 1000;
                    self.outcome.micros.push(u32::try_from(waited).unwrap_or(u32::MAX));
                    *self.outcome.answers.entry(answer.code()).or_default() += 1;
                    note(&mut self.sessions, &mut self.free, &mut self.outcome, &flight, answer);
                }
                continue;
            }
            match answer_neighbour(&message, &self.me, &mut self.wire.out) {
                Neighbourly::Leaves => bail!("the server takes leave"),
                Neighbourly::Done => {}
                // A Re-Auth-Request: the next report is on its way anyhow.
                Neighbourly::Other => {
                    Frame::to(&message).write(
                        &mut self.wire.out,
                        result::SUCCESS,
                        self.me.origin(),
                        |_| (),
                    )?;
                }
            }
        }
        Ok(())
    }

    /// Requests of which no copy was answered.
    fn in_doubt(&self) -> u64 {
        let open = self.flying.values().filter(|flight| {
            let session = self.sessions.get(flight.session);
            session.is_none_or(|session| session.answers.iter().all(|(number, _)| *number != flight.number))
        });
        let open: HashSet<(usize, u32)> = open.map(|flight| (flight.session, flight.number)).collect();
        u64::try_from(open.len()).unwrap_or(u64::MAX)
    }
}

/// Notes an answer: the first to its request counts, the others must be the same.
fn note(
    sessions: &mut [Session],
    free: &mut VecDeque<usize>,
    outcome: &mut Outcome,
    flight: &Flight,
    answer: Answer,
) {
    let Some(session) = sessions.get_mut(flight.session) else { return };
    session.flying = session.flying.saturating_sub(1);
    if session.flying == 0 {
        free.push_back(flight.session);
    }
    match session.answers.iter().find(|(number, _)| *number == flight.number) {
        Some((_, first)) => outcome.contradictions += u64::from(*first != answer),
        None => {
            let taken = (2000..3000).contains(&answer.result) || (4000..5000).contains(&answer.result);
            outcome.octets_reported += if taken { USED } else { 0 };
            session.answers.push((flight.number, answer));
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
