//! The alphabet of the log: variable-length integers, and lengths that are believed only as far as bytes follow.
//!
//! Reading never panics and never reserves more memory than there are bytes, whatever the input.

use basis::{Country, CountrySet, DataVolume, Id, Timestamp};

/// Why bytes could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// The bytes end before the value does.
    #[error("it ends too early")]
    Short,
    /// Bytes are left after the last value.
    #[error("bytes are left over")]
    Long,
    /// A number does not fit its type, or is not in its shortest form.
    #[error("a number is out of range")]
    Number,
    /// A kind of thing that this format does not know.
    #[error("a kind is unknown")]
    Tag,
    /// A text is not UTF-8, or a country code is unknown.
    #[error("a text is not valid")]
    Text,
    /// The checksum differs.
    #[error("the checksum differs")]
    Checksum,
    /// A format version from the future.
    #[error("the format version is unknown")]
    Version,
}

/// Collects bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// LEB128: seven bits a byte, the lowest first, the top bit says that more follow.
    pub(crate) fn varint(&mut self, mut value: u64) {
        loop {
            let low = u8::try_from(value & 0x7f).unwrap_or(0);
            value >>= 7;
            if value == 0 {
                return self.byte(low);
            }
            self.byte(low | 0x80);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Walks over bytes.
#[derive(Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.0.split_first().ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    /// The next byte, which stays.
    pub(crate) fn peek(&self) -> Result<u8, Malformed> {
        self.0.first().copied().ok_or(Malformed::Short)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits.checked_shl(shift).is_none_or(|b| b >> shift != bits) || (byte == 0 && shift > 0) {
                return Err(Malformed::Number);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed::Number)
    }

    /// A count of things that take at least one byte each.
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        let count = usize::try_from(self.varint()?).map_err(|_| Malformed::Number)?;
        if count > self.0.len() { Err(Malformed::Short) } else { Ok(count) }
    }

    pub(crate) const fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Long) }
    }
}

/// A value with a fixed place in the format.
pub(crate) trait Code: Sized {
    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

impl Code for u64 {
    fn write(&self, to: &mut Writer) {
        to.varint(*self);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        from.varint()
    }
}

macro_rules! small_unsigned {
    ($($type:ty),*) => {$(
        impl Code for $type {
            fn write(&self, to: &mut Writer) {
                to.varint(u64::from(*self));
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
                Self::try_from(from.varint()?).map_err(|_| Malformed::Number)
            }
        }
    )*};
}
small_unsigned!(u8, u16, u32);

impl Code for usize {
    fn write(&self, to: &mut Writer) {
        to.varint(u64::try_from(*self).unwrap_or(u64::MAX));
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Self::try_from(from.varint()?).map_err(|_| Malformed::Number)
    }
}

/// Zigzag: small numbers of either sign are short.
impl Code for i64 {
    fn write(&self, to: &mut Writer) {
        to.varint(self.cast_unsigned().wrapping_shl(1) ^ (self >> 63).cast_unsigned());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let value = from.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }
}

impl Code for bool {
    fn write(&self, to: &mut Writer) {
        to.byte(u8::from(*self));
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        match from.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Tag),
        }
    }
}

impl Code for String {
    fn write(&self, to: &mut Writer) {
        self.len().write(to);
        to.raw(self.as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = from.count()?;
        let text = std::str::from_utf8(from.take(count)?).map_err(|_| Malformed::Text)?;
        Ok(text.to_owned())
    }
}

impl<T> Code for Id<T> {
    fn write(&self, to: &mut Writer) {
        to.raw(&self.as_u128().to_be_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self::from_u128(u128::from_be_bytes(from.array()?)))
    }
}

impl Code for Timestamp {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(i64::read(from)?))
    }
}

impl Code for DataVolume {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self(u64::read(from)?))
    }
}

/// The two letters: the list of countries may grow, letters keep their meaning.
impl Code for Country {
    fn write(&self, to: &mut Writer) {
        to.raw(self.code().as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let letters = from.array::<2>()?;
        let text = std::str::from_utf8(&letters).map_err(|_| Malformed::Text)?;
        text.parse().map_err(|_| Malformed::Text)
    }
}

impl Code for CountrySet {
    fn write(&self, to: &mut Writer) {
        self.len().write(to);
        for country in self.iter() {
            country.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = from.count()?;
        (0..count).map(|_| Country::read(from)).collect()
    }
}

impl<T: Code> Code for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        bool::read(from)?.then(|| T::read(from)).transpose()
    }
}

