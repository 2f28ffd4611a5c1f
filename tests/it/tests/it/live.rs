//! Two servers on one PostgreSQL: whichever of them a browser is connected to, its page turns when the other has done
//! something.

mod browser;

use std::time::Duration;

use basis::{Account, Currency, Env, Id, Language, Money, Pool};
use charging::{Ask, CreditControl, Few, RequestKind, Service};
use heyon::{nodes::Role, running::Running, settings::Settings, shop::Shop};
use ledger::{Book, Kind, NewTransfer};
use orders::{Intent, OrderState, PlaceInput};
use store::{in_tx, testing::TestDb};
use tempfile::TempDir;

use crate::people::{PASSWORD, from, registration};
use browser::Browser;

const MB: u64 = 1_000_000;
/// Cheap, and for everyone: what one line buys may be its pool's.
const PLANS: &str = r#"
currencies = ["CNY", "USD"]
popular = ["JP"]
[[plan]]
id = "jp-20gb"
kind = "monthly"
where = "JP"
data = "20 GB"
shareable = true
days = 30
renewal = "add"
price = { CNY = "118", USD = "16.50" }
"#;

/// Two servers, each with a share of the pools.
struct Town {
    nodes: [Running; 2],
    _places: [TempDir; 2],
    _database: TestDb,
}

/// Someone with a line in service, and a browser at each node.
struct Person {
    account: Id<Account>,
    line: cards::Line,
    windows: [Browser; 2],
}

async fn town() -> Town {
    heyon::http::use_ring();
    let database = store::testing::postgres(&[store::MIGRATIONS], &Env::system()).await;
    let places = [(); 2].map(|()| TempDir::new().unwrap());
    let first = serve(&database, &places[0]).await;
    std::fs::copy(places[0].path().join("secret.key"), places[1].path().join("secret.key")).unwrap();
    let second = serve(&database, &places[1]).await;
    let Ok(_) =
        catalog::apply(&first.shop().db, &Env::system(), PLANS, &catalog::Conditions::default()).await
    else {
        panic!("the plans are good")
    };
    let town = Town { nodes: [first, second], _places: places, _database: database };
    town.until_shared().await;
    town
}

async fn serve(database: &TestDb, place: &TempDir) -> Running {
    let settings = Settings {
        data: place.path().to_owned(),
        database: database.url.clone(),
        public_url: "http://shop.example".to_owned(),
        metrics_listen: String::new(),
        limits_times: 100,
        ..Settings::read(None).unwrap()
    };
    let listener = heyon::http::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let shop = Shop::open(settings, Role::Serves).await.unwrap();
    Running::start(shop, listener, None).await.unwrap()
}

impl Town {
    fn shop(&self) -> &Shop {
        self.nodes[0].shop()
    }

    /// Until each node has half of the shards, so that some pools are here and some there.
    async fn until_shared(&self) {
        let shares = async || {
            let count = store::sql!("SELECT COUNT(*) AS shards FROM charging_shard GROUP BY node");
            let rows = count.all(&mut self.shop().db.read().await.unwrap()).await.unwrap();
            rows.iter().map(|row| row.get("shards").unwrap()).collect::<Vec<i64>>()
        };
        until(async || shares().await == [32, 32]).await;
    }

    async fn person(&self, name: &str) -> Person {
        let (shop, email) = (self.shop(), format!("{name}@example.com"));
        let (db, env, guards) = (&shop.db, &shop.env, &shop.guards);
        let new = registration(&email);
        let account = accounts::admit(db, env, &guards.passwords, "test", &new, true).await.unwrap();
        let made = cards::make_test_cards(db, env, &guards.key, "test", 1).await.unwrap();
        let input = cards::BindInput { number: &made[0].serial, bind_code: None };
        let origin = from("192.0.2.1");
        let line = cards::bind_card(db, env, guards, &origin, account, input).await.unwrap();
        until(async || shop.charging.view(line.pool).await.is_some()).await;
        let (_, token) = accounts::sign_in(db, env, guards, &origin, &email, PASSWORD).await.unwrap();
        let windows = [0, 1].map(|node: usize| Browser::at(self.nodes[node].web, token.reveal()));
        Person { account, line, windows }
    }

    /// Buys with what lies in the wallet, at this node; who carries the work on is anyone's guess.
    async fn buy(&self, node: usize, who: &Person) -> Id<basis::Order> {
        let shop = self.nodes[node].shop();
        let price = Money::new(1650, Currency::USD);
        let reference = format!("gift:{}", shop.env.new_id::<basis::Order>());
        let gift =
            NewTransfer::new(reference, Kind::Goodwill, Book::Goodwill, Book::Wallet(who.account), price);
        in_tx!(shop.db, |tx| { ledger::post(tx, &shop.env, gift.clone()).await }).unwrap();
        let wish = PlaceInput {
            line: who.line.id,
            plan: "jp-20gb".parse().unwrap(),
            price,
            wallet: price,
            pay_with: None,
            intent: Intent::Buy,
        };
        let payer = orders::PayerView {
            description: "Japan 20 GB".to_owned(),
            language: Language::En,
            orders_url: "https://shop.example/orders".to_owned(),
        };
        let key = shop.env.new_id::<basis::Order>().to_string();
        orders::place(&shop.desk, who.account, &wish, &payer, &key).await.unwrap().order
    }

