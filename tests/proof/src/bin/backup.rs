//! Copies the shop again and again while people pay and a gateway meters, kills it, and goes on from the copies.

use std::{
    collections::BTreeSet, fs::File, path::PathBuf, process::ExitCode, process::Stdio, time::Duration,
};

use anyhow::{Context, Result, ensure};
use basis::Env;
use clap::Parser;
use futures_util::{StreamExt, TryStreamExt, stream};
use proof::{
    client::{Line, Phone, text},
    providers::WAYS,
    report::Report,
    world::{World, terminate},
};
use store::Db;
use tokio::time::{sleep, timeout};

const PLAN: &str = "jp-5gb-30d";
const SETTINGS: &str = "limits_times = 100\n";
const ACCOUNTS: usize = 4;
const LINES_EACH: usize = 5;
const AT_ONCE: usize = 8;
/// Copies are made so far apart.
const APART: Duration = Duration::from_millis(400);
const COPIES: [&str; 3] = ["first", "second", "third"];
/// Restoring asks the provider about each payment, so little is left to do.
const REST_TIME_MAX: Duration = Duration::from_mins(1);

/// Back up under load, restore, audit.
#[derive(Parser)]
struct Args {
    /// So many orders are paid meanwhile.
    #[arg(long, default_value_t = 600)]
    orders: usize,
    /// Where the release builds are.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    // A second naming changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let args = Args::parse();
    let mut report = Report::default();
    run(&args, &mut report).await?;
    Ok(report.close())
}

async fn run(args: &Args, report: &mut Report) -> Result<()> {
    let (world, cards) = World::make(&args.programs, SETTINGS, u32::try_from(ACCOUNTS * LINES_EACH)?).await?;
    let mut heyon = world.serve().await?;
    let serials: Vec<String> = cards.iter().map(|card| card.serial.clone()).collect();
    let lines = bind(&world, &serials).await?;
    let bills = place(&lines, args.orders).await?;
    let imsis: Vec<String> = cards.iter().map(|card| card.imsi.clone()).collect();
    let netsim = world.netsim(&imsis, "JP")?;
    let paying = tokio::spawn(pay(bills.clone()));
    let mut acknowledged = Vec::new();
    for copy in COPIES {
        sleep(APART).await;
        acknowledged.push(active(&world).await?);
        world.operator(&["backup", &world.path(copy).to_string_lossy()]).await?;
    }
    let paid_all = paying.is_finished();
    paying.await??;
    report.check("people were still paying when the last copy was done", !paid_all, !paid_all);
    terminate(netsim).await.context("the gateway met something odd")?;
    heyon.kill().await?;
    for (copy, acknowledged) in COPIES.into_iter().zip(acknowledged) {
        go_on(&world, copy, &acknowledged, &bills, report).await?;
    }
    Ok(())
}

/// An order that waits for its payment.
#[derive(Debug, Clone)]
struct Bill {
    phone: Phone,
    order: String,
    url: String,
}

async fn bind(world: &World, serials: &[String]) -> Result<Vec<(Phone, Line)>> {
    let mut lines = Vec::new();
    for (nth, serials) in serials.chunks(LINES_EACH).enumerate() {
        let phone = Phone::register(&world.web(), nth).await?;
        for serial in serials {
            lines.push((phone.clone(), phone.bind(serial).await?));
        }
    }
    Ok(lines)
}

/// Every payment is opened before the first copy, so each copy knows of all that the provider will take.
async fn place(lines: &[(Phone, Line)], count: usize) -> Result<Vec<Bill>> {
    let place = |nth: usize| async move {
        let (phone, line) = lines.get(nth % lines.len()).context("no line")?;
        let way = WAYS.get(nth % WAYS.len()).context("no way")?;
        let (order, url) = phone.order(line, PLAN, way, &format!("wish-{nth}")).await?;
        anyhow::Ok(Bill { phone: phone.clone(), order, url: url.context("nowhere to pay")? })
    };
    stream::iter(0..count).map(place).buffer_unordered(AT_ONCE).try_collect().await
}

async fn pay(bills: Vec<Bill>) -> Result<()> {
    let pay = |bill: Bill| async move {
        sleep(Duration::from_millis(40)).await;
        bill.phone.pay(&bill.url, "ok").await
    };
    stream::iter(bills).map(pay).buffer_unordered(AT_ONCE).try_collect().await
}

/// The orders that are active in the data of the shop that runs.
async fn active(world: &World) -> Result<BTreeSet<String>> {
    active_in(&world.data()).await
}

async fn active_in(data: &std::path::Path) -> Result<BTreeSet<String>> {
    let db = Db::open(&format!("sqlite://{}", data.join("heyon.db").display()), &Env::system()).await?;
    let rows = store::sql!("SELECT id FROM orders WHERE state = 'active'").all(&mut db.read().await?).await?;
    let ids = rows.iter().map(|row| Ok(row.get("id")?)).collect();
    db.close().await;
    ids
}

/// Restores a copy, compares, serves from it until every order is delivered, and audits.
async fn go_on(
    world: &World,
    copy: &str,
    acknowledged: &BTreeSet<String>,
    bills: &[Bill],
    report: &mut Report,
) -> Result<()> {
    let data = world.path(&format!("{copy}-restored"));
    let (from, to) = (world.path(copy), data.to_string_lossy().into_owned());
    let in_copy = active_in(&from).await?;
    let said =
        format!("{} before, {} in the copy, {} in the end", acknowledged.len(), in_copy.len(), bills.len());
    report.check(&format!("{copy} copy: made in the middle"), in_copy.len() < bills.len(), &said);
    report.check(
        &format!("{copy} copy: has what was active before it"),
        acknowledged.is_subset(&in_copy),
        &said,
    );
    let restored = world.operator(&["--data", &to, "restore", &from.to_string_lossy()]).await;
    report.check(&format!("{copy} copy: restored, books clean"), restored.is_ok(), outcome(&restored));
    let log = File::create(world.path(&format!("{copy}.log")))?;
    let heyon = world.heyon(&["--data", &to, "serve"]).stdout(Stdio::null()).stderr(log).spawn()?;
    let delivered = timeout(REST_TIME_MAX, all_active(bills)).await;
    let delivered = delivered.map_err(anyhow::Error::from).and_then(|all| all);
    report.check(
        &format!("{copy} copy: every paid order delivered"),
        delivered.is_ok(),
        format!("{delivered:?}"),
    );
    let audit = world.operator(&["--data", &to, "audit"]).await;
    report.check(&format!("{copy} copy: audit"), audit.is_ok(), outcome(&audit));
    terminate(heyon).await?;
    ensure!(data.is_dir(), "no data");
    Ok(())
}

async fn all_active(bills: &[Bill]) -> Result<()> {
    for bill in bills {
        while text(&bill.phone.story(&bill.order).await?, "/order/state")? != "active" {
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

fn outcome(done: &Result<String>) -> String {
    match done {
        Ok(said) => said.lines().last().unwrap_or_default().to_owned(),
        Err(error) => format!("{error:#}"),
    }
}
