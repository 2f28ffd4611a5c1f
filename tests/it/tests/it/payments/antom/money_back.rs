//! Money that goes back by Antom, and refunds that do not go well.

use basis::{Currency, DAY_MS, Id, Money, Order, Payment, SECOND_MS};
use payments::{PaymentState, Refund, RefundState};
use paysim::{FaultPlan, RefundPlan};
use store::in_tx;

use super::super::World;
use super::{in_shops, paid};

/// A refund that was sent once.
async fn sent(world: &World, payment: Id<Payment>, order: Id<Order>, minor: i64) -> Refund {
    let refund = world
        .refund(payment, order, Money::new(minor, Currency::CNY), &format!("{payment} {minor}"))
        .await
        .unwrap();
    world.work().await;
    refund
}

async fn plan(world: &World, theirs: &str, refund: RefundPlan) {
    world.faults(theirs, FaultPlan { refund, ..FaultPlan::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_in_parts_and_each_part_once() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, _) = paid(&world, order, 1).await;
        let part = sent(&world, payment, order, 2200).await;
        assert_eq!(world.refund_state(part.id).await, RefundState::Succeeded);
        assert_eq!(world.state(payment).await, PaymentState::PartlyRefunded);
        let rest = sent(&world, payment, order, 5000).await;
        // Both are told, by the refund's name only; whoever looks finds them done.
        world.after_hooks(3).await;
        assert_eq!(world.refund_state(rest.id).await, RefundState::Succeeded);
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        assert_eq!((world.told(), world.flags().await), (Vec::new(), Vec::new()));
        let money = world.order_money(order).await;
        assert_eq!((money.returned_to_source.minor, money.deferred.minor), (7200, 0));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_is_lost_is_made_once() {
    in_shops(async |world: World| world.refunds_outlive_their_answers(paid).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_under_way_ends_by_its_message_or_by_looking() {
    in_shops(async |world: World| {
        for (round, told) in [true, false].into_iter().enumerate() {
            let order = world.env.new_id();
            let (payment, theirs) = paid(&world, order, 2 * round + 1).await;
            plan(&world, &theirs, RefundPlan::Later { after_ms: 3600 * SECOND_MS }).await;
            let slow = sent(&world, payment, order, 7200).await;
            assert_eq!(world.refund_state(slow.id).await, RefundState::Pending);
            world.clock.advance_ms(3600 * SECOND_MS);
            if told {
                world.after_hooks(2 * round + 2).await;
            } else {
                tokio::time::sleep(std::time::Duration::from_millis(80)).await;
                world.later(1800 * SECOND_MS).await;
            }
            assert_eq!(world.refund_state(slow.id).await, RefundState::Succeeded);
        }
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_goes_again_under_another_name_when_a_person_says_so() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, theirs) = paid(&world, order, 1).await;
        plan(&world, &theirs, RefundPlan::Refuse).await;
        let poor = sent(&world, payment, order, 7200).await;
        assert_eq!(world.refund_state(poor.id).await, RefundState::Failed);
        for (plan_of, end) in [
            (RefundPlan::FailLater { after_ms: 0 }, RefundState::Failed),
            (RefundPlan::Succeed, RefundState::Succeeded),
        ] {
            plan(&world, &theirs, plan_of).await;
            in_tx!(world.db, |tx| { payments::retry_refund(tx, &world.env, poor.id).await }).unwrap();
            world.work().await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            world.later(60 * SECOND_MS).await;
            assert_eq!(world.refund_state(poor.id).await, end);
        }
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        let names: Vec<String> = world.paysim.by_reference(&payment.to_string()).await[0]
            .refunds
            .iter()
            .map(|r| r.reference.clone())
            .collect();
        assert_eq!(names, [format!("{}_2", poor.id), format!("{}_3", poor.id)]);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_year_nothing_goes_back() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, _) = paid(&world, order, 1).await;
        world.clock.advance_ms(366 * DAY_MS);
        let late = sent(&world, payment, order, 7200).await;
        assert_eq!(world.refund_state(late.id).await, RefundState::Failed);
        let failure =
            payments::find_refund(&mut world.db.read().await.unwrap(), late.id).await.unwrap().failure;
        assert_eq!(failure.as_deref(), Some("REFUND_WINDOW_EXCEED"));
    })
    .await;
}
