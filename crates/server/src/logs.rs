//! Logs to standard error, so that standard output is for results.

use anyhow::{Context, Result};
use tracing_subscriber::{EnvFilter, fmt};

use crate::settings::Log;

/// Starts logging as set; once per process.
///
/// # Errors
/// If the level cannot be understood.
pub fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| format!("log.level: {}", log.level))?;
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started =
        if log.format == "json" { lines.json().try_init() } else { lines.with_ansi(false).try_init() };
    // A second start in one process (a test) keeps the first one's settings.
    drop(started);
    Ok(())
}
