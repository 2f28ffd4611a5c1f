//! Prices that hold a tax: it is set aside when an order is paid, and goes back with what goes back.

use basis::{Currency, Id, MINUTE_MS, Order};
use orders::{Intent, OrderState, PlaceInput};

use super::carrier::Fault;
use super::shop::{Shop, shops, yuan};

/// Of an order: what is earned, and the tax of it.
async fn earned_and_tax(shop: &Shop, order: Id<Order>) -> (i64, i64) {
    let money = ledger::per_order(&mut shop.db.read().await.unwrap(), order, Currency::CNY).await.unwrap();
    (money.earned.minor, money.tax.minor)
}

#[tokio::test]
async fn a_delivered_order_earns_its_price_without_the_tax() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(
            (shop.state(order).await, earned_and_tax(&shop, order).await),
            (OrderState::Active, (11_132, 668))
        );
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_wallet_that_pays_all_pays_the_tax_too() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(11_800)).await;
        let placed = shop.place(&shop.wish(11_800), "all").await;
        shop.work().await;
        assert_eq!((shop.wallet().await, earned_and_tax(&shop, placed.order).await), (0, (11_132, 668)));
        shop.audit().await;
    }
}

#[tokio::test]
async fn what_was_never_delivered_goes_back_whole_with_its_tax() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.wire.breaks(Fault::Refuses);
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.pass(15 * MINUTE_MS).await;
        assert_eq!(
            (shop.state(order).await, earned_and_tax(&shop, order).await),
            (OrderState::Refunded, (0, 0))
        );
        assert_eq!((shop.wallet().await, shop.bank.kept(payment)), (4_600, 0));
        shop.audit().await;
    }
}

#[tokio::test]
async fn half_of_the_price_back_returns_half_of_the_tax() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        let (order, _) = shop.bought().await;
        orders::refund(&shop.desk, "operator:li", order, Some(yuan(5_900)), "sorry").await.unwrap();
        shop.pass(MINUTE_MS).await;
        assert_eq!(
            (shop.state(order).await, earned_and_tax(&shop, order).await),
            (OrderState::Refunded, (5_566, 334))
        );
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_change_of_plan_and_then_a_refund_return_all_of_the_tax() {
    for shop in shops().await.into_iter().map(Shop::taxed) {
        let (old, _) = shop.bought().await;
        let intent = Intent::ChangeNow { old };
        let wish =
            PlaceInput { plan: "jp-50gb".parse().unwrap(), price: yuan(23_800), intent, ..shop.wish(0) };
        let new = shop.place(&wish, "change").await;
        let payment = new.payment.unwrap();
        payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, super::shop::AT_DESK)
            .await
            .unwrap();
        shop.bank.pay(payment, yuan(23_800));
        shop.hook("evt-2", payment).await;
        shop.work().await;
        assert_eq!(shop.wallet().await, 11_800, "nothing of it was used");
        assert_eq!(
            (earned_and_tax(&shop, old).await, earned_and_tax(&shop, new.order).await),
            ((0, 0), (22_453, 1_347))
        );
        shop.audit().await;
    }
}
