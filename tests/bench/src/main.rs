//! How fast the release build of heyon is on this machine, in one run: beside the raw rates of the same disk, with paysim
//! as a process of its own and this generator as another.
#![expect(clippy::print_stdout, reason = "figures are for the person at the terminal")]

mod baseline;
mod charging;
mod load;
mod machine;
mod meter;
mod pages;
mod providers;
mod raw;
mod report;
mod running;
mod shop;
mod topup;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use basis::Env;
use clap::{Parser, Subcommand, ValueEnum};
use proof::providers::WAYS;
use tempfile::TempDir;

use crate::{
    load::{amount, float},
    meter::Meter,
    providers::Prices,
    report::Figures,
    shop::Shop,
};

const ORDERS_PER_SECOND: f64 = 500.0;
const CPU_MS_PER_ORDER: f64 = 2.0;
const STEADY_PER_SECOND: u32 = 50;
const PAID_TO_ACTIVE_P99_MS: f64 = 100.0;
const READY_MS: f64 = 300.0;
const MEMORY_MB: f64 = 60.0;
/// Starts of which the middle one counts.
const STARTS: usize = 5;

/// Measures heyon.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Where the release builds are.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// An empty PostgreSQL database; without it only SQLite is measured.
    #[arg(long)]
    postgres: Option<String>,
    /// The process that serves it, whose time on the processors is said, too.
    #[arg(long)]
    postgres_pid: Option<u32>,
    /// How many orders are paid as fast as it goes.
    #[arg(long, default_value_t = 6000)]
    orders: usize,
    /// How many people there are; each has ten lines.
    #[arg(long, default_value_t = 60)]
    people: usize,
    /// How many payers pay at once.
    #[arg(long, default_value_t = 64)]
    payers: usize,
    /// How long orders rest between being placed and being paid: open payments are looked at 5, 15, 30, 60 and 120
    /// seconds after they were begun, and these looks are not what is measured.
    #[arg(long, default_value_t = 62)]
    quiet_seconds: u64,
    /// Only one part of it.
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Only orders as fast as it goes.
    #[arg(long)]
    burst_only: bool,
    /// Writes the figures into this file, as Markdown.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A part of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// The charging engine.
    Charging,
}

