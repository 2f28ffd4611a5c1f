//! The tables of shared pools, and every statement on them.

mod invitations;
mod left;
mod members;
mod pools;
mod told;

pub(crate) use invitations::*;
pub(crate) use left::*;
pub(crate) use members::*;
pub(crate) use pools::*;
pub(crate) use told::*;
