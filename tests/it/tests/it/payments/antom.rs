//! Payments by Antom, against paysim's face of it over real HTTP.

mod money_back;
mod trust;

use std::sync::Arc;

use basis::{Currency, Env, Id, MINUTE_MS, Money, Order, Payment, SECOND_MS};
use payments::{Antom, AntomConfig, BeginRequest, News, PayAt, PaymentState, Provider, ProviderError};
use paysim::{AnswerPlan, FaultPlan, Outcome, PLATFORM, PLATFORM_NEXT, PayPlan, Paysim};
use store::in_tx;

use super::{World, in_both_with};

pub(crate) fn antom(paysim: &Paysim, env: &Env) -> Arc<dyn Provider> {
    Arc::new(Antom::new(config(paysim), env.clone()).unwrap())
}

fn config(paysim: &Paysim) -> AntomConfig {
    AntomConfig {
        url: paysim.url().parse().unwrap(),
        client_id: "client_test".into(),
        private_key: paysim::MERCHANT_KEY.into(),
        key_version: 1,
        antom_public_keys: vec![PLATFORM.certificate.into(), PLATFORM_NEXT.certificate.into()],
        hook_path: "/hooks/antom".into(),
        currencies: vec![Currency::CNY, Currency::JPY],
        settlement: Some(Currency::USD),
    }
}

async fn in_shops<F: AsyncFn(World)>(story: F) {
    in_both_with(antom, story).await;
}

/// A payment for this order whose page is open, and Antom's name for it.
async fn open(world: &World, order: Id<Order>) -> (Id<Payment>, String) {
    world.open(world.order_payment(order, 7200)).await
}

/// A payment that came; the so-manyth message says so.
async fn paid(world: &World, order: Id<Order>, hooks: usize) -> (Id<Payment>, String) {
    let (payment, theirs) = open(world, order).await;
    world.pay(&theirs, Outcome::Ok).await;
    world.after_hooks(hooks).await;
    assert_eq!(world.state(payment).await, PaymentState::Captured);
    world.told();
    (payment, theirs)
}

