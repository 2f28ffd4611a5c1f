//! The serials that Heyon makes: 13 Crockford characters, which are 65 random bits, and a check character.
//!
//! The check character is a sum over GF(32), `c + Σ αⁱ·dᵢ = 0` with α a primitive element: it finds every wrong
//! character and every two characters that changed places, wherever they stand.

use basis::Env;

/// Crockford's base 32: no I, L, O and U, which people mistake for others.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RANDOM_CHARS: usize = 13;
const ALL_CHARS: usize = RANDOM_CHARS + 1;
/// How it is printed: `7K3M9-2QDXV-4T8C`.
const GROUP: usize = 5;
/// A bind code that Heyon makes: 50 bits.
const CODE_CHARS: usize = 10;

/// A fresh serial, without its dashes.
pub(crate) fn new_serial(env: &Env) -> String {
    let mut digits = random_digits(env, RANDOM_CHARS);
    digits.push(weighted_sum(&digits));
    digits.into_iter().filter_map(letter).collect()
}

/// A fresh bind code, without its dash.
pub(crate) fn new_bind_code(env: &Env) -> String {
    random_digits(env, CODE_CHARS).into_iter().filter_map(letter).collect()
}

/// True if this (normalised) text can be one of our serials: its characters and its check character are right.
pub(crate) fn is_serial(text: &str) -> bool {
    let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
    digits
        .as_deref()
        .and_then(<[u8]>::split_last)
        .is_some_and(|(check, digits)| digits.len() == RANDOM_CHARS && weighted_sum(digits) == *check)
}

/// True if it is as long as one of our serials and made of its characters, whatever its check character says.
pub(crate) fn looks_like_serial(text: &str) -> bool {
    text.len() == ALL_CHARS && text.bytes().all(|byte| digit(byte).is_some())
}

/// As it is printed, in groups: `7K3M9-2QDXV-4T8C`.
pub fn grouped(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(GROUP).map(|group| group.iter().collect()).collect::<Vec<String>>().join("-")
}

/// Five random bits each; a byte has eight, so none is likelier than another.
fn random_digits(env: &Env, count: usize) -> Vec<u8> {
    let bytes: [u8; ALL_CHARS] = env.random();
    bytes.iter().take(count).map(|byte| byte & 31).collect()
}

fn letter(digit: u8) -> Option<char> {
    ALPHABET.get(usize::from(digit)).map(|byte| char::from(*byte))
}

fn digit(letter: u8) -> Option<u8> {
    ALPHABET.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok())
}

/// `Σ αⁱ·dᵢ`, with i from 1, by Horner's rule; in GF(32) minus is plus.
fn weighted_sum(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |sum, digit| times_alpha(sum ^ digit))
}

/// Times α in GF(2⁵) with the polynomial x⁵ + x² + 1.
const fn times_alpha(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 32 == 0 { shifted } else { (shifted ^ 0b10_0101) & 31 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use basis::{ManualClock, SeededEntropy, Timestamp};

    use super::*;

    fn env() -> Env {
        Env { clock: Arc::new(ManualClock::at(Timestamp(0))), entropy: Arc::new(SeededEntropy::new(7)) }
    }

    #[test]
    fn a_serial_is_thirteen_characters_and_a_check() {
        let serial = new_serial(&env());
        assert!(serial.len() == 14 && is_serial(&serial) && looks_like_serial(&serial), "{serial}");
        let printed = grouped(&serial);
        assert_eq!(printed.split('-').map(str::len).collect::<Vec<_>>(), [5, 5, 4]);
        assert_eq!(new_bind_code(&env()).len(), 10);
    }

    #[test]
    fn every_slip_of_one_character_is_found() {
        let serial = new_serial(&env());
        for at in 0..serial.len() {
            for wrong in ALPHABET {
                let mut typed = serial.clone().into_bytes();
                let right = std::mem::replace(&mut typed[at], *wrong);
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(is_serial(&typed), right == *wrong, "{typed} for {serial}");
            }
        }
    }

    #[test]
    fn every_two_characters_that_changed_places_are_found() {
        for _ in 0..50 {
            let serial = new_serial(&env());
            for (a, b) in (0..14).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let mut typed = serial.clone().into_bytes();
                typed.swap(a, b);
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(is_serial(&typed), typed == serial, "{typed} for {serial}");
            }
        }
    }

    #[test]
    fn other_texts_are_no_serials() {
        for text in ["", "0", "00000000000000000", "0000000000000U", "００００００００００００００"]
        {
            assert!(!is_serial(text), "{text}");
        }
    }
}
