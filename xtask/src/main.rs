//! The project's own commands: `cargo xtask test` is the whole test, on a fresh machine as in CI.
#![expect(clippy::print_stdout, reason = "talking to the person at the terminal is what this program is for")]

mod bench;
mod deep;
mod interop;
mod machine;
mod postgres;
mod shell;
mod stage;
mod tables;
mod tally;
mod test;

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
enum Xtask {
    /// Install what is missing, then run every stage of the test.
    Test(test::Options),
    /// Run the long versions of the tests and keep what they say in docs/proof.
    Deep(deep::Options),
    /// Measure how fast the release build is on this machine.
    Bench(bench::Options),
    /// Let programs that others wrote speak to the release build: python-diameter as a packet gateway, tshark.
    Interop,
    /// Write the catalogue's table of mobile networks anew.
    Networks {
        /// Debian's mobile-broadband-provider-info.
        #[arg(long, default_value = "/usr/share/mobile-broadband-provider-info/serviceproviders.xml")]
        from: PathBuf,
    },
    /// Write the catalogue's table of regions anew (fetches cldr-core by npm).
    Regions,
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse() {
        Xtask::Test(options) => test::run_all(&options),
        Xtask::Deep(options) => Ok(deep::run_all(&options)),
        Xtask::Bench(options) => bench::measure(&options),
        Xtask::Interop => test::interop(),
        Xtask::Networks { from } => tables::write_networks(&from).map(|()| ExitCode::SUCCESS),
        Xtask::Regions => tables::write_regions().map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        println!("\n{error:#}");
        ExitCode::FAILURE
    })
}
