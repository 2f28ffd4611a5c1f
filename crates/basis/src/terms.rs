//! What a bundle promises: frozen in its order when it is bought, kept by the charging engine.

use serde::{Deserialize, Serialize};

use crate::{CountrySet, DataVolume};

/// How much data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Allowance {
    /// So much in all.
    Fixed {
        /// For the whole validity.
        bytes: DataVolume,
    },
    /// So much in each 24-hour window; what is left of a window lapses.
    PerDay {
        /// For each window.
        bytes: DataVolume,
    },
    /// No limit in all, but at full speed only up to a fair-use limit.
    Unlimited {
        /// At full speed, for each 24-hour window.
        fair_use_bytes_per_day: DataVolume,
        /// What comes behind it until the window ends; absent in orders of the time when it always stopped.
        #[serde(default)]
        then: Beyond,
    },
}

/// What comes behind the fair-use limit of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// No data.
    #[default]
    Stops,
    /// Data as before, slower.
    Slower,
}

/// When the validity begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartRule {
    /// With the first byte used in a covered country while no active bundle covers it.
    FirstUse,
    /// With the delivery.
    AtPurchase,
}

/// How a purchase relates to what the line or pool has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewalRule {
    /// Waits, and starts when what is there ends or is used up.
    Follow,
    /// Counts together with what is there, each until its own end.
    Add,
    /// Takes over at once. What it takes over from is closed as its order names it.
    Replace,
}

/// The terms of one bundle.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// How much data.
    pub allowance: Allowance,
    /// Where.
    pub coverage: CountrySet,
    /// For how many 24-hour windows from its activation.
    pub days: u32,
    /// When it begins.
    pub start: StartRule,
    /// A bundle that has not begun so many days after its delivery lapses.
    pub activate_within_days: u32,
    /// How it relates to what is there.
    pub renewal: RenewalRule,
    /// Whether a pool of several lines may draw from it.
    pub shareable: bool,
}
