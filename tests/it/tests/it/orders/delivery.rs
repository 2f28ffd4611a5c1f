//! Deliveries that fail, and what becomes of the money.

use basis::MINUTE_MS;
use orders::{Decision, OrderState, RefundBegun};

use super::carrier::Fault;
use super::shop::{Shop, shops, yuan};

async fn paid_order(shop: &Shop, wallet: i64) -> (basis::Id<basis::Order>, basis::Id<basis::Payment>) {
    shop.give(yuan(wallet.max(1))).await;
    let (order, payment) = shop.order(wallet).await;
    shop.bank.pay(payment, yuan(11_800 - wallet));
    shop.hook(&format!("evt-{payment}"), payment).await;
    shop.work().await;
    (order, payment)
}

#[tokio::test]
async fn a_delivery_that_fails_at_first_succeeds_later() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Refuses);
        let (order, _) = paid_order(&shop, 0).await;
        assert_eq!(shop.state(order).await, OrderState::Delivering);
        shop.pass(MINUTE_MS).await;
        shop.wire.breaks(Fault::None);
        shop.pass(2 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        let steps = ["placed", "payment_started", "paid", "delivering", "delayed", "active"];
        assert_eq!(shop.steps(order).await, steps);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_delivery_that_keeps_failing_refunds_itself_the_wallet_first() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Refuses);
        let (order, payment) = paid_order(&shop, 4_600).await;
        shop.pass(9 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Delivering, "not before the deadline");
        shop.pass(2 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.wallet().await, 4_600);
        assert_eq!(shop.bank.kept(payment), 0);
        let steps = shop.steps(order).await;
        assert_eq!(steps[steps.len() - 3..], ["gave_up", "refunding", "refunded"]);
        // The void stands for ever.
        let record = shop.record(order).await;
        let credit = charging::Credit {
            pool: record.pool.unwrap(),
            order,
            line: Some(record.line),
            terms: record.terms,
        };
        assert_eq!(shop.desk.charging.credit(credit).await.unwrap(), charging::CreditAnswer::Voided);
        assert_eq!(shop.bundles().await, 0);
        shop.audit().await;
    }
}

#[tokio::test]
async fn delivered_without_an_answer_it_is_looked_up_and_not_delivered_twice() {
    for shop in shops().await {
        shop.wire.breaks(Fault::LosesAnswers);
        let (order, _) = paid_order(&shop, 0).await;
        assert_eq!(shop.state(order).await, OrderState::Delivering);
        shop.pass(MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.bundles().await, 1);
        shop.audit().await;
    }
}

#[tokio::test]
async fn what_was_delivered_in_silence_is_not_refunded_at_the_deadline() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Deaf);
        let (order, payment) = paid_order(&shop, 0).await;
        shop.pass(15 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Delivering, "no refund on a timer alone");
        shop.wire.breaks(Fault::None);
        shop.pass(2 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active, "the void came too late");
        assert_eq!(shop.bank.kept(payment), 11_800);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_carrier_that_stays_silent_ends_at_a_person() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Silent);
        let (order, payment) = paid_order(&shop, 0).await;
        shop.pass(100 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        assert_eq!(shop.bank.kept(payment), 11_800);
        shop.wire.breaks(Fault::None);
        orders::decide(&shop.desk, "operator:li", order, Decision::Deliver, "").await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_carrier_that_takes_nothing_back_ends_at_a_person_who_may_refund() {
    for shop in shops().await {
        shop.wire.breaks(Fault::CannotVoid);
        let (order, payment) = paid_order(&shop, 4_600).await;
        shop.pass(11 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        let cases = support::list(&mut shop.db.read().await.unwrap(), 10).await.unwrap();
        assert_eq!((cases[0].order, cases[0].reason.as_str()), (Some(order), "cannot_void"));
        let confirmed = support::Resolution::Decide(Decision::RefundConfirmed);
        support::resolve(&shop.desk, "operator:li", &cases[0].id, confirmed, "by phone").await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!((shop.wallet().await, shop.bank.kept(payment)), (4_600, 0));
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_a_case_and_can_be_tried_again() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Refuses);
        shop.bank.refuse_refunds(true);
        let (order, payment) = paid_order(&shop, 0).await;
        shop.pass(12 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunding);
        let cases = support::list(&mut shop.db.read().await.unwrap(), 10).await.unwrap();
        assert_eq!((cases[0].order, cases[0].reason.as_str()), (Some(order), "refund_failed"));
        shop.audit().await;
        shop.bank.refuse_refunds(false);
        let again = support::Resolution::Decide(Decision::RetryRefund);
        support::resolve(&shop.desk, "operator:li", &cases[0].id, again, "").await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 0);
        shop.audit().await;
    }
}

#[tokio::test]
async fn an_operator_refunds_what_was_delivered_and_nobody_keeps_both() {
    for shop in shops().await {
        let (order, payment) = shop.bought().await;
        let too_much = orders::refund(&shop.desk, "operator:li", order, Some(yuan(11_801)), "").await;
        assert_eq!(too_much.unwrap_err().key, "order-refund-too-much");
        let begun = orders::refund(&shop.desk, "operator:li", order, None, "kind of us").await.unwrap();
        assert_eq!(begun, RefundBegun::Returning);
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 0);
        let view = shop.desk.charging.view(shop.line.pool).await.unwrap();
        assert_eq!(view.bundles[0].state, charging::BundleState::Closed);
        let again = orders::refund(&shop.desk, "operator:li", order, None, "").await;
        assert_eq!(again.unwrap_err().key, "order-nothing-to-refund");
        shop.audit().await;
    }
}

#[tokio::test]
async fn an_operator_who_refunds_a_delivery_under_way_voids_it_first() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Refuses);
        let (order, payment) = paid_order(&shop, 0).await;
        let begun = orders::refund(&shop.desk, "operator:li", order, None, "asked for").await.unwrap();
        assert_eq!(begun, RefundBegun::VoidingFirst);
        shop.pass(MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 0);
        shop.audit().await;
    }
}
