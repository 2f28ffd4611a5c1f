//! The names of the AVPs that our code reads or writes. The dictionary knows all others.

/// Which AVP: its code within its vendor's numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key {
    /// The AVP's code.
    pub code: u32,
    /// The vendor's number, 0 for the IETF's AVPs, which have no vendor field.
    pub vendor: u32,
}

/// 3GPP's vendor id.
pub const TGPP: u32 = 10415;

impl Key {
    /// An AVP of an RFC.
    pub const fn ietf(code: u32) -> Self {
        Self { code, vendor: 0 }
    }

    /// An AVP of a 3GPP specification.
    pub const fn tgpp(code: u32) -> Self {
        Self { code, vendor: TGPP }
    }

    /// Whether we set the M flag: on all that we write but the few that RFC 6733 and RFC 8506 forbid it for.
    pub const fn is_mandatory(self) -> bool {
        let of_rfc_8506 = self.vendor == 0 && 653 <= self.code && self.code <= 669;
        let forbidden =
            matches!(self, PRODUCT_NAME | FIRMWARE_REVISION | ERROR_MESSAGE | ERROR_REPORTING_HOST);
        !(of_rfc_8506 || forbidden)
    }
}

macro_rules! keys {
    ($($vendor:ident $code:literal $name:ident;)*) => {
        $(
            #[doc = concat!("AVP ", stringify!($code), ".")]
            pub const $name: Key = Key::$vendor($code);
        )*

        /// Every name above, for the test that holds them against the dictionary.
        #[cfg(test)]
        pub(crate) const NAMED: &[(&str, Key)] = &[$((stringify!($name), $name)),*];
    };
}

