//! Quota requests as a packet gateway sends them, each durable before its answer.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    load::{self, float},
    machine,
    report::Figures,
    shop::Shop,
};

const IN_FLIGHT: [usize; 3] = [1, 32, 256];
/// Requests for each session in flight, fewer the more there are.
const REQUESTS: usize = 24_000;
const REQUESTS_ALONE: usize = 4_000;

/// Measures durable quota requests for each number of sessions in flight.
///
/// # Errors
/// If one is not granted.
pub(crate) async fn measure(shop: &Shop, engine: &str, figures: &mut Figures) -> Result<()> {
    for in_flight in IN_FLIGHT {
        let count = if in_flight == 1 { REQUESTS_ALONE } else { REQUESTS };
        let sessions = open(shop, in_flight).await?;
        let before = machine::cpu_ms(shop.pid()?)?;
        let (seconds, times) = load::hurry(in_flight, count, asking(shop, sessions)).await?;
        let cpu = float(machine::cpu_ms(shop.pid()?)? - before) * 1000.0 / load::amount(count);
        let rate = load::amount(count) / seconds;
        figures.say(
            &format!("{engine}: durable quota requests, {in_flight} sessions in flight"),
            format!(
                "{rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {cpu:.0} µs of CPU each",
                times.at(500),
                times.at(990)
            ),
        );
    }
    Ok(())
}

/// A session and the number of its next request.
struct Session {
    name: String,
    next: Mutex<u32>,
}

async fn open(shop: &Shop, count: usize) -> Result<Arc<Vec<Session>>> {
    let client = Client::new();
    let mut sessions = Vec::new();
    for nth in 0..count {
        let card = shop.cards.get(nth % shop.cards.len()).context("no card")?;
        let name = format!("s-{count}-{nth}");
        let first = json!({ "gateway": "bench", "session": name, "request": "initial", "number": 0,
            "imsi": card.imsi, "country": "JP", "services": [{ "group": 1, "used": 0, "ask": { "up_to": 2_000_000 } }] });
        granted(&client, &shop.quota(), &first).await?;
        sessions.push(Session { name, next: Mutex::new(1) });
    }
    Ok(Arc::new(sessions))
}

type Asked = futures_util::future::BoxFuture<'static, Result<()>>;

/// Worker `w` of `n` takes the pieces `w`, `w + n`, …, so each session has one request in flight.
fn asking(shop: &Shop, sessions: Arc<Vec<Session>>) -> impl Fn(usize) -> Asked + Send + Sync + 'static {
    let (client, quota) = (Client::new(), shop.quota());
    move |nth| {
        let (client, quota, sessions) = (client.clone(), quota.clone(), sessions.clone());
        Box::pin(async move {
            let session = sessions.get(nth % sessions.len()).context("no session")?;
            let number = {
                let mut next = session.next.lock().unwrap_or_else(PoisonError::into_inner);
                *next += 1;
                *next - 1
            };
            let update = json!({ "gateway": "bench", "session": session.name, "request": "update", "number": number,
                "country": "JP", "services": [{ "group": 1, "used": 1000, "ask": { "up_to": 2_000_000 } }] });
            granted(&client, &quota, &update).await
        })
    }
}

async fn granted(client: &Client, quota: &str, request: &Value) -> Result<()> {
    let answer = client.post(format!("{quota}/v1/control")).json(request).send().await?;
    let said: Value = answer.error_for_status()?.json().await?;
    ensure!(said.pointer("/services/0/granted/bytes").is_some(), "no quota: {said}");
    Ok(())
}
