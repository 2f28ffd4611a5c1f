//! What happens when the last grant is used up.

use crate::{
    Avp, Error, Key, Writer,
    fields::{enumerated, named, required},
    key,
};

enumerated! {
    /// Final-Unit-Action.
    FinalUnitAction {
        /// The service ends.
        Terminate = 0,
        /// The user is led to a page.
        Redirect = 1,
        /// Only what the filters let through, or as slow as they say.
        RestrictAccess = 2,
    }
}

enumerated! {
    /// Redirect-Address-Type.
    RedirectKind {
        /// An IPv4 address.
        Ipv4 = 0,
        /// An IPv6 address.
        Ipv6 = 1,
        /// A URL.
        Url = 2,
        /// A SIP URI.
        SipUri = 3,
    }
}

/// Where to lead the user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirect<'a> {
    /// What the address is.
    pub kind: RedirectKind,
    /// The address.
    pub address: &'a str,
}

/// Final-Unit-Indication, or RFC 8506's QoS-Final-Unit-Indication, which may also ask for a slower service by Filter-Id.
///
/// No Volume-Quota-Threshold beside it: the gateway is to use up what it has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FinalUnit<'a> {
    /// Whether it stands in a QoS-Final-Unit-Indication.
    pub qos: bool,
    /// What to do.
    pub action: FinalUnitAction,
    /// Restriction-Filter-Rule: what still passes, as IPFilterRules. Not part of a QoS-Final-Unit-Indication.
    pub rules: Vec<&'a str>,
    /// Filter-Id: names of filters that the gateway holds.
    pub filter_ids: Vec<&'a str>,
    /// For [`FinalUnitAction::Redirect`].
    pub redirect: Option<Redirect<'a>>,
}

impl<'a> FinalUnit<'a> {
    /// The service ends.
    pub const fn terminate() -> Self {
        Self::new(FinalUnitAction::Terminate)
    }

    /// The user is led to this URL.
    pub fn redirect(url: &'a str) -> Self {
        let redirect = Some(Redirect { kind: RedirectKind::Url, address: url });
        Self { redirect, ..Self::new(FinalUnitAction::Redirect) }
    }

    /// The gateway applies its filter of this name.
    pub fn restrict(filter_id: &'a str) -> Self {
        Self { filter_ids: vec![filter_id], ..Self::new(FinalUnitAction::RestrictAccess) }
    }

    const fn new(action: FinalUnitAction) -> Self {
        Self { qos: false, action, rules: Vec::new(), filter_ids: Vec::new(), redirect: None }
    }

    pub(super) fn read(group: &Avp<'a>) -> Result<Self, Error> {
        let (mut action, mut this) = (None, Self::terminate());
        this.qos = group.key() == key::QOS_FINAL_UNIT_INDICATION;
        for avp in group.group()? {
            match avp.key() {
                key::FINAL_UNIT_ACTION => action = Some(named(&avp, FinalUnitAction::from_code)?),
                key::RESTRICTION_FILTER_RULE => this.rules.push(avp.text()?),
                key::FILTER_ID => this.filter_ids.push(avp.text()?),
                key::REDIRECT_SERVER => this.redirect = Some(Redirect::read(&avp)?),
                key::REDIRECT_SERVER_EXTENSION => this.redirect = Redirect::read_extension(&avp)?,
                _ => {}
            }
        }
        this.action = required(action, key::FINAL_UNIT_ACTION)?;
        Ok(this)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        let group = if self.qos { key::QOS_FINAL_UNIT_INDICATION } else { key::FINAL_UNIT_INDICATION };
        writer.group(group, |inside| {
            inside.u32(key::FINAL_UNIT_ACTION, self.action.code());
            for rule in self.rules.iter().filter(|_| !self.qos) {
                inside.text(key::RESTRICTION_FILTER_RULE, rule);
            }
            for filter in &self.filter_ids {
                inside.text(key::FILTER_ID, filter);
            }
            if let Some(redirect) = &self.redirect {
                redirect.write(self.qos, inside);
            }
        });
    }
}

impl<'a> Redirect<'a> {
    fn read(group: &Avp<'a>) -> Result<Self, Error> {
        let inside = group.group()?;
        let part = |key: Key| inside.first(key).ok_or_else(|| Error::missing(key));
        Ok(Self {
            kind: named(&part(key::REDIRECT_ADDRESS_TYPE)?, RedirectKind::from_code)?,
            address: part(key::REDIRECT_SERVER_ADDRESS)?.text()?,
        })
    }

    /// Only URLs and SIP URIs, which can be borrowed; a bare address is left out.
    fn read_extension(group: &Avp<'a>) -> Result<Option<Self>, Error> {
        for avp in group.group()? {
            let kind = match avp.key() {
                key::REDIRECT_ADDRESS_URL => RedirectKind::Url,
                key::REDIRECT_ADDRESS_SIP_URI => RedirectKind::SipUri,
                _ => continue,
            };
            return Ok(Some(Self { kind, address: avp.text()? }));
        }
        Ok(None)
    }

    fn write(&self, qos: bool, writer: &mut Writer<'_>) {
        if !qos {
            writer.group(key::REDIRECT_SERVER, |inside| {
                inside.u32(key::REDIRECT_ADDRESS_TYPE, self.kind.code());
                inside.text(key::REDIRECT_SERVER_ADDRESS, self.address);
            });
            return;
        }
        writer.group(key::REDIRECT_SERVER_EXTENSION, |inside| match (self.kind, self.address.parse()) {
            (RedirectKind::Url, _) => {
                inside.text(key::REDIRECT_ADDRESS_URL, self.address);
            }
            (RedirectKind::SipUri, _) => {
                inside.text(key::REDIRECT_ADDRESS_SIP_URI, self.address);
            }
            (_, Ok(address)) => {
                inside.address(key::REDIRECT_ADDRESS_IPADDRESS, address);
            }
            (_, Err(_)) => {}
        });
    }
}
