//! What is known of AVPs and commands that nothing else here reads: names for the log, types, and the rule for M.
//!
//! The tables stand in `dictionary/*.tsv`, a line each: vendor, code, name, type, and `M` (must be set), `m` (may)
//! or `-` (must not). They were made from RFC 6733, RFC 7155 (with what it takes over from RADIUS), RFC 8506 (which
//! holds all of RFC 4006) and 3GPP's TS 29.061, TS 32.299 and TS 29.230, and compared with dictionaries that others made.

use std::sync::OnceLock;

use crate::{Key, result};

/// One AVP as its document defines it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Code and vendor.
    pub key: Key,
    /// The name as the document writes it.
    pub name: &'static str,
    /// The type of the value.
    pub kind: Kind,
    /// Whether the sender sets the M flag.
    pub rule: Rule,
}

/// The rule for the M flag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The sender must set it.
    Must,
    /// The sender may set it.
    May,
    /// The sender must not set it.
    MustNot,
}

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $shortest:literal,)*) => {
        /// The type of an AVP's value (RFC 6733 §4.2 to §4.4).
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[expect(missing_docs, reason = "the RFC's own names")]
        pub enum Kind { $($kind,)* }

        impl Kind {
            fn named(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($kind) => Some(Self::$kind),)*
                    _ => None,
                }
            }

            /// The fewest bytes that a value has.
            pub(crate) const fn shortest(self) -> u8 {
                match self { $(Self::$kind => $shortest,)* }
            }
        }
    };
}

kinds! {
    Address = 6,
    DiameterIdentity = 0,
    DiameterURI = 0,
    Enumerated = 4,
    Float32 = 4,
    Float64 = 8,
    Grouped = 0,
    IPFilterRule = 0,
    Integer32 = 4,
    Integer64 = 8,
    OctetString = 0,
    QoSFilterRule = 0,
    Time = 4,
    UTF8String = 0,
    Unsigned32 = 4,
    Unsigned64 = 8,
}

const TABLES: &[&str] = &[
    include_str!("dictionary/rfc6733.tsv"),
    include_str!("dictionary/rfc7155.tsv"),
    include_str!("dictionary/rfc8506.tsv"),
    include_str!("dictionary/3gpp-gateway.tsv"),
    include_str!("dictionary/3gpp-policy.tsv"),
    include_str!("dictionary/3gpp-charging.tsv"),
    include_str!("dictionary/3gpp-ims.tsv"),
    include_str!("dictionary/3gpp-eps.tsv"),
    include_str!("dictionary/3gpp-other.tsv"),
];

/// Every AVP that is known, by vendor and code.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let mut entries: Vec<_> = TABLES.iter().flat_map(|table| table.lines()).filter_map(entry).collect();
        entries.sort_by_key(|entry| order(entry.key));
        entries
    })
}

/// What is known of this AVP.
pub fn lookup(key: Key) -> Option<&'static Entry> {
    let entries = entries();
    entries.binary_search_by_key(&order(key), |entry| order(entry.key)).ok().and_then(|at| entries.get(at))
}

const fn order(key: Key) -> (u32, u32) {
    (key.vendor, key.code)
}

fn entry(line: &'static str) -> Option<Entry> {
    let mut cells = line.split('\t');
    let [vendor, code, name, kind, rule] = std::array::from_fn(|_| cells.next().unwrap_or_default());
    let rule = match rule {
        "M" => Rule::Must,
        "m" => Rule::May,
        "-" => Rule::MustNot,
        _ => return None,
    };
    let key = Key { vendor: vendor.parse().ok()?, code: code.parse().ok()? };
    Some(Entry { key, name, kind: Kind::named(kind)?, rule })
}

/// The name of a command, without `-Request` or `-Answer`.
pub fn command_name(code: u32) -> Option<&'static str> {
    Some(match code {
        257 => "Capabilities-Exchange",
        258 => "Re-Auth",
        265 => "AA",
        268 => "Diameter-EAP",
        271 => "Accounting",
        272 => "Credit-Control",
        274 => "Abort-Session",
        275 => "Session-Termination",
        280 => "Device-Watchdog",
        282 => "Disconnect-Peer",
        300 => "User-Authorization",
        301 => "Server-Assignment",
        302 => "Location-Info",
        303 => "Multimedia-Auth",
        304 => "Registration-Termination",
        305 => "Push-Profile",
        306 => "User-Data",
        307 => "Profile-Update",
        308 => "Subscribe-Notifications",
        309 => "Push-Notification",
        316 => "Update-Location",
        317 => "Cancel-Location",
        318 => "Authentication-Information",
        319 => "Insert-Subscriber-Data",
        320 => "Delete-Subscriber-Data",
        321 => "Purge-UE",
        322 => "Reset",
        323 => "Notify",
        324 => "ME-Identity-Check",
        8_388_635 => "Spending-Limit",
        8_388_636 => "Spending-Status-Notification",
        _ => return None,
    })
}

