//! What stands in a column, and what our own types become there.

use basis::{Country, Currency, DataVolume, Entity, Id, Language, Timestamp};

/// What a column or a placeholder holds; `None` is NULL, which PostgreSQL wants to know the type of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Datum {
    /// BIGINT.
    Integer(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// BYTEA.
    Blob(Option<Vec<u8>>),
}

impl Datum {
    fn is_null(&self) -> bool {
        matches!(self, Self::Integer(None) | Self::Text(None) | Self::Blob(None))
    }
}

/// What columns are made of: `i64`, `String` or `Vec<u8>`.
pub trait Raw: Clone {
    #[doc(hidden)]
    fn into_datum(raw: Option<Self>) -> Datum;
    /// `None` if it is NULL or of another type.
    #[doc(hidden)]
    fn of(datum: &Datum) -> Option<&Self>;
}

/// A value that fits one column: TEXT, BIGINT or BYTEA.
pub trait Value: Sized {
    /// How the column holds it: `String`, `i64` or `Vec<u8>`.
    type Raw: Raw;
    /// Into the column.
    fn to_raw(&self) -> Self::Raw;
    /// Out of the column; `None` if it does not fit.
    fn from_raw(raw: Self::Raw) -> Option<Self>;
}

/// What can be bound to a placeholder: a [`Value`], `&str`, `&[u8]`, or an `Option` of a value or `&str`.
pub trait Bind {
    #[doc(hidden)]
    fn into_datum(self) -> Datum;
}

/// What can be read from a column: a [`Value`] or an `Option` of one.
pub trait Column: Sized {
    /// `None` if it does not fit.
    #[doc(hidden)]
    fn read(datum: &Datum) -> Option<Self>;
}

impl<V: Value> Bind for V {
    fn into_datum(self) -> Datum {
        Raw::into_datum(Some(self.to_raw()))
    }
}
impl<V: Value> Bind for Option<V> {
    fn into_datum(self) -> Datum {
        Raw::into_datum(self.map(|value| value.to_raw()))
    }
}
impl Bind for &str {
    fn into_datum(self) -> Datum {
        Datum::Text(Some(self.to_owned()))
    }
}
impl Bind for Option<&str> {
    fn into_datum(self) -> Datum {
        Datum::Text(self.map(str::to_owned))
    }
}
impl Bind for &[u8] {
    fn into_datum(self) -> Datum {
        Datum::Blob(Some(self.to_vec()))
    }
}

impl<V: Value> Column for V {
    fn read(datum: &Datum) -> Option<Self> {
        V::from_raw(V::Raw::of(datum)?.clone())
    }
}
impl<V: Value> Column for Option<V> {
    fn read(datum: &Datum) -> Option<Self> {
        if datum.is_null() { Some(None) } else { V::read(datum).map(Some) }
    }
}

macro_rules! raws {
    ($($raw:ty as $variant:ident;)*) => {$(
        impl Raw for $raw {
            fn into_datum(raw: Option<Self>) -> Datum {
                Datum::$variant(raw)
            }
            fn of(datum: &Datum) -> Option<&Self> {
                match datum {
                    Datum::$variant(raw) => raw.as_ref(),
                    _ => None,
                }
            }
        }
    )*};
}

raws! {
    i64 as Integer;
    String as Text;
    Vec<u8> as Blob;
}

macro_rules! values {
    ($($type:ty as $raw:ty: |$value:ident| $to:expr, |$from:ident| $back:expr;)*) => {$(
        impl Value for $type {
            type Raw = $raw;
            fn to_raw(&self) -> $raw { let $value = self; $to }
            fn from_raw($from: $raw) -> Option<Self> { $back }
        }
    )*};
}

values! {
    i64 as i64: |v| *v, |raw| Some(raw);
    u32 as i64: |v| i64::from(*v), |raw| raw.try_into().ok();
    u8 as i64: |v| i64::from(*v), |raw| raw.try_into().ok();
    String as String: |v| v.clone(), |raw| Some(raw);
    Vec<u8> as Vec<u8>: |v| v.clone(), |raw| Some(raw);
    [u8; 32] as Vec<u8>: |v| v.to_vec(), |raw| raw.try_into().ok();
    Timestamp as i64: |v| v.as_ms(), |raw| Some(Self(raw));
    DataVolume as i64: |v| v.to_i64(), |raw| u64::try_from(raw).ok().map(Self);
    Currency as String: |v| v.code().to_owned(), |raw| raw.parse().ok();
    Country as String: |v| v.code().to_owned(), |raw| raw.parse().ok();
    Language as String: |v| v.tag().to_owned(), |raw| raw.parse().ok();
}

impl<E: Entity> Value for Id<E> {
    type Raw = String;
    fn to_raw(&self) -> String {
        self.to_string()
    }
    fn from_raw(raw: String) -> Option<Self> {
        raw.parse().ok()
    }
}
