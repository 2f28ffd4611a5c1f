//! `cargo xtask test`: every stage of the whole test.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::{
    machine,
    postgres::TemporaryPostgres,
    shell::{Stream, cargo, program, run, succeeds, tee},
    stage::Stages,
    tally::Tally,
};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this stage (may be repeated): machine, fmt, clippy, tests, docs, release, journeys, kill,
    /// sync.
    #[arg(long)]
    only: Vec<String>,
}

/// Runs the stages and closes with `N passed, N failed`.
pub(crate) fn run_all(options: &Options) -> Result<ExitCode> {
    let mut stages = Stages::new(&options.only);
    stages.run("machine", || machine::prepare().map(|()| Tally::ONE));
    stages.run("fmt", || check(&mut cargo(["fmt", "--all", "--check"])));
    stages.run("clippy", clippy);
    let postgres = if stages.wants("tests") { Some(TemporaryPostgres::start()?) } else { None };
    let url = postgres.as_ref().map(TemporaryPostgres::url).unwrap_or_default();
    stages.run("tests", || tests(&url));
    drop(postgres);
    stages.run("docs", docs);
    stages.run("release", || {
        check(&mut cargo([
            "build",
            "--release",
            "--locked",
            "--bins",
            "-p",
            "heyon",
            "-p",
            "paysim",
            "-p",
            "netsim",
        ]))
    });
    stages.run("journeys", journeys);
    stages.run("kill", || proof("kill"));
    stages.run("sync", || proof("sync"));
    Ok(stages.close())
}

fn check(command: &mut Command) -> Result<Tally> {
    run(command).map(|()| Tally::ONE)
}

fn clippy() -> Result<Tally> {
    check(&mut cargo([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

/// Every Rust test, by nextest where it is installed.
fn tests(postgres_url: &str) -> Result<Tally> {
    let mut nextest = cargo(["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--color=never"]);
    let mut plain =
        cargo(["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    let (command, stream) = if succeeds(&mut cargo(["nextest", "--version"])) {
        nextest.args(["--hide-progress-bar", "--status-level=fail", "--final-status-level=slow"]);
        (&mut nextest, Stream::Err)
    } else {
        println!("cargo-nextest is not installed: cargo test does it, more slowly");
        (&mut plain, Stream::Out)
    };
    let (status, lines) = tee(command.env("HEYON_TEST_POSTGRES", postgres_url), stream)?;
    Ok(Tally::read(&lines, status.success()))
}

fn docs() -> Result<Tally> {
    let mut doc = cargo(["doc", "--quiet", "--workspace", "--no-deps", "--locked"]);
    check(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

/// A proof from outside, on the release build: `kill` (kill -9 under load, then the books) or `sync` (strace).
fn proof(name: &str) -> Result<Tally> {
    let mut proof = cargo(["run", "--quiet", "--locked", "-p", "proof", "--bin", name]);
    let (status, lines) = tee(&mut proof, Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}

/// The browser journeys, which start the release build of `heyon demo` themselves.
fn journeys() -> Result<Tally> {
    let mut node = program("npm", ["--prefix", "tests/journeys", "--silent", "test"]);
    let (status, lines) = tee(&mut node, Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}
