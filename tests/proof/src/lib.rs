//! Proofs from outside: the release build of `heyon` and the simulated peers as processes of their own, driven as
//! people, providers and gateways drive them, and compared by their books.
//!
//! `kill` kills heyon again and again while people pay at every provider; `sync` shows that nobody is answered before the disk has it.
#![expect(clippy::print_stdout, reason = "what is proved is said at the terminal")]

pub mod balancer;
pub mod client;
pub mod providers;
pub mod report;
pub mod trace;
pub mod world;
