//! Typed ids: a prefix that says what the thing is, and a UUIDv7 in 26 Crockford base-32 characters.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A kind of thing that has ids.
pub trait Entity: 'static {
    /// The text before the underscore, e.g. `ord`.
    const PREFIX: &'static str;
}

macro_rules! entities {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {}
        impl Entity for $name { const PREFIX: &'static str = $prefix; }
    )*};
}

entities! {
    /// One person who signs in, pays and owns.
    Account = "acc";
    /// A bearer token of the API.
    ApiToken = "tok";
    /// An eUICC in the inventory or bound.
    Card = "crd";
    /// A webhook message as it came.
    InboxMessage = "inb";
    /// A browser that shows notifications.
    Device = "dev";
    /// A way into someone's pool.
    Invitation = "inv";
    /// A piece of queued work.
    Job = "job";
    /// A profile in service.
    Line = "lin";
    /// A signed-in browser.
    LoginSession = "ses";
    /// A mail to be sent.
    Mail = "eml";
    /// Something told to a device.
    Notification = "ntf";
    /// The wish to buy a plan. A bundle's id is its order's id.
    Order = "ord";
    /// One attempt to pay.
    Payment = "pay";
    /// What lines draw data from.
    Pool = "pol";
    /// A line's way from one pool to another.
    Move = "mov";
    /// Money on its way back.
    Refund = "rfd";
    /// The wish that a line's plan renews by itself.
    Renewal = "ren";
    /// A way to pay that its payer let us keep.
    SavedMethod = "sav";
    /// A case for a human to decide.
    Review = "rev";
    /// One double-entry movement.
    Transfer = "trf";
}

/// The id of a `T`: 128 bits, shown as `prefix_` and 26 lower-case Crockford characters.
pub struct Id<T> {
    /// The highest first. As bytes, not as a number, which would stand only at every sixteenth: millions are in memory.
    bits: [u8; 16],
    kind: PhantomData<fn() -> T>,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl<T> Id<T> {
    /// An id of these bits (a UUIDv7, or a test's small number).
    pub const fn from_u128(bits: u128) -> Self {
        Self { bits: bits.to_be_bytes(), kind: PhantomData }
    }

    /// The bits, for compact storage.
    pub const fn as_u128(self) -> u128 {
        u128::from_be_bytes(self.bits)
    }

    /// A time-ordered id from a Unix time in milliseconds and ten random bytes (RFC 9562, section 5.7).
    pub fn v7(unix_ms: u64, random: [u8; 10]) -> Self {
        Self::from_u128(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid().as_u128())
    }

    /// The same bits in the canonical UUID form, for protocols that want one.
    pub fn to_uuid(self) -> Uuid {
        Uuid::from_bytes(self.bits)
    }
}

impl<T: Entity> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 26];
        let mut rest = self.as_u128();
        for place in text.iter_mut().rev() {
            let digit = usize::try_from(rest & 31).unwrap_or(0);
            *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        write!(f, "{}_{}", T::PREFIX, std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Characters of a number that people read out.
const NUMBER_CHARS: usize = 8;

impl<T: Entity> Id<T> {
    /// What people call it, on pages, receipts and on the telephone: the last characters of the id, which are random,
    /// `ZQ3R-DZTT`.
    pub fn number(self) -> String {
        let text = self.to_string().to_ascii_uppercase();
        let end = text.split_at_checked(text.len().saturating_sub(NUMBER_CHARS)).map_or("", |(_, end)| end);
        end.split_at_checked(NUMBER_CHARS / 2)
            .map_or_else(String::new, |(left, right)| format!("{left}-{right}"))
    }
}

/// How an id ends whose number someone has read out, whatever dashes, spaces and case they typed; `None` if it is none.
pub fn id_ending(number: &str) -> Option<String> {
    let typed = number.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let ending: String = typed.map(|c| c.to_ascii_lowercase()).collect();
    let fits = ending.len() == NUMBER_CHARS && ending.bytes().all(|byte| ALPHABET.contains(&byte));
    fits.then_some(ending)
}

impl<T: Entity> FromStr for Id<T> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.strip_prefix(T::PREFIX).and_then(|t| t.strip_prefix('_')).ok_or(InvalidId)?;
        if digits.len() != 26 {
            return Err(InvalidId);
        }
        let mut bits: u128 = 0;
        for byte in digits.bytes() {
            let digit = ALPHABET.iter().position(|c| *c == byte).ok_or(InvalidId)?;
            let digit = u128::try_from(digit).map_err(|_| InvalidId)?;
            bits = bits.checked_mul(32).and_then(|b| b.checked_add(digit)).ok_or(InvalidId)?;
        }
        Ok(Self::from_u128(bits))
    }
}

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the wanted kind")]
pub struct InvalidId;

// Written out because deriving would ask `T` for the same traits.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bits.cmp(&other.bits)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_u128().hash(state);
    }
}
impl<T: Entity> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<T: Entity> Serialize for Id<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, T: Entity> Deserialize<'de> for Id<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_can_be_read_out_and_typed_in() {
        let id: Id<Order> = "ord_01m83pctwte04s7x2ezq3rdztt".parse().unwrap();
        assert_eq!(id.number(), "ZQ3R-DZTT");
        for typed in ["ZQ3R-DZTT", "zq3r dztt", " zq3rdztt "] {
            assert_eq!(id_ending(typed).as_deref(), Some("zq3rdztt"), "{typed}");
        }
        for not_one in ["", "ZQ3R", "ZQ3R-DZT%", "ZQ3R-DZTTT", "ZQ3R-DZTU"] {
            assert_eq!(id_ending(not_one), None, "{not_one}");
        }
    }

    #[test]
    fn an_id_survives_its_text() {
        let id: Id<Order> = Id::v7(1_790_000_000_000, [7; 10]);
        assert_eq!(id.to_string().parse::<Id<Order>>(), Ok(id));
        assert!(id.to_string().starts_with("ord_0"));
    }

    #[test]
    fn another_kinds_id_is_refused() {
        let id: Id<Order> = Id::from_u128(5);
        assert_eq!(id.to_string().parse::<Id<Payment>>(), Err(InvalidId));
        assert_eq!("ord_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<Id<Order>>(), Err(InvalidId), "over 128 bits");
    }

    #[test]
    fn ids_sort_by_time() {
        assert!(Id::<Order>::v7(1, [255; 10]).to_string() < Id::<Order>::v7(2, [0; 10]).to_string());
    }
}
