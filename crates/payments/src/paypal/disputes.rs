//! What a payer contests of a payment: orders do not tell, so it is asked for apart.

use basis::MINUTE_MS;
use serde::Deserialize;

use super::PayPal;
use super::access::Failure;
use super::wire::{self, WireAmount, WireOrder};
use crate::facts::{DisputeFact, DisputeStatus};
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
    dispute_id: String,
    #[serde(default)]
    status: String,
    dispute_amount: WireAmount,
    dispute_outcome: Option<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    outcome_code: String,
}

impl WireDispute {
    fn fact(self) -> Result<DisputeFact, ProviderError> {
        let outcome = self.dispute_outcome.map(|outcome| outcome.outcome_code).unwrap_or_default();
        let status = match (self.status.as_str(), outcome.as_str()) {
            ("RESOLVED", "RESOLVED_BUYER_FAVOUR" | "ACCEPTED") => DisputeStatus::Lost,
            ("RESOLVED", _) => DisputeStatus::Won,
            _ => DisputeStatus::Open,
        };
        let amount = self.dispute_amount.money()?;
        Ok(DisputeFact { reference: self.dispute_id, amount, status })
    }
}

impl PayPal {
    /// An account whose app may not read disputes is told of none.
    pub(super) async fn disputes(&self, order: &WireOrder) -> Result<Vec<DisputeFact>, ProviderError> {
        let mut found = Vec::new();
        for capture in order.captures().filter(|capture| capture.is_done()) {
            if self.is_young(&capture.create_time) {
                continue;
            }
            let path = format!("/v1/customer/disputes?disputed_transaction_id={}", capture.id);
            match self.access.get(&path).await {
                Ok(answer) => {
                    let disputes: WireDisputes = wire::read(answer)?;
                    for dispute in disputes.items {
                        found.push(dispute.fact()?);
                    }
                }
                Err(Failure::NotFound | Failure::Refused(_)) => {}
                Err(failure @ Failure::Unknown(_)) => return Err(failure.into()),
            }
        }
        Ok(found)
    }

    fn is_young(&self, create_time: &str) -> bool {
        wire::moment(create_time).is_some_and(|made| self.env.now().since(made) < CONTESTED_AFTER_MS)
    }
}
