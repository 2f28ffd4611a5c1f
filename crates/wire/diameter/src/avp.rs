//! One AVP and the walk over several (RFC 6733 §4), without copying.

use std::net::IpAddr;

use crate::{Error, Key, Time, result, write};

/// How deep groups may nest. The messages of TS 32.299 nest far less.
pub const MAX_DEPTH: u8 = 16;

/// How many AVPs may stand side by side in one message or group.
pub const MAX_AVPS: usize = 1024;

/// V: a vendor's id follows the length.
pub(crate) const VENDOR: u8 = 0x80;
/// M: whoever does not know this AVP must refuse the message.
pub(crate) const MANDATORY: u8 = 0x40;
/// Bits that no one has defined.
const RESERVED: u8 = 0x1f;

/// One AVP, borrowed from the message's bytes.
#[derive(Clone, Copy, Debug)]
pub struct Avp<'a> {
    key: Key,
    flags: u8,
    data: &'a [u8],
    raw: &'a [u8],
    depth: u8,
}

impl<'a> Avp<'a> {
    /// Code and vendor.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// Whether the sender set the M flag.
    pub const fn is_mandatory(&self) -> bool {
        self.flags & MANDATORY != 0
    }

    /// The flags as they came: V 0x80, M 0x40, P 0x20.
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// The value, for OctetString and any type that has no accessor.
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Header and value as they came, without padding.
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Unsigned32, and Enumerated, whose values are never negative in what we serve.
    pub fn u32(&self) -> Result<u32, Error> {
        self.fixed().map(u32::from_be_bytes)
    }

    /// Unsigned64.
    pub fn u64(&self) -> Result<u64, Error> {
        self.fixed().map(u64::from_be_bytes)
    }

    /// Integer32.
    pub fn i32(&self) -> Result<i32, Error> {
        self.fixed().map(i32::from_be_bytes)
    }

    /// Integer64.
    pub fn i64(&self) -> Result<i64, Error> {
        self.fixed().map(i64::from_be_bytes)
    }

    /// Float32.
    pub fn f32(&self) -> Result<f32, Error> {
        self.fixed().map(f32::from_be_bytes)
    }

    /// Float64.
    pub fn f64(&self) -> Result<f64, Error> {
        self.fixed().map(f64::from_be_bytes)
    }

    /// Time.
    pub fn time(&self) -> Result<Time, Error> {
        self.u32().map(Time::from_ntp)
    }

    /// UTF8String.
    pub fn text(&self) -> Result<&'a str, Error> {
        str::from_utf8(self.data).map_err(|_| Error::invalid_value(self, "not UTF-8"))
    }

    /// DiameterIdentity: a name of a host or a realm, never empty.
    pub fn identity(&self) -> Result<&'a str, Error> {
        match str::from_utf8(self.data) {
            Ok(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(name),
            _ => Err(Error::invalid_value(self, "not a name of a host or realm")),
        }
    }

    /// Address of family 1 (IPv4) or 2 (IPv6).
    pub fn address(&self) -> Result<IpAddr, Error> {
        let wrong = || Error::invalid_value(self, "not an IP address");
        let (family, bytes) = self.data.split_first_chunk().ok_or_else(wrong)?;
        match u16::from_be_bytes(*family) {
            1 => <[u8; 4]>::try_from(bytes).map(IpAddr::from).map_err(|_| wrong()),
            2 => <[u8; 16]>::try_from(bytes).map(IpAddr::from).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    /// Grouped: the AVPs inside, checked.
    ///
    /// # Errors
    /// As [`Avps`] says; [`result::UNABLE_TO_COMPLY`] beyond [`MAX_DEPTH`].
    pub fn group(&self) -> Result<Avps<'a>, Error> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::message(result::UNABLE_TO_COMPLY, "AVPs nest too deep"));
        }
        Avps::read(self.data, self.depth.saturating_add(1))
    }

    fn fixed<const N: usize>(&self) -> Result<[u8; N], Error> {
        self.data.try_into().map_err(|_| Error::length(self.key, "the length is not that of the type"))
    }
}

