//! Credit-Control-Answer: what the gateway gets.

use super::{FinalUnit, RequestType, Units};
use crate::{
    Answer, Avp, Error, Message, Origin, TooLong, Writer, application,
    base::maybe,
    fields::{enumerated, named, once, required},
    key,
};

enumerated! {
    /// Credit-Control-Failure-Handling: what the gateway does when nobody answers.
    FailureHandling {
        /// The service ends.
        Terminate = 0,
        /// The service goes on, uncharged.
        Continue = 1,
        /// Someone else is asked first.
        RetryAndTerminate = 2,
    }
}

/// Check-Balance-Result.
const ENOUGH_CREDIT: u32 = 0;
const NO_CREDIT: u32 = 1;

/// A Credit-Control-Answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cca<'a> {
    /// Session-Id. When writing, the request's stands instead: [`Answer`] has it.
    pub session_id: Option<&'a str>,
    /// Result-Code, about the user as a whole.
    pub result_code: u32,
    /// Who answers.
    pub origin: Origin<'a>,
    /// The request's.
    pub request_type: RequestType,
    /// The request's.
    pub request_number: u32,
    /// CC-Session-Failover: whether another server may be asked in the middle of the session.
    pub session_failover: Option<bool>,
    /// What the gateway does when nobody answers.
    pub failure_handling: Option<FailureHandling>,
    /// Check-Balance-Result, to an event that asks: whether there is enough.
    pub enough: Option<bool>,
    /// Multiple-Services-Credit-Control, in the request's order.
    pub services: Vec<ServiceAnswer<'a>>,
    /// The grant for a gateway that uses no Multiple-Services-Credit-Control.
    pub plain: Grant<'a>,
}

/// A grant, or what is left instead of one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grant<'a> {
    /// Granted-Service-Unit.
    pub granted: Option<Units>,
    /// Validity-Time in seconds: the gateway reports then at the latest.
    pub validity: Option<u32>,
    /// This is the last grant.
    pub final_unit: Option<FinalUnit<'a>>,
}

/// The answer for one service: one Multiple-Services-Credit-Control.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServiceAnswer<'a> {
    /// Rating-Group, as asked.
    pub rating_group: Option<u32>,
    /// Service-Identifier, as asked.
    pub service_identifiers: Vec<u32>,
    /// Result-Code for this service.
    pub result_code: Option<u32>,
    /// What is granted.
    pub grant: Grant<'a>,
    /// Quota-Holding-Time in seconds: without use for so long, the gateway gives the quota back.
    pub holding_time: Option<u32>,
    /// Volume-Quota-Threshold: the octets left at which the gateway asks for more. Never with a final unit indication.
    pub volume_threshold: Option<u32>,
}

