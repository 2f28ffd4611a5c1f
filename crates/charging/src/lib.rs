//! Pools and bundles: who may use how much data, where and until when.
//!
//! [`pool`] holds the rules, pure. Around them stand the log (`log/`), one writer per shard (`shard/`), the handle that
//! everyone holds ([`Charging`]), and the tables that pages read (`views/`), written behind the log.

mod audit;
mod engine;
pub mod gy;
mod log;
pub mod pool;
mod shard;
mod views;

pub use audit::audit;
pub use engine::{
    Charging, Credit, CreditAnswer, CreditControl, Hint, LineMove, MAX_SERVICES, MOVING_KEY, MoveAnswer,
    Opening, PoolChanged, Reason, Uncut, session_key,
};
pub use log::{Fault, Loss, ShardId, move_log};
pub use pool::{
    Answer, Ask, Behind, BundleState, BundleView, CapKind, CapView, Caps, Closed, Digits, Fate, Few, Grant,
    LineIdentity, LineView, Luggage, PoolView, Quota, Refusal, RequestKind, Service, ServiceAnswer,
    SessionKey, SessionView, SlowerView, Verdict, VoidReply as VoidAnswer, WindowView,
};
pub use shard::BUSY_KEY;
pub use views::{
    BundleRow, DayUsage, MemberUsage, NOTICES_KEPT_MS, Notice, SessionRow, Subject, bundle, delivered_after,
    forget_notices, sessions_of_line, take_notice, usage_by_day, usage_of_pool, waiting_notices,
};

/// The tables of the log: in `charging.db` beside SQLite's shop, in the shop's own database on PostgreSQL.
pub const LOG_MIGRATIONS: store::Migrations = store::migrations!("charging_log", ["0001_log.sql"]);

/// The tables for pages, in the shop.
pub const MIGRATIONS: store::Migrations =
    store::migrations!("charging", ["0001_views.sql", "0002_pools.sql"]);
