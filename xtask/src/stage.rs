//! Stages with their times, and the sum of all.

use std::process::ExitCode;

use anyhow::Result;
use basis::{Clock, SystemClock};

use crate::tally::Tally;

/// Runs stages one after the other and remembers what came of each.
pub(crate) struct Stages {
    clock: SystemClock,
    only: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    tally: Tally,
    seconds: u64,
}

impl Stages {
    /// Only the stages named, or all if none is.
    pub(crate) fn new(only: &[String]) -> Self {
        Self { clock: SystemClock::start(), only: only.to_vec(), rows: Vec::new() }
    }

    /// Whether this stage was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// Runs a stage if it was asked for; an error is one failure, and the next stage still runs.
    pub(crate) fn run(&mut self, name: &'static str, work: impl FnOnce() -> Result<Tally>) {
        if !self.wants(name) {
            return;
        }
        println!("\n=== {name}");
        let started = self.clock.monotonic_ns();
        let tally = work().unwrap_or_else(|error| {
            println!("{name}: {error:#}");
            Tally { passed: 0, failed: 1 }
        });
        let seconds = self.clock.monotonic_ns().saturating_sub(started) / 1_000_000_000;
        println!("=== {name}: {} passed, {} failed, {seconds} s", tally.passed, tally.failed);
        self.rows.push(Row { name, tally, seconds });
    }

    /// Prints every stage with its time, then the one plain line for the whole.
    pub(crate) fn close(self) -> ExitCode {
        println!("\n{:<12}{:>8}{:>8}{:>8}", "stage", "passed", "failed", "s");
        let mut whole = Tally::default();
        for Row { name, tally, seconds } in &self.rows {
            println!("{name:<12}{:>8}{:>8}{seconds:>8}", tally.passed, tally.failed);
            whole += *tally;
        }
        println!("in all {} s\n", self.clock.monotonic_ns() / 1_000_000_000);
        println!("{} passed, {} failed", whole.passed, whole.failed);
        if whole.failed == 0 && whole.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