#[tokio::test(flavor = "multi_thread")]
async fn someone_pays_on_alipays_page_and_the_message_brings_the_money() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, theirs) = open(&world, order).await;
        assert_eq!(world.payment(payment).await.provider_ref, Some(theirs.clone()));
        world.pay(&theirs, Outcome::Doubled).await;
        world.after_hooks(2).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        assert!(matches!(world.told()[..], [News::Captured { .. }]), "the second copy says nothing new");
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_message_looking_brings_the_money() {
    in_shops(async |world: World| {
        let (payment, theirs) = open(&world, Id::from_u128(1)).await;
        world.pay(&theirs, Outcome::Lost).await;
        world.later(5 * SECOND_MS).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_can_come_back_until_the_time_runs_out() {
    in_shops(async |world: World| {
        let (left, theirs) = open(&world, Id::from_u128(1)).await;
        world.pay(&theirs, Outcome::Cancel).await;
        world.later(5 * SECOND_MS).await;
        assert_eq!(world.state(left).await, PaymentState::Pending, "the page is still there");
        for _ in 0..15 {
            world.later(MINUTE_MS).await;
        }
        assert_eq!(world.state(left).await, PaymentState::Cancelled, "Antom closes it after 14 minutes");
        assert_eq!(world.told(), [News::Cancelled]);
        assert!(world.paysim.pay(&theirs, Outcome::Ok).await.is_err());
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_refuses_ends_nothing_and_a_payment_that_fails_ends() {
    in_shops(async |world: World| {
        let (tried, theirs) = open(&world, Id::from_u128(1)).await;
        world.pay(&theirs, Outcome::Declined).await;
        world.later(5 * SECOND_MS).await;
        assert_eq!(world.state(tried).await, PaymentState::Pending, "the payer may take another card");
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(tried).await, PaymentState::Captured);
        assert!(world.paysim.pay(&theirs, Outcome::Ok).await.is_err(), "paid is paid");

        let (failed, theirs) = open(&world, Id::from_u128(2)).await;
        let pay = PayPlan::FailLater { after_ms: 20 * SECOND_MS };
        world.faults(&theirs, FaultPlan { pay, ..FaultPlan::default() }).await;
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(2).await;
        assert_eq!(world.state(failed).await, PaymentState::Pending, "on its way");
        world.clock.advance_ms(20 * SECOND_MS);
        world.after_hooks(3).await;
        let failed = world.payment(failed).await;
        assert_eq!(failed.state, PaymentState::Failed);
        assert_eq!(failed.failure.as_deref(), Some("USER_BALANCE_NOT_ENOUGH"));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_way_when_our_time_runs_out_still_counts() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (late, theirs) = open(&world, order).await;
        let pay = PayPlan::Later { after_ms: 35 * MINUTE_MS };
        world.faults(&theirs, FaultPlan { pay, ..FaultPlan::default() }).await;
        world.later(13 * MINUTE_MS).await;
        world.pay(&theirs, Outcome::Lost).await;
        let unwanted = payments::cancel(&world.db, &world.providers, late).await.unwrap();
        assert_eq!(
            unwanted.status,
            payments::Status::Open,
            "Antom would give it back, so it is not asked to"
        );
        world.later(20 * MINUTE_MS).await;
        assert_eq!(world.state(late).await, PaymentState::Pending, "nobody says that it is over");
        world.clock.advance_ms(40 * MINUTE_MS);
        tokio::time::sleep(std::time::Duration::from_millis(80)).await;
        world.work().await;
        assert_eq!(world.state(late).await, PaymentState::Captured);
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_pages_for_one_order_the_later_payment_goes_back() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (first, at_first) = open(&world, order).await;
        let (second, at_second) = open(&world, order).await;
        world.pay(&at_first, Outcome::Ok).await;
        world.after_hooks(1).await;
        world.pay(&at_second, Outcome::Ok).await;
        // The second payment, and its refund.
        world.after_hooks(2).await;
        world.after_hooks(3).await;
        assert_eq!(world.state(first).await, PaymentState::Captured);
        assert_eq!(world.state(second).await, PaymentState::Refunded);
        let told = world.told();
        assert!(told.iter().any(|news| matches!(news, News::SecondCapture { .. })), "{told:?}");
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_opened_once_whatever_becomes_of_the_answer() {
    in_shops(async |world: World| {
        for answer in [AnswerPlan::Reset, AnswerPlan::LoseAnswer, AnswerPlan::FailBefore] {
            world.paysim.set_default_faults(FaultPlan { answer, ..FaultPlan::default() }).await;
            let new = world.order_payment(world.env.new_id(), 7200);
            let created = in_tx!(world.db, |tx| {
                payments::create(tx, &world.env, &world.providers, new.clone()).await
            });
            let payment = created.unwrap().id;
            world.begin(payment).await.unwrap_err();
            assert_eq!(world.state(payment).await, PaymentState::Created, "nobody knows, so nobody gives up");
            let page = world.begin(payment).await.unwrap();
            assert_eq!(world.begin(payment).await.unwrap(), page);
            assert_eq!(world.paysim.by_reference(&payment.to_string()).await.len(), 1);
        }
    })
    .await;
}

/// What the shop asks for when someone at this device pays so much.
fn request(world: &World, amount: Money, device: payments::Device) -> BeginRequest {
    BeginRequest {
        payment: world.env.new_id(),
        payer: Id::from_u128(7),
        amount,
        method: payments::Method::Alipay,
        description: "日本 20 GB".into(),
        language: basis::Language::ZhCn,
        return_url: "http://127.0.0.1/orders/1".into(),
        notify_url: world.providers.notify_url("antom"),
        device,
        payer_ip: [127, 0, 0, 1].into(),
        save_method: false,
        expires_at: world.env.now().plus_ms(30 * MINUTE_MS),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_has_a_page_of_its_own_and_amounts_are_what_they_are_in_their_currency() {
    in_shops(async |world: World| {
        let provider = world.providers.get("antom").unwrap();
        let yen =
            request(&world, Money::new(1250, Currency::JPY), payments::Device::Phone(payments::System::Ios));
        let begun = provider.begin(&yen).await.unwrap();
        let PayAt::Page(page) = &begun.pay_at else { panic!("{begun:?}") };
        assert!(page.starts_with(&format!("{}/pay/", world.paysim.url())), "{page}");
        let theirs = &world.paysim.by_reference(&yen.payment.to_string()).await[0];
        assert_eq!((theirs.amount, theirs.extra["terminal"].as_str()), (yen.amount, Some("WAP IOS")));

        let hasty = BeginRequest {
            expires_at: world.env.now().plus_ms(5 * MINUTE_MS),
            ..request(&world, Money::new(7200, Currency::CNY), payments::Device::Desktop)
        };
        provider.begin(&hasty).await.unwrap();
        let theirs = &world.paysim.by_reference(&hasty.payment.to_string()).await[0];
        assert_eq!(theirs.expires_at, hasty.expires_at, "less than Antom's own 14 minutes");

        let other = BeginRequest { amount: Money::new(1251, Currency::JPY), ..yen.clone() };
        let refused = provider.begin(&other).await.unwrap_err();
        assert!(matches!(&refused, ProviderError::Refused { code, .. } if code == "REPEAT_REQ_INCONSISTENT"));
        let francs = request(&world, Money::new(100, "CHF".parse().unwrap()), payments::Device::Desktop);
        let refused = provider.begin(&francs).await.unwrap_err();
        assert!(matches!(&refused, ProviderError::Refused { code, .. } if code == "CURRENCY_NOT_SUPPORT"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_closes_what_is_open_and_never_takes_back_what_is_paid() {
    in_shops(async |world: World| {
        let (unwanted, theirs) = open(&world, Id::from_u128(1)).await;
        // The answer gets lost after the payment was closed: nobody knows, until it is asked for again.
        world.faults(&theirs, FaultPlan { answer: AnswerPlan::Reset, ..FaultPlan::default() }).await;
        payments::cancel(&world.db, &world.providers, unwanted).await.unwrap_err();
        let closed = payments::cancel(&world.db, &world.providers, unwanted).await.unwrap();
        assert_eq!(closed.status, payments::Status::Cancelled);
        assert!(world.paysim.pay(&theirs, Outcome::Ok).await.is_err());

        let (paid, _) = paid(&world, Id::from_u128(2), 1).await;
        let too_late = payments::cancel(&world.db, &world.providers, paid).await.unwrap();
        assert_eq!((too_late.status, too_late.captures.len()), (payments::Status::Captured, 1));
        assert_eq!(world.paysim.by_reference(&paid.to_string()).await[0].refunds, [], "nothing went back");

        let never = payments::cancel(&world.db, &world.providers, unopened(&world).await).await.unwrap();
        assert_eq!(never.status, payments::Status::Absent);
    })
    .await;
}

async fn unopened(world: &World) -> Id<Payment> {
    let new = world.order_payment(world.env.new_id(), 7200);
    let created =
        in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await });
    created.unwrap().id
}
