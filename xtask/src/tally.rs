//! How many checks passed and failed, read from what the test programs print at their end.

use std::ops::AddAssign;

/// A count of checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
}

impl Tally {
    /// A stage that is itself one check.
    pub(crate) const ONE: Self = Self { passed: 1, failed: 0 };

    /// Sums what `lines` report, in the words of nextest (`12 passed, 1 failed`), cargo test
    /// (`12 passed; 1 failed`) and node's TAP (`# pass 12`, `# fail 1`). A program that failed without saying
    /// so in its counts (it did not compile, it crashed) adds one failure; one that ran nothing does too.
    pub(crate) fn read(lines: &[String], succeeded: bool) -> Self {
        // nextest repeats what a failed test printed, which looks like cargo test's own last words.
        let of_nextest = |line: &&String| line.trim_start().starts_with("Summary [");
        let nextest = lines.iter().any(|line| of_nextest(&line));
        let mut tally = Self::default();
        let summaries = lines.iter().filter(|line| if nextest { of_nextest(line) } else { is_summary(line) });
        summaries.for_each(|line| tally += count(line));
        let silent = tally == Self::default();
        if tally.failed == 0 && (!succeeded || silent) {
            tally.failed = 1;
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
    }
}

fn is_summary(line: &str) -> bool {
    let plain = line.starts_with(|first: char| first.is_ascii_digit()) && line.contains(" passed, ");
    // nextest indents what a failed test printed, which may look like a summary, and its own summary too.
    plain
        || line.trim_start().starts_with("Summary [")
        || line.starts_with("test result:")
        || ["# pass ", "# fail ", "# cancelled "].iter().any(|start| line.starts_with(start))
}

fn count(line: &str) -> Tally {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut tally = Tally::default();
    for pair in words.windows(2) {
        let &[first, second] = pair else { continue };
        let number = |text: &str| text.parse::<u32>().unwrap_or(0);
        tally += match (first, second) {
            (n, "passed") | ("pass", n) => Tally { passed: number(n), failed: 0 },
            (n, "failed" | "timed") | ("fail" | "cancelled", n) => Tally { passed: 0, failed: number(n) },
            _ => Tally::default(),
        };
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str], succeeded: bool) -> (u32, u32) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let tally = Tally::read(&lines, succeeded);
        (tally.passed, tally.failed)
    }

    #[test]
    fn every_programs_last_words_are_understood() {
        let nextest =
            "     Summary [   1.224s] 14 tests run: 12 passed (1 slow), 1 failed, 1 timed out, 3 skipped";
        assert_eq!(tally(&[nextest], false), (12, 2));
        let inner = "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out";
        assert_eq!(tally(&[inner, nextest], false), (12, 2), "a failed test is counted once");
        let cargo = "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(tally(&[cargo, cargo], false), (14, 4));
        assert_eq!(
            tally(&["ok 1 - home", "# tests 9", "# pass 8", "# fail 1", "# cancelled 0"], false),
            (8, 1)
        );
        let quoted = "    test result: FAILED. 0 passed; 1 failed; 0 ignored";
        assert_eq!(tally(&[quoted, nextest], false), (12, 2), "what a failed test printed does not count");
        assert_eq!(tally(&["20 kills, 512 orders", "6 passed, 0 failed"], true), (6, 0));
    }

    #[test]
    fn a_program_that_says_nothing_has_failed() {
        assert_eq!(tally(&["error: could not compile"], false), (0, 1));
        assert_eq!(tally(&[], true), (0, 1));
        assert_eq!(tally(&["5 passed, 0 failed"], false), (5, 1), "it counted, then crashed");
    }
}
