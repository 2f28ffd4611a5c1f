//! Language, currency and time zone.

use basis::{Currency, Id, Language, Problem};
use store::Conn;

use crate::{rows, rules};

/// How an account likes its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// Of pages and mails.
    pub language: Language,
    /// Of prices.
    pub currency: Currency,
    /// An IANA name.
    pub time_zone: String,
}

impl Preferences {
    /// What someone who reads this language most likely wants, from an operator that sells in this currency.
    pub fn usual(language: Language, operators: Currency) -> Self {
        Self {
            language,
            currency: rules::usual_currency(language, operators),
            time_zone: rules::usual_time_zone(language).to_owned(),
        }
    }

    /// Reads a form's three fields.
    ///
    /// # Errors
    /// Invalid at the field that is wrong.
    pub fn read(language: &str, currency: &str, time_zone: &str) -> Result<Self, Problem> {
        let language = language.parse().map_err(|p: Problem| p.at("language"))?;
        let known = |c: &Currency| rules::CURRENCIES.contains(c);
        let currency = currency.parse().ok().filter(known);
        let currency = currency.ok_or_else(|| Problem::invalid("currency-unknown").at("currency"))?;
        let time_zone = canonical_time_zone(time_zone)?;
        Ok(Self { language, currency, time_zone })
    }
}

fn canonical_time_zone(name: &str) -> Result<String, Problem> {
    let unknown = || Problem::invalid("accounts-time-zone-unknown").at("time_zone");
    if name.len() > 64 {
        return Err(unknown());
    }
    let zone = jiff::tz::TimeZone::get(name.trim()).map_err(|_| unknown())?;
    zone.iana_name().map(str::to_owned).ok_or_else(unknown)
}

/// The time zones that can be chosen, sorted: those of places, and UTC.
pub fn time_zones() -> Vec<String> {
    const AREAS: [&str; 8] =
        ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
    let of_place = |name: &String| name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
    let mut names: Vec<String> =
        jiff::tz::db().available().map(|name| name.as_str().to_owned()).filter(of_place).collect();
    names.push("UTC".to_owned());
    names.sort_unstable();
    names
}

/// Notes how an account likes its pages.
pub async fn set_preferences(
    conn: &mut Conn,
    account: Id<basis::Account>,
    preferences: &Preferences,
) -> Result<(), Problem> {
    rows::set_preferences(conn, account, preferences).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_from_a_form() {
        let read = Preferences::read("zh-CN", "HKD", "asia/hong_kong").unwrap();
        assert_eq!(read.time_zone, "Asia/Hong_Kong");
        let field = |l, c, t| Preferences::read(l, c, t).unwrap_err().field;
        assert_eq!(field("xx", "HKD", "UTC"), Some("language"));
        assert_eq!(field("en", "XAU", "UTC"), Some("currency"));
        assert_eq!(field("en", "HKD", "Mars/Base"), Some("time_zone"));
        assert_eq!(field("en", "HKD", "../../etc/passwd"), Some("time_zone"));
    }

    #[test]
    fn every_time_zone_on_offer_can_be_chosen() {
        let zones = time_zones();
        assert!(zones.len() > 300 && zones.contains(&"Asia/Tokyo".to_owned()));
        assert!(zones.iter().all(|zone| canonical_time_zone(zone).is_ok()));
    }
}
