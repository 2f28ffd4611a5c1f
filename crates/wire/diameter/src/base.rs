//! The base protocol's commands between two peers (RFC 6733 §5): who they are, whether they live, and good-bye.

use std::net::IpAddr;

use crate::{
    Answer, Avp, Error, Flags, Header, Key, Message, TooLong, Writer,
    fields::{enumerated, named},
    key,
};

/// Command codes.
pub mod command {
    /// Capabilities-Exchange: CER and CEA.
    pub const CAPABILITIES_EXCHANGE: u32 = 257;
    /// Re-Auth: RAR and RAA.
    pub const RE_AUTH: u32 = 258;
    /// Credit-Control: CCR and CCA.
    pub const CREDIT_CONTROL: u32 = 272;
    /// Abort-Session: ASR and ASA.
    pub const ABORT_SESSION: u32 = 274;
    /// Device-Watchdog: DWR and DWA.
    pub const DEVICE_WATCHDOG: u32 = 280;
    /// Disconnect-Peer: DPR and DPA.
    pub const DISCONNECT_PEER: u32 = 282;
}

/// Application ids.
pub mod application {
    /// The base protocol itself.
    pub const BASE: u32 = 0;
    /// Credit control, and so Gy.
    pub const CREDIT_CONTROL: u32 = 4;
    /// A relay: whatever passes through it.
    pub const RELAY: u32 = 0xffff_ffff;
}

/// The ids of a request that is about to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ids {
    /// Unique among the open requests of one connection.
    pub hop_by_hop: u32,
    /// Unique for this host for at least 4 minutes, even across restarts.
    pub end_to_end: u32,
    /// Whether this request may have been sent before (the T flag).
    pub retransmitted: bool,
}

impl Ids {
    /// The header of a request between neighbours, or, for `application` other than the base, of one that may be relayed.
    pub fn header(self, command: u32, application: u32) -> Header {
        let mut flags = Flags::REQUEST;
        if application != application::BASE {
            flags = flags.with(Flags::PROXIABLE);
        }
        if self.retransmitted {
            flags = flags.with(Flags::RETRANSMITTED);
        }
        Header { flags, command, application, hop_by_hop: self.hop_by_hop, end_to_end: self.end_to_end }
    }
}

/// Who sent a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Origin<'a> {
    /// Origin-Host.
    pub host: &'a str,
    /// Origin-Realm.
    pub realm: &'a str,
}

impl<'a> Origin<'a> {
    /// Of any message.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        Ok(Self {
            host: message.require(key::ORIGIN_HOST)?.identity()?,
            realm: message.require(key::ORIGIN_REALM)?.identity()?,
        })
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.text(key::ORIGIN_HOST, self.host).text(key::ORIGIN_REALM, self.realm);
    }
}

/// What every answer says, and all that RAA, ASA, DWA and DPA say that matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome<'a> {
    /// Session-Id, in the answers that belong to a session.
    pub session_id: Option<&'a str>,
    /// Result-Code.
    pub result_code: u32,
    /// Who answers.
    pub origin: Origin<'a>,
    /// Error-Message, for a person.
    pub error_message: Option<&'a str>,
}

impl<'a> Outcome<'a> {
    /// Of any answer.
    pub fn read(answer: &Message<'a>) -> Result<Self, Error> {
        Ok(Self {
            session_id: answer.find(key::SESSION_ID).map(|avp| avp.text()).transpose()?,
            result_code: answer.require(key::RESULT_CODE)?.u32()?,
            origin: Origin::read(answer)?,
            error_message: answer.find(key::ERROR_MESSAGE).and_then(|avp| avp.text().ok()),
        })
    }
}

/// What of Vendor-Specific-Application-Id matters.
const APPLICATION_IDS: [Key; 2] = [key::AUTH_APPLICATION_ID, key::ACCT_APPLICATION_ID];

/// Capabilities-Exchange: what a peer is and serves, in CER and CEA alike.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Capabilities<'a> {
    /// Who.
    pub origin: Origin<'a>,
    /// Host-IP-Address, at least one.
    pub addresses: Vec<IpAddr>,
    /// Vendor-Id of the software's maker.
    pub vendor_id: u32,
    /// Product-Name.
    pub product_name: &'a str,
    /// Grows with every restart that lost the sessions.
    pub origin_state_id: Option<u32>,
    /// Supported-Vendor-Id.
    pub supported_vendors: Vec<u32>,
    /// Auth-Application-Id, also those inside Vendor-Specific-Application-Id.
    pub auth_applications: Vec<u32>,
    /// Acct-Application-Id, also those inside Vendor-Specific-Application-Id.
    pub acct_applications: Vec<u32>,
    /// Inband-Security-Id: 0 none, 1 TLS.
    pub inband_security: Vec<u32>,
    /// Firmware-Revision.
    pub firmware_revision: Option<u32>,
}

