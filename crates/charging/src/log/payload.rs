//! What one row of the log holds: a format version, the entries of one batch, and a checksum.
//!
//! ```text
//! byte     format version (1)
//! zigzag   now: the shard's time, milliseconds since 1970
//! varint   number of entries, then each:
//!   byte 1   the epoch began;   text node
//!   byte 2   a command's facts; 16 bytes pool, varint ms before now, varint count, events
//! 4 bytes  crc32c, little-endian, over shard, seq and epoch (8 bytes each, little-endian) and all before it
//! ```
//! The place of the row is under the checksum too, so a row that was copied elsewhere is noticed.

use basis::{Id, Pool as PoolNoun, Timestamp};

use super::wire::{Code, Malformed, Reader, Writer};
use crate::pool::Event;

/// The only format so far; a reader knows every older one.
const VERSION: u8 = 1;

/// Where a row lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shard: u32,
    pub(crate) seq: u64,
    pub(crate) epoch: u64,
}

/// The facts of one batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    /// The shard's time at its end; never before that of the row in front of it.
    pub(crate) now: Timestamp,
    pub(crate) entries: Vec<Entry>,
}

/// One entry of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A node took the shard over; the row's epoch is the new one.
    Epoch {
        /// Its name.
        node: String,
    },
    /// What one command changed.
    Pool {
        /// The pool.
        pool: Id<PoolNoun>,
        /// When, by the shard's time.
        at: Timestamp,
        /// The facts, in order.
        events: Vec<Event>,
    },
}

const EPOCH: u8 = 1;
const POOL: u8 = 2;

/// The bytes of a row.
pub(crate) fn encode(place: Place, batch: &Batch) -> Vec<u8> {
    let mut to = Writer::default();
    to.byte(VERSION);
    batch.now.write(&mut to);
    batch.entries.len().write(&mut to);
    for entry in &batch.entries {
        match entry {
            Entry::Epoch { node } => {
                to.byte(EPOCH);
                node.write(&mut to);
            }
            Entry::Pool { pool, at, events } => {
                to.byte(POOL);
                pool.write(&mut to);
                u64::try_from(batch.now.since(*at)).unwrap_or(0).write(&mut to);
                events.write(&mut to);
            }
        }
    }
    seal(place, to)
}

/// The batch of a row.
pub(crate) fn decode(place: Place, payload: &[u8]) -> Result<Batch, Malformed> {
    let mut from = Reader::new(unseal(place, payload)?);
    if from.byte()? != VERSION {
        return Err(Malformed::Version);
    }
    let now = Timestamp::read(&mut from)?;
    let count = from.count()?;
    let entries = (0..count).map(|_| entry(&mut from, now)).collect::<Result<_, _>>()?;
    from.end()?;
    Ok(Batch { now, entries })
}

fn entry(from: &mut Reader<'_>, now: Timestamp) -> Result<Entry, Malformed> {
    match from.byte()? {
        EPOCH => Ok(Entry::Epoch { node: String::read(from)? }),
        POOL => {
            let pool = Id::read(from)?;
            let before = i64::try_from(u64::read(from)?).map_err(|_| Malformed::Number)?;
            Ok(Entry::Pool { pool, at: now.plus_ms(-before), events: Vec::read(from)? })
        }
        _ => Err(Malformed::Tag),
    }
}

/// Puts the checksum behind the bytes.
pub(crate) fn seal(place: Place, mut bytes: Writer) -> Vec<u8> {
    let sum = checksum(place, bytes.as_bytes());
    bytes.raw(&sum.to_le_bytes());
    bytes.into_bytes()
}

/// The bytes in front of a checksum that agrees.
pub(crate) fn unseal(place: Place, payload: &[u8]) -> Result<&[u8], Malformed> {
    let (bytes, sum) = payload.split_last_chunk::<4>().ok_or(Malformed::Short)?;
    if checksum(place, bytes) == u32::from_le_bytes(*sum) { Ok(bytes) } else { Err(Malformed::Checksum) }
}

fn checksum(place: Place, bytes: &[u8]) -> u32 {
    let mut sum = crc32c::crc32c(&u64::from(place.shard).to_le_bytes());
    sum = crc32c::crc32c_append(sum, &place.seq.to_le_bytes());
    sum = crc32c::crc32c_append(sum, &place.epoch.to_le_bytes());
    crc32c::crc32c_append(sum, bytes)
}
