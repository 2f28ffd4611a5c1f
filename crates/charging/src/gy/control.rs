//! From a Credit-Control-Request to what the engine is asked, and from its answer to a Credit-Control-Answer; pure.

use basis::{Country, Problem};
use diameter::{
    Answer as Frame, Error, Message, Origin, Writer, application,
    gy::{
        self, Cca, Ccr, FailureHandling, FinalUnit, RequestType, RequestedAction, ServiceRequest,
        SubscriptionKind, Units,
    },
    key, result,
};

use super::{Profile, Settings, peer::fits};
use crate::engine::Asking;
use crate::pool::{
    Answer, Ask, Behind, Digits, Few, Grant, LOW_VALIDITY_SECONDS, QUOTA_HOLDING_SECONDS, Quota, Refusal,
    RequestKind, Service, SessionKey, VALIDITY_SECONDS, Verdict,
};
use crate::{BUSY_KEY, MOVING_KEY, session_key};

/// A request that the engine can be asked.
#[derive(Debug)]
pub(super) struct Asked {
    /// What its answer takes over.
    pub(super) frame: Frame,
    /// CC-Request-Type.
    pub(super) kind: RequestType,
    /// CC-Request-Number.
    pub(super) number: u32,
    /// The engine's name of the session.
    pub(super) session: SessionKey,
    /// What an event wants.
    pub(super) event: Option<Event>,
    /// The names of its services, in their order; one without a name if it has no Multiple-Services-Credit-Control.
    services: Few<Named>,
    plain: bool,
}

/// What an event wants: octets, at once and without a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// To be told whether there are so many.
    Check(u64),
    /// To use up so many.
    Debit(u64),
}

/// How a service is named in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    rating_group: Option<u32>,
    service_identifiers: Few<u32>,
}

/// What comes of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The engine's answer, which is durable.
    Session(Answer),
    /// To [`Event::Check`].
    Enough(bool),
    /// To [`Event::Debit`]: whether it was debited.
    Debited(bool),
    /// Nothing is known to have happened.
    Failed(Problem),
}

/// Reads a request.
///
/// # Errors
/// How to refuse it.
pub(super) fn read(
    ccr: &Ccr<'_>,
    message: &Message<'_>,
    to: (&Settings, &Profile),
) -> Result<(Asked, Asking), Error> {
    let (settings, profile) = to;
    for_us(ccr, message, settings)?;
    let event = event(ccr, message)?;
    let plain = ccr.services.is_empty();
    let says_something = ccr.plain.requested.is_some() || !ccr.plain.used.is_empty();
    let services = if plain && says_something && event.is_none() {
        std::slice::from_ref(&ccr.plain)
    } else {
        ccr.services.as_slice()
    };
    let session = session_key(ccr.origin.host, ccr.session_id);
    let request = Asking {
        session,
        kind: kind(ccr.request_type),
        number: ccr.request_number,
        imsi: subscriber(ccr, SubscriptionKind::Imsi),
        msisdn: subscriber(ccr, SubscriptionKind::E164),
        country: country(ccr, settings),
        services: services.iter().map(|service| wanted(service, profile)).collect(),
    };
    let asked = Asked {
        frame: Frame::to(message),
        kind: ccr.request_type,
        number: ccr.request_number,
        session,
        event,
        services: services.iter().map(named).collect(),
        plain,
    };
    Ok((asked, request))
}

/// Requests for another realm, or about something else than data, have come to the wrong door.
fn for_us(ccr: &Ccr<'_>, message: &Message<'_>, settings: &Settings) -> Result<(), Error> {
    let other_realm = |realm: &str| !realm.eq_ignore_ascii_case(&settings.origin_realm);
    if ccr.destination_realm.is_some_and(other_realm) {
        return Err(Error::message(result::REALM_NOT_SERVED, "this realm is not served here"));
    }
    if !ccr.is_packet_switched() {
        return Err(unrated(message, key::SERVICE_CONTEXT_ID, "only data is rated here (32251@3gpp.org)"));
    }
    Ok(())
}

/// 5031 with the AVP that cannot be rated (RFC 8506 §9.2).
fn unrated(message: &Message<'_>, key: diameter::Key, note: &'static str) -> Error {
    let failed = message.find(key).map(|avp| Error::invalid_value(&avp, note).failed);
    Error { failed: failed.flatten(), ..Error::message(result::RATING_FAILED, note) }
}

