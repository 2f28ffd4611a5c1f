//! Credit-Control-Request: what a gateway asks and reports.

use super::{Equipment, PsInformation, ReportingReason, Subscription, SubscriptionKind, Units, Used};
use crate::{
    Avp, Error, Ids, Message, Origin, Time, TooLong, Writer, application,
    base::{command, maybe},
    fields::{enumerated, named, once, required},
    key,
};

enumerated! {
    /// CC-Request-Type: where in its life a session is.
    RequestType {
        /// The session begins.
        Initial = 1,
        /// It reports, and asks for more.
        Update = 2,
        /// It has ended and reports for the last time.
        Termination = 3,
        /// No session: one event.
        Event = 4,
    }
}

enumerated! {
    /// Requested-Action of an event.
    RequestedAction {
        /// Debit at once.
        DirectDebiting = 0,
        /// Give back what an event debited.
        RefundAccount = 1,
        /// Is there enough?
        CheckBalance = 2,
        /// What would it cost?
        PriceEnquiry = 3,
    }
}

/// A Credit-Control-Request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ccr<'a> {
    /// Session-Id.
    pub session_id: &'a str,
    /// The gateway.
    pub origin: Origin<'a>,
    /// Destination-Realm.
    pub destination_realm: Option<&'a str>,
    /// Destination-Host.
    pub destination_host: Option<&'a str>,
    /// Service-Context-Id: [`Ccr::is_packet_switched`].
    pub service_context_id: &'a str,
    /// CC-Request-Type.
    pub request_type: RequestType,
    /// CC-Request-Number: with the Session-Id, names a request whatever is sent again.
    pub request_number: u32,
    /// User-Name.
    pub user_name: Option<&'a str>,
    /// Grows with every restart of the gateway that lost its sessions.
    pub origin_state_id: Option<u32>,
    /// When it happened.
    pub event_timestamp: Option<Time>,
    /// Every name of the subscriber.
    pub subscriptions: Vec<Subscription<'a>>,
    /// Termination-Cause: 1 logout, 4 administrative, 5 link broken, 8 session timeout.
    pub termination_cause: Option<u32>,
    /// Requested-Action, of events.
    pub requested_action: Option<RequestedAction>,
    /// Multiple-Services-Indicator: whether the gateway can handle several Multiple-Services-Credit-Control.
    pub multiple_services: Option<bool>,
    /// Multiple-Services-Credit-Control, in their order.
    pub services: Vec<ServiceRequest>,
    /// Asked for, used and why, by a gateway that uses no Multiple-Services-Credit-Control.
    pub plain: ServiceRequest,
    /// The device.
    pub equipment: Option<Equipment<'a>>,
    /// Service-Information > PS-Information.
    pub ps: PsInformation<'a>,
}

/// What is asked for and reported for one service: one Multiple-Services-Credit-Control.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceRequest {
    /// Requested-Service-Unit; often there but empty: as much as you will.
    pub requested: Option<Units>,
    /// Every Used-Service-Unit; they add up.
    pub used: Vec<Used>,
    /// Rating-Group.
    pub rating_group: Option<u32>,
    /// Service-Identifier.
    pub service_identifiers: Vec<u32>,
    /// Why it is reported.
    pub reason: Option<ReportingReason>,
}

impl ServiceRequest {
    /// The data that all of [`ServiceRequest::used`] report; `None` if they speak of no data.
    pub fn data_used(&self) -> Option<u64> {
        self.used.iter().filter_map(|used| used.units.data()).reduce(u64::saturating_add)
    }

    fn read(group: &Avp<'_>) -> Result<Self, Error> {
        let mut this = Self::default();
        group.group()?.try_for_each(|avp| this.take(&avp))?;
        Ok(this)
    }

    fn take(&mut self, avp: &Avp<'_>) -> Result<(), Error> {
        match avp.key() {
            key::REQUESTED_SERVICE_UNIT => once(&mut self.requested, avp, Units::read(avp))?,
            key::USED_SERVICE_UNIT => self.used.push(Used::read(avp)?),
            key::RATING_GROUP => once(&mut self.rating_group, avp, avp.u32())?,
            key::SERVICE_IDENTIFIER => self.service_identifiers.push(avp.u32()?),
            key::REPORTING_REASON => self.reason = ReportingReason::from_code(avp.u32()?),
            _ => {}
        }
        Ok(())
    }

