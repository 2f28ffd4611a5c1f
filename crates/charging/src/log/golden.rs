//! The format is a promise: what was written once is read for ever, and any other bytes are refused, not believed.
//!
//! `tests/golden/<name>.hex` holds what version 1 wrote. A file that is missing is written by `GOLDEN=write`; one that is
//! there is never changed.

mod examples;

use basis::{Allowance, Beyond, DataVolume, Id, RenewalRule, StartRule, Terms, Timestamp};
use proptest::prelude::*;

use super::payload::{Batch, Entry, Place as RowPlace, decode, encode};
use examples::*;

use super::wire::{Code, Reader, Writer};
use crate::pool::{
    Answer, Ask, Behind, Bundle, CapKind, Caps, Closed, Command, Control, Credit, End, Event, Few, Grant,
    Leaving, Life, LineIdentity, Luggage, Place, Pool, Quota, Refusal, RequestKind, Service, ServiceAnswer,
    Session, SessionKey, State, Use, Verdict,
};

const NOW: Timestamp = Timestamp(1_790_000_000_123);
const ROW: RowPlace = RowPlace { shard: 3, seq: 77, epoch: 5 };

fn golden(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if !path.exists() && std::env::var("GOLDEN").is_ok_and(|how| how == "write") {
        let hex = |line: &[u8]| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let lines: Vec<_> = bytes.chunks(48).map(hex).collect();
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
fn a_row_of_version_1_is_read_and_written_as_ever() {
    let batch = every_batch();
    let golden = golden("row-v1.hex", &encode(ROW, &batch));
    assert_eq!(decode(ROW, &golden), Ok(batch.clone()));
    assert_eq!(encode(ROW, &batch), golden);
}

#[test]
fn a_pool_of_version_1_is_read_and_written_as_ever() {
    let mut to = Writer::default();
    lived_in().state().write(&mut to);
    let golden = golden("pool-v1.hex", &to.into_bytes());
    let mut from = Reader::new(&golden);
    let state = State::read(&mut from).unwrap();
    assert_eq!(from.end(), Ok(()));
    let mut again = Writer::default();
    state.write(&mut again);
    assert_eq!(again.into_bytes(), golden);
    Pool::restore(state).check_invariants().unwrap();
}

#[test]
fn a_row_with_moves_is_read_and_written_as_ever() {
    let batch = moves_batch();
    let golden = golden("row-moves-v1.hex", &encode(ROW, &batch));
    assert_eq!(decode(ROW, &golden), Ok(batch.clone()));
    assert_eq!(encode(ROW, &batch), golden);
}

#[test]
fn a_row_with_slowness_is_read_and_written_as_ever() {
    let batch = slow_batch();
    let golden = golden("row-slow-v1.hex", &encode(ROW, &batch));
    assert_eq!(decode(ROW, &golden), Ok(batch.clone()));
    assert_eq!(encode(ROW, &batch), golden);
}

#[test]
fn a_pool_with_moves_is_read_and_written_as_ever() {
    let mut to = Writer::default();
    travelled().state().write(&mut to);
    let golden = golden("pool-moves-v1.hex", &to.into_bytes());
    let mut from = Reader::new(&golden);
    let state = State::read(&mut from).unwrap();
    assert_eq!(from.end(), Ok(()));
    let mut again = Writer::default();
    state.write(&mut again);
    assert_eq!(again.into_bytes(), golden);
    let moves = state.moves.as_ref().unwrap();
    assert_eq!((moves.over.len(), moves.gone.len(), moves.moved.len()), (2, 2, 1));
    assert!(moves.gone[0].luggage.is_none() && moves.gone[1].luggage.is_some());
    Pool::restore(state).check_invariants().unwrap();
}

#[test]
fn every_cut_and_every_flipped_bit_is_noticed() {
    every_damage_is_noticed(&encode(ROW, &every_batch()));
    every_damage_is_noticed(&encode(ROW, &moves_batch()));
    every_damage_is_noticed(&encode(ROW, &slow_batch()));
}

fn every_damage_is_noticed(row: &[u8]) {
    for len in 0..row.len() {
        assert!(decode(ROW, &row[..len]).is_err(), "cut to {len}");
    }
    for bit in 0..row.len() * 8 {
        let mut bytes = row.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(ROW, &bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn a_row_at_another_place_is_noticed() {
    let row = encode(ROW, &every_batch());
    for place in [RowPlace { shard: 4, ..ROW }, RowPlace { seq: 78, ..ROW }, RowPlace { epoch: 6, ..ROW }] {
        assert!(decode(place, &row).is_err(), "{place:?}");
    }
}

proptest! {
    /// Past the checksum, too, no bytes make the reader panic, and what it reads it would write again.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut from = Reader::new(&bytes);
        if let Ok(events) = Vec::<Event>::read(&mut from) {
            let mut to = Writer::default();
            events.write(&mut to);
            prop_assert!(bytes.len() >= to.len());
        }
        let _ = State::read(&mut Reader::new(&bytes));
        let _ = decode(ROW, &bytes);
    }

    /// So do real bytes with a few of them changed.
    #[test]
    fn damaged_bytes_are_read_or_refused(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut to = Writer::default();
        travelled().state().write(&mut to);
        every_event().write(&mut to);
        events_of_moves().write(&mut to);
        let mut bytes = to.into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut from = Reader::new(&bytes);
        if State::read(&mut from).is_ok() {
            let _ = (Vec::<Event>::read(&mut from), Vec::<Event>::read(&mut from));
        }
    }
}
