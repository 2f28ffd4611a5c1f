//! Plans that renew by themselves, on both engines: once for each end, exactly as agreed, and never twice.

mod consent;
mod failing;
pub(crate) mod house;
mod notices;
mod providers;
mod races;
mod renewing;
