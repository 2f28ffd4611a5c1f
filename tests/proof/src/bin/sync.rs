//! Shows by strace that heyon syncs the right file between the receipt of a message and its answer, and that the
//! same look finds nothing when SQLite is told not to sync.
#![expect(clippy::print_stdout, reason = "what is proved is said at the terminal")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use basis::{Clock, Env, SystemClock};
use clap::Parser;
use netsim::{Gateway, Options, Profile, Subscriber};
use proof::{
    client::{Phone, text},
    providers::WAYS,
    report::Report,
    trace::{Words, syncs_before_answer},
    world::{SECRET, World},
};
use serde_json::json;
use tokio::time::{sleep, timeout};

const PLAN: &str = "jp-5gb-30d";
const HOOK: (&str, Words) = ("a webhook", Words::Http("POST /hooks/sandbox"));
const QUOTA: (&str, Words) = ("a Credit-Control-Request", Words::CreditControl);
const OFF: &str = "database = \"sqlite://DATA/heyon.db?synchronous=OFF\"";
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(20);

/// Is it on disk before anyone is answered?
#[derive(Parser)]
struct Args {
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
    for (setting, hook_file, quota_file) in
        [("", "heyon.db-wal", "charging.db-wal"), (OFF, "heyon.db-wal", "heyon.db-wal")]
    {
        let trace = trace(&args, setting).await?;
        for ((request, words), file) in [(HOOK, hook_file), (QUOTA, quota_file)] {
            let syncs =
                syncs_before_answer(&trace, words).with_context(|| format!("{request} has no answer"))?;
            let synced = syncs.iter().any(|sync| sync.file.ends_with(file));
            let mode = if setting.is_empty() { "FULL" } else { "OFF" };
            let what = format!("{request}: {file} is synced before the answer, with synchronous={mode}");
            report.check(&what, synced == setting.is_empty(), synced);
        }
    }
    println!("with OFF the look must find nothing, or it would prove nothing");
    Ok(report.close())
}

/// The trace of a shop that takes a webhook and a quota request while nothing else happens.
async fn trace(args: &Args, setting: &str) -> Result<String> {
    let (world, cards) = World::make(&args.programs, setting, 1).await?;
    let card = cards.first().context("no card")?;
    let traced = world.serve_traced("first.trace").await?;
    let phone = Phone::register(&world.web(), 0).await?;
    let line = phone.bind(&card.serial).await?;
    let (order, pay_url) = phone.order(&line, PLAN, &WAYS[0], "sync").await?;
    phone.pay(&pay_url.context("nowhere to pay")?, "ok").await?;
    timeout(DELIVERY_TIME_MAX, active(&phone, &order)).await.context("not delivered in time")??;
    terminate_traced(traced).await?;
    // A fresh process, whose first messages are these two.
    let traced = world.serve_traced("second.trace").await?;
    sleep(Duration::from_millis(1500)).await;
    hook(&world).await?;
    quota(&world, &card.imsi).await?;
    terminate_traced(traced).await?;
    std::fs::read_to_string(world.path("second.trace")).context("no trace")
}

async fn active(phone: &Phone, order: &str) -> Result<()> {
    while text(&phone.story(order).await?, "/order/state")? != "active" {
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// strace ends with the program that it traces, so that one is told.
async fn terminate_traced(mut strace: tokio::process::Child) -> Result<()> {
    let id = strace.id().context("it has ended already")?;
    let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
    tokio::process::Command::new("kill").arg("-TERM").args(children.split_whitespace()).status().await?;
    timeout(DELIVERY_TIME_MAX, strace.wait()).await.context("it does not end")??;
    Ok(())
}

/// A signed message about a payment that nobody knows: kept, flagged, and acknowledged.
async fn hook(world: &World) -> Result<()> {
    let now = SystemClock::start().now();
    let id = format!("evt_{}", Env::system().new_id::<basis::InboxMessage>());
    let event = json!({ "id": id, "object": "event", "type": "payment.captured", "created_ms": now.as_ms(),
        "data": { "id": "psim_unknown", "reference": "pay_unknown" } });
    let body = event.to_string();
    let signature = paysim::sign(&[SECRET.to_owned()], now.as_ms() / 1000, &body);
    let url = format!("{}/hooks/sandbox", world.web());
    let request = reqwest::Client::new().post(url).header("paysim-signature", signature).body(body);
    request.send().await?.error_for_status().map(drop).context("the webhook is refused")
}

/// A gateway opens a session, is granted something, and ends it.
async fn quota(world: &World, imsi: &str) -> Result<()> {
    let books = world.path("sync.books");
    let options = Options {
        name: "sync.proof".to_owned(),
        peer: world.gy(),
        profile: Profile::Generic,
        books: Some(books.clone()),
        noisy: false,
        env: Env::system(),
    };
    let gateway = Gateway::spawn(options)?;
    gateway.attach(Subscriber::slow(imsi, "JP"));
    let answered = async {
        while gateway.answered() == 0 {
            sleep(Duration::from_millis(20)).await;
        }
        gateway.stop().await;
    };
    timeout(DELIVERY_TIME_MAX, answered).await.context("no answer to a gateway")?;
    let granted = netsim::books::read(&books)?.values().map(|sums| sums.granted).sum::<u64>();
    ensure!(granted > 0, "no quota");
    Ok(())
}
