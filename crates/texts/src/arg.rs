//! What a text shows in its places.

use std::borrow::Cow;

use fluent_bundle::FluentValue;

/// A variable of a text: words, or a number that chooses the plural.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg<'a>(FluentValue<'a>);

impl<'a> From<Arg<'a>> for FluentValue<'a> {
    fn from(arg: Arg<'a>) -> Self {
        arg.0
    }
}
impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self(FluentValue::String(Cow::Borrowed(text)))
    }
}
impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}
impl From<String> for Arg<'_> {
    fn from(text: String) -> Self {
        Self(FluentValue::String(Cow::Owned(text)))
    }
}
macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl From<$number> for Arg<'_> {
            fn from(number: $number) -> Self {
                Self(FluentValue::from(number))
            }
        }
        impl From<&$number> for Arg<'_> {
            fn from(number: &$number) -> Self {
                Self(FluentValue::from(*number))
            }
        }
    )*};
}
numbers! { i32 i64 u32 u64 usize }
