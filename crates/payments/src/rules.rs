//! How a payment moves: pure, and only forward.

mod looks;

use basis::{
    Account, Id, Language, Money, Order, Payment as PaymentKind, Problem, Refund as RefundKind,
    SavedMethod as SavedKind, Timestamp,
};

use crate::facts::{Facts, Status};
use crate::requests::PayAt;

pub use looks::next_poll;
pub(crate) use looks::{next_look_at_pending, next_refund_look};

basis::words! {
    /// A way to pay.
    Method {
        /// A bank card.
        Card = "card",
        /// PayPal.
        PayPal = "paypal",
        /// Alipay.
        Alipay = "alipay",
        /// WeChat Pay.
        WeChatPay = "wechat_pay",
    }
}

impl Method {
    /// The method that someone asked for by its word.
    ///
    /// # Errors
    /// Invalid `payments-word-unknown` at `method`.
    pub fn asked(word: &str) -> Result<Self, Problem> {
        word.parse().map_err(|_| Problem::invalid("payments-word-unknown").at("method"))
    }
}

basis::words! {
    /// Where a payment stands. The order of the variants is the order in which it may move.
    PaymentState {
        /// Not opened at its provider, as far as we know.
        Created = "created",
        /// Opened; the payer may pay.
        Pending = "pending",
        /// Refused. Money may still come by a late capture.
        Failed = "failed",
        /// Cancelled or run out. Money may still come by a late capture.
        Cancelled = "cancelled",
        /// Paid.
        Captured = "captured",
        /// Paid, and some of it sent back.
        PartlyRefunded = "partly_refunded",
        /// Paid, and all of it sent back.
        Refunded = "refunded",
        /// Contested by the payer, or lost to them. When we win, it goes back to where it was.
        Disputed = "disputed",
    }
}

basis::words! {
    /// Where a refund stands.
    RefundState {
        /// To be sent.
        Queued = "queued",
        /// Sent, perhaps: the provider has not answered.
        Sending = "sending",
        /// Accepted by the provider.
        Pending = "pending",
        /// The money is back.
        Succeeded = "succeeded",
        /// The provider will not do it; a person must.
        Failed = "failed",
    }
}

impl RefundState {
    /// True if nothing more happens by itself.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

basis::words! {
    /// Where a dispute stands. Once it is decided it stays so.
    DisputeState {
        /// Nobody has decided: its money is frozen.
        Open = "open",
        /// The money is ours again.
        Won = "won",
        /// The money is the payer's.
        Lost = "lost",
    }
}

basis::words! {
    /// What became of a capture.
    Fate {
        /// It pays for what it was asked for.
        Accepted = "accepted",
        /// Its order was paid by another payment: it goes back.
        SecondPayment = "second_payment",
        /// The same payment was captured again: it goes back.
        Extra = "extra",
        /// Another amount or currency than asked for: kept aside for a person.
        Mismatch = "mismatch",
    }
}

basis::words! {
    /// What a line of a provider's bill is about.
    BillKind {
        /// Money taken.
        Payment = "payment",
        /// Money sent back, or not after all.
        Refund = "refund",
        /// Money that a payer contests, or that came back because they lost.
        Dispute = "dispute",
        /// Money sent to our bank account, or taken back from there.
        Payout = "payout",
        /// What the provider keeps for nothing in particular.
        Fee = "fee",
        /// Money of one currency that the provider changed into another; each of the two has a line.
        Exchange = "exchange",
        /// Something that we know nothing of.
        Other = "other",
    }
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For this order.
    Order(Id<Order>),
    /// For the payer's wallet.
    Wallet,
}

impl Purpose {
    /// The order, if it is for one.
    pub const fn order(self) -> Option<Id<Order>> {
        match self {
            Self::Order(order) => Some(order),
            Self::Wallet => None,
        }
    }
}

/// One attempt to pay an order or to fill a wallet, at one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: Id<PaymentKind>,
    /// Who pays.
    pub account: Id<Account>,
    /// What for.
    pub purpose: Purpose,
    /// At whom.
    pub provider: String,
    /// Which way.
    pub method: Method,
    /// How much was asked for.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Where the payer goes to pay.
    pub pay_at: Option<PayAt>,
    /// The payer lets us keep the method that they pay with.
    pub save_method: bool,
    /// The kept method that it was charged by without its payer, perhaps: written before the charge went out.
    pub saved: Option<Id<SavedKind>>,
    /// What came, in the currency asked for.
    pub captured: Money,
    /// What of it went back.
    pub refunded: Money,
    /// Why it failed, in the provider's word.
    pub failure: Option<String>,
    /// What the payer reads at the provider.
    pub description: String,
    /// In which language.
    pub language: Language,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it can no longer be paid.
    pub expires_at: Timestamp,
    /// When it last moved.
    pub changed_at: Timestamp,
}

impl Payment {
    /// True while the payer may still pay, as far as we know.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, PaymentState::Created | PaymentState::Pending)
    }
}

/// Money on its way back to its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: Id<RefundKind>,
    /// Of which payment.
    pub payment: Id<PaymentKind>,
    /// For which order.
    pub order: Option<Id<Order>>,
    /// By whom.
    pub provider: String,
    /// The provider's name for the capture that it returns.
    pub capture_ref: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
    /// 1, and one more each time a person tries again.
    pub attempt: u32,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Why it was asked for.
    pub reason: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last moved.
    pub changed_at: Timestamp,
}

impl Refund {
    /// Our name for the current attempt at its provider.
    pub fn reference(&self) -> String {
        match self.attempt {
            1 => self.id.to_string(),
            more => format!("{}.{more}", self.id),
        }
    }
}

