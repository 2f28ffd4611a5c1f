//! Writes messages into a buffer: groups in place, their lengths patched afterwards, nothing copied twice.

use std::net::IpAddr;

use crate::{
    Header, Key, Time,
    avp::{MANDATORY, VENDOR},
    dictionary, header,
};

/// What 24 bits of length can say.
const MAX_LENGTH: usize = 0x00ff_ffff;

/// The message or an AVP of it would be longer than 16 MB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the message would be longer than its length field can say")]
pub struct TooLong;

/// One message being written at the end of a buffer, so that several can leave in one piece.
///
/// AVPs carry the M flag as the documents have it ([`Key::is_mandatory`]).
#[derive(Debug)]
pub struct Writer<'v> {
    out: &'v mut Vec<u8>,
    start: usize,
    too_long: bool,
}

impl<'v> Writer<'v> {
    /// Begins a message behind what already stands in `out`.
    pub fn new(out: &'v mut Vec<u8>, header: &Header) -> Self {
        let start = out.len();
        let flags_command = (u32::from(header.flags.0) << 24) | (header.command & 0x00ff_ffff);
        out.extend_from_slice(&[header::VERSION, 0, 0, 0]);
        for word in [flags_command, header.application, header.hop_by_hop, header.end_to_end] {
            out.extend_from_slice(&word.to_be_bytes());
        }
        Self { out, start, too_long: false }
    }

    /// Ends the message.
    ///
    /// # Errors
    /// [`TooLong`]; `out` is then as it was before [`Writer::new`].
    pub fn finish(mut self) -> Result<(), TooLong> {
        self.patch_length(self.start);
        if self.too_long {
            self.out.truncate(self.start);
            return Err(TooLong);
        }
        Ok(())
    }

    /// OctetString, and any other type whose bytes are ready.
    pub fn octets(&mut self, key: Key, value: &[u8]) -> &mut Self {
        self.avp(key, |out| out.extend_from_slice(value))
    }

    /// UTF8String and DiameterIdentity.
    pub fn text(&mut self, key: Key, value: &str) -> &mut Self {
        self.octets(key, value.as_bytes())
    }

    /// Unsigned32 and Enumerated.
    pub fn u32(&mut self, key: Key, value: u32) -> &mut Self {
        self.octets(key, &value.to_be_bytes())
    }

    /// Unsigned64.
    pub fn u64(&mut self, key: Key, value: u64) -> &mut Self {
        self.octets(key, &value.to_be_bytes())
    }

    /// Integer32.
    pub fn i32(&mut self, key: Key, value: i32) -> &mut Self {
        self.octets(key, &value.to_be_bytes())
    }

    /// Integer64.
    pub fn i64(&mut self, key: Key, value: i64) -> &mut Self {
        self.octets(key, &value.to_be_bytes())
    }

    /// Time.
    pub fn time(&mut self, key: Key, value: Time) -> &mut Self {
        self.u32(key, value.ntp())
    }

    /// Address.
    pub fn address(&mut self, key: Key, value: IpAddr) -> &mut Self {
        self.avp(key, |out| match value {
            IpAddr::V4(v4) => {
                out.extend_from_slice(&[0, 1]);
                out.extend_from_slice(&v4.octets());
            }
            IpAddr::V6(v6) => {
                out.extend_from_slice(&[0, 2]);
                out.extend_from_slice(&v6.octets());
            }
        })
    }

    /// Grouped: `inside` writes what stands in it.
    pub fn group(&mut self, key: Key, inside: impl FnOnce(&mut Self)) -> &mut Self {
        let start = self.begin(key, if key.is_mandatory() { MANDATORY } else { 0 });
        inside(self);
        self.patch_length(start);
        self
    }

    /// An AVP with exactly these flags; V is set by the key's vendor.
    pub fn flagged(&mut self, key: Key, flags: u8, value: &[u8]) -> &mut Self {
        let start = self.begin(key, flags & !VENDOR);
        self.out.extend_from_slice(value);
        self.end(start);
        self
    }

    /// AVPs that are already whole, with headers and padding.
    pub fn raw(&mut self, avps: &[u8]) -> &mut Self {
        self.out.extend_from_slice(avps);
        self
    }

    fn avp(&mut self, key: Key, value: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let start = self.begin(key, if key.is_mandatory() { MANDATORY } else { 0 });
        value(self.out);
        self.end(start);
        self
    }

    fn begin(&mut self, key: Key, flags: u8) -> usize {
        let start = self.out.len();
        self.out.extend_from_slice(&avp_header(key, flags, 0));
        if key.vendor != 0 {
            self.out.extend_from_slice(&key.vendor.to_be_bytes());
        }
        start
    }

    fn end(&mut self, start: usize) {
        self.patch_length(start);
        pad(self.out, start);
    }

    /// The length stands in the second to fourth byte of a message, and in the sixth to eighth of an AVP.
    fn patch_length(&mut self, start: usize) {
        let length = self.out.len().saturating_sub(start);
        self.too_long |= length > MAX_LENGTH;
        let at = if start == self.start { start.saturating_add(1) } else { start.saturating_add(5) };
        let bytes = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        if let (Some(place), [_, length @ ..]) = (self.out.get_mut(at..at.saturating_add(3)), bytes) {
            place.copy_from_slice(&length);
        }
    }
}

/// The first 8 bytes of an AVP. V follows from the vendor.
fn avp_header(key: Key, flags: u8, length: u8) -> [u8; 8] {
    let [a, b, c, d] = key.code.to_be_bytes();
    let vendor = if key.vendor == 0 { 0 } else { VENDOR };
    [a, b, c, d, flags | vendor, 0, 0, length]
}

fn pad(out: &mut Vec<u8>, start: usize) {
    while !out.len().wrapping_sub(start).is_multiple_of(4) {
        out.push(0);
    }
}

/// An AVP as it came, with its padding.
pub(crate) fn padded(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len().next_multiple_of(4));
    out.extend_from_slice(raw);
    pad(&mut out, 0);
    out
}

/// An AVP with the shortest value of its type, all zeros, for Failed-AVP.
pub(crate) fn zeroed(key: Key) -> Vec<u8> {
    let value = dictionary::lookup(key).map_or(0, |entry| entry.kind.shortest());
    let header = if key.vendor == 0 { 8 } else { 12 };
    let flags = if key.is_mandatory() { MANDATORY } else { 0 };
    let mut out = avp_header(key, flags, header + value).to_vec();
    if key.vendor != 0 {
        out.extend_from_slice(&key.vendor.to_be_bytes());
    }
    out.resize(usize::from(header + value), 0);
    pad(&mut out, 0);
    out
}
