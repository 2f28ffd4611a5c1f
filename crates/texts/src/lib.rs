//! Every word that a person reads, and money, data, time and places as their language writes them (CLDR).
//!
//! The texts stand in `locales/<language>/<noun>.ftl` (Fluent) and are embedded at build time: a new file needs no code.
//! A text that is missing stops a debug build and shows as its key in a release build.
//!
//! ```
//! use basis::{Currency, DataVolume, Language, Money};
//! let texts = texts::Texts::of(Language::En);
//! assert_eq!(texts.money(Money::new(1650, Currency::USD)), "US$16.50");
//! assert_eq!(texts.volume(DataVolume::megabytes(12_400)), "12.4\u{a0}GB");
//! assert_eq!(texts.days(3), "3 days");
//! ```

mod arg;
mod bundle;
mod fold;
mod money;
mod negotiate;
mod places;
#[cfg(test)]
mod tests;
mod time;
mod voice;
mod volume;

pub use arg::Arg;
pub use fold::fold;
pub use negotiate::{AcceptLanguage, negotiate};
pub use places::{Region, country_names_everywhere};
pub use time::{TimeZone, time_zone};

use basis::{Currency, Language, Money, Problem};

/// Speaks one language. Costs nothing to copy; everything behind it is built once, on first use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    language: Language,
}

impl Texts {
    /// The texts of this language.
    pub const fn of(language: Language) -> Self {
        Self { language }
    }

    /// The language it speaks.
    pub const fn language(self) -> Language {
        self.language
    }

    /// The BCP 47 tag, for `<html lang>` and `Content-Language`.
    pub const fn tag(self) -> &'static str {
        self.language.tag()
    }

    /// The text of this key.
    pub fn t(self, key: &str) -> String {
        self.voice().bundle.format(key, None)
    }

    /// The text of this key with its variables filled in: `tf("cards-left", [("count", 3)])`.
    ///
    /// Where the variables are of several types, wrap them: `[("days", Arg::from(3)), ("place", Arg::from("Japan"))]`.
    pub fn tf<'a, V: Into<Arg<'a>>>(self, key: &str, args: impl IntoIterator<Item = (&'a str, V)>) -> String {
        let args = args.into_iter().map(|(name, value)| (name, value.into())).collect();
        self.voice().bundle.format(key, Some(&args))
    }

    /// The sentence that tells a person about a problem (`problem-<key>`).
    pub fn problem(self, problem: &Problem) -> String {
        let args = problem.args.iter().map(|(name, value)| (*name, self.argument(value)));
        self.tf(&format!("problem-{}", problem.key), args)
    }

    /// An amount of money as this language writes it, anything else as it stands.
    fn argument(self, value: &str) -> String {
        let amount = value.split_once(' ').and_then(|(decimal, code)| {
            let currency: Currency = code.parse().ok()?;
            Money::parse(decimal, currency).ok()
        });
        amount.map_or_else(|| value.to_owned(), |amount| self.money(amount))
    }

    /// True if this language has a text of this key.
    pub fn has(self, key: &str) -> bool {
        self.voice().bundle.has(key)
    }

    fn voice(self) -> &'static voice::Voice {
        voice::of(self.language)
    }
}

/// Marks a text key that is spoken elsewhere, so that the test of completeness sees it: `key("orders-state-paid")`.
pub const fn key(key: &'static str) -> &'static str {
    key
}
