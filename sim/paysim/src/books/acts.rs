//! What merchants, payers and time do to the books.

use basis::{DAY_MS, Env, Money, SECOND_MS, Timestamp};

use super::{Books, Delivery};
use crate::wire::{
    ApiError, Capture, CreatePayment, CreateRefund, Event, FaultPlan, HookPlan, Outcome, Payment, Refund,
    RefundPlan, RefundStatus, Status,
};

/// A payment may be opened for so long at most.
const EXPIRY_MS_MAX: i64 = DAY_MS;

impl Books {
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
        return Err(ApiError::invalid(
            "amount_too_large",
            format!("{left:?} of this capture can be refunded"),
        ));
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
