//! Which papers an order has, and what they are called: pure.

use basis::{Money, Problem, Timestamp};
use orders::OrderRecord;
use orders::rules::{Parts, Tax};
use texts::TimeZone;

basis::words! {
    /// Papers that are numbered together.
    Series {
        /// What was paid.
        Receipt = "receipt",
        /// What went back of it.
        CreditNote = "credit_note",
    }
}

impl Series {
    /// The number of the `seq`-th paper of a legal entity's year, e.g. `HY-2026-000042`, `HY-C-2026-000007`.
    pub fn number(self, entity: &str, year: i64, seq: i64) -> String {
        match self {
            Self::Receipt => format!("{entity}-{year}-{seq:06}"),
            Self::CreditNote => format!("{entity}-C-{year}-{seq:06}"),
        }
    }
}

basis::words! {
    /// What of an order a paper is about.
    Cause {
        /// It was paid.
        Sale = "sale",
        /// What was unused at a change of plan was credited to the wallet.
        Change = "change",
        /// It was refunded, wholly or in part.
        Refund = "refund",
        /// Its payer took the money back by a dispute at the provider.
        Dispute = "dispute",
    }
}

impl Cause {
    /// How its paper is numbered.
    pub const fn series(self) -> Series {
        match self {
            Self::Sale => Series::Receipt,
            Self::Change | Self::Refund | Self::Dispute => Series::CreditNote,
        }
    }
}

/// A paper that an order must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What it is about.
    pub cause: Cause,
    /// How much, by its ways.
    pub parts: Parts,
    /// The tax of it.
    pub tax: Option<Tax>,
}

/// The papers that an order must have: none before it was paid; then a receipt, and a credit note for each part that went
/// back. Money that came for no order, or too late for it, has no receipt and so no credit note.
///
/// All parts together hold all of the tax, so what a credit note holds depends on those before it: `given` are the causes
/// of the papers that stand, in their order.
///
/// # Errors
/// Internal if more went back than was paid.
pub fn papers_due(order: &OrderRecord, given: &[Cause]) -> Result<Vec<Due>, Problem> {
    if order.paid_at.is_none() {
        return Ok(Vec::new());
    }
    let mut before = Money::zero(order.price.currency);
    let mut back = [
        (Cause::Change, Parts { wallet: order.credit, source: before }),
        (Cause::Refund, order.refunded),
        (Cause::Dispute, Parts { wallet: before, source: order.lost }),
    ];
    back.sort_by_key(|(cause, _)| given.iter().position(|one| one == cause).unwrap_or(given.len()));
    let mut due = vec![Due { cause: Cause::Sale, parts: order.paid(), tax: order.tax.clone() }];
    for (cause, parts) in back {
        let amount = parts.total()?;
        if amount.is_positive() {
            due.push(Due { cause, parts, tax: tax_of(order, before, amount)? });
            before = before.plus(amount)?;
        }
    }
    Ok(due)
}

fn tax_of(order: &OrderRecord, before: Money, back: Money) -> Result<Option<Tax>, Problem> {
    let Some(tax) = &order.tax else { return Ok(None) };
    let amount = tax.returned(order.price, before, back)?;
    Ok(Some(Tax { amount, ..tax.clone() }))
}

/// The year, where the seller is.
///
/// # Errors
/// Internal for a moment that no calendar has.
pub fn year_of(at: Timestamp, zone: &TimeZone) -> Result<i64, Problem> {
    let instant = jiff::Timestamp::from_millisecond(at.as_ms());
    let instant = instant.map_err(|e| Problem::internal(e.to_string()))?;
    Ok(i64::from(instant.to_zoned(zone.clone()).year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_has_its_own_numbers() {
        assert_eq!(Series::Receipt.number("HY", 2026, 42), "HY-2026-000042");
        assert_eq!(Series::CreditNote.number("HY", 2026, 1_234_567), "HY-C-2026-1234567");
    }

    #[test]
    fn the_new_year_begins_where_the_seller_is() {
        let shanghai = texts::time_zone("Asia/Shanghai").unwrap();
        let new_year_there = Timestamp(1_798_732_800_000);
        assert_eq!(year_of(new_year_there, &shanghai).unwrap(), 2027);
        assert_eq!(year_of(new_year_there.plus_ms(-1), &shanghai).unwrap(), 2026);
        assert_eq!(year_of(new_year_there, &TimeZone::UTC).unwrap(), 2026);
    }
}
