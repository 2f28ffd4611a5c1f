//! What goes over the internal port, once both ends have shown that they know the secret ([`crate::shake`]).
//!
//! ```text
//! 4 bytes   length of what follows, big-endian
//! 1 byte    0 question, 1 answer, 2 nobody answers, 3 news
//! 1 byte    topic
//! 8 bytes   number of the question (0 for news), big-endian
//! n bytes   body
//! 16 bytes  HMAC-SHA256, cut, by the key of this connection and direction, over the frame's place in the
//!           connection (8 bytes, from 0) and all between length and here
//! ```
//! So nobody without the secret can add, change, repeat, drop or reorder a frame. It is not encrypted: keep the port in
//! a network of your own.

use std::io;

use basis::SecretKey;
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::Topic;

/// The longest frame: a pool with all its sessions is smaller.
const FRAME_MAX: usize = 16 << 20;
const HEAD: usize = 10;
const MAC: usize = 16;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Question,
    Answer,
    NoAnswer,
    News,
}

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) what: What,
    pub(crate) topic: Topic,
    pub(crate) number: u64,
    pub(crate) body: Vec<u8>,
}

/// One direction of one connection.
pub(crate) struct Seal {
    key: SecretKey,
    place: u64,
}

impl Seal {
    pub(crate) const fn new(key: SecretKey) -> Self {
        Self { key, place: 0 }
    }

    /// The mac of the next frame.
    fn mac(&mut self, content: &[u8]) -> [u8; MAC] {
        let mut message = Vec::with_capacity(content.len().saturating_add(8));
        message.extend_from_slice(&self.place.to_be_bytes());
        message.extend_from_slice(content);
        self.place = self.place.wrapping_add(1);
        let mut cut = [0; MAC];
        cut.iter_mut().zip(self.key.mac("frame", &message)).for_each(|(to, from)| *to = from);
        cut
    }
}

/// Writes one frame; the caller flushes.
pub(crate) async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    seal: &mut Seal,
    frame: &Frame,
) -> io::Result<()> {
    let mut content = Vec::with_capacity(frame.body.len().saturating_add(HEAD + MAC));
    content.push(match frame.what {
        What::Question => 0,
        What::Answer => 1,
        What::NoAnswer => 2,
        What::News => 3,
    });
    content.push(frame.topic.0);
    content.extend_from_slice(&frame.number.to_be_bytes());
    content.extend_from_slice(&frame.body);
    let mac = seal.mac(&content);
    content.extend_from_slice(&mac);
    let length = u32::try_from(content.len()).ok().filter(|_| content.len() <= FRAME_MAX);
    let length = length.ok_or_else(|| io::Error::other("a frame is too long"))?;
    to.write_all(&length.to_be_bytes()).await?;
    to.write_all(&content).await
}

/// Reads one frame.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin), seal: &mut Seal) -> io::Result<Frame> {
    let length = usize::try_from(from.read_u32().await?).unwrap_or(usize::MAX);
    if !(HEAD + MAC..=FRAME_MAX).contains(&length) {
        return Err(io::Error::other("the length of a frame is out of range"));
    }
    let mut content = Vec::new();
    // Grows with what really comes, whatever the length claims.
    from.take(u64::try_from(length).unwrap_or(0)).read_to_end(&mut content).await?;
    if content.len() != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mac = content.split_off(length.saturating_sub(MAC));
    if !bool::from(seal.mac(&content).ct_eq(mac.as_slice())) {
        return Err(io::Error::other("a frame is not from one who knows the secret"));
    }
    opened(&content).ok_or_else(|| io::Error::other("a frame of a kind that is not known"))
}

fn opened(content: &[u8]) -> Option<Frame> {
    let (head, body) = content.split_first_chunk::<HEAD>()?;
    let ([what, topic], number) = head.split_first_chunk::<2>()?;
    let what = match what {
        0 => What::Question,
        1 => What::Answer,
        2 => What::NoAnswer,
        3 => What::News,
        _ => return None,
    };
    let number = u64::from_be_bytes(number.try_into().ok()?);
    Some(Frame { what, topic: Topic(*topic), number, body: body.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(SecretKey::new([byte; 32]))
    }

    fn frame(number: u64) -> Frame {
        Frame { what: What::Question, topic: Topic(7), number, body: b"how are you".to_vec() }
    }

    async fn written(frames: &[Frame]) -> Vec<u8> {
        let (mut bytes, mut seal) = (Vec::new(), seal(1));
        for frame in frames {
            write(&mut bytes, &mut seal, frame).await.unwrap();
        }
        bytes
    }

    #[tokio::test]
    async fn frames_arrive_as_they_were_sent() {
        let bytes = written(&[frame(1), frame(2)]).await;
        let (mut from, mut seal) = (bytes.as_slice(), seal(1));
        assert_eq!(read(&mut from, &mut seal).await.unwrap(), frame(1));
        assert_eq!(read(&mut from, &mut seal).await.unwrap(), frame(2));
    }

    #[tokio::test]
    async fn a_changed_byte_a_repeat_and_a_strangers_frame_are_refused() {
        let whole = written(&[frame(1)]).await;
        for at in 4..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(read(&mut bytes.as_slice(), &mut seal(1)).await.is_err(), "byte {at}");
        }
        assert!(read(&mut whole.as_slice(), &mut seal(2)).await.is_err(), "another key");
        let (twice, mut seal) = ([whole.clone(), whole].concat(), seal(1));
        let mut from = twice.as_slice();
        read(&mut from, &mut seal).await.unwrap();
        assert!(read(&mut from, &mut seal).await.is_err(), "the same frame again");
    }

    #[tokio::test]
    async fn a_length_that_lies_costs_nothing() {
        for length in [0_u32, 3, u32::MAX, u32::try_from(FRAME_MAX).unwrap()] {
            let bytes = length.to_be_bytes();
            assert!(read(&mut bytes.as_slice(), &mut seal(1)).await.is_err(), "{length}");
        }
    }
}
