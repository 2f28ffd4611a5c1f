//! The inventory's file: reading it, and saying exactly which line is wrong.

use std::collections::HashMap;

use basis::Problem;

use crate::rules;

const LINES_MOST: usize = 20_000;
const OCTETS_MOST: usize = 16 * 1024 * 1024;
const COLUMNS: [&str; 10] = [
    "serial",
    "bind_code",
    "eid",
    "iccid",
    "imsi",
    "msisdn",
    "carrier",
    "activation_code",
    "batch",
    "order_ref",
];
/// Columns that a file may leave out.
const OPTIONAL: [&str; 2] = ["msisdn", "activation_code"];
/// Columns that Heyon fills in itself when it makes cards.
const SECRET: [&str; 2] = ["serial", "bind_code"];

/// A line of the file that is wrong.
#[derive(Debug, Clone)]
pub struct BadLine {
    /// Its number in the file; the header is line 1.
    pub line: u64,
    /// Which column, if it is one.
    pub column: Option<&'static str>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl BadLine {
    pub(crate) const fn new(line: u64, column: &'static str, problem: Problem) -> Self {
        Self { line, column: Some(column), problem }
    }
}

/// Which file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum File {
    /// Cards of other makers, with their serials and bind codes.
    Import,
    /// Cards for which Heyon makes both.
    Make,
}

/// A card of the file. No `Debug`: it holds secrets.
#[derive(Clone, Default)]
pub(crate) struct NewCard {
    pub(crate) line: u64,
    pub(crate) serial: String,
    /// Its serial binds by itself.
    pub(crate) serial_alone: bool,
    pub(crate) bind_code: Option<String>,
    pub(crate) eid: String,
    pub(crate) iccid: String,
    pub(crate) imsi: String,
    pub(crate) msisdn: Option<String>,
    pub(crate) carrier: String,
    pub(crate) activation_code: Option<String>,
    pub(crate) batch: String,
    pub(crate) order_ref: String,
}

/// What was read: cards, what is wrong, and what is only odd.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) cards: Vec<NewCard>,
    pub(crate) bad: Vec<BadLine>,
    pub(crate) hints: Vec<BadLine>,
}

/// Reads a whole file (UTF-8, with or without a byte order mark).
///
/// # Errors
/// Invalid if it is no such file at all; a wrong line is no error but listed.
pub(crate) fn read(csv: &[u8], file: File) -> Result<Read, Problem> {
    if csv.len() > OCTETS_MOST {
        return Err(too_long());
    }
    let csv = csv.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(csv);
    let unreadable = |e: csv::Error| Problem::invalid("cards-file-unreadable").because(e);
    let columns = columns(reader.headers().map_err(unreadable)?, file)?;
    let mut read = Read::default();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        if read.cards.len() + read.bad.len() >= LINES_MOST {
            return Err(too_long());
        }
        read_line(&record, &columns, file, &mut read);
    }
    find_repeats(&mut read);
    Ok(read)
}

fn too_long() -> Problem {
    Problem::invalid("cards-file-long").with("most", LINES_MOST)
}

/// Where each column stands; every name must be known and there once.
fn columns(header: &csv::StringRecord, file: File) -> Result<HashMap<&'static str, usize>, Problem> {
    let mut places = HashMap::new();
    for (place, name) in header.iter().enumerate() {
        let folded = name.to_ascii_lowercase();
        let known = COLUMNS.into_iter().find(|known| *known == folded);
        let known = known.filter(|known| file == File::Import || !SECRET.contains(known));
        let shown: String = name.chars().take(40).collect();
        let known = known.ok_or_else(|| Problem::invalid("cards-column-unknown").with("column", shown))?;
        if places.insert(known, place).is_some() {
            return Err(Problem::invalid("cards-column-twice").with("column", known));
        }
    }
    let needed = |name: &&str| !OPTIONAL.contains(name) && (file == File::Import || !SECRET.contains(name));
    match COLUMNS.into_iter().filter(needed).find(|name| !places.contains_key(name)) {
        Some(missing) => Err(Problem::invalid("cards-column-missing").with("column", missing)),
        None => Ok(places),
    }
}

