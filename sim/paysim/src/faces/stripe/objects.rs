//! What stands in the books, as Stripe shows it. One payment is a session and its payment intent, or an intent alone; their
//! names differ in the front only: `cs_test_x`, `pi_x`, `ch_x`.

use basis::{Currency, Money, SECOND_MS, Timestamp};
use serde_json::{Value, json};

use crate::keys::Keys;
use crate::wire::{Method, Payment, Refund, RefundStatus, Status};

/// How objects are shown to this merchant.
pub(super) struct View {
    pub(super) live: bool,
    account: String,
}

/// The part of a name that session, intent, charge and the like share.
pub(super) fn tail(id: &str) -> &str {
    id.rsplit('_').next().unwrap_or(id)
}

pub(super) fn is_session(payment: &Payment) -> bool {
    payment.id.starts_with("cs_")
}

pub(super) fn seconds(at: Timestamp) -> i64 {
    at.as_ms() / SECOND_MS
}

/// `usd`.
pub(super) fn code(currency: Currency) -> String {
    currency.code().to_ascii_lowercase()
}

/// Currencies whose smallest unit at Stripe is not that of ISO 4217.
fn decimals(currency: Currency) -> u32 {
    match currency.code() {
        "ISK" | "UGX" => 2,
        "MGA" => 0,
        _ => currency.exponent(),
    }
}

/// The amount in Stripe's smallest unit.
pub(super) fn units(amount: Money) -> i64 {
    let (ours, theirs) = (amount.currency.exponent(), decimals(amount.currency));
    let factor = 10_i64.pow(ours.abs_diff(theirs));
    if theirs >= ours { amount.minor.saturating_mul(factor) } else { amount.minor / factor }
}

/// An amount in Stripe's smallest unit.
pub(super) fn money(units: i64, currency: Currency) -> Option<Money> {
    let (ours, theirs) = (currency.exponent(), decimals(currency));
    let factor = 10_i64.pow(ours.abs_diff(theirs));
    let whole = theirs <= ours || units % factor == 0;
    let minor = if theirs <= ours { units.checked_mul(factor)? } else { units / factor };
    whole.then(|| Money::new(minor, currency))
}

/// Whether the payer has tried: before that a session has no payment intent.
pub(super) fn has_intent(payment: &Payment) -> bool {
    let untouched = matches!(payment.status, Status::Open | Status::Cancelled | Status::Expired)
        && payment.decline_code.is_none();
    !is_session(payment) || !untouched
}

fn method_word(payment: &Payment) -> &'static str {
    match payment.method {
        Method::Card => "card",
        Method::PayPal => "paypal",
        Method::Alipay => "alipay",
        Method::WeChatPay => "wechat_pay",
    }
}

fn extra<'a>(payment: &'a Payment, name: &str) -> &'a Value {
    payment.extra.get(name).unwrap_or(&Value::Null)
}

impl View {
    pub(super) fn of(keys: &Keys) -> Self {
        let live = ["sk_live_", "rk_live_"].iter().any(|start| keys.api_key.starts_with(start));
        Self { live, account: keys.merchant.clone() }
    }

    pub(super) fn session(&self, payment: &Payment) -> Value {
        let (status, paid) = match payment.status {
            Status::Open | Status::Approved => ("open", "unpaid"),
            Status::Captured => ("complete", "paid"),
            Status::Pending | Status::Declined => ("complete", "unpaid"),
            Status::Cancelled | Status::Expired => ("expired", "unpaid"),
        };
        let amount = units(payment.amount);
        json!({
            "id": payment.id, "object": "checkout.session", "mode": "payment", "ui_mode": "hosted_page",
            "status": status, "payment_status": paid,
            "url": (status == "open").then_some(&payment.url),
            "amount_subtotal": amount, "amount_total": amount, "currency": code(payment.amount.currency),
            "client_reference_id": extra(payment, "client_reference_id"),
            "customer": customer(payment), "customer_creation": extra(payment, "customer_creation"),
            "payment_intent": has_intent(payment).then(|| format!("pi_{}", tail(&payment.id))),
            "setup_intent": null, "subscription": null, "invoice": null,
            "payment_method_types": [method_word(payment)],
            "metadata": metadata(payment, "metadata"),
            "created": seconds(payment.created_at), "expires_at": seconds(payment.expires_at),
            "success_url": payment.return_url, "cancel_url": extra(payment, "cancel_url"),
            "locale": extra(payment, "locale"), "livemode": self.live,
            "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
            "automatic_tax": { "enabled": false, "status": null }, "custom_fields": [], "custom_text": {},
            "shipping_options": [],
        })
    }

