//! The pure rules of cards: what people type for a number, and what it can mean.

use basis::{Problem, SecretKey};

use crate::serial;

/// The longest number or code that is read at all.
const TYPED_CHARS_MOST: usize = 80;
/// The longest serial, of whatever maker.
const SERIAL_CHARS_MOST: usize = 40;
const EID_DIGITS: usize = 32;
/// The fewest bits of a bind code.
const BIND_CODE_BITS: u32 = 40;
/// The longest name of a line.
const LABEL_CHARS_MOST: usize = 40;

/// What someone typed to name a card, understood.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Number {
    /// Without separators, upper case, look-alikes made one: how every serial is kept.
    pub(crate) text: String,
    pub(crate) kind: NumberKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberKind {
    /// One of our own serials: secret enough to bind alone.
    Secret,
    /// 32 digits with the right check.
    Eid,
    /// 18 to 20 digits; whether its last digit is its check digit is only a hint.
    Iccid { luhn: bool },
    /// Anything else: a serial of another maker.
    Foreign,
}

impl Number {
    /// The three ways in which one and the same ICCID is printed: as it is, with its check digit, without it.
    pub(crate) fn iccids(&self) -> [String; 3] {
        match self.kind {
            NumberKind::Iccid { .. } => {
                let shorter = self.text.get(..self.text.len().saturating_sub(1)).unwrap_or_default();
                [self.text.clone(), with_luhn_digit(&self.text), shorter.to_owned()]
            }
            _ => Default::default(),
        }
    }

    /// What tries on this card are counted under; the same for every way to print an ICCID.
    pub(crate) fn counted_as(&self) -> &str {
        match self.kind {
            NumberKind::Iccid { .. } => self.text.get(..18).unwrap_or(&self.text),
            _ => &self.text,
        }
    }
}

/// Reads the number of a card.
///
/// # Errors
/// Invalid at `number`, with what is wrong about its form; whether there is such a card is never part of it.
pub(crate) fn read_number(typed: &str, has_code: bool) -> Result<Number, Problem> {
    let bad = |key| Err(Problem::invalid(key).at("number"));
    if typed.chars().count() > TYPED_CHARS_MOST {
        return bad("cards-number-long");
    }
    let text = normal(typed);
    if text.is_empty() {
        return bad("cards-number-missing");
    }
    if text.len() > SERIAL_CHARS_MOST {
        return bad("cards-number-long");
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        match text.len() {
            EID_DIGITS if eid_is_right(&text) => return Ok(Number { text, kind: NumberKind::Eid }),
            EID_DIGITS => return bad("cards-eid-wrong"),
            18..=20 => {
                let luhn = luhn_is_right(&text);
                return Ok(Number { text, kind: NumberKind::Iccid { luhn } });
            }
            21..=40 => {
                return Err(Problem::invalid("cards-digits-count").at("number").with("count", text.len()));
            }
            _ => {}
        }
    }
    read_serial(&text, has_code)
}

/// A slip in one of our serials is told at once; with a bind code beside it, it may be another maker's.
fn read_serial(text: &str, has_code: bool) -> Result<Number, Problem> {
    let ours = text.strip_prefix("HY").filter(|rest| serial::is_serial(rest)).unwrap_or(text);
    if serial::is_serial(ours) {
        return Ok(Number { text: ours.to_owned(), kind: NumberKind::Secret });
    }
    if !has_code && serial::looks_like_serial(text) {
        return Err(Problem::invalid("cards-serial-wrong").at("number"));
    }
    Ok(Number { text: text.to_owned(), kind: NumberKind::Foreign })
}

/// Without spaces, dashes and the like; upper case; full-width forms and look-alikes made one.
pub(crate) fn normal(typed: &str) -> String {
    typed
        .chars()
        .map(half_width)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .map(unlike)
        .collect()
}

fn half_width(letter: char) -> char {
    match u32::from(letter) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(letter),
        _ => letter,
    }
}

