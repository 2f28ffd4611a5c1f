//! Amounts of data as people type them.

use basis::Problem;

/// Octets in a gigabyte.
const GIGABYTE: u64 = 1_000_000_000;
/// Decimals of a gigabyte that are read: to the megabyte.
const DECIMALS: usize = 3;

/// `10`, `0.5`, `1,5`: octets of so many gigabytes; nothing typed is no limit.
///
/// # Errors
/// Invalid at `field`.
pub(super) fn read_gigabytes(typed: &str, field: &'static str) -> Result<Option<u64>, Problem> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    octets(typed).map(Some).ok_or_else(|| Problem::invalid("pools-cap-unreadable").at(field))
}

fn octets(typed: &str) -> Option<u64> {
    let (whole, part) = typed.split_once(['.', ',']).unwrap_or((typed, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > DECIMALS || whole.len() + part.len() == 0 {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let thousandths: u64 = format!("{part:0<DECIMALS$}").parse().ok()?;
    whole.checked_mul(GIGABYTE)?.checked_add(thousandths.checked_mul(GIGABYTE / 1000)?)
}

/// The same the other way, for the form.
pub(super) fn gigabytes(octets: Option<u64>) -> String {
    let Some(octets) = octets else { return String::new() };
    let text = format!("{}.{:03}", octets / GIGABYTE, octets % GIGABYTE / (GIGABYTE / 1000));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_read_to_the_megabyte() {
        let read = |typed| read_gigabytes(typed, "in_all").map_err(|problem| problem.field);
        assert_eq!(read(" "), Ok(None));
        assert_eq!(read("10"), Ok(Some(10 * GIGABYTE)));
        assert_eq!(read("0.5"), Ok(Some(GIGABYTE / 2)));
        assert_eq!(read("1,025"), Ok(Some(1_025_000_000)));
        assert_eq!(read("0"), Ok(Some(0)));
        for bad in ["-1", "ten", "1.2345", ".", "1e9", "99999999999999999999"] {
            assert_eq!(read(bad), Err(Some("in_all")), "{bad}");
        }
    }

    #[test]
    fn what_is_kept_is_shown_as_it_was_typed() {
        for typed in ["10", "0.5", "1.025", "0", "100"] {
            assert_eq!(gigabytes(read_gigabytes(typed, "in_all").unwrap()), typed);
        }
        assert_eq!(gigabytes(None), "");
    }
}
