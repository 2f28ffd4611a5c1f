//! One `[[plan]]` of the file.

use std::collections::BTreeMap;

use basis::{Allowance, Country, CountrySet, Currency, Money, RenewalRule, StartRule, Terms};
use serde::Deserialize;
use toml::Spanned;

use super::{Context, fault::Desk, networks, values};
use crate::{Place, Plan, PlanId, PlanKind};

const DAYS_MAX: i64 = 730;
const ACTIVATE_WITHIN_DAYS: i64 = 180;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPlan {
    pub(super) id: Spanned<String>,
    kind: Spanned<String>,
    #[serde(rename = "where")]
    place: Spanned<toml::Value>,
    data: Spanned<String>,
    days: Spanned<i64>,
    start: Option<Spanned<String>>,
    activate_within_days: Option<Spanned<i64>>,
    renewal: Spanned<String>,
    #[serde(default)]
    shareable: bool,
    price: Spanned<BTreeMap<String, Spanned<toml::Value>>>,
    #[serde(default)]
    name: BTreeMap<String, String>,
    #[serde(default)]
    networks: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    on_sale: Option<bool>,
    #[serde(default)]
    recommended: bool,
}

/// One plan under the reader's hands.
struct Reader<'a> {
    raw: &'a RawPlan,
    context: &'a Context,
    desk: &'a Desk<'a>,
}

/// The plan, if nothing in it is wrong.
pub(super) fn plan(raw: &RawPlan, context: &Context, desk: &Desk<'_>) -> Option<Plan> {
    let reader = Reader { raw, context, desk };
    // Each part is read before any is missed, so that one run names every fault.
    let (id, kind, place) = (reader.id(), reader.kind(), reader.place());
    let (allowance, days, waits) = (reader.allowance(), reader.days(), reader.activate_within());
    let (start, renewal, prices) = (reader.start(), reader.renewal(), reader.prices());
    let names = values::names(&raw.name, false, &|what| reader.fault(&raw.id, "name", what));
    let own_networks = networks(&raw.networks, desk, &format!("plan {}: networks", raw.id.get_ref()));
    let (place, coverage) = place?;
    reader.networks_are_covered(&own_networks, &coverage);
    let terms = Terms {
        allowance: allowance?,
        coverage,
        days: days?,
        start: start?,
        activate_within_days: waits?,
        renewal: renewal?,
        shareable: raw.shareable,
    };
    let networks = coverage
        .iter()
        .filter_map(|c| Some((c, own_networks.get(&c).or_else(|| context.networks.get(&c))?.clone())));
    Some(Plan {
        id: id?,
        kind: kind?,
        names,
        place,
        networks: networks.collect(),
        terms,
        prices: prices?,
        on_sale: raw.on_sale.unwrap_or(true),
        recommended: raw.recommended,
    })
}

