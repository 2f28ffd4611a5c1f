//! What payers do on Stripe's page, and what comes of it.

use basis::{HOUR_MS, Id, MINUTE_MS, SECOND_MS};
use payments::{News, PaymentState};
use paysim::{AnswerPlan, FaultPlan, HookPlan, Outcome, PayPlan};
use store::in_tx;

use super::super::{World, settle};
use super::{at_stripe, by_card};

#[tokio::test(flavor = "multi_thread")]
async fn someone_pays_by_card_and_the_message_brings_the_money() {
    at_stripe(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, session) = world.open(by_card(&world, order)).await;
        assert!(session.starts_with("cs_test_"), "{session}");
        world.pay(&session, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_is_enough_where_messages_are_lost_forged_late_or_doubled() {
    at_stripe(async |world: World| {
        let lost = HookPlan { copies: 0, ..HookPlan::default() };
        let forged = HookPlan { forged: true, ..HookPlan::default() };
        for (number, hook) in [lost, forged].into_iter().enumerate() {
            let (payment, session) = world.open(by_card(&world, world.env.new_id())).await;
            world.faults(&session, FaultPlan { hook, ..FaultPlan::default() }).await;
            world.pay(&session, Outcome::Ok).await;
            world.after_hooks(number).await;
            assert_eq!(world.state(payment).await, PaymentState::Pending, "nobody we believe said anything");
            world.later(5 * SECOND_MS).await;
            assert_eq!(world.state(payment).await, PaymentState::Captured);
        }
        assert_eq!(world.hooks.lock().unwrap()[..], [401]);
        let (payment, session) = world.open(by_card(&world, Id::from_u128(9))).await;
        world.pay(&session, Outcome::Doubled).await;
        world.after_hooks(3).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolled_secret_is_believed_beside_the_old_one() {
    at_stripe(async |world: World| {
        world
            .paysim
            .change_keys("stripe", |keys| keys.secrets = vec!["whsec_old".into(), "whsec_new".into()]);
        let (payment, session) = world.open(by_card(&world, Id::from_u128(1))).await;
        world.pay(&session, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        world.paysim.change_keys("stripe", |keys| keys.secrets = vec!["whsec_new".into()]);
        let (_, session) = world.open(by_card(&world, Id::from_u128(2))).await;
        world.pay(&session, Outcome::Ok).await;
        world.after_hooks(2).await;
        assert_eq!(world.hooks.lock().unwrap()[..], [204, 401]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_card_may_be_followed_by_another_on_the_same_page() {
    at_stripe(async |world: World| {
        let (payment, session) = world.open(by_card(&world, Id::from_u128(1))).await;
        world.pay(&session, Outcome::Declined).await;
        world.after_hooks(1).await;
        let seen = world.payment(payment).await;
        assert_eq!((seen.state, seen.failure.as_deref()), (PaymentState::Pending, Some("generic_decline")));
        world.pay(&session, Outcome::Ok).await;
        world.after_hooks(2).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(world.paysim.pay(&session, Outcome::Ok).await.is_err(), "a page is paid once");
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_page_runs_out_and_who_pays_late_on_it_is_not_forgotten() {
    at_stripe(async |world: World| {
        let (late, late_page) = world.open(by_card(&world, Id::from_u128(1))).await;
        let (left, left_page) = world.open(by_card(&world, Id::from_u128(2))).await;
        world.pay(&left_page, Outcome::Cancel).await;
        // Beyond our own expiry the page still takes a card.
        world.later(35 * MINUTE_MS).await;
        world.pay(&late_page, Outcome::Lost).await;
        world.later(10 * MINUTE_MS).await;
        assert_eq!(world.state(late).await, PaymentState::Captured);
        assert_eq!(world.state(left).await, PaymentState::Pending);
        world.later(HOUR_MS).await;
        assert_eq!(world.state(left).await, PaymentState::Cancelled);
        assert!(world.paysim.pay(&left_page, Outcome::Ok).await.is_err(), "the page has run out");
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_page_takes_no_card_and_one_that_is_paid_says_so() {
    at_stripe(async |world: World| {
        for (outcome, state) in
            [(None, PaymentState::Cancelled), (Some(Outcome::Lost), PaymentState::Captured)]
        {
            let (payment, session) = world.open(by_card(&world, world.env.new_id())).await;
            if let Some(outcome) = outcome {
                world.pay(&session, outcome).await;
            }
            let facts = payments::cancel(&world.db, &world.providers, payment).await.unwrap();
            let confirmed = in_tx!(world.db, |tx| {
                let confirmed = payments::confirm(tx, &world.env, payment, &facts).await?;
                settle(tx, &world.env, &confirmed).await?;
                Ok(confirmed)
            });
            assert_eq!(confirmed.unwrap().payment.state, state);
            assert!(world.paysim.pay(&session, Outcome::Ok).await.is_err());
        }
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pages_for_one_order_the_later_payment_goes_back() {
    at_stripe(async |world: World| {
        let order = Id::from_u128(1);
        let (first, one) = world.open(by_card(&world, order)).await;
        let (second, two) = world.open(by_card(&world, order)).await;
        world.pay(&two, Outcome::Lost).await;
        world.pay(&one, Outcome::Ok).await;
        world.after_hooks(1).await;
        world.later(5 * SECOND_MS).await;
        world.work().await;
        assert_eq!(world.state(first).await, PaymentState::Captured);
        assert_eq!(world.state(second).await, PaymentState::Refunded);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_is_on_its_way_comes_later_or_not_at_all() {
    at_stripe(async |world: World| {
        let after_ms = 10 * MINUTE_MS;
        for (pay, state) in [
            (PayPlan::Later { after_ms }, PaymentState::Captured),
            (PayPlan::FailLater { after_ms }, PaymentState::Failed),
        ] {
            let (payment, session) = world.open(by_card(&world, world.env.new_id())).await;
            world.faults(&session, FaultPlan { pay, ..FaultPlan::default() }).await;
            let before = world.hooks.lock().unwrap().len();
            world.pay(&session, Outcome::Ok).await;
            world.after_hooks(before + 1).await;
            assert_eq!(world.state(payment).await, PaymentState::Pending);
            world.clock.advance_ms(after_ms);
            world.after_hooks(before + 2).await;
            assert_eq!(world.state(payment).await, state);
        }
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_opened_once_whatever_becomes_of_the_answer() {
    at_stripe(async |world: World| {
        for answer in [AnswerPlan::LoseAnswer, AnswerPlan::FailBefore, AnswerPlan::Reset] {
            world.paysim.set_default_faults(FaultPlan { answer, ..FaultPlan::default() }).await;
            let new = by_card(&world, world.env.new_id());
            let created = in_tx!(world.db, |tx| {
                payments::create(tx, &world.env, &world.providers, new.clone()).await
            });
            let id = created.unwrap().id;
            assert_eq!(world.begin(id).await.unwrap_err().key, "payments-provider-silent");
            world.later(MINUTE_MS).await;
            assert_eq!(world.begin(id).await.unwrap(), world.begin(id).await.unwrap());
        }
        assert_eq!(world.paysim.books().await.payments.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_or_someone_elses_account_is_not_booked_as_ours() {
    at_stripe(async |world: World| {
        let other = FaultPlan { merchant: Some("acct_other".into()), ..FaultPlan::default() };
        let less = basis::Money::new(7100, basis::Currency::CNY);
        let less = FaultPlan { capture_amount: Some(less), ..FaultPlan::default() };
        for (plan, reason) in [(other, "merchant"), (less, "mismatch")] {
            let (_, session) = world.open(by_card(&world, world.env.new_id())).await;
            world.faults(&session, plan).await;
            world.pay(&session, Outcome::Lost).await;
            world.later(5 * SECOND_MS).await;
            assert!(world.flags().await.contains(&reason.to_owned()), "{reason}");
        }
    })
    .await;
}
