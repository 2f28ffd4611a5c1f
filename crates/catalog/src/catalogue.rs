//! All plans together, as a reader asks for them. No IO.

use std::collections::{BTreeMap, BTreeSet};

use basis::{Country, CountrySet, Currency, Money};
use serde::{Deserialize, Serialize};

use crate::{Names, Place, Plan, PlanId};

/// A region that the catalogue names and sells plans for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Its id, e.g. `europe`.
    pub id: String,
    /// Its names.
    pub names: Names,
    /// What lies in it.
    pub countries: CountrySet,
}

/// What stands beside the plans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Frame {
    pub(crate) currencies: Vec<Currency>,
    pub(crate) regions: Vec<Region>,
    pub(crate) popular: Vec<Country>,
}

/// Everything that is or was sold.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    digest: String,
    frame: Frame,
    plans: Vec<Plan>,
    by_id: BTreeMap<PlanId, usize>,
}

/// A country where something can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// The country.
    pub country: Country,
    /// The least that a plan for it costs.
    pub from: Option<Money>,
}

/// A region for which something can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionOffer<'a> {
    /// The region.
    pub region: &'a Region,
    /// The least that a plan for it costs.
    pub from: Option<Money>,
}

impl Catalogue {
    pub(crate) fn new(digest: String, frame: Frame, plans: Vec<Plan>) -> Self {
        let by_id = plans.iter().enumerate().map(|(place, plan)| (plan.id.clone(), place)).collect();
        Self { digest, frame, plans, by_id }
    }

    /// The same with those plans alone that several lines may share.
    #[must_use]
    pub fn shareable(&self) -> Self {
        let plans = self.plans.iter().filter(|plan| plan.terms.shareable).cloned().collect();
        Self::new(self.digest.clone(), self.frame.clone(), plans)
    }

    /// A digest of its content, e.g. for an `ETag`.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The currencies in which every plan has a price, the shop's own first.
    pub fn currencies(&self) -> &[Currency] {
        &self.frame.currencies
    }

    /// The currency to show to someone who prefers `wanted`: theirs if it is sold in, else the shop's own.
    pub fn currency_for(&self, wanted: Currency) -> Currency {
        let known = self.frame.currencies.contains(&wanted);
        if known { wanted } else { self.frame.currencies.first().copied().unwrap_or(wanted) }
    }

    /// A plan, on sale or not.
    pub fn plan(&self, id: &PlanId) -> Option<&Plan> {
        self.plans.get(*self.by_id.get(id)?)
    }

    /// All plans on sale, in the order of the file.
    pub fn on_sale(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| plan.on_sale)
    }

    /// The plans on sale that work in this country, in the order of a list.
    pub fn plans_for(&self, country: Country) -> Vec<&Plan> {
        in_list_order(self.on_sale().filter(|plan| plan.terms.coverage.contains(country)))
    }

    /// The plans on sale for exactly this region, in the order of a list.
    pub fn plans_of_region(&self, region: &str) -> Vec<&Plan> {
        in_list_order(
            self.on_sale().filter(|plan| matches!(&plan.place, Place::Region { id, .. } if id == region)),
        )
    }

    /// A region of the catalogue.
    pub fn region(&self, id: &str) -> Option<&Region> {
        self.frame.regions.iter().find(|region| region.id == id)
    }

    /// The regions for which something is on sale, in the order of the file.
    pub fn regions(&self, currency: Currency) -> Vec<RegionOffer<'_>> {
        let offer = |region| RegionOffer { region, from: least(&self.plans_of_region(&region.id), currency) };
        let sold = |region: &&Region| !self.plans_of_region(&region.id).is_empty();
        self.frame.regions.iter().filter(sold).map(offer).collect()
    }

    /// The countries where something can be bought.
    pub fn covered(&self) -> CountrySet {
        self.on_sale().flat_map(|plan| plan.terms.coverage.iter()).collect()
    }

    /// The countries where something can be bought, with the least price, in the order of their codes.
    pub fn destinations(&self, currency: Currency) -> Vec<Destination> {
        let mut least: BTreeMap<Country, Option<Money>> = BTreeMap::new();
        for plan in self.on_sale() {
            let price = plan.price(currency);
            for country in plan.terms.coverage.iter() {
                let known = least.entry(country).or_insert(price);
                *known = lesser(*known, price);
            }
        }
        least.into_iter().map(|(country, from)| Destination { country, from }).collect()
    }

    /// The countries that the operator wants to see first, as far as something can be bought there.
    pub fn popular(&self) -> Vec<Country> {
        let covered = self.covered();
        self.frame.popular.iter().copied().filter(|c| covered.contains(*c)).collect()
    }

    /// The networks that plans on sale use in this country, those of the most plans first.
    pub fn networks_in(&self, country: Country) -> Vec<&str> {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for network in self.plans_for(country).into_iter().flat_map(|plan| plan.networks_in(country)) {
            match counts.iter_mut().find(|(name, _)| name == network) {
                Some((_, count)) => *count += 1,
                None => counts.push((network, 1)),
            }
        }
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts.into_iter().map(|(name, _)| name).collect()
    }

    /// The countries in which a plan on sale uses a network whose folded name contains this folded text.
    pub fn countries_of_network(&self, folded: &str) -> BTreeSet<Country> {
        let uses = self.on_sale().flat_map(|plan| &plan.networks);
        uses.filter(|(_, names)| names.iter().any(|n| texts::fold(n).contains(folded)))
            .map(|(c, _)| *c)
            .collect()
    }
}

fn in_list_order<'a>(plans: impl Iterator<Item = &'a Plan>) -> Vec<&'a Plan> {
    let mut plans: Vec<&Plan> = plans.collect();
    plans.sort_by(|a, b| a.list_order(b));
    plans
}

fn least(plans: &[&Plan], currency: Currency) -> Option<Money> {
    plans.iter().map(|plan| plan.price(currency)).reduce(lesser).flatten()
}

fn lesser(a: Option<Money>, b: Option<Money>) -> Option<Money> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.minor < a.minor { b } else { a }),
        (one, other) => one.or(other),
    }
}