fn event(ccr: &Ccr<'_>, message: &Message<'_>) -> Result<Option<Event>, Error> {
    if ccr.request_type != RequestType::Event {
        return Ok(None);
    }
    let action = ccr.requested_action.ok_or_else(|| Error::missing(key::REQUESTED_ACTION))?;
    let units = ccr.services.iter().chain([&ccr.plain]).filter_map(|service| service.requested?.data());
    let octets = units.fold(0, u64::saturating_add);
    match action {
        RequestedAction::CheckBalance => Ok(Some(Event::Check(octets))),
        RequestedAction::DirectDebiting if octets > 0 => Ok(Some(Event::Debit(octets))),
        RequestedAction::DirectDebiting => Err(Error::missing(key::REQUESTED_SERVICE_UNIT)),
        RequestedAction::RefundAccount | RequestedAction::PriceEnquiry => {
            Err(unrated(message, key::REQUESTED_ACTION, "data has no price for each event here"))
        }
    }
}

/// An event is a session that is over at once.
const fn kind(request_type: RequestType) -> RequestKind {
    match request_type {
        RequestType::Initial | RequestType::Event => RequestKind::Initial,
        RequestType::Update => RequestKind::Update,
        RequestType::Termination => RequestKind::Terminate,
    }
}

/// Some gateways write numbers with a plus.
fn subscriber(ccr: &Ccr<'_>, kind: SubscriptionKind) -> Option<Digits> {
    ccr.subscription(kind)?.trim_start_matches('+').parse().ok()
}

fn country(ccr: &Ccr<'_>, settings: &Settings) -> Option<Country> {
    (settings.country_of)(&ccr.ps.visited()?.to_string())
}

/// An empty Requested-Service-Unit asks for as much as is right, and so does one that counts seconds.
fn wanted(service: &ServiceRequest, profile: &Profile) -> Service {
    let ask = match service.requested {
        None => Ask::Nothing,
        Some(units) => units.data().filter(|octets| *octets > 0).map_or(Ask::Quota, Ask::UpTo),
    };
    let group = service.rating_group.or(profile.default_rating_group);
    Service { group, used: service.data_used().unwrap_or(0), ask }
}

fn named(service: &ServiceRequest) -> Named {
    let service_identifiers = service.service_identifiers.iter().copied().collect();
    Named { rating_group: service.rating_group, service_identifiers }
}

/// Appends the answer to `out`, and returns its Result-Code.
pub(super) fn reply(
    asked: &Asked,
    outcome: &Outcome,
    (settings, profile): (&Settings, &Profile),
    out: &mut Vec<u8>,
) -> u32 {
    let origin = Origin { host: &settings.origin_host, realm: &settings.origin_realm };
    let result_code = result_code(asked.kind, outcome);
    let mut cca = Cca::new(result_code, origin, asked.kind, asked.number);
    if asked.kind == RequestType::Initial && result_code == result::SUCCESS {
        cca.session_failover = Some(true);
        cca.failure_handling = Some(FailureHandling::Terminate);
    }
    match outcome {
        Outcome::Session(answer) => {
            let manners = Manners { settings, profile };
            let mut services = asked.services.iter().zip(answer.services.iter());
            if !asked.plain {
                cca.services = services.map(|(name, service)| manners.about(name, service.quota)).collect();
            } else if let Some((_, service)) = services.next() {
                let (code, grant) = manners.grant(service.quota);
                (cca.result_code, cca.plain) = (cca.result_code.max(code), grant);
            }
        }
        Outcome::Enough(enough) => cca.enough = Some(*enough),
        Outcome::Debited(true) => cca.plain.granted = asked.event.map(Event::units),
        Outcome::Debited(false) | Outcome::Failed(_) => {}
    }
    fits(cca.write(&asked.frame, out));
    cca.result_code
}

impl Event {
    /// Octets.
    pub(super) const fn octets(self) -> u64 {
        match self {
            Self::Check(octets) | Self::Debit(octets) => octets,
        }
    }

    fn units(self) -> Units {
        Units::octets(self.octets())
    }
}

/// About the user; what is about a service stands in its Multiple-Services-Credit-Control.
fn result_code(kind: RequestType, outcome: &Outcome) -> u32 {
    match outcome {
        Outcome::Session(answer) => match answer.verdict {
            Verdict::Accepted | Verdict::Stale => result::SUCCESS,
            Verdict::Terminated if kind == RequestType::Termination => result::SUCCESS,
            Verdict::Terminated | Verdict::UnknownSession => result::UNKNOWN_SESSION_ID,
            Verdict::Barred => result::END_USER_SERVICE_DENIED,
            Verdict::UnknownLine => result::USER_UNKNOWN,
        },
        Outcome::Enough(_) | Outcome::Debited(true) => result::SUCCESS,
        Outcome::Debited(false) => result::CREDIT_LIMIT_REACHED,
        Outcome::Failed(problem) if [BUSY_KEY, MOVING_KEY].contains(&problem.key) => result::TOO_BUSY,
        Outcome::Failed(problem) if problem.kind == basis::Kind::Invalid => result::UNABLE_TO_COMPLY,
        // Another of our nodes may be better off.
        Outcome::Failed(_) => result::UNABLE_TO_DELIVER,
    }
}

