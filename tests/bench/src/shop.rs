//! A shop to be measured: heyon and paysim as processes of their own, people with lines, and orders that wait.

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use basis::{Clock, Env, SystemClock};
use proof::{
    client::{Line, Phone},
    providers::Way,
    world::{Card, World, terminate},
};
use reqwest::Client;
use store::Db;
use tokio::{process::Child, time::sleep};

use crate::{
    load::{self, Times, float},
    machine,
};

/// What people buy; bundles of it add up, so one line can have many.
pub(crate) const PLAN: &str = "jp-5gb-30d";
/// Everyone comes from a few addresses here, and has more unpaid orders than a person would.
const SETTINGS: &str = "limits_times = 1000\n";
const LINES_EACH: usize = 10;
/// How many people do something at once while the shop is set up.
const AT_ONCE: usize = 8;
const READY_TIME_MAX_MS: u64 = 20_000;
const DELIVERY_TIME_MAX_MS: u64 = 180_000;

/// One shop on one engine.
pub(crate) struct Shop {
    world: World,
    metrics: u16,
    heyon: Child,
    client: Client,
    /// The lines that cards became, each with whose it is.
    lines: Arc<Vec<(Phone, Line)>>,
    db: Db,
    delivered: u64,
}

/// A line's part in a burst: whom to tell that it is paid, and where.
#[derive(Debug, Clone)]
pub(crate) struct Bill {
    phone: Phone,
    url: String,
}

/// What a stretch of work cost.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    /// Heyon's time on the processors, in milliseconds.
    pub(crate) cpu_ms: u64,
    counters: BTreeMap<String, u64>,
}

impl Cost {
    /// What came on top since.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let grown = |(name, now): (&String, &u64)| {
            (name.clone(), now.saturating_sub(before.counters.get(name).copied().unwrap_or(0)))
        };
        let counters = self.counters.iter().map(grown).collect();
        Self { cpu_ms: self.cpu_ms.saturating_sub(before.cpu_ms), counters }
    }

    /// How much a counter has grown; all of this name, whatever their labels.
    pub(crate) fn counted(&self, name: &str) -> u64 {
        let of_name = |key: &&String| key.split('{').next() == Some(name);
        self.counters.iter().filter(|(key, _)| of_name(key)).map(|(_, grown)| grown).sum()
    }

    /// As [`Cost::counted`], those with this label alone.
    pub(crate) fn counted_as(&self, name: &str, label: &str, value: &str) -> u64 {
        let key = format!("{name}{{{label}=\"{value}\"}}");
        self.counters.get(&key).copied().unwrap_or(0)
    }
}

impl Shop {
    /// Starts one on SQLite, or on a PostgreSQL's empty database, with so many people of ten lines each.
    ///
    /// # Errors
    /// If a program is missing or refuses.
    pub(crate) async fn open(programs: &Path, postgres: Option<&str>, people: usize) -> Result<Self> {
        let database = postgres.map(|url| format!("database = \"{url}\"\n")).unwrap_or_default();
        let settings = format!("{SETTINGS}{database}");
        let (world, cards) = World::make(programs, &settings, u32::try_from(people * LINES_EACH)?).await?;
        let metrics = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (heyon, _) = start(&world, metrics).await?;
        let sqlite = || format!("sqlite://{}", world.data().join("heyon.db").display());
        let db = Db::open(&postgres.map_or_else(sqlite, str::to_owned), &Env::system()).await?;
        let lines = bind_all(&world, &cards).await?;
        let (client, lines) = (Client::new(), Arc::new(lines));
        Ok(Self { world, metrics, heyon, client, lines, db, delivered: 0 })
    }