impl<T: Code> Code for Vec<T> {
    fn write(&self, to: &mut Writer) {
        self.len().write(to);
        for value in self {
            value.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let count = from.count()?;
        (0..count).map(|_| T::read(from)).collect()
    }
}

impl<A: Code, B: Code> Code for (A, B) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok((A::read(from)?, B::read(from)?))
    }
}

/// Gives a struct its fields in the order of the format, or an enum its tag bytes.
macro_rules! coded {
    (struct $name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::log::wire::Code for $name {
            fn write(&self, to: &mut $crate::log::wire::Writer) {
                $(self.$field.write(to);)*
            }
            fn read(from: &mut $crate::log::wire::Reader<'_>)
                -> Result<Self, $crate::log::wire::Malformed> {
                $(let $field = $crate::log::wire::Code::read(from)?;)*
                Ok(Self { $($field),* })
            }
        }
    };
    (enum $name:ty { $($tag:literal = $variant:ident $({ $($field:ident),* $(,)? })? $(( $($inner:ident),* ))?),* $(,)? }) => {
        impl $crate::log::wire::Code for $name {
            fn write(&self, to: &mut $crate::log::wire::Writer) {
                match self {
                    $(Self::$variant $({ $($field),* })? $(( $($inner),* ))? => {
                        to.byte($tag);
                        $($($field.write(to);)*)? $($($inner.write(to);)*)?
                    })*
                }
            }
            fn read(from: &mut $crate::log::wire::Reader<'_>)
                -> Result<Self, $crate::log::wire::Malformed> {
                match from.byte()? {
                    $($tag => {
                        $($(let $field = $crate::log::wire::Code::read(from)?;)*)?
                        $($(let $inner = $crate::log::wire::Code::read(from)?;)*)?
                        Ok(Self::$variant $({ $($field),* })? $(( $($inner),* ))?)
                    })*
                    _ => Err($crate::log::wire::Malformed::Tag),
                }
            }
        }
    };
}
pub(crate) use coded;

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: Code + PartialEq + std::fmt::Debug>(value: &T) {
        let mut writer = Writer::default();
        value.write(&mut writer);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        assert_eq!(T::read(&mut reader).as_ref(), Ok(value));
        assert_eq!(reader.end(), Ok(()));
        for cut in 0..bytes.len() {
            assert!(T::read(&mut Reader::new(&bytes[..cut])).is_err(), "{value:?} cut to {cut}");
        }
    }

    #[test]
    fn numbers_survive_at_every_edge() {
        for bits in 0..64 {
            let edge = 1_u64 << bits;
            for value in [edge - 1, edge, edge.wrapping_mul(2).wrapping_sub(1)] {
                there_and_back(&value);
                there_and_back(&value.cast_signed());
                there_and_back(&value.cast_signed().wrapping_neg());
            }
        }
    }

    #[test]
    fn texts_sets_and_lists_survive() {
        there_and_back(&"日本".to_owned());
        there_and_back(&vec![Some(1_u32), None, Some(u32::MAX)]);
        there_and_back(&["JP", "CN"].iter().map(|c| c.parse().unwrap()).collect::<CountrySet>());
    }

    #[test]
    fn a_number_has_one_form_only() {
        assert_eq!(Reader::new(&[0x80, 0x00]).varint(), Err(Malformed::Number), "a zero too long");
        assert_eq!(Reader::new(&[0xff; 10]).varint(), Err(Malformed::Number), "over 64 bits");
        assert_eq!(Reader::new(&[0xff; 9]).varint(), Err(Malformed::Short));
    }

    #[test]
    fn a_huge_count_reserves_nothing() {
        let mut writer = Writer::default();
        u64::MAX.write(&mut writer);
        assert_eq!(Vec::<u64>::read(&mut Reader::new(writer.as_bytes())), Err(Malformed::Short));
    }
}
