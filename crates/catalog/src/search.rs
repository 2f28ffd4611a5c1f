//! Finding a country by whatever someone types: its name in many languages, pinyin, its code, a common alias or a city.

use std::{collections::HashMap, sync::LazyLock};

use basis::Country;
use texts::Texts;

/// How well a word fits; the lesser the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    Starts,
    WordStarts,
    Initials,
    Within,
}

/// What a country can be found by, folded.
struct Entry {
    country: Country,
    /// Names, aliases, cities, pinyin and the code.
    words: Vec<String>,
    /// The single words of names of several words.
    later_words: Vec<String>,
    /// `rb` for 日本.
    initials: String,
}

static INDEX: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let table: HashMap<&str, (&str, &str)> =
        include_str!("../data/aliases.tsv").lines().filter_map(alias_row).collect();
    Country::all().map(|country| entry(country, &table)).collect()
});

fn alias_row(line: &'static str) -> Option<(&'static str, (&'static str, &'static str))> {
    let mut columns = line.split('\t');
    Some((columns.next()?, (columns.next()?, columns.next()?)))
}

fn entry(country: Country, table: &HashMap<&str, (&str, &str)>) -> Entry {
    let (pinyin, aliases) = table.get(country.code()).copied().unwrap_or_default();
    let names = texts::country_names_everywhere(country);
    let spoken: Vec<&str> = names.iter().map(String::as_str).chain(aliases.split(';')).collect();
    let mut words: Vec<String> =
        spoken.iter().copied().chain([pinyin, country.code()]).map(texts::fold).collect();
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    let later_words = spoken
        .iter()
        .flat_map(|name| name.split([' ', '-']).skip(1))
        .map(texts::fold)
        .filter(|w| w.len() > 2);
    let initials = pinyin.split(' ').filter_map(|syllable| syllable.chars().next()).collect();
    Entry { country, later_words: later_words.collect(), words, initials }
}

impl Entry {
    fn fit(&self, query: &str) -> Option<Fit> {
        let any = |words: &[String], fits: &dyn Fn(&str) -> bool| words.iter().any(|w| fits(w));
        if any(&self.words, &|w| w == query) {
            return Some(Fit::Exact);
        }
        if any(&self.words, &|w| w.starts_with(query)) {
            return Some(Fit::Starts);
        }
        if any(&self.later_words, &|w| w.starts_with(query)) {
            return Some(Fit::WordStarts);
        }
        if self.initials.len() > 1 && self.initials == query {
            return Some(Fit::Initials);
        }
        // In writing without spaces a word may stand anywhere: 香港 in 中国香港.
        let inside = !query.is_ascii() && any(&self.words, &|w| w.contains(query));
        inside.then_some(Fit::Within)
    }
}

/// The countries that fit what was typed, the best first, equals in the order of the reader's language; all if nothing was typed.
///
/// 日本, Japan, nihon, riben, rb and JP all find Japan. At most the first 80 characters count.
pub fn countries(typed: &str, texts: Texts) -> Vec<Country> {
    let query = texts::fold(&typed.chars().take(80).collect::<String>());
    let mut found: Vec<(Fit, Country)> = if query.is_empty() && typed.trim().is_empty() {
        Country::all().map(|country| (Fit::Exact, country)).collect()
    } else if query.is_empty() {
        Vec::new()
    } else {
        INDEX.iter().filter_map(|entry| Some((entry.fit(&query)?, entry.country))).collect()
    };
    found.sort_by_key(|(fit, country)| (*fit, texts.country_rank(*country)));
    found.into_iter().map(|(_, country)| country).collect()
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    fn first(typed: &str) -> String {
        countries(typed, Texts::of(Language::En)).first().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn a_traveller_finds_japan_however_they_say_it() {
        for typed in [
            "日本",
            "Japan",
            "nihon",
            "riben",
            "ri ben",
            "RB",
            "JP",
            "jap",
            "日",
            "東京",
            "东京",
            "Japón",
            "일본",
            " ｊａｐａｎ ",
        ] {
            assert_eq!(first(typed), "JP", "{typed}");
        }
    }

    #[test]
    fn common_names_find_their_country() {
        let cases = [
            ("UK", "GB"),
            ("england", "GB"),
            ("kingdom", "GB"),
            ("USA", "US"),
            ("u.s.a.", "US"),
            ("america", "US"),
            ("Holland", "NL"),
            ("hanguo", "KR"),
            ("korea", "KR"),
            ("香港", "HK"),
            ("xianggang", "HK"),
            ("hong kong", "HK"),
            ("turkiye", "TR"),
            ("Türkiye", "TR"),
            ("Österreich", "AT"),
            ("cote d'ivoire", "CI"),
            ("uae", "AE"),
            ("dibai", "AE"),
            ("迪拜", "AE"),
            ("德", "DE"),
            ("Deutschland", "DE"),
            ("泰国", "TH"),
            ("bali", "ID"),
            ("macau", "MO"),
            ("burma", "MM"),
        ];
        let wrong: Vec<_> = cases
            .iter()
            .filter(|(typed, code)| first(typed) != *code)
            .map(|(t, c)| (t, c, first(t)))
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn nonsense_finds_nothing_and_nothing_finds_all() {
        let en = Texts::of(Language::En);
        assert!(countries("qqqq", en).is_empty());
        assert!(countries("!!!", en).is_empty());
        assert_eq!(countries(" ", en).len(), 250);
        assert!(countries(&"a".repeat(1_000_000), en).is_empty());
    }

    #[test]
    fn every_chinese_name_is_found_by_its_pinyin() {
        let table = include_str!("../data/aliases.tsv").lines().filter_map(alias_row);
        for (code, (pinyin, _)) in table {
            let found = countries(pinyin, Texts::of(Language::ZhCn));
            assert!(found.first().is_some_and(|c| c.code() == code), "{pinyin} finds {found:?}, not {code}");
        }
    }
}