impl<'a> Grant<'a> {
    fn take(&mut self, avp: &Avp<'a>) -> Result<(), Error> {
        match avp.key() {
            key::GRANTED_SERVICE_UNIT => once(&mut self.granted, avp, Units::read(avp)),
            key::VALIDITY_TIME => once(&mut self.validity, avp, avp.u32()),
            key::FINAL_UNIT_INDICATION | key::QOS_FINAL_UNIT_INDICATION => {
                self.final_unit = Some(FinalUnit::read(avp)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        if let Some(granted) = &self.granted {
            granted.write(key::GRANTED_SERVICE_UNIT, writer);
        }
        maybe(writer, key::VALIDITY_TIME, self.validity);
        if let Some(final_unit) = &self.final_unit {
            final_unit.write(writer);
        }
    }
}

impl<'a> ServiceAnswer<'a> {
    fn read(group: &Avp<'a>) -> Result<Self, Error> {
        let mut this = Self::default();
        for avp in group.group()? {
            match avp.key() {
                key::RATING_GROUP => once(&mut this.rating_group, &avp, avp.u32())?,
                key::SERVICE_IDENTIFIER => this.service_identifiers.push(avp.u32()?),
                key::RESULT_CODE => once(&mut this.result_code, &avp, avp.u32())?,
                key::QUOTA_HOLDING_TIME => once(&mut this.holding_time, &avp, avp.u32())?,
                key::VOLUME_QUOTA_THRESHOLD => once(&mut this.volume_threshold, &avp, avp.u32())?,
                _ => this.grant.take(&avp)?,
            }
        }
        Ok(this)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.group(key::MULTIPLE_SERVICES_CREDIT_CONTROL, |inside| {
            for service in &self.service_identifiers {
                inside.u32(key::SERVICE_IDENTIFIER, *service);
            }
            maybe(inside, key::RATING_GROUP, self.rating_group);
            self.grant.write(inside);
            maybe(inside, key::RESULT_CODE, self.result_code);
            maybe(inside, key::VOLUME_QUOTA_THRESHOLD, self.volume_threshold);
            maybe(inside, key::QUOTA_HOLDING_TIME, self.holding_time);
        });
    }
}

impl<'a> Cca<'a> {
    /// An answer without any grant.
    pub const fn new(
        result_code: u32,
        origin: Origin<'a>,
        request_type: RequestType,
        request_number: u32,
    ) -> Self {
        Self {
            session_id: None,
            result_code,
            origin,
            request_type,
            request_number,
            session_failover: None,
            failure_handling: None,
            enough: None,
            services: Vec::new(),
            plain: Grant { granted: None, validity: None, final_unit: None },
        }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// As for a request. An answer with the E flag may lack CC-Request-Type: read it as [`crate::Outcome`].
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        let outcome = crate::Outcome::read(message)?;
        let (mut request_type, mut request_number) = (None, None);
        let mut this = Self::new(outcome.result_code, outcome.origin, RequestType::Event, 0);
        this.session_id = outcome.session_id;
        for avp in message.avps() {
            match avp.key() {
                key::CC_REQUEST_TYPE => once(&mut request_type, &avp, named(&avp, RequestType::from_code))?,
                key::CC_REQUEST_NUMBER => once(&mut request_number, &avp, avp.u32())?,
                key::CC_SESSION_FAILOVER => this.session_failover = Some(avp.u32()? == 1),
                key::CHECK_BALANCE_RESULT => this.enough = Some(avp.u32()? == ENOUGH_CREDIT),
                // python-diameter sends it twice.
                key::CREDIT_CONTROL_FAILURE_HANDLING => {
                    this.failure_handling = FailureHandling::from_code(avp.u32()?);
                }
                key::MULTIPLE_SERVICES_CREDIT_CONTROL => this.services.push(ServiceAnswer::read(&avp)?),
                _ => this.plain.take(&avp)?,
            }
        }
        this.request_type = required(request_type, key::CC_REQUEST_TYPE)?;
        this.request_number = required(request_number, key::CC_REQUEST_NUMBER)?;
        Ok(this)
    }

    /// Appends the answer to `out`.
    pub fn write(&self, answer: &Answer, out: &mut Vec<u8>) -> Result<(), TooLong> {
        answer.write(out, self.result_code, self.origin, |writer| {
            writer
                .u32(key::AUTH_APPLICATION_ID, application::CREDIT_CONTROL)
                .u32(key::CC_REQUEST_TYPE, self.request_type.code())
                .u32(key::CC_REQUEST_NUMBER, self.request_number);
            maybe(writer, key::CC_SESSION_FAILOVER, self.session_failover.map(u32::from));
            let enough = self.enough.map(|enough| if enough { ENOUGH_CREDIT } else { NO_CREDIT });
            maybe(writer, key::CHECK_BALANCE_RESULT, enough);
            self.plain.write(writer);
            for service in &self.services {
                service.write(writer);
            }
            let handling = self.failure_handling.map(FailureHandling::code);
            maybe(writer, key::CREDIT_CONTROL_FAILURE_HANDLING, handling);
        })
    }
}
