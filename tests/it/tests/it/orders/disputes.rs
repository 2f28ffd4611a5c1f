//! Orders whose payer contests the payment.

use std::sync::Arc;

use basis::{Currency, Id, MINUTE_MS, Order, Payment};
use ledger::Book;
use orders::{OrderState, RefundReason};
use payments::CheckJob;
use payments::DisputeStatus::{self, Lost, Open, Won};
use receipts::Cause;

use super::carrier::Fault;
use super::receipts::papers;
use super::shop::{Shop, payer, shop_on_postgres, shops, yuan};

/// The bank says that so much of a payment is contested, or how that ended; twice.
async fn contest(shop: &Shop, payment: Id<Payment>, minor: i64, status: DisputeStatus) {
    shop.bank.contest(payment, yuan(minor), status);
    for telling in 0..2 {
        shop.hook(&format!("dispute-{status:?}-{payment}-{telling}"), payment).await;
        shop.work().await;
    }
    shop.audit().await;
}

async fn money(shop: &Shop, order: Id<Order>) -> ledger::OrderMoney {
    ledger::per_order(&mut shop.db.read().await.unwrap(), order, Currency::CNY).await.unwrap()
}

/// Paid, so much of it by the wallet, while the carrier takes nothing.
async fn under_way(shop: &Shop, wallet: i64) -> (Id<Order>, Id<Payment>) {
    shop.wire.breaks(Fault::Refuses);
    shop.give(yuan(wallet.max(1))).await;
    let (order, payment) = shop.order(wallet).await;
    shop.bank.pay(payment, yuan(11_800 - wallet));
    shop.hook("evt-1", payment).await;
    shop.work().await;
    assert_eq!(shop.state(order).await, OrderState::Delivering);
    (order, payment)
}

#[tokio::test]
async fn a_delivered_order_is_contested_and_won() {
    for shop in shops().await {
        let shop = shop.taxed();
        let (order, payment) = shop.bought().await;
        let before = money(&shop, order).await;
        contest(&shop, payment, 11_800, Open).await;
        assert_eq!(money(&shop, order).await.disputed, yuan(11_800));
        assert_eq!(shop.state(order).await, OrderState::Active);
        let cases = support::list(&mut shop.db.read().await.unwrap(), 10).await.unwrap();
        let [case] = &cases[..] else { panic!("{cases:?}") };
        assert_eq!((case.order, case.reason.as_str()), (Some(order), "disputed"));
        let refund = orders::refund(&shop.desk, "operator:li", order, None, "").await.unwrap_err();
        assert_eq!(refund.key, "order-refund-too-much", "a contested payment is not also refunded");
        contest(&shop, payment, 11_800, Won).await;
        assert_eq!(money(&shop, order).await, before);
        contest(&shop, payment, 11_800, Open).await;
        assert_eq!(money(&shop, order).await, before, "what is decided stays so");
        assert_eq!(shop.standing().await, [order]);
        assert_eq!(shop.steps(order).await[5..], ["contested", "contest_over"]);
    }
}

#[tokio::test]
async fn a_delivered_order_is_contested_and_lost_and_its_bundle_ends() {
    for shop in shops().await {
        let shop = shop.taxed();
        let (order, payment) = shop.bought().await;
        contest(&shop, payment, 11_800, Lost).await;
        let money = money(&shop, order).await;
        assert_eq!((money.returned_to_source, money.earned, money.tax), (yuan(11_800), yuan(0), yuan(0)));
        assert!(shop.standing().await.is_empty());
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert!(shop.record(order).await.closed_at.is_some());
        shop.pass(MINUTE_MS).await;
        assert_eq!(notes(&shop, order).await, [(Cause::Dispute, 11_800, 668)]);
        shop.audit().await;
    }
}

/// What of an order each credit note says went back, and the tax of it.
async fn notes(shop: &Shop, order: Id<Order>) -> Vec<(Cause, i64, i64)> {
    let papers = papers(shop, order).await.into_iter().filter(|paper| paper.cause != Cause::Sale);
    papers.map(|note| (note.cause, note.content.gross.minor, note.content.tax_amount().minor)).collect()
}

#[tokio::test]
async fn half_of_a_delivered_order_is_lost_and_the_rest_can_go_back() {
    for shop in shops().await {
        let shop = shop.taxed();
        let (order, payment) = shop.bought().await;
        contest(&shop, payment, 5_000, Open).await;
        contest(&shop, payment, 5_000, Lost).await;
        assert_eq!(shop.standing().await, [order], "the rest is still paid for");
        orders::refund(&shop.desk, "operator:li", order, None, "").await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 5_000, "the bank took the rest by itself");
        shop.pass(MINUTE_MS).await;
        let all_of_the_tax = [(Cause::Refund, 6_800, 385), (Cause::Dispute, 5_000, 283)];
        assert_eq!(notes(&shop, order).await, all_of_the_tax);
        shop.audit().await;
    }
}

