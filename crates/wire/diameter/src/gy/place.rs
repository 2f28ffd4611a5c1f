//! Service-Information > PS-Information: what the gateway says of the data session.

use std::net::IpAddr;

use super::{Plmn, UserLocation, subscriber::imei_digits};
use crate::{Avp, Writer, base::maybe, key};

/// What of PS-Information (TS 32.299 §7.2.158) we use. A field that cannot be read is as if it were not there: none of them counts bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PsInformation<'a> {
    /// 3GPP-Charging-Id, as it came.
    pub charging_id: Option<&'a [u8]>,
    /// 3GPP-PDP-Type: 0 IPv4, 2 IPv6, 3 both.
    pub pdp_type: Option<u32>,
    /// PDP-Address: the addresses of the user.
    pub pdp_addresses: Vec<IpAddr>,
    /// SGSN-Address.
    pub sgsn_address: Option<IpAddr>,
    /// GGSN-Address.
    pub ggsn_address: Option<IpAddr>,
    /// 3GPP-IMSI-MCC-MNC: the home network.
    pub imsi_mcc_mnc: Option<&'a str>,
    /// 3GPP-GGSN-MCC-MNC: the gateway's network.
    pub ggsn_mcc_mnc: Option<&'a str>,
    /// 3GPP-SGSN-MCC-MNC: the visited network.
    pub sgsn_mcc_mnc: Option<&'a str>,
    /// Called-Station-Id: the APN.
    pub called_station_id: Option<&'a str>,
    /// 3GPP-RAT-Type: 1 UTRAN, 2 GERAN, 6 E-UTRAN, 51 NR.
    pub rat_type: Option<u8>,
    /// 3GPP-User-Location-Info, as it came.
    pub user_location: Option<&'a [u8]>,
    /// 3GPP-MS-TimeZone, as it came.
    pub time_zone: Option<&'a [u8]>,
    /// 3GPP-IMEISV, as it came.
    pub imeisv: Option<&'a [u8]>,
    /// 3GPP-Charging-Characteristics.
    pub charging_characteristics: Option<&'a str>,
    /// 3GPP-Selection-Mode.
    pub selection_mode: Option<&'a str>,
    /// 3GPP-NSAPI, as it came.
    pub nsapi: Option<&'a [u8]>,
    /// Charging-Rule-Base-Name.
    pub charging_rule_base_name: Option<&'a str>,
}

impl<'a> PsInformation<'a> {
    /// The visited network: what 3GPP-SGSN-MCC-MNC says, or else where the user's cell is.
    pub fn visited(&self) -> Option<Plmn> {
        let said = self.sgsn_mcc_mnc.and_then(Plmn::from_digits);
        said.or_else(|| self.location().map(|location| location.plmn()))
    }

    /// 3GPP-User-Location-Info, decoded.
    pub fn location(&self) -> Option<UserLocation> {
        self.user_location.and_then(UserLocation::read)
    }

    /// The digits of 3GPP-IMEISV.
    pub fn imei(&self) -> Option<String> {
        self.imeisv.and_then(imei_digits)
    }

    /// Takes up Service-Information, PS-Information, or an AVP of theirs that an old gateway left outside of them.
    pub(super) fn take(&mut self, avp: &Avp<'a>) {
        match avp.key() {
            key::SERVICE_INFORMATION | key::PS_INFORMATION => {
                avp.group().into_iter().flatten().for_each(|inside| self.take(&inside));
            }
            key::TGPP_CHARGING_ID => self.charging_id = Some(avp.data()),
            key::TGPP_PDP_TYPE => self.pdp_type = avp.u32().ok(),
            key::PDP_ADDRESS => self.pdp_addresses.extend(avp.address()),
            key::SGSN_ADDRESS => self.sgsn_address = avp.address().ok(),
            key::GGSN_ADDRESS => self.ggsn_address = avp.address().ok(),
            key::TGPP_IMSI_MCC_MNC => self.imsi_mcc_mnc = avp.text().ok(),
            key::TGPP_GGSN_MCC_MNC => self.ggsn_mcc_mnc = avp.text().ok(),
            key::TGPP_SGSN_MCC_MNC => self.sgsn_mcc_mnc = avp.text().ok(),
            key::CALLED_STATION_ID => self.called_station_id = avp.text().ok(),
            key::TGPP_RAT_TYPE => self.rat_type = avp.data().first().copied(),
            key::TGPP_USER_LOCATION_INFO => self.user_location = Some(avp.data()),
            key::TGPP_MS_TIMEZONE => self.time_zone = Some(avp.data()),
            key::TGPP_IMEISV => self.imeisv = Some(avp.data()),
            key::TGPP_CHARGING_CHARACTERISTICS => self.charging_characteristics = avp.text().ok(),
            key::TGPP_SELECTION_MODE => self.selection_mode = avp.text().ok(),
            key::TGPP_NSAPI => self.nsapi = Some(avp.data()),
            key::CHARGING_RULE_BASE_NAME => self.charging_rule_base_name = avp.text().ok(),
            _ => {}
        }
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        if *self == Self::default() {
            return;
        }
        writer.group(key::SERVICE_INFORMATION, |service| {
            service.group(key::PS_INFORMATION, |ps| self.write_inside(ps));
        });
    }

    fn write_inside(&self, ps: &mut Writer<'_>) {
        maybe(ps, key::TGPP_PDP_TYPE, self.pdp_type);
        for address in &self.pdp_addresses {
            ps.address(key::PDP_ADDRESS, *address);
        }
        for (name, address) in
            [(key::SGSN_ADDRESS, self.sgsn_address), (key::GGSN_ADDRESS, self.ggsn_address)]
        {
            if let Some(address) = address {
                ps.address(name, address);
            }
        }
        for (name, value) in [
            (key::TGPP_CHARGING_ID, self.charging_id),
            (key::TGPP_IMSI_MCC_MNC, self.imsi_mcc_mnc.map(str::as_bytes)),
            (key::TGPP_GGSN_MCC_MNC, self.ggsn_mcc_mnc.map(str::as_bytes)),
            (key::TGPP_NSAPI, self.nsapi),
            (key::CALLED_STATION_ID, self.called_station_id.map(str::as_bytes)),
            (key::TGPP_SELECTION_MODE, self.selection_mode.map(str::as_bytes)),
            (key::TGPP_CHARGING_CHARACTERISTICS, self.charging_characteristics.map(str::as_bytes)),
            (key::TGPP_SGSN_MCC_MNC, self.sgsn_mcc_mnc.map(str::as_bytes)),
            (key::TGPP_MS_TIMEZONE, self.time_zone),
            (key::CHARGING_RULE_BASE_NAME, self.charging_rule_base_name.map(str::as_bytes)),
            (key::TGPP_USER_LOCATION_INFO, self.user_location),
            (key::TGPP_RAT_TYPE, self.rat_type.as_ref().map(std::slice::from_ref)),
            (key::TGPP_IMEISV, self.imeisv),
        ] {
            if let Some(value) = value {
                ps.octets(name, value);
            }
        }
    }
}
