//! The sandbox provider as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use basis::{Env, ManualClock, OsEntropy};
use clap::Parser;
use paysim::{Keys, Options, Paysim};

/// A sandbox payment provider: no money moves. Stops on SIGTERM and SIGINT.
#[derive(Parser)]
struct Args {
    /// Where to listen; port 0: any.
    #[arg(long, default_value = "127.0.0.1:4400")]
    listen: SocketAddr,
    /// The journal file; without it the books are in memory.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where the sandbox face's messages go; other faces' by `PUT /sim/webhook`.
    #[arg(long)]
    webhook_url: Option<String>,
    /// What signs messages; twice while it is rolled.
    #[arg(long, default_value = "whsec_sandbox")]
    secret: Vec<String>,
    /// The merchant's name.
    #[arg(long, default_value = "Heyon")]
    merchant: String,
    /// The merchant's API key.
    #[arg(long, default_value = "sk_sandbox")]
    api_key: String,
    /// The address of the pay pages, if it is not the listening one.
    #[arg(long)]
    public_url: Option<String>,
    /// Milliseconds between tries of a message, instead of each face's true table, e.g. `200,500,1000`.
    #[arg(long, value_delimiter = ',')]
    retry_ms: Option<Vec<i64>>,
    /// A clock that stands until `POST /sim/clock` moves it.
    #[arg(long)]
    virtual_clock: bool,
    /// The first line on standard output is JSON: `{"v":1,"paysim":"http://…"}`.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let args = Args::parse();
    let json = args.json;
    let paysim = Paysim::spawn(args.listen, options(args)).await.context("the sandbox does not start")?;
    announce(&paysim.url(), json)?;
    stopped().await
}

fn options(args: Args) -> Options {
    let clock = args.virtual_clock.then(|| Arc::new(ManualClock::at(Env::system().now())));
    let env = match &clock {
        Some(clock) => Env { clock: clock.clone(), entropy: Arc::new(OsEntropy) },
        None => Env::system(),
    };
    let webhook_urls = args.webhook_url.map(|url| ("sandbox".to_owned(), url)).into_iter().collect();
    Options {
        webhook_urls,
        data: args.data,
        public_url: args.public_url,
        env,
        virtual_clock: clock,
        retries_ms: args.retry_ms,
        keys: Keys { secrets: args.secret, ..Keys::new(&args.merchant, &args.api_key, "") },
        ..Options::new("", "", "")
    }
}

fn announce(url: &str, json: bool) -> anyhow::Result<()> {
    use std::io::Write as _;
    let line = if json { format!(r#"{{"v":1,"paysim":"{url}"}}"#) } else { format!("paysim: {url}") };
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

async fn stopped() -> anyhow::Result<()> {
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = term.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    Ok(())
}
