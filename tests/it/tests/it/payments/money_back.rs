//! Money on its way back.

use basis::{Currency, Id, Money, Order, Payment, SECOND_MS};
use payments::{News, PaymentState, RefundState};
use paysim::{AnswerPlan, FaultPlan, Outcome, RefundPlan};
use store::in_tx;

use super::{World, in_both};

async fn paid(world: &World, order: Id<Order>, hooks: usize) -> (Id<Payment>, String) {
    let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
    world.pay(&at_sandbox, Outcome::Ok).await;
    world.after_hooks(hooks).await;
    world.told();
    (payment, at_sandbox)
}

fn yuan(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_in_two_parts_never_exceeds_what_came() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, _) = paid(&world, order, 1).await;
        let part = world.refund(payment, order, yuan(2200), "part").await.unwrap();
        assert_eq!(
            world.refund(payment, order, yuan(2200), "part").await.unwrap().id,
            part.id,
            "asked twice, one refund"
        );
        world.after_hooks(1).await;
        world.after_hooks(2).await;
        assert_eq!(world.state(payment).await, PaymentState::PartlyRefunded);
        let too_much = world.refund(payment, order, yuan(5001), "too much").await.unwrap_err();
        assert_eq!(too_much.key, "payments-refund-too-much");
        world.refund(payment, order, yuan(5000), "rest").await.unwrap();
        world.work().await;
        world.after_hooks(3).await;
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        let money = world.order_money(order).await;
        assert_eq!(
            (money.returned_to_source.minor, money.returning.minor, money.deferred.minor),
            (7200, 0, 0)
        );
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_is_lost_is_sent_once() {
    in_both(async |world: World| {
        for (round, answer) in [AnswerPlan::LoseAnswer, AnswerPlan::FailBefore].into_iter().enumerate() {
            let order = world.env.new_id();
            let (payment, at_sandbox) = paid(&world, order, 2 * round + 1).await;
            world.faults(&at_sandbox, FaultPlan { answer, ..FaultPlan::default() }).await;
            let sent = world.refund(payment, order, yuan(7200), &format!("key{round}")).await.unwrap();
            world.work().await;
            assert_ne!(
                world.refund_state(sent.id).await,
                RefundState::Failed,
                "nobody knows, so nobody gives up"
            );
            world.later(SECOND_MS).await;
            world.after_hooks(2 * round + 2).await;
            assert_eq!(world.refund_state(sent.id).await, RefundState::Succeeded);
        }
        assert_eq!(world.paysim.books().await.refunded_minor["CNY"], 2 * 7200);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_refund_is_waited_for() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = paid(&world, order, 1).await;
        let plan =
            FaultPlan { refund: RefundPlan::Later { after_ms: 60 * SECOND_MS }, ..FaultPlan::default() };
        world.faults(&at_sandbox, plan).await;
        let slow = world.refund(payment, order, yuan(7200), "slow").await.unwrap();
        world.work().await;
        assert_eq!(world.refund_state(slow.id).await, RefundState::Pending);
        assert_eq!(world.order_money(order).await.returning.minor, 7200);
        for _ in 0..5 {
            world.later(30 * SECOND_MS).await;
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
        world.work().await;
        assert_eq!(world.refund_state(slow.id).await, RefundState::Succeeded);
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_keeps_the_money_promised_until_a_person_tries_again() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = paid(&world, order, 1).await;
        world.faults(&at_sandbox, FaultPlan { refund: RefundPlan::Refuse, ..FaultPlan::default() }).await;
        let refused = world.refund(payment, order, yuan(7200), "refused").await.unwrap();
        world.work().await;
        assert_eq!(world.refund_state(refused.id).await, RefundState::Failed);
        assert_eq!(world.order_money(order).await.returning.minor, 7200);
        let again = world.refund(payment, order, yuan(1), "more").await.unwrap_err();
        assert_eq!(again.key, "payments-refund-too-much", "promised money is not promised twice");
        for (plan, end) in [
            (RefundPlan::FailLater { after_ms: 0 }, RefundState::Failed),
            (RefundPlan::Succeed, RefundState::Succeeded),
        ] {
            world.faults(&at_sandbox, FaultPlan { refund: plan, ..FaultPlan::default() }).await;
            in_tx!(world.db, |tx| { payments::retry_refund(tx, &world.env, refused.id).await }).unwrap();
            world.work().await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            world.later(60 * SECOND_MS).await;
            assert_eq!(world.refund_state(refused.id).await, end);
        }
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_nobody_here_asked_for_is_flagged_and_not_booked() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = paid(&world, order, 1).await;
        let by_hand = reqwest::Client::new()
            .post(format!("{}/sandbox/v1/payments/{at_sandbox}/refunds", world.paysim.url()))
            .bearer_auth("sk_test")
            .json(
                &serde_json::json!({ "reference": "by hand", "amount": { "minor": 100, "currency": "CNY" } }),
            );
        assert_eq!(by_hand.send().await.unwrap().status(), 201);
        world.after_hooks(2).await;
        assert_eq!(world.told(), [News::ForeignRefund { amount: Money::new(100, Currency::CNY) }]);
        assert_eq!(world.flags().await, ["foreign-refund"]);
        assert_eq!(world.state(payment).await, PaymentState::Captured);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_turns_us_away_says_nothing_about_a_refund() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = paid(&world, order, 1).await;
        let plan =
            FaultPlan { refund: RefundPlan::Later { after_ms: 60 * SECOND_MS }, ..FaultPlan::default() };
        world.faults(&at_sandbox, plan).await;
        let slow = world.refund(payment, order, yuan(7200), "slow").await.unwrap();
        world.work().await;
        assert_eq!(world.refund_state(slow.id).await, RefundState::Pending);

        // Our key was revoked: the provider answers 401 whatever we ask.
        let stranger = world.with_key("sk_revoked");
        let payload = serde_json::json!({ "refund": slow.id }).to_string();
        let run = store::jobs::JobRun { key: slow.id.to_string(), payload, attempt: 1 };
        payments::send_refund(&world.db, &world.env, &stranger, run).await.unwrap_err();
        assert_eq!(
            world.refund_state(slow.id).await,
            RefundState::Pending,
            "not failed: it may well be under way"
        );
    })
    .await;
}
