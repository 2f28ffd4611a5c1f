//! The decisions of a sale, apart from all input and output.

mod change;
mod deadline;
mod quote;
mod refund;
mod tax;

pub use change::{Unused, change_credit};
pub use deadline::{Patience, patience, retry_at};
pub use quote::{Effect, Ends, Standing, Starts, effect_of, ends_of, frozen_terms, meets, starts_of};
pub use refund::{Parts, split_refund};
pub use tax::{Tax, TaxRate, TaxTable};
