//! Who is served, and with what device.

use crate::{Avp, Error, Key, Writer, fields::enumerated, key};

enumerated! {
    /// What a Subscription-Id is.
    SubscriptionKind {
        /// A telephone number (MSISDN), digits only.
        E164 = 0,
        /// An IMSI.
        Imsi = 1,
        /// A SIP URI.
        SipUri = 2,
        /// A network access identifier.
        Nai = 3,
        /// The operator's own.
        Private = 4,
    }
}

/// One name of the subscriber: a Subscription-Id, or one of RFC 8506's Subscription-Id-Extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subscription<'a> {
    /// What it is.
    pub kind: SubscriptionKind,
    /// The name.
    pub data: &'a str,
}

impl<'a> Subscription<'a> {
    /// `None` for a kind that nobody has heard of.
    pub(super) fn read(group: &Avp<'a>) -> Result<Option<Self>, Error> {
        let inside = group.group()?;
        let part = |key: Key| inside.first(key).ok_or_else(|| Error::missing(key));
        let kind = SubscriptionKind::from_code(part(key::SUBSCRIPTION_ID_TYPE)?.u32()?);
        let data = part(key::SUBSCRIPTION_ID_DATA)?.text()?;
        Ok(kind.map(|kind| Self { kind, data }))
    }

    /// The first that the extension holds and that we know.
    pub(super) fn read_extension(group: &Avp<'a>) -> Result<Option<Self>, Error> {
        for avp in group.group()? {
            let kind = match avp.key() {
                key::SUBSCRIPTION_ID_E164 => SubscriptionKind::E164,
                key::SUBSCRIPTION_ID_IMSI => SubscriptionKind::Imsi,
                key::SUBSCRIPTION_ID_SIP_URI => SubscriptionKind::SipUri,
                key::SUBSCRIPTION_ID_NAI => SubscriptionKind::Nai,
                key::SUBSCRIPTION_ID_PRIVATE => SubscriptionKind::Private,
                _ => continue,
            };
            return Ok(Some(Self { kind, data: avp.text()? }));
        }
        Ok(None)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.group(key::SUBSCRIPTION_ID, |inside| {
            inside
                .u32(key::SUBSCRIPTION_ID_TYPE, self.kind.code())
                .text(key::SUBSCRIPTION_ID_DATA, self.data);
        });
    }
}

/// User-Equipment-Info.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Equipment<'a> {
    /// 0 IMEISV, 1 MAC, 2 EUI-64, 3 modified EUI-64.
    pub kind: u32,
    /// As it came.
    pub value: &'a [u8],
}

impl<'a> Equipment<'a> {
    pub(super) fn read(group: &Avp<'a>) -> Option<Self> {
        let inside = group.group().ok()?;
        let kind = inside.first(key::USER_EQUIPMENT_INFO_TYPE)?.u32().ok()?;
        Some(Self { kind, value: inside.first(key::USER_EQUIPMENT_INFO_VALUE)?.data() })
    }

    /// The digits of the IMEI(SV), from either coding that gateways use.
    pub fn imei(&self) -> Option<String> {
        if self.kind == 0 { imei_digits(self.value) } else { None }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.group(key::USER_EQUIPMENT_INFO, |inside| {
            inside
                .u32(key::USER_EQUIPMENT_INFO_TYPE, self.kind)
                .octets(key::USER_EQUIPMENT_INFO_VALUE, self.value);
        });
    }
}

/// 14 to 16 digits, as text or as eight bytes with the low half of each first and F as filler.
pub(super) fn imei_digits(value: &[u8]) -> Option<String> {
    if (14..=16).contains(&value.len()) && value.iter().all(u8::is_ascii_digit) {
        return Some(value.iter().copied().map(char::from).collect());
    }
    let bytes: [u8; 8] = value.try_into().ok()?;
    let mut halves: Vec<_> = bytes.into_iter().flat_map(|byte| [byte & 0x0f, byte >> 4]).collect();
    if halves.last() == Some(&0x0f) {
        halves.pop();
    }
    halves.into_iter().map(|half| char::from_digit(u32::from(half), 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imei_is_read_from_text_and_from_halves_of_bytes() {
        assert_eq!(imei_digits(b"3520990017614823").unwrap(), "3520990017614823");
        let packed = [0x53, 0x02, 0x99, 0x00, 0x71, 0x16, 0x84, 0x32];
        assert_eq!(imei_digits(&packed).unwrap(), "3520990017614823");
        let filled = [0x53, 0x02, 0x99, 0x00, 0x71, 0x16, 0x84, 0xf2];
        assert_eq!(imei_digits(&filled).unwrap(), "352099001761482");
        assert_eq!(imei_digits(&[0xff; 8]), None);
        assert_eq!(imei_digits(b"not an IMEI at a"), None);
    }
}