impl<'a> Capabilities<'a> {
    /// Of a CER or a CEA.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        let mut this = Self {
            origin: Origin::read(message)?,
            vendor_id: message.require(key::VENDOR_ID)?.u32()?,
            product_name: message.require(key::PRODUCT_NAME)?.text()?,
            origin_state_id: number(message, key::ORIGIN_STATE_ID)?,
            firmware_revision: number(message, key::FIRMWARE_REVISION)?,
            ..Self::default()
        };
        message.avps().try_for_each(|avp| this.take(&avp))?;
        if this.addresses.is_empty() {
            return Err(Error::missing(key::HOST_IP_ADDRESS));
        }
        Ok(this)
    }

    fn take(&mut self, avp: &Avp<'a>) -> Result<(), Error> {
        match avp.key() {
            key::HOST_IP_ADDRESS => self.addresses.push(avp.address()?),
            key::SUPPORTED_VENDOR_ID => self.supported_vendors.push(avp.u32()?),
            key::AUTH_APPLICATION_ID => self.auth_applications.push(avp.u32()?),
            key::ACCT_APPLICATION_ID => self.acct_applications.push(avp.u32()?),
            key::INBAND_SECURITY_ID => self.inband_security.push(avp.u32()?),
            key::VENDOR_SPECIFIC_APPLICATION_ID => {
                for inside in avp.group()?.filter(|inside| APPLICATION_IDS.contains(&inside.key())) {
                    self.take(&inside)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether requests of this application can reach the peer, or pass through it.
    pub fn serves(&self, application: u32) -> bool {
        let mut all = self.auth_applications.iter().chain(&self.acct_applications);
        all.any(|id| [application, application::RELAY].contains(id))
    }

    /// Appends a CER to `out`.
    pub fn write_request(&self, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let header = ids.header(command::CAPABILITIES_EXCHANGE, application::BASE);
        let mut writer = Writer::new(out, &header);
        self.origin.write(&mut writer);
        self.write(&mut writer);
        writer.finish()
    }

    /// Appends a CEA to `out`.
    pub fn write_answer(&self, answer: &Answer, result_code: u32, out: &mut Vec<u8>) -> Result<(), TooLong> {
        answer.write(out, result_code, self.origin, |writer| self.write(writer))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        for address in &self.addresses {
            writer.address(key::HOST_IP_ADDRESS, *address);
        }
        writer.u32(key::VENDOR_ID, self.vendor_id).text(key::PRODUCT_NAME, self.product_name);
        maybe(writer, key::ORIGIN_STATE_ID, self.origin_state_id);
        for (name, values) in [
            (key::SUPPORTED_VENDOR_ID, &self.supported_vendors),
            (key::AUTH_APPLICATION_ID, &self.auth_applications),
            (key::INBAND_SECURITY_ID, &self.inband_security),
            (key::ACCT_APPLICATION_ID, &self.acct_applications),
        ] {
            for value in values {
                writer.u32(name, *value);
            }
        }
        maybe(writer, key::FIRMWARE_REVISION, self.firmware_revision);
    }
}

/// Device-Watchdog: still here. Its answer is an [`Outcome`], with the same Origin-State-Id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Watchdog<'a> {
    /// Who.
    pub origin: Origin<'a>,
    /// Grows with every restart that lost the sessions.
    pub origin_state_id: Option<u32>,
}

impl<'a> Watchdog<'a> {
    /// Of a DWR or a DWA.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        Ok(Self { origin: Origin::read(message)?, origin_state_id: number(message, key::ORIGIN_STATE_ID)? })
    }

    /// Appends a DWR to `out`.
    pub fn write_request(&self, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut writer = Writer::new(out, &ids.header(command::DEVICE_WATCHDOG, application::BASE));
        self.origin.write(&mut writer);
        maybe(&mut writer, key::ORIGIN_STATE_ID, self.origin_state_id);
        writer.finish()
    }

    /// Appends a DWA to `out`.
    pub fn write_answer(&self, answer: &Answer, result_code: u32, out: &mut Vec<u8>) -> Result<(), TooLong> {
        answer.write(out, result_code, self.origin, |writer| {
            maybe(writer, key::ORIGIN_STATE_ID, self.origin_state_id);
        })
    }
}

enumerated! {
    /// Why a peer takes its leave.
    DisconnectCause {
        /// It will be back soon.
        Rebooting = 0,
        /// It has too little room; ask again later.
        Busy = 1,
        /// It sees no need for the connection.
        DoNotWantToTalkToYou = 2,
    }
}

/// Disconnect-Peer. Its answer is an [`Outcome`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Disconnect<'a> {
    /// Who.
    pub origin: Origin<'a>,
    /// Why.
    pub cause: DisconnectCause,
}

impl<'a> Disconnect<'a> {
    /// Of a DPR.
    pub fn read(message: &Message<'a>) -> Result<Self, Error> {
        let cause = named(&message.require(key::DISCONNECT_CAUSE)?, DisconnectCause::from_code)?;
        Ok(Self { origin: Origin::read(message)?, cause })
    }

    /// Appends a DPR to `out`.
    pub fn write_request(&self, ids: Ids, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut writer = Writer::new(out, &ids.header(command::DISCONNECT_PEER, application::BASE));
        self.origin.write(&mut writer);
        writer.u32(key::DISCONNECT_CAUSE, self.cause.code());
        writer.finish()
    }
}

pub(crate) fn maybe(writer: &mut Writer<'_>, key: Key, value: Option<u32>) {
    if let Some(value) = value {
        writer.u32(key, value);
    }
}

fn number(message: &Message<'_>, key: Key) -> Result<Option<u32>, Error> {
    message.find(key).map(|avp| avp.u32()).transpose()
}
