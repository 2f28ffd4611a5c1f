//! `cargo xtask bench`: how fast the release build is on this machine.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::{
    postgres::TemporaryPostgres,
    shell::{program, root, run},
    test::release,
};

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Only on SQLite.
    #[arg(long)]
    no_postgres: bool,
    /// What the measuring program gets as it is, e.g. `-- --orders 2000 --burst-only`.
    #[arg(last = true)]
    more: Vec<String>,
}

/// Builds everything first, so that nothing compiles while it is measured.
pub(crate) fn measure(options: &Options) -> Result<ExitCode> {
    release(&["heyon", "paysim", "bench"])?;
    let postgres = if options.no_postgres { None } else { Some(TemporaryPostgres::start()?) };
    let built = root().join("target/release/bench");
    let mut bench = program(&built.to_string_lossy(), []);
    if let Some(postgres) = &postgres {
        bench.args(["--postgres", &postgres.url(), "--postgres-pid", &postgres.pid().to_string()]);
    }
    run(bench.args(&options.more))?;
    Ok(ExitCode::SUCCESS)
}
