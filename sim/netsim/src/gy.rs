//! What this gateway says and hears, in its own words, and how that stands on the wire.

use std::sync::Arc;
use std::time::Duration;

use diameter::gy::{
    Cca, Ccr, FinalUnitAction, PsInformation, ReportingReason, RequestType, ServiceRequest, Subscription,
    SubscriptionKind, Units, Used,
};
use diameter::{Error, Ids, Message, Origin, Outcome, Time, TooLong, command, result};

/// Data sessions, of release 8.
const CONTEXT: &str = "8.32251@3gpp.org";
/// The rating group of all data.
pub(crate) const GROUP: u32 = 1;

/// Whose manners the gateway has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// TS 32.299's: total octets, and a Re-Auth-Request is followed by a report.
    #[default]
    Generic,
    /// Open5GS's: octets in and out without a total; it answers a Re-Auth-Request and leaves it at that.
    Open5gs,
}

/// What this gateway is to its neighbours.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Origin-Host.
    pub(crate) host: String,
    /// Origin-Realm.
    pub(crate) realm: String,
    /// Origin-State-Id: the second in which it started, so a later life has a higher one.
    pub(crate) state_id: u32,
}

impl Identity {
    /// A gateway that starts now, of a realm of its own.
    pub(crate) fn new(host: String, env: &basis::Env) -> Self {
        let state_id = u32::try_from(env.now().as_ms() / 1000).unwrap_or(u32::MAX);
        Self { host, realm: "netsim.example".to_owned(), state_id }
    }

    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { host: &self.host, realm: &self.realm }
    }

    /// A Session-Id that no other life of this gateway has: RFC 6733 §8.8.
    pub(crate) fn session_id(&self, low: u32) -> String {
        format!("{};{};{low}", self.host, self.state_id)
    }
}

/// Who uses data, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) imsi: String,
    pub(crate) msisdn: Option<String>,
    /// The visited network.
    pub(crate) network: Option<&'static str>,
}

/// A credit-control request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) session: Arc<str>,
    pub(crate) who: Arc<Who>,
    pub(crate) profile: Profile,
    pub(crate) kind: RequestType,
    /// CC-Request-Number.
    pub(crate) number: u32,
    /// Octets since the last report.
    pub(crate) used: u64,
    pub(crate) reason: Option<ReportingReason>,
    /// The quota that is asked for.
    pub(crate) ask: Ask,
    /// Termination-Cause, of the last request.
    pub(crate) cause: Option<u32>,
    /// When it happened, in seconds since the start of 1970.
    pub(crate) at: i64,
}

/// The quota that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// None.
    Nothing,
    /// As much as the server will: an empty Requested-Service-Unit.
    Any,
    /// So many octets.
    Octets(u64),
}

impl Request {
    /// Appends it to `out`, for a server of realm `to`.
    pub(crate) fn write(&self, me: &Identity, to: &str, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let who = &*self.who;
        let subscription = |kind, data| Subscription { kind, data };
        let msisdn = who.msisdn.as_deref().map(|digits| subscription(SubscriptionKind::E164, digits));
        let ccr = Ccr {
            destination_realm: Some(to),
            origin_state_id: Some(me.state_id),
            event_timestamp: Time::from_unix_seconds(self.at),
            subscriptions: msisdn
                .into_iter()
                .chain([subscription(SubscriptionKind::Imsi, who.imsi.as_str())])
                .collect(),
            termination_cause: self.cause,
            multiple_services: (self.kind == RequestType::Initial).then_some(true),
            services: vec![self.service()],
            ps: PsInformation {
                pdp_type: Some(0),
                sgsn_mcc_mnc: who.network,
                called_station_id: Some("internet"),
                rat_type: Some(6),
                ..PsInformation::default()
            },
            ..Ccr::new(&self.session, me.origin(), CONTEXT, self.kind, self.number)
        };
        ccr.write(ids, out)
    }

