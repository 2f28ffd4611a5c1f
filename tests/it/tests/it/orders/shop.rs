//! A shop with one buyer, one line, a bank and a network, on each engine.

use std::sync::Arc;

use accounts::{Guards, Limits, Origin, Passwords};
use basis::{
    Account, Currency, Env, Id, Language, ManualClock, Money, Order, Payment, SecretKey, SeededEntropy,
    Timestamp,
};
use cards::BindInput;
use carriers::{Carriers, OwnNetwork};
use charging::{Charging, Opening};
use ledger::{Book, Kind, NewTransfer};
use orders::rules::{TaxRate, TaxTable};
use orders::{
    Desk, Happening, Intent, OrderRecord, OrderState, PayWith, PayerView, PlaceInput, Placed, Settings,
};
use payments::{Method, Providers};
use store::in_tx;
use store::jobs::Worker;
use store::testing::TestDb;

use super::carrier::Wire;
use super::provider::Bank;

/// Whoever pays, at a desktop.
pub(crate) const AT_DESK: payments::Payer = payments::Payer {
    device: payments::Device::Desktop,
    ip: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
};

pub(crate) const PLANS: &str = r#"
currencies = ["CNY", "USD"]
popular = ["JP"]
[[plan]]
id = "jp-20gb"
kind = "monthly"
where = "JP"
data = "20 GB"
days = 30
renewal = "add"
price = { CNY = "118", USD = "16.50" }
[[plan]]
id = "jp-50gb"
kind = "monthly"
where = "JP"
data = "50 GB"
shareable = true
days = 30
renewal = "add"
price = { CNY = "238", USD = "33.50" }
[[plan]]
id = "jp-30gb"
kind = "monthly"
where = "JP"
data = "30 GB"
shareable = true
days = 30
renewal = "replace"
price = { CNY = "168", USD = "23.50" }
"#;

/// All tables of a shop.
pub(crate) const TABLES: &[store::Migrations] = &[
    accounts::MIGRATIONS,
    push::MIGRATIONS,
    catalog::MIGRATIONS,
    cards::MIGRATIONS,
    ledger::MIGRATIONS,
    payments::MIGRATIONS,
    charging::MIGRATIONS,
    charging::LOG_MIGRATIONS,
    pools::MIGRATIONS,
    orders::MIGRATIONS,
    receipts::MIGRATIONS,
    renewals::MIGRATIONS,
    support::MIGRATIONS,
];

pub(crate) fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

/// The buyer's way to pay.
pub(crate) fn alipay() -> PayWith {
    PayWith { provider: "bank".to_owned(), method: Method::Alipay, keep: false }
}

pub(crate) fn payer() -> PayerView {
    PayerView {
        description: "Japan 20 GB".to_owned(),
        language: Language::En,
        orders_url: "https://shop.example/orders".to_owned(),
    }
}

pub(crate) struct Shop {
    pub(crate) db: TestDb,
    pub(crate) env: Env,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) desk: Desk,
    pub(crate) bank: Arc<Bank>,
    pub(crate) wire: Wire,
    pub(crate) buyer: Id<Account>,
    pub(crate) line: cards::Line,
    worker: Worker,
}

/// One shop on SQLite, one on PostgreSQL.
pub(crate) async fn shops() -> Vec<Shop> {
    shops_of(async |_, env| env.new_id()).await
}

/// The same, with a buyer who is made by the test.
pub(crate) async fn shops_of(buyer: impl AsyncFn(&TestDb, &Env) -> Id<Account>) -> Vec<Shop> {
    let mut shops = Vec::new();
    for (number, db) in store::testing::both(TABLES, &Env::system()).await.into_iter().enumerate() {
        shops.push(Shop::open(db, u64::try_from(number).unwrap(), &buyer).await);
    }
    shops
}

/// A shop on PostgreSQL, where two connections really race.
pub(crate) async fn shop_on_postgres() -> Shop {
    Shop::open(store::testing::postgres(TABLES, &Env::system()).await, 7, &async |_, env| env.new_id()).await
}

/// The same, with a buyer who is made by the test.
pub(crate) async fn shop_on_postgres_of(buyer: impl AsyncFn(&TestDb, &Env) -> Id<Account>) -> Shop {
    Shop::open(store::testing::postgres(TABLES, &Env::system()).await, 8, &buyer).await
}

