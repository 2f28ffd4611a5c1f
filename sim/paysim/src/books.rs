//! The sandbox's own books: pure rules over a map. Every change leaves records for the journal.

mod acts;
mod bill;
mod money_back;

pub(crate) use acts::NewPayment;
pub(crate) use bill::{BillKind, BillLine};

use std::collections::{BTreeMap, BTreeSet, HashMap};

use basis::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::faults::{AnswerPlan, FaultPlan};
use crate::wire::{ApiError, Event, Payment, Payout, Refund, RefundStatus, Status};

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Unique per copy.
    pub id: String,
    /// When it is sent next.
    pub due_at: Timestamp,
    /// How often it was sent.
    pub attempts: u32,
    /// Signed with a wrong secret or key.
    pub forged: bool,
    /// Sent once, to see whether the merchant refuses it.
    #[serde(default)]
    pub probe: bool,
    /// What it tells.
    pub event: Event,
}

/// An answer kept for its idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The key.
    pub key: String,
    /// What was asked for.
    pub fingerprint: String,
    /// The status that was answered.
    pub status: u16,
    /// The body that was answered.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Record {
    /// A payment as it is from now on.
    Payment {
        /// When.
        at: Timestamp,
        /// The whole of it.
        payment: Payment,
    },
    /// What goes wrong with a payment from now on.
    Faults {
        /// Which payment.
        payment: String,
        /// What.
        plan: FaultPlan,
    },
    /// A message as it is to be sent next.
    Delivery {
        /// The whole of it.
        delivery: Delivery,
    },
    /// A message that is not sent any more.
    Ended {
        /// Which delivery.
        id: String,
    },
    /// Money that went to the merchant's bank account.
    Payout {
        /// The whole of it.
        payout: Payout,
    },
    /// An answer to be repeated.
    Answer {
        /// The whole of it.
        answer: KeptAnswer,
    },
}

/// All that the sandbox knows.
#[derive(Debug, Default)]
pub struct Books {
    base_url: String,
    payments: BTreeMap<String, Payment>,
    payouts: Vec<Payout>,
    by_reference: HashMap<String, Vec<String>>,
    faults: HashMap<String, FaultPlan>,
    default_faults: FaultPlan,
    refund_payment: HashMap<String, String>,
    /// Which payment a capture, pending or not, or a refund belongs to, by the books' name for it.
    owners: HashMap<String, String>,
    saved: HashMap<String, String>,
    due: BTreeSet<(Timestamp, String)>,
    deliveries: BTreeMap<(Timestamp, String), Delivery>,
    delivery_due: HashMap<String, Timestamp>,
    answers: HashMap<String, KeptAnswer>,
    records: Vec<Record>,
}

impl Books {
    /// Empty books, whose pay pages stand at `base_url`.
    pub fn new(base_url: String) -> Self {
        Self { base_url, ..Self::default() }
    }

