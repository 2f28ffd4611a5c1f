//! What people do on the pay page.

use basis::{Currency, DAY_MS, HOUR_MS, Id, MINUTE_MS, Money, SECOND_MS};
use payments::{CHECK, NewPayment, News, PaymentState, Purpose};
use paysim::{AnswerPlan, FaultPlan, HookPlan, Outcome, PayPlan};
use store::in_tx;

use super::{World, in_both};

#[tokio::test(flavor = "multi_thread")]
async fn someone_pays_and_the_message_brings_the_money() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        world.pay(&at_sandbox, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        // The regular look finds nothing to do.
        world.later(6 * SECOND_MS).await;
        assert_eq!(world.told(), []);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_comes_is_covered_by_looking() {
    in_both(async |world: World| {
        let (payment, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        world.pay(&at_sandbox, Outcome::Lost).await;
        world.later(4 * SECOND_MS).await;
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        world.later(SECOND_MS).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_and_cancelled_end_the_payment_and_nothing_is_taken() {
    in_both(async |world: World| {
        let mut hooks = 0;
        for (outcome, state, news) in [
            (Outcome::Declined, PaymentState::Failed, News::Failed(payments::Decline::Soft)),
            (Outcome::Cancel, PaymentState::Cancelled, News::Cancelled),
        ] {
            let (payment, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
            world.pay(&at_sandbox, outcome).await;
            hooks += 1;
            world.after_hooks(hooks).await;
            assert_eq!(world.state(payment).await, state);
            assert_eq!(world.told(), [news]);
            let again = world.begin(payment).await;
            assert_eq!(again.unwrap_err().key, "payments-over");
        }
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_payment_runs_out_and_money_that_comes_later_still_counts() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
        for _ in 0..31 {
            world.later(MINUTE_MS).await;
        }
        assert_eq!(world.state(payment).await, PaymentState::Cancelled);
        assert_eq!(world.told(), [News::Cancelled]);
        // Late, and even the message is lost: the looks after the expiry find it.
        world.pay(&at_sandbox, Outcome::Lost).await;
        world.later(10 * MINUTE_MS).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_twice_gets_the_second_payment_back() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
        world.pay(&at_sandbox, Outcome::Twice).await;
        // Two captures and the refund's own message.
        world.after_hooks(2).await;
        world.after_hooks(3).await;
        let told = world.told();
        assert!(matches!(told[..], [News::Captured { .. }, News::SecondCapture { .. }]), "{told:?}");
        assert_eq!(world.state(payment).await, PaymentState::Captured, "what was asked for is paid");
        let money = world.order_money(order).await;
        assert_eq!((money.deferred.minor, money.returned_to_source.minor), (7200, 7200));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_payments_for_one_order_the_later_goes_back() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (first, one) = world.open(world.order_payment(order, 7200)).await;
        let (second, two) = world.open(world.order_payment(order, 7200)).await;
        world.pay(&two, Outcome::Ok).await;
        world.after_hooks(1).await;
        world.pay(&one, Outcome::Ok).await;
        world.after_hooks(2).await;
        world.after_hooks(3).await;
        assert_eq!(world.state(second).await, PaymentState::Captured);
        assert_eq!(world.state(first).await, PaymentState::Refunded);
        let money = world.order_money(order).await;
        assert_eq!((money.deferred.minor, money.returned_to_source.minor), (7200, 7200));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_filled_once_whatever_the_messages_do() {
    in_both(async |world: World| {
        let account = Id::from_u128(7);
        let top_up = NewPayment {
            purpose: Purpose::Wallet,
            request_key: Some("tap".into()),
            ..world.order_payment(Id::from_u128(1), 5000)
        };
        let (payment, at_sandbox) = world.open(top_up.clone()).await;
        assert_eq!(world.open(top_up.clone()).await.0, payment, "a second tap is the same payment");
        let other = NewPayment { amount: Money::new(9000, Currency::CNY), ..top_up };
        let refused = in_tx!(world.db, |tx| {
            payments::create(tx, &world.env, &world.providers, other.clone()).await
        });
        assert_eq!(refused.unwrap_err().key, "payments-key-reused");

        let hook = HookPlan { copies: 3, reordered: true, ..HookPlan::default() };
        world.faults(&at_sandbox, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_sandbox, Outcome::Ok).await;
        world.after_hooks(3).await;
        assert_eq!(world.wallet_minor(account).await, 5000);
        world.later(SECOND_MS).await;
        world.after_hooks(6).await;
        assert_eq!(world.wallet_minor(account).await, 5000);
        assert_eq!(world.told(), [News::ToppedUp]);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_while_opening_opens_no_second_payment() {
    in_both(async |world: World| {
        for answer in [AnswerPlan::LoseAnswer, AnswerPlan::FailBefore] {
            world.paysim.set_default_faults(FaultPlan { answer, ..FaultPlan::default() }).await;
            let new = world.order_payment(Id::from_u128(1), 7200);
            let created = in_tx!(world.db, |tx| {
                payments::create(tx, &world.env, &world.providers, new.clone()).await
            });
            let id = created.unwrap().id;
            let silent = world.begin(id).await.unwrap_err();
            assert_eq!(silent.key, "payments-provider-silent");
            let url = world.begin(id).await.unwrap();
            let again = world.begin(id).await.unwrap();
            assert_eq!(url, again);
        }
        assert_eq!(world.paysim.books().await.payments.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_found_even_if_we_fell_before_noting_that_the_payment_was_opened() {
    in_both(async |world: World| {
        world
            .paysim
            .set_default_faults(FaultPlan { answer: AnswerPlan::LoseAnswer, ..FaultPlan::default() })
            .await;
        let new = world.order_payment(Id::from_u128(1), 7200);
        let created =
            in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await });
        let id = created.unwrap().id;
        world.begin(id).await.unwrap_err();
        assert_eq!(world.state(id).await, PaymentState::Created);
        let at_sandbox = world.paysim.books().await.payments[0].id.clone();
        world.pay(&at_sandbox, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(id).await, PaymentState::Captured);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_too_late_answers_that_it_was_paid() {
    in_both(async |world: World| {
        let (payment, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        world.pay(&at_sandbox, Outcome::Lost).await;
        let facts = payments::cancel(&world.db, &world.providers, payment).await.unwrap();
        let confirmed = in_tx!(world.db, |tx| {
            let confirmed = payments::confirm(tx, &world.env, payment, &facts).await?;
            super::settle(tx, &world.env, &confirmed).await?;
            Ok(confirmed)
        });
        assert_eq!(confirmed.unwrap().payment.state, PaymentState::Captured);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bank_takes_days_over_is_looked_at_to_its_end_though_no_message_comes() {
    in_both(async |world: World| {
        let after_ms = 5 * DAY_MS;
        for (pay, end) in [
            (PayPlan::Later { after_ms }, PaymentState::Captured),
            (PayPlan::FailLater { after_ms }, PaymentState::Failed),
        ] {
            let (payment, at_sandbox) = world.open(world.order_payment(world.env.new_id(), 7200)).await;
            let hook = HookPlan { copies: 0, ..HookPlan::default() };
            world.faults(&at_sandbox, FaultPlan { pay, hook, ..FaultPlan::default() }).await;
            world.pay(&at_sandbox, Outcome::Ok).await;
            let half_days = async |count| {
                for _ in 0..count {
                    world.clock.advance_ms(12 * HOUR_MS);
                    world.paysim.send_due().await;
                    world.work().await;
                }
            };
            half_days(9).await;
            assert_eq!(world.state(payment).await, PaymentState::Pending);
            half_days(5).await;
            assert_eq!(world.state(payment).await, end);
        }
        let jobs = store::jobs::list(&mut world.db.read().await.unwrap(), 100).await.unwrap();
        assert!(jobs.iter().all(|job| job.kind != CHECK), "what is over is not looked at: {jobs:#?}");
        world.books_agree().await;
    })
    .await;
}
