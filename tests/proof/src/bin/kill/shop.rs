//! The people, what they buy, and how they pay.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use basis::Env;
use paysim::BookTotals;
use proof::{
    client::{Line, Phone, text},
    providers::{WAYS, Way},
    world::{Card, World},
};
use serde_json::Value;
use tokio::time::sleep;

/// What people buy: shared bundles of this country add up, so one line can have many.
const PLAN: &str = "jp-5gb-30d";
pub(crate) const ACCOUNTS: usize = 4;
pub(crate) const LINES_EACH: usize = 5;
const BUYERS: usize = 12;

/// Each order with its timeline, as the API tells it.
pub(crate) type Stories = BTreeMap<String, Value>;

/// The people and what they did.
pub(crate) struct Shop {
    phones: Vec<Phone>,
    pub(crate) lines: Vec<(usize, Line)>,
    purchases: Mutex<BTreeMap<String, Purchase>>,
    next: AtomicUsize,
    stop: AtomicBool,
}

/// An order that somebody placed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Purchase {
    owner: usize,
    pub(crate) way: &'static Way,
    /// The payer has done all that they have to do.
    paid: bool,
    /// An operator was asked to give it back.
    regretted: bool,
}

impl Shop {
    pub(crate) async fn open(world: &World, cards: &[Card]) -> Result<Self> {
        let mut phones = Vec::new();
        let mut lines = Vec::new();
        for (nth, cards) in cards.chunks(LINES_EACH).enumerate() {
            let phone = Phone::register(&world.web(), nth).await?;
            for card in cards {
                lines.push((nth, phone.bind(&card.serial).await?));
            }
            phones.push(phone);
        }
        let (purchases, next, stop) = (Mutex::default(), AtomicUsize::new(0), AtomicBool::new(false));
        Ok(Self { phones, lines, purchases, next, stop })
    }

    pub(crate) fn purchases(&self) -> MutexGuard<'_, BTreeMap<String, Purchase>> {
        self.purchases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn placed(&self) -> usize {
        self.purchases().len()
    }

    pub(crate) fn start_buying(self: &Arc<Self>, chance: &Env) -> Vec<tokio::task::JoinHandle<Result<()>>> {
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

    /// Nobody buys any more.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// One purchase, at the next provider and in one of the ways that payments go.
    async fn buy(&self, chance: &Env) -> Result<()> {
        let nth = self.next.fetch_add(1, Ordering::Relaxed);
        let (owner, line) = self.lines.get(nth % self.lines.len()).context("no line")?;
        let phone = self.phones.get(*owner).context("no phone")?;
        let way = WAYS.get(nth % WAYS.len()).context("no way")?;
        let (order, pay_url) = phone.order(line, PLAN, way, &format!("wish-{nth}")).await?;
        let purchase = Purchase { owner: *owner, way, paid: false, regretted: false };
        self.purchases().insert(order.clone(), purchase);
        // Without an address nobody pays: the order waits until it expires.
        let Some(url) = pay_url else { return Ok(()) };
        let [roll] = chance.random();
        let paid = match roll {
            0..=9 => declined(phone, &order, &url, way).await?,
            10..=14 => called_off(phone, &order, &url, "cancel").await?,
            15..=24 => paid(phone, &url, "twice").await?,
            25..=44 => paid(phone, &url, "doubled").await?,
            45..=64 => paid(phone, &url, "reordered").await?,
            65..=71 => paid(phone, &url, "lost").await?,
            _ => paid(phone, &url, "ok").await?,
        };
        self.purchases().insert(order, Purchase { paid, ..purchase });
        Ok(())
    }

    /// One of those that were paid, whose buyer wants the money back; each but once.
    pub(crate) fn regretted(&self, chance: &Env) -> Option<String> {
        let mut purchases = self.purchases();
        let mut paid: Vec<_> =
            purchases.iter_mut().filter(|(_, purchase)| purchase.paid && !purchase.regretted).collect();
        let chosen = usize::try_from(u32::from_le_bytes(chance.random())).ok()?.checked_rem(paid.len())?;
        let (order, purchase) = paid.get_mut(chosen)?;
        purchase.regretted = true;
        Some(order.clone())
    }

    /// Every order's story and the providers' books, once nothing is on its way any more on either side. Who rests is not
    /// asked again unless the books say otherwise.
    pub(crate) async fn at_rest(&self, world: &World) -> Result<(Stories, BookTotals)> {
        let purchases = self.purchases().clone();
        let mut stories = Stories::new();
        loop {
            let books = paysim_books(world).await?;
            let kept = kept(&books);
            let mut restless = 0;
            for (order, purchase) in &purchases {
                if stories.get(order).is_some_and(|story| is_at_rest(story, purchase.paid, &kept)) {
                    continue;
                }
                restless += 1;
                let phone = self.phones.get(purchase.owner).context("no phone")?;
                stories.insert(order.clone(), phone.story(order).await?);
            }
            if restless == 0 {
                return Ok((stories, books));
            }
            sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Whether the payer has paid in the end: those who may try with another card do.
async fn declined(phone: &Phone, order: &str, url: &str, way: &Way) -> Result<bool> {
    match way.provider {
        "stripe" | "alipay" => {
            phone.pay(url, "declined").await?;
            paid(phone, url, "ok").await
        }
        _ => called_off(phone, order, url, "declined").await,
    }
}

async fn called_off(phone: &Phone, order: &str, url: &str, outcome: &str) -> Result<bool> {
    phone.pay(url, outcome).await?;
    // Too late if the provider has told of the refusal already: then the order is over as well.
    phone.call_off(order).await.map(|_| false)
}

async fn paid(phone: &Phone, url: &str, outcome: &str) -> Result<bool> {
    phone.pay(url, outcome).await.map(|()| true)
}

/// Not on its way. An order that waits for its payment rests if nobody has paid it, a delivered one if it was paid once: a
/// second payment may still be on its way back.
fn is_at_rest(story: &Value, paid: bool, kept: &BTreeMap<&str, i64>) -> bool {
    match state(story).as_str() {
        "paid" | "delivering" | "refunding" => false,
        "awaiting_payment" => !paid && kept_of(story, kept) == 0,
        "active" => kept_of(story, kept) <= price(story),
        _ => kept_of(story, kept) == 0,
    }
}

/// What the providers keep of an order.
pub(crate) fn kept_of(story: &Value, kept: &BTreeMap<&str, i64>) -> i64 {
    payments(story).iter().filter_map(|payment| kept.get(payment.as_str())).sum()
}

pub(crate) fn price(story: &Value) -> i64 {
    story.pointer("/order/price/minor").and_then(Value::as_i64).unwrap_or(0)
}

pub(crate) fn state(story: &Value) -> String {
    text(story, "/order/state").unwrap_or_default()
}

fn timeline(story: &Value) -> impl Iterator<Item = &Value> {
    story.pointer("/timeline").and_then(Value::as_array).into_iter().flatten()
}

/// Whether its bundle came, also if it was given back later.
pub(crate) fn was_delivered(story: &Value) -> bool {
    timeline(story).any(|event| text(event, "/happening/kind").is_ok_and(|kind| kind == "active"))
}

/// The payments that an order's timeline names.
pub(crate) fn payments(story: &Value) -> BTreeSet<String> {
    timeline(story).filter_map(|event| text(event, "/happening/payment").ok()).collect()
}

/// What the providers took and did not give back, by our payment.
pub(crate) fn kept(books: &BookTotals) -> BTreeMap<&str, i64> {
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
    anyhow::bail!("the providers do not come to rest")
}
