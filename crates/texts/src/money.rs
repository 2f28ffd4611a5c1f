//! Money and plain numbers.

use basis::{Currency, Money};
use icu::{
    decimal::{DecimalFormatter, input::Decimal},
    experimental::dimension::currency::{
        CurrencyType, formatter::CurrencyFormatter, options::CurrencyFormatterOptions,
    },
};

use crate::{Texts, voice::Voice};

impl Texts {
    /// An amount with all its digits, never mistaken for another currency: `¥118.00`, `US$16.50`, `JP¥1,250`.
    /// Less than nothing has a minus that is as wide as a plus: `−¥3.00`.
    pub fn money(self, money: Money) -> String {
        self.voice().money(money)
    }

    /// An amount as a price tag: like [`Texts::money`], but without `.00`.
    pub fn price(self, money: Money) -> String {
        let exact = self.money(money);
        let digits = money.currency.exponent();
        let whole = 10_i64.checked_pow(digits).is_some_and(|unit| money.minor.checked_rem(unit) == Some(0));
        if digits == 0 || !whole {
            return exact;
        }
        let zeros = "0".repeat(usize::try_from(digits).unwrap_or(0));
        // Both of our languages write a decimal point.
        exact.replacen(&format!(".{zeros}"), "", 1)
    }

    /// The currency's own name for a chooser: `CNY` and its sign, `CNY ¥`.
    pub fn currency(self, currency: Currency) -> String {
        let zero = self.price(Money::zero(currency));
        let sign: String = zero.chars().filter(|c| !c.is_ascii_digit() && !c.is_whitespace()).collect();
        if sign == currency.code() { sign } else { format!("{currency}\u{a0}{sign}") }
    }

    /// A whole number with the language's grouping: `12,345`.
    pub fn number(self, number: i64) -> String {
        self.voice().decimal(&Decimal::from(number))
    }
}

impl Voice {
    pub(crate) fn decimal(&self, number: &Decimal) -> String {
        self.decimal.as_ref().map_or_else(|| number.to_string(), |f| f.format_to_string(number))
    }

    fn money(&self, money: Money) -> String {
        let known = self.money.read().ok().and_then(|f| Some(show(f.get(&money.currency)?.as_ref(), money)));
        known.unwrap_or_else(|| {
            let formatter = self.money_formatter(money.currency);
            let text = show(formatter.as_ref(), money);
            if let Ok(mut known) = self.money.write() {
                known.insert(money.currency, formatter);
            }
            text
        })
    }

    fn money_formatter(&self, currency: Currency) -> Option<CurrencyFormatter<DecimalFormatter>> {
        let kind = CurrencyType::try_from_str(&currency.code().to_ascii_lowercase()).ok()?;
        CurrencyFormatter::try_new_symbol((&self.locale).into(), kind, CurrencyFormatterOptions::default())
            .ok()
    }
}

fn show(formatter: Option<&CurrencyFormatter<DecimalFormatter>>, money: Money) -> String {
    let mut amount = Decimal::from(money.minor);
    amount.multiply_pow10(i16::try_from(money.currency.exponent()).map_or(-2, |e| -e));
    match formatter {
        Some(formatter) => formatter.format_fixed_decimal(&amount).to_string(),
        None => format!("{}\u{a0}{}", money.currency, money.to_decimal()),
    }
    .replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use basis::Language;

    use super::*;

    #[test]
    fn currencies_cannot_be_confused() {
        let (zh, en) = (Texts::of(Language::ZhCn), Texts::of(Language::En));
        let shown = |t: Texts| {
            [
                (11_800, Currency::CNY),
                (1650, Currency::USD),
                (1550, Currency::EUR),
                (1250, Currency::JPY),
                (123_456_789, Currency::HKD),
                (-5, Currency::CNY),
            ]
            .map(|(minor, currency)| t.money(Money::new(minor, currency)))
        };
        assert_eq!(shown(zh), ["¥118.00", "US$16.50", "€15.50", "JP¥1,250", "HK$1,234,567.89", "−¥0.05"]);
        assert_eq!(shown(en), ["CN¥118.00", "US$16.50", "€15.50", "JP¥1,250", "HK$1,234,567.89", "−CN¥0.05"]);
    }

    #[test]
    fn a_price_tag_drops_zeros_only() {
        let zh = Texts::of(Language::ZhCn);
        assert_eq!(zh.price(Money::new(11_800, Currency::CNY)), "¥118");
        assert_eq!(zh.price(Money::new(11_850, Currency::CNY)), "¥118.50");
        assert_eq!(zh.price(Money::new(1_000_000, Currency::CNY)), "¥10,000");
        assert_eq!(zh.price(Money::new(2_000, Currency::JPY)), "JP¥2,000");
        assert_eq!(zh.currency(Currency::CNY), "CNY\u{a0}¥");
        assert_eq!(zh.number(12_345), "12,345");
    }
}
