//! Diameter on the wire: RFC 6733, and what of RFC 8506 and TS 32.299 online charging of data needs.
//!
//! Below, the codec: [`frame_length`] cuts messages out of a stream, [`Message::read`] borrows one from its bytes,
//! [`Writer`] appends one to a buffer, [`Answer`] frames the answer to a request. [`Error`] says how a message that cannot be accepted
//! wants to be answered. [`dictionary`] knows every AVP of those documents by name.
//!
//! Above, the commands as types: [`Capabilities`], [`Watchdog`] and [`Disconnect`] of the base protocol, and in
//! [`gy`] the credit control. No IO, no clock; nothing panics, whatever the bytes.

mod answer;
mod avp;
mod base;
pub mod dictionary;
mod dump;
mod error;
mod fields;
pub mod gy;
mod header;
pub mod key;
mod message;
pub mod result;
mod time;
mod write;

pub use answer::Answer;
pub use avp::{Avp, Avps, MAX_AVPS, MAX_DEPTH};
pub use base::{
    Capabilities, Disconnect, DisconnectCause, Ids, Origin, Outcome, Watchdog, application, command,
};
pub use error::Error;
pub use header::{Flags, HEADER_LENGTH, Header, frame_length};
pub use key::Key;
pub use message::Message;
pub use time::Time;
pub use write::{TooLong, Writer};
