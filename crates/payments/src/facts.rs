//! What a provider tells us.

use basis::{Id, Money, Payment};

use crate::rules::BillKind;

/// Whether it is worth asking again after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decline {
    /// For now: no funds, a bank out of order. The same method may do later.
    Soft,
    /// For good: stolen, expired, revoked. The same method is not tried again.
    Hard,
}

/// Where a payment stands at its provider. Whether money came is told by the captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The provider does not know it.
    Absent,
    /// The payer can still pay.
    Open,
    /// Money came.
    Captured,
    /// The payer's bank or wallet refused.
    Declined(Decline),
    /// A charge without the payer waits for them: their bank wants to see them at this address.
    PayerMustAct(String),
    /// Nobody will pay it any more.
    Cancelled,
    /// Its time ran out.
    Expired,
}

/// Money that a provider took from a payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFact {
    /// The provider's name for it; unique.
    pub capture_ref: String,
    /// How much.
    pub amount: Money,
}

/// Where a refund stands at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Accepted, not done.
    Pending,
    /// The money went back.
    Succeeded,
    /// It will not go back by itself.
    Failed,
}

/// A refund as its provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFact {
    /// The provider's name for it.
    pub provider_ref: String,
    /// Our name for it, as the provider recorded it.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// Why it failed.
    pub failure: Option<String>,
}

/// Where a dispute stands at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeStatus {
    /// Nobody has decided.
    Open,
    /// The money is ours.
    Won,
    /// The money is the payer's.
    Lost,
}

/// A payer contests what they paid, as the provider shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeFact {
    /// The provider's name for it; unique.
    pub reference: String,
    /// How much is contested.
    pub amount: Money,
    /// Where it stands.
    pub status: DisputeStatus,
}

/// A method that a provider can charge again without its payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFact {
    /// The provider's name for it: all that [`ChargeRequest`](crate::ChargeRequest) needs, as one text. Unique.
    pub reference: String,
    /// What the payer knows it by, such as `Visa ···· 4242`; never a whole number.
    pub label: String,
}

/// What a provider answers when asked about a payment: the only thing that moves a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Our payment, as the provider recorded it.
    pub reference: String,
    /// Whose account the money is in, compared with ours.
    pub merchant_is_ours: bool,
    /// Where it stands.
    pub status: Status,
    /// All money taken.
    pub captures: Vec<CaptureFact>,
    /// All refunds.
    pub refunds: Vec<RefundFact>,
    /// All disputes about it, also those that are decided.
    pub disputes: Vec<DisputeFact>,
    /// The method that the payer let us keep, if this payment was to keep it.
    pub saved: Option<SavedFact>,
    /// Why it was declined.
    pub failure: Option<String>,
}

impl Facts {
    /// The provider does not know this payment.
    pub fn absent(payment: Id<Payment>) -> Self {
        Self {
            provider_ref: None,
            reference: payment.to_string(),
            merchant_is_ours: true,
            status: Status::Absent,
            captures: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            saved: None,
            failure: None,
        }
    }
}

/// One line of a provider's bill. Amounts are signed from our side: a refund is negative, a fee positive, and
/// `settled - fee = net`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// The provider's name for the line; unique at this provider.
    pub line_ref: String,
    /// Our payment or refund, as the provider recorded it; a dispute's payment. Empty if there is none.
    pub reference: String,
    /// The provider's name for the capture, refund, dispute or payout.
    pub provider_ref: String,
    /// What it is about.
    pub kind: BillKind,
    /// What moved between the payer and the provider, in the payer's currency.
    pub gross: Money,
    /// The same in the currency in which the provider settles with us.
    pub settled: Money,
    /// What the provider keeps of it.
    pub fee: Money,
    /// What it adds to what the provider holds for us.
    pub net: Money,
}

impl BillLine {
    /// A line of a provider that settles in the payer's currency; what is between `gross` and `net` is the fee.
    pub(crate) fn plain(
        kind: BillKind,
        line_ref: String,
        reference: String,
        provider_ref: String,
        gross: Money,
        net_minor: i64,
    ) -> Self {
        let money = |minor| Money::new(minor, gross.currency);
        let (fee, net) = (money(gross.minor.saturating_sub(net_minor)), money(net_minor));
        Self { line_ref, reference, provider_ref, kind, gross, settled: gross, fee, net }
    }

    /// Whether its amounts fit together.
    pub fn is_whole(&self) -> bool {
        self.settled.minus(self.fee).is_ok_and(|net| net == self.net)
            && self.gross.minor.signum() == self.settled.minor.signum()
    }
}

/// A part of a day's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillPage {
    /// Its lines.
    pub lines: Vec<BillLine>,
    /// Names the part that follows, for as long as the bill exists; `None` for the last one.
    pub next: Option<String>,
}

impl BillPage {
    /// A bill in one part.
    pub const fn whole(lines: Vec<BillLine>) -> Self {
        Self { lines, next: None }
    }
}