/// AVPs that stand side by side. All of them were checked when this was made, so the walk cannot fail.
#[derive(Clone, Debug)]
pub struct Avps<'a> {
    rest: &'a [u8],
    depth: u8,
}

impl<'a> Avps<'a> {
    /// Checks every AVP at this level: [`result::INVALID_AVP_LENGTH`], [`result::INVALID_AVP_BITS`], or
    /// [`result::UNABLE_TO_COMPLY`] for more than [`MAX_AVPS`].
    pub(crate) fn read(bytes: &'a [u8], depth: u8) -> Result<Self, Error> {
        let mut rest = bytes;
        for _ in 0..=MAX_AVPS {
            if rest.is_empty() {
                return Ok(Self { rest: bytes, depth });
            }
            (_, rest) = split(rest, depth)?;
        }
        Err(Error::message(result::UNABLE_TO_COMPLY, "too many AVPs"))
    }

    /// What can be read ahead of the first mistake.
    pub(crate) fn until_broken(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, depth: 0 }
    }

    /// The first AVP with this code and vendor.
    pub fn first(&self, key: Key) -> Option<Avp<'a>> {
        self.clone().find(|avp| avp.key == key)
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Avp<'a>;

    fn next(&mut self) -> Option<Avp<'a>> {
        let (avp, rest) = split(self.rest, self.depth).ok()?;
        self.rest = rest;
        Some(avp)
    }
}

/// The first AVP and what stands behind it and its padding. The last one may lack its padding: some stacks leave it
/// off inside groups, and nothing is lost.
fn split(bytes: &[u8], depth: u8) -> Result<(Avp<'_>, &[u8]), Error> {
    let Some(([code, flags_length], behind)) = two_words(bytes) else {
        return Err(cut_header(bytes));
    };
    let [flags, ..] = flags_length.to_be_bytes();
    let (vendor, header) = match (flags & VENDOR != 0, behind.first_chunk()) {
        (false, _) => (0, 8),
        (true, Some(vendor)) => (u32::from_be_bytes(*vendor), 12),
        (true, None) => return Err(cut_header(bytes)),
    };
    let key = Key { code, vendor };
    if flags & RESERVED != 0 {
        let note = "an AVP has flags that no one has defined";
        return Err(Error::blaming(result::INVALID_AVP_BITS, write::zeroed(key), note));
    }
    let length = usize::try_from(flags_length & 0x00ff_ffff).unwrap_or(usize::MAX);
    let Some((raw, behind)) = bytes.split_at_checked(length) else {
        return Err(Error::length(key, "the AVP ends behind the end of what holds it"));
    };
    let Some(data) = raw.get(header..) else {
        return Err(Error::length(key, "the AVP is shorter than its header"));
    };
    let padding = length.next_multiple_of(4).saturating_sub(length);
    Ok((Avp { key, flags, data, raw, depth }, behind.get(padding..).unwrap_or_default()))
}

fn two_words(bytes: &[u8]) -> Option<([u32; 2], &[u8])> {
    let (first, rest) = bytes.split_first_chunk()?;
    let (second, rest) = rest.split_first_chunk()?;
    Some(([u32::from_be_bytes(*first), u32::from_be_bytes(*second)], rest))
}

/// A header that the end cuts off is shown filled up with zeros (RFC 6733 §7.1.5).
fn cut_header(bytes: &[u8]) -> Error {
    let mut header = bytes.to_vec();
    let with_vendor = header.get(4).is_some_and(|flags| flags & VENDOR != 0);
    header.resize(if with_vendor { 12 } else { 8 }, 0);
    Error::blaming(result::INVALID_AVP_LENGTH, header, "the end cuts off an AVP's header")
}
