//! A provider's message, and what it is answered.

use bytes::Bytes;
use http::{Response, StatusCode, header};

use crate::inbox::Received;

/// A message that passed its signature check. Only a hint about what to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Unique per provider.
    pub event_id: String,
    /// The provider's word for what happened.
    pub kind: String,
    /// The provider's name for the payment.
    pub provider_ref: Option<String>,
    /// Our payment, or the refund of one, as the provider recorded it.
    pub reference: Option<String>,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookRejected {
    /// No such provider.
    #[error("no such provider")]
    UnknownProvider,
    /// Larger than any provider's message.
    #[error("message too large")]
    TooLarge,
    /// No signature, or not theirs.
    #[error("signature missing or wrong")]
    BadSignature,
    /// The provider tries whether we check signatures: this one is wrong on purpose.
    #[error("signature probe")]
    Probe,
    /// Signed too long ago, or in the future.
    #[error("signed outside the tolerated time")]
    Stale,
    /// Signed, but not a message we can read.
    #[error("message unreadable")]
    Unreadable,
    /// What its signature is checked with could not be fetched; the provider should try again.
    #[error("cannot be checked now: {0}")]
    Uncheckable(String),
    /// It could not be stored; the provider should try again.
    #[error("cannot be stored now: {0}")]
    Unavailable(String),
}

impl HookRejected {
    /// The word for metrics and answers.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::UnknownProvider => "unknown provider",
            Self::TooLarge => "too large",
            Self::BadSignature => "bad signature",
            Self::Probe => "signature probe",
            Self::Stale => "signed outside the tolerated time",
            Self::Unreadable => "unreadable",
            Self::Uncheckable(_) => "uncheckable",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The status that says so; a provider that gets 4xx may stop sending, one that gets 503 tries again.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::UnknownProvider => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BadSignature | Self::Probe => StatusCode::UNAUTHORIZED,
            Self::Stale | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Uncheckable(_) | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// 204 for what is taken, else the status of the refusal and its word: what providers want that read the status only.
pub fn plain_answer(outcome: &Result<Received, HookRejected>) -> Response<Bytes> {
    let Err(rejected) = outcome else { return answer(StatusCode::NO_CONTENT, "text/plain", "") };
    let mut refusal = answer(rejected.status(), "text/plain", rejected.word());
    if rejected.status() == StatusCode::SERVICE_UNAVAILABLE {
        refusal.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    }
    refusal
}

/// An answer of this status, type and body.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: &'static str) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}
