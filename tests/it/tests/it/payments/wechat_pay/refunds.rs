//! Money that goes back by WeChat Pay, and refunds that do not go well.

use basis::{DAY_MS, MINUTE_MS, SECOND_MS};
use payments::{PaymentState, RefundState};
use paysim::{AnswerPlan, FaultPlan, RefundPlan};
use store::in_tx;

use super::{Shop, in_both};

async fn plan(shop: &Shop, theirs: &str, refund: RefundPlan) {
    shop.faults(theirs, FaultPlan { refund, ..FaultPlan::default() }).await;
}

async fn try_again(shop: &Shop, id: basis::Id<basis::Refund>) -> RefundState {
    in_tx!(shop.db, |tx| { payments::retry_refund(tx, &shop.env, id).await }).unwrap();
    shop.work().await;
    shop.refund_now(id).await.state
}

/// So much later, with paysim awake.
async fn pass(shop: &Shop, ms: i64) {
    shop.clock.advance_ms(ms);
    tokio::time::sleep(std::time::Duration::from_millis(80)).await;
    shop.work().await;
}

/// How many refunds of this payment WeChat Pay knows.
async fn known(shop: &Shop, payment: basis::Id<basis::Payment>) -> usize {
    shop.paysim.by_reference(&payment.to_string()).await[0].refunds.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_parts_go_back_a_minute_apart() {
    in_both(async |shop| {
        let (order, payment, _) = shop.paid(1).await;
        let first = shop.refund(order, payment, 2200).await;
        assert_eq!(shop.refund_now(first.id).await.state, RefundState::Succeeded);
        assert_eq!(shop.state(payment).await, PaymentState::PartlyRefunded);
        let rest = shop.refund(order, payment, 5000).await;
        assert_ne!(shop.refund_now(rest.id).await.state, RefundState::Failed, "too soon is no refusal");
        for _ in 0..4 {
            pass(&shop, MINUTE_MS).await;
        }
        assert_eq!(shop.refund_now(rest.id).await.state, RefundState::Succeeded);
        assert_eq!(shop.state(payment).await, PaymentState::Refunded);
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_whose_answer_is_lost_is_sent_once() {
    in_both(async |shop| {
        for (round, answer) in
            [AnswerPlan::Reset, AnswerPlan::FailBefore, AnswerPlan::Probe].into_iter().enumerate()
        {
            let (order, payment, theirs) = shop.paid(2 * round + 1).await;
            shop.faults(&theirs, FaultPlan { answer, ..FaultPlan::default() }).await;
            let sent = shop.refund(order, payment, 7200).await;
            pass(&shop, 5 * SECOND_MS).await;
            assert_eq!(shop.refund_now(sent.id).await.state, RefundState::Succeeded);
            assert_eq!(known(&shop, payment).await, 1);
            shop.after_hooks(2 * round + 2).await;
        }
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_refund_is_waited_for() {
    in_both(async |shop| {
        let (order, payment, theirs) = shop.paid(1).await;
        plan(&shop, &theirs, RefundPlan::Later { after_ms: MINUTE_MS }).await;
        let slow = shop.refund(order, payment, 7200).await;
        assert_eq!(shop.refund_now(slow.id).await.state, RefundState::Pending);
        for _ in 0..6 {
            pass(&shop, 30 * SECOND_MS).await;
        }
        assert_eq!(shop.refund_now(slow.id).await.state, RefundState::Succeeded);
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_stuck_at_a_dead_card_is_never_sent_twice() {
    in_both(async |shop| {
        let (order, payment, theirs) = shop.paid(1).await;
        plan(&shop, &theirs, RefundPlan::FailLater { after_ms: SECOND_MS }).await;
        let stuck = shop.refund(order, payment, 2200).await;
        for _ in 0..2 {
            pass(&shop, MINUTE_MS).await;
        }
        let now = shop.refund_now(stuck.id).await;
        assert_eq!((now.state, now.failure.as_deref()), (RefundState::Failed, Some("ABNORMAL")));
        plan(&shop, &theirs, RefundPlan::Succeed).await;
        assert_eq!(try_again(&shop, stuck.id).await, RefundState::Failed, "it asks, and sends nothing");
        assert_eq!(known(&shop, payment).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_wechat_closed_goes_again_under_another_number() {
    in_both(async |shop| {
        let (order, payment, theirs) = shop.paid(1).await;
        plan(&shop, &theirs, RefundPlan::FailLater { after_ms: 7 * DAY_MS }).await;
        let closed = shop.refund(order, payment, 2200).await;
        pass(&shop, 7 * DAY_MS + MINUTE_MS).await;
        let now = shop.refund_now(closed.id).await;
        assert_eq!((now.state, now.failure.as_deref()), (RefundState::Failed, Some("CLOSED")));
        plan(&shop, &theirs, RefundPlan::Succeed).await;
        pass(&shop, MINUTE_MS).await;
        assert_eq!(try_again(&shop, closed.id).await, RefundState::Succeeded);
        assert_eq!(known(&shop, payment).await, 2);
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_refund_goes_again_under_its_own_number() {
    in_both(async |shop| {
        let (order, payment, theirs) = shop.paid(1).await;
        plan(&shop, &theirs, RefundPlan::Refuse).await;
        let refused = shop.refund(order, payment, 2200).await;
        let now = shop.refund_now(refused.id).await;
        assert_eq!((now.state, now.failure.as_deref()), (RefundState::Failed, Some("NOT_ENOUGH")));
        plan(&shop, &theirs, RefundPlan::Succeed).await;
        assert_eq!(try_again(&shop, refused.id).await, RefundState::Succeeded);
        let theirs = &shop.paysim.by_reference(&payment.to_string()).await[0].refunds[0];
        assert_eq!(theirs.reference, refused.id.to_string());
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_year_nothing_goes_back() {
    in_both(async |shop| {
        let (order, payment, _) = shop.paid(1).await;
        shop.clock.advance_ms(366 * DAY_MS);
        let late = shop.refund(order, payment, 7200).await;
        let now = shop.refund_now(late.id).await;
        assert_eq!((now.state, now.failure.as_deref()), (RefundState::Failed, Some("INVALID_REQUEST")));
    })
    .await;
}