/// The letters that Crockford's base 32 leaves out, as the ones they are mistaken for.
const fn unlike(letter: char) -> char {
    match letter {
        'O' => '0',
        'I' | 'L' => '1',
        'U' => 'V',
        other => other,
    }
}

/// The EID's last two digits are such that the whole number modulo 97 is 1 (SGP.02, section 2.2.2).
pub(crate) fn eid_is_right(digits: &str) -> bool {
    digits.len() == EID_DIGITS && modulo_97(digits) == Some(1)
}

fn modulo_97(digits: &str) -> Option<u32> {
    digits.chars().try_fold(0, |rest, c| Some((rest * 10 + c.to_digit(10)?) % 97))
}

/// An EID's 30 digits with its two check digits; `None` if they are no digits.
pub(crate) fn with_eid_check(digits: &str) -> Option<String> {
    let rest = modulo_97(&format!("{digits}00"))?;
    Some(format!("{digits}{:02}", (98 - rest) % 97))
}

/// True if the last digit is the check digit of the others (ISO/IEC 7812-1, annex B).
pub(crate) fn luhn_is_right(digits: &str) -> bool {
    !digits.is_empty() && luhn_sum(digits, false).is_some_and(|sum| sum.is_multiple_of(10))
}

/// The digits with their check digit; as they are if they are no digits.
pub(crate) fn with_luhn_digit(digits: &str) -> String {
    let check = luhn_sum(digits, true).map(|sum| (10 - sum % 10) % 10);
    check.map_or_else(|| digits.to_owned(), |check| format!("{digits}{check}"))
}

/// From the right every second digit counts twice; the last one too if its check digit is yet to come.
fn luhn_sum(digits: &str, check_is_missing: bool) -> Option<u32> {
    digits.chars().rev().enumerate().try_fold(0, |sum, (at, c)| {
        let digit = c.to_digit(10)?;
        let twice = (at % 2 == 1) != check_is_missing;
        let counted = if twice { digit * 2 } else { digit };
        Some(sum + counted / 10 + counted % 10)
    })
}

/// Reads a bind code; nothing if none was typed.
pub(crate) fn read_bind_code(typed: &str) -> Result<Option<String>, Problem> {
    if typed.chars().count() > TYPED_CHARS_MOST {
        return Err(Problem::invalid("cards-code-long").at("bind_code"));
    }
    let code = normal(typed);
    Ok((!code.is_empty()).then_some(code))
}

/// True if a bind code cannot be guessed by trying: 8 characters, or 13 if they are all digits.
pub(crate) fn bind_code_is_strong(code: &str) -> bool {
    let all_digits = code.bytes().all(|b| b.is_ascii_digit());
    // A digit carries 3.32 bits, counted here in hundredths; any other character of the alphabet five.
    let hundredths = if all_digits { 332 } else { 500 };
    u32::try_from(code.chars().count()).unwrap_or(0).saturating_mul(hundredths) >= BIND_CODE_BITS * 100
}

/// How a serial is looked up: by a MAC, so that the inventory gives no serial away.
pub(crate) fn serial_mac(key: &SecretKey, text: &str) -> [u8; 32] {
    key.mac("cards.serial", text.as_bytes())
}

/// How a bind code is kept: by a MAC that is of no use on another card.
pub(crate) fn bind_mac(key: &SecretKey, card: basis::Id<basis::Card>, code: &str) -> [u8; 32] {
    let mut message = card.as_u128().to_be_bytes().to_vec();
    message.extend_from_slice(code.as_bytes());
    key.mac("cards.bind_code", &message)
}

