//! Amounts: asked for, granted, used.

use crate::{
    Avp, Error, Key, Writer,
    base::maybe,
    fields::{enumerated, once},
    key,
};

enumerated! {
    /// Why a gateway reports (TS 32.299 §7.2.175).
    ReportingReason {
        /// Little of the quota is left.
        Threshold = 0,
        /// Nothing was used for the quota holding time.
        QuotaHoldingTime = 1,
        /// The session or the service ended.
        Final = 2,
        /// The quota is used up.
        QuotaExhausted = 3,
        /// The quota's validity ran out.
        ValidityTime = 4,
        /// Another unit's quota of the same service made it report.
        OtherQuotaType = 5,
        /// Something that the price depends on has changed, such as the country.
        RatingConditionChange = 6,
        /// The server asked for it with a Re-Auth-Request.
        ForcedReauthorisation = 7,
        /// The pool of several quotas is used up.
        PoolExhausted = 8,
        /// The quota was not used for too long.
        UnusedQuotaTimer = 9,
    }
}

/// An amount in any of the units that credit control knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Units {
    /// CC-Time, in seconds.
    pub time: Option<u32>,
    /// CC-Total-Octets.
    pub total_octets: Option<u64>,
    /// CC-Input-Octets: from the user.
    pub input_octets: Option<u64>,
    /// CC-Output-Octets: to the user.
    pub output_octets: Option<u64>,
    /// CC-Service-Specific-Units.
    pub service_specific: Option<u64>,
}

impl Units {
    /// An amount of data.
    pub fn octets(total: u64) -> Self {
        Self { total_octets: Some(total), ..Self::default() }
    }

    /// The data in both directions: the total, or else input and output together; `None` if it speaks of no data.
    pub fn data(&self) -> Option<u64> {
        self.total_octets.or_else(|| match (self.input_octets, self.output_octets) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        })
    }

    pub(super) fn read(group: &Avp<'_>) -> Result<Self, Error> {
        let mut this = Self::default();
        group.group()?.try_for_each(|avp| this.take(&avp))?;
        Ok(this)
    }

    fn take(&mut self, avp: &Avp<'_>) -> Result<(), Error> {
        match avp.key() {
            key::CC_TIME => once(&mut self.time, avp, avp.u32()),
            key::CC_TOTAL_OCTETS => once(&mut self.total_octets, avp, avp.u64()),
            key::CC_INPUT_OCTETS => once(&mut self.input_octets, avp, avp.u64()),
            key::CC_OUTPUT_OCTETS => once(&mut self.output_octets, avp, avp.u64()),
            key::CC_SERVICE_SPECIFIC_UNITS => once(&mut self.service_specific, avp, avp.u64()),
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, key: Key, writer: &mut Writer<'_>) {
        writer.group(key, |inside| self.write_inside(inside));
    }

    fn write_inside(&self, writer: &mut Writer<'_>) {
        maybe(writer, key::CC_TIME, self.time);
        for (name, value) in [
            (key::CC_TOTAL_OCTETS, self.total_octets),
            (key::CC_INPUT_OCTETS, self.input_octets),
            (key::CC_OUTPUT_OCTETS, self.output_octets),
            (key::CC_SERVICE_SPECIFIC_UNITS, self.service_specific),
        ] {
            if let Some(value) = value {
                writer.u64(name, value);
            }
        }
    }
}

/// One Used-Service-Unit. A request may hold several, say before and after a change of tariff: they add up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Used {
    /// How much, since the last report.
    pub units: Units,
    /// Why this unit was reported: threshold, exhausted, other quota type.
    pub reason: Option<ReportingReason>,
    /// Tariff-Change-Usage: 0 before, 1 after a change of tariff, 2 unknown.
    pub tariff_change_usage: Option<u32>,
}

impl Used {
    pub(super) fn read(group: &Avp<'_>) -> Result<Self, Error> {
        let mut this = Self::default();
        for avp in group.group()? {
            match avp.key() {
                key::REPORTING_REASON => this.reason = ReportingReason::from_code(avp.u32()?),
                key::TARIFF_CHANGE_USAGE => this.tariff_change_usage = Some(avp.u32()?),
                _ => this.units.take(&avp)?,
            }
        }
        Ok(this)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.group(key::USED_SERVICE_UNIT, |inside| {
            maybe(inside, key::REPORTING_REASON, self.reason.map(ReportingReason::code));
            maybe(inside, key::TARIFF_CHANGE_USAGE, self.tariff_change_usage);
            self.units.write_inside(inside);
        });
    }
}
