//! Who sells, and what of the prices is tax.

use anyhow::{Context, Result, anyhow, ensure};
use basis::{Language, Timestamp};
use orders::rules::{TaxRate, TaxTable};

use receipts::Seller;
use texts::TimeZone;

use crate::settings::{self, Settings, TaxRow};

/// What stands on receipts.
///
/// # Errors
/// If the code cannot be one.
pub fn seller(settings: &Settings) -> Result<Seller> {
    let settings::Seller { code, name, address, tax_id, .. } = settings.seller.clone();
    let fits = (1..=12).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    ensure!(fits, "seller.code: {code} is not 1 to 12 letters and digits");
    let name = if name.is_empty() { settings.brand.clone() } else { name };
    Ok(Seller { code, name, address, tax_id })
}

/// Where the seller's days and years begin.
///
/// # Errors
/// If there is no such time zone.
pub fn zone(name: &str) -> Result<TimeZone> {
    texts::time_zone(name).with_context(|| format!("time_zone: {name}"))
}

/// The taxes at the seller's place.
///
/// # Errors
/// Names the row of `tax`, or the setting, that cannot be understood.
pub fn taxes(settings: &Settings) -> Result<TaxTable> {
    let rates = settings.tax.iter().enumerate().map(|(place, row)| {
        rate(row, &settings.time_zone).with_context(|| format!("tax: row {}", place + 1))
    });
    let rates = rates.collect::<Result<Vec<_>>>()?;
    let seller = &settings.seller;
    if seller.country.is_empty() {
        ensure!(rates.is_empty(), "tax: seller.country says which row applies, and is empty");
        return Ok(TaxTable::default());
    }
    let country = seller.country.parse().map_err(|_| anyhow!("seller.country: {}", seller.country))?;
    Ok(TaxTable::of_place(rates, country, &seller.region))
}

fn rate(row: &TaxRow, zone: &str) -> Result<TaxRate> {
    ensure!(row.basis_points <= 10_000, "basis_points: {} is more than the price", row.basis_points);
    let missing = Language::ALL.iter().find(|language| !row.names.contains_key(language));
    ensure!(missing.is_none(), "names: {} is missing", missing.map_or("", |language| language.tag()));
    Ok(TaxRate {
        country: row.country.parse().map_err(|_| anyhow!("country: {}", row.country))?,
        region: row.region.clone(),
        basis_points: row.basis_points,
        names: row.names.clone(),
        valid_from: day_begins(&row.valid_from, zone)
            .with_context(|| format!("valid_from: {}", row.valid_from))?,
    })
}

/// The first moment of a day, as `2026-01-31`, in a zone.
fn day_begins(day: &str, zone: &str) -> Result<Timestamp> {
    let day: jiff::civil::Date = day.parse()?;
    Ok(Timestamp(day.to_zoned(self::zone(zone)?)?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use figment::{
        Figment,
        providers::{Format, Toml},
    };

    use super::*;

    fn read(text: &str) -> Result<TaxTable> {
        let settings = Figment::from(Toml::string(crate::settings::DEFAULTS)).merge(Toml::string(text));
        taxes(&settings.extract().unwrap())
    }

    const ROW: &str =
        "country = \"DE\"\nvalid_from = \"2021-01-01\"\nnames = { en = \"VAT\", zh-CN = \"增值税\" }";

    #[test]
    fn a_tax_holds_from_the_beginning_of_its_day_where_the_seller_is() {
        let table = format!(
            "time_zone = \"Europe/Berlin\"\n[seller]\ncountry = \"DE\"\n[[tax]]\nbasis_points = 1900\n{ROW}"
        );
        let table = read(&table).unwrap();
        let midnight = 1_609_455_600_000;
        assert_eq!(table.at(Timestamp(midnight)).map(|rate| rate.basis_points), Some(1_900));
        assert_eq!(table.at(Timestamp(midnight - 1)), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let wrong = [
            ("", 1_900, "seller.country"),
            ("[seller]\ncountry = \"DE\"\n", 10_001, "tax: row 1"),
            ("[seller]\ncountry = \"Germany\"\n", 1_900, "seller.country: Germany"),
        ];
        for (seller, points, said) in wrong {
            let problem = read(&format!("{seller}[[tax]]\nbasis_points = {points}\n{ROW}")).unwrap_err();
            assert!(format!("{problem:#}").contains(said), "{problem:#}");
        }
    }
}
