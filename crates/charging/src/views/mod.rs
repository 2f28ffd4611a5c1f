//! Tables for pages and reports, written behind the log with a cursor in the same transaction.

mod fold;
mod notices;
mod projector;
mod read;
mod rows;

pub use notices::{NOTICES_KEPT_MS, Notice, Subject, forget_notices, take_notice, waiting_notices};
pub use read::{
    BundleRow, DayUsage, MemberUsage, SessionRow, bundle, delivered_after, sessions_of_line, usage_by_day,
    usage_of_pool,
};

pub(crate) use fold::state_of;
pub(crate) use projector::{cursor, project, restate};
pub(crate) use rows::{all_bundles, cursor as cursor_in};
