//! The meter by itself, as a process of its own: the charging engine and its Gy face, as `heyon serve` runs them, without a
//! shop in front. Lines and bundles are made at its first start; words on its standard input bring more.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, Result};
use basis::{Allowance, DataVolume, Env, Id, Line, Order, Pool, RenewalRule, StartRule, Terms};
use charging::{
    Charging, Credit, LineIdentity, Opening,
    gy::{Door, Limits, PeerRule, Profile, Settings},
};
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::{Deserialize, Serialize};
use store::Db;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    sync::watch,
};

use crate::machine;

/// How many lines are made at once.
const AT_ONCE: usize = 2048;
/// What a line has that must never run dry.
const PLENTY: DataVolume = DataVolume::gigabytes(100_000);
/// What a line has that is to be topped up.
const LITTLE: DataVolume = DataVolume::megabytes(2);

/// What the meter is to serve.
#[derive(Debug, Clone, Args)]
pub(crate) struct Meter {
    /// Where its data is, or is made.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// A PostgreSQL database for it; else SQLite.
    #[arg(long)]
    pub(crate) postgres: Option<String>,
    /// How many lines there are.
    #[arg(long)]
    pub(crate) lines: u32,
    /// They all share one pool.
    #[arg(long)]
    pub(crate) one_pool: bool,
    /// So little data that they soon need more.
    #[arg(long)]
    pub(crate) little: bool,
    /// Makes the lines first.
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// Said once, as a line of JSON, when gateways may come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub(crate) address: String,
    /// From opening the data to serving.
    pub(crate) ms: f64,
    /// What this process has allocated, before the lines and with them; files that it maps are the kernel's cache.
    pub(crate) bare_mb: f64,
    pub(crate) full_mb: f64,
}

/// The IMSI of a line.
pub(crate) fn imsi(line: u32) -> String {
    format!("00101{line:010}")
}

/// Serves until its standard input ends. A line of that with a number tops that line up.
///
/// # Errors
/// If the database refuses.
pub(crate) async fn serve(meter: &Meter) -> Result<()> {
    // Counting costs, in heyon as here.
    let _counted = PrometheusBuilder::new().install_recorder()?;
    let env = Env::system();
    let bare_mb = machine::memory_mb(std::process::id(), "RssAnon")?;
    let began = env.clock.monotonic_ns();
    let charging = open(meter, &env).await?;
    anyhow::ensure!(charging.faults().is_empty(), "{:?}", charging.faults());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let ms = crate::load::float((env.clock.monotonic_ns() - began) / 1000) / 1000.0;
    if meter.fresh {
        make_lines(&charging, meter).await?;
    }
    let (stop, stopped) = watch::channel(false);
    let doors = vec![Door { listener, tls: None }];
    let serving = tokio::spawn(charging::gy::serve(doors, face(), charging.clone(), env, stopped));
    let full_mb = machine::memory_mb(std::process::id(), "RssAnon")?;
    println!("{}", serde_json::to_string(&Ready { address, ms, bare_mb, full_mb })?);
    top_up(&charging, meter).await?;
    stop.send_replace(true);
    serving.await?;
    charging.shut_down().await;
    Ok(())
}

async fn open(meter: &Meter, env: &Env) -> Result<Charging> {
    std::fs::create_dir_all(&meter.data)?;
    let file = |name: &str| format!("sqlite://{}", meter.data.join(name).display());
    let url = |name| meter.postgres.clone().unwrap_or_else(|| file(name));
    let (shop, log) = (Db::open(&url("heyon.db"), env).await?, Db::open(&url("charging.db"), env).await?);
    store::migrate(&shop, &[charging::MIGRATIONS], env.now()).await?;
    store::migrate(&log, &[charging::LOG_MIGRATIONS], env.now()).await?;
    Ok(Charging::open(Opening { log, shop, node: "bench".to_owned() }, env).await?)
}

fn pool_of(meter: &Meter, line: u32) -> Id<Pool> {
    // Spread over the shards as real ids, whose lower half is random, are.
    let scattered = |n: u32| u128::from(n) << 64 | u128::from(n.wrapping_mul(0x9e37_79b1));
    Id::from_u128(scattered(if meter.one_pool { 0 } else { line }))
}

async fn make_lines(charging: &Charging, meter: &Meter) -> Result<()> {
    let bytes = if meter.little { LITTLE } else { PLENTY };
    let make = |line: u32| async move {
        let (pool, id): (_, Id<Line>) = (pool_of(meter, line), Id::from_u128(line.into()));
        let identity =
            LineIdentity { line: id, imsi: imsi(line).parse().ok().context("an IMSI")?, msisdn: None };
        charging.open_pool(pool, identity).await?;
        if !meter.one_pool || line == 0 {
            let (order, line) = (Id::from_u128(line.into()), (!meter.one_pool).then_some(id));
            charging.credit(Credit { pool, order, line, terms: terms(bytes) }).await?;
        }
        anyhow::Ok(())
    };
    stream::iter(0..meter.lines).map(make).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(charging.snapshot().await?)
}

async fn top_up(charging: &Charging, meter: &Meter) -> Result<()> {
    let mut words = BufReader::new(tokio::io::stdin()).lines();
    while let Some(word) = words.next_line().await? {
        let line: u32 = word.trim().parse()?;
        let (pool, order) = (pool_of(meter, line), Id::<Order>::from_u128(1 << 64 | u128::from(line)));
        charging
            .credit(Credit { pool, order, line: Some(Id::from_u128(line.into())), terms: terms(PLENTY) })
            .await?;
    }
    Ok(())
}

fn terms(bytes: DataVolume) -> Terms {
    Terms {
        allowance: Allowance::Fixed { bytes },
        coverage: ["JP"].iter().filter_map(|country| country.parse().ok()).collect(),
        days: 30,
        start: StartRule::AtPurchase,
        activate_within_days: 90,
        renewal: RenewalRule::Add,
        shareable: true,
    }
}

fn face() -> Settings {
    let anyone = PeerRule {
        origin_host: "*".to_owned(),
        addresses: Vec::new(),
        profile: Arc::new(Profile::default()),
    };
    Settings {
        origin_host: "ocs.bench.example".to_owned(),
        origin_realm: "bench.example".to_owned(),
        peers: vec![anyone],
        top_up_url: "https://shop.bench.example/plans".to_owned(),
        country_of: |network| network.starts_with("440").then(|| "JP".parse().ok()).flatten(),
        limits: Limits::default(),
    }
}
