//! Where a subscriber is, as the gateway knows it.

use std::fmt::{self, Display, Formatter};

/// A network: a country's three digits (MCC) and the network's two or three (MNC). `20` and `020` are not the same network.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Plmn {
    /// The mobile country code, 0 to 999.
    pub mcc: u16,
    /// The mobile network code, 0 to 999.
    pub mnc: u16,
    /// Whether the MNC has three digits.
    pub three_digits: bool,
}

impl Plmn {
    /// From 3GPP-SGSN-MCC-MNC: five or six digits. Trailing spaces and zero bytes, which some gateways add, do not count.
    pub fn from_digits(text: &str) -> Option<Self> {
        let text = text.trim_end_matches([' ', '\0']);
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (mcc, mnc) = text.split_at_checked(3)?;
        let three_digits = match mnc.len() {
            2 => false,
            3 => true,
            _ => return None,
        };
        Some(Self { mcc: mcc.parse().ok()?, mnc: mnc.parse().ok()?, three_digits })
    }

    /// From three bytes as TS 24.008 codes them: digits 2|1, the MNC's third or F with the MCC's third, MNC 2|1.
    pub fn from_bytes(bytes: [u8; 3]) -> Option<Self> {
        let [first, second, third] = bytes;
        let digit = |half: u8| (half < 10).then_some(u16::from(half));
        let number = |a: u16, b: u16, c: u16| a * 100 + b * 10 + c;
        let mcc = number(digit(first & 0x0f)?, digit(first >> 4)?, digit(second & 0x0f)?);
        let (one, two) = (digit(third & 0x0f)?, digit(third >> 4)?);
        match second >> 4 {
            0x0f => Some(Self { mcc, mnc: one * 10 + two, three_digits: false }),
            last => Some(Self { mcc, mnc: number(one, two, digit(last)?), three_digits: true }),
        }
    }
}

impl Display for Plmn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let width = if self.three_digits { 3 } else { 2 };
        write!(f, "{:03}{:0width$}", self.mcc, self.mnc)
    }
}

/// 3GPP-User-Location-Info (TS 29.061 §16.4.7.2): a kind, then the places of that kind in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserLocation {
    /// A cell of GERAN or UTRAN.
    Cgi {
        /// The network.
        plmn: Plmn,
        /// Location area.
        lac: u16,
        /// Cell.
        cell: u16,
    },
    /// A service area of UTRAN.
    Sai {
        /// The network.
        plmn: Plmn,
        /// Location area.
        lac: u16,
        /// Service area.
        sac: u16,
    },
    /// A routing area.
    Rai {
        /// The network.
        plmn: Plmn,
        /// Location area.
        lac: u16,
        /// Routing area, with the filler behind it cut off.
        rac: u8,
    },
    /// A tracking area of LTE or 5G, and the cell if it is known.
    Tracking {
        /// The tracking area's network: the one that serves.
        plmn: Plmn,
        /// Tracking area, 16 bits in LTE, 24 in 5G.
        tac: u32,
        /// The E-UTRAN (28 bits) or NR (36 bits) cell.
        cell: Option<u64>,
    },
    /// A cell of LTE or 5G alone.
    Cell {
        /// The network.
        plmn: Plmn,
        /// The E-UTRAN (28 bits) or NR (36 bits) cell.
        cell: u64,
    },
    /// Any other kind whose first place begins with a network, such as a base station's id.
    Other {
        /// The kind's number.
        kind: u8,
        /// The network.
        plmn: Plmn,
    },
}

impl UserLocation {
    /// `None` if even the network cannot be read.
    pub fn read(value: &[u8]) -> Option<Self> {
        let (&kind, places) = value.split_first()?;
        let known = matches!(kind, 0..=2 | 128..=139);
        let (head, rest) = places.split_first_chunk::<3>()?;
        let plmn = Plmn::from_bytes(*head).filter(|_| known)?;
        Some(Self::details(kind, plmn, rest).unwrap_or(Self::Other { kind, plmn }))
    }

    fn details(kind: u8, plmn: Plmn, rest: &[u8]) -> Option<Self> {
        Some(match kind {
            0 => Self::Cgi { plmn, lac: short(rest, 0)?, cell: short(rest, 2)? },
            1 => Self::Sai { plmn, lac: short(rest, 0)?, sac: short(rest, 2)? },
            2 => Self::Rai { plmn, lac: short(rest, 0)?, rac: *rest.get(2)? },
            128 => Self::Tracking { plmn, tac: short(rest, 0)?.into(), cell: None },
            129 => Self::Cell { plmn, cell: lte_cell(rest)? },
            130 => Self::Tracking { plmn, tac: short(rest, 0)?.into(), cell: lte_cell(rest.get(5..)?) },
            135 => Self::Cell { plmn, cell: nr_cell(rest)? },
            136 => Self::Tracking { plmn, tac: tac_5g(rest)?, cell: None },
            137 => Self::Tracking { plmn, tac: tac_5g(rest)?, cell: nr_cell(rest.get(6..)?) },
            _ => return None,
        })
    }

