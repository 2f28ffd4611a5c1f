//! The integration tests of all nouns, each on SQLite and on PostgreSQL (`HEYON_TEST_POSTGRES`), and the
//! tests about the repository itself. One binary, because linking is what costs.
//!
//! `cfg(test)` always holds here; it tells clippy that helpers may unwrap, too.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod cards;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod charging;
#[cfg(test)]
mod dropping;
#[cfg(test)]
mod housekeeping;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod live;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod people;
#[cfg(test)]
mod pools;
#[cfg(test)]
mod push;
#[cfg(test)]
mod renewals;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod repository;
#[cfg(test)]
mod simulator;
#[cfg(test)]
mod statements;
