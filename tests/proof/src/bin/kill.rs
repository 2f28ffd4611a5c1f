//! Kills heyon again and again while people buy and a gateway meters, then compares the books of all three.
#![expect(clippy::print_stdout, reason = "what is proved is said at the terminal")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use basis::{Env, Id, SeededEntropy, Timestamp};
use clap::Parser;
use paysim::BookTotals;
use proof::{
    client::{Line, Phone, text},
    report::Report,
    world::{Card, World, terminate},
};
use serde_json::Value;
use store::Db;
use tokio::time::{Instant, sleep, timeout};

/// What people buy: shared bundles of this country add up, so one line can have many.
const PLAN: &str = "jp-5gb-30d";
const COUNTRY: &str = "JP";
const METHODS: [&str; 4] = ["card", "paypal", "alipay", "wechat_pay"];
const ACCOUNTS: usize = 4;
const LINES_EACH: usize = 5;
const BUYERS: usize = 12;
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
    let setting = args.postgres.as_ref().map(|url| format!("database = \"{url}\"")).unwrap_or_default();
    let (world, cards) =
        World::make_nodes(&args.programs, &setting, count(ACCOUNTS * LINES_EACH)?, args.nodes.max(1)).await?;
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
    let mut kills = 0;
    let mut slowest_start = Duration::ZERO;
    while kills < args.kills || shop.placed() < args.orders + args.orders / 4 {
        let life = 20 + u64::from(u32::from_le_bytes(chance.random())) % 1480;
        sleep(Duration::from_millis(life)).await;
        let [nth, rest] = chance.random::<2>().map(usize::from);
        let nth = nth % nodes.len();
        let node = nodes.get_mut(nth).context("no node")?;
        node.kill().await?;
        kills += 1;
        // Now and then the others have to do without it for good.
        if args.nodes > 1 && rest % STAYS_DEAD_IN == 0 {
            sleep(STAYS_DEAD).await;
        }
        let started = Instant::now();
        *node = world.serve_node(nth).await?;
        slowest_start = slowest_start.max(started.elapsed());
        ensure!(kills < args.kills * 50, "too slow: {} orders after {kills} kills", shop.placed());
    }
    shop.stop.store(true, Ordering::Relaxed);
    for buyer in buying {
        buyer.await??;
    }
    println!("{kills} kills, {} orders placed, ready again after {slowest_start:?} at most", shop.placed());
    let rest_time = REST_TIME_MAX + REST_TIME_EACH * u32::try_from(shop.placed())?;
    let at_rest = timeout(rest_time, shop.at_rest(world)).await;
    let (stories, books) = at_rest.context("orders do not come to rest")??;
    let gateway = terminate(netsim).await;
    report.check("kills", kills >= args.kills, kills);
    report.check("the gateway met nothing odd", gateway.is_ok(), said(&gateway.map(|()| String::new())));
    let audit = world.operator(&["audit"]).await;
    report.check("audit of the running shop", audit.is_ok(), said(&audit));
    for node in nodes {
        terminate(node).await?;
    }
    let audit = world.operator(&["audit"]).await;
    report.check("audit after it has stopped", audit.is_ok(), said(&audit));
    compare(args, world, &shop, &stories, &books, report).await
}

fn said(outcome: &Result<String>) -> String {
    match outcome {
        Ok(said) => said.trim().to_owned(),
        Err(error) => format!("{error:#}"),
    }
}

/// Each order with its timeline, as the API tells it.
type Stories = BTreeMap<String, Value>;

/// The people and what they did.
struct Shop {
    phones: Vec<Phone>,
    lines: Vec<(usize, Line)>,
    /// Each order with whose it is.
    orders: Mutex<Vec<(usize, String)>>,
    next: AtomicUsize,
    stop: AtomicBool,
}

