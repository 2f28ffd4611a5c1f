//! The 20 bytes before the AVPs (RFC 6733 §3), and where a message ends in a stream.

use crate::{Error, result};

/// The length of a message's header in bytes.
pub const HEADER_LENGTH: usize = 20;

/// The only version there is.
pub(crate) const VERSION: u8 = 1;

/// The flags of a message's header. Bits that RFC 6733 reserves are kept as they came and mean nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// R: a request, not an answer.
    pub const REQUEST: Self = Self(0x80);
    /// P: may be relayed.
    pub const PROXIABLE: Self = Self(0x40);
    /// E: an answer that carries a protocol error (Result-Code 3xxx).
    pub const ERROR: Self = Self(0x20);
    /// T: perhaps sent before, over a link that broke.
    pub const RETRANSMITTED: Self = Self(0x10);

    /// Both sets of flags.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A message's header, without version and length: the reader has checked them and the writer fills them in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// R, P, E and T.
    pub flags: Flags,
    /// The command code, 24 bits.
    pub command: u32,
    /// The application that the command belongs to.
    pub application: u32,
    /// Ties an answer to its request on one connection.
    pub hop_by_hop: u32,
    /// With the Origin-Host, names a request across retransmissions.
    pub end_to_end: u32,
}

impl Header {
    /// Reads the header, whatever stands behind it, and how long it says that the message is.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, usize), Error> {
        let short = || Error::message(result::INVALID_MESSAGE_LENGTH, "shorter than a header");
        let [version_length, flags_command, application, hop_by_hop, end_to_end] =
            words(bytes).ok_or_else(short)?;
        let [version, ..] = version_length.to_be_bytes();
        if version != VERSION {
            return Err(Error::message(result::UNSUPPORTED_VERSION, "the version is not 1"));
        }
        let [flags, ..] = flags_command.to_be_bytes();
        let command = flags_command & 0x00ff_ffff;
        let length = usize::try_from(version_length & 0x00ff_ffff).map_err(|_| short())?;
        Ok((Self { flags: Flags(flags), command, application, hop_by_hop, end_to_end }, length))
    }

    /// A request rather than an answer.
    pub const fn is_request(&self) -> bool {
        self.flags.has(Flags::REQUEST)
    }
}

fn words(bytes: &[u8]) -> Option<[u32; 5]> {
    let (mut words, mut rest) = ([0; 5], bytes);
    for word in &mut words {
        let (four, behind) = rest.split_first_chunk()?;
        (*word, rest) = (u32::from_be_bytes(*four), behind);
    }
    Some(words)
}

/// How many bytes the message at the start of a stream has; `None` until its first 4 bytes are there.
///
/// Ask before making room: a peer may claim 16 MB.
///
/// # Errors
/// [`result::UNSUPPORTED_VERSION`], or [`result::INVALID_MESSAGE_LENGTH`] for a length that is below a header, no multiple
/// of 4, or above `max`. The stream has no next message then: close it.
pub fn frame_length(stream: &[u8], max: usize) -> Result<Option<usize>, Error> {
    let Some(&[version, high, middle, low]) = stream.first_chunk() else { return Ok(None) };
    if version != VERSION {
        return Err(Error::message(result::UNSUPPORTED_VERSION, "the version is not 1"));
    }
    let wrong = |note| Error::message(result::INVALID_MESSAGE_LENGTH, note);
    let length = u32::from_be_bytes([0, high, middle, low]);
    let length = usize::try_from(length).map_err(|_| wrong("longer than this machine can count"))?;
    match length {
        _ if length < HEADER_LENGTH => Err(wrong("shorter than a header")),
        _ if !length.is_multiple_of(4) => Err(wrong("not a multiple of 4")),
        _ if length > max => Err(wrong("longer than is taken here")),
        _ => Ok(Some(length)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_claims_16_megabytes_is_refused_from_four_bytes() {
        assert_eq!(frame_length(&[1, 0xff, 0xff], 65_536).unwrap(), None, "not enough to tell");
        let refused = frame_length(&[1, 0xff, 0xff, 0xfc], 65_536).unwrap_err();
        assert_eq!(refused.result_code, result::INVALID_MESSAGE_LENGTH);
        assert_eq!(frame_length(&[1, 0xff, 0xff, 0xfc], usize::MAX).unwrap(), Some(0x00ff_fffc));
    }

    #[test]
    fn a_length_that_no_message_has_is_refused() {
        for low in [0, 16, 19, 21, 22, 23] {
            let refused = frame_length(&[1, 0, 0, low], 65_536).unwrap_err();
            assert_eq!(refused.result_code, result::INVALID_MESSAGE_LENGTH, "{low}");
        }
        assert_eq!(frame_length(&[1, 0, 0, 20], 20).unwrap(), Some(20));
        assert_eq!(frame_length(&[2, 0, 0, 20], 20).unwrap_err().result_code, result::UNSUPPORTED_VERSION);
    }
}
