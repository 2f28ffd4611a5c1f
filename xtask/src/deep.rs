//! `cargo xtask deep`: the long versions, before an issue closes. What each said is kept under `docs/proof/`.

use std::{
    fs,
    process::{Command, ExitCode},
};

use anyhow::Result;
use clap::Args;

use crate::{
    machine,
    postgres::TemporaryPostgres,
    shell::{Stream, cargo, root, tee},
    stage::Stages,
    tally::Tally,
    test::release,
};

/// What to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this stage (may be repeated): machine, pools, diameter, ledger, simulator, release, kill, kill-postgres, kill-nodes, sync, backup.
    #[arg(long)]
    only: Vec<String>,
}

const KILLS: [&str; 4] = ["--kills", "200", "--orders", "10000"];
/// Now and then one of them stays dead for ten seconds.
const KILLS_OF_NODES: [&str; 6] = ["--nodes", "2", "--kills", "200", "--orders", "5000"];

/// Runs the stages and closes with `N passed, N failed`.
pub(crate) fn run_all(options: &Options) -> ExitCode {
    let mut stages = Stages::new(&options.only);
    stages.run("machine", || machine::prepare().map(|()| Tally::ONE));
    stages.run("pools", pools);
    stages.run("diameter", diameter);
    stages.run("ledger", ledger);
    stages.run("simulator", simulator);
    stages.run("release", || release(&["heyon", "paysim", "netsim"]));
    stages.run("kill", || proof("kill", "kill-sqlite", &KILLS));
    stages.run("kill-postgres", || kill_on_postgres("kill-postgres", &KILLS));
    stages.run("kill-nodes", || kill_on_postgres("kill-nodes", &KILLS_OF_NODES));
    stages.run("sync", || proof("sync", "sync", &[]));
    stages.run("backup", || proof("backup", "backup", &["--orders", "3000"]));
    stages.close()
}

/// A million steps in pools' lives, beside a naive model.
fn pools() -> Result<Tally> {
    let mut test = cargo(["test", "--release", "--locked", "-p", "charging", "--lib", "--", "--nocapture"]);
    kept("pools", test.arg("differential").env("HEYON_POOL_STEPS", "1000000"))
}

/// Millions of Diameter messages gone wrong.
fn diameter() -> Result<Tally> {
    let mut test =
        cargo(["test", "--release", "--locked", "-p", "diameter", "--test", "wire", "--", "anything"]);
    kept("diameter", test.env("HEYON_CASES", "5000000"))
}

/// The ledger beside a naive model of it, on both databases.
fn ledger() -> Result<Tally> {
    let postgres = TemporaryPostgres::start()?;
    let mut test = cargo(["test", "--locked", "-p", "it", "--", "--nocapture", "the_ledger_agrees"]);
    kept("ledger", test.env("HEYON_CASES", "1000").env("HEYON_TEST_POSTGRES", postgres.url()))
}

/// Ten thousand shops in small, each beside its providers' own books.
fn simulator() -> Result<Tally> {
    let mut test = cargo(["test", "--release", "--locked", "-p", "it", "--", "--nocapture", "simulator"]);
    kept("simulator", test.env("HEYON_SEEDS", "10000"))
}

fn kill_on_postgres(file: &str, args: &[&str]) -> Result<Tally> {
    let postgres = TemporaryPostgres::start()?;
    let url = postgres.url();
    let args: Vec<&str> = args.iter().copied().chain(["--postgres", &url]).collect();
    proof("kill", file, &args)
}

/// A proof from outside, on the release build.
fn proof(name: &str, file: &str, args: &[&str]) -> Result<Tally> {
    let mut proof = cargo(["run", "--quiet", "--locked", "-p", "proof", "--bin", name, "--"]);
    kept(file, proof.args(args))
}

/// Runs it and keeps what it said in `docs/proof/FILE.txt`.
fn kept(file: &str, command: &mut Command) -> Result<Tally> {
    let (status, lines) = tee(command, Stream::Out)?;
    let folder = root().join("docs/proof");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{file}.txt")), lines.join("\n") + "\n")?;
    Ok(Tally::read(&lines, status.success()))
}
