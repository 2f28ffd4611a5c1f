//! Amounts as each provider writes them: their decimals are not always those of ISO 4217.

use basis::{Currency, Money};

use crate::provider::ProviderError;

/// How a provider counts: in which decimals, and in which steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// Its decimals where they are not the currency's own.
    decimals: &'static [(&'static str, u32)],
    /// Where not every amount will do, the step in units of these decimals.
    steps: &'static [(&'static str, i64)],
}

/// Decimals as ISO 4217 has them: Alipay, WeChat Pay.
pub(crate) const PLAIN: Scale = Scale { decimals: &[], steps: &[] };

/// docs.stripe.com/currencies: zero-decimal currencies; ISK and UGX with two decimals that must be 00; three decimals of
/// which the last must be 0.
pub(crate) const STRIPE: Scale = Scale {
    decimals: &[("ISK", 2), ("MGA", 0), ("UGX", 2)],
    steps: &[("BHD", 10), ("ISK", 100), ("JOD", 10), ("KWD", 10), ("OMR", 10), ("TND", 10), ("UGX", 100)],
};

/// developer.paypal.com/reference/currency-codes: no decimals for HUF, JPY and TWD.
pub(crate) const PAYPAL: Scale = Scale { decimals: &[("HUF", 0), ("JPY", 0), ("TWD", 0)], steps: &[] };