impl Shop {
    async fn open(world: &World, cards: &[Card]) -> Result<Self> {
        let mut phones = Vec::new();
        let mut lines = Vec::new();
        for (nth, cards) in cards.chunks(LINES_EACH).enumerate() {
            let phone = Phone::register(&world.web(), &world.paysim, nth).await?;
            for card in cards {
                lines.push((nth, phone.bind(&card.serial).await?));
            }
            phones.push(phone);
        }
        let (orders, next, stop) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Self { phones, lines, orders, next, stop })
    }

    fn placed(&self) -> usize {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn start_buying(self: &Arc<Self>, chance: &Env) -> Vec<tokio::task::JoinHandle<Result<()>>> {
        let buyer = |_| {
            let (shop, chance) = (self.clone(), chance.clone());
            tokio::spawn(async move {
                while !shop.stop.load(Ordering::Relaxed) {
                    shop.buy(&chance).await?;
                }
                Ok(())
            })
        };
        (0..BUYERS).map(buyer).collect()
    }

    /// One purchase, paid in one of the ways that payments go.
    async fn buy(&self, chance: &Env) -> Result<()> {
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        let (owner, line) = self.lines.get(nth % self.lines.len()).context("no line")?;
        let phone = self.phones.get(*owner).context("no phone")?;
        let method = METHODS.get(nth % METHODS.len()).context("no method")?;
        let (order, pay_url) = phone.order(line, PLAN, method, &format!("wish-{nth}")).await?;
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push((*owner, order));
        let [roll] = chance.random();
        let outcome = match roll {
            0..=9 => "declined",
            10..=19 => "twice",
            20..=39 => "doubled",
            40..=59 => "reordered",
            60..=64 => "cancel",
            _ => "ok",
        };
        // Without an address nobody pays: the order waits until it expires.
        match pay_url {
            Some(url) => phone.pay(&url, outcome).await,
            None => Ok(()),
        }
    }

    /// Every order's story and the sandbox's books, once nothing is on its way any more on either side. Who rests is not
    /// asked again unless the books say otherwise.
    async fn at_rest(&self, world: &World) -> Result<(Stories, BookTotals)> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut stories = Stories::new();
        loop {
            let books = paysim_books(world).await?;
            let kept = kept(&books);
            let mut restless = 0;
            for (owner, order) in &orders {
                if stories.get(order).is_some_and(|story| is_at_rest(story, &kept)) {
                    continue;
                }
                restless += 1;
                let phone = self.phones.get(*owner).context("no phone")?;
                stories.insert(order.clone(), phone.story(order).await?);
            }
            if restless == 0 {
                return Ok((stories, books));
            }
            sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Not on its way. An order that waits for its payment rests if nobody has paid it, a delivered one if it was paid once: a
/// second payment may still be on its way back.
fn is_at_rest(story: &Value, kept: &BTreeMap<&str, i64>) -> bool {
    match state(story).as_str() {
        "paid" | "delivering" | "refunding" => false,
        "active" => kept_of(story, kept) <= price(story),
        _ => kept_of(story, kept) == 0,
    }
}

/// What the sandbox keeps of an order.
fn kept_of(story: &Value, kept: &BTreeMap<&str, i64>) -> i64 {
    payments(story).iter().filter_map(|payment| kept.get(payment.as_str())).sum()
}

fn price(story: &Value) -> i64 {
    story.pointer("/order/price/minor").and_then(Value::as_i64).unwrap_or(0)
}

fn state(story: &Value) -> String {
    text(story, "/order/state").unwrap_or_default()
}

/// The payments that an order's timeline names.
fn payments(story: &Value) -> BTreeSet<String> {
    let timeline = story.pointer("/timeline").and_then(Value::as_array).cloned().unwrap_or_default();
    timeline.iter().filter_map(|event| text(event, "/happening/payment").ok()).collect()
}

/// What the sandbox took and did not give back, by our payment.
fn kept(books: &BookTotals) -> BTreeMap<&str, i64> {
    let lines = books.payments.iter();
    lines.map(|line| (line.reference.as_str(), line.captured_minor - line.refunded_minor)).collect()
}

async fn paysim_books(world: &World) -> Result<BookTotals> {
    // Messages that are still on their way are delivered first; refunds of second captures come with them.
    for _ in 0..200 {
        let books: BookTotals = reqwest::get(format!("{}/sim/books", world.paysim)).await?.json().await?;
        let refunding = books.payments.iter().any(|line| line.refunding_minor > 0);
        if books.messages_waiting == 0 && !refunding {
            return Ok(books);
        }
        sleep(Duration::from_millis(200)).await;
    }
    anyhow::bail!("the sandbox does not come to rest")
}

async fn compare(
    args: &Args,
    world: &World,
    shop: &Shop,
    stories: &Stories,
    books: &BookTotals,
    report: &mut Report,
) -> Result<()> {
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for story in stories.values() {
        *states.entry(state(story)).or_default() += 1;
    }
    let delivered = states.get("active").copied().unwrap_or(0);
    report.check("delivered orders", delivered >= args.orders, format!("{delivered} of {states:?}"));
    report.none("the sandbox's books against the orders", &against_paysim(stories, books));
    let env = Env::system();
    let sqlite = || format!("sqlite://{}", world.data().join("heyon.db").display());
    let db = Db::open(&args.postgres.clone().unwrap_or_else(sqlite), &env).await?;
    report.none("bundles against the orders", &against_bundles(&db, stories).await?);
    report.none("the gateway's books against the meter", &against_netsim(&db, world, shop).await?);
    Ok(())
}

/// What the sandbox kept of each order must be the price of a delivered one, and nothing of any other.
fn against_paysim(stories: &Stories, books: &BookTotals) -> Vec<String> {
    let kept = kept(books);
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for (order, story) in stories {
        let of_order = kept_of(story, &kept);
        let due = if state(story) == "active" { price(story) } else { 0 };
        if of_order != due {
            faults.push(format!("{order} is {}: the sandbox kept {of_order}, not {due}", state(story)));
        }
        seen.extend(payments(story));
    }
    let strangers = kept.iter().filter(|(reference, kept)| **kept != 0 && !seen.contains(**reference));
    faults.extend(strangers.map(|(reference, kept)| format!("{reference}: {kept} kept for no order")));
    faults
}

/// Each delivered order has its one bundle, and no other order has one.
async fn against_bundles(db: &Db, stories: &Stories) -> Result<Vec<String>> {
    let mut conn = db.read().await?;
    let mut bundles = BTreeSet::new();
    let mut last = String::new();
    loop {
        let page = charging::delivered_after(&mut conn, &last, 500).await?;
        bundles.extend(page.iter().map(ToString::to_string));
        let Some(bundle) = page.last() else { break };
        last = bundle.to_string();
    }
    let active: BTreeSet<String> = stories
        .iter()
        .filter(|(_, story)| state(story) == "active")
        .map(|(order, _)| order.clone())
        .collect();
    let missing = active.difference(&bundles).map(|order| format!("{order} is active and has no bundle"));
    let extra = bundles.difference(&active).map(|bundle| format!("{bundle} is delivered and not active"));
    Ok(missing.chain(extra).collect())
}

/// Each octet whose report was acknowledged is debited once; one that was never answered, at most once.
async fn against_netsim(db: &Db, world: &World, shop: &Shop) -> Result<Vec<String>> {
    let sums = netsim::books::read(&world.path("netsim.books"))?;
    let mut conn = db.read().await?;
    let mut metered = 0_u64;
    for (_, line) in &shop.lines {
        let id: Id<basis::Line> = line.id.parse()?;
        let far = Timestamp(i64::MAX / 2);
        let days = charging::usage_by_day(&mut conn, id, Timestamp(0), far, 0).await?;
        metered += days.iter().map(|day| day.octets.0).sum::<u64>();
    }
    let acknowledged: u64 = sums.values().map(|sum| sum.answered).sum();
    let in_doubt: u64 = sums.values().map(|sum| sum.in_doubt).sum();
    let holds = (acknowledged..=acknowledged + in_doubt).contains(&metered) && acknowledged > 0;
    let found = format!("metered {metered}, acknowledged {acknowledged}, in doubt {in_doubt}");
    println!("        {found}");
    Ok(if holds { Vec::new() } else { vec![found] })
}

fn count(number: usize) -> Result<u32> {
    u32::try_from(number).context("too many")
}
