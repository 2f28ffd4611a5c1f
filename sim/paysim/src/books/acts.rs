//! What merchants, payers and time do to payments.

use basis::{Env, Money, SECOND_MS, Timestamp};
use serde_json::Value;

use super::{Books, Delivery};
use crate::faces::face;
use crate::faults::{ChargePlan, FaultPlan, HookPlan, PayPlan};
use crate::wire::{ApiError, Capture, Event, Happening, Method, Outcome, Payment, Saved, Status};

/// A payment to be opened. `default()` with what differs.
#[derive(Debug, Clone)]
pub(crate) struct NewPayment {
    /// In which protocol.
    pub(crate) face: &'static str,
    /// The face's name for it; empty: one is made.
    pub(crate) id: String,
    /// Whose account the money is in.
    pub(crate) merchant: String,
    /// The merchant's own name for it.
    pub(crate) reference: String,
    /// How much.
    pub(crate) amount: Money,
    /// Which way.
    pub(crate) method: Method,
    /// What the payer reads.
    pub(crate) description: String,
    /// The page's language.
    pub(crate) locale: String,
    /// Where the payer goes afterwards.
    pub(crate) return_url: String,
    /// Where its messages go, if the face has each payment say so.
    pub(crate) notify_url: Option<String>,
    /// When it runs out.
    pub(crate) expires_at: Timestamp,
    /// The payer agrees, and the merchant then takes the money.
    pub(crate) captured_by_merchant: bool,
    /// The payer lets the merchant keep the method.
    pub(crate) save: bool,
    /// What only the face knows.
    pub(crate) extra: Value,
}

impl Books {
    /// Opens a payment.
    pub(crate) fn create(&mut self, env: &Env, new: NewPayment) -> Payment {
        let now = env.now();
        let id = if new.id.is_empty() { made_id(env) } else { new.id };
        let payment = Payment {
            url: format!("{}/pay/{id}", self.base_url),
            id,
            face: new.face.to_owned(),
            sandbox: true,
            merchant: new.merchant,
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
            dispute: None,
            decline_code: None,
            captured_by_merchant: new.captured_by_merchant,
            save: new.save,
            saved: None,
            charged: None,
            act_url: None,
            notify_url: new.notify_url,
            due_at: None,
            approved_at: None,
            pending_capture: None,
            extra: new.extra,
        };
        self.store(now, payment.clone());
        payment
    }

    /// Charges a kept method without its payer; a payment whose bank wants to see them stays open.
    pub(crate) fn charge(&mut self, env: &Env, new: NewPayment, saved: &str) -> Result<Payment, ApiError> {
        let method = self.kept_by(saved).ok_or_else(ApiError::not_found)?.method;
        let plan = self.plan(saved).charge;
        let payment = self.create(env, NewPayment { method, ..new });
        let mut payment = Payment { charged: Some(saved.to_owned()), ..payment };
        match plan {
            ChargePlan::Succeed => Ok(self.take(env, payment)),
            ChargePlan::SoftDecline => self.end(env, payment, Status::Declined, Some("insufficient_funds")),
            ChargePlan::HardDecline => self.end(env, payment, Status::Declined, Some("stolen_card")),
            ChargePlan::PayerMustAct => {
                payment.act_url = Some(payment.url.clone());
                self.store(env.now(), payment.clone());
                self.announce(env, Happening::PayerMustAct, &payment, None);
                Ok(payment)
            }
        }
    }

    /// The merchant gives a kept method up.
    pub(crate) fn forget_saved(&mut self, env: &Env, saved: &str) -> Result<(), ApiError> {
        let mut payment = self.kept_by(saved).ok_or_else(ApiError::not_found)?.clone();
        payment.saved = payment.saved.map(|kept| Saved { forgotten: true, ..kept });
        self.store(env.now(), payment);
        Ok(())
    }

