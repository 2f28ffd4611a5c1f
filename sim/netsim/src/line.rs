//! The line between a session and the server: a request is booked, sent until it is answered, and its answer is booked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use basis::Env;
use futures_util::future::join_all;

use crate::books::{Books, Entry};
use crate::gy::{Answer, Identity, Profile, Request};
use crate::noise;
use crate::peer::Peer;

/// How long to wait before a request is sent again that the server could do nothing about.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How many complaints are kept.
const COMPLAINTS_MAX: usize = 100;

/// The server, as a session reaches it.
pub(crate) struct Line {
    pub(crate) me: Identity,
    pub(crate) profile: Profile,
    pub(crate) peer: Peer,
    pub(crate) books: Books,
    pub(crate) noisy: bool,
    pub(crate) env: Env,
    answered: AtomicU64,
    complaints: Mutex<Vec<String>>,
}

impl Line {
    pub(crate) fn new(
        me: Identity,
        profile: Profile,
        peer: Peer,
        books: Books,
        noisy: bool,
        env: Env,
    ) -> Self {
        let (answered, complaints) = (AtomicU64::new(0), Mutex::default());
        Self { me, profile, peer, books, noisy, env, answered, complaints }
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn complain(&self, what: String) {
        tracing::error!(%what, "the server is wrong");
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.len() < COMPLAINTS_MAX {
            complaints.push(what);
        }
    }

    /// Octets of a report, in the parts that it is sent in.
    pub(crate) fn parts(&self, octets: u64) -> Vec<u64> {
        if self.noisy { noise::parts(&self.env, octets) } else { vec![octets] }
    }

    /// Sends requests of one session, the highest number last in the list; gives back the answer to that one.
    /// `None`: the books cannot be kept any more, or the gateway has stopped.
    pub(crate) async fn ask(&self, requests: &[Request]) -> Option<Answer> {
        for request in requests {
            if !self.books.write(sent(request)).await {
                return None;
            }
        }
        let named = requests.iter().map(|request| (self.peer.end_to_end(), request));
        let named: Vec<(u32, &Request)> = named.collect();
        let bag = if self.noisy { noise::repeated_and_shuffled(&self.env, &named) } else { named };
        let mut seen = std::collections::HashSet::new();
        let asked = bag.iter().map(|(id, request)| self.send(request, *id, !seen.insert(*id)));
        let answers: Vec<Answer> = join_all(asked).await.into_iter().collect::<Option<_>>()?;
        let answers: Vec<(&Request, Answer)> = bag.iter().map(|(_, request)| *request).zip(answers).collect();
        for (nth, (request, answer)) in answers.iter().enumerate() {
            self.compare(request, answers.get(..nth).unwrap_or_default(), answer);
            if !self.books.write(answered(request, answer)).await {
                return None;
            }
        }
        answers.into_iter().max_by_key(|(request, _)| request.number).map(|(_, answer)| answer)
    }

    /// A repeat must get the same answer.
    fn compare(&self, request: &Request, before: &[(&Request, Answer)], answer: &Answer) {
        let first = before.iter().find(|(before, _)| before.number == request.number);
        if let Some((_, first)) = first
            && first != answer
        {
            let (session, number) = (&request.session, request.number);
            self.complain(format!("{session} number {number} was answered {first:?}, then {answer:?}"));
        }
    }

    /// Sends until it is answered by more than "not now".
    async fn send(&self, request: &Request, end_to_end: u32, mut again: bool) -> Option<Answer> {
        loop {
            let answer = self.peer.ask(request.clone(), end_to_end, again).await?;
            if !answer.is_not_now() {
                self.answered.fetch_add(1, Ordering::Relaxed);
                return Some(answer);
            }
            again = true;
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

fn sent(request: &Request) -> Entry {
    let (session, imsi) = (request.session.to_string(), request.who.imsi.clone());
    Entry::Sent { session, imsi, number: request.number, used: request.used }
}

fn answered(request: &Request, answer: &Answer) -> Entry {
    Entry::Answered {
        session: request.session.to_string(),
        number: request.number,
        result: answer.result,
        granted: answer.grant.as_ref().map_or(0, |grant| grant.octets),
    }
}
