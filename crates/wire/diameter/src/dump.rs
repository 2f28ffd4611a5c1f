//! A message as a person reads it in a log.

use std::fmt::{self, Display, Formatter};

use crate::{
    Avp, Avps, Flags, Key, Message,
    dictionary::{self, Kind},
    key, result,
};

/// Texts and addresses that may stand in a log: names of machines, of sessions, of contracts, and who is served.
/// Any other text, address or string of bytes is a person's business, or could be: its length must do.
const SHOWN: &[Key] = &[
    key::CALLED_STATION_ID,
    key::CHARGING_RULE_BASE_NAME,
    key::ERROR_MESSAGE,
    key::FILTER_ID,
    key::GGSN_ADDRESS,
    key::HOST_IP_ADDRESS,
    key::PRODUCT_NAME,
    key::REDIRECT_SERVER_ADDRESS,
    key::SERVICE_CONTEXT_ID,
    key::SESSION_ID,
    key::SGSN_ADDRESS,
    key::SUBSCRIPTION_ID_DATA,
    key::SUBSCRIPTION_ID_E164,
    key::SUBSCRIPTION_ID_IMSI,
    key::TGPP_CHARGING_CHARACTERISTICS,
    key::TGPP_GGSN_MCC_MNC,
    key::TGPP_IMSI,
    key::TGPP_IMSI_MCC_MNC,
    key::TGPP_SGSN_MCC_MNC,
    key::USER_NAME,
];

/// `Credit-Control-Request T app 4 hbh 00000001 e2e 00000002 { Session-Id "gw;1;2", CC-Request-Type 1, .. }`
impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let header = self.header();
        match dictionary::command_name(header.command) {
            Some(name) => write!(f, "{name}")?,
            None => write!(f, "Command {}", header.command)?,
        }
        f.write_str(if header.is_request() { "-Request" } else { "-Answer" })?;
        for (flag, letter) in [(Flags::ERROR, " E"), (Flags::RETRANSMITTED, " T")] {
            if header.flags.has(flag) {
                f.write_str(letter)?;
            }
        }
        write!(
            f,
            " app {} hbh {:08x} e2e {:08x} ",
            header.application, header.hop_by_hop, header.end_to_end
        )?;
        group(f, self.avps())
    }
}

/// `Rating-Group 1`; what the dictionary does not know is `Avp 10415/9999 <4 bytes>`.
impl Display for Avp<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(entry) = dictionary::lookup(self.key()) else {
            return write!(f, "Avp {}/{} <{} bytes>", self.key().vendor, self.key().code, self.data().len());
        };
        write!(f, "{} ", entry.name)?;
        let written = match entry.kind {
            Kind::Grouped => self.group().ok().map(|avps| group(f, avps)),
            Kind::Unsigned32 if self.key() == key::RESULT_CODE => {
                self.u32().ok().map(|code| result_code(f, code))
            }
            Kind::Unsigned32 | Kind::Enumerated => self.u32().ok().map(|value| write!(f, "{value}")),
            Kind::Unsigned64 => self.u64().ok().map(|value| write!(f, "{value}")),
            Kind::Integer32 => self.i32().ok().map(|value| write!(f, "{value}")),
            Kind::Integer64 => self.i64().ok().map(|value| write!(f, "{value}")),
            Kind::Float32 => self.f32().ok().map(|value| write!(f, "{value}")),
            Kind::Float64 => self.f64().ok().map(|value| write!(f, "{value}")),
            Kind::Time => self.time().ok().map(|time| write!(f, "@{}", time.unix_seconds())),
            Kind::DiameterIdentity | Kind::DiameterURI => self.text().ok().map(|text| write!(f, "{text:?}")),
            Kind::UTF8String if self.is_shown() => self.text().ok().map(|text| write!(f, "{text:?}")),
            Kind::Address if self.is_shown() => self.address().ok().map(|address| write!(f, "{address}")),
            _ => None,
        };
        written.unwrap_or_else(|| write!(f, "<{} bytes>", self.data().len()))
    }
}

impl Avp<'_> {
    fn is_shown(&self) -> bool {
        SHOWN.contains(&self.key())
    }
}

fn group(f: &mut Formatter<'_>, avps: Avps<'_>) -> fmt::Result {
    f.write_str("{")?;
    for (at, avp) in avps.enumerate() {
        write!(f, "{} {avp}", if at == 0 { "" } else { "," })?;
    }
    f.write_str(" }")
}

fn result_code(f: &mut Formatter<'_>, code: u32) -> fmt::Result {
    write!(f, "{code}")?;
    match dictionary::result_name(code) {
        Some(name) if code != result::SUCCESS => write!(f, " {name}"),
        _ => Ok(()),
    }
}