#[tokio::test]
async fn nothing_is_delivered_while_it_is_contested_and_a_win_lets_it_go_on() {
    for shop in shops().await {
        let shop = shop.taxed();
        let (order, payment) = under_way(&shop, 0).await;
        contest(&shop, payment, 11_800, Open).await;
        shop.wire.breaks(Fault::None);
        shop.pass(60 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Delivering, "neither delivered nor given up");
        assert_eq!(shop.bundles().await, 0);
        contest(&shop, payment, 11_800, Won).await;
        shop.pass(11 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        shop.audit().await;
    }
}

#[tokio::test]
async fn an_undelivered_order_is_lost_and_only_the_wallets_part_comes_back() {
    for shop in shops().await {
        let shop = shop.taxed();
        let (order, payment) = under_way(&shop, 4_600).await;
        contest(&shop, payment, 7_200, Open).await;
        contest(&shop, payment, 7_200, Lost).await;
        shop.pass(12 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.reason_of_refund(order).await, Some(RefundReason::Contested));
        assert_eq!((shop.wallet().await, shop.bank.kept(payment)), (4_600, 7_200));
        assert_eq!(shop.bundles().await, 0);
        shop.audit().await;
    }
}

#[tokio::test]
async fn what_the_carrier_did_before_it_heard_of_the_dispute_is_taken_in() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Deaf);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        contest(&shop, payment, 11_800, Open).await;
        shop.wire.breaks(Fault::None);
        shop.pass(11 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(money(&shop, order).await.earned, yuan(0));
        shop.audit().await;
        contest(&shop, payment, 11_800, Won).await;
        assert_eq!(money(&shop, order).await.earned, yuan(11_800));
    }
}

#[tokio::test]
async fn what_was_kept_to_pay_with_is_not_charged_after_a_dispute() {
    for shop in shops().await {
        let (_, payment) = shop.order_to_keep().await;
        shop.bank.pay_and_keep(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        let kept = async || {
            payments::saved_methods(&mut shop.db.read().await.unwrap(), shop.buyer).await.unwrap().len()
        };
        assert_eq!(kept().await, 1);
        contest(&shop, payment, 11_800, Open).await;
        contest(&shop, payment, 11_800, Won).await;
        assert_eq!(kept().await, 0, "whoever wins, they agree anew");
    }
}

async fn in_book(shop: &Shop, book: Book) -> i128 {
    let sums = ledger::balance(&mut shop.db.read().await.unwrap(), &book).await.unwrap();
    sums.get(&Currency::CNY).copied().unwrap_or_default()
}

/// Two hear of the dispute while three spend what is contested: each cent is spent or frozen, and none is both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wallet_is_frozen_while_it_is_spent() {
    for _ in 0..4 {
        let shop = Arc::new(shop_on_postgres().await);
        let payment = shop.fill("top-up", 10_000).await;
        shop.bank.contest(payment, yuan(10_000), Open);
        let mut spenders = tokio::task::JoinSet::new();
        for number in 0..3 {
            let shop = shop.clone();
            let spend = async move {
                let key = format!("key-{number}");
                orders::place(&shop.desk, shop.buyer, &shop.wish(4_600), &payer(), &key).await
            };
            spenders.spawn(spend);
        }
        let mut listeners = tokio::task::JoinSet::new();
        for _ in 0..2 {
            let shop = shop.clone();
            let check = CheckJob { payment, polling: false };
            listeners.spawn(async move { orders::check_payment(&shop.desk, check).await.unwrap() });
        }
        let answers = spenders.join_all().await;
        listeners.join_all().await;
        let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
        assert!(refused.clone().all(|refused| refused.key == ledger::TOO_LITTLE), "{answers:?}");
        let spent = 4_600 * i64::try_from(answers.len() - refused.count()).unwrap();
        let wallet =
            ledger::wallet(&mut shop.db.read().await.unwrap(), shop.buyer, Currency::CNY).await.unwrap();
        assert_eq!((wallet.available(), wallet.held), (yuan(0), yuan(spent)));
        assert_eq!(in_book(&shop, Book::Disputed).await, 10_000);
        assert_eq!(in_book(&shop, Book::Losses).await, -i128::from(spent));
        shop.audit().await;
        contest(&shop, payment, 10_000, Won).await;
        assert_eq!((shop.wallet().await, in_book(&shop, Book::Losses).await), (10_000 - spent, 0));
    }
}
