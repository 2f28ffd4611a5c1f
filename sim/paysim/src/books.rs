//! The sandbox's own books: pure rules over a map. Every change leaves records for the journal.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use basis::{DAY_MS, Env, Money, SECOND_MS, Timestamp};
use serde::{Deserialize, Serialize};

use crate::wire::{
    AnswerPlan, ApiError, Capture, CreatePayment, CreateRefund, Event, FaultPlan, HookPlan, Outcome, Payment, Refund, RefundPlan,
    RefundStatus, Status,
};

/// A payment may be opened for so long at most.
const EXPIRY_MS_MAX: i64 = DAY_MS;
/// Answers to idempotency keys are kept for so long.
const KEYS_KEPT_MS: i64 = DAY_MS;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Unique per copy.
    pub id: String,
    /// The payment that it is about.
    pub payment: String,
    /// When it is sent next.
    pub due_at: Timestamp,
    /// How often it was sent.
    pub attempts: u32,
    /// Signed with a wrong secret.
    pub forged: bool,
    /// The exact bytes, as text.
    pub body: String,
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
    /// An answer to be repeated.
    Answer {
        /// The whole of it.
        answer: KeptAnswer,
    },
}

/// All that the sandbox knows.
#[derive(Debug, Default)]
pub struct Books {
    merchant: String,
    base_url: String,
    payments: BTreeMap<String, Payment>,
    by_reference: HashMap<String, Vec<String>>,
    faults: HashMap<String, FaultPlan>,
    default_faults: FaultPlan,
    refund_payment: HashMap<String, String>,
    refunds_due: BTreeSet<(Timestamp, String)>,
    deliveries: BTreeMap<(Timestamp, String), Delivery>,
    delivery_due: HashMap<String, Timestamp>,
    answers: HashMap<String, KeptAnswer>,
    records: Vec<Record>,
}

impl Books {
    /// Empty books of this merchant, whose pay pages stand at `base_url`.
    pub fn new(merchant: String, base_url: String) -> Self {
        Self { merchant, base_url, ..Self::default() }
    }

