//! What held and what did not, closed by `N passed, N failed`.

use std::process::ExitCode;

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

    /// As [`Report::check`]: a list of faults must be empty.
    pub fn none(&mut self, what: &str, faults: &[String]) {
        let found = if faults.is_empty() { "none".to_owned() } else { faults.join("; ") };
        self.check(what, faults.is_empty(), found);
    }

    /// The line for the whole.
    pub fn close(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
