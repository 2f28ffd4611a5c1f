//! What a transfer is and what it does to wallets: pure.

use std::{fmt, str::FromStr};

use basis::{Account, Id, Money, Order, Payment, Problem, Timestamp, Transfer};

/// An account of the ledger. One per currency: the currency stands in the transfer.
///
/// The first and the last five are debited when money comes in, reaches us, is lost or is given; all others are credited
/// by what we owe or have earned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// What this provider has captured for us and not yet paid back or settled.
    Clearing(String),
    /// What we owe this person.
    Wallet(Id<Account>),
    /// Paid for and not yet delivered; per order by the transfer's order.
    Deferred,
    /// Delivered.
    Revenue,
    /// Of what was paid, what is the state's.
    TaxPayable,
    /// On its way back to a source.
    RefundsPayable,
    /// Received and not yet understood.
    Suspense,
    /// Contested by the payer at the provider.
    Disputed,
    /// What we bear because a payer contests money that is spent.
    Losses,
    /// Given by us: compensation, a demo's first credit.
    Goodwill,
    /// What providers keep for their service.
    Fees,
    /// What providers have sent to our own bank account.
    Bank,
    /// Between the currency that a payer paid in and the one in which the provider settles: owed in the one, held in the
    /// other.
    Exchange,
}

impl Book {
    /// Whose wallet this is, if it is one.
    pub const fn wallet(&self) -> Option<Id<Account>> {
        match self {
            Self::Wallet(account) => Some(*account),
            _ => None,
        }
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clearing(provider) => write!(f, "clearing:{provider}"),
            Self::Wallet(account) => write!(f, "wallet:{account}"),
            Self::Deferred => f.write_str("deferred"),
            Self::Revenue => f.write_str("revenue"),
            Self::TaxPayable => f.write_str("tax_payable"),
            Self::RefundsPayable => f.write_str("refunds_payable"),
            Self::Suspense => f.write_str("suspense"),
            Self::Disputed => f.write_str("disputed"),
            Self::Losses => f.write_str("losses"),
            Self::Goodwill => f.write_str("goodwill"),
            Self::Fees => f.write_str("fees"),
            Self::Bank => f.write_str("bank"),
            Self::Exchange => f.write_str("exchange"),
        }
    }
}

impl FromStr for Book {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        let bad = || Problem::internal(format!("not a book: {text}"));
        match text.split_once(':') {
            Some(("clearing", provider)) if !provider.is_empty() => Ok(Self::Clearing(provider.to_owned())),
            Some(("wallet", account)) => account.parse().map(Self::Wallet).map_err(|_| bad()),
            None => [Self::Deferred, Self::Revenue, Self::RefundsPayable, Self::Suspense, Self::Disputed]
                .into_iter()
                .chain([
                    Self::Goodwill,
                    Self::TaxPayable,
                    Self::Losses,
                    Self::Fees,
                    Self::Bank,
                    Self::Exchange,
                ])
                .find(|book| book.to_string() == text)
                .ok_or_else(bad),
            Some(_) => Err(bad()),
        }
    }
}

basis::words! {
    /// Why money moved, for people who read the history.
    Kind {
        /// A provider captured a payment.
        Capture = "capture",
        /// A wallet was filled.
        TopUp = "top_up",
        /// A wallet paid for an order.
        WalletSpend = "wallet_spend",
        /// An order was delivered.
        Earned = "earned",
        /// The tax that is in an order's price.
        Tax = "tax",
        /// The tax of what goes back.
        TaxReturned = "tax_returned",
        /// An order's money is to go back to its source.
        RefundDue = "refund_due",
        /// A provider gave money back to its source.
        RefundSent = "refund_sent",
        /// An order's money went back to a wallet.
        WalletRefund = "wallet_refund",
        /// The unused part of a plan that was changed.
        PlanChange = "plan_change",
        /// Money that is not what was asked for.
        Unmatched = "unmatched",
        /// A payer contests a payment.
        Dispute = "dispute",
        /// A gift of ours.
        Goodwill = "goodwill",
        /// A provider keeps it for its service, or gives it back.
        ProviderFee = "provider_fee",
        /// A provider sent it to our bank account, or took it back from there.
        Payout = "payout",
        /// A provider settles in another currency than the payer's.
        Exchange = "exchange",
        /// A mistake mended.
        Correction = "correction",
    }
}

basis::words! {
    /// What a row of the ledger does.
    Phase {
        /// Moves money at once.
        Posted = "posted",
        /// Sets money aside.
        Hold = "hold",
        /// Ends a hold by moving its money.
        HoldPosted = "hold_posted",
        /// Ends a hold by releasing its money.
        HoldVoided = "hold_voided",
    }
}

