//! What became of an order while its buyer looked elsewhere.

use basis::MINUTE_MS;
use orders::OrderState;

use super::phone::{Phone, said};
use crate::orders::carrier::Fault;
use crate::orders::shop::{Shop, shops_of, yuan};
use crate::people::registration;

async fn shops_with_phones() -> Vec<(Shop, Phone)> {
    let admit = async |db: &store::testing::TestDb, env: &basis::Env| {
        let passwords = accounts::Passwords::cheap();
        accounts::admit(db, env, &passwords, "system", &registration("lin@example.com"), true).await.unwrap()
    };
    let mut all = Vec::new();
    for shop in shops_of(admit).await {
        let phone = Phone::of((&shop.db, &shop.env, &shop.clock), "lin@example.com").await;
        all.push((shop, phone));
    }
    all
}

#[tokio::test]
async fn an_order_that_took_long_says_when_it_is_ready_and_one_that_did_not_says_nothing() {
    for (shop, phone) in shops_with_phones().await {
        shop.bought().await;
        assert!(phone.shown().await.is_empty(), "its buyer is looking at it");
        shop.wire.breaks(Fault::Refuses);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("late", payment).await;
        shop.pass(MINUTE_MS).await;
        shop.wire.breaks(Fault::None);
        shop.pass(2 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        let shown = phone.shown().await;
        let [ready] = shown.as_slice() else { panic!("{shown:?}") };
        assert!(said(ready, "title").starts_with("Ready: Japan"), "{ready:?}");
        assert_eq!(said(ready, "path"), format!("/orders/{order}"));
    }
}

#[tokio::test]
async fn an_order_that_is_not_delivered_says_that_its_money_goes_back() {
    for (shop, phone) in shops_with_phones().await {
        shop.wire.breaks(Fault::Refuses);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("paid", payment).await;
        shop.work().await;
        shop.pass(12 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        let shown = phone.shown().await;
        let [back] = shown.as_slice() else { panic!("{shown:?}") };
        assert!(said(back, "body").contains("118") && back.urgency == "high", "{back:?}");
        assert_eq!(said(back, "path"), format!("/orders/{order}"));
        shop.audit().await;
    }
}
