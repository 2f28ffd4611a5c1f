//! Whatever bytes a peer sends, nothing panics, and what was valid comes out as it went in.
//!
//! `HEYON_CASES` sets the cases per test for a long run. The mutation test stands in for `cargo fuzz`, which needs a nightly
//! compiler: its cases are numbered, so a failure is found again by its number.

use diameter::{
    Answer, Avps, Capabilities, Disconnect, Error, Flags, Header, Key, Message, Origin, Outcome, Watchdog,
    Writer, dictionary, frame_length,
    gy::{Abort, Cca, Ccr, ReAuth},
    key,
};
use proptest::{collection::vec, prelude::*};

const SERVER: Origin<'_> = Origin { host: "ocs.heyon.example", realm: "heyon.example" };

/// Cases per test: `HEYON_CASES`, or enough for every day.
fn cases() -> u32 {
    std::env::var("HEYON_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000)
}

const GOLDEN: &[&str] = &[
    include_str!("golden/asr.hex"),
    include_str!("golden/cca.hex"),
    include_str!("golden/ccr-initial.hex"),
    include_str!("golden/ccr-termination.hex"),
    include_str!("golden/ccr-update.hex"),
    include_str!("golden/cer.hex"),
    include_str!("golden/dpr.hex"),
    include_str!("golden/dwr.hex"),
    include_str!("golden/raa.hex"),
    include_str!("golden/rar.hex"),
];

/// Looks at a message in every way there is.
fn look(bytes: &[u8]) {
    let _ = frame_length(bytes, 65_536);
    match Message::read(bytes) {
        Ok(message) => {
            look_at(message.avps());
            let _ = message.to_string();
            let errors = [
                message.check_known().err(),
                Ccr::read(&message).err(),
                Cca::read(&message).err(),
                Capabilities::read(&message).err(),
                Watchdog::read(&message).err(),
                Disconnect::read(&message).err(),
                ReAuth::read(&message).err(),
                Abort::read(&message).err(),
                Outcome::read(&message).err(),
            ];
            errors.iter().flatten().for_each(|error| refuse(bytes, error));
            if let Ok(ccr) = Ccr::read(&message) {
                let _ =
                    (ccr.ps.visited(), ccr.ps.location(), ccr.ps.imei(), ccr.equipment.map(|it| it.imei()));
            }
        }
        Err(error) => refuse(bytes, &error),
    }
}

fn look_at(avps: Avps<'_>) {
    for avp in avps {
        let _ = (avp.u32(), avp.u64(), avp.i32(), avp.i64(), avp.f32(), avp.f64());
        let _ = (avp.text(), avp.identity(), avp.address(), avp.time().map(diameter::Time::unix_seconds));
        if let Ok(inside) = avp.group() {
            look_at(inside);
        }
    }
}

/// The answer to what cannot be accepted is itself in order.
fn refuse(bytes: &[u8], error: &Error) {
    let Some(request) = Message::salvage(bytes) else { return };
    let mut out = Vec::new();
    Answer::to(&request).refuse(&mut out, error, SERVER).unwrap();
    assert_eq!(frame_length(&out, usize::MAX).unwrap(), Some(out.len()));
    let answer = Message::read(&out).unwrap();
    if error.result_code != diameter::result::INVALID_AVP_LENGTH {
        return;
    }
    let failed = answer.require(key::FAILED_AVP).unwrap();
    assert!(failed.data().len().is_multiple_of(4) && failed.data().len() >= 8);
}

/// SplitMix64: enough chance for this, the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.byte()).collect()
    }
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(bytes.len());
    let until = (at + 1 + chance.below(60)).min(bytes.len());
    match chance.below(8) {
        _ if bytes.is_empty() => {}
        0 => bytes[at] = chance.byte(),
        1 => bytes[at] = [0, 4, 7, 8, 12, 0x40, 0x7f, 0x80, 0xc0, 0xff][chance.below(10)],
        2 => bytes[at] ^= 1 << chance.below(8),
        3 => drop(bytes.drain(at..until)),
        4 => drop(bytes.splice(at..at, chance.bytes(16))),
        5 => drop(bytes.splice(at..at, bytes[at..until].to_vec())),
        6 => bytes.truncate(at),
        _ => mend(bytes),
    }
}