/// A process that is measured.
#[derive(Subcommand)]
enum Part {
    /// The charging engine and its Gy face.
    #[command(hide = true)]
    Meter(Meter),
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    // A second naming changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let args = Args::parse();
    if let Some(Part::Meter(meter)) = &args.part {
        return meter::serve(meter).await.map(|()| ExitCode::SUCCESS);
    }
    let head = format!("{}; {}", today()?, machine::describe());
    println!("{head}");
    let mut figures = Figures::default();
    if args.only != Some(Only::Charging) {
        shops(&args, &mut figures).await?;
    }
    if !args.burst_only {
        charging::measure(&args, &mut figures).await?;
    }
    let text = figures.markdown(&format!("{head} at the start, {} at the end", machine::load()));
    println!("\n{text}\n{} aims missed", figures.missed());
    if let Some(out) = &args.out {
        std::fs::write(out, text)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Orders and pages.
async fn shops(args: &Args, figures: &mut Figures) -> Result<()> {
    let sqlite_commits = disk(figures)?;
    let rate = on_sqlite(args, figures).await?;
    figures.ratio("orders/s on SQLite ÷ the same disk's SQLite commits/s", rate / sqlite_commits);
    if let Some(url) = &args.postgres {
        let (alone, together) = postgres_disk(url, figures).await?;
        let rate = on_postgres(args, url, figures).await?;
        figures.ratio("orders/s on PostgreSQL ÷ its commits/s, one connection", rate / alone);
        figures.ratio("orders/s on PostgreSQL ÷ its commits/s, 16 connections", rate / together);
    }
    Ok(())
}

fn today() -> Result<String> {
    let now = jiff::Timestamp::from_millisecond(Env::system().now().as_ms())?;
    Ok(now.strftime("%Y-%m-%d").to_string())
}

fn disk(figures: &mut Figures) -> Result<f64> {
    let place = TempDir::with_prefix("heyon-raw-")?;
    let syncs = raw::syncs_per_second(place.path())?;
    figures.say("the disk: 4 KiB written and synced, one after the other", format!("{syncs:.0}/s"));
    let commits = raw::sqlite_commits_per_second(place.path())?;
    figures.say("SQLite, FULL: one-row transactions, one after the other", format!("{commits:.0}/s"));
    Ok(commits)
}

async fn postgres_disk(url: &str, figures: &mut Figures) -> Result<(f64, f64)> {
    let alone = raw::postgres_commits_per_second(url, 1).await?;
    figures.say("PostgreSQL: one-row transactions, one connection", format!("{alone:.0}/s"));
    let together = raw::postgres_commits_per_second(url, 16).await?;
    figures.say("PostgreSQL: one-row transactions, 16 connections", format!("{together:.0}/s"));
    Ok((alone, together))
}

async fn on_sqlite(args: &Args, figures: &mut Figures) -> Result<f64> {
    let mut shop = Shop::open(&args.programs, None, args.people).await?;
    let fresh = machine::memory_mb(shop.pid()?, "VmRSS")?;
    let rate = orders(args, &mut shop, "SQLite", figures).await?;
    if !args.burst_only {
        pages::measure(&shop, figures).await?;
        figures.say("memory, 600 lines just bound", format!("{fresh:.0} MB"));
        figures.say(
            "memory after all of this, most of it",
            format!("{:.0} MB", machine::memory_mb(shop.pid()?, "VmHWM")?),
        );
        shop = starts(shop, figures).await?;
        figures.at_most(
            "memory, started again on this data",
            machine::memory_mb(shop.pid()?, "VmRSS")?,
            "MB",
            MEMORY_MB,
        );
    }
    shop.audit().await?;
    shop.close().await?;
    Ok(rate)
}

async fn starts(mut shop: Shop, figures: &mut Figures) -> Result<Shop> {
    let mut all = Vec::new();
    for _ in 0..STARTS {
        let (again, ms) = shop.restart().await?;
        shop = again;
        all.push(ms);
    }
    all.sort_by(f64::total_cmp);
    let middle = all.get(STARTS / 2).copied().context("no start")?;
    figures.at_most("start to ready, on this data", middle, "ms", READY_MS);
    Ok(shop)
}

async fn on_postgres(args: &Args, url: &str, figures: &mut Figures) -> Result<f64> {
    let mut shop = Shop::open(&args.programs, Some(url), args.people).await?;
    let cpu = || args.postgres_pid.map_or(Ok(0), machine::family_cpu_ms);
    let before = cpu()?;
    let rate = orders(args, &mut shop, "PostgreSQL", figures).await?;
    let own = float(cpu()? - before) / amount(args.orders);
    figures.say("PostgreSQL: its own CPU, placing orders included", format!("{own:.1} ms for each order"));
    shop.audit().await?;
    shop.close().await?;
    Ok(rate)
}

async fn orders(args: &Args, shop: &mut Shop, engine: &str, figures: &mut Figures) -> Result<f64> {
    let prices = Prices::measure(figures)?;
    let warm = shop.place(200, "warm", &WAYS).await?;
    shop.pay_at_once(warm, args.payers).await?;
    let bills = shop.place(args.orders, "burst", &WAYS).await?;
    shop.await_quiet(args.quiet_seconds).await;
    let (rate, cost) = shop.pay_at_once(bills, args.payers).await?;
    let each = |total: u64| float(total) / amount(args.orders);
    figures.at_least(&format!("{engine}: paid to durable active"), rate, "orders/s", ORDERS_PER_SECOND);
    let aim = if engine == "SQLite" { CPU_MS_PER_ORDER } else { f64::INFINITY };
    figures.at_most(&format!("{engine}: CPU of heyon for each order"), each(cost.cpu_ms), "ms", aim);
    for (name, what) in [
        ("store_transactions_total", "transactions"),
        ("store_commits_total", "commits"),
        ("store_statements_total", "statements"),
    ] {
        figures.say(&format!("{engine}: {what} for each order"), format!("{:.1}", each(cost.counted(name))));
    }
    providers::mixed(engine, &prices, &cost, args.orders, figures);
    let burst = (args.orders / WAYS.len(), args.payers);
    providers::measure(engine, &prices, shop, burst, rate, figures).await?;
    if !args.burst_only {
        let bills = shop.place(1000, "steady", &WAYS).await?;
        let times = shop.pay_steadily(bills, STEADY_PER_SECOND).await?;
        let at = format!("{engine}: message received to active at {STEADY_PER_SECOND}/s");
        figures.say(&format!("{at}: p50"), format!("{:.0} ms", times.at(500)));
        figures.at_most(&format!("{at}: p99"), times.at(990), "ms", PAID_TO_ACTIVE_P99_MS);
    }
    shop.audit().await?;
    Ok(rate)
}
