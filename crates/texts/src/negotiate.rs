//! Which language to speak.

use basis::Language;
use fluent_langneg::{
    LanguageIdentifier, NegotiationStrategy, negotiate_languages, parse_accepted_languages,
};

/// The text of an `Accept-Language` header.
pub type AcceptLanguage<'a> = &'a str;

/// The best language for a reader who asked for these; `default` if none of them is ours.
///
/// Every Chinese but the traditional ones reads simplified Chinese; for those English is no better, so they do too.
pub fn negotiate(header: AcceptLanguage<'_>, default: Language) -> Language {
    let wanted: Vec<_> =
        parse_accepted_languages(&by_weight(header)).into_iter().map(plain_chinese).collect();
    let ours: Vec<(LanguageIdentifier, Language)> =
        Language::ALL.into_iter().filter_map(|l| Some((plain_chinese(l.tag().parse().ok()?), l))).collect();
    let tags: Vec<&LanguageIdentifier> = ours.iter().map(|(tag, _)| tag).collect();
    let best = negotiate_languages(&wanted, &tags, None, NegotiationStrategy::Lookup);
    best.first()
        .and_then(|tag| ours.iter().find(|(t, _)| t == **tag))
        .map_or(default, |(_, language)| *language)
}

/// The header with its languages in the order of their weights, which `fluent_langneg` leaves to us; the first 20.
fn by_weight(header: &str) -> String {
    let mut entries: Vec<&str> = header.split(',').take(20).filter(|e| weight(e) > 0).collect();
    entries.sort_by_key(|e| std::cmp::Reverse(weight(e)));
    entries.join(",")
}

/// Thousandths: `zh;q=0.9` is 900, `zh` is 1000 (RFC 9110, section 12.4.2).
fn weight(entry: &str) -> u32 {
    let Some((_, q)) = entry.split_once(";q=") else { return 1000 };
    match q.trim().split_once('.') {
        Some(("0", digits)) => format!("{digits:0<3.3}").parse().unwrap_or(0),
        Some(("1", _)) => 1000,
        _ => u32::from(q.trim() == "1") * 1000,
    }
}

/// `zh-Hant-TW` and `zh-Hans-CN` as `zh`: there is one Chinese.
fn plain_chinese(mut tag: LanguageIdentifier) -> LanguageIdentifier {
    if tag.language.as_str() == "zh" {
        (tag.script, tag.region) = (None, None);
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readers_wish_decides() {
        let ask = |header| negotiate(header, Language::En);
        assert_eq!(ask("zh-CN,zh;q=0.9,en;q=0.8"), Language::ZhCn);
        assert_eq!(ask("en-US,en;q=0.9,zh-CN;q=0.8"), Language::En);
        assert_eq!(ask("en;q=0.5,zh-Hans-SG;q=0.9"), Language::ZhCn);
        assert_eq!(ask("zh-TW"), Language::ZhCn);
        assert_eq!(ask("zh;q=0, en;q=0.1"), Language::En);
        assert_eq!(ask("fr-FR,de;q=0.7,en-GB;q=0.3"), Language::En);
        assert_eq!(ask("fr"), Language::En);
        assert_eq!(negotiate("", Language::ZhCn), Language::ZhCn);
        assert_eq!(negotiate(&"x,;q=".repeat(1000), Language::ZhCn), Language::ZhCn);
    }
}
