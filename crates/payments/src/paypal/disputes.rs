//! Whether a payer contests a payment: orders do not tell, so it is asked for apart.

use basis::MINUTE_MS;
use serde::Deserialize;

use super::PayPal;
use super::access::Failure;
use super::wire::{self, WireOrder};
use crate::provider::ProviderError;

/// Nobody contests a payment that is younger: the look that follows its own message is spared the question.
const CONTESTED_AFTER_MS: i64 = 10 * MINUTE_MS;

#[derive(Deserialize)]
struct WireDisputes {
    #[serde(default)]
    items: Vec<WireDispute>,
}

#[derive(Deserialize)]
struct WireDispute {
    #[serde(default)]
    status: String,
}

impl PayPal {
    /// An account whose app may not read disputes is told of none.
    pub(super) async fn is_disputed(&self, order: &WireOrder) -> Result<bool, ProviderError> {
        for capture in order.captures().filter(|capture| capture.is_done()) {
            if self.is_young(&capture.create_time) {
                continue;
            }
            let path = format!("/v1/customer/disputes?disputed_transaction_id={}", capture.id);
            match self.access.get(&path).await {
                Ok(answer) => {
                    let disputes: WireDisputes = wire::read(answer)?;
                    if disputes.items.iter().any(|dispute| dispute.status != "RESOLVED") {
                        return Ok(true);
                    }
                }
                Err(Failure::NotFound | Failure::Refused(_)) => {}
                Err(failure @ Failure::Unknown(_)) => return Err(failure.into()),
            }
        }
        Ok(false)
    }

    fn is_young(&self, create_time: &str) -> bool {
        wire::moment(create_time).is_some_and(|made| self.env.now().since(made) < CONTESTED_AFTER_MS)
    }
}
