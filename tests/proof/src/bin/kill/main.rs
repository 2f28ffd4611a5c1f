//! Kills heyon again and again while people pay at every provider and a gateway meters, then compares all books.
#![expect(clippy::print_stdout, reason = "what is proved is said at the terminal")]

mod books;
mod shop;

use std::{path::PathBuf, process::ExitCode, process::Stdio, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use basis::{Env, SeededEntropy};
use clap::Parser;
use proof::{
    report::Report,
    world::{Card, World, terminate},
};
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};

use crate::shop::{ACCOUNTS, LINES_EACH, Shop};

/// Where the gateway's subscribers are.
const COUNTRY: &str = "JP";
/// A dozen people have more payments open at once than a person would.
const SETTINGS: &str = "limits_times = 100\n";
/// One kill in so many is made good by the other nodes, for so long.
const STAYS_DEAD_IN: usize = 6;
const STAYS_DEAD: Duration = Duration::from_secs(10);
/// How long everything may take to come to rest once nobody kills any more, and so much more for each order, since each is
/// asked for its story.
const REST_TIME_MAX: Duration = Duration::from_secs(90);
const REST_TIME_EACH: Duration = Duration::from_millis(5);

/// Kill -9, start, go on; then audit.
#[derive(Parser)]
struct Args {
    /// At least so many kills.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// At least so many delivered orders.
    #[arg(long, default_value_t = 500)]
    orders: usize,
    /// So many nodes on one PostgreSQL; each kill hits any of them.
    #[arg(long, default_value_t = 1, requires = "postgres")]
    nodes: usize,
    /// Where the release builds are.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// Repeats the same moments.
    #[arg(long)]
    seed: Option<u64>,
    /// An empty PostgreSQL database to keep the data in, instead of SQLite: `postgres://…`.
    #[arg(long)]
    postgres: Option<String>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    // A second naming changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| u64::from_le_bytes(Env::system().random()));
    println!("seed {seed}");
    let chance = Env { entropy: Arc::new(SeededEntropy::new(seed)), ..Env::system() };
    let mut report = Report::default();
    let database = args.postgres.as_ref().map(|url| format!("database = \"{url}\"\n")).unwrap_or_default();
    let cards = u32::try_from(ACCOUNTS * LINES_EACH)?;
    let (world, cards) =
        World::make_nodes(&args.programs, &format!("{SETTINGS}{database}"), cards, args.nodes.max(1)).await?;
    run(&args, &world, &cards, &chance, &mut report).await?;
    Ok(report.close())
}

async fn run(args: &Args, world: &World, cards: &[Card], chance: &Env, report: &mut Report) -> Result<()> {
    let mut nodes = Vec::new();
    for node in 0..args.nodes.max(1) {
        nodes.push(world.serve_node(node).await?);
    }
    let shop = Arc::new(Shop::open(world, cards).await?);
    let imsis: Vec<String> = cards.iter().map(|card| card.imsi.clone()).collect();
    let netsim = world.netsim(&imsis, COUNTRY)?;
    let buying = shop.start_buying(chance);
    let killed = kill(args, world, &shop, &mut nodes, chance).await?;
    shop.stop();
    for buyer in buying {
        buyer.await??;
    }
    let Killed { kills, refunds, slowest_start } = killed;
    println!("{kills} kills, {} orders placed, ready again after {slowest_start:?} at most", shop.placed());
    let rest_time = REST_TIME_MAX + REST_TIME_EACH * u32::try_from(shop.placed())?;
    let at_rest = timeout(rest_time, shop.at_rest(world)).await;
    let (stories, books) = at_rest.context("orders do not come to rest")??;
    let gateway = terminate(netsim).await;
    report.check("kills", kills >= args.kills, kills);
    report.check("orders that an operator gave back meanwhile", refunds > 0, refunds);
    report.check("the gateway met nothing odd", gateway.is_ok(), said(&gateway.map(|()| String::new())));
    let audit = world.operator(&["audit"]).await;
    report.check("audit of the running shop", audit.is_ok(), said(&audit));
    for node in nodes {
        terminate(node).await?;
    }
    let audit = world.operator(&["audit"]).await;
    report.check("audit after it has stopped", audit.is_ok(), said(&audit));
    let sqlite = || format!("sqlite://{}", world.data().join("heyon.db").display());
    let database = args.postgres.clone().unwrap_or_else(sqlite);
    books::compare(args.orders, world, &database, &shop, (&stories, &books), report).await
}

struct Killed {
    kills: usize,
    refunds: usize,
    slowest_start: Duration,
}

/// Lives of 20 to 1,500 ms, in each of which an operator gives an order back, until there were enough kills and orders.
async fn kill(args: &Args, world: &World, shop: &Shop, nodes: &mut [Child], chance: &Env) -> Result<Killed> {
    let mut killed = Killed { kills: 0, refunds: 0, slowest_start: Duration::ZERO };
    while killed.kills < args.kills || shop.placed() < args.orders + args.orders / 4 {
        let life = 20 + u64::from(u32::from_le_bytes(chance.random())) % 1480;
        let refund = shop.regretted(chance).map(|order| begin_refund(world, &order)).transpose()?;
        sleep(Duration::from_millis(life)).await;
        let [nth, rest] = chance.random::<2>().map(usize::from);
        let nth = nth % nodes.len();
        let node = nodes.get_mut(nth).context("no node")?;
        node.kill().await?;
        killed.kills += 1;
        // It may have been cut off, or have begun when nobody served any more, and then did it by itself.
        if let Some(mut refund) = refund {
            killed.refunds += usize::from(refund.wait().await?.success());
        }
        // Now and then the others have to do without it for good.
        if args.nodes > 1 && rest % STAYS_DEAD_IN == 0 {
            sleep(STAYS_DEAD).await;
        }
        let started = Instant::now();
        *node = world.serve_node(nth).await?;
        killed.slowest_start = killed.slowest_start.max(started.elapsed());
        ensure!(killed.kills < args.kills * 50, "too slow: {} orders, {} kills", shop.placed(), killed.kills);
    }
    Ok(killed)
}

fn begin_refund(world: &World, order: &str) -> Result<Child> {
    let mut command = world.heyon(&["orders", "refund", order, "--note", "as asked"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("heyon cannot be started")
}

fn said(outcome: &Result<String>) -> String {
    match outcome {
        Ok(said) => said.trim().to_owned(),
        Err(error) => format!("{error:#}"),
    }
}