    pub(super) fn intent(&self, payment: &Payment) -> Value {
        let name = tail(&payment.id);
        let failed = Self::last_error(payment);
        let method = extra(payment, "payment_method");
        let status = match payment.status {
            Status::Captured => "succeeded",
            Status::Pending => "processing",
            Status::Cancelled | Status::Expired => "canceled",
            _ if failed.is_null() && !method.is_null() => "requires_confirmation",
            _ => "requires_payment_method",
        };
        let received: i64 = payment.captures.iter().map(|capture| units(capture.amount)).sum();
        let other = (payment.merchant != self.account).then_some(&payment.merchant);
        json!({
            "id": format!("pi_{name}"), "object": "payment_intent", "status": status,
            "amount": units(payment.amount), "amount_capturable": 0, "amount_received": received,
            "amount_details": { "tip": {} },
            "currency": code(payment.amount.currency), "client_secret": format!("pi_{name}_secret_test"),
            "capture_method": "automatic_async", "confirmation_method": "automatic",
            "created": seconds(payment.created_at),
            "canceled_at": (status == "canceled").then(|| seconds(payment.created_at)),
            "cancellation_reason": null, "customer": customer(payment), "description": payment.description,
            "last_payment_error": failed,
            "latest_charge": tried(payment).then(|| format!("ch_{name}")),
            "livemode": self.live,
            "metadata": metadata(payment, if is_session(payment) { "intent_metadata" } else { "metadata" }),
            "next_action": null, "on_behalf_of": other, "transfer_data": null,
            "payment_method": method_id(payment), "payment_method_types": [method_word(payment)],
            "setup_future_usage": payment.save.then_some("off_session"),
        })
    }

    /// Why the last try failed, in Stripe's words; null if none did.
    fn last_error(payment: &Payment) -> Value {
        let wants_payer = payment.act_url.is_some().then_some("authentication_required");
        let Some(decline) = wants_payer.or(payment.decline_code.as_deref()) else { return Value::Null };
        if !payment.captures.is_empty() {
            return Value::Null;
        }
        let (code, advice) = match decline {
            "authentication_required" => (decline, None),
            "card_declined" | "insufficient_funds" => ("card_declined", Some("try_again_later")),
            _ => ("card_declined", Some("do_not_try_again")),
        };
        let decline = if decline == "card_declined" { "generic_decline" } else { decline };
        json!({
            "type": "card_error", "code": code, "decline_code": decline, "advice_code": advice,
            "charge": format!("ch_{}", tail(&payment.id)), "message": "Your card was declined.",
            "doc_url": format!("https://docs.stripe.com/error-codes#{code}"),
            "payment_method": { "id": method_id(payment), "object": "payment_method", "type": "card" },
        })
    }

