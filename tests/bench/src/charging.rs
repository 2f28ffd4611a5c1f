//! Credit control over one Diameter connection, each answer durable before it is given: how fast, how long, and beside what
//! anyone could build on the same PostgreSQL.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use basis::Env;
use netsim::load::{self, Outcome, Plan};
use tempfile::TempDir;

use crate::{
    Args, baseline,
    load::float,
    machine,
    meter::{self, Meter},
    report::Figures,
    running::Running,
    topup,
};

/// Sessions with one request in flight each.
const WINDOWS: [u32; 4] = [1, 32, 256, 2048];
const TIME: Duration = Duration::from_secs(4);
/// The best of so many tries counts: others use this machine, too.
const TRIES: u32 = 2;
const LINES: u32 = 600;
/// What SQLite should bear with the most sessions in flight.
const PER_SECOND: f64 = 100_000.0;
const TIMES_BASELINE: [f64; 2] = [5.0, 20.0];
const HOT_PART: f64 = 0.8;
const MANY_LINES: u32 = 1_000_000;
const START_MS: f64 = 5000.0;
const LINE_BYTES: f64 = 400.0;
const TOP_UPS: u32 = 300;
const TOP_UP_MS: f64 = 100.0;

/// Measures all of it.
///
/// # Errors
/// If anything is refused.
pub(crate) async fn measure(args: &Args, figures: &mut Figures) -> Result<()> {
    on(None, figures).await?;
    if let Some(url) = &args.postgres {
        let best = on(Some(url), figures).await?;
        let plain = [baseline::best(url, LINES, figures).await?, baseline::best(url, 1, figures).await?];
        let pools = ["spread pools", "one hot pool"];
        for (((pools, best), plain), aim) in pools.iter().zip(best).zip(plain).zip(TIMES_BASELINE) {
            let what = format!("CCR/s on PostgreSQL ÷ an update for each request there, {pools}");
            figures.ratio_at_least(&what, best / plain, aim);
        }
    }
    many_lines(figures).await?;
    top_ups(figures).await
}

/// The best rates on one engine: spread pools, one hot pool.
async fn on(postgres: Option<&str>, figures: &mut Figures) -> Result<[f64; 2]> {
    let engine = if postgres.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut best = [0.0_f64; 2];
    for (best, one_pool) in best.iter_mut().zip([false, true]) {
        let place = TempDir::with_prefix("heyon-meter-")?;
        let database = match postgres {
            Some(url) => Some(baseline::database(url, one_pool).await?),
            None => None,
        };
        let meter = Meter { one_pool, postgres: database, ..of(place.path(), LINES) };
        let running = Running::start(&meter).await?;
        let pools = if one_pool { "one hot pool" } else { "spread pools" };
        for window in WINDOWS {
            let (outcome, cpu) = best_of(&running, window).await?;
            let what = format!("{engine}, {pools}: durable CCR/s, {window} in flight");
            let (p50, p99) = (ms(&outcome, 500), ms(&outcome, 990));
            figures.say(
                &format!("{what}: times"),
                format!("p50 {p50:.1} ms, p99 {p99:.1} ms, {cpu:.1} µs of CPU each"),
            );
            let rate = float(outcome.per_second());
            if engine == "SQLite" && !one_pool && window == 2048 {
                figures.at_least(&what, rate, "/s", PER_SECOND);
            } else {
                figures.say(&what, format!("{rate:.0}/s"));
            }
            *best = best.max(rate);
        }
        running.stop().await?;
    }
    let [spread, hot] = best;
    figures.ratio_at_least(
        &format!("CCR/s of one hot pool ÷ spread pools, {engine}"),
        hot / spread,
        HOT_PART,
    );
    Ok(best)
}

fn of(data: &Path, lines: u32) -> Meter {
    Meter { data: data.to_owned(), postgres: None, lines, one_pool: false, little: false, fresh: true }
}

async fn best_of(running: &Running, sessions: u32) -> Result<(Outcome, f64)> {
    let mut best = put(running, sessions).await?;
    for _ in 1..TRIES {
        let next = put(running, sessions).await?;
        if next.0.per_second() > best.0.per_second() {
            best = next;
        }
    }
    Ok(best)
}

/// What came of it, and how many microseconds of the meter's CPU each message took.
async fn put(running: &Running, sessions: u32) -> Result<(Outcome, f64)> {
    let plan = Plan {
        peer: running.ready.address.clone(),
        connections: 1,
        sessions,
        imsis: (0..LINES).map(meter::imsi).collect(),
        country: "JP".to_owned(),
        time: TIME,
        rate: None,
        repeat: false,
        env: Env::system(),
    };
    let before = machine::cpu_ms(running.pid()?)?;
    let outcome = load::run(plan).await?;
    let cpu = machine::cpu_ms(running.pid()?)? - before;
    let granted = outcome.answers.get(&2001).copied().unwrap_or(0);
    ensure!(granted == outcome.messages && outcome.unsent == 0, "not all were granted: {outcome}");
    // The first and the last request of each session cost, too.
    let messages = outcome.messages + 2 * u64::from(sessions);
    Ok((outcome, float(cpu) * 1000.0 / float(messages)))
}

fn ms(outcome: &Outcome, thousandths: usize) -> f64 {
    outcome.within(thousandths).as_secs_f64() * 1000.0
}

/// A start with very many lines, and what each of them takes of memory.
async fn many_lines(figures: &mut Figures) -> Result<()> {
    let place = TempDir::with_prefix("heyon-meter-")?;
    let meter = Meter { little: true, ..of(place.path(), MANY_LINES) };
    Running::start(&meter).await?.stop().await?;
    let again = Running::start(&Meter { fresh: false, ..meter }).await?;
    figures.at_most("start with a million lines, each with a bundle", again.ready.ms, "ms", START_MS);
    let bytes = (again.ready.full_mb - again.ready.bare_mb) * 1024.0 * 1024.0 / f64::from(MANY_LINES);
    figures.at_most("memory of an idle line with a bundle", bytes, "bytes", LINE_BYTES);
    again.stop().await
}

/// From the word that a line is topped up until its session has a larger grant, by Re-Auth-Request.
async fn top_ups(figures: &mut Figures) -> Result<()> {
    let place = TempDir::with_prefix("heyon-meter-")?;
    let meter = Meter { little: true, ..of(place.path(), TOP_UPS) };
    let mut running = Running::start(&meter).await?;
    let times = topup::times(&mut running, TOP_UPS).await.context("a top-up was not felt")?;
    figures
        .say("top-up to the first larger grant, by Re-Auth-Request: p50", format!("{:.1} ms", times.at(500)));
    figures.at_most(
        "top-up to the first larger grant, by Re-Auth-Request: p99",
        times.at(990),
        "ms",
        TOP_UP_MS,
    );
    running.stop().await
}
