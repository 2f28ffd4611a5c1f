//! Orders: what we send, how one is found, captured, or charged to a kept wallet.

use basis::{DAY_MS, HOUR_MS, Id, Money, Payment};
use serde_json::{Value, json};

use super::access::{Failure, Refusal};
use super::wire::{self, WireOrder};
use super::{ORDER_KEYS_MS, PayPal, made_at, short};
use crate::amounts::PAYPAL;
use crate::facts::{Decline, Facts, Status};
use crate::provider::ProviderError;
use crate::requests::PaymentRef;

/// A transaction can be searched for so long after it was made (docstring of the official client's search_transactions).
pub(super) const LISTED_AFTER_MS: i64 = 3 * HOUR_MS;

/// An order that nobody paid is forgotten after so long (developer.paypal.com/docs/api/orders/v2).
const ORDER_LIVES_MS: i64 = 3 * HOUR_MS;

/// What is paid for: `custom_id` and `invoice_id` are our payment. Merchants' accounts are set from the start to refuse a
/// second payment of one invoice.
pub(super) fn unit(payment: Id<Payment>, money: Money, description: &str) -> Result<Value, ProviderError> {
    Ok(json!({
        "custom_id": payment.to_string(),
        "invoice_id": payment.to_string(),
        "description": short(description),
        "amount": wire::amount(money, PAYPAL)?,
    }))
}

/// An order to be captured.
pub(super) fn order(unit: &Value, wallet: &Value) -> Value {
    json!({ "intent": "CAPTURE", "purchase_units": [unit], "payment_source": { "paypal": wallet } })
}

/// The payer agrees that we charge the wallet again, as a plan's renewal needs it.
pub(super) fn to_be_kept(mut wallet: Value, description: &str) -> Value {
    let vault = json!({ "vault": {
        "store_in_vault": "ON_SUCCESS",
        "usage_type": "MERCHANT",
        "usage_pattern": "UNSCHEDULED_PREPAID",
        "description": short(description),
    } });
    if let Some(fields) = wallet.as_object_mut() {
        fields.insert("attributes".to_owned(), vault);
    }
    wallet
}

/// A wallet that its payer let us keep.
pub(super) fn kept_wallet(vault_id: &str) -> Value {
    json!({
        "vault_id": vault_id,
        "stored_credential": {
            "payment_initiator": "MERCHANT",
            "usage": "SUBSEQUENT",
            "usage_pattern": "UNSCHEDULED_PREPAID",
        },
    })
}

impl PayPal {
    pub(super) async fn order(&self, id: &str) -> Result<WireOrder, ProviderError> {
        wire::read(self.access.get(&format!("/v2/checkout/orders/{id}")).await?)
    }

    /// The order of a payment; `None` for one that PayPal has forgotten because nobody paid it.
    pub(super) async fn look(&self, payment: &PaymentRef) -> Result<Option<WireOrder>, ProviderError> {
        let Some(id) = &payment.provider_ref else {
            return self.find(payment.payment).await?.ok_or(ProviderError::NotFound).map(Some);
        };
        match self.order(id).await {
            Err(ProviderError::NotFound) if self.age_ms(payment.payment) >= ORDER_LIVES_MS => Ok(None),
            order => order.map(Some),
        }
    }

    /// The order of a payment whose name at PayPal we never heard. PayPal has no way to ask by ours; what it was paid is
    /// found by transaction search, once that shows it.
    pub(super) async fn find(&self, payment: Id<Payment>) -> Result<Option<WireOrder>, ProviderError> {
        let made = made_at(payment);
        if self.age_ms(payment) < LISTED_AFTER_MS {
            return Ok(None);
        }
        let rows = self.transactions(made.plus_ms(-HOUR_MS), made.plus_ms(DAY_MS)).await?.rows;
        let of_payment = rows.iter().find(|row| row.is_payment() && row.reference() == payment.to_string());
        match of_payment {
            Some(row) => self.order(&self.order_of(row).await?).await.map(Some),
            None => Ok(None),
        }
    }

