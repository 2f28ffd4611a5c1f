//! What a bundle that is given up early is still worth.

use basis::{DataVolume, Money, Problem};

/// What the charging engine found unused when it closed a bundle. Each whole is at least its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unused {
    /// A bundle of so many bytes.
    Measured {
        /// Not used, and in no lapsed window.
        bytes: DataVolume,
        /// All that was sold.
        of_bytes: DataVolume,
        /// Milliseconds of validity left.
        ms: i64,
        /// Milliseconds of validity sold.
        of_ms: i64,
    },
    /// A bundle without a limit in all.
    Unlimited {
        /// Whole 24-hour windows that have not begun.
        days: u32,
        /// Windows sold.
        of_days: u32,
    },
}

/// The credit for what is unused: `floor(net paid * min(unused bytes / bytes, unused time / time))`; for an
/// unlimited bundle by whole unstarted days. Never more than was paid, and never more than the share of the
/// data or of the time that is given up.
///
/// # Errors
/// Internal if the engine's figures contradict themselves (a part larger than its whole, or below zero).
pub fn change_credit(net_paid: Money, unused: Unused) -> Result<Money, Problem> {
    let (part, whole) = match unused {
        Unused::Measured { bytes, of_bytes, ms, of_ms } => {
            lesser(fraction(bytes.to_i64(), of_bytes.to_i64())?, fraction(ms, of_ms)?)
        }
        Unused::Unlimited { days, of_days } => fraction(days.into(), of_days.into())?,
    };
    net_paid.share(part, whole)
}

/// A checked `part / whole`; nothing of nothing is nothing.
fn fraction(part: i64, whole: i64) -> Result<(i64, i64), Problem> {
    match (part, whole) {
        (0, 0) => Ok((0, 1)),
        (part, whole) if 0 <= part && part <= whole && whole > 0 => Ok((part, whole)),
        _ => Err(Problem::internal(format!("unused {part} of {whole} cannot be"))),
    }
}

/// The lesser of two fractions with positive denominators, compared exactly.
fn lesser(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    let a_is_less = i128::from(a.0) * i128::from(b.1) <= i128::from(b.0) * i128::from(a.1);
    if a_is_less { a } else { b }
}

#[cfg(test)]
mod tests {
    use basis::Currency;
    use proptest::prelude::*;

    use super::*;

    fn yuan(minor: i64) -> Money {
        Money::new(minor, Currency::CNY)
    }

    fn measured(bytes: u64, of_bytes: u64, ms: i64, of_ms: i64) -> Unused {
        Unused::Measured { bytes: DataVolume(bytes), of_bytes: DataVolume(of_bytes), ms, of_ms }
    }

    #[test]
    fn half_the_data_and_a_third_of_the_time_are_worth_a_third() {
        assert_eq!(change_credit(yuan(11_800), measured(10, 20, 10, 30)).unwrap(), yuan(3_933));
    }

    #[test]
    fn an_untouched_bundle_is_worth_all_of_it_and_a_used_up_one_nothing() {
        assert_eq!(change_credit(yuan(11_800), measured(20, 20, 30, 30)).unwrap(), yuan(11_800));
        assert_eq!(change_credit(yuan(11_800), measured(0, 20, 30, 30)).unwrap(), yuan(0));
    }

    #[test]
    fn an_unlimited_bundle_counts_whole_days_that_have_not_begun() {
        let unused = Unused::Unlimited { days: 9, of_days: 10 };
        assert_eq!(change_credit(yuan(1_000), unused).unwrap(), yuan(900));
    }

    #[test]
    fn figures_that_contradict_themselves_are_refused() {
        assert!(change_credit(yuan(100), measured(21, 20, 1, 1)).is_err());
        assert!(change_credit(yuan(100), measured(1, 2, -1, 1)).is_err());
        assert!(change_credit(yuan(100), measured(1, 0, 1, 1)).is_err());
    }

    #[derive(Debug, Clone)]
    enum Step {
        Use { percent: u64 },
        Wait { percent: i64 },
        ChangeTo { price: i64, bytes_exponent: u32, days: i64 },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0_u64..=100).prop_map(|percent| Step::Use { percent }),
            (0_i64..=100).prop_map(|percent| Step::Wait { percent }),
            (0_i64..50_000, 0_u32..=20, 1_i64..400)
                .prop_map(|(price, bytes_exponent, days)| { Step::ChangeTo { price, bytes_exponent, days } }),
        ]
    }

    /// One traveller's bundle in the naive model: what it cost and what is left of it.
    #[derive(Default)]
    struct Held {
        price: i64,
        bytes: u64,
        unused: u64,
        ms: i64,
        left_ms: i64,
    }

    /// The model's books, in minor units times 2^20, so that shares of 2^k bytes are exact.
    #[derive(Default)]
    struct Books {
        paid_in: i128,
        wallet: i128,
        data_taken: i128,
        held: Held,
    }

    const SCALE: i128 = 1 << 20;

    impl Books {
        fn value(&self, bytes: u64) -> i128 {
            let Held { price, bytes: whole, .. } = self.held;
            if whole == 0 { 0 } else { i128::from(price) * SCALE / i128::from(whole) * i128::from(bytes) }
        }

        fn go(&mut self, step: &Step) {
            match *step {
                Step::Use { percent } => {
                    let used = self.held.unused * percent / 100;
                    self.data_taken += self.value(used);
                    self.held.unused -= used;
                }
                Step::Wait { percent } => self.held.left_ms -= self.held.left_ms * percent / 100,
                Step::ChangeTo { price, bytes_exponent, days } => {
                    self.change_to(price, 1 << bytes_exponent, days * 86_400_000);
                }
            }
        }

        fn change_to(&mut self, price: i64, bytes: u64, ms: i64) {
            let Held { price: old, bytes: of_bytes, unused, ms: of_ms, left_ms } = self.held;
            let unused = measured(unused, of_bytes, left_ms, of_ms);
            self.wallet += i128::from(change_credit(yuan(old), unused).unwrap().minor) * SCALE;
            let from_wallet = self.wallet.min(i128::from(price) * SCALE);
            self.wallet -= from_wallet;
            self.paid_in += i128::from(price) * SCALE - from_wallet;
            self.held = Held { price, bytes, unused: bytes, ms, left_ms: ms };
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_sequence_of_changes_yields_more_data_plus_credit_than_was_paid(steps in prop::collection::vec(step(), 1..40)) {
            let mut books = Books::default();
            for step in &steps {
                books.go(step);
                let in_hand = books.value(books.held.unused);
                prop_assert!(books.data_taken + in_hand + books.wallet <= books.paid_in);
            }
        }

        #[test]
        fn a_credit_is_the_floor_of_the_lesser_share(
            paid in 0_i64..1_000_000_000, bytes in 0_u64..1 << 40, more in 0_u64..1 << 40, ms in 0_i64..1 << 36, more_ms in 0_i64..1 << 36,
        ) {
            let credit = change_credit(yuan(paid), measured(bytes, bytes + more, ms, ms + more_ms)).unwrap().minor;
            let at_most = |part: i128, whole: i128| i128::from(credit) * whole <= i128::from(paid) * part;
            let one_more = |part: i128, whole: i128| (i128::from(credit) + 1) * whole > i128::from(paid) * part;
            let (b, of_b) = (i128::from(bytes), i128::from(bytes + more));
            let (t, of_t) = (i128::from(ms), i128::from(ms + more_ms));
            prop_assert!(at_most(b, of_b) && at_most(t, of_t));
            prop_assert!(one_more(b, of_b) || one_more(t, of_t) || of_b == 0 || of_t == 0);
        }
    }
}
