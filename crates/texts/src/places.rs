//! Countries and regions by name, from CLDR.

use std::collections::HashMap;

use basis::Country;
use icu::{
    collator::{Collator, options::CollatorOptions},
    locale::{Locale, locale, names::RegionDisplayName, subtags},
};

use crate::Texts;

/// A country's name and its place in the alphabet of the language.
pub(crate) struct Named {
    name: String,
    rank: usize,
}

/// A region of the world, e.g. `150` (Europe): a UN M49 code, as in CLDR's territory containment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(pub u16);

impl Texts {
    /// The country's name as travellers say it: `日本`, `Japan`.
    pub fn country(self, country: Country) -> &'static str {
        self.voice().countries.get(&country).map_or("", |named| &named.name)
    }

    /// Puts countries into the order of their names in this language.
    pub fn sort_countries(self, countries: &mut [Country]) {
        countries.sort_by_key(|c| self.country_rank(*c));
    }

    /// The country's place among all countries in the order of their names in this language.
    pub fn country_rank(self, country: Country) -> usize {
        self.voice().countries.get(&country).map_or(usize::MAX, |named| named.rank)
    }

    /// The region's name: `欧洲`, `Europe`; its code if CLDR has none.
    pub fn region(self, region: Region) -> String {
        let code = format!("{:03}", region.0);
        long_name(&self.voice().locale, &code).unwrap_or(code)
    }
}

/// Languages in which people may look for a country, beside the ones that Heyon speaks.
const SEARCHED: [Locale; 14] = [
    locale!("zh-Hans"),
    locale!("zh-Hant"),
    locale!("en"),
    locale!("ja"),
    locale!("ko"),
    locale!("de"),
    locale!("fr"),
    locale!("es"),
    locale!("it"),
    locale!("pt"),
    locale!("ru"),
    locale!("th"),
    locale!("vi"),
    locale!("id"),
];

/// The country's names, long and short, in many languages; for a search, without order or repeats removed.
pub fn country_names_everywhere(country: Country) -> Vec<String> {
    let both = |locale: &Locale| {
        [name(locale, country.code()), short_name(locale, country.code()).unwrap_or_default()]
    };
    SEARCHED.iter().flat_map(both).filter(|name| !name.is_empty()).collect()
}

/// Every country's name and rank.
pub(crate) fn names(locale: &Locale) -> HashMap<Country, Named> {
    let mut all: Vec<(Country, String)> = Country::all().map(|c| (c, name(locale, c.code()))).collect();
    if let Ok(collator) = Collator::try_new(locale.into(), CollatorOptions::default()) {
        all.sort_by(|(_, a), (_, b)| collator.compare(a, b));
    }
    all.into_iter().enumerate().map(|(rank, (country, name))| (country, Named { name, rank })).collect()
}

/// CLDR's name; its short form where the long one is a title (`Hong Kong SAR China`, `中国香港特别行政区`).
fn name(locale: &Locale, code: &str) -> String {
    let long = long_name(locale, code).unwrap_or_else(|| code.to_owned());
    if let Some(plain) = long.strip_suffix("特别行政区") {
        return plain.to_owned();
    }
    let titled =
        ["SAR China", ")", "Palestinian Territories", "领土"].iter().any(|title| long.ends_with(title));
    if titled { short_name(locale, code).unwrap_or(long) } else { long }
}

fn long_name(locale: &Locale, code: &str) -> Option<String> {
    let region: subtags::Region = code.parse().ok()?;
    Some(RegionDisplayName::try_new_light(locale.into(), region).ok()?.to_string())
}

fn short_name(locale: &Locale, code: &str) -> Option<String> {
    let region: subtags::Region = code.parse().ok()?;
    Some(RegionDisplayName::try_new_short_light(locale.into(), region).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    fn countries(codes: &[&str]) -> Vec<Country> {
        codes.iter().map(|c| c.parse().unwrap()).collect()
    }

    #[test]
    fn every_country_has_a_name() {
        for language in Language::ALL {
            let texts = Texts::of(language);
            for country in Country::all() {
                assert!(texts.country(country).chars().count() > 1, "{country} in {language}");
                assert_ne!(texts.country(country), country.code());
            }
        }
    }

    #[test]
    fn names_as_travellers_say_them() {
        let all = countries(&["JP", "HK", "MO", "US", "GB", "MM", "PS"]);
        let names = |l| all.iter().map(|c| Texts::of(l).country(*c)).collect::<Vec<_>>();
        assert_eq!(
            names(Language::ZhCn),
            ["日本", "中国香港", "中国澳门", "美国", "英国", "缅甸", "巴勒斯坦"]
        );
        assert_eq!(
            names(Language::En),
            ["Japan", "Hong Kong", "Macao", "United States", "United Kingdom", "Myanmar", "Palestine"]
        );
    }

    #[test]
    fn chinese_sorts_by_pinyin() {
        let mut some = countries(&["JP", "FR", "AU", "CN", "DE"]);
        Texts::of(Language::ZhCn).sort_countries(&mut some);
        assert_eq!(some, countries(&["AU", "DE", "FR", "JP", "CN"]));
        Texts::of(Language::En).sort_countries(&mut some);
        assert_eq!(some, countries(&["AU", "CN", "FR", "DE", "JP"]));
    }

    #[test]
    fn regions_have_names() {
        assert_eq!(Texts::of(Language::ZhCn).region(Region(150)), "欧洲");
        assert_eq!(Texts::of(Language::En).region(Region(30)), "Eastern Asia");
        assert_eq!(Texts::of(Language::En).region(Region(1)), "world");
    }
}