    fn write(&self, writer: &mut Writer<'_>) {
        if let Some(requested) = &self.requested {
            requested.write(key::REQUESTED_SERVICE_UNIT, writer);
        }
        for used in &self.used {
            used.write(writer);
        }
        for service in &self.service_identifiers {
            writer.u32(key::SERVICE_IDENTIFIER, *service);
        }
        maybe(writer, key::RATING_GROUP, self.rating_group);
        maybe(writer, key::REPORTING_REASON, self.reason.map(ReportingReason::code));
    }
}

/// What a request has said so far, while it is read.
#[derive(Default)]
struct Reading<'a> {
    session_id: Option<&'a str>,
    origin_host: Option<&'a str>,
    origin_realm: Option<&'a str>,
    destination_realm: Option<&'a str>,
    destination_host: Option<&'a str>,
    service_context_id: Option<&'a str>,
    request_type: Option<RequestType>,
    request_number: Option<u32>,
    user_name: Option<&'a str>,
    origin_state_id: Option<u32>,
    event_timestamp: Option<Time>,
    subscriptions: Vec<Subscription<'a>>,
    termination_cause: Option<u32>,
    requested_action: Option<RequestedAction>,
    multiple_services: Option<u32>,
    services: Vec<ServiceRequest>,
    plain: ServiceRequest,
    equipment: Option<Equipment<'a>>,
    ps: PsInformation<'a>,
}

impl<'a> Reading<'a> {
    fn take(&mut self, avp: &Avp<'a>) -> Result<(), Error> {
        match avp.key() {
            key::SESSION_ID => once(&mut self.session_id, avp, avp.text()),
            key::ORIGIN_HOST => once(&mut self.origin_host, avp, avp.identity()),
            key::ORIGIN_REALM => once(&mut self.origin_realm, avp, avp.identity()),
            key::DESTINATION_REALM => once(&mut self.destination_realm, avp, avp.identity()),
            key::DESTINATION_HOST => once(&mut self.destination_host, avp, avp.identity()),
            key::SERVICE_CONTEXT_ID => once(&mut self.service_context_id, avp, avp.text()),
            key::CC_REQUEST_TYPE => once(&mut self.request_type, avp, named(avp, RequestType::from_code)),
            key::CC_REQUEST_NUMBER => once(&mut self.request_number, avp, avp.u32()),
            key::USER_NAME => once(&mut self.user_name, avp, avp.text()),
            key::ORIGIN_STATE_ID => once(&mut self.origin_state_id, avp, avp.u32()),
            key::EVENT_TIMESTAMP => once(&mut self.event_timestamp, avp, avp.time()),
            key::TERMINATION_CAUSE => once(&mut self.termination_cause, avp, avp.u32()),
            key::REQUESTED_ACTION => {
                once(&mut self.requested_action, avp, named(avp, RequestedAction::from_code))
            }
            key::MULTIPLE_SERVICES_INDICATOR => once(&mut self.multiple_services, avp, avp.u32()),
            _ => self.take_group(avp),
        }
    }

    fn take_group(&mut self, avp: &Avp<'a>) -> Result<(), Error> {
        match avp.key() {
            key::SUBSCRIPTION_ID => self.subscriptions.extend(Subscription::read(avp)?),
            key::SUBSCRIPTION_ID_EXTENSION => self.subscriptions.extend(Subscription::read_extension(avp)?),
            key::MULTIPLE_SERVICES_CREDIT_CONTROL => self.services.push(ServiceRequest::read(avp)?),
            key::USER_EQUIPMENT_INFO => self.equipment = Equipment::read(avp),
            _ => {
                self.plain.take(avp)?;
                self.ps.take(avp);
            }
        }
        Ok(())
    }