/// The header says the right length again, so that what is inside gets its turn.
fn mend(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4).max(20), 0);
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    bytes[0] = 1;
    bytes[1..4].copy_from_slice(&length[1..]);
}

#[test]
fn messages_gone_wrong_are_harmless() {
    let golden: Vec<_> = GOLDEN.iter().map(|hex| crate::golden::bytes(hex)).collect();
    let mut readable = 0;
    for case in 0..cases() {
        let mut chance = Chance(u64::from(case));
        let mut bytes = golden[chance.below(golden.len())].clone();
        for _ in 0..=chance.below(5) {
            mutate(&mut bytes, &mut chance);
        }
        if chance.below(2) == 0 {
            mend(&mut bytes);
        }
        let looked = std::panic::catch_unwind(|| look(&bytes));
        assert!(looked.is_ok(), "case {case}");
        readable += u32::from(Message::read(&bytes).is_ok());
    }
    assert!(
        readable > cases() / 10,
        "only {readable} could be read: the mutations are too wild to find much"
    );
}

#[test]
fn arbitrary_bytes_are_harmless() {
    for case in 0..cases() {
        let mut chance = Chance(u64::from(case));
        let mut bytes = chance.bytes(120);
        if chance.below(4) > 0 {
            mend(&mut bytes);
        }
        let looked = std::panic::catch_unwind(|| look(&bytes));
        assert!(looked.is_ok(), "case {case}");
    }
}

/// Any AVP, groups within groups included.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(Key, u8, Vec<u8>),
    Group(Key, Vec<Tree>),
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        proptest::sample::select(dictionary::entries()).prop_map(|entry| entry.key),
        any::<(u32, u32)>().prop_map(|(code, vendor)| Key { code, vendor }),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let flags = prop_oneof![Just(0), Just(0x40), Just(0x20), Just(0x60)];
    let leaf = (any_key(), flags, vec(any::<u8>(), 0..12))
        .prop_map(|(key, flags, data)| Tree::Leaf(key, flags, data));
    leaf.prop_recursive(4, 12, 4, |inside| {
        (any_key(), vec(inside, 0..4)).prop_map(|(key, trees)| Tree::Group(key, trees))
    })
}

fn write(writer: &mut Writer<'_>, trees: &[Tree]) {
    for tree in trees {
        match tree {
            Tree::Leaf(key, flags, data) => {
                writer.flagged(*key, *flags, data);
            }
            Tree::Group(key, inside) => {
                writer.group(*key, |writer| write(writer, inside));
            }
        }
    }
}

/// Reads back along the tree that was written, and writes what it reads.
fn copy(writer: &mut Writer<'_>, avps: Avps<'_>, trees: &[Tree]) {
    assert_eq!(avps.clone().count(), trees.len());
    for (avp, tree) in avps.zip(trees) {
        match tree {
            Tree::Leaf(key, ..) => {
                assert_eq!(avp.key(), *key);
                writer.flagged(avp.key(), avp.flags(), avp.data());
            }
            Tree::Group(key, inside) => {
                writer.group(*key, |writer| copy(writer, avp.group().unwrap(), inside));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases() / 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_and_written_again_is_the_same(
        trees in vec(tree(), 0..5), flags: u8, command in 0..0x0100_0000u32, ids: (u32, u32, u32),
    ) {
        let flags = Flags(flags & !Flags::ERROR.0);
        let header = Header { flags, command, application: ids.0, hop_by_hop: ids.1, end_to_end: ids.2 };
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &header);
        write(&mut writer, &trees);
        writer.finish().unwrap();

        let message = Message::read(&bytes).unwrap();
        prop_assert_eq!(message.header(), &header);
        let mut again = Vec::new();
        let mut writer = Writer::new(&mut again, message.header());
        copy(&mut writer, message.avps(), &trees);
        writer.finish().unwrap();
        prop_assert_eq!(&again, &bytes);
        look(&bytes);
    }
}
