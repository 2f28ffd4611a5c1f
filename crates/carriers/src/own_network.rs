//! Our own network: the charging engine's log is the delivery.

use async_trait::async_trait;
use charging::{Charging, Credit, CreditAnswer, VoidAnswer};

use crate::{Carrier, Delivered, Delivery, Fate, Outcome, Voiding};

/// Delivers by appending `credit(order)` to the pool's log.
#[derive(Clone)]
pub struct OwnNetwork {
    charging: Charging,
}

impl OwnNetwork {
    /// The network that this engine charges.
    pub fn new(charging: &Charging) -> Self {
        Self { charging: charging.clone() }
    }
}

#[async_trait]
impl Carrier for OwnNetwork {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let Delivery { order, line, pool, ref terms } = *delivery;
        match self.charging.credit(Credit { pool, order, line, terms: terms.clone() }).await {
            Ok(CreditAnswer::Credited { activated_at, ends_at }) => {
                Outcome::Delivered(Delivered { starts_at: activated_at, ends_at })
            }
            Ok(CreditAnswer::AlreadyCredited) => Outcome::Delivered(Delivered::default()),
            Ok(CreditAnswer::Voided) => Outcome::Refused { reason: "voided".to_owned() },
            // The append may or may not have become durable.
            Err(problem) => Outcome::Unknown { cause: problem.to_string() },
        }
    }

    async fn look_up(&self, delivery: &Delivery) -> Fate {
        match self.charging.fate(delivery.pool, delivery.order).await {
            Ok(charging::Fate::Credited) => Fate::Delivered(Delivered::default()),
            Ok(charging::Fate::Voided) => Fate::Voided,
            Ok(charging::Fate::Unknown) => Fate::NotDelivered,
            Err(problem) => Fate::Unknown { cause: problem.to_string() },
        }
    }

    async fn void(&self, delivery: &Delivery) -> Voiding {
        match self.charging.void(delivery.pool, delivery.order).await {
            Ok(VoidAnswer::Voided) => Voiding::Voided,
            Ok(VoidAnswer::Credited) => Voiding::Delivered(Delivered::default()),
            Err(problem) => Voiding::Unknown { cause: problem.to_string() },
        }
    }
}
