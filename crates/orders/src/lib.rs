//! Orders: from the wish to buy a plan to its delivery, or to the last cent back.

pub mod rules;
mod state;

pub use state::OrderState;