/// Antom's amount-currency-rules: CLP, JPY, KRW and VND have no decimals, all others two; IDR in whole rupiah.
pub(crate) const ANTOM: Scale = Scale {
    decimals: &[
        ("BHD", 2),
        ("CLP", 0),
        ("ISK", 2),
        ("JOD", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("KWD", 2),
        ("OMR", 2),
        ("TND", 2),
        ("UGX", 2),
        ("VND", 0),
    ],
    steps: &[("IDR", 100)],
};

impl Scale {
    fn decimals(self, currency: Currency) -> u32 {
        let own = self.decimals.iter().find(|(code, _)| *code == currency.code());
        own.map_or_else(|| currency.exponent(), |(_, decimals)| *decimals)
    }

    fn step(self, currency: Currency) -> i64 {
        self.steps.iter().find(|(code, _)| *code == currency.code()).map_or(1, |(_, step)| *step)
    }

    /// The amount as a whole number of the provider's smallest unit: ¥1250 JPY is 1250, kr100 ISK is 10000 at Stripe.
    ///
    /// # Errors
    /// Refused `amount` if the provider cannot write it: HUF 1.50 at PayPal.
    pub(crate) fn integer(self, amount: Money) -> Result<i64, ProviderError> {
        let (ours, theirs) = (amount.currency.exponent(), self.decimals(amount.currency));
        let scaled =
            shift(amount.minor, ours, theirs).filter(|units| units % self.step(amount.currency) == 0);
        scaled.ok_or_else(|| ProviderError::Refused {
            code: "amount".to_owned(),
            message: format!("{} {} cannot be asked for here", amount.to_decimal(), amount.currency),
        })
    }

    /// The amount as a decimal text: `9.90`, `1250`.
    ///
    /// # Errors
    /// As for [`integer`](Self::integer).
    pub(crate) fn decimal(self, amount: Money) -> Result<String, ProviderError> {
        let units = self.integer(amount)?;
        let digits = usize::try_from(self.decimals(amount.currency)).unwrap_or(2);
        if digits == 0 {
            return Ok(units.to_string());
        }
        let sign = if units < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", units.unsigned_abs(), width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        Ok(format!("{sign}{whole}.{fraction}"))
    }

    /// Reads a whole number of the provider's smallest unit.
    ///
    /// # Errors
    /// Unknown if our currency has no such part: that money cannot be booked.
    pub(crate) fn read_integer(self, units: i64, currency: Currency) -> Result<Money, ProviderError> {
        let minor = shift(units, self.decimals(currency), currency.exponent());
        minor
            .map(|minor| Money::new(minor, currency))
            .ok_or_else(|| ProviderError::Unknown(format!("an amount of {units} units of {currency}")))
    }
}

/// Reads a decimal text, with a minus sign before money that went; more digits than the currency has must be zeros.
///
/// # Errors
/// Unknown if it is no such text.
pub(crate) fn read_decimal(text: &str, currency: Currency) -> Result<Money, ProviderError> {
    let bad = || ProviderError::Unknown(format!("an amount of {text:?} {currency}"));
    let (sign, plain) = text.strip_prefix('-').map_or((1, text), |plain| (-1, plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digits = usize::try_from(currency.exponent()).map_err(|_| bad())?;
    let (kept, beyond) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
    if beyond.bytes().any(|digit| digit != b'0') {
        return Err(bad());
    }
    let exact = if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") };
    let amount = Money::parse(&exact, currency).map_err(|_| bad())?;
    Ok(Money::new(sign * amount.minor, currency))
}

/// `units * 10^(to - from)` if that is whole and fits.
fn shift(units: i64, from: u32, to: u32) -> Option<i64> {
    let factor = 10_i64.checked_pow(from.abs_diff(to))?;
    if to >= from { units.checked_mul(factor) } else { (units % factor == 0).then(|| units / factor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn each_provider_counts_in_its_own_way_and_reads_back_what_it_wrote() {
        let cases = [
            (STRIPE, 990, "CNY", 990, "9.90"),
            (STRIPE, 1250, "JPY", 1250, "1250"),
            (STRIPE, 100, "ISK", 10_000, "100.00"),
            (STRIPE, 5, "UGX", 500, "5.00"),
            (STRIPE, 1230, "KWD", 1230, "1.230"),
            (STRIPE, 300, "MGA", 3, "3"),
            (STRIPE, 150, "TWD", 150, "1.50"),
            (PAYPAL, 1500, "HUF", 15, "15"),
            (PAYPAL, 300, "TWD", 3, "3"),
            (PAYPAL, 5, "USD", 5, "0.05"),
            (ANTOM, 10_000, "IDR", 10_000, "100.00"),
            (ANTOM, 1250, "KRW", 1250, "1250"),
            (ANTOM, 1230, "KWD", 123, "1.23"),
            (PLAIN, 8888, "CNY", 8888, "88.88"),
        ];
        for (scale, minor, code, units, text) in cases {
            let amount = money(minor, code);
            assert_eq!(scale.integer(amount).unwrap(), units, "{code}");
            assert_eq!(scale.decimal(amount).unwrap(), text, "{code}");
            assert_eq!(scale.read_integer(units, amount.currency).unwrap(), amount, "{code}");
            assert_eq!(read_decimal(text, amount.currency).unwrap(), amount, "{code}");
        }
    }

    #[test]
    fn what_a_provider_cannot_write_is_refused_and_never_rounded() {
        for (scale, minor, code) in
            [(PAYPAL, 150, "HUF"), (STRIPE, 1234, "KWD"), (ANTOM, 10_050, "IDR"), (STRIPE, 350, "MGA")]
        {
            assert!(scale.integer(money(minor, code)).is_err(), "{code}");
        }
        assert!(STRIPE.integer(money(i64::MAX, "ISK")).is_err(), "an overflow");
    }

    #[test]
    fn amounts_that_come_are_read_exactly_or_not_at_all() {
        let read = |text: &str| read_decimal(text, Currency::CNY).map(|amount| amount.minor).ok();
        assert_eq!(read("-88.80"), Some(-8880));
        assert_eq!(read("0.1"), Some(10));
        assert_eq!(read("88.8800"), Some(8888));
        assert_eq!(read("1."), Some(100), "exact, if odd");
        for bad in ["", "88.888", "8,8", "1e2", "--1", "+1", " 1", "92233720368547758.08"] {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(STRIPE.read_integer(10_050, "ISK".parse().unwrap()).is_err());
    }
}
