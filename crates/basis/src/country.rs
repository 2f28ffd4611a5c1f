//! Countries and territories by their ISO 3166-1 alpha-2 codes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Problem;

/// Every officially assigned ISO 3166-1 alpha-2 code, and XK (Kosovo), in alphabetical order.
const CODES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

/// A country or territory, e.g. `JP`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// The two-letter code, upper case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }

    /// Every country, in the order of the codes.
    pub fn all() -> impl Iterator<Item = Self> {
        CODES.as_bytes().as_chunks::<2>().0.iter().copied().map(Self)
    }

    /// Its place in [`Country::all`].
    fn index(self) -> usize {
        place(self.0).unwrap_or(0)
    }
}

impl FromStr for Country {
    type Err = Problem;

    /// Reads a code in either case.
    fn from_str(text: &str) -> Result<Self, Problem> {
        let letters =
            <[u8; 2]>::try_from(text.as_bytes()).ok().map(|letters| letters.map(|c| c.to_ascii_uppercase()));
        let known = letters.filter(|letters| place(*letters).is_some());
        known.map(Self).ok_or_else(|| Problem::invalid("country-unknown"))
    }
}

/// Where these letters stand among the codes.
fn place(letters: [u8; 2]) -> Option<usize> {
    let number = |code: &[u8; 2]| u16::from_be_bytes(*code);
    CODES.as_bytes().as_chunks::<2>().0.binary_search_by_key(&number(&letters), number).ok()
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("unknown country"))
    }
}

/// A set of countries in 32 bytes: bit `i` is the `i`-th of [`Country::all`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CountrySet([u64; 4]);

impl CountrySet {
    /// The empty set.
    pub const EMPTY: Self = Self([0; 4]);

    /// Adds one.
    pub fn insert(&mut self, country: Country) {
        let index = country.index();
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// True if it is in.
    pub fn contains(&self, country: Country) -> bool {
        let index = country.index();
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// The countries, in the order of their codes.
    pub fn iter(&self) -> impl Iterator<Item = Country> + '_ {
        Country::all().enumerate().filter_map(|(index, country)| {
            self.0.get(index / 64).is_some_and(|w| w & (1 << (index % 64)) != 0).then_some(country)
        })
    }

    /// True if each country of this set is in the other.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// True if some country is in both sets.
    pub fn intersects(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.iter().map(|w| usize::try_from(w.count_ones()).unwrap_or(0)).sum()
    }

    /// True if none.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }
}

impl FromIterator<Country> for CountrySet {
    fn from_iter<I: IntoIterator<Item = Country>>(countries: I) -> Self {
        let mut set = Self::EMPTY;
        countries.into_iter().for_each(|c| set.insert(c));
        set
    }
}
impl fmt::Debug for CountrySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
impl Serialize for CountrySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
impl<'de> Deserialize<'de> for CountrySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Country>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_fits_the_set() {
        let all: Vec<_> = Country::all().collect();
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(all.len(), 250);
        assert!(all.len() <= 256);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: CountrySet = ["JP", "zw", "AD"].iter().map(|c| c.parse().unwrap()).collect();
        assert_eq!(set.len(), 3);
        assert!(set.contains("ZW".parse().unwrap()));
        assert!(!set.contains("CN".parse().unwrap()));
        assert_eq!(format!("{set:?}"), "{AD, JP, ZW}");
    }

    #[test]
    fn sets_are_compared() {
        let of = |codes: &[&str]| codes.iter().map(|c| c.parse::<Country>().unwrap()).collect::<CountrySet>();
        let (asia, japan, swiss) = (of(&["JP", "KR"]), of(&["JP"]), of(&["CH", "ZW"]));
        assert!(japan.is_subset(&asia) && !asia.is_subset(&japan));
        assert!(japan.intersects(&asia) && !asia.intersects(&swiss));
    }
}