impl Reader<'_> {
    fn fault<T>(&self, at: &Spanned<T>, field: &str, message: &str) {
        self.desk.plan_fault(self.raw.id.get_ref(), at, field, message);
    }

    /// The value, or a fault with this message.
    fn known<T, U>(&self, at: &Spanned<U>, field: &str, value: Option<T>, message: &str) -> Option<T> {
        if value.is_none() {
            self.fault(at, field, message);
        }
        value
    }

    fn id(&self) -> Option<PlanId> {
        let message = "an id has lower-case letters, digits and dashes, at most 60";
        self.known(&self.raw.id, "id", self.raw.id.get_ref().parse().ok(), message)
    }

    fn kind(&self) -> Option<PlanKind> {
        let kind = PlanKind::ALL.into_iter().find(|k| k.as_str() == self.raw.kind.get_ref());
        self.known(&self.raw.kind, "kind", kind, "one of daily, monthly, long-term")
    }

    fn allowance(&self) -> Option<Allowance> {
        let message =
            "write `20 GB`, `500 MB/day`, `unlimited, 5 GB/day` or `unlimited, 5 GB/day, then slower`";
        self.known(&self.raw.data, "data", values::allowance(self.raw.data.get_ref()), message)
    }

    fn days(&self) -> Option<u32> {
        let days =
            u32::try_from(*self.raw.days.get_ref()).ok().filter(|d| (1..=DAYS_MAX).contains(&i64::from(*d)));
        self.known(&self.raw.days, "days", days, "1 to 730")
    }

    fn activate_within(&self) -> Option<u32> {
        let Some(raw) = &self.raw.activate_within_days else {
            return u32::try_from(ACTIVATE_WITHIN_DAYS).ok();
        };
        let days = u32::try_from(*raw.get_ref()).ok().filter(|d| (1..=DAYS_MAX).contains(&i64::from(*d)));
        self.known(raw, "activate_within_days", days, "1 to 730")
    }

    fn start(&self) -> Option<StartRule> {
        let Some(raw) = &self.raw.start else { return Some(StartRule::FirstUse) };
        let rule = match raw.get_ref().as_str() {
            "first-use" => Some(StartRule::FirstUse),
            "at-purchase" => Some(StartRule::AtPurchase),
            _ => None,
        };
        self.known(raw, "start", rule, "one of first-use, at-purchase")
    }

    fn renewal(&self) -> Option<RenewalRule> {
        let rule = match self.raw.renewal.get_ref().as_str() {
            "follow" => Some(RenewalRule::Follow),
            "add" => Some(RenewalRule::Add),
            "replace" => Some(RenewalRule::Replace),
            _ => None,
        };
        self.known(&self.raw.renewal, "renewal", rule, "one of follow, add, replace")
    }

    /// A country, a region of this file, or a list of countries.
    fn place(&self) -> Option<(Place, CountrySet)> {
        let raw = &self.raw.place;
        let found = match raw.get_ref() {
            toml::Value::String(one) => self.one_place(one),
            toml::Value::Array(several) => Self::several(several),
            _ => None,
        };
        let found = found.filter(|(_, coverage)| !coverage.is_empty());
        self.known(raw, "where", found, "a country's code, a list of them, or a region of this file")
    }

    fn one_place(&self, text: &str) -> Option<(Place, CountrySet)> {
        if let Some(region) = self.context.regions.get(text) {
            return Some((
                Place::Region { id: region.id.clone(), names: region.names.clone() },
                region.countries,
            ));
        }
        let country: Country = text.parse().ok()?;
        Some((Place::Country(country), CountrySet::from_iter([country])))
    }

    fn several(raw: &[toml::Value]) -> Option<(Place, CountrySet)> {
        let countries: Option<Vec<Country>> = raw.iter().map(|v| v.as_str()?.parse().ok()).collect();
        let countries = countries?;
        let coverage = countries.iter().copied().collect();
        Some((Place::Countries(countries), coverage))
    }

    fn prices(&self) -> Option<Vec<Money>> {
        let raw = self.raw.price.get_ref();
        for (code, at) in
            raw.iter().filter(|(code, _)| self.context.currencies.iter().all(|c| c.code() != *code))
        {
            self.fault(at, &format!("price.{code}"), "not among the currencies of this file");
        }
        // Every currency is looked at before the first one that is wrong ends it.
        let prices: Vec<Option<Money>> =
            self.context.currencies.iter().map(|currency| self.price(*currency)).collect();
        prices.into_iter().collect()
    }

    fn price(&self, currency: Currency) -> Option<Money> {
        let field = format!("price.{currency}");
        let Some(raw) = self.raw.price.get_ref().get(currency.code()) else {
            self.fault(&self.raw.price, &field, "this currency's price is missing");
            return None;
        };
        values::price(raw.get_ref(), currency).map_err(|message| self.fault(raw, &field, message)).ok()
    }

    fn networks_are_covered(&self, own: &BTreeMap<Country, Vec<String>>, coverage: &CountrySet) {
        for country in own.keys().filter(|c| !coverage.contains(**c)) {
            self.fault(
                &self.raw.place,
                &format!("networks.{country}"),
                "the plan does not work in this country",
            );
        }
    }
}