    /// Captures an order whose payer agreed. It cannot be captured twice; the key tells a repeat from what the payer
    /// agreed to anew after a refusal. Who is refused can choose another instrument on the same page.
    pub(super) async fn capture(
        &self,
        payment: Id<Payment>,
        approved: &WireOrder,
    ) -> Result<Facts, ProviderError> {
        let key = format!("{payment}:{}", approved.update_time);
        let path = format!("/v2/checkout/orders/{}/capture", approved.id);
        match self.access.post(&path, &key, &json!({})).await {
            Ok(answer) => match wire::read::<WireOrder>(answer) {
                Ok(order) if order.reference() == payment.to_string() => self.facts(&order),
                // The money moved; what does not tell it as we know it is read anew.
                _ => self.facts(&self.order(&approved.id).await?),
            },
            Err(Failure::Refused(refusal)) if refusal.issue == "ORDER_ALREADY_CAPTURED" => {
                self.facts(&self.order(&approved.id).await?)
            }
            Err(Failure::Refused(refusal)) => {
                Ok(Facts { failure: Some(refusal.issue), ..self.facts(approved)? })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// A charge that was taken, or that waits for its payer.
    pub(super) fn charged(&self, order: &WireOrder) -> Result<Facts, ProviderError> {
        let facts = self.facts(order)?;
        let waits = order.status == "PAYER_ACTION_REQUIRED" && facts.status == Status::Open;
        let page = order.link(&["payer-action"]).filter(|_| waits).map(str::to_owned);
        Ok(match page {
            Some(page) => Facts { status: Status::PayerMustAct(page), ..facts },
            None => facts,
        })
    }
}

/// A charge that was refused: by the payer's bank or wallet, or by PayPal itself.
pub(super) fn declined(payment: Id<Payment>, refusal: Refusal) -> Result<Facts, ProviderError> {
    let status = match (refusal.issue.as_str(), &refusal.link) {
        ("PAYER_ACTION_REQUIRED", Some(page)) => Status::PayerMustAct(page.clone()),
        ("INSTRUMENT_DECLINED" | "TRANSACTION_LIMIT_EXCEEDED", _) => Status::Declined(Decline::Soft),
        (
            "PAYER_CANNOT_PAY"
            | "PAYER_ACCOUNT_RESTRICTED"
            | "PAYER_ACCOUNT_LOCKED_OR_CLOSED"
            | "TRANSACTION_REFUSED"
            | "PAYER_ACTION_REQUIRED"
            | "TOKEN_ID_NOT_FOUND"
            | "TOKEN_EXPIRED"
            | "CARD_EXPIRED",
            _,
        ) => Status::Declined(Decline::Hard),
        _ => return Err(Failure::Refused(refusal).into()),
    };
    Ok(Facts { status, failure: Some(refusal.issue), ..Facts::absent(payment) })
}

/// A charge of this age that PayPal shows nothing of and has forgotten the request of: nobody can say whether it was refused,
/// so it is not made again. What was taken shows first.
pub(super) fn unheard(age_ms: i64) -> ProviderError {
    if age_ms < ORDER_KEYS_MS + LISTED_AFTER_MS {
        return ProviderError::Unknown("what was charged may not be listed yet".to_owned());
    }
    let message = "no trace of an earlier try".to_owned();
    ProviderError::Refused { code: "unheard".to_owned(), message }
}

/// An order that PayPal has forgotten: nobody can pay it any more, and another one would have another name.
pub(super) fn forgotten(payment: &PaymentRef) -> Facts {
    let provider_ref = payment.provider_ref.clone();
    Facts { provider_ref, status: Status::Expired, ..Facts::absent(payment.payment) }
}

/// What an order is that we do not want any more.
pub(super) fn not_wanted(facts: Facts) -> Facts {
    let status = if facts.status == Status::Open { Status::Cancelled } else { facts.status };
    Facts { status, ..facts }
}
