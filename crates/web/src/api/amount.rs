//! Money in the API.

use basis::{Money, Problem};
use serde::{Deserialize, Serialize};
use texts::Texts;
use utoipa::ToSchema;

/// An amount of money.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct Amount {
    /// Minor units: cents, fen, yen.
    #[schema(example = 11_800)]
    minor: i64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    currency: String,
}

impl Amount {
    /// The money that is meant.
    ///
    /// # Errors
    /// Invalid if there is no such currency.
    pub(super) fn read(&self) -> Result<Money, Problem> {
        Ok(Money::new(self.minor, self.currency.parse()?))
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.to_string() }
    }
}

/// An amount of money, also as it is read.
#[derive(Serialize, ToSchema)]
pub(super) struct MoneyOut {
    /// Minor units: cents, fen, yen.
    minor: i64,
    /// ISO 4217.
    #[schema(example = "CNY")]
    currency: String,
    /// As a person of this language reads it.
    #[schema(example = "¥118.00")]
    text: String,
}

impl MoneyOut {
    /// `money` in the language of `texts`.
    pub(super) fn of(money: Money, texts: Texts) -> Self {
        Self { minor: money.minor, currency: money.currency.to_string(), text: texts.money(money) }
    }
}
