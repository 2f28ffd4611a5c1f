//! A whole message, borrowed from the bytes that came.

use crate::{Avp, Avps, Error, Flags, HEADER_LENGTH, Header, Key, dictionary, result};

/// A message whose header and outermost AVPs were checked. Groups are checked when they are entered.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    header: Header,
    avps: Avps<'a>,
}

impl<'a> Message<'a> {
    /// Reads one message: exactly as many bytes as [`crate::frame_length`] said.
    ///
    /// # Errors
    /// The header's, [`result::INVALID_HDR_BITS`] for a request that claims to be an error, and those of [`Avps`].
    /// [`Message::salvage`] then has what is needed to answer.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let (header, length) = Header::read(bytes)?;
        let wrong = |note| Error::message(result::INVALID_MESSAGE_LENGTH, note);
        let body = bytes.get(HEADER_LENGTH..).ok_or_else(|| wrong("shorter than a header"))?;
        if length != bytes.len() || !length.is_multiple_of(4) {
            return Err(wrong("the length is not that of the message"));
        }
        if header.flags.has(Flags::REQUEST.with(Flags::ERROR)) {
            return Err(Error::message(result::INVALID_HDR_BITS, "a request with the E flag"));
        }
        Ok(Self { header, avps: Avps::read(body, 0)? })
    }

    /// What a broken message still says: its header, and the AVPs ahead of the first mistake. Enough for an answer.
    pub fn salvage(bytes: &'a [u8]) -> Option<Self> {
        let (header, _) = Header::read(bytes).ok()?;
        Some(Self { header, avps: Avps::until_broken(bytes.get(HEADER_LENGTH..)?) })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The outermost AVPs.
    pub fn avps(&self) -> Avps<'a> {
        self.avps.clone()
    }

    /// The first outermost AVP with this code and vendor.
    pub fn find(&self, key: Key) -> Option<Avp<'a>> {
        self.avps.first(key)
    }

    /// Like [`Message::find`], or [`result::MISSING_AVP`].
    pub fn require(&self, key: Key) -> Result<Avp<'a>, Error> {
        self.find(key).ok_or_else(|| Error::missing(key))
    }

    /// For peers that are to be held to the standard: refuses AVPs, however deep in groups, that carry the M flag and
    /// that we do not know.
    ///
    /// # Errors
    /// [`result::AVP_UNSUPPORTED`] with the AVP to blame, and whatever is wrong inside groups.
    pub fn check_known(&self) -> Result<(), Error> {
        check_known(self.avps())
    }
}

/// Goes no deeper than [`crate::MAX_DEPTH`]: [`Avp::group`] refuses beyond it.
fn check_known(avps: Avps<'_>) -> Result<(), Error> {
    for avp in avps {
        match dictionary::lookup(avp.key()) {
            None if avp.is_mandatory() => return Err(Error::unsupported(&avp)),
            Some(entry) if entry.kind == dictionary::Kind::Grouped => check_known(avp.group()?)?,
            _ => {}
        }
    }
    Ok(())
}