impl Shop {
    async fn open(db: TestDb, seed: u64, buyer: &impl AsyncFn(&TestDb, &Env) -> Id<Account>) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
        let env = Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(seed)) };
        catalog::apply(&db, &env, PLANS, &catalog::Conditions::default())
            .await
            .unwrap_or_else(|_| panic!("the plans are good"));
        let opening = Opening { log: db.db.clone(), shop: db.db.clone(), node: "test".to_owned() };
        let charging = Charging::open(opening, &env).await.unwrap();
        let (bank, wire) = (Arc::new(Bank::new()), Wire::to(OwnNetwork::new(&charging)));
        let carriers = Carriers::default().with("own", wire.clone());
        let other_side: Arc<dyn payments::Provider> = bank.clone();
        let providers = Providers::new([other_side], "https://shop.example/hooks");
        let desk = Desk::new(&db, &env, &charging, carriers, providers, Settings::default());
        let worker = worker(&db, &env, &desk, "test");
        let buyer = buyer(&db, &env).await;
        let line = bind(&db, &env, buyer).await;
        open_pool(&charging, &line).await;
        Self { db, env, clock, desk, bank, wire, buyer, line, worker }
    }

    /// The same shop, where prices hold 6 % of tax.
    pub(crate) fn taxed(self) -> Self {
        self.taxed_at(600)
    }

    /// The same shop, where prices hold so many hundredths of a per cent of tax.
    pub(crate) fn taxed_at(self, basis_points: u32) -> Self {
        let desk = self.desk.clone().taxed(taxes(basis_points));
        let worker = worker(&self.db, &self.env, &desk, "test");
        Self { desk, worker, ..self }
    }

    /// The same shop, whose buyer pays at these providers.
    pub(crate) fn paid_at(self, providers: Providers) -> Self {
        let mut desk = self.desk;
        desk.providers = providers;
        let worker = worker(&self.db, &self.env, &desk, "test");
        Self { desk, worker, ..self }
    }

    /// Runs what is due now.
    pub(crate) async fn work(&self) {
        self.worker.run_due().await.unwrap();
    }

    /// Lets time pass and runs what falls due on the way.
    pub(crate) async fn pass(&self, ms: i64) {
        for _ in 0..20 {
            self.clock.advance_ms(ms / 20);
            self.work().await;
        }
    }

    pub(crate) async fn give(&self, amount: Money) {
        let to = Book::Wallet(self.buyer);
        let reference = format!("gift:{}", self.env.new_id::<Order>());
        let gift = NewTransfer::new(reference, Kind::Goodwill, Book::Goodwill, to, amount);
        in_tx!(self.db, |tx| { ledger::post(tx, &self.env, gift.clone()).await }).unwrap();
    }

    pub(crate) async fn wallet(&self) -> i64 {
        let mut conn = self.db.read().await.unwrap();
        ledger::wallet(&mut conn, self.buyer, Currency::CNY).await.unwrap().available().minor
    }

    /// A wish for 20 GB in Japan, so much of it from the wallet.
    pub(crate) fn wish(&self, wallet: i64) -> PlaceInput {
        PlaceInput {
            line: self.line.id,
            plan: "jp-20gb".parse().unwrap(),
            price: yuan(11_800),
            wallet: yuan(wallet),
            pay_with: (wallet != 11_800).then(alipay),
            intent: Intent::Buy,
        }
    }

    pub(crate) async fn place(&self, wish: &PlaceInput, key: &str) -> Placed {
        orders::place(&self.desk, self.buyer, wish, &payer(), key).await.unwrap()
    }

    /// Places an order and opens its payment at the bank.
    pub(crate) async fn order(&self, wallet: i64) -> (Id<Order>, Id<Payment>) {
        let key = self.env.new_id::<Order>().to_string();
        let placed = self.place(&self.wish(wallet), &key).await;
        let payment = placed.payment.unwrap();
        payments::begin(&self.db, &self.env, &self.desk.providers, payment, AT_DESK).await.unwrap();
        (placed.order, payment)
    }

    /// The same, by a card that its owner lets us keep.
    pub(crate) async fn order_to_keep(&self) -> (Id<Order>, Id<Payment>) {
        let pay_with = PayWith { provider: "bank".to_owned(), method: Method::Card, keep: true };
        let key = self.env.new_id::<Order>().to_string();
        let placed = self.place(&PlaceInput { pay_with: Some(pay_with), ..self.wish(0) }, &key).await;
        let payment = placed.payment.unwrap();
        payments::begin(&self.db, &self.env, &self.desk.providers, payment, AT_DESK).await.unwrap();
        (placed.order, payment)
    }

    /// The operator changes the catalogue.
    pub(crate) async fn reprice(&self, from: &str, to: &str) {
        let plans = PLANS.replace(from, to);
        let changed = catalog::apply(&self.db, &self.env, &plans, &catalog::Conditions::default()).await;
        changed.unwrap_or_else(|_| panic!("the plans are good"));
    }

    /// A message of the bank that something happened to a payment.
    pub(crate) async fn hook(&self, event: &str, payment: Id<Payment>) {
        let body = format!("{event} {payment}");
        let headers = http::HeaderMap::new();
        let received = payments::receive_hook(
            &self.db,
            &self.env,
            &self.desk.providers,
            "bank",
            &headers,
            body.as_bytes(),
        );
        received.await.unwrap();
    }

    /// A bought and delivered order of 20 GB, paid at the bank.
    pub(crate) async fn bought(&self) -> (Id<Order>, Id<Payment>) {
        let (order, payment) = self.order(0).await;
        self.bank.pay(payment, yuan(11_800));
        self.hook(&format!("evt-{payment}"), payment).await;
        self.work().await;
        assert_eq!(self.state(order).await, OrderState::Active);
        (order, payment)
    }

    pub(crate) async fn record(&self, order: Id<Order>) -> OrderRecord {
        orders::find(&mut self.db.read().await.unwrap(), order).await.unwrap()
    }

    pub(crate) async fn state(&self, order: Id<Order>) -> OrderState {
        self.record(order).await.state
    }

    /// The steps that the buyer sees, by their kinds.
    pub(crate) async fn steps(&self, order: Id<Order>) -> Vec<String> {
        let events = orders::timeline(&mut self.db.read().await.unwrap(), order).await.unwrap();
        events.iter().map(|event| kind(&event.happening)).collect()
    }

    /// Why an order's money went back, as its buyer reads it.
    pub(crate) async fn reason_of_refund(&self, order: Id<Order>) -> Option<orders::RefundReason> {
        let events = orders::timeline(&mut self.db.read().await.unwrap(), order).await.unwrap();
        events.iter().find_map(|event| match event.happening {
            Happening::Refunding { reason, .. } => Some(reason),
            _ => None,
        })
    }

    /// How many bundles the line's pool has.
    pub(crate) async fn bundles(&self) -> usize {
        self.desk.charging.view(self.line.pool).await.map_or(0, |view| view.bundles.len())
    }

    /// The bundles of the line's pool that are not over, the oldest first.
    pub(crate) async fn standing(&self) -> Vec<Id<Order>> {
        let view = self.desk.charging.view(self.line.pool).await.unwrap();
        let live = |state| matches!(state, charging::BundleState::Waiting | charging::BundleState::Active);
        view.bundles.into_iter().filter(|b| live(b.state)).map(|b| b.bundle).collect()
    }

    /// Ledger, payments and orders tell the same story.
    pub(crate) async fn audit(&self) {
        let mut conn = self.db.read().await.unwrap();
        let mut found = ledger::audit(&mut conn).await.unwrap();
        found.extend(payments::audit(&mut conn).await.unwrap());
        found.extend(orders::audit(&mut conn, &self.desk.carriers).await.unwrap());
        found.extend(receipts::audit(&mut conn).await.unwrap());
        assert!(found.is_empty(), "{found:#?}");
    }
}

