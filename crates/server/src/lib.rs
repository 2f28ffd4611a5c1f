//! Heyon's binary: the command line, the settings, and how everything is put together.
//!
//! [`cli`] says what can be asked; [`shop`] opens the data and wires the nouns; [`running`] serves; [`admin`] is
//! what operators do, through the running server or by themselves; [`demo`] is a whole small world.
#![expect(clippy::print_stdout, reason = "results go to standard output, logs to standard error")]

pub mod admin;
pub mod audit;
pub mod backup;
pub mod cli;
mod commands;
pub mod data_dir;
pub mod demo;
pub mod gy;
pub mod housekeeping;
pub mod http;
pub mod logs;
pub mod metrics;
pub mod moving;
pub mod nodes;
pub mod pay;
pub mod running;
pub mod selling;
pub mod settings;
pub mod shop;

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use cli::{Cli, Verb};
use nodes::Role;
use running::Running;
use settings::Settings;
use shop::Shop;

/// Reads the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("heyon: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(cli: Cli) -> Result<ExitCode> {
    let mut settings = Settings::read(cli.config.as_deref())?;
    if let Some(data) = &cli.data {
        settings.data.clone_from(data);
    }
    logs::start(&settings.log)?;
    for variable in Settings::strangers() {
        tracing::warn!(variable, "this is no setting; it changes nothing");
    }
    http::use_ring();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(run(cli, settings))
}

async fn run(cli: Cli, settings: Settings) -> Result<ExitCode> {
    match &cli.verb {
        Verb::Serve => serve(settings).await,
        Verb::Demo(options) => Box::pin(demo::run(options, settings, cli.data.is_some())).await,
        Verb::Migrate => migrate(settings).await,
        Verb::Restore { from } => Box::pin(backup::restore(from, settings)).await,
        Verb::Move { to } => Box::pin(moving::run(to, settings)).await,
        _ => Box::pin(commands::run(&cli, settings)).await,
    }
}

async fn serve(settings: Settings) -> Result<ExitCode> {
    ensure!(!settings.public_url.is_empty(), "public_url is not set: say which address people will see");
    let certificate = http::certificate(&settings.tls).await?;
    let listener = http::bind(settings.listen)?;
    let shop = Shop::open(settings, Role::Serves).await?;
    let told_to_stop = running::told_to_stop()?;
    let running = Running::start(shop, listener, certificate).await?;
    tracing::info!(web = %running.web, "ready");
    told_to_stop.await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn migrate(settings: Settings) -> Result<ExitCode> {
    let shop = Shop::open(settings, Role::Visits).await?;
    println!("the database is at this version");
    shop.close().await;
    Ok(ExitCode::SUCCESS)
}