    /// Heyon's process.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.heyon.id().context("heyon has ended")
    }

    /// Where the pages are.
    pub(crate) fn web(&self) -> String {
        self.world.web()
    }

    /// Places orders, spread over the lines and over these ways to pay, and begins their payments.
    ///
    /// # Errors
    /// If the shop refuses.
    pub(crate) async fn place(&self, count: usize, name: &str, ways: &'static [Way]) -> Result<Vec<Bill>> {
        let (lines, bills, name) = (self.lines.clone(), Arc::new(Mutex::new(Vec::new())), name.to_owned());
        let kept = bills.clone();
        let place = move |nth: usize| {
            let (lines, bills, key) = (lines.clone(), kept.clone(), format!("{name}-{nth}"));
            async move {
                let (phone, line) = lines.get(nth % lines.len()).context("no line")?;
                let way = ways.get(nth % ways.len()).context("no way")?;
                let (_, url) = phone.order(line, PLAN, way, &key).await?;
                let bill = Bill { phone: phone.clone(), url: url.context("nowhere to pay")? };
                bills.lock().unwrap_or_else(PoisonError::into_inner).push(bill);
                Ok(())
            }
        };
        load::hurry(AT_ONCE * 2, count, place).await?;
        let bills = bills.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ensure!(bills.len() == count, "{} of {count} orders placed", bills.len());
        Ok(bills)
    }

    /// Waits until the regular looks at open payments rest for a minute, so that only what a payment causes is measured.
    pub(crate) async fn await_quiet(&self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    /// Pays as fast as it goes, so many at once, and waits until every order is active and has its receipt: orders per
    /// second from the first payment to the last order's durable `active`, and what all of it has cost.
    ///
    /// # Errors
    /// If any is not delivered.
    pub(crate) async fn pay_at_once(&mut self, bills: Vec<Bill>, at_once: usize) -> Result<(f64, Cost)> {
        let (count, bills, before) = (bills.len(), Arc::new(bills), self.cost().await?);
        println!("{count} orders are paid, {at_once} at once");
        let began = Env::system().now();
        load::hurry(at_once, count, pay(bills)).await?;
        self.await_delivered(count).await?;
        self.await_receipts().await?;
        let cost = self.cost().await?.since(&before);
        let last: i64 = store::sql!("SELECT MAX(active_at) AS last FROM orders")
            .one(&mut self.db.read().await?)
            .await?
            .get("last")?;
        let seconds = float(u64::try_from(last - began.as_ms())?) / 1000.0;
        Ok((load::amount(count) / seconds, cost))
    }

    /// Pays at a steady pace: from the signed message's arrival to `active`, by the shop's own durable times.
    ///
    /// # Errors
    /// If any is not delivered.
    pub(crate) async fn pay_steadily(&mut self, bills: Vec<Bill>, per_second: u32) -> Result<Times> {
        let (count, began) = (bills.len(), Env::system().now());
        load::steady(per_second, count, pay(Arc::new(bills))).await?;
        self.await_delivered(count).await?;
        let rows = store::sql!(
            "SELECT o.active_at - MIN(i.received_at) AS took FROM orders o JOIN payment_inbox i ON i.payment_id = o.payment_id \
             WHERE o.paid_at >= $1 AND o.state = 'active' GROUP BY o.id, o.active_at"
        );
        let rows = rows.bind(began).all(&mut self.db.read().await?).await?;
        ensure!(rows.len() == count, "{} of {count} orders have their times", rows.len());
        let micros = rows.iter().map(|row| Ok(u64::try_from(row.get::<i64>("took")?)? * 1000));
        Ok(Times::of(micros.collect::<Result<_>>()?))
    }

    /// Waits until so many more orders are active in the database.
    async fn await_delivered(&mut self, count: usize) -> Result<()> {
        let wanted = self.delivered + u64::try_from(count)?;
        let active = || store::sql!("SELECT COUNT(*) AS found FROM orders WHERE state = 'active'");
        self.await_rows("orders are active", active, wanted).await?;
        self.delivered = wanted;
        Ok(())
    }

    /// Waits until each delivered order has its receipt: in a rush receipts come later.
    async fn await_receipts(&self) -> Result<()> {
        let given = || store::sql!("SELECT COUNT(*) AS found FROM receipt");
        self.await_rows("receipts are given", given, self.delivered).await
    }

    async fn await_rows(&self, what: &str, count: impl Fn() -> store::Query, wanted: u64) -> Result<()> {
        let clock = SystemClock::start();
        loop {
            let found: i64 = count().one(&mut self.db.read().await?).await?.get("found")?;
            if u64::try_from(found)? >= wanted {
                return Ok(());
            }
            let waited_ms = clock.monotonic_ns() / 1_000_000;
            ensure!(waited_ms < DELIVERY_TIME_MAX_MS, "only {found} of {wanted} {what}");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where the payers pay.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) fn paysim_pid(&self) -> Result<u32> {
        self.world.paysim_pid()
    }

    /// What heyon has cost so far.
    ///
    /// # Errors
    /// If it has ended.
    pub(crate) async fn cost(&self) -> Result<Cost> {
        let url = format!("http://127.0.0.1:{}/metrics", self.metrics);
        let text = self.client.get(url).send().await?.text().await?;
        let counters = text.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(Cost { cpu_ms: machine::cpu_ms(self.pid()?)?, counters: counters.collect() })
    }

    /// Compares all books.
    ///
    /// # Errors
    /// If they differ anywhere.
    pub(crate) async fn audit(&self) -> Result<()> {
        self.world.operator(&["audit"]).await.map(drop)
    }

    /// Ends heyon and starts it again on the same data: milliseconds until it is ready.
    ///
    /// # Errors
    /// If it does not end or start.
    pub(crate) async fn restart(self) -> Result<(Self, f64)> {
        terminate(self.heyon).await?;
        let (heyon, ms) = start(&self.world, self.metrics).await?;
        Ok((Self { heyon, ..self }, ms))
    }

    /// Ends heyon.
    ///
    /// # Errors
    /// If it does not end well.
    pub(crate) async fn close(self) -> Result<()> {
        self.db.close().await;
        terminate(self.heyon).await
    }
}

fn pay(bills: Arc<Vec<Bill>>) -> impl Fn(usize) -> futures_util::future::BoxFuture<'static, Result<()>> {
    move |nth| {
        let bills = bills.clone();
        Box::pin(async move {
            let bill = bills.get(nth).context("no bill")?;
            bill.phone.pay(&bill.url, "ok").await
        })
    }
}

