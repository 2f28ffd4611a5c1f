//! Receipts and credit notes: gapless numbers, given once, and kept as they were.

use std::sync::Arc;

use basis::{Id, MINUTE_MS, Order, Timestamp};
use receipts::{Paper, Seller};
use store::sql;

use super::crashes::{dies_everywhere, lives_for};
use super::shop::{Shop, payer, receipts_desk, shop_on_postgres, shops, worker, yuan};

pub(super) async fn papers(shop: &Shop, order: Id<Order>) -> Vec<Paper> {
    receipts::of_order(&mut shop.db.read().await.unwrap(), order).await.unwrap()
}

/// The numbers of all papers of the buyer, sorted.
pub(super) async fn numbers(shop: &Shop) -> Vec<String> {
    let all =
        receipts::of_account(&mut shop.db.read().await.unwrap(), shop.buyer, None, 1_000).await.unwrap();
    let mut numbers: Vec<_> = all.into_iter().map(|paper| paper.number).collect();
    numbers.sort();
    numbers
}

async fn pay_by_wallet(shop: &Shop, key: &str) -> Id<Order> {
    orders::place(&shop.desk, shop.buyer, &shop.wish(11_800), &payer(), key).await.unwrap().order
}

#[tokio::test]
async fn dying_anywhere_leaves_no_gap_and_no_double_number() {
    for shop in shops().await {
        shop.give(yuan(5 * 11_800)).await;
        for number in 0..5 {
            pay_by_wallet(&shop, &format!("key-{number}")).await;
        }
        dies_everywhere(&shop).await;
        shop.pass(5 * MINUTE_MS).await;
        let numbers = numbers(&shop).await;
        let receipts: Vec<_> = numbers.iter().filter(|number| !number.contains("-C-")).collect();
        assert_eq!(receipts.first().unwrap().as_str(), "HY-2026-000001");
        assert_eq!((receipts.len(), receipts.last().unwrap().as_str()), (5, "HY-2026-000005"));
        shop.audit().await;
    }
}

/// So many orders, paid and delivered, whose receipts wait.
async fn paid_orders(shop: &Shop, count: u32) -> Vec<Id<Order>> {
    shop.give(yuan(i64::from(count) * 11_800)).await;
    let mut orders = Vec::new();
    for number in 0..count {
        orders.push(pay_by_wallet(shop, &format!("key-{number}")).await);
    }
    shop.work().await;
    orders
}

#[tokio::test]
async fn orders_that_wait_together_get_their_numbers_in_a_row_all_or_none() {
    for shop in shops().await {
        let orders = paid_orders(&shop, 12).await.into_iter().collect();
        let desk = receipts_desk(&shop.db, &shop.env);
        let mut polls = 1;
        while !lives_for(polls, receipts::give(&desk, &orders)).await {
            polls += 1;
            let given = numbers(&shop).await.len();
            assert!(given == 0 || given == 12, "{given} were given, and then it died");
        }
        assert!(polls > 1, "it never died");
        shop.pass(MINUTE_MS).await;
        let expected: Vec<_> = (1..=12).map(|seq| format!("HY-2026-{seq:06}")).collect();
        assert_eq!(numbers(&shop).await, expected);
        shop.audit().await;
    }
}

#[tokio::test]
async fn an_order_that_nobody_can_read_keeps_no_other_from_its_receipt() {
    for shop in shops().await {
        let [_, broken, _] = paid_orders(&shop, 3).await[..] else { panic!("three orders") };
        let tax = |text| sql!("UPDATE orders SET tax = $2 WHERE id = $1").bind(broken).bind(text);
        run(&shop, tax(Some("not JSON"))).await;
        shop.pass(MINUTE_MS).await;
        assert_eq!(numbers(&shop).await, ["HY-2026-000001", "HY-2026-000002"]);
        run(&shop, tax(None)).await;
        shop.pass(10 * MINUTE_MS).await;
        assert_eq!(papers(&shop, broken).await[0].number, "HY-2026-000003");
        shop.audit().await;
    }
}

