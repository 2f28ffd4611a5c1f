//! Who may draw from a pool.

use std::{fmt, num::NonZeroU64, str::FromStr};

use basis::{Id, Line, Timestamp};

use super::{answer::Refusal, caps::Meter};

/// A line in the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The line, and how networks name it.
    pub identity: LineIdentity,
    /// An operator has stopped it: it gets no quota.
    pub barred: bool,
    /// A manager has paused it: it gets nothing of the shared bundles.
    pub paused: bool,
    /// What it may take of the shared bundles, if that is limited.
    pub meter: Option<Box<Meter>>,
}

impl Member {
    /// The line.
    pub const fn line(&self) -> Id<Line> {
        self.identity.line
    }

    /// Octets that it may still be granted of the shared bundles, and why no more.
    pub(super) fn room(&self, now: Timestamp) -> (u64, Refusal) {
        let room = self.meter.as_ref().map_or(u64::MAX, |meter| meter.room(now));
        if self.paused { (0, Refusal::Paused) } else { (room, Refusal::CapReached) }
    }
}

/// A line, and how networks name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineIdentity {
    /// The line.
    pub line: Id<Line>,
    /// Its IMSI.
    pub imsi: Digits,
    /// Its number in E.164 without the plus, if it has one.
    pub msisdn: Option<Digits>,
}

/// One to fifteen decimal digits, leading zeros kept, in eight bytes: an IMSI (E.212) or an MSISDN (E.164).
///
/// The digits stand in the lower sixty bits, four bits each; their number in the upper four.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits(NonZeroU64);

impl Digits {
    const MAX: u32 = 15;

    /// The eight bytes, for storage.
    pub const fn to_bits(self) -> u64 {
        self.0.get()
    }

    /// From stored bytes; `None` if they were not made by [`Digits::to_bits`].
    pub fn from_bits(bits: u64) -> Option<Self> {
        let digits = Self(NonZeroU64::new(bits)?);
        let count = digits.count();
        let whole = count > 0 && (0..count).all(|n| digits.digit(n) < 10);
        (whole && bits << 4 >> 4 >> (4 * count) == 0).then_some(digits)
    }

    fn count(self) -> u32 {
        u32::try_from(self.to_bits() >> 60).unwrap_or(0)
    }

    /// The `n`-th digit from the right.
    const fn digit(self, n: u32) -> u64 {
        (self.to_bits() >> (4 * n)) & 15
    }
}

impl FromStr for Digits {
    type Err = InvalidDigits;

    fn from_str(text: &str) -> Result<Self, InvalidDigits> {
        let count = u32::try_from(text.len()).map_err(|_| InvalidDigits)?;
        if count == 0 || count > Self::MAX || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidDigits);
        }
        let digits = text.bytes().fold(0, |bits, b| bits << 4 | u64::from(b & 15));
        NonZeroU64::new(u64::from(count) << 60 | digits).map(Self).ok_or(InvalidDigits)
    }
}

/// The text is not one to fifteen decimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one to fifteen decimal digits")]
pub struct InvalidDigits;

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..self.count()).rev().try_for_each(|n| write!(f, "{}", self.digit(n)))
    }
}
impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_keep_their_zeros() {
        for text in ["0", "001010000000001", "460001234567890", "8613800138000"] {
            let digits: Digits = text.parse().unwrap();
            assert_eq!(digits.to_string(), text);
            assert_eq!(Digits::from_bits(digits.to_bits()), Some(digits));
        }
    }

    #[test]
    fn other_texts_and_bytes_are_refused() {
        for text in ["", "12a", "+86", "1234567890123456", "１２"] {
            assert!(text.parse::<Digits>().is_err(), "{text}");
        }
        for bits in [0, 5, 1 << 60 | 0xa, 1 << 60 | 0x11, u64::MAX] {
            assert_eq!(Digits::from_bits(bits), None, "{bits:x}");
        }
    }
}
