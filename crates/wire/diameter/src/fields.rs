//! The Enumerated types, each as a Rust enum.

/// Declares an enum with the numbers it has on the wire.
macro_rules! enumerated {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name { $($(#[$variant_meta])* $variant,)* }

        impl $name {
            /// The number on the wire.
            pub const fn code(self) -> u32 {
                match self { $(Self::$variant => $code,)* }
            }

            /// From the number on the wire.
            pub const fn from_code(code: u32) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use enumerated;

use crate::{Avp, Error, Key};

/// Fills a place that may be filled once.
pub(crate) fn once<T>(slot: &mut Option<T>, avp: &Avp<'_>, value: Result<T, Error>) -> Result<(), Error> {
    match slot.replace(value?) {
        None => Ok(()),
        Some(_) => Err(Error::too_many(avp)),
    }
}

/// What a command cannot do without.
pub(crate) fn required<T>(slot: Option<T>, key: Key) -> Result<T, Error> {
    slot.ok_or_else(|| Error::missing(key))
}

/// The value of an Enumerated AVP; a number without a name is refused.
pub(crate) fn named<T>(avp: &Avp<'_>, from_code: fn(u32) -> Option<T>) -> Result<T, Error> {
    from_code(avp.u32()?).ok_or_else(|| Error::invalid_value(avp, "not a value of this enumeration"))
}