keys! {
    ietf 1 USER_NAME;
    ietf 11 FILTER_ID;
    ietf 30 CALLED_STATION_ID;
    ietf 55 EVENT_TIMESTAMP;
    ietf 257 HOST_IP_ADDRESS;
    ietf 258 AUTH_APPLICATION_ID;
    ietf 259 ACCT_APPLICATION_ID;
    ietf 260 VENDOR_SPECIFIC_APPLICATION_ID;
    ietf 263 SESSION_ID;
    ietf 264 ORIGIN_HOST;
    ietf 265 SUPPORTED_VENDOR_ID;
    ietf 266 VENDOR_ID;
    ietf 267 FIRMWARE_REVISION;
    ietf 268 RESULT_CODE;
    ietf 269 PRODUCT_NAME;
    ietf 273 DISCONNECT_CAUSE;
    ietf 278 ORIGIN_STATE_ID;
    ietf 279 FAILED_AVP;
    ietf 281 ERROR_MESSAGE;
    ietf 282 ROUTE_RECORD;
    ietf 283 DESTINATION_REALM;
    ietf 284 PROXY_INFO;
    ietf 285 RE_AUTH_REQUEST_TYPE;
    ietf 293 DESTINATION_HOST;
    ietf 294 ERROR_REPORTING_HOST;
    ietf 295 TERMINATION_CAUSE;
    ietf 296 ORIGIN_REALM;
    ietf 299 INBAND_SECURITY_ID;
    ietf 412 CC_INPUT_OCTETS;
    ietf 414 CC_OUTPUT_OCTETS;
    ietf 415 CC_REQUEST_NUMBER;
    ietf 416 CC_REQUEST_TYPE;
    ietf 417 CC_SERVICE_SPECIFIC_UNITS;
    ietf 418 CC_SESSION_FAILOVER;
    ietf 420 CC_TIME;
    ietf 421 CC_TOTAL_OCTETS;
    ietf 422 CHECK_BALANCE_RESULT;
    ietf 427 CREDIT_CONTROL_FAILURE_HANDLING;
    ietf 430 FINAL_UNIT_INDICATION;
    ietf 431 GRANTED_SERVICE_UNIT;
    ietf 432 RATING_GROUP;
    ietf 433 REDIRECT_ADDRESS_TYPE;
    ietf 434 REDIRECT_SERVER;
    ietf 435 REDIRECT_SERVER_ADDRESS;
    ietf 436 REQUESTED_ACTION;
    ietf 437 REQUESTED_SERVICE_UNIT;
    ietf 438 RESTRICTION_FILTER_RULE;
    ietf 439 SERVICE_IDENTIFIER;
    ietf 443 SUBSCRIPTION_ID;
    ietf 444 SUBSCRIPTION_ID_DATA;
    ietf 446 USED_SERVICE_UNIT;
    ietf 448 VALIDITY_TIME;
    ietf 449 FINAL_UNIT_ACTION;
    ietf 450 SUBSCRIPTION_ID_TYPE;
    ietf 452 TARIFF_CHANGE_USAGE;
    ietf 455 MULTIPLE_SERVICES_INDICATOR;
    ietf 456 MULTIPLE_SERVICES_CREDIT_CONTROL;
    ietf 458 USER_EQUIPMENT_INFO;
    ietf 459 USER_EQUIPMENT_INFO_TYPE;
    ietf 460 USER_EQUIPMENT_INFO_VALUE;
    ietf 461 SERVICE_CONTEXT_ID;
    ietf 659 SUBSCRIPTION_ID_EXTENSION;
    ietf 660 SUBSCRIPTION_ID_E164;
    ietf 661 SUBSCRIPTION_ID_IMSI;
    ietf 662 SUBSCRIPTION_ID_SIP_URI;
    ietf 663 SUBSCRIPTION_ID_NAI;
    ietf 664 SUBSCRIPTION_ID_PRIVATE;
    ietf 665 REDIRECT_SERVER_EXTENSION;
    ietf 666 REDIRECT_ADDRESS_IPADDRESS;
    ietf 667 REDIRECT_ADDRESS_URL;
    ietf 668 REDIRECT_ADDRESS_SIP_URI;
    ietf 669 QOS_FINAL_UNIT_INDICATION;
    tgpp 1 TGPP_IMSI;
    tgpp 2 TGPP_CHARGING_ID;
    tgpp 3 TGPP_PDP_TYPE;
    tgpp 8 TGPP_IMSI_MCC_MNC;
    tgpp 9 TGPP_GGSN_MCC_MNC;
    tgpp 10 TGPP_NSAPI;
    tgpp 12 TGPP_SELECTION_MODE;
    tgpp 13 TGPP_CHARGING_CHARACTERISTICS;
    tgpp 18 TGPP_SGSN_MCC_MNC;
    tgpp 20 TGPP_IMEISV;
    tgpp 21 TGPP_RAT_TYPE;
    tgpp 22 TGPP_USER_LOCATION_INFO;
    tgpp 23 TGPP_MS_TIMEZONE;
    tgpp 847 GGSN_ADDRESS;
    tgpp 869 VOLUME_QUOTA_THRESHOLD;
    tgpp 871 QUOTA_HOLDING_TIME;
    tgpp 872 REPORTING_REASON;
    tgpp 873 SERVICE_INFORMATION;
    tgpp 874 PS_INFORMATION;
    tgpp 1004 CHARGING_RULE_BASE_NAME;
    tgpp 1227 PDP_ADDRESS;
    tgpp 1228 SGSN_ADDRESS;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::{Rule, lookup};

    #[test]
    fn the_names_in_code_are_those_of_the_dictionary() {
        for (name, key) in NAMED {
            let entry = lookup(*key).unwrap_or_else(|| panic!("{name} is not in the dictionary"));
            let screaming = entry.name.to_uppercase().replace('-', "_").replace("3GPP", "TGPP");
            assert_eq!(screaming, *name);
            let wanted = if key.is_mandatory() { Rule::MustNot } else { Rule::Must };
            assert_ne!(entry.rule, wanted, "the M flag of {name}");
        }
    }
}
