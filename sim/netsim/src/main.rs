//! The packet gateway as a process of its own.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use basis::Env;
use clap::Parser;
use netsim::{Gateway, Options, Subscriber};

/// A simulated packet gateway. Stops on SIGTERM and SIGINT, with a final report of every session.
#[derive(Parser)]
struct Args {
    /// Where the quota port is.
    #[arg(long, default_value = "http://127.0.0.1:4500")]
    engine: String,
    /// The gateway's name; by default a fresh one.
    #[arg(long)]
    name: Option<String>,
    /// The file of its books, appended and synced.
    #[arg(long)]
    books: Option<PathBuf>,
    /// Who uses data: an IMSI, or several with commas.
    #[arg(long, value_delimiter = ',', required = true)]
    imsi: Vec<String>,
    /// Where: an ISO 3166-1 code.
    #[arg(long, default_value = "JP")]
    country: String,
    /// How fast each of them uses data, in octets a second.
    #[arg(long, default_value_t = 250_000)]
    rate: u64,
    /// Milliseconds from a report to the next one at the latest.
    #[arg(long, default_value_t = 3000)]
    report_ms: u64,
    /// A session ends after so many octets, and another begins.
    #[arg(long)]
    session_octets: Option<u64>,
    /// Milliseconds from a refusal to the next try.
    #[arg(long, default_value_t = 2000)]
    retry_ms: u64,
    /// Sends each request one to three times, reports in up to four parts, and shuffles them.
    #[arg(long)]
    noisy: bool,
    /// Ends by itself after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let args = Args::parse();
    let env = Env::system();
    let fresh = || format!("netsim-{:016x}", u64::from_le_bytes(env.random()));
    let options = Options {
        name: args.name.clone().unwrap_or_else(fresh),
        engine: args.engine.clone(),
        books: args.books.clone(),
        noisy: args.noisy,
        env: env.clone(),
    };
    let gateway = Gateway::spawn(options).context("the gateway does not start")?;
    for imsi in &args.imsi {
        gateway.attach(subscriber(&args, imsi));
    }
    stopped(args.seconds).await?;
    gateway.stop().await;
    tracing::info!(answered = gateway.answered(), "stopped");
    let complaints = gateway.complaints();
    anyhow::ensure!(complaints.is_empty(), "the engine was wrong: {complaints:#?}");
    Ok(())
}

fn subscriber(args: &Args, imsi: &str) -> Subscriber {
    Subscriber {
        imsi: imsi.to_owned(),
        country: args.country.clone(),
        octets_per_second: args.rate,
        report_every: Some(Duration::from_millis(args.report_ms)),
        session_octets: args.session_octets,
        retry_after: Duration::from_millis(args.retry_ms),
    }
}

async fn stopped(seconds: Option<u64>) -> anyhow::Result<()> {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let time = async {
        match seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = term.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
        () = time => {}
    }
    Ok(())
}
