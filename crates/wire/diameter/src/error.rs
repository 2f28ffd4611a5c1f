//! What is wrong with a message, in the terms in which RFC 6733 wants it answered.

use crate::{Avp, Key, dictionary, result, write};

/// A message, or an AVP of it, that cannot be accepted: the Result-Code to answer with and the AVP to blame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{result_code} {}: {note}", dictionary::result_name(*result_code).unwrap_or("?"))]
pub struct Error {
    /// The Result-Code for the answer.
    pub result_code: u32,
    /// A whole AVP with its padding, as it belongs into Failed-AVP.
    pub failed: Option<Box<[u8]>>,
    /// Why, for the log.
    pub note: &'static str,
}

impl Error {
    /// Something about the message as a whole.
    pub const fn message(result_code: u32, note: &'static str) -> Self {
        Self { result_code, failed: None, note }
    }

    /// 5005: the command needs this AVP. Failed-AVP shows one with the smallest value of its type, all zeros.
    pub fn missing(key: Key) -> Self {
        Self::blaming(result::MISSING_AVP, write::zeroed(key), "a required AVP is not there")
    }

    /// 5004: the value is none that this AVP can have.
    pub fn invalid_value(avp: &Avp<'_>, note: &'static str) -> Self {
        Self::blaming(result::INVALID_AVP_VALUE, write::padded(avp.raw()), note)
    }

    /// 5009: `avp` is the first that is one too many.
    pub fn too_many(avp: &Avp<'_>) -> Self {
        let note = "the AVP may stand here only once";
        Self::blaming(result::AVP_OCCURS_TOO_MANY_TIMES, write::padded(avp.raw()), note)
    }

    /// 5001: `avp` has the M flag, and we do not know it.
    pub fn unsupported(avp: &Avp<'_>) -> Self {
        Self::blaming(
            result::AVP_UNSUPPORTED,
            write::padded(avp.raw()),
            "an AVP with the M flag is not known",
        )
    }

    /// 5014: the length cannot be. Failed-AVP shows the header with a zeroed value of the smallest length of its
    /// type, since the value that came cannot be told from what stands behind it (RFC 6733 §7.1.5).
    pub(crate) fn length(key: Key, note: &'static str) -> Self {
        Self::blaming(result::INVALID_AVP_LENGTH, write::zeroed(key), note)
    }

    pub(crate) fn blaming(result_code: u32, failed: Vec<u8>, note: &'static str) -> Self {
        Self { result_code, failed: Some(failed.into()), note }
    }
}