/// Which refund a provider's reference names, whatever the attempt.
pub(crate) fn refund_of_reference(reference: &str) -> Option<Id<RefundKind>> {
    reference.split('.').next()?.parse().ok()
}

/// Where a payment goes when its provider says this, with so much captured and refunded by now; never back, but out of a
/// dispute that we won.
pub(crate) fn next_state(payment: &Payment, facts: &Facts, contested: bool, now: Timestamp) -> PaymentState {
    let paid = paid_state(payment.captured, payment.refunded);
    let told = if contested {
        PaymentState::Disputed
    } else if let Some(paid) = paid {
        paid
    } else {
        match &facts.status {
            Status::Absent if now >= payment.expires_at => PaymentState::Cancelled,
            Status::Absent => PaymentState::Created,
            // A capture that the provider reports without showing it is not believed; the next look will show it.
            Status::Open | Status::Captured | Status::PayerMustAct(_) => PaymentState::Pending,
            Status::Declined(_) => PaymentState::Failed,
            Status::Cancelled | Status::Expired => PaymentState::Cancelled,
        }
    };
    if payment.state == PaymentState::Disputed && paid.is_some() {
        told
    } else {
        forward(payment.state, told)
    }
}

/// Where a payment is of which so much was captured and refunded, if any was captured.
fn paid_state(captured: Money, refunded: Money) -> Option<PaymentState> {
    captured.is_positive().then_some(match refunded.minor {
        0 => PaymentState::Captured,
        some if some < captured.minor => PaymentState::PartlyRefunded,
        _ => PaymentState::Refunded,
    })
}

/// Where a payment goes after a refund of it arrived; never back.
pub(crate) fn state_after_refund(payment: &Payment) -> PaymentState {
    let paid = paid_state(payment.captured, payment.refunded);
    forward(payment.state, paid.unwrap_or(payment.state))
}

fn forward(now: PaymentState, told: PaymentState) -> PaymentState {
    let both_over = now == PaymentState::Failed && told == PaymentState::Cancelled;
    if both_over { now } else { now.max(told) }
}

/// What is wrong with a provider's answer as a whole, if anything: it is about another payment, or the money
/// is in someone else's account.
pub(crate) fn foreign(payment: &Payment, facts: &Facts) -> Option<&'static str> {
    if !facts.merchant_is_ours {
        return Some("merchant");
    }
    if facts.reference != payment.id.to_string() {
        return Some("reference");
    }
    let known = payment.provider_ref.as_deref().zip(facts.provider_ref.as_deref());
    known.is_some_and(|(ours, theirs)| ours != theirs).then_some("provider-reference")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Decline;
    use basis::Currency;

    fn facts(status: Status) -> Facts {
        Facts { status, ..Facts::absent(Id::from_u128(1)) }
    }

    fn payment(state: PaymentState, captured: i64, refunded: i64) -> Payment {
        let cny = |minor| Money::new(minor, Currency::CNY);
        Payment {
            id: Id::from_u128(1),
            account: Id::from_u128(2),
            purpose: Purpose::Wallet,
            provider: "sandbox".to_owned(),
            method: Method::Card,
            amount: cny(100),
            state,
            provider_ref: None,
            pay_at: None,
            save_method: false,
            saved: None,
            captured: cny(captured),
            refunded: cny(refunded),
            failure: None,
            description: String::new(),
            language: Language::En,
            return_url: String::new(),
            created_at: Timestamp(0),
            expires_at: Timestamp(1000),
            changed_at: Timestamp(0),
        }
    }

    #[test]
    fn a_payment_never_moves_back_whatever_order_the_news_come_in() {
        use PaymentState as S;
        let early = [Status::Absent, Status::Open, Status::PayerMustAct("https://bank.example".to_owned())];
        let late = [Status::Captured, Status::Declined(Decline::Soft), Status::Cancelled];
        let all = [early, late];
        let states = [S::Created, S::Pending, S::Failed, S::Cancelled, S::Captured, S::Refunded, S::Disputed];
        for now in states {
            for status in all.iter().flatten() {
                for (captured, refunded) in [(0, 0), (100, 0), (100, 40), (100, 100)] {
                    let payment = payment(now, captured, refunded);
                    let contested = now == S::Disputed;
                    assert!(next_state(&payment, &facts(status.clone()), contested, Timestamp(500)) >= now);
                }
            }
        }
    }

    #[test]
    fn a_dispute_that_we_won_leaves_the_payment_as_it_was() {
        let won = payment(PaymentState::Disputed, 100, 40);
        let facts = facts(Status::Captured);
        assert_eq!(next_state(&won, &facts, true, Timestamp(500)), PaymentState::Disputed);
        assert_eq!(next_state(&won, &facts, false, Timestamp(500)), PaymentState::PartlyRefunded);
    }

    #[test]
    fn money_that_comes_after_the_expiry_still_counts() {
        let late = payment(PaymentState::Cancelled, 100, 0);
        assert_eq!(
            next_state(&late, &facts(Status::Expired), false, Timestamp(2000)),
            PaymentState::Captured
        );
    }

    #[test]
    fn a_capture_that_is_only_claimed_is_not_believed() {
        let claimed = payment(PaymentState::Pending, 0, 0);
        assert_eq!(
            next_state(&claimed, &facts(Status::Captured), false, Timestamp(500)),
            PaymentState::Pending
        );
    }

    #[test]
    fn a_payment_that_nobody_opened_runs_out() {
        let never = payment(PaymentState::Created, 0, 0);
        assert_eq!(next_state(&never, &facts(Status::Absent), false, Timestamp(999)), PaymentState::Created);
        assert_eq!(
            next_state(&never, &facts(Status::Absent), false, Timestamp(1000)),
            PaymentState::Cancelled
        );
    }
}
