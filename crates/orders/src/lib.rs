//! Orders: from the wish to buy a plan to its delivery, or to the last cent back.
//!
//! [`quote`] says exactly what buying would do, [`place`] freezes that; [`settle`] takes what a provider says into
//! books and order, [`fulfil`] delivers, and everything that can go wrong has its rule. Jobs carry an order
//! along ([`handlers`]); each can run twice and die between any two lines, because every step is one
//! transaction guarded by the order's state, and the network and the engine are only asked between transactions.

mod audit;
mod closing;
mod contesting;
mod desk;
mod expiring;
mod fulfilling;
mod handlers;
mod moving;
mod operating;
mod paying;
mod placing;
mod queue;
mod quoting;
mod reading;
mod refunding;
mod renewing;
mod reviewing;
mod rows;
pub mod rules;
mod settling;
mod standing;
mod state;
mod strays;
mod telling;
mod timeline;

pub use audit::audit;
pub use closing::close_replaced;
pub use contesting::contest_lost;
pub use desk::{Desk, OrderChanged, Settings, WalletChanged};
pub use expiring::expire;
pub use fulfilling::fulfil;
pub use handlers::handlers;
pub use operating::{Decision, RefundBegun, decide, refund, refund_delivered};
pub use placing::{
    KEYS_KEPT_MS, PayWith, PayerView, PlaceInput, Placed, cancel, forget_keys, pay_again, place, place_in,
};
pub use queue::{CLOSE, CONTEST_LOST, EXPIRE, FULFIL, OrderJob, RECEIPT, REFUND, REVIEW, RefundJob};
pub use quoting::{Intent, Quote, QuoteInput, RefundRule, look, quote, quote_seen};
pub use reading::{
    bought, find, history, of_ids, of_line, of_number, order, page, waiting_for_people, waits_for_person,
};
pub use refunding::refund_done;
pub use renewing::{Renewing, forsake, renew};
pub use reviewing::ReviewWanted;
pub use rows::{Bought, OrderRecord};
pub use settling::{Moved, check_payment, settle, take_in};
pub use state::OrderState;
pub use strays::decide_payment;
pub use timeline::{Event, ExpiryReason, Happening, RefundReason, ReviewReason, timeline};

/// The orders' tables.
pub const MIGRATIONS: store::Migrations = store::migrations!(
    "orders",
    [
        "0001_orders.sql",
        "0002_clearing.sql",
        "0003_fairness.sql",
        "0004_sharing.sql",
        "0005_tax.sql",
        "0006_renewals.sql",
        "0007_disputes.sql"
    ]
);