#[tokio::test]
async fn dying_between_a_number_and_its_receipt_takes_the_number_back() {
    let shop = shop_on_postgres().await;
    shop.give(yuan(11_800)).await;
    let order = pay_by_wallet(&shop, "key").await;
    let desk = receipts_desk(&shop.db, &shop.env);
    let mut other = shop.db.begin().await.unwrap();
    let paper = sql!(
        "INSERT INTO receipt (number, entity, series, year, seq, order_id, cause, account_id, currency, gross_minor, \
         tax_minor, content, given_at) VALUES ('XX-1', 'XX', 'receipt', 1, 1, $1, 'sale', 'acc', 'CNY', 1, 0, '{}', 1)"
    );
    paper.bind(order).run(&mut other).await.unwrap();
    let orders = [order].into();
    tokio::select! {
        _ = receipts::give(&desk, &orders) => panic!("its receipt waits for what the other does"),
        () = something_waits(&shop) => {}
    }
    other.finish::<()>(Err(basis::Problem::not_found())).await.unwrap_err();
    assert!(numbers(&shop).await.is_empty());
    shop.audit().await;
    shop.pass(MINUTE_MS).await;
    assert_eq!(numbers(&shop).await, ["HY-2026-000001"]);
    shop.audit().await;
}

/// Returns once a statement waits for what another transaction holds.
async fn something_waits(shop: &Shop) {
    let mut conn = shop.db.read().await.unwrap();
    loop {
        let waiting = sql!(
            "SELECT COUNT(*) AS waiting FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        );
        if waiting.one(&mut conn).await.unwrap().get::<i64>("waiting").unwrap() > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn run(shop: &Shop, statement: store::Query) {
    let mut conn = shop.db.begin().await.unwrap();
    let outcome = statement.run(&mut conn).await.map(drop);
    conn.finish(outcome).await.unwrap();
}

#[tokio::test]
async fn a_receipt_that_cannot_be_written_takes_its_number_back() {
    for shop in shops().await {
        shop.give(yuan(2 * 11_800)).await;
        pay_by_wallet(&shop, "first").await;
        shop.pass(MINUTE_MS).await;
        run(&shop, sql!("CREATE UNIQUE INDEX one_only ON receipt (currency)")).await;
        let second = pay_by_wallet(&shop, "second").await;
        let refused = receipts::give(&receipts_desk(&shop.db, &shop.env), &[second].into()).await;
        assert!(refused.is_err() && numbers(&shop).await == ["HY-2026-000001"]);
        run(&shop, sql!("DROP INDEX one_only")).await;
        shop.pass(MINUTE_MS).await;
        assert_eq!(numbers(&shop).await, ["HY-2026-000001", "HY-2026-000002"]);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_new_year_begins_at_one_where_the_seller_is() {
    let midnight_in_shanghai = Timestamp(1_798_732_800_000);
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(3 * 11_800)).await;
        shop.clock.advance_ms(midnight_in_shanghai.as_ms() - shop.env.now().as_ms() - 1);
        let old = pay_by_wallet(&shop, "old").await;
        receipts::give(&receipts_desk(&shop.db, &shop.env), &[old].into()).await.unwrap();
        shop.clock.advance_ms(1);
        pay_by_wallet(&shop, "new").await;
        shop.work().await;
        orders::refund(&shop.desk, "operator:li", old, None, "sorry").await.unwrap();
        shop.pass(MINUTE_MS).await;
        assert_eq!(numbers(&shop).await, ["HY-2026-000001", "HY-2027-000001", "HY-C-2027-000001"]);
        let note = &papers(&shop, old).await[1];
        assert_eq!(
            note.corrects.as_deref(),
            Some("HY-2026-000001"),
            "a note of this year, for one of last year"
        );
        shop.audit().await;
    }
}

#[tokio::test]
async fn each_legal_entity_counts_by_itself_and_takes_back_what_it_sold() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(3 * 11_800)).await;
        let ours = receipts_desk(&shop.db, &shop.env);
        let (code, name, address) = ("HK".to_owned(), "Heyon Hong Kong Ltd.".to_owned(), String::new());
        let seller = Arc::new(Seller { code, name, address, tax_id: String::new() });
        let theirs = receipts::Desk { seller, ..ours.clone() };
        let mut orders = Vec::new();
        for (number, desk) in [&ours, &ours, &theirs].into_iter().enumerate() {
            let order = pay_by_wallet(&shop, &format!("key-{number}")).await;
            receipts::give(desk, &[order].into()).await.unwrap();
            orders.push(order);
        }
        shop.work().await;
        orders::refund(&shop.desk, "operator:li", orders[0], None, "sorry").await.unwrap();
        receipts::give(&theirs, &[orders[0]].into()).await.unwrap();
        shop.pass(MINUTE_MS).await;
        assert_eq!(
            numbers(&shop).await,
            ["HK-2026-000001", "HY-2026-000001", "HY-2026-000002", "HY-C-2026-000001"]
        );
        let [receipt, note] = &papers(&shop, orders[0]).await[..] else { panic!("a receipt and a note") };
        assert_eq!(note.content.seller, receipt.content.seller, "who sold takes back, whoever sells now");
        shop.audit().await;
    }
}

