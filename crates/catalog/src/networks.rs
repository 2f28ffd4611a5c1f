//! The world's mobile networks: what a gateway's MCC and MNC mean.
//!
//! `data/networks.tsv` is generated from Debian's mobile-broadband-provider-info (public domain) by `cargo xtask networks`;
//! `data/mcc.tsv` gives the country of every mobile country code (ITU-T E.212).

use std::{collections::BTreeMap, sync::LazyLock};

use basis::Country;

/// A mobile network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Mobile country code, three digits.
    pub mcc: &'static str,
    /// Mobile network code, two or three digits.
    pub mnc: &'static str,
    /// Where it is.
    pub country: Country,
    /// As people know it.
    pub name: &'static str,
}

static NETWORKS: LazyLock<BTreeMap<(&str, &str), Network>> = LazyLock::new(|| {
    let rows = lines(include_str!("../data/networks.tsv")).filter_map(network);
    rows.map(|network| ((network.mcc, network.mnc), network)).collect()
});

static MCCS: LazyLock<BTreeMap<&str, Country>> = LazyLock::new(|| {
    let rows = lines(include_str!("../data/mcc.tsv")).filter_map(|line| line.split_once('\t'));
    rows.filter_map(|(mcc, country)| Some((mcc, country.parse().ok()?))).collect()
});

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

fn network(line: &'static str) -> Option<Network> {
    let mut columns = line.split('\t');
    let (mcc, mnc) = (columns.next()?, columns.next()?);
    Some(Network { mcc, mnc, country: columns.next()?.parse().ok()?, name: columns.next()? })
}

/// The network of an MCC followed by an MNC of two or three digits (`44010`, `310260`), as gateways report it.
///
/// A two-digit MNC that came padded (`440010`) is found too.
pub fn of_plmn(plmn: &str) -> Option<Network> {
    let (mcc, mnc) = plmn.split_at_checked(3)?;
    let padded = mnc.strip_prefix('0').filter(|_| mnc.len() == 3);
    [Some(mnc), padded].into_iter().flatten().find_map(|mnc| NETWORKS.get(&(mcc, mnc)).copied())
}

/// The country of an MCC followed by an MNC: the network's own where it is known (the Isle of Man shares the United Kingdom's MCC),
/// else the one that uses the MCC most.
pub fn country_of_plmn(plmn: &str) -> Option<Country> {
    of_plmn(plmn).map(|n| n.country).or_else(|| MCCS.get(plmn.get(..3)?).copied())
}

/// The networks of a country.
pub fn in_country(country: Country) -> impl Iterator<Item = Network> {
    NETWORKS.values().filter(move |n| n.country == country).copied()
}

/// Some network of this country with this name.
pub fn by_name(country: Country, name: &str) -> Option<Network> {
    in_country(country).find(|n| n.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().unwrap()
    }

    #[test]
    fn a_gateway_reports_docomo() {
        assert_eq!(of_plmn("44010").map(|n| (n.country, n.name)), Some((country("JP"), "NTT docomo")));
        assert_eq!(of_plmn("440010"), of_plmn("44010"));
        assert_eq!(of_plmn("310260").map(|n| n.name), Some("T-Mobile"));
    }

    #[test]
    fn an_unknown_network_still_has_a_country() {
        assert_eq!(of_plmn("44077"), None);
        assert_eq!(country_of_plmn("44077"), Some(country("JP")));
        assert_eq!(country_of_plmn("23458"), Some(country("IM")));
        assert_eq!(country_of_plmn("23415"), Some(country("GB")));
        for nonsense in ["", "4", "440", "日本国", "99999", "901 1"] {
            assert_eq!(of_plmn(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_tables_agree() {
        assert!(NETWORKS.len() > 800 && MCCS.len() > 230);
        let islands = ["GG", "IM", "JE"].map(country);
        for network in NETWORKS.values() {
            let by_code = MCCS.get(network.mcc).copied();
            assert!(by_code == Some(network.country) || islands.contains(&network.country), "{network:?}");
        }
    }
}
