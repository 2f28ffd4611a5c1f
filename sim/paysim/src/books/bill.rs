//! What a face settles with its merchant: every movement of a time, with fees.

use basis::{Currency, Money, Timestamp};
use serde::Serialize;

use super::Books;
use crate::wire::{Payment, RefundStatus};

/// The sandbox keeps one in a hundred of what is taken, rounded down.
const FEE_SHARE: i64 = 100;

/// What a line of a bill is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BillKind {
    /// Money taken.
    Payment,
    /// Money sent back.
    Refund,
    /// A dispute that the payer won.
    Dispute,
}

/// One line of a bill: `gross - fee = net`, negative where money goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BillLine {
    /// The merchant's name for the payment or refund.
    pub(crate) reference: String,
    /// The capture, refund or dispute.
    pub(crate) id: String,
    pub(crate) kind: BillKind,
    pub(crate) at: Timestamp,
    pub(crate) gross: Money,
    pub(crate) fee: Money,
    pub(crate) net: Money,
}

impl BillLine {
    fn new(kind: BillKind, reference: &str, id: &str, at: Timestamp, gross: i64, currency: Currency) -> Self {
        let fee = if kind == BillKind::Payment { gross / FEE_SHARE } else { 0 };
        let money = |minor| Money::new(minor, currency);
        let (reference, id) = (reference.to_owned(), id.to_owned());
        Self { reference, id, kind, at, gross: money(gross), fee: money(fee), net: money(gross - fee) }
    }
}

impl Books {
    /// What moved at this face in `[from, until)`, oldest first.
    pub(crate) fn bill(&self, face: &str, from: Timestamp, until: Timestamp) -> Vec<BillLine> {
        let of_face = self.payments.values().filter(|payment| payment.face == face);
        let mut lines: Vec<BillLine> =
            of_face.flat_map(lines_of).filter(|line| line.at >= from && line.at < until).collect();
        lines.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        lines
    }
}

/// What moved of this payment.
pub(crate) fn lines_of(payment: &Payment) -> Vec<BillLine> {
    let captured = payment.captures.iter().map(|capture| {
        let Money { minor, currency } = capture.amount;
        BillLine::new(BillKind::Payment, &payment.reference, &capture.id, capture.at, minor, currency)
    });
    let done = payment.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
    let refunded = done.map(|refund| {
        let Money { minor, currency } = refund.amount;
        BillLine::new(BillKind::Refund, &refund.reference, &refund.id, refund.at, -minor, currency)
    });
    let lost = payment.dispute.iter().filter(|dispute| dispute.won == Some(false)).map(|dispute| {
        let Money { minor, currency } = dispute.amount;
        BillLine::new(BillKind::Dispute, &payment.reference, &dispute.id, dispute.at, -minor, currency)
    });
    captured.chain(refunded).chain(lost).collect()
}