    pub(super) fn charge(&self, payment: &Payment) -> Value {
        let name = tail(&payment.id);
        let first = payment.captures.first();
        let amount = first.map_or(payment.amount, |capture| capture.amount);
        let refunded: i64 = returned(payment).map(|refund| units(refund.amount)).sum();
        let waits = payment.status == Status::Pending;
        let status = first.map_or(if waits { "pending" } else { "failed" }, |_| "succeeded");
        json!({
            "id": format!("ch_{name}"), "object": "charge", "status": status,
            "amount": units(amount), "amount_captured": first.map_or(0, |_| units(amount)), "amount_refunded": refunded,
            "currency": code(amount.currency), "captured": first.is_some(), "paid": first.is_some(),
            "balance_transaction": first.map(|_| format!("txn_{name}")),
            "billing_details": { "address": null, "email": null, "name": null, "phone": null },
            "created": first.map_or(seconds(payment.created_at), |capture| seconds(capture.at)),
            "customer": customer(payment), "description": payment.description,
            "disputed": payment.dispute.is_some(),
            "failure_code": payment.decline_code, "failure_message": null, "livemode": self.live,
            "metadata": metadata(payment, if is_session(payment) { "intent_metadata" } else { "metadata" }),
            "payment_intent": format!("pi_{name}"), "payment_method": method_id(payment),
            "payment_method_details": {
                "type": method_word(payment),
                "card": { "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "funding": "credit" },
            },
            "refunded": first.is_some() && refunded == units(amount),
        })
    }

    pub(super) fn refund(payment: &Payment, refund: &Refund) -> Value {
        let (name, id) = (tail(&payment.id), format!("re_{}", tail(&refund.id)));
        let status = match refund.status {
            RefundStatus::Pending => "pending",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
        };
        let place = payment.refunds.iter().position(|known| known.id == refund.id).unwrap_or_default();
        let metadata = metadata(payment, &refund_metadata(place));
        json!({
            "id": id, "object": "refund", "status": status, "amount": units(refund.amount),
            "currency": code(refund.amount.currency), "charge": format!("ch_{name}"),
            "payment_intent": format!("pi_{name}"), "created": seconds(refund.at), "metadata": metadata,
            "reason": "requested_by_customer", "failure_reason": refund.failure,
            "balance_transaction": format!("txn_{}", tail(&refund.id)), "receipt_number": null,
            "source_transfer_reversal": null, "transfer_reversal": null,
        })
    }

    /// The payment's dispute, if it was contested.
    pub(super) fn dispute(&self, payment: &Payment) -> Option<Value> {
        let dispute = payment.dispute.as_ref()?;
        let name = tail(&payment.id);
        let status = match dispute.won {
            None => "needs_response",
            Some(true) => "won",
            Some(false) => "lost",
        };
        let amount = dispute.amount;
        Some(json!({
            "id": dispute.id, "object": "dispute", "status": status, "amount": units(amount),
            "currency": code(amount.currency), "charge": format!("ch_{name}"),
            "payment_intent": format!("pi_{name}"), "reason": "fraudulent", "created": seconds(dispute.at),
            "balance_transactions": [], "evidence": {}, "is_charge_refundable": false, "livemode": self.live,
            "evidence_details": {
                "due_by": seconds(dispute.at) + 7 * 86_400, "has_evidence": false, "past_due": false,
                "submission_count": 0,
            },
            "metadata": {},
        }))
    }

    /// The card that a payment was made with, if it was kept; detached since, it has no customer.
    pub(super) fn kept_method(&self, payment: &Payment) -> Option<Value> {
        let attached = !payment.saved.as_ref()?.forgotten;
        let customer = if attached { customer(payment) } else { Value::Null };
        Some(card(&method_id(payment)?, &customer, payment.created_at, self.live))
    }
}

/// A payment method.
pub(super) fn card(id: &str, customer: &Value, at: Timestamp, live: bool) -> Value {
    json!({
        "id": id, "object": "payment_method", "type": "card", "customer": customer, "created": seconds(at),
        "billing_details": { "address": null, "email": null, "name": null, "phone": null },
        "card": { "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "funding": "credit", "country": "US" },
        "livemode": live, "metadata": {},
    })
}

/// Refunds that take from the charge.
fn returned(payment: &Payment) -> impl Iterator<Item = &Refund> {
    payment.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed)
}

/// Whether the bank was asked, so that there is a charge.
pub(super) fn tried(payment: &Payment) -> bool {
    !payment.captures.is_empty() || payment.decline_code.is_some() || payment.status == Status::Pending
}

/// Under this name the metadata of the payment's refund at this place are kept.
pub(super) fn refund_metadata(place: usize) -> String {
    format!("refund_metadata_{place}")
}

fn metadata(payment: &Payment, name: &str) -> Value {
    let kept = extra(payment, name);
    if kept.is_null() { json!({}) } else { kept.clone() }
}

/// The one that was named, or the one that was made when the method was kept.
fn customer(payment: &Payment) -> Value {
    let named = extra(payment, "customer");
    if named.is_null()
        && let Some(saved) = &payment.saved
    {
        return Value::String(format!("cus_{}", tail(&saved.id)));
    }
    named.clone()
}

fn method_id(payment: &Payment) -> Option<String> {
    if let Some(named) = extra(payment, "payment_method").as_str() {
        return Some(named.to_owned());
    }
    let kept = payment.saved.as_ref().map(|saved| tail(&saved.id));
    kept.or_else(|| tried(payment).then(|| tail(&payment.id))).map(|name| format!("pm_{name}"))
}
