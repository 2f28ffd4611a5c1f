//! What went wrong, as a key that the texts turn into a sentence in the reader's language.

use std::{borrow::Cow, fmt};

/// How a problem answers, in the terms of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 422: the input is wrong and the reader can mend it.
    Invalid,
    /// 401: nobody is signed in, or the session has ended.
    SignInNeeded,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 404: there is no such thing, or it is someone else's.
    NotFound,
    /// 409: it would contradict what has happened already.
    Conflict,
    /// 429: too often.
    TooMany,
    /// 503: not now; trying again may help.
    Unavailable,
    /// 500: our mistake.
    Internal,
}

/// A user-facing error: a text key with its arguments, and for ourselves the cause.
///
/// The key names an entry `problem-<key>` in every `locales/<lang>/*.ftl`.
#[derive(Debug, Clone)]
pub struct Problem {
    /// How it answers.
    pub kind: Kind,
    /// The text key, without `problem-`.
    pub key: &'static str,
    /// The form field that is wrong, if one is.
    pub field: Option<&'static str>,
    /// What the text shows, by name.
    pub args: Vec<(&'static str, String)>,
    /// For the log only; never shown.
    pub cause: Option<Cow<'static, str>>,
}

impl Problem {
    /// A problem of this kind with this text.
    pub const fn new(kind: Kind, key: &'static str) -> Self {
        Self { kind, key, field: None, args: Vec::new(), cause: None }
    }

    /// The input is wrong (422).
    pub const fn invalid(key: &'static str) -> Self {
        Self::new(Kind::Invalid, key)
    }

    /// No such thing, or not yours (404).
    pub const fn not_found() -> Self {
        Self::new(Kind::NotFound, "not-found")
    }

    /// It contradicts what has happened (409).
    pub const fn conflict(key: &'static str) -> Self {
        Self::new(Kind::Conflict, key)
    }

    /// Not now (503), and why, for the log.
    pub fn unavailable(cause: impl Into<Cow<'static, str>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Kind::Unavailable, "unavailable") }
    }

    /// Our mistake (500), and what it was, for the log.
    pub fn internal(cause: impl Into<Cow<'static, str>>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Kind::Internal, "internal") }
    }

    /// The same problem, about this form field.
    #[must_use]
    pub const fn at(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// The same problem, with a value for its text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// The same problem, with its cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(Cow::Owned(cause.to_string()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}
