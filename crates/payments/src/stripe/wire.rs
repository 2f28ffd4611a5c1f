//! Stripe's objects, as far as we read them; whatever else they hold is let be.

use basis::{Currency, Language};
use serde::Deserialize;

use super::client::Account;
use crate::amounts::STRIPE;
use crate::facts::{
    CaptureFact, Decline, DisputeFact, DisputeStatus, Facts, RefundFact, RefundStatus, SavedFact, Status,
};
use crate::provider::ProviderError;

/// Under this name our reference stands in everything that we make.
pub(super) const REFERENCE: &str = "reference";
pub(super) const METADATA: &str = "metadata[reference]";
pub(super) const PAGE_METADATA: &str = "payment_intent_data[metadata][reference]";
/// What a page makes is marked: it is looked at through its page.
pub(super) const PAGE_MARK: &str = "payment_intent_data[metadata][opened_by]";
pub(super) const PAGE_KEEPS: &str = "payment_intent_data[setup_future_usage]";
/// A refund's reference is its own; this names its payment.
pub(super) const PAYMENT_METADATA: &str = "metadata[payment]";

#[derive(Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
}

/// What Stripe shows by its name, or whole if it was asked to.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Named<T> {
    Name(String),
    Whole(Box<T>),
}

impl<T> Named<T> {
    pub(super) fn whole(&self) -> Option<&T> {
        match self {
            Self::Name(_) => None,
            Self::Whole(whole) => Some(whole),
        }
    }
}

#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    reference: String,
    #[serde(default)]
    opened_by: String,
}

impl Metadata {
    pub(super) fn reference(&self) -> &str {
        &self.reference
    }
}

#[derive(Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) url: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    payment_status: String,
    client_reference_id: Option<String>,
    livemode: bool,
    #[serde(default)]
    pub(super) payment_intent: Option<Named<Intent>>,
}

#[derive(Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    #[serde(default)]
    metadata: Metadata,
    livemode: bool,
    #[serde(default)]
    amount_received: i64,
    #[serde(default)]
    last_payment_error: Option<Error>,
    #[serde(default)]
    latest_charge: Option<Named<Charge>>,
    #[serde(default)]
    customer: Option<Named<Thing>>,
    #[serde(default)]
    payment_method: Option<Named<Thing>>,
    #[serde(default)]
    setup_future_usage: Option<String>,
    #[serde(default)]
    on_behalf_of: Option<Named<Thing>>,
}

/// Something of which only the name matters.
#[derive(Deserialize)]
pub(super) struct Thing {
    id: String,
}

impl Named<Thing> {
    fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Whole(thing) => &thing.id,
        }
    }
}

