//! What a face settles with its merchant: every movement of a time, with fees.

use std::collections::BTreeMap;

use basis::{Currency, Env, Money, Timestamp};
use serde::Serialize;

use super::acts::short_id;
use super::{Books, Record};
use crate::faults::BillPlan;
use crate::wire::{Payment, Payout, RefundStatus};

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
    /// Money that a payer contests, and that comes back if the merchant wins.
    Dispute,
    /// Money sent to the merchant's bank account.
    Payout,
}

/// One line of a bill: `gross - fee = net`, negative where money goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct BillLine {
    /// The merchant's name for the payment or refund.
    pub(crate) reference: String,
    /// The capture, refund, dispute or payout.
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

    fn of_payout(payout: &Payout) -> Self {
        let Payout { id, amount, at, .. } = payout;
        Self::new(BillKind::Payout, "", id, *at, -amount.minor, amount.currency)
    }
}

impl Books {
    /// What moved at this face in `[from, until)`, oldest first.
    pub(crate) fn bill(&self, face: &str, from: Timestamp, until: Timestamp) -> Vec<BillLine> {
        let of_face = self.payments.values().filter(|payment| payment.face == face);
        let moved = of_face.flat_map(|payment| self.bill_of(payment)).chain(self.payouts(face));
        let mut lines: Vec<BillLine> = moved.filter(|line| line.at >= from && line.at < until).collect();
        lines.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        lines
    }

    /// What moved of this payment, as bills tell it.
    pub(crate) fn bill_of(&self, payment: &Payment) -> Vec<BillLine> {
        let mut lines = lines_of(payment);
        match self.plan(&payment.id).bill {
            BillPlan::True | BillPlan::Damaged => {}
            BillPlan::Late { by_ms } => lines.iter_mut().for_each(|line| line.at = line.at.plus_ms(by_ms)),
            BillPlan::Wrong { minor } => {
                for line in lines.iter_mut().filter(|line| line.kind == BillKind::Payment) {
                    line.gross.minor += minor;
                    line.net.minor += minor;
                }
            }
        }
        lines
    }

    /// Whether this face's files do not come whole.
    pub(crate) fn damages_bills(&self, face: &str) -> bool {
        let mut of_face = self.payments.values().filter(|payment| payment.face == face);
        of_face.any(|payment| self.plan(&payment.id).bill == BillPlan::Damaged)
    }

    /// What was paid out at this face.
    pub(crate) fn payouts(&self, face: &str) -> impl Iterator<Item = BillLine> {
        self.payouts.iter().filter(move |payout| payout.face == face).map(BillLine::of_payout)
    }

    /// Sends all that this face holds to the merchant's bank account.
    pub fn pay_out(&mut self, env: &Env, face: &str) -> Vec<Payout> {
        let mut holds: BTreeMap<&str, Money> = BTreeMap::new();
        let lines = self.bill(face, Timestamp(i64::MIN), Timestamp(i64::MAX));
        for BillLine { net, .. } in &lines {
            holds.entry(net.currency.code()).or_insert(Money::zero(net.currency)).minor += net.minor;
        }
        let (face, at) = (face.to_owned(), env.now());
        let sent = holds.into_values().filter(|amount| amount.is_positive());
        let sent: Vec<Payout> =
            sent.map(|amount| Payout { id: short_id(env, "po"), face: face.clone(), amount, at }).collect();
        for payout in &sent {
            self.records.push(Record::Payout { payout: payout.clone() });
            self.payouts.push(payout.clone());
        }
        sent
    }
}

fn lines_of(payment: &Payment) -> Vec<BillLine> {
    let captured = payment.captures.iter().map(|capture| {
        let Money { minor, currency } = capture.amount;
        BillLine::new(BillKind::Payment, &payment.reference, &capture.id, capture.at, minor, currency)
    });
    let done = payment.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded);
    let refunded = done.map(|refund| {
        let Money { minor, currency } = refund.amount;
        BillLine::new(BillKind::Refund, &refund.reference, &refund.id, refund.at, -minor, currency)
    });
    let contested = payment.dispute.iter().flat_map(|dispute| {
        let Money { minor, currency } = dispute.amount;
        let line = |at, minor| {
            BillLine::new(BillKind::Dispute, &payment.reference, &dispute.id, at, minor, currency)
        };
        let won = dispute.ended_at.filter(|_| dispute.won == Some(true));
        [line(dispute.at, -minor)].into_iter().chain(won.map(|at| line(at, minor)))
    });
    captured.chain(refunded).chain(contested).collect()
}
