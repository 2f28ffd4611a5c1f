//! `cargo xtask test`: every stage of the whole test.

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::{
    interop, machine,
    postgres::TemporaryPostgres,
    shell::{Stream, cargo, program, run, succeeds, tee},
    stage::Stages,
    tally::Tally,
};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this stage (may be repeated): machine, fmt, clippy, tests, docs, release, interop,
    /// journeys, kill, kill-nodes, sync, backup.
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
    stages.run("release", || release(&["heyon", "paysim", "netsim"]));
    stages.run("interop", interop::all);
    stages.run("journeys", journeys);
    stages.run("kill", || proof("kill", &[]));
    stages.run("kill-nodes", kill_nodes);
    stages.run("sync", || proof("sync", &[]));
    stages.run("backup", || proof("backup", &[]));
    Ok(stages.close())
}

/// `cargo xtask interop`: that stage alone, on a fresh release build.
pub(crate) fn interop() -> Result<ExitCode> {
    let only = ["release".to_owned(), "interop".to_owned()];
    run_all(&Options { only: only.to_vec() })
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

/// The release builds of these packages.
pub(crate) fn release(packages: &[&str]) -> Result<Tally> {
    let mut build = cargo(["build", "--release", "--locked", "--bins"]);
    check(build.args(packages.iter().flat_map(|package| ["-p", package])))
}

/// A proof from outside, on the release build: `kill` (kill -9 under load, then the books), `sync` (strace) or
/// `backup` (copies under load, then going on from them).
pub(crate) fn proof(name: &str, args: &[&str]) -> Result<Tally> {
    let mut proof = cargo(["run", "--quiet", "--locked", "-p", "proof", "--bin", name, "--"]);
    let (status, lines) = tee(proof.args(args), Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}

/// Two nodes on one PostgreSQL, either killed.
fn kill_nodes() -> Result<Tally> {
    let postgres = TemporaryPostgres::start()?;
    let args = ["--nodes", "2", "--kills", "8", "--orders", "150", "--postgres", &postgres.url()];
    proof("kill", &args)
}

/// The browser journeys, which start the release build of `heyon demo` themselves.
fn journeys() -> Result<Tally> {
    let mut node = program("npm", ["--prefix", "tests/journeys", "--silent", "test"]);
    let (status, lines) = tee(&mut node, Stream::Out)?;
    Ok(Tally::read(&lines, status.success()))
}
