//! Money on its way back through PayPal.

use basis::Id;
use payments::RefundState;
use paysim::RefundPlan;
use store::in_tx;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_goes_back_in_parts() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, _) = world.paid(order, 0).await;
        for (part, (minor, then)) in
            [(390, PaymentState::PartlyRefunded), (600, PaymentState::Refunded)].into_iter().enumerate()
        {
            let sent = world.refund(payment, order, dollars(minor), &format!("part {part}")).await.unwrap();
            world.work().await;
            assert_eq!(world.refund_state(sent.id).await, RefundState::Succeeded);
            assert_eq!(world.state(payment).await, then);
            world.after_hooks(3 + part).await;
        }
        assert_eq!(world.order_dollars(order).await.returned_to_source.minor, 990);
        assert_eq!(world.flags().await, Vec::<String>::new(), "its messages name our refunds");
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_is_lost_is_sent_once() {
    in_both(async |world: World| {
        for (round, answer) in
            [AnswerPlan::LoseAnswer, AnswerPlan::Reset, AnswerPlan::FailBefore].into_iter().enumerate()
        {
            let order = world.env.new_id();
            let (payment, at_paypal) = world.paid(order, 3 * round).await;
            world.faults(&at_paypal, FaultPlan { answer, ..FaultPlan::default() }).await;
            let sent = world.refund(payment, order, dollars(990), &format!("key{round}")).await.unwrap();
            world.work().await;
            world.later(5000).await;
            world.after_hooks(3 * round + 3).await;
            assert_eq!(world.refund_state(sent.id).await, RefundState::Succeeded, "{answer:?}");
        }
        assert_eq!(world.paysim.books().await.refunded_minor["USD"], 3 * 990);
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_pending_ends_either_way() {
    in_both(async |world: World| {
        let ends = [
            (RefundPlan::Later { after_ms: HOUR_MS }, RefundState::Succeeded),
            (RefundPlan::FailLater { after_ms: HOUR_MS }, RefundState::Failed),
        ];
        for (round, (plan, end)) in ends.into_iter().enumerate() {
            let order = world.env.new_id();
            let (payment, at_paypal) = world.paid(order, 4 * round).await;
            world.faults(&at_paypal, FaultPlan { refund: plan, ..FaultPlan::default() }).await;
            let slow = world.refund(payment, order, dollars(990), &format!("slow{round}")).await.unwrap();
            world.work().await;
            assert_eq!(world.refund_state(slow.id).await, RefundState::Pending);
            world.after_hooks(4 * round + 3).await;
            world.clock.advance_ms(HOUR_MS);
            world.after_hooks(4 * round + 4).await;
            assert_eq!(world.refund_state(slow.id).await, end);
        }
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_paypal_refuses_waits_for_a_person() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_paypal) = world.paid(order, 0).await;
        world.faults(&at_paypal, FaultPlan { refund: RefundPlan::Refuse, ..FaultPlan::default() }).await;
        let refused = world.refund(payment, order, dollars(990), "refused").await.unwrap();
        world.work().await;
        let told = payments::find_refund(&mut world.db.read().await.unwrap(), refused.id).await.unwrap();
        assert_eq!((told.state, told.failure.as_deref()), (RefundState::Failed, Some("TRANSACTION_REFUSED")));
        assert_eq!(world.order_dollars(order).await.returning.minor, 990, "still promised");
        world.faults(&at_paypal, FaultPlan::default()).await;
        in_tx!(world.db, |tx| { payments::retry_refund(tx, &world.env, refused.id).await }).unwrap();
        world.work().await;
        assert_eq!(world.refund_state(refused.id).await, RefundState::Succeeded);
    })
    .await;
}
