//! What can be worked out from a plan alone.

use std::cmp::Ordering;

use basis::{Allowance, DataVolume, Money};

use crate::Plan;

const GIGABYTE: u64 = 1_000_000_000;

impl Plan {
    /// All the data it promises; `None` if without a limit in all.
    pub fn volume(&self) -> Option<DataVolume> {
        match self.terms.allowance {
            Allowance::Fixed { bytes } => Some(bytes),
            Allowance::PerDay { bytes } => {
                Some(DataVolume(bytes.octets().saturating_mul(u64::from(self.terms.days))))
            }
            Allowance::Unlimited { .. } => None,
        }
    }

    /// What one day of it costs at this price, rounded up.
    pub fn per_day(&self, price: Money) -> Option<Money> {
        ceiling(price, 1, i64::from(self.terms.days))
    }

    /// What one gigabyte of it costs at this price, rounded up; `None` if without a limit or under a gigabyte.
    pub fn per_gigabyte(&self, price: Money) -> Option<Money> {
        let volume = self.volume().filter(|v| v.octets() >= GIGABYTE)?;
        // In megabytes, so that the product stays far from the end of i64.
        ceiling(price, 1000, i64::try_from(volume.octets() / 1_000_000).ok()?)
    }

    /// The order of a list: by tab, the most special place first, then short before long, little before much.
    pub(crate) fn list_order(&self, other: &Self) -> Ordering {
        let key = |p: &Self| {
            (p.kind, p.terms.coverage.len(), p.terms.days, p.volume().map_or(u64::MAX, DataVolume::octets))
        };
        key(self).cmp(&key(other)).then_with(|| self.id.cmp(&other.id))
    }
}

/// `ceil(money * times / parts)`.
fn ceiling(money: Money, times: i64, parts: i64) -> Option<Money> {
    let product = money.minor.checked_mul(times)?;
    let whole = product.checked_div(parts)?;
    let rest = product.checked_rem(parts)?;
    Some(Money::new(whole.checked_add(i64::from(rest > 0))?, money.currency))
}

#[cfg(test)]
mod tests {
    use basis::Currency;
    use proptest::prelude::*;

    use super::*;
    use crate::{Catalogue, DEMO, file};

    fn demo() -> Vec<Plan> {
        file::read(DEMO).unwrap().plans
    }

    #[test]
    fn a_rate_is_never_understated() {
        let plans = demo();
        let find = |id: &str| plans.iter().find(|p| p.id.as_str() == id).unwrap();
        let cny = |plan: &Plan| plan.price(Currency::CNY).unwrap();
        let daily = find("jp-1gb-a-day-7d");
        assert_eq!(daily.volume(), Some(DataVolume::gigabytes(7)));
        assert_eq!((cny(daily).minor, daily.per_day(cny(daily)).unwrap().minor), (5700, 815));
        let monthly = find("jp-20gb-30d");
        assert_eq!(monthly.per_gigabyte(cny(monthly)).unwrap().minor, 585);
        let unlimited = find("jp-unlimited-30d");
        assert_eq!((unlimited.volume(), unlimited.per_gigabyte(cny(unlimited))), (None, None));
    }

    #[test]
    fn a_list_has_an_order_that_does_not_depend_on_the_file() {
        let plans = demo();
        let japan = "JP".parse().unwrap();
        let ids = |plans: Vec<Plan>| {
            let catalogue = Catalogue::new(String::new(), crate::catalogue::Frame::default(), plans);
            catalogue.plans_for(japan).into_iter().map(|p| p.id.clone()).collect::<Vec<_>>()
        };
        let mut turned = plans.clone();
        turned.reverse();
        assert_eq!(ids(plans), ids(turned));
    }

    proptest! {
        #[test]
        fn rates_times_their_parts_cover_the_price(minor in 1_i64..1_000_000_000, parts in 1_i64..800) {
            let rate = ceiling(Money::new(minor, Currency::CNY), 1, parts).unwrap();
            prop_assert!(rate.minor * parts >= minor && (rate.minor - 1) * parts < minor);
        }
    }
}
