//! The languages that Heyon is written in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A language with a complete set of texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[default]
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// Every language, in the order in which a chooser shows them.
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

impl FromStr for Language {
    type Err = crate::Problem;

    fn from_str(text: &str) -> Result<Self, crate::Problem> {
        Self::ALL
            .into_iter()
            .find(|l| l.tag() == text)
            .ok_or_else(|| crate::Problem::invalid("language-unknown"))
    }
}
