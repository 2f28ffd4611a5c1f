//! Where one order's money is: pure.

use basis::{Money, Problem};

use crate::rules::{Book, Phase};

/// Where one order's money is, in one currency. `funded` is always the sum of the rest (but `held`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderMoney {
    /// Captured by providers, taken from wallets and borne by us.
    pub funded: Money,
    /// Of `funded`, what came out of wallets.
    pub from_wallet: Money,
    /// Paid and not delivered.
    pub deferred: Money,
    /// Delivered, without its tax.
    pub earned: Money,
    /// Of what was paid, what is the state's.
    pub tax: Money,
    /// Promised to its source and not there yet.
    pub returning: Money,
    /// Back at its source, or with us what we bore.
    pub returned_to_source: Money,
    /// Back in a wallet.
    pub returned_to_wallet: Money,
    /// Received and not understood.
    pub suspense: Money,
    /// Contested.
    pub disputed: Money,
    /// Set aside in a wallet for this order; not part of `funded`.
    pub held: Money,
}

impl OrderMoney {
    /// No money at all.
    pub const fn none(currency: basis::Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            funded: zero,
            from_wallet: zero,
            deferred: zero,
            earned: zero,
            tax: zero,
            returning: zero,
            returned_to_source: zero,
            returned_to_wallet: zero,
            suspense: zero,
            disputed: zero,
            held: zero,
        }
    }

    /// Adds one row (or the sum of rows alike) of this order.
    pub fn add(&mut self, phase: Phase, debit: &Book, credit: &Book, minor: i64) -> Result<(), Problem> {
        let amount = Money::new(minor, self.funded.currency);
        match phase {
            Phase::Hold => return grow(&mut self.held, amount),
            Phase::HoldVoided => return shrink(&mut self.held, amount),
            Phase::HoldPosted => shrink(&mut self.held, amount)?,
            Phase::Posted => {}
        }
        match debit {
            Book::Clearing(_) | Book::Losses | Book::Goodwill => grow(&mut self.funded, amount)?,
            Book::Wallet(_) => {
                grow(&mut self.funded, amount)?;
                grow(&mut self.from_wallet, amount)?;
            }
            owed => shrink(self.owed(owed), amount)?,
        }
        match credit {
            Book::Clearing(_) | Book::Losses | Book::Goodwill => grow(&mut self.returned_to_source, amount),
            owed => grow(self.owed(owed), amount),
        }
    }

    fn owed(&mut self, book: &Book) -> &mut Money {
        match book {
            Book::Revenue => &mut self.earned,
            Book::TaxPayable => &mut self.tax,
            Book::RefundsPayable => &mut self.returning,
            Book::Suspense => &mut self.suspense,
            Book::Disputed => &mut self.disputed,
            Book::Wallet(_) => &mut self.returned_to_wallet,
            Book::Deferred
            | Book::Clearing(_)
            | Book::Losses
            | Book::Goodwill
            | Book::Fees
            | Book::Bank
            | Book::Exchange => &mut self.deferred,
        }
    }

    /// What is wrong with these figures, if anything: an unequal sum or less than nothing somewhere.
    pub fn fault(&self) -> Option<String> {
        let parts = [
            self.deferred,
            self.earned,
            self.tax,
            self.returning,
            self.returned_to_source,
            self.returned_to_wallet,
            self.suspense,
            self.disputed,
        ];
        let sum: i128 = parts.iter().map(|part| i128::from(part.minor)).sum();
        if sum != i128::from(self.funded.minor) {
            return Some(format!("funded {:?}, accounted for {sum} minor units", self.funded));
        }
        let negative = parts.iter().chain([&self.held]).any(|part| part.minor < 0);
        negative.then(|| format!("less than nothing in {self:?}"))
    }
}

fn grow(to: &mut Money, amount: Money) -> Result<(), Problem> {
    *to = to.plus(amount)?;
    Ok(())
}

fn shrink(from: &mut Money, amount: Money) -> Result<(), Problem> {
    *from = from.minus(amount)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use basis::{Currency, Id};

    const BUYER: Book = Book::Wallet(Id::from_u128(1));

    #[test]
    fn an_order_paid_from_wallet_and_card_and_refunded_adds_up_at_every_step() {
        let mut order = OrderMoney::none(Currency::CNY);
        let card = Book::Clearing("sandbox".into());
        let steps = [
            (Phase::Hold, BUYER, Book::Deferred, 4600),
            (Phase::Posted, card.clone(), Book::Deferred, 7200),
            (Phase::HoldPosted, BUYER, Book::Deferred, 4600),
            (Phase::Posted, Book::Deferred, Book::TaxPayable, 668),
            (Phase::Posted, Book::TaxPayable, Book::Deferred, 668),
            (Phase::Posted, Book::Deferred, BUYER, 4600),
            (Phase::Posted, Book::Deferred, Book::RefundsPayable, 7200),
            (Phase::Posted, Book::RefundsPayable, card, 7200),
        ];
        for (phase, debit, credit, minor) in steps {
            order.add(phase, &debit, &credit, minor).unwrap();
            assert_eq!(order.fault(), None, "{order:?}");
        }
        assert_eq!(order.funded.minor, 11_800);
        assert_eq!(order.returned_to_source.minor + order.returned_to_wallet.minor, 11_800);
        assert_eq!(order.held.minor, 0);
    }

    #[test]
    fn earning_what_was_never_paid_is_a_fault() {
        let mut order = OrderMoney::none(Currency::CNY);
        order.add(Phase::Posted, &Book::Deferred, &Book::Revenue, 5).unwrap();
        assert!(order.fault().unwrap().starts_with("less than nothing"));
    }
}