/// How one gateway is told what quota there is.
struct Manners<'a> {
    settings: &'a Settings,
    profile: &'a Profile,
}

impl<'a> Manners<'a> {
    fn about(&self, name: &Named, quota: Quota) -> gy::ServiceAnswer<'a> {
        let (volume_threshold, holding_time) = match quota {
            Quota::Granted(grant) => (grant.threshold_bytes(), Some(QUOTA_HOLDING_SECONDS)),
            Quota::None | Quota::Refused(_) | Quota::Slow { .. } => (None, None),
        };
        let (result_code, grant) = self.grant(quota);
        gy::ServiceAnswer {
            rating_group: name.rating_group,
            service_identifiers: name.service_identifiers.to_vec(),
            result_code: Some(result_code),
            grant,
            holding_time,
            volume_threshold,
        }
    }

    /// The Result-Code of a service, and its quota. A final unit without quota means at once (RFC 8506 §5.6.2): it comes
    /// with success, for whoever hears 4012 may end the session and never see the page.
    fn grant(&self, quota: Quota) -> (u32, gy::Grant<'a>) {
        let at_once = |validity, final_unit| gy::Grant {
            granted: None,
            validity: Some(validity),
            final_unit: Some(final_unit),
        };
        match (quota, self.slower(), self.top_up()) {
            (Quota::None, ..) => (result::SUCCESS, gy::Grant::default()),
            (Quota::Granted(grant), ..) => (result::SUCCESS, self.granted(grant)),
            (Quota::Slow { validity_seconds }, Some(slower), _) => {
                (result::SUCCESS, at_once(validity_seconds, slower))
            }
            (Quota::Refused(Refusal::UsedUp | Refusal::NotCovered) | Quota::Slow { .. }, _, Some(page)) => {
                (result::SUCCESS, at_once(self.look_again_seconds(), page))
            }
            (Quota::Refused(Refusal::TooManyGroups), ..) => {
                (result::END_USER_SERVICE_DENIED, gy::Grant::default())
            }
            (Quota::Refused(_) | Quota::Slow { .. }, ..) => {
                (result::CREDIT_LIMIT_REACHED, gy::Grant::default())
            }
        }
    }

    fn granted(&self, grant: Grant) -> gy::Grant<'a> {
        let end = || self.top_up().unwrap_or_else(FinalUnit::terminate);
        gy::Grant {
            granted: Some(Units::octets(grant.bytes)),
            validity: Some(grant.validity_seconds),
            final_unit: match grant.behind {
                Behind::More => None,
                Behind::Nothing => Some(end()),
                Behind::Slow => Some(self.slower().unwrap_or_else(end)),
            },
        }
    }

    /// By its own filter, if the gateway has one.
    fn slower(&self) -> Option<FinalUnit<'a>> {
        self.profile.slow_filter.as_deref().map(FinalUnit::restrict)
    }

    /// To the page on which people buy more, if the gateway can lead them there.
    fn top_up(&self) -> Option<FinalUnit<'a>> {
        let leads = self.profile.supports_redirect && !self.settings.top_up_url.is_empty();
        leads.then(|| FinalUnit::redirect(&self.settings.top_up_url))
    }

    /// A gateway that cannot be told that there is more looks again soon.
    const fn look_again_seconds(&self) -> u32 {
        if self.profile.rar_effective { VALIDITY_SECONDS } else { LOW_VALIDITY_SECONDS }
    }
}

/// Appends the refusal of a request to `out`. A Credit-Control-Answer says again which request it was about, as far as
/// that can be read.
pub(super) fn refuse(message: &Message<'_>, error: &Error, origin: Origin<'_>, out: &mut Vec<u8>) {
    let is_credit_control = message.header().command == diameter::command::CREDIT_CONTROL;
    fits(Frame::to(message).write(out, error.result_code, origin, |writer| {
        if is_credit_control {
            name_again(message, writer);
        }
        writer.text(key::ERROR_MESSAGE, error.note);
        if let Some(failed) = &error.failed {
            writer.group(key::FAILED_AVP, |inside| {
                inside.raw(failed);
            });
        }
    }));
}

fn name_again(message: &Message<'_>, writer: &mut Writer<'_>) {
    writer.u32(key::AUTH_APPLICATION_ID, application::CREDIT_CONTROL);
    for name in [key::CC_REQUEST_TYPE, key::CC_REQUEST_NUMBER] {
        if let Some(value) = message.find(name).and_then(|avp| avp.u32().ok()) {
            writer.u32(name, value);
        }
    }
}

#[cfg(test)]
mod tests;
