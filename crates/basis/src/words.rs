//! Enums whose variants are words: the same in tables, in protocols, in JSON and in the keys of texts.

/// Declares an enum of words: `word()`, `ALL` in the order of declaration, `Display`, serde as the word, and `FromStr`, whose
/// error is internal: a word from our own tables that nobody knows is our mistake. What people type is checked where
/// it comes in.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// All of them, as declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in tables, in protocols and in the keys of texts.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::Problem;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::Problem> {
                let found = Self::ALL.iter().copied().find(|one| one.word() == text);
                found.ok_or_else(|| {
                    $crate::Problem::internal(::std::format!("not a {}: {text}", ::std::stringify!($name)))
                })
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, out: S) -> ::std::result::Result<S::Ok, S::Error> {
                out.serialize_str(self.word())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(from: D) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::string::String as $crate::serde::Deserialize>::deserialize(from)?;
                text.parse().map_err($crate::serde::de::Error::custom)
            }
        }
    };
}
