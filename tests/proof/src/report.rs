//! What held and what did not, closed by `N passed, N failed`.

use std::process::ExitCode;

/// So many faults show what is wrong.
const FAULTS_SAID: usize = 10;

/// Checks, counted.
#[derive(Debug, Default)]
pub struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    /// Says and counts whether something holds; `found` is said either way.
    pub fn check(&mut self, what: &str, holds: bool, found: impl std::fmt::Display) {
        if holds {
            self.passed += 1;
            println!("ok      {what}: {found}");
        } else {
            self.failed += 1;
            println!("FAILED  {what}: {found}");
        }
    }

    /// As [`Report::check`]: a list of faults must be empty. The first of them are said.
    pub fn none(&mut self, what: &str, faults: &[String]) {
        let (said, more) = faults.split_at(faults.len().min(FAULTS_SAID));
        let found = match (said, more) {
            ([], _) => "none".to_owned(),
            (said, []) => said.join("; "),
            (said, more) => format!("{}; and {} more", said.join("; "), more.len()),
        };
        self.check(what, faults.is_empty(), found);
    }

    /// The line for the whole.
    pub fn close(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
