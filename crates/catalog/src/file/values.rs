//! The little languages inside the values: `1 GB/day`, `150`, `18.00`.

use std::collections::BTreeMap;

use basis::{Allowance, Beyond, Country, CountrySet, Currency, DataVolume, Language, Money};

use crate::{Names, world};

/// Names by language tag; with `all`, every language must be there.
pub(super) fn names(raw: &BTreeMap<String, String>, all: bool, fault: &dyn Fn(&str)) -> Names {
    for (tag, name) in raw {
        if tag.parse::<Language>().is_err() {
            fault(&format!("there is no language {tag}"));
        }
        if name.trim().is_empty() || name.chars().count() > 60 {
            fault("a name has 1 to 60 characters");
        }
    }
    let wanted = all || !raw.is_empty();
    for language in Language::ALL.into_iter().filter(|l| wanted && !raw.contains_key(l.tag())) {
        fault(&format!("the name in {language} is missing"));
    }
    Names(raw.clone())
}

/// A country of ISO 3166, or a region of UN M49 by its three digits.
pub(super) fn territory(code: &str) -> Option<CountrySet> {
    if code.len() == 3 {
        return world::countries_of(texts::Region(code.parse().ok()?));
    }
    Some(CountrySet::from_iter([code.parse::<Country>().ok()?]))
}

/// `20 GB`, `500 MB/day`, `unlimited, 5 GB/day` or `unlimited, 5 GB/day, then slower`.
pub(super) fn allowance(text: &str) -> Option<Allowance> {
    if let Some(fair_use) = text.strip_prefix("unlimited, ") {
        let (fair_use, then) = match fair_use.strip_suffix(", then slower") {
            Some(fair_use) => (fair_use, Beyond::Slower),
            None => (fair_use, Beyond::Stops),
        };
        let fair_use_bytes_per_day = volume(fair_use.strip_suffix("/day")?)?;
        return Some(Allowance::Unlimited { fair_use_bytes_per_day, then });
    }
    match text.strip_suffix("/day") {
        Some(each) => Some(Allowance::PerDay { bytes: volume(each)? }),
        None => Some(Allowance::Fixed { bytes: volume(text)? }),
    }
}

fn volume(text: &str) -> Option<DataVolume> {
    let (number, unit) = text.split_once(' ')?;
    let number = number.parse::<u64>().ok().filter(|n| (1..=1_000_000).contains(n))?;
    match unit {
        "MB" => Some(DataVolume::megabytes(number)),
        "GB" => Some(DataVolume::gigabytes(number)),
        _ => None,
    }
}

/// A price as text or whole number: `"16.50"`, `118`.
pub(super) fn price(raw: &toml::Value, currency: Currency) -> Result<Money, &'static str> {
    let text = match raw {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        _ => return Err("write the price in quotes: \"16.50\""),
    };
    let money = Money::parse(&text, currency).map_err(|_| "not an amount of this currency")?;
    if money.is_positive() { Ok(money) } else { Err("a price is more than nothing") }
}
