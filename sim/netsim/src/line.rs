//! The line to the engine: a request is booked, sent until it is answered, and its answer is booked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use basis::Env;

use crate::books::{Books, Entry};
use crate::noise;
use crate::wire::{Answer, Request};

/// How long an answer may take before the request is sent again (Tx of RFC 8506 is 10 s).
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait before an unanswered request is sent again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// How many complaints are kept.
const COMPLAINTS_MAX: usize = 100;

/// The engine, as a gateway reaches it.
pub(crate) struct QuotaPort {
    pub(crate) gateway: String,
    url: String,
    client: reqwest::Client,
    books: Books,
    noisy: bool,
    env: Env,
    answered: AtomicU64,
    complaints: Mutex<Vec<String>>,
}

impl QuotaPort {
    pub(crate) fn new(
        engine: &str,
        gateway: String,
        books: Books,
        noisy: bool,
        env: &Env,
    ) -> Result<Self, reqwest::Error> {
        // The client wants its TLS named once in the process; a second naming changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).no_proxy().build()?;
        let url = format!("{}/v1/control", engine.trim_end_matches('/'));
        let (answered, complaints) = (AtomicU64::new(0), Mutex::default());
        Ok(Self { gateway, url, client, books, noisy, env: env.clone(), answered, complaints })
    }

    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn complain(&self, what: String) {
        tracing::error!(%what, "the engine is wrong");
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
    /// `None`: the books cannot be kept any more.
    pub(crate) async fn ask(&self, requests: &[Request]) -> Option<Answer> {
        for request in requests {
            if !self.books.write(sent(request)).await {
                return None;
            }
        }
        let bag =
            if self.noisy { noise::repeated_and_shuffled(&self.env, requests) } else { requests.to_vec() };
        let mut answers: Vec<(u32, Answer)> = Vec::new();
        for request in &bag {
            let answer = self.send(request).await;
            self.compare(request, &answers, &answer);
            if !self.books.write(answered(request, &answer)).await {
                return None;
            }
            answers.push((request.number, answer));
        }
        answers.into_iter().max_by_key(|(number, _)| *number).map(|(_, answer)| answer)
    }

    /// A repeat must get the same answer.
    fn compare(&self, request: &Request, answers: &[(u32, Answer)], answer: &Answer) {
        let before = answers.iter().find(|(number, _)| *number == request.number);
        if let Some((number, before)) = before
            && before != answer
        {
            self.complain(format!(
                "{} number {number} was answered {before:?}, then {answer:?}",
                request.session
            ));
        }
    }

    /// Sends until it is answered.
    async fn send(&self, request: &Request) -> Answer {
        loop {
            match self.send_once(request).await {
                Ok(answer) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return answer;
                }
                Err(error) => tracing::debug!(%error, session = %request.session, "not answered"),
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }

    async fn send_once(&self, request: &Request) -> Result<Answer, reqwest::Error> {
        self.client.post(&self.url).json(request).send().await?.error_for_status()?.json().await
    }
}

fn sent(request: &Request) -> Entry {
    Entry::Sent {
        session: request.session.clone(),
        imsi: request.imsi.clone(),
        number: request.number,
        used: request.services.iter().map(|service| service.used).sum(),
    }
}

fn answered(request: &Request, answer: &Answer) -> Entry {
    Entry::Answered {
        session: request.session.clone(),
        number: request.number,
        verdict: answer.verdict.clone(),
        granted: answer.grant().map_or(0, |grant| grant.bytes),
    }
}
