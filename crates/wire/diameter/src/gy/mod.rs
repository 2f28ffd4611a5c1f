//! Credit control of data sessions: RFC 8506 as TS 32.299 profiles it for Gy.
//!
//! Reading is tolerant where gateways differ: several Multiple-Services-Credit-Control or none, octets without a total, AVPs
//! nobody has heard of, and places whose coding is off. It is strict where money hangs on it: counters, request numbers and types.

mod answer;
mod final_unit;
mod location;
mod place;
mod request;
mod session;
mod subscriber;
mod units;

pub use answer::{Cca, FailureHandling, Grant, ServiceAnswer};
pub use final_unit::{FinalUnit, FinalUnitAction, Redirect, RedirectKind};
pub use location::{Plmn, UserLocation};
pub use place::PsInformation;
pub use request::{Ccr, RequestType, RequestedAction, ServiceRequest};
pub use session::{Abort, ReAuth};
pub use subscriber::{Equipment, Subscription, SubscriptionKind};
pub use units::{ReportingReason, Units, Used};
