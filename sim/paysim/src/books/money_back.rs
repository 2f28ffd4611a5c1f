//! Refunds and disputes.

use basis::{DAY_MS, Env, Money};

use super::{Books, acts::short_id};
use crate::faults::RefundPlan;
use crate::wire::{ApiError, CreateRefund, Dispute, Happening, Payment, Refund, RefundStatus};

/// For so long a merchant can fill its account before a refund is given up.
const WEEK_MS: i64 = 7 * DAY_MS;
/// The payer's account is gone.
const UNREACHED: &str = "account_closed";

impl Books {
    /// Sends money back, never more than a capture has left.
    pub fn refund(&mut self, env: &Env, id: &str, new: CreateRefund) -> Result<Refund, ApiError> {
        let mut payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        let capture = refundable(&payment, &new)?;
        let plan = self.plan(id).refund;
        let now = env.now();
        let (status, due_at) = match plan {
            RefundPlan::Refuse => {
                return Err(ApiError::invalid("refund_refused", "this payment cannot be refunded"));
            }
            RefundPlan::Succeed => (RefundStatus::Succeeded, None),
            RefundPlan::Later { after_ms } | RefundPlan::FailLater { after_ms } => {
                (RefundStatus::Pending, Some(now.plus_ms(after_ms)))
            }
        };
        let refund = Refund {
            id: short_id(env, "sr"),
            payment: payment.id.clone(),
            reference: new.reference,
            capture,
            amount: new.amount,
            status,
            at: now,
            failure: None,
            due_at,
            extra: new.extra,
        };
        payment.refunds.push(refund.clone());
        self.store(now, payment.clone());
        self.announce(env, refund_event(status), &payment, Some(&refund.id));
        Ok(refund)
    }

    /// Ends pending refunds of a payment whose time has come.
    pub(super) fn end_refunds(&mut self, env: &Env, id: &str) {
        let now = env.now();
        let Some(mut payment) = self.payments.get(id).cloned() else { return };
        let failure = failure_of(self.plan(id).refund);
        let fails = failure.is_some();
        let status = if fails { RefundStatus::Failed } else { RefundStatus::Succeeded };
        let mut ended = Vec::new();
        for refund in &mut payment.refunds {
            if refund.status == RefundStatus::Pending && refund.due_at.is_some_and(|due| due <= now) {
                refund.status = status;
                refund.at = now;
                refund.failure = failure.map(str::to_owned);
                ended.push(refund.id.clone());
            }
        }
        if ended.is_empty() {
            return;
        }
        self.store(now, payment.clone());
        for refund in ended {
            self.announce(env, refund_event(status), &payment, Some(&refund));
        }
    }

    /// In the merchant's own console: refunds whose payer could not be reached are sent on another way.
    pub fn send_refunds_on(&mut self, env: &Env, id: &str) -> Result<(), ApiError> {
        let mut payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        let stuck = |refund: &&mut Refund| {
            refund.status == RefundStatus::Failed && refund.failure.as_deref() == Some(UNREACHED)
        };
        let mut sent = Vec::new();
        for refund in payment.refunds.iter_mut().filter(stuck) {
            (refund.status, refund.at, refund.failure) = (RefundStatus::Succeeded, env.now(), None);
            sent.push(refund.id.clone());
        }
        self.store(env.now(), payment.clone());
        for refund in sent {
            self.announce(env, refund_event(RefundStatus::Succeeded), &payment, Some(&refund));
        }
        Ok(())
    }

    /// The payer contests what has not gone back of the payment.
    pub fn dispute(&mut self, env: &Env, id: &str) -> Result<Payment, ApiError> {
        let mut payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        if payment.captures.is_empty() {
            return Err(ApiError::invalid("not_captured", "nothing was paid"));
        }
        let amount = left(&payment);
        payment.disputed = true;
        payment.dispute =
            Some(Dispute { id: short_id(env, "dp"), at: env.now(), amount, won: None, ended_at: None });
        self.store(env.now(), payment.clone());
        self.announce(env, Happening::DisputeOpened, &payment, None);
        Ok(payment)
    }

    /// The dispute is decided: for the merchant, or for the payer.
    pub fn end_dispute(&mut self, env: &Env, id: &str, won: bool) -> Result<Payment, ApiError> {
        let mut payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        let Some(dispute) = &mut payment.dispute else {
            return Err(ApiError::invalid("not_disputed", "nobody contests it"));
        };
        (dispute.won, dispute.ended_at) = (Some(won), Some(env.now()));
        payment.disputed = !won;
        self.store(env.now(), payment.clone());
        self.announce(env, Happening::DisputeClosed, &payment, None);
        Ok(payment)
    }
}

/// What of the payment has not gone back, and is not on its way.
fn left(payment: &Payment) -> Money {
    let came: i64 = payment.captures.iter().map(|capture| capture.amount.minor).sum();
    let goes = payment.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
    let went: i64 = goes.map(|refund| refund.amount.minor).sum();
    Money::new(came - went, payment.amount.currency)
}

/// Why a refund fails: the payer's account is gone, or the merchant's stayed empty for a week.
fn failure_of(plan: RefundPlan) -> Option<&'static str> {
    match plan {
        RefundPlan::FailLater { after_ms } if after_ms >= WEEK_MS => Some("merchant_balance"),
        RefundPlan::FailLater { .. } => Some(UNREACHED),
        _ => None,
    }
}

fn refundable(payment: &Payment, new: &CreateRefund) -> Result<String, ApiError> {
    if payment.disputed {
        return Err(ApiError::invalid("charge_disputed", "its payer contests it, or took it back"));
    }
    let wanted = payment.captures.iter().find(|c| new.capture.as_ref().is_none_or(|id| *id == c.id));
    let capture = wanted.ok_or_else(|| ApiError::invalid("not_captured", "there is no such capture"))?;
    let gone: i64 = payment
        .refunds
        .iter()
        .filter(|refund| refund.capture == capture.id && refund.status != RefundStatus::Failed)
        .map(|refund| refund.amount.minor)
        .sum();
    let left = Money::new(capture.amount.minor - gone, capture.amount.currency);
    if !new.amount.is_positive() || new.amount.currency != left.currency || new.amount.minor > left.minor {
        return Err(ApiError::invalid(
            "amount_too_large",
            format!("{left:?} of this capture can be refunded"),
        ));
    }
    Ok(capture.id.clone())
}

fn refund_event(status: RefundStatus) -> Happening {
    match status {
        RefundStatus::Pending => Happening::RefundPending,
        RefundStatus::Succeeded => Happening::RefundSucceeded,
        RefundStatus::Failed => Happening::RefundFailed,
    }
}
