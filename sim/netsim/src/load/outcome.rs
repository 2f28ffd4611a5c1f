//! What came of it.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// What was sent and what came back.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// How long it took, in milliseconds, from the first moment until the last answer.
    pub took_ms: u64,
    /// Different requests.
    pub requests: u64,
    /// Messages, each repeat counted.
    pub messages: u64,
    /// Answers, by the Result-Code that says most: the service's unless that is 2001, else the command's.
    pub answers: BTreeMap<u32, u64>,
    /// Requests that were due and never left.
    pub unsent: u64,
    /// Messages without an answer.
    pub unanswered: u64,
    /// Repeats that were answered otherwise than the first time.
    pub contradictions: u64,
    /// Octets in reports that were taken: the server has debited each of them once.
    pub octets_reported: u64,
    /// Octets in reports without an answer.
    pub octets_in_doubt: u64,
    /// From the moment that a message was due until its answer, in microseconds, shortest first.
    pub micros: Vec<u32>,
}

impl Outcome {
    pub(super) fn add(&mut self, other: Self) {
        self.took_ms = self.took_ms.max(other.took_ms);
        self.requests += other.requests;
        self.messages += other.messages;
        self.unsent += other.unsent;
        self.unanswered += other.unanswered;
        self.contradictions += other.contradictions;
        self.octets_reported += other.octets_reported;
        self.octets_in_doubt += other.octets_in_doubt;
        for (code, count) in other.answers {
            *self.answers.entry(code).or_default() += count;
        }
        self.micros.extend(other.micros);
    }

    pub(super) fn sort(&mut self) {
        self.micros.sort_unstable();
    }

    /// What so many of a thousand answers stayed within.
    pub fn within(&self, thousandths: usize) -> Duration {
        let nth = (self.micros.len() * thousandths).div_ceil(1000).saturating_sub(1);
        Duration::from_micros(self.micros.get(nth).copied().unwrap_or(0).into())
    }

    /// Messages answered in a second.
    pub fn per_second(&self) -> u64 {
        let answered: u64 = self.answers.values().sum();
        answered * 1000 / self.took_ms.max(1)
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { requests, messages, took_ms, .. } = self;
        writeln!(f, "{requests} requests in {messages} messages, {took_ms} ms, {}/s", self.per_second())?;
        let [p50, p99, p999, max] = [500, 990, 999, 1000].map(|part| self.within(part));
        writeln!(f, "from due to answered: p50 {p50:?}, p99 {p99:?}, p99.9 {p999:?}, max {max:?}")?;
        for (code, count) in &self.answers {
            let name = diameter::dictionary::result_name(*code).unwrap_or("?");
            writeln!(f, "{code} {name}: {count}")?;
        }
        writeln!(f, "never left: {}, never answered: {}", self.unsent, self.unanswered)?;
        writeln!(f, "repeats that contradict the first answer: {}", self.contradictions)?;
        write!(f, "octets reported: {}, in doubt: {}", self.octets_reported, self.octets_in_doubt)
    }
}