fn read_line(record: &csv::StringRecord, columns: &HashMap<&str, usize>, file: File, read: &mut Read) {
    let line = record.position().map_or(0, csv::Position::line);
    if record.len() != columns.len() {
        let problem =
            Problem::invalid("cards-line-fields").with("wanted", columns.len()).with("found", record.len());
        read.bad.push(BadLine { line, column: None, problem });
        return;
    }
    let field = |name: &str| columns.get(name).and_then(|at| record.get(*at)).unwrap_or_default();
    let mut bad = Vec::new();
    let mut check = |column: &'static str, value: Result<String, Problem>| {
        value.unwrap_or_else(|problem| {
            bad.push(BadLine::new(line, column, problem));
            String::new()
        })
    };
    let card = NewCard {
        line,
        serial: String::new(),
        serial_alone: false,
        bind_code: None,
        eid: check("eid", eid(field("eid"))),
        iccid: check("iccid", digits(field("iccid"), 18, 20, "cards-iccid-wrong")),
        imsi: check("imsi", digits(field("imsi"), 6, 15, "cards-imsi-wrong")),
        msisdn: filled(check("msisdn", msisdn(field("msisdn")))),
        carrier: check("carrier", carrier(field("carrier"))),
        activation_code: filled(check("activation_code", short(field("activation_code"), 255))),
        batch: check("batch", short(field("batch"), 64)),
        order_ref: check("order_ref", short(field("order_ref"), 64)),
    };
    let card = if file == File::Import {
        with_secrets(card, field("serial"), field("bind_code"), &mut bad)
    } else {
        card
    };
    if bad.is_empty() {
        if !rules::luhn_is_right(&card.iccid) {
            read.hints.push(BadLine::new(line, "iccid", Problem::invalid("cards-iccid-luhn")));
        }
        read.cards.push(card);
    }
    read.bad.append(&mut bad);
}

/// A serial needs a bind code beside it, unless it is one of ours.
fn with_secrets(mut card: NewCard, serial: &str, code: &str, bad: &mut Vec<BadLine>) -> NewCard {
    let line = card.line;
    let known_code = rules::read_bind_code(code).unwrap_or_default();
    match rules::read_number(serial, known_code.is_some()) {
        Ok(number) => {
            card.serial_alone = number.kind == rules::NumberKind::Secret && known_code.is_none();
            card.serial = number.text;
        }
        Err(problem) => bad.push(BadLine::new(line, "serial", problem)),
    }
    match &known_code {
        Some(code) if !rules::bind_code_is_strong(code) => {
            bad.push(BadLine::new(line, "bind_code", Problem::invalid("cards-code-weak")));
        }
        None if !card.serial_alone && !card.serial.is_empty() => {
            bad.push(BadLine::new(line, "bind_code", Problem::invalid("cards-code-missing")));
        }
        _ => {}
    }
    card.bind_code = known_code;
    card
}

