//! The tax that is in a price: pure, in whole minor units.

use std::{collections::BTreeMap, sync::Arc};

use basis::{Country, Language, Money, Problem, Timestamp};
use serde::{Deserialize, Serialize};

/// A whole, in basis points.
const WHOLE: u32 = 10_000;

/// A row of the tax table: so much, there, from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// Where it applies.
    pub country: Country,
    /// In which part of the country; empty: in all of it. A part's rate is the whole rate there, not an addition.
    pub region: String,
    /// Hundredths of a per cent, at most 10,000.
    pub basis_points: u32,
    /// What it is called.
    pub names: BTreeMap<Language, String>,
    /// From when on it holds, until another row of its place does.
    pub valid_from: Timestamp,
}

/// The rates of the seller's place. Empty: prices hold no tax.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaxTable(Arc<[TaxRate]>);

impl TaxTable {
    /// What of these rates applies to a seller in this country and region.
    pub fn of_place(rates: impl IntoIterator<Item = TaxRate>, country: Country, region: &str) -> Self {
        let here =
            |rate: &TaxRate| rate.country == country && (rate.region.is_empty() || rate.region == region);
        Self(rates.into_iter().filter(here).collect())
    }

    /// The rate at this moment: the region's own before the country's, the latest first.
    pub fn at(&self, now: Timestamp) -> Option<&TaxRate> {
        let valid = self.0.iter().filter(|rate| rate.valid_from <= now);
        valid.max_by_key(|rate| (!rate.region.is_empty(), rate.valid_from))
    }
}

/// The tax that an order's price holds, frozen when it was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// Where it is due.
    pub country: Country,
    /// In which part; empty: of the whole country.
    pub region: String,
    /// Hundredths of a per cent.
    pub basis_points: u32,
    /// What it is called.
    pub names: BTreeMap<Language, String>,
    /// How much of the price it is.
    pub amount: Money,
}

impl Tax {
    /// The tax in a price that includes it, to the nearest minor unit, a half to the even one.
    ///
    /// # Errors
    /// Internal if the price is negative or the rate above a whole.
    pub fn within(price: Money, rate: &TaxRate) -> Result<Self, Problem> {
        let points = i64::from(rate.basis_points);
        if rate.basis_points > WHOLE {
            return Err(Problem::internal("a tax of more than the price"));
        }
        Ok(Self {
            country: rate.country,
            region: rate.region.clone(),
            basis_points: rate.basis_points,
            names: rate.names.clone(),
            amount: share_half_even(price, points, i64::from(WHOLE) + points)?,
        })
    }

    /// The tax in `back`, the next part of `price` that goes back when `before` of it has gone. All parts together hold
    /// all of the tax, however the price is cut.
    ///
    /// # Errors
    /// Internal if more would go back than the price.
    pub fn returned(&self, price: Money, before: Money, back: Money) -> Result<Money, Problem> {
        let after = before.plus(back)?;
        if after.minor > price.minor {
            return Err(Problem::internal("the tax of more than the price"));
        }
        self.upto(price, after)?.minus(self.upto(price, before)?)
    }

    /// The tax in the first `part` of the price.
    fn upto(&self, price: Money, part: Money) -> Result<Money, Problem> {
        part.minus(Money::zero(price.currency))?;
        share_half_even(self.amount, part.minor, price.minor)
    }
}

/// `amount * numerator / denominator`, exact in between, a half to the even neighbour.
fn share_half_even(amount: Money, numerator: i64, denominator: i64) -> Result<Money, Problem> {
    let floor = amount.share(numerator, denominator)?;
    let product = i128::from(amount.minor) * i128::from(numerator);
    let rest = product - i128::from(floor.minor) * i128::from(denominator);
    let up = match (rest * 2).cmp(&i128::from(denominator)) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => floor.minor & 1,
        std::cmp::Ordering::Greater => 1,
    };
    floor.plus(Money::new(up, amount.currency))
}

#[cfg(test)]
mod tests {
    use basis::Currency;
    use proptest::prelude::*;

    use super::*;

    fn rate(country: &str, region: &str, basis_points: u32, valid_from: i64) -> TaxRate {
        let (country, names) = (country.parse().unwrap(), BTreeMap::from([(Language::En, "VAT".to_owned())]));
        TaxRate { country, region: region.to_owned(), basis_points, names, valid_from: Timestamp(valid_from) }
    }

    fn yuan(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    fn tax(price: i64, basis_points: u32) -> Tax {
        Tax::within(yuan(price), &rate("CN", "", basis_points, 0)).unwrap()
    }

    #[test]
    fn six_per_cent_within_118_yuan_are_6_68() {
        assert_eq!(tax(11_800, 600).amount, yuan(668));
        assert_eq!(tax(11_800, 0).amount, yuan(0));
    }

    #[test]
    fn a_half_goes_to_the_even_neighbour() {
        assert_eq!(
            (tax(1, 10_000).amount, tax(3, 10_000).amount, tax(5, 10_000).amount),
            (yuan(0), yuan(2), yuan(2))
        );
    }

    #[test]
    fn the_place_and_the_day_choose_the_rate() {
        let rates = [
            rate("DE", "", 1_900, 0),
            rate("DE", "", 1_600, 100),
            rate("DE", "", 1_900, 200),
            rate("CA", "", 500, 0),
            rate("CA", "QC", 1_498, 50),
        ];
        let points = |country: &str, region: &str, now| {
            let table = TaxTable::of_place(rates.clone(), country.parse().unwrap(), region);
            table.at(Timestamp(now)).map(|rate| rate.basis_points)
        };
        assert_eq!(
            [99, 100, 199, 200].map(|now| points("DE", "", now)),
            [1_900, 1_600, 1_600, 1_900].map(Some)
        );
        assert_eq!([points("CA", "QC", 49), points("CA", "QC", 50)], [Some(500), Some(1_498)]);
        assert_eq!(
            [points("CA", "ON", 50), points("FR", "", 50), points("DE", "", -1)],
            [Some(500), None, None]
        );
    }

    proptest! {
        #[test]
        fn the_parts_that_go_back_hold_all_of_the_tax(price in 1_i64..1_000_000, points in 0_u32..=10_000, cuts in prop::collection::vec(0_i64..300_000, 0..12)) {
            let tax = tax(price, points);
            prop_assert!((0..=price).contains(&tax.amount.minor));
            let (mut gone, mut taxes) = (0, 0);
            for cut in cuts.into_iter().chain([i64::MAX]) {
                let back = cut.min(price - gone);
                let of_back = tax.returned(yuan(price), yuan(gone), yuan(back)).unwrap().minor;
                prop_assert!((0..=back).contains(&of_back));
                (gone, taxes) = (gone + back, taxes + of_back);
            }
            prop_assert_eq!((gone, taxes), (price, tax.amount.minor));
            prop_assert!(tax.returned(yuan(price), yuan(price), yuan(1)).is_err());
        }
    }
}