    /// Takes a journal's line back in.
    pub fn replay(&mut self, record: Record) {
        match record {
            Record::Payment { payment, .. } => self.put(payment),
            Record::Faults { payment, plan } => drop(self.faults.insert(payment, plan)),
            Record::Delivery { delivery } => self.put_delivery(delivery),
            Record::Ended { id } => self.remove_delivery(&id),
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
            let Some(due) = refund.due_at else { continue };
            let key = (due, payment.id.clone());
            if refund.status == RefundStatus::Pending {
                self.refunds_due.insert(key);
            } else {
                self.refunds_due.remove(&key);
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

    /// Payments of this reference, oldest first.
    pub fn by_reference(&self, now: Timestamp, reference: &str) -> Vec<Payment> {
        let ids = self.by_reference.get(reference).into_iter().flatten();
        ids.filter_map(|id| self.payments.get(id)).map(|payment| self.shown(now, payment)).collect()
    }

    /// Refunds of this reference.
    pub fn refunds(&self, reference: &str) -> Vec<Refund> {
        let payment = self.refund_payment.get(reference).and_then(|id| self.payments.get(id));
        let all = payment.into_iter().flat_map(|payment| &payment.refunds);
        all.filter(|refund| refund.reference == reference).cloned().collect()
    }

    /// At most `limit` payments opened in `[from, until)`, after this id.
    pub fn list(&self, now: Timestamp, from: Timestamp, until: Timestamp, after: &str, limit: usize) -> Vec<Payment> {
        let later = self.payments.range::<str, _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        later
            .map(|(_, payment)| payment)
            .filter(|payment| payment.created_at >= from && payment.created_at < until)
            .take(limit)
            .map(|payment| self.shown(now, payment))
            .collect()
    }

    /// All payments, in the order of their opening.
    pub fn all(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// What goes wrong with this payment.
    pub fn plan(&self, id: &str) -> FaultPlan {
        self.faults.get(id).unwrap_or(&self.default_faults).clone()
    }

    /// What goes wrong with this payment from now on.
    pub fn set_plan(&mut self, id: &str, plan: FaultPlan) -> Result<(), ApiError> {
        if !self.payments.contains_key(id) {
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
    pub fn kept(&self, now: Timestamp, key: &str, fingerprint: &str) -> Result<Option<KeptAnswer>, ApiError> {
        let Some(kept) = self.answers.get(key).filter(|kept| now.since(kept.at) < KEYS_KEPT_MS) else {
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

    /// Opens a payment.
    pub fn create(&mut self, env: &Env, new: CreatePayment) -> Result<Payment, ApiError> {
        let now = env.now();
        check_new(now, &new)?;
        let id = env.new_id::<basis::Payment>().to_string().replacen("pay_", "sp_", 1);
        let payment = Payment {
            url: format!("{}/pay/{id}", self.base_url),
            id,
            sandbox: true,
            merchant: self.merchant.clone(),
            reference: new.reference,
            amount: new.amount,
            method: new.method,
            description: new.description,
            locale: new.locale,
            return_url: new.return_url,
            status: Status::Open,
            created_at: now,
            expires_at: new.expires_at,
            captures: Vec::new(),
            refunds: Vec::new(),
            disputed: false,
            decline_code: None,
        };
        self.store(now, payment.clone());
        Ok(payment)
    }

    /// What the payer does. A payer may be late, and may pay more than once; after a cancellation or a refusal
    /// nothing more can be paid.
    pub fn pay(&mut self, env: &Env, id: &str, outcome: Outcome) -> Result<Payment, ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        if matches!(payment.status, Status::Declined | Status::Cancelled) {
            return Err(ApiError::invalid("payment_over", "this payment can no longer be paid"));
        }
        if let Some(hook) = hook_of(outcome, self.plan(id).hook) {
            let plan = FaultPlan { hook, ..self.plan(id) };
            self.set_plan(id, plan)?;
        }
        match outcome {
            Outcome::Declined => self.end(env, payment, Status::Declined, Some("card_declined")),
            Outcome::Cancel => self.end(env, payment, Status::Cancelled, None),
            Outcome::Twice => {
                let once = self.capture(env, payment);
                Ok(self.capture(env, once))
            }
            _ => Ok(self.capture(env, payment)),
        }
    }

    /// The merchant does not want it any more. What is paid stays paid.
    pub fn cancel(&mut self, env: &Env, id: &str) -> Result<Payment, ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        if payment.status != Status::Open {
            return self.get(env.now(), id);
        }
        self.end(env, payment, Status::Cancelled, None)
    }

    fn end(
        &mut self,
        env: &Env,
        payment: Payment,
        status: Status,
        decline_code: Option<&str>,
    ) -> Result<Payment, ApiError> {
        if !payment.captures.is_empty() {
            return Err(ApiError::invalid("payment_captured", "this payment is paid already"));
        }
        let payment = Payment { status, decline_code: decline_code.map(str::to_owned), ..payment };
        self.store(env.now(), payment.clone());
        let kind = if status == Status::Declined { "payment.declined" } else { "payment.cancelled" };
        self.announce(env, kind, &payment);
        Ok(payment)
    }

    fn capture(&mut self, env: &Env, mut payment: Payment) -> Payment {
        let now = env.now();
        if self.plan(&payment.id).hook.reordered {
            self.announce(env, "payment.processing", &payment);
        }
        let amount = self.plan(&payment.id).capture_amount.unwrap_or(payment.amount);
        payment.status = Status::Captured;
        payment.captures.push(Capture { id: short_id(env, "cap"), amount, at: now });
        self.store(now, payment.clone());
        self.announce(env, "payment.captured", &payment);
        payment
    }

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
            failure: None,
            due_at,
        };
        payment.refunds.push(refund.clone());
        self.store(now, payment.clone());
        self.announce(env, refund_event(status), &payment);
        Ok(refund)
    }

    /// The payer contests the payment.
    pub fn dispute(&mut self, env: &Env, id: &str) -> Result<Payment, ApiError> {
        let mut payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        if payment.captures.is_empty() {
            return Err(ApiError::invalid("not_captured", "nothing was paid"));
        }
        payment.disputed = true;
        self.store(env.now(), payment.clone());
        self.announce(env, "dispute.created", &payment);
        Ok(payment)
    }

    /// Ends pending refunds whose time has come.
    pub fn tick(&mut self, env: &Env) {
        let now = env.now();
        let is_due = |refund: &Refund| {
            refund.status == RefundStatus::Pending && refund.due_at.is_some_and(|due| due <= now)
        };
        let due: Vec<String> =
            self.refunds_due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| id.clone()).collect();
        for id in due {
            let Some(mut payment) = self.payments.get(&id).cloned() else { continue };
            let fails = matches!(self.plan(&payment.id).refund, RefundPlan::FailLater { .. });
            let status = if fails { RefundStatus::Failed } else { RefundStatus::Succeeded };
            for refund in payment.refunds.iter_mut().filter(|refund| is_due(refund)) {
                refund.status = status;
                refund.failure = fails.then(|| "account_closed".to_owned());
            }
            self.store(now, payment.clone());
            self.announce(env, refund_event(status), &payment);
        }
    }

    fn announce(&mut self, env: &Env, kind: &str, payment: &Payment) {
        let hook = self.plan(&payment.id).hook;
        let now = env.now();
        let id = short_id(env, "evt");
        let event = Event {
            id: id.clone(),
            object: "event".to_owned(),
            r#type: kind.to_owned(),
            created_at: now,
            data: self.shown(now, payment),
        };
        let Ok(body) = serde_json::to_string(&event) else { return };
        let late = if kind == "payment.processing" { SECOND_MS } else { 0 };
        for copy in 0..hook.copies {
            let delivery = Delivery {
                id: format!("{id}:{copy}"),
                payment: payment.id.clone(),
                due_at: now.plus_ms(hook.delay_ms + late),
                attempts: 0,
                forged: hook.forged,
                body: body.clone(),
            };
            self.set_delivery(delivery);
        }
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        let message = self.deliveries.keys().next().map(|(due, _)| *due);
        let refund = self.refunds_due.first().map(|(due, _)| *due);
        message.into_iter().chain(refund).min()
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

fn check_new(now: Timestamp, new: &CreatePayment) -> Result<(), ApiError> {
    if new.reference.is_empty() || new.reference.len() > 100 {
        return Err(ApiError::invalid("reference", "a reference of 1 to 100 bytes is needed"));
    }
    if !new.amount.is_positive() {
        return Err(ApiError::invalid("amount", "an amount of more than nothing is needed"));
    }
    if !new.return_url.starts_with("http://") && !new.return_url.starts_with("https://") {
        return Err(ApiError::invalid("return_url", "an absolute http address is needed"));
    }
    let open_ms = new.expires_at.since(now);
    if open_ms <= 0 || open_ms > EXPIRY_MS_MAX {
        return Err(ApiError::invalid("expires_at", "it must lie within the next 24 hours"));
    }
    Ok(())
}

fn refundable(payment: &Payment, new: &CreateRefund) -> Result<String, ApiError> {
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
        return Err(ApiError::invalid("amount_too_large", format!("{left:?} of this capture can be refunded")));
    }
    Ok(capture.id.clone())
}

fn refund_event(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "refund.pending",
        RefundStatus::Succeeded => "refund.succeeded",
        RefundStatus::Failed => "refund.failed",
    }
}

/// How an outcome chosen by the payer changes what messages are sent.
fn hook_of(outcome: Outcome, hook: HookPlan) -> Option<HookPlan> {
    match outcome {
        Outcome::Slow => Some(HookPlan { delay_ms: 30 * SECOND_MS, ..hook }),
        Outcome::Lost => Some(HookPlan { copies: 0, ..hook }),
        Outcome::Doubled => Some(HookPlan { copies: 2, ..hook }),
        Outcome::Reordered => Some(HookPlan { reordered: true, ..hook }),
        _ => None,
    }
}

fn short_id(env: &Env, prefix: &str) -> String {
    let bytes: [u8; 10] = env.random();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    format!("{prefix}_{text}")
}
