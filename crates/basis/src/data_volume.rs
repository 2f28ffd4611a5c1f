//! Amounts of data.

use serde::{Deserialize, Serialize};

/// A number of octets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataVolume(pub u64);

impl DataVolume {
    /// No data.
    pub const ZERO: Self = Self(0);

    /// So many megabytes of 10^6 octets, as plans are sold.
    pub const fn megabytes(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000))
    }

    /// So many gigabytes of 10^9 octets.
    pub const fn gigabytes(n: u64) -> Self {
        Self(n.saturating_mul(1_000_000_000))
    }

    /// The octets.
    pub const fn octets(self) -> u64 {
        self.0
    }

    /// For a BIGINT column; a volume over 2^63 does not exist.
    pub fn to_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// From a BIGINT column; negative counts as nothing.
    pub fn from_i64(octets: i64) -> Self {
        Self(u64::try_from(octets).unwrap_or(0))
    }
}
