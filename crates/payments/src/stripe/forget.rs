//! Letting go of a kept card.

use super::Stripe;
use super::client::{Answer, Form};
use crate::provider::ProviderError;

impl Stripe {
    /// Takes a card off its customer: nobody can charge it then (docs.stripe.com/api/payment_methods/detach). What was taken off
    /// before is refused, so a refusal is looked into.
    pub(super) async fn detach(&self, method: &str) -> Result<(), ProviderError> {
        let path = format!("/v1/payment_methods/{method}");
        let key = format!("{method}:detach");
        match self
            .client
            .post(&format!("{path}/detach"), &key, &Form::default())
            .await
            .and_then(Answer::whole)
        {
            Err(refused @ ProviderError::Refused { .. }) => {
                let customer = self.client.get(&path, &[]).await?.get("customer").cloned();
                if customer.is_none_or(|customer| customer.is_null()) { Ok(()) } else { Err(refused) }
            }
            sent => sent.map(drop),
        }
    }
}