    fn done(self) -> Result<Ccr<'a>, Error> {
        Ok(Ccr {
            session_id: required(self.session_id, key::SESSION_ID)?,
            origin: Origin {
                host: required(self.origin_host, key::ORIGIN_HOST)?,
                realm: required(self.origin_realm, key::ORIGIN_REALM)?,
            },
            destination_realm: self.destination_realm,
            destination_host: self.destination_host,
            service_context_id: required(self.service_context_id, key::SERVICE_CONTEXT_ID)?,
            request_type: required(self.request_type, key::CC_REQUEST_TYPE)?,
            request_number: required(self.request_number, key::CC_REQUEST_NUMBER)?,
            user_name: self.user_name,
            origin_state_id: self.origin_state_id,
            event_timestamp: self.event_timestamp,
            subscriptions: self.subscriptions,
            termination_cause: self.termination_cause,
            requested_action: self.requested_action,
            multiple_services: self.multiple_services.map(|indicator| indicator == 1),
            services: self.services,
            plain: self.plain,
            equipment: self.equipment,
            ps: self.ps,
        })
    }
}

impl<'a> Ccr<'a> {
    /// A request with what it must have and nothing else.
    pub fn new(
        session_id: &'a str,
        origin: Origin<'a>,
        service_context_id: &'a str,
        request_type: RequestType,
        request_number: u32,
    ) -> Self {
        Self {
            session_id,
            origin,
            destination_realm: None,
            destination_host: None,
            service_context_id,
            request_type,
            request_number,
            user_name: None,
            origin_state_id: None,
            event_timestamp: None,
            subscriptions: Vec::new(),
            termination_cause: None,
            requested_action: None,
            multiple_services: None,
            services: Vec::new(),
            plain: ServiceRequest::default(),
            equipment: None,
            ps: PsInformation::default(),
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// MISSING_AVP, AVP_OCCURS_TOO_MANY_TIMES, INVALID_AVP_VALUE or INVALID_AVP_LENGTH, with the AVP to blame.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        let mut reading = Reading::default();
        message.avps().try_for_each(|avp| reading.take(&avp))?;
        reading.done()
    }

    /// Whether it is about data sessions (TS 32.251), of whatever release and operator.
    pub fn is_packet_switched(&self) -> bool {
        let context = self.service_context_id;
        context == "32251@3gpp.org" || context.ends_with(".32251@3gpp.org")
    }

    /// The first name of this kind.
    pub fn subscription(&self, kind: SubscriptionKind) -> Option<&'a str> {
        self.subscriptions.iter().find(|name| name.kind == kind).map(|name| name.data)
    }

    /// Appends the request to `out`.
    pub fn write(&self, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let header = ids.header(command::CREDIT_CONTROL, application::CREDIT_CONTROL);
        let mut writer = Writer::new(out, &header);
        self.write_envelope(&mut writer);
        for subscription in &self.subscriptions {
            subscription.write(&mut writer);
        }
        maybe(&mut writer, key::TERMINATION_CAUSE, self.termination_cause);
        self.plain.write(&mut writer);
        maybe(&mut writer, key::REQUESTED_ACTION, self.requested_action.map(RequestedAction::code));
        maybe(&mut writer, key::MULTIPLE_SERVICES_INDICATOR, self.multiple_services.map(u32::from));
        for service in &self.services {
            writer.group(key::MULTIPLE_SERVICES_CREDIT_CONTROL, |inside| service.write(inside));
        }
        if let Some(equipment) = &self.equipment {
            equipment.write(&mut writer);
        }
        self.ps.write(&mut writer);
        writer.finish()
    }

    fn write_envelope(&self, writer: &mut Writer<'_>) {
        writer.text(key::SESSION_ID, self.session_id);
        self.origin.write(writer);
        for (name, value) in [
            (key::DESTINATION_REALM, self.destination_realm),
            (key::DESTINATION_HOST, self.destination_host),
            (key::USER_NAME, self.user_name),
        ] {
            if let Some(value) = value {
                writer.text(name, value);
            }
        }
        writer
            .u32(key::AUTH_APPLICATION_ID, application::CREDIT_CONTROL)
            .text(key::SERVICE_CONTEXT_ID, self.service_context_id)
            .u32(key::CC_REQUEST_TYPE, self.request_type.code())
            .u32(key::CC_REQUEST_NUMBER, self.request_number);
        maybe(writer, key::ORIGIN_STATE_ID, self.origin_state_id);
        if let Some(time) = self.event_timestamp {
            writer.time(key::EVENT_TIMESTAMP, time);
        }
    }
}
