//! Our own network behind a line that can be cut.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use carriers::{Carrier, Delivery, Fate, Outcome, OwnNetwork, Voiding};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Says no, and does nothing.
    Refuses,
    /// Delivers, but nobody hears it, and nobody can ask.
    Deaf,
    /// Delivers, but nobody hears it; asking works.
    LosesAnswers,
    /// Does nothing, says nothing.
    Silent,
    /// Refuses, and takes nothing back.
    CannotVoid,
}

/// A carrier whose faults a test sets.
#[derive(Clone)]
pub(crate) struct Wire {
    network: OwnNetwork,
    fault: Arc<Mutex<Fault>>,
}

impl Wire {
    pub(crate) fn to(network: OwnNetwork) -> Self {
        Self { network, fault: Arc::new(Mutex::new(Fault::None)) }
    }

    pub(crate) fn breaks(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn fault(&self) -> Fault {
        *self.fault.lock().unwrap()
    }
}

#[async_trait]
impl Carrier for Wire {
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let lost = || Outcome::Unknown { cause: "no answer".to_owned() };
        match self.fault() {
            Fault::None => self.network.deliver(delivery).await,
            Fault::Refuses | Fault::CannotVoid => Outcome::Refused { reason: "not now".to_owned() },
            Fault::Silent => lost(),
            Fault::Deaf | Fault::LosesAnswers => {
                self.network.deliver(delivery).await;
                lost()
            }
        }
    }

    async fn look_up(&self, delivery: &Delivery) -> Fate {
        match self.fault() {
            Fault::Silent | Fault::Deaf => Fate::Unknown { cause: "no answer".to_owned() },
            _ => self.network.look_up(delivery).await,
        }
    }

    async fn void(&self, delivery: &Delivery) -> Voiding {
        match self.fault() {
            Fault::Silent | Fault::Deaf => Voiding::Unknown { cause: "no answer".to_owned() },
            Fault::CannotVoid => Voiding::Impossible,
            _ => self.network.void(delivery).await,
        }
    }
}
