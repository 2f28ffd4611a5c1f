//! `heyon move`: a shop with a line, data and an open session goes from SQLite to PostgreSQL, and all of it is there.

use std::path::Path;

use basis::{Allowance, DataVolume, Env, Id, Order, RenewalRule, StartRule, Terms};
use charging::{Ask, Credit, CreditControl, Few, LineIdentity, RequestKind, Service};
use heyon::{moving, nodes::Role, settings::Settings, shop::Shop};
use store::{Db, sql};

const MB: u64 = 1_000_000;

fn settings(data: &Path, database: &str) -> Settings {
    Settings {
        data: data.to_owned(),
        database: database.to_owned(),
        public_url: "http://127.0.0.1:1".to_owned(),
        ..Settings::read(None).unwrap()
    }
}

fn report(number: u32, used: u64) -> CreditControl {
    let kind = if number == 0 { RequestKind::Initial } else { RequestKind::Update };
    CreditControl {
        gateway: "pgw".to_owned(),
        session: "s".to_owned(),
        kind,
        number,
        imsi: Some("001010000000007".parse().unwrap()),
        msisdn: None,
        country: Some("JP".parse().unwrap()),
        services: Few::One(Service { group: Some(1), used, ask: Ask::Quota }),
    }
}

async fn fill(shop: &Shop) {
    for n in 1..=20 {
        let imsi = format!("00101{n:010}").parse().unwrap();
        let identity = LineIdentity { line: Id::from_u128(n), imsi, msisdn: None };
        shop.charging.open_pool(Id::from_u128(n), identity).await.unwrap();
    }
    let terms = Terms {
        allowance: Allowance::Fixed { bytes: DataVolume::megabytes(100) },
        coverage: std::iter::once("JP".parse().unwrap()).collect(),
        days: 30,
        start: StartRule::FirstUse,
        activate_within_days: 90,
        renewal: RenewalRule::Add,
        shareable: true,
    };
    let order: Id<Order> = Id::from_u128(7);
    let credit = Credit { pool: Id::from_u128(7), order, line: Some(Id::from_u128(7)), terms };
    shop.charging.credit(credit).await.unwrap();
    shop.charging.control(report(0, 0)).await.unwrap();
    shop.charging.control(report(1, 3 * MB)).await.unwrap();
    cards::make_test_cards(&shop.db, &shop.env, &shop.secret, "test", 5).await.unwrap();
}

/// An empty database on the PostgreSQL of the tests.
async fn empty() -> String {
    let env = Env::system();
    let made = store::testing::postgres(&[], &env).await;
    let mut conn = made.db.read().await.unwrap();
    for table in ["job", "audit_trail", "schema_migration"] {
        let drop_it: &'static str = format!("DROP TABLE {table}").leak();
        store::Query::new(drop_it).run(&mut conn).await.unwrap();
    }
    made.url.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_moves_to_postgres_with_all_it_has() {
    let data = tempfile::tempdir().unwrap();
    let target = empty().await;
    let shop = Shop::open(settings(data.path(), ""), Role::Serves).await.unwrap();
    fill(&shop).await;
    let running = Box::pin(moving::run(&target, settings(data.path(), ""))).await.unwrap_err().to_string();
    assert!(running.contains("another heyon"), "{running}");
    shop.close().await;
    drop(shop);

    // The first try is cut short: what it left is no shop, and no hindrance.
    let half = Db::open(&target, &Env::system()).await.unwrap();
    store::migrate(&half, &[store::MIGRATIONS], Env::system().now()).await.unwrap();
    store::copy::begin(&half, &["job".to_owned()], Env::system().now()).await.unwrap();
    let served = Shop::open(settings(data.path(), &target), Role::Serves).await.err().unwrap().to_string();
    assert!(served.contains("cut short"), "{served}");

    Box::pin(moving::run(&target, settings(data.path(), ""))).await.unwrap();
    let again = Box::pin(moving::run(&target, settings(data.path(), ""))).await.unwrap_err().to_string();
    assert!(again.contains("not empty"), "{again}");

    let moved = Shop::open(settings(data.path(), &target), Role::Serves).await.unwrap();
    let view = moved.charging.view(Id::from_u128(7)).await.unwrap();
    assert_eq!((view.bundles[0].used.octets(), view.sessions.len()), (3 * MB, 1));
    let repeat = moved.charging.control(report(1, 3 * MB)).await.unwrap();
    assert_eq!(moved.charging.control(report(1, 3 * MB)).await.unwrap(), repeat);
    moved.charging.control(report(2, MB)).await.unwrap();
    let view = moved.charging.view(Id::from_u128(7)).await.unwrap();
    assert_eq!(view.bundles[0].used.octets(), 4 * MB, "the repeat was known, the next was not");
    let cards = sql!("SELECT COUNT(*) AS cards FROM card").one(&mut moved.db.read().await.unwrap()).await;
    assert_eq!(cards.unwrap().get::<i64>("cards").unwrap(), 5);
    moved.close().await;
}
