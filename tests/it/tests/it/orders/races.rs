//! Two connections at once, on PostgreSQL: the money is spent once, the order paid once.

use std::sync::Arc;

use orders::OrderState;
use payments::CheckJob;

use super::shop::{payer, shop_on_postgres, yuan};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_orders_at_once_spend_a_wallet_once() {
    let shop = Arc::new(shop_on_postgres().await);
    shop.give(yuan(11_800)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..8 {
        let shop = shop.clone();
        tasks.spawn(async move {
            let key = format!("key-{number}");
            orders::place(&shop.desk, shop.buyer, &shop.wish(11_800), &payer(), &key).await
        });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.key, ledger::TOO_LITTLE);
    }
    shop.work().await;
    assert_eq!((shop.wallet().await, shop.bundles().await), (0, 1));
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_at_once_places_one_order() {
    let shop = Arc::new(shop_on_postgres().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let shop = shop.clone();
        tasks.spawn(async move {
            orders::place(&shop.desk, shop.buyer, &shop.wish(0), &payer(), "one-key").await.unwrap()
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|placed| *placed == answers[0] && placed.payment.is_some()));
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_payment_checked_by_many_at_once_pays_once_and_two_payments_fund_once() {
    let shop = Arc::new(shop_on_postgres().await);
    shop.give(yuan(4_600)).await;
    let (order, first) = shop.order(4_600).await;
    let with = super::shop::alipay();
    let again = orders::pay_again(&shop.desk, shop.buyer, order, &with, &payer(), "again").await.unwrap();
    let second = again.payment.unwrap();
    shop.bank.pay(first, yuan(7_200));
    shop.bank.pay(second, yuan(7_200));
    let mut tasks = tokio::task::JoinSet::new();
    for payment in [first, second, first, second, first, second] {
        let shop = shop.clone();
        tasks.spawn(async move {
            orders::check_payment(&shop.desk, CheckJob { payment, polling: false }).await.unwrap()
        });
    }
    tasks.join_all().await;
    shop.work().await;
    assert_eq!(shop.state(order).await, OrderState::Active);
    assert_eq!(shop.bank.kept(first) + shop.bank.kept(second), 7_200);
    let steps = shop.steps(order).await;
    assert_eq!(steps.iter().filter(|step| *step == "paid").count(), 1, "{steps:?}");
    shop.audit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn expiry_and_payment_at_once_end_in_one_story() {
    for _ in 0..5 {
        let shop = Arc::new(shop_on_postgres().await);
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.bank.pay(payment, yuan(7_200));
        shop.clock.advance_ms(15 * basis::MINUTE_MS);
        let (one, two) = (shop.clone(), shop.clone());
        let expire = tokio::spawn(async move { orders::expire(&one.desk, order).await.unwrap() });
        let check = CheckJob { payment, polling: false };
        let pay = tokio::spawn(async move { orders::check_payment(&two.desk, check).await.unwrap() });
        expire.await.unwrap();
        pay.await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.wallet().await, 0);
        shop.audit().await;
    }
}
