//! One plan: what is promised, where, and for how much.

use std::{collections::BTreeMap, fmt, str::FromStr};

use basis::{Country, Currency, Language, Money, Problem, Terms};
use serde::{Deserialize, Serialize};

/// A plan's id: lower-case letters, digits and dashes, at most 60; chosen by the operator and kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlanId(String);

impl PlanId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanId {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        Self::try_from(text.to_owned())
    }
}
impl TryFrom<String> for PlanId {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > 60 || !text.bytes().all(plain) {
            return Err(Problem::not_found());
        }
        Ok(Self(text))
    }
}
impl From<PlanId> for String {
    fn from(id: PlanId) -> Self {
        id.0
    }
}
impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl store::Value for PlanId {
    type Raw = String;

    fn to_raw(&self) -> String {
        self.0.clone()
    }
    fn from_raw(raw: String) -> Option<Self> {
        raw.parse().ok()
    }
}

/// Under which tab a plan is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// For a number of days.
    Daily,
    /// For a month.
    Monthly,
    /// For a quarter or longer.
    LongTerm,
}

impl PlanKind {
    /// Every kind, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Monthly, Self::LongTerm];

    /// As in addresses and the API: `daily`, `monthly`, `long-term`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Monthly => "monthly",
            Self::LongTerm => "long-term",
        }
    }
}

/// A name in some languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(pub(crate) BTreeMap<String, String>);

impl Names {
    /// The name in this language, if there is one.
    pub fn get(&self, language: Language) -> Option<&str> {
        self.0.get(language.tag()).map(String::as_str)
    }
}

/// What a plan is for, in one word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// One country.
    Country(Country),
    /// A region that the catalogue names.
    Region {
        /// Its id in the catalogue.
        id: String,
        /// Its names.
        names: Names,
    },
    /// Several countries by name.
    Countries(Vec<Country>),
}

/// What is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its tab.
    pub kind: PlanKind,
    /// Its own names; mostly none, then [`Plan::name`] says its facts.
    pub names: Names,
    /// What it is for.
    pub place: Place,
    /// What it promises; final once it was sold.
    pub terms: Terms,
    /// Its prices, one per currency of the catalogue.
    pub prices: Vec<Money>,
    /// The networks by country, where they are known.
    pub networks: BTreeMap<Country, Vec<String>>,
    /// Whether it can be bought.
    pub on_sale: bool,
    /// The one of its list that the operator recommends.
    pub recommended: bool,
}

impl Plan {
    /// Its price in this currency, if it has one.
    pub fn price(&self, currency: Currency) -> Option<Money> {
        self.prices.iter().find(|p| p.currency == currency).copied()
    }

    /// The networks it uses in this country; empty where they are not known.
    pub fn networks_in(&self, country: Country) -> &[String] {
        self.networks.get(&country).map_or(&[], Vec::as_slice)
    }
}
