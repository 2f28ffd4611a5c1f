//! The packet gateway as a process of its own.
#![expect(clippy::print_stdout, reason = "figures are for the person at the terminal")]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use basis::Env;
use clap::{Args, Parser, Subcommand};
use netsim::{Gateway, Options, Profile, Subscriber, load};

/// A simulated packet gateway.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lets subscribers use data. Stops on SIGTERM and SIGINT, with a final report of every session.
    Roam(Roam),
    /// Asks as much as is wanted, and says how long the answers took.
    Load(Load),
}

#[derive(Args)]
struct Roam {
    /// Where the charging server is.
    #[arg(long, default_value = "127.0.0.1:3868")]
    peer: String,
    /// The gateway's Origin-Host; by default a fresh one.
    #[arg(long)]
    name: Option<String>,
    /// Whose manners it has.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
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

#[derive(Args)]
struct Load {
    /// Where the charging server is.
    #[arg(long, default_value = "127.0.0.1:3868")]
    peer: String,
    /// Over so many connections.
    #[arg(long, default_value_t = 1)]
    connections: u32,
    /// So many sessions in all.
    #[arg(long, default_value_t = 256)]
    sessions: u32,
    /// For so many seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests a second in all, each due at its moment; without it each session's next request follows its last answer.
    #[arg(long)]
    rate: Option<u32>,
    /// Who uses data: an IMSI, or several with commas; sessions take them in turn.
    #[arg(long, value_delimiter = ',', required = true)]
    imsi: Vec<String>,
    /// Where: an ISO 3166-1 code.
    #[arg(long, default_value = "JP")]
    country: String,
    /// Sends each request one to three times, shuffled in a window of four.
    #[arg(long)]
    repeat: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    match Cli::parse().command {
        Command::Roam(args) => roam(args).await,
        Command::Load(args) => put_load(args).await,
    }
}

async fn roam(args: Roam) -> anyhow::Result<()> {
    let env = Env::system();
    let fresh = || format!("netsim-{:016x}.netsim.example", u64::from_le_bytes(env.random()));
    let options = Options {
        name: args.name.clone().unwrap_or_else(fresh),
        peer: args.peer.clone(),
        profile: args.profile,
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
    anyhow::ensure!(complaints.is_empty(), "the server was wrong: {complaints:#?}");
    Ok(())
}

fn subscriber(args: &Roam, imsi: &str) -> Subscriber {
    Subscriber {
        imsi: imsi.to_owned(),
        msisdn: None,
        country: args.country.clone(),
        octets_per_second: args.rate,
        report_every: Some(Duration::from_millis(args.report_ms)),
        session_octets: args.session_octets,
        retry_after: Duration::from_millis(args.retry_ms),
    }
}

async fn put_load(args: Load) -> anyhow::Result<()> {
    let plan = load::Plan {
        peer: args.peer,
        connections: args.connections,
        sessions: args.sessions,
        imsis: args.imsi,
        country: args.country,
        time: Duration::from_secs(args.seconds),
        rate: args.rate,
        repeat: args.repeat,
        env: Env::system(),
    };
    println!("{}", load::run(plan).await?);
    Ok(())
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