    /// Where its pages and files stand.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Takes a journal's line back in.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Payment { payment, .. } => self.put(payment),
            Record::Faults { payment, plan } => drop(self.faults.insert(payment, plan)),
            Record::Delivery { delivery } => self.put_delivery(delivery),
            Record::Ended { id } => self.remove_delivery(&id),
            Record::Payout { payout } => self.payouts.push(payout),
            Record::Answer { answer } => drop(self.answers.insert(answer.key.clone(), answer)),
        }
    }

    /// What changed since the last call.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    fn put(&mut self, payment: Payment) {
        if !self.payments.contains_key(&payment.id) {
            self.by_reference.entry(payment.reference.clone()).or_default().push(payment.id.clone());
        }
        for refund in &payment.refunds {
            self.refund_payment.insert(refund.reference.clone(), payment.id.clone());
        }
        let captures = payment.captures.iter().map(|capture| &capture.id).chain(&payment.pending_capture);
        for id in captures.chain(payment.refunds.iter().map(|refund| &refund.id)) {
            self.owners.insert(id.clone(), payment.id.clone());
        }
        if let Some(saved) = &payment.saved {
            self.saved.insert(saved.id.clone(), payment.id.clone());
        }
        let refunds =
            payment.refunds.iter().map(|refund| (refund.due_at, refund.status == RefundStatus::Pending));
        for (due, waits) in refunds.chain([(payment.due_at, payment.status == Status::Pending)]) {
            let Some(due) = due else { continue };
            let key = (due, payment.id.clone());
            if waits {
                self.due.insert(key);
            } else {
                self.due.remove(&key);
            }
        }
        self.payments.insert(payment.id.clone(), payment);
    }

    fn put_delivery(&mut self, delivery: Delivery) {
        self.remove_delivery(&delivery.id);
        self.delivery_due.insert(delivery.id.clone(), delivery.due_at);
        self.deliveries.insert((delivery.due_at, delivery.id.clone()), delivery);
    }

    fn remove_delivery(&mut self, id: &str) {
        if let Some(due) = self.delivery_due.remove(id) {
            self.deliveries.remove(&(due, id.to_owned()));
        }
    }

    fn store(&mut self, now: Timestamp, payment: Payment) {
        self.records.push(Record::Payment { at: now, payment: payment.clone() });
        self.put(payment);
    }

    /// A payment as its merchant sees it now.
    pub fn get(&self, now: Timestamp, id: &str) -> Result<Payment, ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?;
        Ok(self.shown(now, payment))
    }

    fn shown(&self, now: Timestamp, payment: &Payment) -> Payment {
        let mut shown = payment.clone();
        if shown.status == Status::Open && now >= shown.expires_at {
            shown.status = Status::Expired;
        }
        if let Some(merchant) = self.plan(&payment.id).merchant {
            shown.merchant = merchant;
        }
        shown
    }

    /// The payment with which this method was kept, unless it was given up since.
    pub(crate) fn kept_by(&self, saved: &str) -> Option<&Payment> {
        self.was_kept_by(saved).filter(|payment| payment.saved.as_ref().is_some_and(|kept| !kept.forgotten))
    }

    /// The payment with which this method was kept, given up or not.
    pub(crate) fn was_kept_by(&self, saved: &str) -> Option<&Payment> {
        let payment = self.payments.get(self.saved.get(saved)?)?;
        payment.saved.as_ref().filter(|kept| kept.id == saved).map(|_| payment)
    }

    /// Notes something that only the face knows of a payment.
    pub(crate) fn annotate(
        &mut self,
        now: Timestamp,
        id: &str,
        name: &str,
        value: Value,
    ) -> Result<(), ApiError> {
        let mut payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        let noted = std::mem::take(&mut payment.extra);
        let mut noted = if let Value::Object(noted) = noted { noted } else { Map::new() };
        noted.insert(name.to_owned(), value);
        payment.extra = Value::Object(noted);
        self.store(now, payment);
        Ok(())
    }

    /// Payments of this reference, oldest first.
    pub fn by_reference(&self, now: Timestamp, reference: &str) -> Vec<Payment> {
        let ids = self.by_reference.get(reference).into_iter().flatten();
        ids.filter_map(|id| self.payments.get(id)).map(|payment| self.shown(now, payment)).collect()
    }

    /// The payment to which this capture or refund belongs.
    pub fn owner(&self, now: Timestamp, part: &str) -> Result<Payment, ApiError> {
        let id = self.owners.get(part).ok_or_else(ApiError::not_found)?;
        self.get(now, id)
    }

    /// Refunds of this reference.
    pub fn refunds(&self, reference: &str) -> Vec<Refund> {
        let payment = self.refund_payment.get(reference).and_then(|id| self.payments.get(id));
        let all = payment.into_iter().flat_map(|payment| &payment.refunds);
        all.filter(|refund| refund.reference == reference).cloned().collect()
    }

    /// At most `limit` payments of this face opened in `[from, until)`, after this id.
    pub fn list(
        &self,
        now: Timestamp,
        face: &str,
        from: Timestamp,
        until: Timestamp,
        after: &str,
        limit: usize,
    ) -> Vec<Payment> {
        let later =
            self.payments.range::<str, _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        later
            .map(|(_, payment)| payment)
            .filter(|payment| {
                payment.face == face && payment.created_at >= from && payment.created_at < until
            })
            .take(limit)
            .map(|payment| self.shown(now, payment))
            .collect()
    }

    /// All payments, in the order of their opening.
    pub fn all(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// What goes wrong with this payment, or this kept method.
    pub fn plan(&self, id: &str) -> FaultPlan {
        self.faults.get(id).unwrap_or(&self.default_faults).clone()
    }

    /// What goes wrong with this payment from now on.
    pub fn set_plan(&mut self, id: &str, plan: FaultPlan) -> Result<(), ApiError> {
        if !self.payments.contains_key(id) && !self.saved.contains_key(id) {
            return Err(ApiError::not_found());
        }
        self.records.push(Record::Faults { payment: id.to_owned(), plan: plan.clone() });
        self.faults.insert(id.to_owned(), plan);
        Ok(())
    }

    /// What goes wrong with payments that have no plan of their own; not kept over a restart.
    pub fn set_default_plan(&mut self, plan: FaultPlan) {
        self.default_faults = plan;
    }

    /// Answers about this payment (`""`: openings) go as they should again.
    pub fn spend_answer_fault(&mut self, id: &str) {
        match self.faults.get_mut(id) {
            Some(plan) => plan.answer = AnswerPlan::Normal,
            None => self.default_faults.answer = AnswerPlan::Normal,
        }
    }

    /// The answer kept for a key: `Ok(Some)` for a repeat, an error if the key was used for something else.
    pub fn kept(
        &self,
        now: Timestamp,
        key: &str,
        fingerprint: &str,
        kept_ms: i64,
    ) -> Result<Option<KeptAnswer>, ApiError> {
        let Some(kept) = self.answers.get(key).filter(|kept| now.since(kept.at) < kept_ms) else {
            return Ok(None);
        };
        if kept.fingerprint == fingerprint {
            return Ok(Some(kept.clone()));
        }
        Err(ApiError {
            status: 400,
            kind: "idempotency_error",
            code: "idempotency_key_reused",
            message: "this key was used with other parameters".to_owned(),
        })
    }

    /// Keeps an answer for its key.
    pub fn keep(&mut self, answer: KeptAnswer) {
        self.records.push(Record::Answer { answer: answer.clone() });
        self.answers.insert(answer.key.clone(), answer);
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        let message = self.deliveries.keys().next().map(|(due, _)| *due);
        let end = self.due.first().map(|(due, _)| *due);
        message.into_iter().chain(end).min()
    }

    /// Takes the messages that are due; each must be ended or set again.
    pub fn take_due(&mut self, now: Timestamp, limit: usize) -> Vec<Delivery> {
        let due = self.deliveries.values().take_while(|delivery| delivery.due_at <= now).take(limit);
        let due: Vec<Delivery> = due.cloned().collect();
        for delivery in &due {
            self.remove_delivery(&delivery.id);
        }
        due
    }

    /// Sends a message (again) when it is due.
    pub fn set_delivery(&mut self, delivery: Delivery) {
        self.records.push(Record::Delivery { delivery: delivery.clone() });
        self.put_delivery(delivery);
    }

    /// A message is not sent any more.
    pub fn end_delivery(&mut self, id: &str) {
        self.records.push(Record::Ended { id: id.to_owned() });
        self.remove_delivery(id);
    }

    /// How many messages are on their way.
    pub fn deliveries(&self) -> usize {
        self.deliveries.len()
    }
}