/// Reads the name of a line; an empty one takes the name away.
pub(crate) fn read_label(typed: &str) -> Result<String, Problem> {
    let label = typed.trim();
    if label.chars().count() > LABEL_CHARS_MOST {
        return Err(Problem::invalid("cards-label-long").at("label").with("most", LABEL_CHARS_MOST));
    }
    if label.chars().any(char::is_control) {
        return Err(Problem::invalid("cards-label-odd").at("label"));
    }
    Ok(label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The EID of SGP.26's test eUICC.
    const EID: &str = "89049032123451234512345678901235";

    fn kind(typed: &str) -> NumberKind {
        read_number(typed, true).unwrap().kind
    }
    fn refused(typed: &str) -> &'static str {
        let problem = read_number(typed, false).err().unwrap();
        assert_eq!(problem.field, Some("number"));
        problem.key
    }

    #[test]
    fn an_eid_is_checked() {
        assert!(eid_is_right(EID));
        assert_eq!(kind(EID), NumberKind::Eid);
        assert_eq!(kind("8904 9032 1234 5123 4512 3456 7890 1235"), NumberKind::Eid);
        assert_eq!(kind("89O49O32-I2345-l2345-12345678901235"), NumberKind::Eid, "O for 0, I and l for 1");
        assert_eq!(refused("89049032123451234512345678901236"), "cards-eid-wrong");
        assert_eq!(
            refused("89049032123451234512345678901253"),
            "cards-eid-wrong",
            "two digits changed places"
        );
        assert_eq!(with_eid_check(&EID[..30]).unwrap(), EID);
    }

    #[test]
    fn an_iccid_is_known_in_three_prints() {
        assert!(luhn_is_right("89000123456789012341"));
        assert_eq!(with_luhn_digit("8900012345678901234"), "89000123456789012341");
        let number = read_number("8900 0123 4567 8901 234", true).unwrap();
        assert_eq!(number.kind, NumberKind::Iccid { luhn: false });
        assert_eq!(number.iccids(), ["8900012345678901234", "89000123456789012341", "890001234567890123"]);
        assert_eq!(kind("89000123456789012341"), NumberKind::Iccid { luhn: true });
        let longer = read_number("89000123456789012341", true).unwrap();
        assert_eq!(number.counted_as(), longer.counted_as(), "its tries are counted together");
        assert_eq!(refused("890001234567890123412"), "cards-digits-count");
    }

    #[test]
    fn our_serial_may_be_typed_in_many_ways() {
        let serial = "00000000000000";
        assert!(serial::is_serial(serial));
        for typed in [
            "00000-00000-0000",
            " ooooo ooooo oooo ",
            "HY-00000-00000-0000",
            "０００００－０００００－００００",
        ] {
            let number = read_number(typed, false).unwrap();
            assert_eq!((number.text.as_str(), number.kind), (serial, NumberKind::Secret), "{typed}");
        }
        assert_eq!(refused("00000-00000-0001"), "cards-serial-wrong");
        assert_eq!(
            kind("00000-00000-0001"),
            NumberKind::Foreign,
            "with a bind code it may be another maker's"
        );
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(refused(""), "cards-number-missing");
        assert_eq!(refused(" - "), "cards-number-missing");
        assert_eq!(refused(&"7".repeat(41)), "cards-number-long");
        assert_eq!(refused(&"x".repeat(1_000_000)), "cards-number-long");
    }

    #[test]
    fn a_bind_code_has_forty_bits() {
        assert!(bind_code_is_strong("7K3M92QD") && bind_code_is_strong("1234567890123"));
        assert!(!bind_code_is_strong("7K3M92Q") && !bind_code_is_strong("123456789012"));
        assert_eq!(read_bind_code(" 7k3m-92qd ").unwrap().as_deref(), Some("7K3M92QD"));
        assert_eq!(read_bind_code(" - ").unwrap(), None);
        assert!(read_bind_code(&"7".repeat(1000)).is_err());
    }

    #[test]
    fn a_label_is_short_and_plain() {
        assert_eq!(read_label(" 东京旅行 ").unwrap(), "东京旅行");
        assert_eq!(read_label("").unwrap(), "");
        assert_eq!(read_label(&"旅".repeat(41)).unwrap_err().key, "cards-label-long");
        assert_eq!(read_label("a\nb").unwrap_err().key, "cards-label-odd");
    }
}
