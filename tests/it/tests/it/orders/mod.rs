//! Stories of orders, on both engines: a bank that does what it is told, and the real charging engine.

mod audits;
pub(crate) mod carrier;
pub(crate) mod crashes;
mod delivery;
mod disputes;
mod lost_cents;
mod pages;
mod papers;
mod paying;
mod plan_change;
pub(crate) mod provider;
mod races;
mod receipts;
pub(crate) mod shop;
mod taxes;