impl Phase {
    /// True if the row moves money from its debit to its credit.
    pub const fn moves(self) -> bool {
        matches!(self, Self::Posted | Self::HoldPosted)
    }
}

/// A movement to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransfer {
    /// Unique for ever; the same reference with the same content is a repeat and changes nothing.
    pub reference: String,
    /// Why.
    pub kind: Kind,
    /// Where it comes from.
    pub debit: Book,
    /// Where it goes.
    pub credit: Book,
    /// How much; more than nothing.
    pub amount: Money,
    /// The order that it belongs to.
    pub order: Option<Id<Order>>,
    /// The payment that it belongs to.
    pub payment: Option<Id<Payment>>,
}

impl NewTransfer {
    /// A movement that belongs to no order and no payment yet.
    pub fn new(reference: impl Into<String>, kind: Kind, debit: Book, credit: Book, amount: Money) -> Self {
        Self { reference: reference.into(), kind, debit, credit, amount, order: None, payment: None }
    }

    /// The same movement, for this order.
    #[must_use]
    pub const fn order(mut self, order: Id<Order>) -> Self {
        self.order = Some(order);
        self
    }

    /// The same movement, by this payment.
    #[must_use]
    pub const fn payment(mut self, payment: Id<Payment>) -> Self {
        self.payment = Some(payment);
        self
    }

    /// Refuses what no ledger may hold.
    pub(crate) fn check(&self, phase: Phase) -> Result<(), Problem> {
        let wrong = |why: &str| Err(Problem::internal(format!("transfer {}: {why}", self.reference)));
        if self.reference.is_empty() || self.reference.len() > 200 {
            return wrong("reference of 1 to 200 bytes needed");
        }
        if !self.amount.is_positive() {
            return wrong("nothing to move");
        }
        if self.debit == self.credit {
            return wrong("from a book to itself");
        }
        if phase == Phase::Hold && self.debit.wallet().is_none() {
            return wrong("only a wallet can be held");
        }
        Ok(())
    }
}

/// A movement as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Id<Transfer>,
    /// When it was made.
    pub at: Timestamp,
    /// What it does.
    pub phase: Phase,
    /// The hold that it ends.
    pub hold: Option<Id<Transfer>>,
    /// What was asked for.
    pub transfer: NewTransfer,
}

/// What a row does to one wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WalletChange {
    /// Whose.
    pub(crate) account: Id<Account>,
    /// Minor units added to the balance.
    pub(crate) balance_delta: i64,
    /// Minor units added to what is held.
    pub(crate) held_delta: i64,
}

impl WalletChange {
    /// The change that takes this one back.
    #[must_use]
    pub(crate) const fn reversed(self) -> Self {
        Self { balance_delta: -self.balance_delta, held_delta: -self.held_delta, ..self }
    }
}

/// What a row does to wallets; the one that takes comes first.
pub(crate) fn wallet_changes(phase: Phase, debit: &Book, credit: &Book, amount: Money) -> Vec<WalletChange> {
    let minor = amount.minor;
    let taken = debit.wallet().map(|account| match phase {
        Phase::Posted => WalletChange { account, balance_delta: -minor, held_delta: 0 },
        Phase::Hold => WalletChange { account, balance_delta: 0, held_delta: minor },
        Phase::HoldPosted => WalletChange { account, balance_delta: -minor, held_delta: -minor },
        Phase::HoldVoided => WalletChange { account, balance_delta: 0, held_delta: -minor },
    });
    let given = credit.wallet().filter(|_| phase.moves());
    let given = given.map(|account| WalletChange { account, balance_delta: minor, held_delta: 0 });
    taken.into_iter().chain(given).collect()
}

/// A wallet in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    /// All that is in it.
    pub balance: Money,
    /// What is set aside for orders that are being paid.
    pub held: Money,
}

impl Wallet {
    /// What can be spent.
    pub fn available(&self) -> Money {
        Money::new(self.balance.minor.saturating_sub(self.held.minor), self.balance.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUYER: Book = Book::Wallet(Id::from_u128(1));

    #[test]
    fn a_book_survives_its_text() {
        let ours = [
            Book::Clearing("sandbox".into()),
            Book::Losses,
            Book::Goodwill,
            Book::Fees,
            Book::Bank,
            Book::Exchange,
        ];
        let books = ours.into_iter().chain([BUYER, Book::Deferred, Book::TaxPayable, Book::Disputed]);
        for book in books {
            assert_eq!(book.to_string().parse::<Book>().unwrap(), book);
        }
        assert!("clearing:".parse::<Book>().is_err());
        assert!("wallet:ord_1".parse::<Book>().is_err());
    }
}
