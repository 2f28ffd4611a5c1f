//! The page on which a payer pays by card.

use basis::{Money, Timestamp};

use super::client::Form;
use super::wire;
use crate::amounts::STRIPE;
use crate::provider::ProviderError;

/// Whether a page keeps the method that it is paid with.
pub(super) enum Keeping<'a> {
    No,
    ForNew,
    /// It is paid by a customer whose method is kept already: another one would stay at Stripe, and nothing would rest on it.
    Already(&'a str),
}

/// A page to be opened.
pub(super) struct Page<'a> {
    pub(super) payment: String,
    pub(super) amount: Money,
    pub(super) description: &'a str,
    pub(super) locale: &'static str,
    pub(super) return_url: &'a str,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) payer: Keeping<'a>,
}

impl Page<'_> {
    /// The request that opens it.
    ///
    /// # Errors
    /// Refused if Stripe does not take the amount.
    pub(super) fn form(&self) -> Result<Form, ProviderError> {
        let amount = STRIPE.integer(self.amount)?.to_string();
        let mut form = Form::default()
            .put("mode", "payment")
            .put("client_reference_id", &self.payment)
            .put("allowed_payment_method_types[0]", "card")
            .put("locale", self.locale)
            .put("success_url", self.return_url)
            .put("cancel_url", self.return_url)
            .put("line_items[0][quantity]", "1")
            .put("line_items[0][price_data][currency]", &wire::currency(self.amount.currency))
            .put("line_items[0][price_data][unit_amount]", &amount)
            .put("line_items[0][price_data][product_data][name]", self.description)
            .put(wire::PAGE_METADATA, &self.payment)
            .put("payment_intent_data[description]", self.description)
            .put(wire::PAGE_MARK, "page");
        if let Some(expires_at) = self.expires_at {
            form = form.put("expires_at", &(expires_at.as_ms() / basis::SECOND_MS).to_string());
        }
        Ok(match self.payer {
            Keeping::No => form,
            Keeping::ForNew => form.put("customer_creation", "always").put(wire::PAGE_KEEPS, "off_session"),
            Keeping::Already(customer) => form.put("customer", customer),
        })
    }
}