    /// Comes into a pool by a link; whoever comes does so at this node.
    async fn join(&self, node: usize, owner: &Person, pool: Id<Pool>, who: &Person) {
        let (here, there) = (self.shop(), self.nodes[node].shop());
        let (origin, guards) = (from("192.0.2.1"), &here.guards);
        let inviter = accounts::account(&mut here.db.read().await.unwrap(), owner.account).await.unwrap();
        let new = pools::NewInvitation { role: pools::Role::Member, email: None };
        let made = pools::invite(&here.desk.pools, guards, &origin, &inviter, pool, &new).await.unwrap();
        let code = pools::link_token(&guards.key, made);
        let joining = pools::Joining { token: code.reveal(), line: who.line.id, name: "bela" };
        pools::accept(&there.desk.pools, &there.guards, &origin, who.account, joining).await.unwrap();
    }

    async fn state(&self, order: Id<basis::Order>) -> OrderState {
        orders::find(&mut self.shop().db.read().await.unwrap(), order).await.unwrap().state
    }

    /// A gateway at this node reports use and asks for more.
    async fn report(&self, node: usize, who: &Person, number: u32, used: u64) {
        let request = CreditControl {
            gateway: "pgw".to_owned(),
            session: format!("of {}", who.line.id),
            kind: if number == 0 { RequestKind::Initial } else { RequestKind::Update },
            number,
            imsi: who.line.imsi.parse().ok(),
            msisdn: None,
            country: "JP".parse().ok(),
            services: Few::One(Service { group: Some(1), used, ask: Ask::Quota }),
        };
        let answer = self.nodes[node].shop().charging.control(request).await.unwrap();
        assert_eq!(answer.verdict, charging::Verdict::Accepted);
    }

    async fn stop(self) {
        for node in self.nodes {
            node.stop().await;
        }
    }
}

/// Waits until it is true; what takes so long never comes.
async fn until(is_true: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_true().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait).await.expect("it never came true");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_any_node_turns_when_the_order_is_active() {
    let town = town().await;
    for (nth, name) in ["anna", "bela", "chen"].into_iter().enumerate() {
        let who = town.person(name).await;
        let mut live = [who.windows[0].live().await, who.windows[1].live().await];
        let order = town.buy(nth % 2, &who).await;
        let page = format!("/orders/{order}/now");
        for (window, live) in who.windows.iter().zip(&mut live) {
            live.until("order", async || window.see(&page).await.contains("is active")).await;
        }
        assert_eq!(town.state(order).await, OrderState::Active);
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_at_any_node_shows_what_was_used_a_moment_ago() {
    let town = town().await;
    for (nth, name) in ["anna", "bela", "chen", "dora"].into_iter().enumerate() {
        let who = town.person(name).await;
        let order = town.buy(0, &who).await;
        until(async || town.state(order).await == OrderState::Active).await;
        let mut live = [who.windows[0].live().await, who.windows[1].live().await];
        town.report(nth % 2, &who, 0, 0).await;
        for round in 1..=3 {
            town.report(nth % 2, &who, round, 1000 * MB).await;
            let left = format!("{}\u{a0}GB left of 20\u{a0}GB", 20 - round);
            for (window, live) in who.windows.iter().zip(&mut live) {
                live.until("line", async || window.see("/now").await.contains(&left)).await;
            }
        }
    }
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_familys_page_at_any_node_turns_with_every_member() {
    let town = town().await;
    let (anna, bela) = (town.person("anna").await, town.person("bela").await);
    let desk = &town.shop().desk.pools;
    let family =
        pools::create(desk, anna.account, anna.line.id, pools::Kind::Family, "The Lins").await.unwrap();
    let mut live = [anna.windows[0].live().await, anna.windows[1].live().await];
    let page = format!("/pools/{family}/now");

    town.join(1, &anna, family, &bela).await;
    for (window, live) in anna.windows.iter().zip(&mut live) {
        live.until("line", async || window.see(&page).await.contains("bela")).await;
    }
    until(async || town.shop().charging.view(family).await.is_some_and(|view| view.lines.len() == 2)).await;

    let order = town.buy(0, &anna).await;
    until(async || town.state(order).await == OrderState::Active).await;
    pools::give(desk, anna.account, family, order).await.unwrap();
    let shared =
        async || town.shop().charging.view(family).await.unwrap().bundles.iter().any(|b| b.line.is_none());
    until(shared).await;
    town.report(1, &bela, 0, 0).await;
    for round in 1..=3 {
        town.report(1, &bela, round, 1000 * MB).await;
        let left = format!("{}\u{a0}GB", 20 - round);
        for (window, live) in anna.windows.iter().zip(&mut live) {
            live.until("line", async || window.see(&page).await.contains(&left)).await;
        }
    }
    town.stop().await;
}
