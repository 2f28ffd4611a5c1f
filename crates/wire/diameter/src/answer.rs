//! The frame of an answer: what it takes over from its request.

use crate::{Error, Flags, Header, Message, Origin, TooLong, Writer, key, write};

/// What must be kept of a request until it is answered. Owned, so that the request's bytes can go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    header: Header,
    /// Session-Id, then every Proxy-Info in its order, each whole.
    kept: Vec<u8>,
    session_id: usize,
}

impl Answer {
    /// To this request, or to what [`Message::salvage`] could save of it.
    pub fn to(request: &Message<'_>) -> Self {
        let asked = request.header();
        let flags = if asked.flags.has(Flags::PROXIABLE) { Flags::PROXIABLE } else { Flags::default() };
        let mut kept = request.find(key::SESSION_ID).map_or_else(Vec::new, |avp| write::padded(avp.raw()));
        let session_id = kept.len();
        for proxy in request.avps().filter(|avp| avp.key() == key::PROXY_INFO) {
            kept.extend_from_slice(&write::padded(proxy.raw()));
        }
        Self { header: Header { flags, ..*asked }, kept, session_id }
    }

    /// The header of the answer: the request's ids and P flag, without R.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Writes the answer behind what stands in `out`: Session-Id, Result-Code (with the E flag for 3xxx), Origin-Host and
    /// Origin-Realm, then what `rest` writes, then the request's Proxy-Info.
    ///
    /// # Errors
    /// [`TooLong`]; `out` is then unchanged.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        result_code: u32,
        origin: Origin<'_>,
        rest: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), TooLong> {
        let error = if (3000..4000).contains(&result_code) { Flags::ERROR } else { Flags::default() };
        let header = Header { flags: self.header.flags.with(error), ..self.header };
        let (session_id, proxies) = self.kept.split_at_checked(self.session_id).unwrap_or_default();
        let mut writer = Writer::new(out, &header);
        writer.raw(session_id).u32(key::RESULT_CODE, result_code);
        origin.write(&mut writer);
        rest(&mut writer);
        writer.raw(proxies);
        writer.finish()
    }

    /// Answers that the request cannot be accepted, with Failed-AVP where the error names one.
    ///
    /// # Errors
    /// [`TooLong`]; `out` is then unchanged.
    pub fn refuse(&self, out: &mut Vec<u8>, error: &Error, origin: Origin<'_>) -> Result<(), TooLong> {
        self.write(out, error.result_code, origin, |writer| {
            writer.text(key::ERROR_MESSAGE, error.note);
            if let Some(failed) = &error.failed {
                writer.group(key::FAILED_AVP, |inside| {
                    inside.raw(failed);
                });
            }
        })
    }
}