    /// What the payer does. A payer may be late, and may pay more than once; after a cancellation or a refusal
    /// nothing more can be paid.
    pub fn pay(&mut self, env: &Env, id: &str, outcome: Outcome) -> Result<Payment, ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        let rules = face(&payment.face).page();
        let over = match payment.status {
            Status::Declined | Status::Cancelled | Status::Pending => true,
            Status::Captured => !rules.twice,
            _ => !rules.late && env.now() >= payment.expires_at,
        };
        if over {
            return Err(ApiError::invalid("payment_over", "this payment can no longer be paid"));
        }
        if let Some(hook) = hook_of(outcome, self.plan(id).hook) {
            let plan = FaultPlan { hook, ..self.plan(id) };
            self.set_plan(id, plan)?;
        }
        match outcome {
            Outcome::Declined if payment.captured_by_merchant => {
                let payment = Payment { decline_code: Some("card_declined".to_owned()), ..payment };
                Ok(self.agree(env, payment))
            }
            Outcome::Declined if rules.tries_again => Ok(self.refuse_once(env, payment)),
            Outcome::Cancel if rules.tries_again => Ok(payment),
            Outcome::Declined => self.end(env, payment, Status::Declined, Some("card_declined")),
            Outcome::Cancel => self.end(env, payment, Status::Cancelled, None),
            Outcome::Twice if rules.twice => {
                let once = self.agree(env, payment);
                Ok(self.agree(env, once))
            }
            _ => Ok(self.agree(env, payment)),
        }
    }

    /// The bank refuses; the payer may try with another card.
    fn refuse_once(&mut self, env: &Env, payment: Payment) -> Payment {
        let payment = Payment { decline_code: Some("card_declined".to_owned()), ..payment };
        self.store(env.now(), payment.clone());
        self.announce(env, Happening::Declined, &payment, None);
        payment
    }

    /// The payer agrees: then the merchant takes the money, or the face does.
    fn agree(&mut self, env: &Env, mut payment: Payment) -> Payment {
        if payment.captured_by_merchant && payment.captures.is_empty() {
            payment.status = Status::Approved;
            payment.approved_at = Some(env.now());
            self.store(env.now(), payment.clone());
            self.announce(env, Happening::Approved, &payment, None);
            return payment;
        }
        self.take(env, payment)
    }

    /// Takes the money at once or, by the fault plan, later.
    fn take(&mut self, env: &Env, mut payment: Payment) -> Payment {
        let (PayPlan::Later { after_ms } | PayPlan::FailLater { after_ms }) = self.plan(&payment.id).pay
        else {
            return self.capture(env, payment);
        };
        payment.status = Status::Pending;
        payment.pending_capture = Some(short_id(env, "cap"));
        payment.due_at = Some(env.now().plus_ms(after_ms));
        self.store(env.now(), payment.clone());
        self.announce(env, Happening::Processing, &payment, None);
        payment
    }

    /// The payer goes somewhere else afterwards.
    pub(crate) fn set_return_url(&mut self, env: &Env, id: &str, url: &str) -> Result<(), ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        self.store(env.now(), Payment { return_url: url.to_owned(), ..payment });
        Ok(())
    }

    /// The merchant takes what its payer agreed to; what is taken already stays as it is. A payer whose bank refuses
    /// now can agree again.
    pub fn take_approved(&mut self, env: &Env, id: &str) -> Result<Payment, ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        match payment.status {
            Status::Approved if payment.decline_code.is_some() => {
                let again = Payment { status: Status::Open, decline_code: None, ..payment };
                self.store(env.now(), again.clone());
                Ok(again)
            }
            Status::Approved => Ok(self.take(env, payment)),
            Status::Captured | Status::Pending => self.get(env.now(), id),
            _ => Err(ApiError::invalid("not_approved", "the payer has not agreed")),
        }
    }

    /// The merchant does not want it any more. What is paid stays paid.
    pub fn cancel(&mut self, env: &Env, id: &str) -> Result<Payment, ApiError> {
        let payment = self.payments.get(id).ok_or_else(ApiError::not_found)?.clone();
        if !matches!(payment.status, Status::Open | Status::Approved) {
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
        let declined = status == Status::Declined;
        let happening = if declined { Happening::Declined } else { Happening::Cancelled };
        self.announce(env, happening, &payment, None);
        Ok(payment)
    }

    fn capture(&mut self, env: &Env, mut payment: Payment) -> Payment {
        let now = env.now();
        if self.plan(&payment.id).hook.reordered {
            self.announce(env, Happening::Processing, &payment, None);
        }
        let amount = self.plan(&payment.id).capture_amount.unwrap_or(payment.amount);
        payment.status = Status::Captured;
        payment.act_url = None;
        payment.decline_code = None;
        let id = payment.pending_capture.take().unwrap_or_else(|| short_id(env, "cap"));
        payment.captures.push(Capture { id, amount, at: now });
        if payment.save && payment.saved.is_none() {
            let label = "Test ···· 4242".to_owned();
            payment.saved = Some(Saved { id: short_id(env, "sm"), label, forgotten: false });
        }
        self.store(now, payment.clone());
        self.announce(env, Happening::Captured, &payment, None);
        payment
    }

    /// Ends what was pending and whose time has come.
    pub fn tick(&mut self, env: &Env) {
        let now = env.now();
        let due: Vec<String> =
            self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| id.clone()).collect();
        for id in due {
            self.end_payment(env, &id);
            self.end_refunds(env, &id);
        }
    }

    fn end_payment(&mut self, env: &Env, id: &str) {
        let Some(payment) = self.payments.get(id).cloned() else { return };
        let is_due = payment.due_at.is_some_and(|due| due <= env.now());
        if payment.status != Status::Pending || !is_due {
            return;
        }
        if matches!(self.plan(id).pay, PayPlan::FailLater { .. }) {
            drop(self.end(env, payment, Status::Declined, Some("payment_failed")));
        } else {
            self.capture(env, payment);
        }
    }

    pub(super) fn announce(
        &mut self,
        env: &Env,
        happening: Happening,
        payment: &Payment,
        refund: Option<&str>,
    ) {
        let hook = self.plan(&payment.id).hook;
        let now = env.now();
        let id = short_id(env, "evt");
        let event = Event {
            id: id.clone(),
            happening,
            at: now,
            refund: refund.map(str::to_owned),
            payment: self.shown(now, payment),
        };
        let late = if hook.reordered && happening == Happening::Processing { SECOND_MS } else { 0 };
        for copy in 0..hook.copies + u32::from(hook.probed) {
            let delivery = Delivery {
                id: format!("{id}:{copy}"),
                probe: copy == hook.copies,
                due_at: now.plus_ms(hook.delay_ms + late),
                attempts: 0,
                forged: hook.forged,
                event: event.clone(),
            };
            self.set_delivery(delivery);
        }
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

fn made_id(env: &Env) -> String {
    env.new_id::<basis::Payment>().to_string().replacen("pay_", "sp_", 1)
}

pub(super) fn short_id(env: &Env, prefix: &str) -> String {
    let bytes: [u8; 10] = env.random();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let text: String = digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
    format!("{prefix}_{text}")
}
