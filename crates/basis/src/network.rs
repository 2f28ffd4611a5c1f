//! Ranges of addresses, as settings name them.

use std::{net::IpAddr, str::FromStr};

use crate::Problem;

/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// True if the address lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                same_start(ours.to_bits().into(), other.to_bits().into(), 32, self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                same_start(ours.to_bits(), other.to_bits(), 128, self.bits)
            }
            _ => false,
        }
    }
}

fn same_start(ours: u128, other: u128, width: u32, bits: u32) -> bool {
    (ours ^ other).checked_shr(width.saturating_sub(bits)).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let bad = || Problem::invalid("network-unreadable");
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), |b| b.trim().parse::<u32>().map_err(|_| bad()))?;
        (bits <= width).then_some(Self { address, bits }).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses() {
        let network: Network = "2001:db8::/32".parse().unwrap();
        assert!(network.contains("2001:db8:1::5".parse().unwrap()));
        assert!(!network.contains("2001:db9::".parse().unwrap()));
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Network>().is_err() && "x".parse::<Network>().is_err());
    }
}