/// The name of a Result-Code.
pub fn result_name(code: u32) -> Option<&'static str> {
    Some(match code {
        1001 => "MULTI_ROUND_AUTH",
        result::SUCCESS => "SUCCESS",
        result::LIMITED_SUCCESS => "LIMITED_SUCCESS",
        result::COMMAND_UNSUPPORTED => "COMMAND_UNSUPPORTED",
        result::UNABLE_TO_DELIVER => "UNABLE_TO_DELIVER",
        result::REALM_NOT_SERVED => "REALM_NOT_SERVED",
        result::TOO_BUSY => "TOO_BUSY",
        3005 => "LOOP_DETECTED",
        3006 => "REDIRECT_INDICATION",
        result::APPLICATION_UNSUPPORTED => "APPLICATION_UNSUPPORTED",
        result::INVALID_HDR_BITS => "INVALID_HDR_BITS",
        result::INVALID_AVP_BITS => "INVALID_AVP_BITS",
        result::UNKNOWN_PEER => "UNKNOWN_PEER",
        4001 => "AUTHENTICATION_REJECTED",
        4002 => "OUT_OF_SPACE",
        4003 => "ELECTION_LOST",
        result::END_USER_SERVICE_DENIED => "END_USER_SERVICE_DENIED",
        result::CREDIT_CONTROL_NOT_APPLICABLE => "CREDIT_CONTROL_NOT_APPLICABLE",
        result::CREDIT_LIMIT_REACHED => "CREDIT_LIMIT_REACHED",
        result::AVP_UNSUPPORTED => "AVP_UNSUPPORTED",
        result::UNKNOWN_SESSION_ID => "UNKNOWN_SESSION_ID",
        result::AUTHORIZATION_REJECTED => "AUTHORIZATION_REJECTED",
        result::INVALID_AVP_VALUE => "INVALID_AVP_VALUE",
        result::MISSING_AVP => "MISSING_AVP",
        5006 => "RESOURCES_EXCEEDED",
        5007 => "CONTRADICTING_AVPS",
        5008 => "AVP_NOT_ALLOWED",
        result::AVP_OCCURS_TOO_MANY_TIMES => "AVP_OCCURS_TOO_MANY_TIMES",
        result::NO_COMMON_APPLICATION => "NO_COMMON_APPLICATION",
        result::UNSUPPORTED_VERSION => "UNSUPPORTED_VERSION",
        result::UNABLE_TO_COMPLY => "UNABLE_TO_COMPLY",
        result::INVALID_BIT_IN_HEADER => "INVALID_BIT_IN_HEADER",
        result::INVALID_AVP_LENGTH => "INVALID_AVP_LENGTH",
        result::INVALID_MESSAGE_LENGTH => "INVALID_MESSAGE_LENGTH",
        5016 => "INVALID_AVP_BIT_COMBO",
        5017 => "NO_COMMON_SECURITY",
        result::USER_UNKNOWN => "USER_UNKNOWN",
        result::RATING_FAILED => "RATING_FAILED",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_table_counts_and_stands_in_order() {
        let mut lines = 0;
        for table in TABLES {
            let keys: Vec<_> = table
                .lines()
                .map(|line| order(entry(line).unwrap_or_else(|| panic!("cannot read: {line}")).key))
                .collect();
            assert!(keys.is_sorted(), "a table is not in order of vendor and code");
            lines += keys.len();
        }
        assert_eq!(entries().len(), lines);
        let twice: Vec<_> =
            entries().windows(2).filter(|pair| pair[0].key == pair[1].key).map(|pair| pair[0].name).collect();
        assert!(twice.is_empty(), "defined twice: {twice:?}");
    }

    #[test]
    fn the_facts_that_charging_rests_on() {
        for (key, name, kind) in [
            (Key::ietf(263), "Session-Id", Kind::UTF8String),
            (Key::ietf(421), "CC-Total-Octets", Kind::Unsigned64),
            (Key::ietf(447), "Value-Digits", Kind::Integer64),
            (Key::ietf(669), "QoS-Final-Unit-Indication", Kind::Grouped),
            (Key::tgpp(869), "Volume-Quota-Threshold", Kind::Unsigned32),
            (Key::tgpp(874), "PS-Information", Kind::Grouped),
            (Key::tgpp(1227), "PDP-Address", Kind::Address),
            (Key::tgpp(2021), "Remaining-Balance", Kind::Grouped),
        ] {
            let entry = lookup(key).unwrap();
            assert_eq!((entry.name, entry.kind), (name, kind));
        }
        assert_eq!(lookup(Key { code: 263, vendor: 10415 }), None, "a vendor's numbers are its own");
        assert_eq!(lookup(Key::ietf(999_999)), None);
    }
}