/// Two cards of one file must not share what names a card.
fn find_repeats(read: &mut Read) {
    let mut seen: HashMap<(&str, &str), u64> = HashMap::new();
    for card in &read.cards {
        let msisdn = card.msisdn.as_deref().unwrap_or_default();
        let names = [
            ("serial", card.serial.as_str()),
            ("eid", &card.eid),
            ("iccid", &card.iccid),
            ("imsi", &card.imsi),
            ("msisdn", msisdn),
        ];
        for (column, value) in names.into_iter().filter(|(_, value)| !value.is_empty()) {
            if let Some(first) = seen.insert((column, value), card.line) {
                let problem = Problem::invalid("cards-line-repeated").with("line", first);
                read.bad.push(BadLine::new(card.line, column, problem));
            }
        }
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn eid(text: &str) -> Result<String, Problem> {
    let digits = digits(text, 32, 32, "cards-eid-wrong")?;
    if rules::eid_is_right(&digits) { Ok(digits) } else { Err(Problem::invalid("cards-eid-wrong")) }
}

/// Digits, with spaces and dashes between them forgiven, so many at least and at most.
fn digits(text: &str, least: usize, most: usize, key: &'static str) -> Result<String, Problem> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let fits = (least..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(digits) } else { Err(Problem::new(basis::Kind::Invalid, key)) }
}

/// E.164, with or without its plus; may be empty.
fn msisdn(text: &str) -> Result<String, Problem> {
    if text.is_empty() {
        Ok(String::new())
    } else {
        digits(text.trim_start_matches('+'), 4, 15, "cards-msisdn-wrong")
    }
}

/// A short lower-case word, e.g. `own`.
fn carrier(text: &str) -> Result<String, Problem> {
    let fits = (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if fits { Ok(text.to_owned()) } else { Err(Problem::invalid("cards-carrier-wrong")) }
}

fn short(text: &str, chars_most: usize) -> Result<String, Problem> {
    let fits = text.chars().count() <= chars_most && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Problem::invalid("cards-field-long").with("most", chars_most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "serial,bind_code,eid,iccid,imsi,msisdn,carrier,activation_code,batch,order_ref\n";
    const GOOD: &str = "ACME-1,7K3M-92QD,89049032123451234512345678901235,89000123456789012341,001010000000001,+8613800138000,own,,B1,PO-7\n";

    fn import(lines: &str) -> Read {
        read(format!("{HEADER}{lines}").as_bytes(), File::Import).unwrap()
    }
    fn faults(lines: &str) -> Vec<(u64, &'static str, &'static str)> {
        let bad = import(lines).bad;
        bad.iter().map(|bad| (bad.line, bad.column.unwrap_or("-"), bad.problem.key)).collect()
    }

    #[test]
    fn a_good_line_becomes_a_card() {
        let read = import(GOOD);
        assert!(read.bad.is_empty() && read.hints.is_empty());
        let card = &read.cards[0];
        assert_eq!((card.serial.as_str(), card.serial_alone), ("ACME1", false));
        assert_eq!(card.bind_code.as_deref(), Some("7K3M92QD"));
        assert_eq!(card.msisdn.as_deref(), Some("8613800138000"));
        assert_eq!(card.activation_code, None);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = "ACME-2,1234,89049032123451234512345678901236,8900,x,abc,Own!,,B1,PO-7\n";
        let expected = [
            (3, "eid", "cards-eid-wrong"),
            (3, "iccid", "cards-iccid-wrong"),
            (3, "imsi", "cards-imsi-wrong"),
            (3, "msisdn", "cards-msisdn-wrong"),
            (3, "carrier", "cards-carrier-wrong"),
            (3, "bind_code", "cards-code-weak"),
        ];
        assert_eq!(faults(&format!("{GOOD}{wrong}")), expected);
        assert_eq!(faults("only,three,fields\n"), [(2, "-", "cards-line-fields")]);
        assert_eq!(faults(&GOOD.replace("7K3M-92QD", "")), [(2, "bind_code", "cards-code-missing")]);
    }

    #[test]
    fn a_repeat_within_the_file_is_named_with_its_first() {
        let repeats = faults(&format!("{GOOD}{GOOD}"));
        assert_eq!(
            repeats.iter().map(|(line, column, _)| (*line, *column)).collect::<Vec<_>>(),
            [(3, "serial"), (3, "eid"), (3, "iccid"), (3, "imsi"), (3, "msisdn")]
        );
    }

    #[test]
    fn our_own_serial_needs_no_bind_code() {
        let read = import(&GOOD.replace("ACME-1,7K3M-92QD", "00000-00000-0000,"));
        assert!(read.bad.is_empty() && read.cards[0].serial_alone);
        let read = import(&GOOD.replace("ACME-1", "00000-00000-0000"));
        assert!(read.bad.is_empty() && !read.cards[0].serial_alone, "with a bind code it wants it");
    }

    #[test]
    fn an_iccid_with_an_odd_last_digit_is_only_hinted_at() {
        let read = import(&GOOD.replace("89000123456789012341", "89000123456789012340"));
        assert!(read.bad.is_empty() && read.cards.len() == 1);
        assert_eq!(read.hints[0].problem.key, "cards-iccid-luhn");
    }

    #[test]
    fn a_file_of_another_kind_is_refused_as_a_whole() {
        let key = |csv: &[u8], file| read(csv, file).err().unwrap().key;
        assert_eq!(key(b"", File::Import), "cards-column-missing");
        assert_eq!(key(b"name,price\n", File::Import), "cards-column-unknown");
        assert_eq!(key(b"serial,serial\n", File::Import), "cards-column-twice");
        assert_eq!(key(HEADER.as_bytes(), File::Make), "cards-column-unknown", "serials are made, not given");
        assert_eq!(key(b"\xFF\xFE\x00", File::Import), "cards-file-unreadable");
        assert_eq!(key(&vec![b'x'; OCTETS_MOST + 1], File::Import), "cards-file-long");
        let with_mark = format!("\u{FEFF}{HEADER}{GOOD}");
        assert_eq!(read(with_mark.as_bytes(), File::Import).unwrap().cards.len(), 1);
    }
}