    /// The one Multiple-Services-Credit-Control. Some reasons are the use's, the others the service's (TS 32.299 §7.2.175).
    fn service(&self) -> ServiceRequest {
        use ReportingReason::{OtherQuotaType, QuotaExhausted, Threshold};
        let (of_use, of_service) = match self.reason {
            Some(reason @ (Threshold | QuotaExhausted | OtherQuotaType)) => (Some(reason), None),
            other => (None, other),
        };
        let reports = self.kind != RequestType::Initial;
        let used = Used { units: self.units(), reason: of_use, tariff_change_usage: None };
        ServiceRequest {
            requested: match self.ask {
                Ask::Nothing => None,
                Ask::Any => Some(Units::default()),
                Ask::Octets(octets) => Some(Units::octets(octets)),
            },
            used: if reports { vec![used] } else { Vec::new() },
            rating_group: Some(GROUP),
            reason: of_service,
            ..ServiceRequest::default()
        }
    }

    fn units(&self) -> Units {
        match self.profile {
            Profile::Generic => Units::octets(self.used),
            Profile::Open5gs => {
                let up = self.used / 8;
                Units { input_octets: Some(up), output_octets: Some(self.used - up), ..Units::default() }
            }
        }
    }
}

/// What the server says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Result-Code of the whole.
    pub(crate) result: u32,
    /// Result-Code of the service, if it has its own.
    pub(crate) service_result: Option<u32>,
    pub(crate) grant: Option<Grant>,
    /// What to do at once, if a final unit came without quota.
    pub(crate) at_once: Option<Last>,
}

/// Quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) octets: u64,
    /// Report when so many are left.
    pub(crate) threshold: u64,
    /// Report so long after the grant at the latest.
    pub(crate) validity: Option<Duration>,
    /// Give it back when it was not touched for so long.
    pub(crate) holding: Option<Duration>,
    /// What to do when it is used up, if there is nothing behind it.
    pub(crate) last: Option<Last>,
}

/// What to do when a last grant is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    /// The session ends.
    Terminate,
    /// The user is led to a page, or held to a few places; no data flows otherwise.
    Restrict,
}

impl Answer {
    /// Reads a CCA; one that is no more than an error has no grant.
    pub(crate) fn read(message: &Message<'_>) -> Result<Self, Error> {
        let result = Outcome::read(message)?.result_code;
        if result != result::SUCCESS && result != result::LIMITED_SUCCESS {
            return Ok(Self { result, service_result: None, grant: None, at_once: None });
        }
        let cca = Cca::read(message)?;
        let service = cca.services.iter().find(|service| service.rating_group == Some(GROUP));
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let last = service.and_then(|service| service.grant.final_unit.as_ref());
        let last = last.map(|last| match last.action {
            FinalUnitAction::Terminate => Last::Terminate,
            FinalUnitAction::Redirect | FinalUnitAction::RestrictAccess => Last::Restrict,
        });
        let grant = service.and_then(|service| {
            let grant = &service.grant;
            Some(Grant {
                octets: grant.granted?.data()?,
                threshold: service.volume_threshold.unwrap_or(0).into(),
                validity: grant.validity.map(seconds),
                holding: service.holding_time.filter(|time| *time > 0).map(seconds),
                last,
            })
        });
        let at_once = last.filter(|_| grant.is_none());
        Ok(Self { result, service_result: service.and_then(|service| service.result_code), grant, at_once })
    }

    /// Whether the session lives on at the server.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.result, result::SUCCESS | result::LIMITED_SUCCESS)
    }

    /// Whether the server could not do anything now: nothing has happened, the same request may come again.
    pub(crate) fn is_not_now(&self) -> bool {
        matches!(self.result, result::TOO_BUSY | result::UNABLE_TO_DELIVER)
    }

    /// The one Result-Code that says most; a final unit without quota is a refusal in friendly words.
    pub(crate) fn code(&self) -> u32 {
        if self.at_once.is_some() {
            return result::CREDIT_LIMIT_REACHED;
        }
        self.service_result.filter(|code| *code != result::SUCCESS).unwrap_or(self.result)
    }
}

/// Whether it is an answer to a credit-control request.
pub(crate) fn is_answer(message: &Message<'_>) -> bool {
    message.header().command == command::CREDIT_CONTROL && !message.header().is_request()
}
