//! Which part of a refund goes where.

use basis::{Money, Problem};
use serde::{Deserialize, Serialize};

/// An amount by its two ways: the buyer's wallet and the source that the provider drew from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// By the wallet.
    pub wallet: Money,
    /// By the provider.
    pub source: Money,
}

impl Parts {
    /// Both together.
    pub fn total(self) -> Result<Money, Problem> {
        self.wallet.plus(self.source)
    }

    /// Part by part, what is left after `other`.
    pub fn minus(self, other: Self) -> Result<Self, Problem> {
        Ok(Self { wallet: self.wallet.minus(other.wallet)?, source: self.source.minus(other.source)? })
    }
}

/// Splits `amount` back over the ways it came: the wallet part first, and never more by a way than came by it.
///
/// # Errors
/// `order-refund-too-much` if more than what is left of the order would go back, or nothing at all.
pub fn split_refund(paid: Parts, returned: Parts, amount: Money) -> Result<Parts, Problem> {
    let left = paid.minus(returned)?;
    let wallet = left.wallet.least(amount)?;
    let source = amount.minus(wallet)?;
    if !amount.is_positive() || source.minor > left.source.minor {
        return Err(Problem::invalid("order-refund-too-much").at("amount"));
    }
    Ok(Parts { wallet, source })
}

#[cfg(test)]
mod tests {
    use basis::Currency;
    use proptest::prelude::*;

    use super::*;

    fn parts(wallet: i64, source: i64) -> Parts {
        let yuan = |minor| Money::new(minor, Currency::CNY);
        Parts { wallet: yuan(wallet), source: yuan(source) }
    }

    fn yuan(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    #[test]
    fn the_wallet_part_goes_back_first() {
        assert_eq!(split_refund(parts(4_600, 7_200), parts(0, 0), yuan(5_000)).unwrap(), parts(4_600, 400));
        assert_eq!(
            split_refund(parts(4_600, 7_200), parts(4_600, 400), yuan(6_800)).unwrap(),
            parts(0, 6_800)
        );
    }

    #[test]
    fn more_than_came_never_goes_back() {
        assert!(split_refund(parts(4_600, 7_200), parts(4_600, 400), yuan(6_801)).is_err());
        assert!(split_refund(parts(4_600, 7_200), parts(0, 0), yuan(0)).is_err());
        assert!(split_refund(parts(4_600, 7_200), parts(0, 0), yuan(-1)).is_err());
    }

    proptest! {
        #[test]
        fn any_refunds_together_stay_within_what_came(wallet in 0_i64..10_000, source in 0_i64..10_000, wishes in prop::collection::vec(-10_i64..12_000, 1..20)) {
            let paid = parts(wallet, source);
            let mut returned = parts(0, 0);
            for wish in wishes {
                if let Ok(part) = split_refund(paid, returned, yuan(wish)) {
                    prop_assert_eq!(part.total().unwrap(), yuan(wish));
                    prop_assert!(part.wallet.minor >= 0 && part.source.minor >= 0);
                    returned = parts(returned.wallet.minor + part.wallet.minor, returned.source.minor + part.source.minor);
                }
                prop_assert!(returned.wallet.minor <= wallet && returned.source.minor <= source);
            }
        }
    }
}
