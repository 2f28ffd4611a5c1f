//! Who delivers data: our own network, or (later) a wholesale connector.
//!
//! A carrier answers three questions about one order, each as often as it is asked and always in the same way:
//! deliver it, what became of it, make sure that it never is delivered. What it cannot say, it calls unknown;
//! it never guesses.

mod own_network;

pub use own_network::OwnNetwork;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use basis::{Id, Line, Order, Pool, Terms, Timestamp};

/// What is to be delivered. Fixed when the order begins to be delivered; the same on every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The order, and the idempotency key.
    pub order: Id<Order>,
    /// The line that it was bought for; `None`: for everyone in the pool.
    pub line: Option<Id<Line>>,
    /// The pool that it goes to.
    pub pool: Id<Pool>,
    /// What was promised.
    pub terms: Terms,
}

/// When a delivered bundle is valid, as far as the carrier knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// When its validity began; `None` while it waits for its first use, or if the carrier does not say.
    pub starts_at: Option<Timestamp>,
    /// When it ends; `None` likewise.
    pub ends_at: Option<Timestamp>,
}

/// How an attempt to deliver ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is delivered, by this call or an earlier one.
    Delivered(Delivered),
    /// Certainly not delivered by this call; another may succeed.
    Refused {
        /// For the log and the operator.
        reason: String,
    },
    /// Nobody knows: look it up before anything else.
    Unknown {
        /// For the log and the operator.
        cause: String,
    },
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is delivered.
    Delivered(Delivered),
    /// It is not, and no call is under way that could still deliver it: delivering may be tried.
    NotDelivered,
    /// It never will be.
    Voided,
    /// The carrier cannot say now.
    Unknown {
        /// For the log and the operator.
        cause: String,
    },
}

/// How an attempt to void ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voiding {
    /// Confirmed: it is not delivered and never will be. Only now may money go back.
    Voided,
    /// Too late: it was delivered.
    Delivered(Delivered),
    /// This carrier takes nothing back.
    Impossible,
    /// Nobody knows.
    Unknown {
        /// For the log and the operator.
        cause: String,
    },
}

/// Delivers data.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Delivers the order, once however often it is called.
    async fn deliver(&self, delivery: &Delivery) -> Outcome;

    /// Says what became of the order.
    async fn look_up(&self, delivery: &Delivery) -> Fate;

    /// Makes sure that the order never is delivered. Of this and [`Carrier::deliver`] the first wins for ever.
    async fn void(&self, delivery: &Delivery) -> Voiding;
}

/// The carriers of this installation by name, as a line names its own.
#[derive(Clone, Default)]
pub struct Carriers(BTreeMap<String, Arc<dyn Carrier>>);

impl Carriers {
    /// The same carriers and this one.
    #[must_use]
    pub fn with(mut self, name: &str, carrier: impl Carrier + 'static) -> Self {
        self.0.insert(name.to_owned(), Arc::new(carrier));
        self
    }

    /// The carrier of this name.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Carrier>> {
        self.0.get(name).cloned()
    }
}

impl std::fmt::Debug for Carriers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
