//! The words that every other crate speaks: ids, money, bytes, time, places, languages and problems.
//!
//! Nothing here does input or output, except the two smallest doors to the outside, [`SystemClock`] and
//! [`OsEntropy`], which the binary opens once and everyone else receives as a parameter.

mod country;
mod data_volume;
mod entropy;
mod env;
mod id;
mod language;
mod money;
mod network;
mod problem;
mod secret;
mod terms;
mod time;
mod words;

pub use country::{Country, CountrySet};
pub use data_volume::DataVolume;
pub use entropy::{Entropy, OsEntropy, SeededEntropy};
pub use env::Env;
pub use id::{
    Account, ApiToken, Card, Device, Entity, Id, InboxMessage, Invitation, Job, Line, LoginSession, Mail,
    Move, Notification, Order, Payment, Pool, Refund, Renewal, Review, SavedMethod, Transfer, id_ending,
};
pub use language::Language;
pub use money::{Currency, Money};
pub use network::Network;
pub use problem::{Kind, Problem};
pub use secret::SecretKey;
pub use terms::{Allowance, Beyond, RenewalRule, StartRule, Terms};
pub use time::{Clock, DAY_MS, HOUR_MS, MINUTE_MS, ManualClock, SECOND_MS, SystemClock, Timestamp};

/// What [`words!`] needs of it, in crates that do not name it themselves.
#[doc(hidden)]
pub use serde;
