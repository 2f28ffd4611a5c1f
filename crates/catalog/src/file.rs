//! The operator's file: read, checked, and every fault named by its line, plan and field. No IO.

mod entry;
mod fault;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use basis::{Country, CountrySet, Currency};
use serde::Deserialize;
use toml::Spanned;

use crate::{Names, Plan, PlanId, Region, catalogue::Frame, networks};
use fault::Desk;
pub use fault::{Fault, Faults};

/// A file that is in order.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) frame: Frame,
    pub(crate) plans: Vec<Plan>,
    /// Where each plan stands in the file, for messages that come later.
    pub(crate) lines: BTreeMap<PlanId, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    currencies: Vec<Spanned<String>>,
    #[serde(default)]
    popular: Vec<Spanned<String>>,
    #[serde(default)]
    regions: BTreeMap<Spanned<String>, RawRegion>,
    #[serde(default)]
    networks: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    #[serde(default)]
    plan: Vec<entry::RawPlan>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegion {
    name: BTreeMap<String, String>,
    countries: Vec<Spanned<String>>,
}

/// What the plans of a file refer to.
struct Context {
    currencies: Vec<Currency>,
    regions: BTreeMap<String, Region>,
    networks: BTreeMap<Country, Vec<String>>,
}

/// Reads the file.
///
/// # Errors
/// Every fault that it has; one only if it is not TOML.
pub(crate) fn read(text: &str) -> Result<Draft, Faults> {
    let desk = Desk::new(text);
    let raw: RawFile = toml::from_str(text).map_err(|e| desk.unreadable(&e))?;
    let regions = regions(&raw.regions, &desk);
    let context = Context {
        currencies: currencies(&raw.currencies, &desk),
        regions: regions.iter().map(|r| (r.id.clone(), r.clone())).collect(),
        networks: networks(&raw.networks, &desk, "networks"),
    };
    let popular = raw.popular.iter().filter_map(|code| country(code, &desk, "popular")).collect();
    let mut lines = BTreeMap::new();
    let mut plans = Vec::new();
    for raw in &raw.plan {
        let Some(plan) = entry::plan(raw, &context, &desk) else { continue };
        if lines.insert(plan.id.clone(), desk.line(&raw.id)).is_some() {
            desk.fault(&raw.id, "id", "this id stands twice");
        }
        plans.push(plan);
    }
    desk.finish()?;
    Ok(Draft { frame: Frame { currencies: context.currencies, regions, popular }, plans, lines })
}

fn currencies(raw: &[Spanned<String>], desk: &Desk<'_>) -> Vec<Currency> {
    let mut found = Vec::new();
    for code in raw {
        match code.get_ref().parse() {
            Ok(currency) if !found.contains(&currency) => found.push(currency),
            Ok(_) => desk.fault(code, "currencies", "this currency stands twice"),
            Err(_) => desk.fault(code, "currencies", "no currency of ISO 4217"),
        }
    }
    found
}

fn regions(raw: &BTreeMap<Spanned<String>, RawRegion>, desk: &Desk<'_>) -> Vec<Region> {
    // In the order of the file, which the map has lost.
    let mut in_order: Vec<_> = raw.iter().collect();
    in_order.sort_by_key(|(id, _)| id.span().start);
    in_order.into_iter().map(|(id, raw)| region(id, raw, desk)).collect()
}

fn region(id: &Spanned<String>, raw: &RawRegion, desk: &Desk<'_>) -> Region {
    let field = format!("regions.{}", id.get_ref());
    if id.get_ref().parse::<Country>().is_ok() || id.get_ref().parse::<PlanId>().is_err() {
        desk.fault(
            id,
            &field,
            "a region's id has lower-case letters, digits and dashes, and is no country code",
        );
    }
    Region {
        id: id.get_ref().clone(),
        names: values::names(&raw.name, true, &|what| desk.fault(id, &field, what)),
        countries: countries(&raw.countries, desk, &field),
    }
}

/// `["150", "TR", "-RU"]`: M49 regions and countries, a dash takes one out.
fn countries(raw: &[Spanned<String>], desk: &Desk<'_>, field: &str) -> CountrySet {
    let mut kept = BTreeSet::new();
    for entry in raw {
        let (out, code) =
            entry.get_ref().strip_prefix('-').map_or((false, entry.get_ref().as_str()), |code| (true, code));
        match values::territory(code) {
            Some(set) if out => set.iter().for_each(|c| _ = kept.remove(&c)),
            Some(set) => kept.extend(set.iter()),
            None => desk.fault(entry, field, "neither a country of ISO 3166 nor a region of UN M49"),
        }
    }
    kept.into_iter().collect()
}

fn networks(
    raw: &BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    desk: &Desk<'_>,
    field: &str,
) -> BTreeMap<Country, Vec<String>> {
    let mut found = BTreeMap::new();
    for (code, names) in raw {
        let Some(country) = country(code, desk, field) else { continue };
        for name in names.iter().filter(|name| networks::by_name(country, name.get_ref()).is_none()) {
            desk.fault(
                name,
                field,
                &format!("{country} has no network of this name in the table of networks"),
            );
        }
        found.insert(country, names.iter().map(|name| name.get_ref().clone()).collect());
    }
    found
}

fn country(code: &Spanned<String>, desk: &Desk<'_>, field: &str) -> Option<Country> {
    let found = code.get_ref().parse().ok();
    if found.is_none() {
        desk.fault(code, field, "no country of ISO 3166");
    }
    found
}

impl Names {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
