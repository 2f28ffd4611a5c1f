//! What stands on a paper.

use std::collections::BTreeMap;

use basis::{Account, Id, Language, Money, Order, Problem, Timestamp};
use orders::rules::Tax;
use serde::{Deserialize, Serialize};

use crate::{Cause, Series};

/// A receipt, or a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// E.g. `HY-2026-000042`, and `HY-C-2026-000007` for a credit note.
    pub number: String,
    /// The order that it is about.
    pub order: Id<Order>,
    /// What of the order it is about.
    pub cause: Cause,
    /// The number of the receipt that a credit note corrects.
    pub corrects: Option<String>,
    /// Whose it is.
    pub account: Id<Account>,
    /// When it was given.
    pub given_at: Timestamp,
    /// All that stands on it.
    pub content: Content,
}

impl Paper {
    /// Whether it is a receipt or a credit note.
    pub const fn series(&self) -> Series {
        self.cause.series()
    }
}

/// Who sells: what stands on papers that are given from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// What the numbers of this legal entity begin with, e.g. `HY`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its address, in lines.
    pub address: String,
    /// The number by which it is taxed.
    pub tax_id: String,
}

/// All that stands on a paper, as it was when it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Who sold.
    pub seller: Seller,
    /// The buyer's mail address; empty if the account was gone.
    pub buyer: String,
    /// What was bought, in each language.
    pub item: BTreeMap<Language, String>,
    /// When the order was paid.
    pub paid_at: Timestamp,
    /// The IANA time zone of its dates and of its number's year.
    pub zone: String,
    /// What was paid, or went back, with its tax.
    pub gross: Money,
    /// The same without its tax.
    pub net: Money,
    /// The tax of it.
    pub tax: Option<Tax>,
    /// How it was paid or went back; together `gross`.
    pub parts: Vec<Part>,
}

impl Content {
    /// The tax; nothing if no rate held.
    pub fn tax_amount(&self) -> Money {
        self.tax.as_ref().map_or(Money::zero(self.gross.currency), |tax| tax.amount)
    }

    /// What was bought, in this language.
    pub fn item(&self, language: Language) -> &str {
        self.item.get(&language).map_or("", String::as_str)
    }

    /// What is wrong with its sums, if anything: net and tax are the gross amount, and so are its parts.
    ///
    /// # Errors
    /// Internal if they are not all of one currency.
    pub fn fault(&self) -> Result<Option<&'static str>, Problem> {
        let zero = Money::zero(self.gross.currency);
        let parts = self.parts.iter().map(|part| part.amount).try_fold(zero, Money::plus)?;
        if self.net.plus(self.tax_amount())? != self.gross {
            return Ok(Some("net and tax are not its total"));
        }
        Ok((parts != self.gross).then_some("the ways it was paid are not its total"))
    }
}

/// A part of what was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which way it came or went.
    pub way: Way,
    /// How much.
    pub amount: Money,
}

/// A way that money comes and goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The buyer's wallet.
    Wallet,
    /// A payment at a provider.
    Provider {
        /// Which provider.
        provider: String,
        /// The method's word, as `alipay`.
        method: String,
        /// What the provider calls it; empty if it said nothing.
        reference: String,
    },
}