    /// The network that serves.
    pub const fn plmn(&self) -> Plmn {
        match *self {
            Self::Cgi { plmn, .. }
            | Self::Sai { plmn, .. }
            | Self::Rai { plmn, .. }
            | Self::Tracking { plmn, .. }
            | Self::Cell { plmn, .. }
            | Self::Other { plmn, .. } => plmn,
        }
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

fn tac_5g(bytes: &[u8]) -> Option<u32> {
    let &[a, b, c] = bytes.first_chunk()?;
    Some(u32::from_be_bytes([0, a, b, c]))
}

fn lte_cell(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|four| u64::from(u32::from_be_bytes(*four) & 0x0fff_ffff))
}

fn nr_cell(bytes: &[u8]) -> Option<u64> {
    let (&[high], low) = bytes.split_first_chunk()?;
    let low = low.first_chunk().map(|four| u32::from_be_bytes(*four))?;
    Some(u64::from(high & 0x0f) << 32 | u64::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(digits: &str) -> Plmn {
        Plmn::from_digits(digits).unwrap()
    }

    #[test]
    fn a_network_is_five_or_six_digits() {
        assert_eq!(network("23415").to_string(), "23415");
        assert_eq!(network("310410").to_string(), "310410");
        assert_eq!(network("99970\0").mnc, 70);
        assert_ne!(network("46000"), network("460000"), "an MNC of two digits is not one of three");
        for wrong in ["", "2341", "2341555", "234-5", "\u{0663}3415", "+2341"] {
            assert_eq!(Plmn::from_digits(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_network_in_three_bytes() {
        assert_eq!(Plmn::from_bytes([0x32, 0xf4, 0x51]), Some(network("23415")));
        assert_eq!(Plmn::from_bytes([0x13, 0x00, 0x14]), Some(network("310410")));
        assert_eq!(Plmn::from_bytes([0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn an_lte_phone_is_in_a_tracking_area_and_a_cell() {
        let value = [130, 0x32, 0xf4, 0x51, 0x12, 0x34, 0x32, 0xf4, 0x51, 0xf1, 0x23, 0x45, 0x67];
        let cell = Some(0x0123_4567);
        let there = UserLocation::Tracking { plmn: network("23415"), tac: 0x1234, cell };
        assert_eq!(UserLocation::read(&value), Some(there));
    }

    #[test]
    fn every_kind_tells_its_network() {
        let plmn = network("310410");
        let at =
            |kind: u8, rest: &[u8]| UserLocation::read(&[&[kind, 0x13, 0x00, 0x14], rest].concat()).unwrap();
        assert_eq!(at(0, &[0, 1, 0, 2]), UserLocation::Cgi { plmn, lac: 1, cell: 2 });
        assert_eq!(at(1, &[0, 1, 0, 2]), UserLocation::Sai { plmn, lac: 1, sac: 2 });
        assert_eq!(at(2, &[0, 1, 7, 0xff]), UserLocation::Rai { plmn, lac: 1, rac: 7 });
        assert_eq!(at(128, &[0, 9]), UserLocation::Tracking { plmn, tac: 9, cell: None });
        assert_eq!(at(129, &[0, 0, 0, 5]), UserLocation::Cell { plmn, cell: 5 });
        assert_eq!(at(135, &[0xff, 0, 0, 0, 1]), UserLocation::Cell { plmn, cell: 0x000f_0000_0001 });
        assert_eq!(at(136, &[1, 0, 0]), UserLocation::Tracking { plmn, tac: 0x01_0000, cell: None });
        let both = at(137, &[0, 0, 3, 0x13, 0x00, 0x14, 0, 0, 0, 0, 8]);
        assert_eq!(both, UserLocation::Tracking { plmn, tac: 3, cell: Some(8) });
        assert_eq!(at(131, &[]), UserLocation::Other { kind: 131, plmn });
        assert_eq!(at(0, &[0]), UserLocation::Other { kind: 0, plmn }, "cut short, but the network is there");
    }

    #[test]
    fn what_says_no_network_says_nothing() {
        for value in
            [&[][..], &[130], &[130, 0x32, 0xf4], &[130, 0xff, 0xff, 0xff, 0, 1], &[77, 0x32, 0xf4, 0x51]]
        {
            assert_eq!(UserLocation::read(value), None, "{value:?}");
        }
    }
}
