//! What an operator does from the command line: the same commands, whether a running server carries them out
//! or, if there is none, this process.

mod carry_out;
mod desk;
mod jobs;
mod repair;
mod socket;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use carry_out::carry_out;
pub use jobs::forget_job;
pub use socket::{ask, listen};

/// One thing an operator asks for. Files are read where the operator is, and travel as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Take cards into the inventory.
    CardsImport {
        /// The CSV file's text.
        csv: String,
        /// Only say what would happen.
        dry_run: bool,
    },
    /// Make secret serials and bind codes for cards.
    CardsMake {
        /// The CSV file's text.
        csv: String,
    },
    /// Make test cards.
    CardsMakeTest {
        /// How many.
        count: u32,
    },
    /// Bring the catalogue to what the file says.
    CatalogApply {
        /// The TOML file's text.
        toml: String,
        /// Only show the difference.
        dry_run: bool,
    },
    /// Compare everything with everything.
    Audit,
    /// Copy the data while the shop runs.
    Backup {
        /// An empty or missing directory, absolute.
        to: PathBuf,
    },
    /// Cases that wait for a decision.
    ReviewList,
    /// One case with what is known.
    ReviewShow {
        /// Its id.
        id: String,
    },
    /// Decide a case.
    ReviewResolve {
        /// Its id.
        id: String,
        /// What was decided.
        decision: String,
        /// Why.
        note: String,
    },
    /// One order with its timeline and money.
    OrdersShow {
        /// Its id.
        id: String,
    },
    /// Give an order's money back, by the void rule.
    OrdersRefund {
        /// Its id.
        id: String,
        /// Why.
        note: String,
    },
    /// Cut a damaged shard's log.
    Repair {
        /// The shard.
        shard: u32,
        /// The first row that goes.
        seq: u64,
        /// Only say what would be lost.
        dry_run: bool,
    },
    /// Queued work, failed for good first.
    JobsList,
    /// Try a job again now.
    JobsRetry {
        /// Its id.
        id: String,
    },
    /// Forget a job for good, unless money or a delivery hangs on it.
    JobsDrop {
        /// Its id.
        id: String,
        /// Why, for the audit trail.
        why: String,
    },
    /// Stop a line: it gets no more data.
    LinesBar {
        /// Its id.
        id: String,
    },
    /// Let a line use data again.
    LinesUnbar {
        /// Its id.
        id: String,
    },
}

/// A command and who gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// `operator:<name>`, as the audit trail names it.
    pub actor: String,
    /// What to do.
    pub command: Command,
}

/// What came of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Lines for standard output.
    pub lines: Vec<String>,
    /// Why it was not done, or what was found wrong; the program then ends with a failure.
    pub failure: Option<String>,
}

impl Reply {
    /// Done; these lines say what.
    pub fn done(lines: impl IntoIterator<Item = String>) -> Self {
        Self { lines: lines.into_iter().collect(), failure: None }
    }

    /// Not done, or something is wrong.
    pub fn failed(why: impl std::fmt::Display) -> Self {
        Self { lines: Vec::new(), failure: Some(why.to_string()) }
    }
}
