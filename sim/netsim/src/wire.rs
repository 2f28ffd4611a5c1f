//! The quota port's words, as this side knows them.

use serde::{Deserialize, Serialize};

/// A credit-control request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The gateway.
    pub gateway: String,
    /// The session at the gateway.
    pub session: String,
    /// What kind.
    pub request: Kind,
    /// Its number in the session, from 0.
    pub number: u32,
    /// Who.
    pub imsi: String,
    /// Where.
    pub country: String,
    /// About which services; this gateway has one.
    pub services: Vec<Service>,
}

/// What kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The first.
    Initial,
    /// A later one.
    Update,
    /// The last.
    Terminate,
}

/// One service of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Service {
    /// The rating group.
    pub group: u32,
    /// Octets used since the last report.
    pub used: u64,
    /// What quota it wants.
    pub ask: Ask,
}

/// What quota a service wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// None.
    Nothing,
    /// As much as is right.
    Quota,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Answer {
    /// About the whole: `accepted`, `barred`, `terminated`, `stale`, `unknown_session` or `unknown_line`.
    pub verdict: String,
    /// About each service, in the order asked.
    pub services: Vec<ServiceAnswer>,
}

/// About one service.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServiceAnswer {
    /// What it may use.
    pub granted: Option<Grant>,
    /// Why it may not.
    pub refused: Option<String>,
}

/// A grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// Octets.
    pub bytes: u64,
    /// Report after so many seconds at the latest.
    pub validity_seconds: u32,
    /// Report when so many octets are left.
    pub threshold_bytes: Option<u32>,
    /// Nothing comes after it.
    pub last: bool,
}

impl Answer {
    /// The grant of the one service.
    pub fn grant(&self) -> Option<Grant> {
        self.services.first().and_then(|service| service.granted)
    }
}
