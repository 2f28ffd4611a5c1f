//! Money: integer minor units of an ISO 4217 currency, with checked arithmetic only.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Problem;

/// An ISO 4217 currency, e.g. `CNY`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan.
    pub const CNY: Self = Self(*b"CNY");
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Japanese yen, which has no minor unit.
    pub const JPY: Self = Self(*b"JPY");
    /// Hong Kong dollar.
    pub const HKD: Self = Self(*b"HKD");

    /// The three-letter code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// How many decimal digits the minor unit has (ISO 4217): CNY 2, JPY 0, KWD 3.
    pub fn exponent(self) -> u32 {
        iso_currency::Currency::from_code(self.code())
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }
}

impl FromStr for Currency {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let known = iso_currency::Currency::from_code(text);
        let code = <[u8; 3]>::try_from(text.as_bytes());
        match (known, code) {
            (Some(_), Ok(code)) => Ok(Self(code)),
            _ => Err(Problem::invalid("currency-unknown")),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("unknown currency"))
    }
}

/// An amount in minor units: `Money { minor: 11800, currency: CNY }` is ¥118.00.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units (fen, cents, yen).
    pub minor: i64,
    /// What they are minor units of.
    pub currency: Currency,
}

impl Money {
    /// This many minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in this currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// True if nothing.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// True if more than nothing.
    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    /// The sum; another currency or an overflow is an internal error, never a wrong amount.
    pub fn plus(self, other: Self) -> Result<Self, Problem> {
        self.combine(other, i64::checked_add)
    }

    /// The difference, which may be negative.
    pub fn minus(self, other: Self) -> Result<Self, Problem> {
        self.combine(other, i64::checked_sub)
    }

    /// `floor(self * numerator / denominator)`, exact in between.
    ///
    /// # Errors
    /// Internal if the denominator is not positive, a factor is negative or the result overflows.
    pub fn share(self, numerator: i64, denominator: i64) -> Result<Self, Problem> {
        if denominator <= 0 || numerator < 0 || self.minor < 0 {
            return Err(Problem::internal("money share of a negative or by nothing"));
        }
        let exact = i128::from(self.minor) * i128::from(numerator) / i128::from(denominator);
        let minor = i64::try_from(exact).map_err(|_| Problem::internal("money overflow"))?;
        Ok(Self::new(minor, self.currency))
    }

    /// The lesser of two amounts of one currency.
    pub fn least(self, other: Self) -> Result<Self, Problem> {
        self.combine(other, |a, b| Some(a.min(b)))
    }

    /// Reads `9.90` or `1250` with at most the currency's digits after the point.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Problem> {
        let bad = || Problem::invalid("amount-unreadable");
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = usize::try_from(currency.exponent()).map_err(|_| bad())?;
        let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > digits {
            return Err(bad());
        }
        let minor = format!("{whole}{fraction:0<digits$}").parse::<i64>().map_err(|_| bad())?;
        Ok(Self::new(minor, currency))
    }

    /// The plain decimal text that payment protocols want: `118.00`, `1250` for JPY.
    pub fn to_decimal(self) -> String {
        let digits = usize::try_from(self.currency.exponent()).unwrap_or(2);
        if digits == 0 {
            return self.minor.to_string();
        }
        let sign = if self.minor < 0 { "-" } else { "" };
        let text = format!("{:0>width$}", self.minor.unsigned_abs(), width = digits + 1);
        let (whole, fraction) = text.split_at(text.len() - digits);
        format!("{sign}{whole}.{fraction}")
    }

    fn combine(self, other: Self, op: impl Fn(i64, i64) -> Option<i64>) -> Result<Self, Problem> {
        if self.currency != other.currency {
            return Err(Problem::internal("money of two currencies combined"));
        }
        let minor = op(self.minor, other.minor).ok_or_else(|| Problem::internal("money overflow"))?;
        Ok(Self::new(minor, self.currency))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_follow_the_currency() {
        assert_eq!(Money::new(11_800, Currency::CNY).to_decimal(), "118.00");
        assert_eq!(Money::new(5, Currency::CNY).to_decimal(), "0.05");
        assert_eq!(Money::new(-5, Currency::CNY).to_decimal(), "-0.05");
        assert_eq!(Money::new(1250, Currency::JPY).to_decimal(), "1250");
        assert_eq!(Money::parse("9.9", Currency::CNY).unwrap().minor, 990);
        assert!(Money::parse("9.999", Currency::CNY).is_err());
        assert!(Money::parse("1.0", Currency::JPY).is_err());
        assert!(Money::parse("-1", Currency::JPY).is_err());
    }

    #[test]
    fn currencies_do_not_mix() {
        assert!(Money::new(1, Currency::CNY).plus(Money::new(1, Currency::USD)).is_err());
        assert!(Money::new(i64::MAX, Currency::CNY).plus(Money::new(1, Currency::CNY)).is_err());
    }

    #[test]
    fn a_share_is_floored() {
        assert_eq!(Money::new(100, Currency::CNY).share(2, 3).unwrap().minor, 66);
        let most = Money::new(i64::MAX, Currency::CNY);
        assert_eq!(most.share(i64::MAX, i64::MAX).unwrap(), most);
    }
}
