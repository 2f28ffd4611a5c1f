//! The project's own commands: `cargo xtask test` is the whole test, on a fresh machine as in CI.
#![expect(clippy::print_stdout, reason = "talking to the person at the terminal is what this program is for")]

mod machine;
mod postgres;
mod shell;
mod stage;
mod tally;
mod test;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
enum Xtask {
    /// Install what is missing, then run every stage of the test.
    Test(test::Options),
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse() {
        Xtask::Test(options) => test::run_all(&options),
    };
    outcome.unwrap_or_else(|error| {
        println!("\n{error:#}");
        ExitCode::FAILURE
    })
}
