//! Credit control over one Diameter connection, each answer durable before it is given.

use std::time::Duration;

use anyhow::{Result, ensure};
use basis::Env;
use netsim::load::{self, Outcome, Plan};

use crate::{load::float, machine, report::Figures, shop::Shop};

const IN_FLIGHT: [u32; 4] = [1, 32, 256, 2048];
const TIME: Duration = Duration::from_secs(5);
/// What SQLite should bear with the most sessions in flight.
const PER_SECOND: f64 = 100_000.0;
/// At a steady pace, with so many sessions, the server is kept half as busy as it can be.
const STEADY_SESSIONS: u32 = 2048;

/// Measures durable credit-control requests for each number of sessions in flight, then at half the best pace.
///
/// # Errors
/// If one is not granted.
pub(crate) async fn measure(shop: &Shop, engine: &str, figures: &mut Figures) -> Result<()> {
    let mut best = 0;
    for sessions in IN_FLIGHT {
        let (outcome, cpu) = put(shop, sessions, None).await?;
        let what = format!("{engine}: Gy: CCR/s durable, {sessions} sessions in flight");
        figures.say(&format!("{what}: times"), format!("{}, {cpu:.0} µs of CPU each", times(&outcome)));
        let rate = outcome.per_second();
        if engine == "SQLite" && Some(&sessions) == IN_FLIGHT.last() {
            figures.at_least(&what, float(rate), "/s", PER_SECOND);
        } else {
            figures.say(&what, format!("{rate}/s"));
        }
        best = best.max(rate);
    }
    let pace = u32::try_from(best / 2)?;
    let (outcome, cpu) = put(shop, STEADY_SESSIONS, Some(pace)).await?;
    let what = format!("{engine}: Gy: {pace} CCR/s, each due at its moment");
    figures.say(&what, format!("{}, {cpu:.0} µs of CPU each", times(&outcome)));
    Ok(())
}

/// What came of it, and how many microseconds of heyon's CPU each message took.
async fn put(shop: &Shop, sessions: u32, rate: Option<u32>) -> Result<(Outcome, f64)> {
    let plan = Plan {
        peer: shop.gy(),
        connections: 1,
        sessions,
        imsis: shop.cards.iter().map(|card| card.imsi.clone()).collect(),
        country: "JP".to_owned(),
        time: TIME,
        rate,
        repeat: false,
        env: Env::system(),
    };
    let before = machine::cpu_ms(shop.pid()?)?;
    let outcome = load::run(plan).await?;
    let cpu = machine::cpu_ms(shop.pid()?)? - before;
    let granted = outcome.answers.get(&2001).copied().unwrap_or(0);
    ensure!(granted == outcome.messages && outcome.unsent == 0, "not all were granted: {outcome}");
    // The first and the last request of each session cost, too.
    let messages = outcome.messages + 2 * u64::from(sessions);
    Ok((outcome, float(cpu) * 1000.0 / float(messages)))
}

fn times(outcome: &Outcome) -> String {
    let [p50, p99, p999, max] = [500, 990, 999, 1000].map(|part| outcome.within(part).as_secs_f64() * 1000.0);
    format!("p50 {p50:.1} ms, p99 {p99:.1} ms, p99.9 {p999:.1} ms, max {max:.1} ms")
}