#[tokio::test]
async fn orders_from_before_there_were_receipts_get_theirs() {
    for shop in shops().await {
        let (paid, _) = shop.bought().await;
        let (unpaid, _) = shop.order(0).await;
        shop.pass(MINUTE_MS).await;
        run(&shop, sql!("DROP TABLE receipt")).await;
        run(&shop, sql!("DROP TABLE receipt_counter")).await;
        run(&shop, sql!("DELETE FROM schema_migration WHERE noun = 'receipts'")).await;
        store::migrate(&shop.db, &[receipts::MIGRATIONS], shop.env.now()).await.unwrap();
        shop.work().await;
        assert_eq!((papers(&shop, paid).await.len(), papers(&shop, unpaid).await.len()), (1, 0));
        shop.audit().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_that_give_at_once_give_each_number_once() {
    let shop = Arc::new(shop_on_postgres().await);
    shop.give(yuan(12 * 11_800)).await;
    let mut orders = Vec::new();
    for number in 0..12 {
        orders.push(pay_by_wallet(&shop, &format!("key-{number}")).await);
    }
    shop.clock.advance_ms(MINUTE_MS);
    let desk = receipts_desk(&shop.db, &shop.env);
    let mut tasks = tokio::task::JoinSet::new();
    for (node, order) in orders.iter().flat_map(|order| [("a", *order), ("b", *order), ("c", *order)]) {
        let desk = desk.clone();
        tasks.spawn(async move {
            receipts::give(&desk, &[order].into()).await.map_err(|problem| (node, problem))
        });
    }
    for owner in ["left:1", "right:1"] {
        let worker = worker(&shop.db, &shop.env, &shop.desk, owner);
        tasks.spawn(async move { worker.run_due().await.map(drop).map_err(|problem| ("worker", problem)) });
    }
    let failed: Vec<_> = tasks.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{failed:?}");
    shop.work().await;
    let expected: Vec<_> = (1..=12).map(|seq| format!("HY-2026-{seq:06}")).collect();
    assert_eq!(numbers(&shop).await, expected);
    shop.audit().await;
}

#[tokio::test]
async fn the_audit_finds_a_receipt_that_nothing_will_give() {
    for shop in shops().await {
        let (order, _) = shop.bought().await;
        shop.pass(MINUTE_MS).await;
        run(&shop, sql!("DELETE FROM receipt WHERE order_id = $1").bind(order)).await;
        let found = receipts::audit(&mut shop.db.read().await.unwrap()).await.unwrap();
        let words: Vec<_> = found.iter().map(|difference| difference.what.as_str()).collect();
        let gap = "0 papers up to number 0, and 1 numbers were given";
        assert_eq!(words, [gap, "paid or refunded, and nothing will give its receipt"]);
    }
}