/// Starts serving: the process, and how long it took until it was ready, in milliseconds.
async fn start(world: &World, metrics: u16) -> Result<(Child, f64)> {
    let log = File::options().create(true).append(true).open(world.path("heyon.log"))?;
    let (client, url) = (Client::new(), format!("{}/readyz", world.web()));
    let mut command = world.heyon(&["serve"]);
    command.env("HEYON_METRICS_LISTEN", format!("127.0.0.1:{metrics}")).stdout(Stdio::null()).stderr(log);
    let clock = SystemClock::start();
    let mut child = command.spawn()?;
    loop {
        if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return Ok((child, float(clock.monotonic_ns() / 1000) / 1000.0));
        }
        if let Some(status) = child.try_wait()? {
            let log = std::fs::read_to_string(world.path("heyon.log")).unwrap_or_default();
            bail!("heyon ended by itself: {status}\n{log}");
        }
        ensure!(clock.monotonic_ns() / 1_000_000 < READY_TIME_MAX_MS, "heyon is not ready in time");
        sleep(Duration::from_millis(1)).await;
    }
}

/// Registers people and binds ten cards for each.
async fn bind_all(world: &World, cards: &[Card]) -> Result<Vec<(Phone, Line)>> {
    let web = world.web();
    let hands: Arc<Vec<Vec<Card>>> = Arc::new(cards.chunks(LINES_EACH).map(<[Card]>::to_vec).collect());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let (people, kept) = (hands.len(), lines.clone());
    let bind = move |nth: usize| {
        let (web, hands, lines) = (web.clone(), hands.clone(), kept.clone());
        async move {
            let phone = Phone::register(&web, nth).await?;
            for card in hands.get(nth).context("no cards")? {
                let line = phone.bind(&card.serial).await?;
                lines.lock().unwrap_or_else(PoisonError::into_inner).push((phone.clone(), line));
            }
            Ok(())
        }
    };
    load::hurry(AT_ONCE, people, bind).await?;
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(lines)
}
