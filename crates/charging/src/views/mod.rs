//! Tables for pages and reports, written behind the log with a cursor in the same transaction.

mod fold;
mod projector;
mod read;
mod rows;

pub use read::{BundleRow, DayUsage, SessionRow, bundle, delivered_after, sessions_of_line, usage_by_day};

pub(crate) use fold::word;
pub(crate) use projector::{cursor, project};
pub(crate) use rows::all_bundles;
