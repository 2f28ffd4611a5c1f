//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

/// A self-hosted eSIM service.
#[derive(Debug, Parser)]
#[command(name = "heyon", version)]
pub struct Cli {
    /// Settings that differ from the defaults (TOML); the environment's HEYON_* win over it.
    #[arg(long, global = true, env = "HEYON_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The data directory, instead of the setting `data`.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Who gives this command, for the audit trail. [default: the operating system's user]
    #[arg(long, global = true, value_name = "NAME")]
    pub actor: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What heyon can do.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Verb {
    /// Run the shop.
    Serve,
    /// Run a whole shop to try out: a sandbox to pay at, a simulated network, plans, cards and an account.
    Demo(Demo),
    /// Bring the database to this version; `serve` does it too.
    Migrate,
    /// The inventory of cards.
    #[command(subcommand)]
    Cards(Cards),
    /// The plans on sale.
    #[command(subcommand)]
    Catalog(Catalog),
    /// Compare ledger, orders, providers and the charging log; fails on any difference and prints each.
    Audit,
    /// Copy the data, while the shop runs, into a new directory.
    Backup {
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// Put a backup into an empty data directory, reconcile it, and print every difference.
    Restore {
        #[arg(value_name = "DIR")]
        from: PathBuf,
    },
    /// Copy everything from the embedded database to an empty PostgreSQL, while nothing runs, and audit both.
    Move {
        /// Where to: postgres://user:password@host/database
        #[arg(long, value_name = "ADDRESS")]
        to: String,
    },
    /// Make a shard of the charging log start again whose log is damaged, by losing what stands behind the damage.
    Repair {
        /// The shard and the row that its fault names; this row goes, and all behind it.
        #[arg(long, value_name = "SHARD:SEQ", value_parser = place)]
        discard_from: (u32, u64),
        /// Do it. Without this, only say what would be lost.
        #[arg(long, requires = "actor")]
        yes: bool,
    },
    /// Cases that need a person's decision.
    #[command(subcommand)]
    Review(Review),
    /// Orders.
    #[command(subcommand)]
    Orders(Orders),
    /// Queued work.
    #[command(subcommand)]
    Jobs(Jobs),
    /// Lines.
    #[command(subcommand)]
    Lines(Lines),
}

fn place(text: &str) -> Result<(u32, u64), String> {
    let parsed = text.split_once(':').and_then(|(shard, seq)| Some((shard.parse().ok()?, seq.parse().ok()?)));
    parsed.ok_or_else(|| "a shard and a row of it, as 0:1234".to_owned())
}

/// `heyon demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the pages are; port 0 takes any free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Serve by TLS, with a certificate made for the occasion.
    #[arg(long)]
    pub tls: bool,
    /// Print one line of JSON once ready, for programs.
    #[arg(long)]
    pub json: bool,
}

/// `heyon cards`.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Cards {
    /// Import cards from a CSV file, all or none.
    Import {
        file: PathBuf,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// Make secret serials and bind codes, and print them, this once.
    Make {
        /// The cards to make them for: the import's CSV file without serials and bind codes.
        #[arg(long = "for", value_name = "FILE", required_unless_present = "count")]
        cards: Option<PathBuf>,
        /// So many test cards of no maker's instead; only where payments are not real.
        #[arg(conflicts_with = "cards")]
        count: Option<u32>,
    },
}

/// `heyon catalog`.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Catalog {
    /// Bring the plans to what the file says and show the difference.
    Apply {
        file: PathBuf,
        /// Only show the difference.
        #[arg(long)]
        dry_run: bool,
    },
}

/// `heyon review`.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Review {
    /// Cases that are open.
    List,
    /// One case with what is known.
    Show { id: String },
    /// Decide a case: deliver (ask the carrier again), void (have it called off, then refund), refund_confirmed or
    /// delivered_confirmed (the carrier has said so elsewhere), return_wrong_amount, retry_refund, or dismiss.
    Resolve {
        id: String,
        decision: String,
        /// Why.
        #[arg(long)]
        note: String,
    },
}

/// `heyon orders`.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Orders {
    /// One order with its timeline and money, by its id or by the number on the customer's pages.
    Show { id: String },
    /// Give the money back, once the carrier has confirmed that nothing was or will be delivered.
    Refund {
        id: String,
        /// Why.
        #[arg(long)]
        note: String,
    },
}

/// `heyon jobs`.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Jobs {
    /// Queued work, failed for good first.
    List,
    /// Try again now.
    Retry { id: String },
    /// Forget it for good; refused while money or a delivery hangs on it.
    Drop {
        id: String,
        /// For the audit trail.
        #[arg(long)]
        why: String,
    },
}

/// `heyon lines`.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the arguments' texts are for the person who asks for help")]
pub enum Lines {
    /// Stop a line: no more data until it is unbarred.
    Bar { id: String },
    /// Let a line use data again.
    Unbar { id: String },
}