#[derive(Deserialize)]
struct Error {
    code: Option<String>,
    decline_code: Option<String>,
    advice_code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Charge {
    pub(super) id: String,
    currency: String,
    #[serde(default)]
    paid: bool,
    #[serde(default)]
    amount_captured: i64,
    #[serde(default)]
    pub(super) disputed: bool,
    #[serde(default)]
    refunds: Option<List<Refund>>,
    #[serde(default)]
    payment_method_details: Option<MethodDetails>,
}

#[derive(Deserialize)]
struct MethodDetails {
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    brand: Option<String>,
    last4: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Refund {
    id: String,
    amount: i64,
    currency: String,
    status: Option<String>,
    #[serde(default)]
    pub(super) metadata: Metadata,
    #[serde(default)]
    failure_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Dispute {
    id: String,
    amount: i64,
    currency: String,
    status: String,
}

impl Dispute {
    pub(super) fn fact(self) -> Result<DisputeFact, ProviderError> {
        let status = match self.status.as_str() {
            "won" | "warning_closed" | "prevented" => DisputeStatus::Won,
            "lost" => DisputeStatus::Lost,
            // A bank that asks, or a word that is new: until somebody decides, the money may go.
            _ => DisputeStatus::Open,
        };
        let amount = STRIPE.read_integer(self.amount, currency_of(&self.currency)?)?;
        Ok(DisputeFact { reference: self.id, amount, status })
    }
}

/// Whom an answer must be about to be about us.
#[derive(Clone, Copy)]
pub(super) struct Ours<'a> {
    pub(super) live: bool,
    pub(super) account: Account<'a>,
}

impl Ours<'_> {
    /// The same mode, the account that was named, and no other account that the money is for.
    fn is(self, livemode: bool, intent: Option<&Intent>) -> bool {
        let behalf = intent.and_then(|intent| intent.on_behalf_of.as_ref());
        let for_us = behalf.is_none_or(|account| account.name() == self.account.id);
        self.account.fits && livemode == self.live && for_us
    }
}

impl Session {
    pub(super) fn facts(self, ours: Ours<'_>, disputes: Vec<DisputeFact>) -> Result<Facts, ProviderError> {
        let intent = self.payment_intent.as_ref().and_then(Named::whole);
        let status = match (self.status.as_deref(), self.payment_status.as_str()) {
            (_, "paid") => Status::Captured,
            (Some("expired"), _) => Status::Expired,
            (Some("complete"), _) => intent.map_or(Status::Open, Intent::status),
            // A card that is refused on the page may be followed by another.
            _ => Status::Open,
        };
        if status == Status::Captured && intent.is_none_or(|intent| intent.amount_received == 0) {
            return Err(ProviderError::Unknown(format!("{} is paid by nothing", self.id)));
        }
        Ok(Facts {
            provider_ref: Some(self.id),
            reference: self.client_reference_id.unwrap_or_default(),
            merchant_is_ours: ours.is(self.livemode, intent),
            status,
            captures: intent.map_or(Ok(Vec::new()), Intent::captures)?,
            refunds: intent.map_or(Ok(Vec::new()), Intent::refunds)?,
            disputes,
            saved: intent.and_then(Intent::saved),
            failure: intent.and_then(Intent::failure),
        })
    }
}

impl Intent {
    pub(super) fn facts(self, ours: Ours<'_>, disputes: Vec<DisputeFact>) -> Result<Facts, ProviderError> {
        Ok(Facts {
            merchant_is_ours: ours.is(self.livemode, Some(&self)),
            status: self.status(),
            captures: self.captures()?,
            refunds: self.refunds()?,
            disputes,
            saved: None,
            failure: self.failure(),
            provider_ref: Some(self.id),
            reference: self.metadata.reference,
        })
    }

    pub(super) fn reference(&self) -> &str {
        self.metadata.reference()
    }

    pub(super) fn charge(&self) -> Option<&Charge> {
        self.latest_charge.as_ref().and_then(Named::whole)
    }

    /// Made by a page, not by a charge of ours.
    pub(super) fn is_of_page(&self) -> bool {
        self.metadata.opened_by == "page"
    }

    /// Of several for one payment the one to look at: with money, else the page's, else any.
    pub(super) fn weight(&self) -> (bool, bool) {
        (self.amount_received > 0, self.is_of_page())
    }

    /// The bank wants to see the payer.
    pub(super) fn wants_payer(&self) -> bool {
        let told = self.last_payment_error.as_ref().and_then(|error| error.code.as_deref());
        self.amount_received == 0
            && (told == Some("authentication_required") || self.status == "requires_action")
    }

    fn status(&self) -> Status {
        match (self.status.as_str(), &self.last_payment_error) {
            ("succeeded", _) => Status::Captured,
            ("canceled", _) => Status::Cancelled,
            ("requires_payment_method", Some(error)) => Status::Declined(error.decline()),
            _ => Status::Open,
        }
    }

