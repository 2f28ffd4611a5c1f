//! What the server asks of a gateway: report now, or end the session. Both are answered by an [`crate::Outcome`],
//! which [`crate::Answer::write`] writes.

use crate::{
    Error, Ids, Message, Origin, TooLong, Writer, application,
    base::{command, maybe},
    key,
};

/// Re-Auth-Request-Type AUTHORIZE_ONLY, the only one that credit control knows.
const AUTHORIZE_ONLY: u32 = 0;

/// Re-Auth-Request: report what you used, and ask again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReAuth<'a> {
    /// The gateway's session.
    pub session_id: &'a str,
    /// Who asks.
    pub origin: Origin<'a>,
    /// The gateway's realm: its Origin-Realm.
    pub destination_realm: &'a str,
    /// The gateway: its Origin-Host.
    pub destination_host: &'a str,
    /// Only this rating group; `None` for all.
    pub rating_group: Option<u32>,
    /// Only this service; `None` for all.
    pub service_identifier: Option<u32>,
}

/// Abort-Session-Request: end the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abort<'a> {
    /// The gateway's session.
    pub session_id: &'a str,
    /// Who asks.
    pub origin: Origin<'a>,
    /// The gateway's realm: its Origin-Realm.
    pub destination_realm: &'a str,
    /// The gateway: its Origin-Host.
    pub destination_host: &'a str,
}

impl<'a> ReAuth<'a> {
    /// Reads a request.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        let abort = Abort::read(message)?;
        let number = |key| message.find(key).map(|avp| avp.u32()).transpose();
        Ok(Self {
            session_id: abort.session_id,
            origin: abort.origin,
            destination_realm: abort.destination_realm,
            destination_host: abort.destination_host,
            rating_group: number(key::RATING_GROUP)?,
            service_identifier: number(key::SERVICE_IDENTIFIER)?,
        })
    }

    /// Appends the request to `out`.
    pub fn write(&self, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut writer = Writer::new(out, &ids.header(command::RE_AUTH, application::CREDIT_CONTROL));
        let to = (self.destination_realm, self.destination_host);
        write_envelope(&mut writer, self.session_id, self.origin, to);
        writer.u32(key::RE_AUTH_REQUEST_TYPE, AUTHORIZE_ONLY);
        maybe(&mut writer, key::RATING_GROUP, self.rating_group);
        maybe(&mut writer, key::SERVICE_IDENTIFIER, self.service_identifier);
        writer.finish()
    }
}

impl<'a> Abort<'a> {
    /// Reads a request.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        Ok(Self {
            session_id: message.require(key::SESSION_ID)?.text()?,
            origin: Origin::read(message)?,
            destination_realm: message.require(key::DESTINATION_REALM)?.identity()?,
            destination_host: message.require(key::DESTINATION_HOST)?.identity()?,
        })
    }

    /// Appends the request to `out`.
    pub fn write(&self, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut writer = Writer::new(out, &ids.header(command::ABORT_SESSION, application::CREDIT_CONTROL));
        let to = (self.destination_realm, self.destination_host);
        write_envelope(&mut writer, self.session_id, self.origin, to);
        writer.finish()
    }
}

fn write_envelope(
    writer: &mut Writer<'_>,
    session_id: &str,
    origin: Origin<'_>,
    (realm, host): (&str, &str),
) {
    writer.text(key::SESSION_ID, session_id);
    origin.write(writer);
    writer
        .text(key::DESTINATION_REALM, realm)
        .text(key::DESTINATION_HOST, host)
        .u32(key::AUTH_APPLICATION_ID, application::CREDIT_CONTROL);
}