/// Who runs the shop's jobs; several at once are several nodes.
pub(crate) fn worker(db: &store::Db, env: &Env, desk: &Desk, owner: &str) -> Worker {
    let worker = support::handlers(orders::handlers(Worker::new(db, env, owner), desk), desk);
    let worker = renewals::handlers(worker, &renewing(desk));
    receipts::handlers(worker, &receipts_desk(db, env))
}

/// Who gives the shop's receipts.
pub(crate) fn receipts_desk(db: &store::Db, env: &Env) -> receipts::Desk {
    let seller = receipts::Seller {
        code: "HY".to_owned(),
        name: "Heyon Mobile Ltd.".to_owned(),
        address: "1 Nanjing Road\nShanghai".to_owned(),
        tax_id: "91310000".to_owned(),
    };
    let zone = texts::time_zone("Asia/Shanghai").unwrap();
    receipts::Desk { db: db.clone(), env: env.clone(), seller: Arc::new(seller), zone }
}

fn taxes(basis_points: u32) -> TaxTable {
    let country = "CN".parse().unwrap();
    let names = [(Language::En, "VAT".to_owned()), (Language::ZhCn, "增值税".to_owned())].into();
    let valid_from = Timestamp(0);
    TaxTable::of_place(
        [TaxRate { country, region: String::new(), basis_points, names, valid_from }],
        country,
        "",
    )
}

/// Renewals on this desk.
pub(crate) fn renewing(desk: &Desk) -> renewals::Desk {
    let orders_url = payer().orders_url;
    renewals::Desk { orders: desk.clone(), brand: "Heyon".to_owned(), orders_url }
}

fn kind(happening: &Happening) -> String {
    let value = serde_json::to_value(happening).unwrap();
    value["kind"].as_str().unwrap().to_owned()
}

pub(crate) async fn bind(db: &store::Db, env: &Env, buyer: Id<Account>) -> cards::Line {
    let key = SecretKey::new([7; 32]);
    let guards = Guards { passwords: Passwords::cheap(), limits: Limits::new(key.clone()), key };
    let made = cards::make_test_cards(db, env, &guards.key, "operator:test", 1).await.unwrap();
    let origin = Origin { ip: "192.0.2.1".parse().unwrap(), agent: "test".to_owned() };
    let input = BindInput { number: &made[0].serial, bind_code: None };
    cards::bind_card(db, env, &guards, &origin, buyer, input).await.unwrap()
}

pub(crate) async fn open_pool(charging: &Charging, line: &cards::Line) {
    let identity = charging::LineIdentity { line: line.id, imsi: line.imsi.parse().unwrap(), msisdn: None };
    charging.open_pool(line.pool, identity).await.unwrap();
}