    fn captures(&self) -> Result<Vec<CaptureFact>, ProviderError> {
        if self.amount_received == 0 {
            return Ok(Vec::new());
        }
        let charge = self.charge().filter(|charge| charge.paid && charge.amount_captured > 0);
        let charge = charge.ok_or_else(|| ProviderError::Unknown(format!("{} shows no charge", self.id)))?;
        let amount = STRIPE.read_integer(charge.amount_captured, currency_of(&charge.currency)?)?;
        Ok(vec![CaptureFact { capture_ref: charge.id.clone(), amount }])
    }

    fn refunds(&self) -> Result<Vec<RefundFact>, ProviderError> {
        let refunds = self.charge().and_then(|charge| charge.refunds.as_ref());
        refunds.into_iter().flat_map(|list| &list.data).map(Refund::fact).collect()
    }

    fn saved(&self) -> Option<SavedFact> {
        if self.amount_received == 0 || self.setup_future_usage.as_deref() != Some("off_session") {
            return None;
        }
        let (customer, method) = (self.customer.as_ref()?.name(), self.payment_method.as_ref()?.name());
        let card = self.charge().and_then(|charge| charge.payment_method_details.as_ref()?.card.as_ref());
        let label = card.map_or_else(|| "Stripe".to_owned(), Card::label);
        Some(SavedFact { reference: format!("{customer}/{method}"), label })
    }

    fn failure(&self) -> Option<String> {
        let error = self.last_payment_error.as_ref()?;
        error.decline_code.clone().or_else(|| error.code.clone())
    }
}

impl Card {
    fn label(&self) -> String {
        let brand = self.brand.as_deref().unwrap_or("card");
        let mut letters = brand.chars();
        let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
        format!("{first}{} ···· {}", letters.as_str(), self.last4.as_deref().unwrap_or("····"))
    }
}

impl Error {
    /// The network's own advice, else by the code; what is not known to pass later is not tried again, because card
    /// schemes fine those who do (docs.stripe.com/declines/codes).
    fn decline(&self) -> Decline {
        match self.advice_code.as_deref() {
            Some("try_again_later") => return Decline::Soft,
            Some("do_not_try_again") => return Decline::Hard,
            _ => {}
        }
        match self.decline_code.as_deref().or(self.code.as_deref()) {
            Some(
                "approve_with_id"
                | "call_issuer"
                | "card_declined"
                | "card_velocity_exceeded"
                | "do_not_honor"
                | "duplicate_transaction"
                | "generic_decline"
                | "insufficient_funds"
                | "issuer_not_available"
                | "no_action_taken"
                | "processing_error"
                | "reenter_transaction"
                | "try_again_later"
                | "withdrawal_count_limit_exceeded",
            ) => Decline::Soft,
            _ => Decline::Hard,
        }
    }
}

impl Refund {
    pub(super) fn fact(&self) -> Result<RefundFact, ProviderError> {
        let status = match self.status.as_deref() {
            Some("succeeded") => RefundStatus::Succeeded,
            Some("failed" | "canceled") => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        };
        Ok(RefundFact {
            provider_ref: self.id.clone(),
            reference: self.metadata.reference.clone(),
            amount: STRIPE.read_integer(self.amount, currency_of(&self.currency)?)?,
            status,
            failure: self.failure_reason.clone(),
        })
    }
}

/// A charge that the bank wants to see its payer for, and that we fell before answering to: it waits for the charge to be
/// asked for again, which opens its page under the page's own name.
pub(super) fn awaits_its_charge(facts: Facts) -> Facts {
    if facts.failure.as_deref() != Some("authentication_required") {
        return facts;
    }
    Facts { provider_ref: None, status: Status::Open, ..facts }
}

/// `cny`.
pub(super) fn currency(currency: Currency) -> String {
    currency.code().to_ascii_lowercase()
}

pub(super) fn currency_of(code: &str) -> Result<Currency, ProviderError> {
    code.to_ascii_uppercase().parse().map_err(|_| ProviderError::Unknown(format!("money in {code:?}")))
}

/// Stripe's word for a page's language.
pub(super) const fn locale(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "zh",
        Language::En => "en",
    }
}
