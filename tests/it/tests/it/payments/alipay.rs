//! Payments by Alipay, against paysim's face of it over real HTTP.

use std::sync::Arc;

use basis::{Currency, DAY_MS, Env, Id, MINUTE_MS, Money, Order, Payment, SECOND_MS};
use ledger::Book;
use payments::{Alipay, AlipayConfig, NewRefund, News, PaymentState, Provider, Refund, RefundState};
use paysim::{AnswerPlan, FaultPlan, HookPlan, Outcome, PLATFORM, PLATFORM_NEXT, Paysim, RefundPlan};
use store::in_tx;

use super::{World, in_both_with};

pub(crate) fn alipay(paysim: &Paysim, env: &Env) -> Arc<dyn Provider> {
    let config = AlipayConfig {
        gateway: format!("{}/gateway.do", paysim.url()).parse().unwrap(),
        app_id: "client_test".into(),
        private_key: paysim::MERCHANT_KEY.into(),
        alipay_public_keys: vec![PLATFORM.certificate.into(), PLATFORM_NEXT.certificate.into()],
    };
    Arc::new(Alipay::new(config, env.clone()).unwrap())
}

async fn in_shops<F: AsyncFn(World)>(story: F) {
    in_both_with(alipay, story).await;
}

/// A payment for this order, and Alipay's number for the trade once its payer has opened the link.
async fn open(world: &World, order: Id<Order>) -> (Id<Payment>, String) {
    let new = world.order_payment(order, 7200);
    let created =
        in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await });
    let payment = created.unwrap().id;
    (payment, follow(&world.begin(payment).await.unwrap()).await)
}

/// What the payer's browser does with the link.
pub(super) async fn follow(link: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = browser.get(link).send().await.unwrap();
    let cashier = answer.headers().get("location").expect("a signed link leads to the cashier");
    cashier.to_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

async fn paid(world: &World, order: Id<Order>, hooks: usize) -> (Id<Payment>, String) {
    let (payment, trade) = open(world, order).await;
    world.pay(&trade, Outcome::Ok).await;
    world.after_hooks(hooks).await;
    assert_eq!(world.state(payment).await, PaymentState::Captured);
    world.told();
    (payment, trade)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_link_leads_to_the_cashier_and_the_message_brings_the_money() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, trade) = open(&world, order).await;
        world.pay(&trade, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.payment(payment).await.provider_ref, Some(trade));
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_goes_the_phones_way_and_comes_back_with_what_nobody_believes() {
    in_shops(async |world: World| {
        let new = world.order_payment(Id::from_u128(1), 7200);
        let created =
            in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await });
        let payer = payments::Payer {
            device: payments::Device::Phone(payments::System::Ios),
            ip: [127, 0, 0, 1].into(),
        };
        let opened =
            payments::begin(&world.db, &world.env, &world.providers, created.unwrap().id, payer).await;
        let Ok(payments::PayAt::Page(link)) = opened else { panic!("{opened:?}") };
        assert!(link.contains("alipay.trade.wap.pay") && link.contains("quit_url"), "{link}");
        let trade = follow(&link).await;
        assert_eq!(follow(&link).await, trade, "the link is good again, for the same trade");
        assert_ne!(follow_status(&link.replace("72.00", "0.01")).await, 303, "but not another link");
        let page = format!("{}/pay/{trade}", world.paysim.url());
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let back = browser.post(page).form(&[("result", "ok")]).send().await.unwrap();
        let back = back.headers()["location"].to_str().unwrap();
        assert!(back.starts_with("http://127.0.0.1/orders/1?") && back.contains("sign="), "{back}");
        world.after_hooks(1).await;
    })
    .await;
}

async fn follow_status(link: &str) -> u16 {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    browser.get(link).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_comes_is_covered_by_looking() {
    in_shops(async |world: World| {
        let (payment, trade) = open(&world, Id::from_u128(1)).await;
        world.pay(&trade, Outcome::Lost).await;
        world.later(5 * SECOND_MS).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_nobody_opens_runs_out_and_one_that_is_paid_late_still_counts() {
    in_shops(async |world: World| {
        let new = world.order_payment(Id::from_u128(1), 7200);
        let unopened =
            in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await });
        let unopened = unopened.unwrap().id;
        world.begin(unopened).await.unwrap();
        let order = Id::from_u128(2);
        let (late, trade) = open(&world, order).await;
        world.later(5 * SECOND_MS).await;
        assert_eq!(
            world.state(unopened).await,
            PaymentState::Pending,
            "Alipay knows no trade; the link is good"
        );
        for _ in 0..31 {
            world.later(MINUTE_MS).await;
        }
        assert_eq!(world.state(unopened).await, PaymentState::Cancelled);
        assert_eq!(world.state(late).await, PaymentState::Cancelled);
        world.pay(&trade, Outcome::Lost).await;
        world.later(10 * MINUTE_MS).await;
        assert_eq!(world.state(late).await, PaymentState::Captured);
        assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_refuses_ends_nothing_and_a_trade_is_paid_once() {
    in_shops(async |world: World| {
        let (refused, trade) = open(&world, Id::from_u128(1)).await;
        world.pay(&trade, Outcome::Declined).await;
        world.later(5 * SECOND_MS).await;
        assert_eq!(world.state(refused).await, PaymentState::Pending, "the payer may take another bank");
        world.pay(&trade, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(refused).await, PaymentState::Captured);
        assert!(world.paysim.pay(&trade, Outcome::Ok).await.is_err(), "paid is paid");
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_answers_what_became_of_the_trade() {
    in_shops(async |world: World| {
        let (open, trade) = open(&world, Id::from_u128(1)).await;
        // The answer gets lost after the trade was closed: nobody knows, until it is asked for again.
        world.faults(&trade, FaultPlan { answer: AnswerPlan::Reset, ..FaultPlan::default() }).await;
        payments::cancel(&world.db, &world.providers, open).await.unwrap_err();
        let closed = payments::cancel(&world.db, &world.providers, open).await.unwrap();
        assert_eq!(closed.status, payments::Status::Cancelled);
        world.after_hooks(1).await;
        assert_eq!(world.state(open).await, PaymentState::Cancelled);

        let (paid, _) = paid(&world, Id::from_u128(2), 2).await;
        let too_late = payments::cancel(&world.db, &world.providers, paid).await.unwrap();
        assert_eq!(too_late.status, payments::Status::Captured);
        assert_eq!(too_late.captures.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_than_was_asked_for_waits_for_a_person() {
    in_shops(async |world: World| {
        let (payment, trade) = open(&world, Id::from_u128(1)).await;
        let capture_amount = Some(Money::new(7100, Currency::CNY));
        world.faults(&trade, FaultPlan { capture_amount, ..FaultPlan::default() }).await;
        world.pay(&trade, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.told(), [News::Mismatch { amount: Money::new(7100, Currency::CNY) }]);
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.flags().await, ["mismatch"]);
    })
    .await;
}

async fn refund(world: &World, payment: Id<Payment>, order: Id<Order>, minor: i64, key: &str) -> Refund {
    let new = NewRefund {
        payment,
        capture_ref: None,
        amount: Money::new(minor, Currency::CNY),
        from: Book::Deferred,
        order: Some(order),
        reason: "not delivered".into(),
        request_key: key.into(),
    };
    in_tx!(world.db, |tx| { payments::start_refund(tx, &world.env, new.clone()).await }).unwrap()
}

async fn state(world: &World, id: Id<basis::Refund>) -> RefundState {
    payments::find_refund(&mut world.db.read().await.unwrap(), id).await.unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_of_a_trade_go_three_seconds_apart_and_their_messages_are_no_new_payments() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, _) = paid(&world, order, 1).await;
        let part = refund(&world, payment, order, 2200, "part").await;
        let rest = refund(&world, payment, order, 5000, "rest").await;
        world.work().await;
        let states = [state(&world, part.id).await, state(&world, rest.id).await];
        assert!(states.contains(&RefundState::Succeeded), "{states:?}");
        assert!(states.contains(&RefundState::Queued), "one waits for its turn: {states:?}");
        // `TRADE_SUCCESS` once more: a part went back.
        world.after_hooks(2).await;
        assert_eq!(world.state(payment).await, PaymentState::PartlyRefunded);
        world.later(3 * SECOND_MS).await;
        for refund in [part.id, rest.id] {
            assert_eq!(state(&world, refund).await, RefundState::Succeeded);
        }
        // `TRADE_CLOSED`, but it was paid.
        world.after_hooks(3).await;
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        assert_eq!(world.told(), []);
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
async fn a_yes_is_no_refund_until_the_money_moved() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, trade) = paid(&world, order, 1).await;
        let after_ms = 60 * SECOND_MS;
        world
            .faults(&trade, FaultPlan { refund: RefundPlan::Later { after_ms }, ..FaultPlan::default() })
            .await;
        let slow = refund(&world, payment, order, 7200, "slow").await;
        world.work().await;
        assert_eq!(state(&world, slow.id).await, RefundState::Pending);
        for _ in 0..5 {
            world.later(30 * SECOND_MS).await;
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
        world.work().await;
        assert_eq!(state(&world, slow.id).await, RefundState::Succeeded);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_waits_for_a_person() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, trade) = paid(&world, order, 1).await;
        world.faults(&trade, FaultPlan { refund: RefundPlan::Refuse, ..FaultPlan::default() }).await;
        let refused = refund(&world, payment, order, 7200, "refused").await;
        world.work().await;
        assert_eq!(state(&world, refused.id).await, RefundState::Failed);
        for (plan, end) in [
            (RefundPlan::FailLater { after_ms: 0 }, RefundState::Failed),
            (RefundPlan::Succeed, RefundState::Succeeded),
        ] {
            world.faults(&trade, FaultPlan { refund: plan, ..FaultPlan::default() }).await;
            in_tx!(world.db, |tx| { payments::retry_refund(tx, &world.env, refused.id).await }).unwrap();
            world.work().await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            world.later(60 * SECOND_MS).await;
            assert_eq!(state(&world, refused.id).await, end);
        }
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_believed_if_alipay_signed_them_and_then_only_once() {
    in_shops(async |world: World| {
        let (payment, trade) = open(&world, Id::from_u128(1)).await;
        let hook = HookPlan { forged: true, ..HookPlan::default() };
        world.faults(&trade, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&trade, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.hooks.lock().unwrap()[..], [axum::http::StatusCode::UNAUTHORIZED]);
        assert_eq!(world.state(payment).await, PaymentState::Pending, "a forged message moves nothing");

        world.paysim.change_keys("alipay", |keys| keys.signers.insert(0, PLATFORM_NEXT));
        let (second, trade) = open(&world, Id::from_u128(2)).await;
        let hook = HookPlan { copies: 2, reordered: true, ..HookPlan::default() };
        world.faults(&trade, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&trade, Outcome::Ok).await;
        world.after_hooks(3).await;
        world.later(SECOND_MS).await;
        world.after_hooks(5).await;
        assert_eq!(world.state(second).await, PaymentState::Captured, "both of Alipay's keys are good");
        assert_eq!(world.told().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_business_has_an_empty_bill_and_another_tells_every_cent() {
    in_shops(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, trade) = paid(&world, order, 1).await;
        let part = refund(&world, payment, order, 2200, "part").await;
        world.work().await;
        let provider = world.providers.get("alipay").unwrap();
        let now = jiff::Timestamp::from_millisecond(world.env.now().as_ms()).unwrap();
        let today = jiff::tz::Offset::constant(8).to_datetime(now).date();
        assert!(
            matches!(provider.bill(today, None).await, Err(payments::ProviderError::NotFound)),
            "it is not over"
        );
        world.clock.advance_ms(DAY_MS);
        let lines = provider.bill(today, None).await.unwrap().lines;
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.reference.clone(), line.gross.minor, line.fee.minor, line.net.minor))
            .collect();
        assert_eq!(told, [(payment.to_string(), 7200, 72, 7128), (part.id.to_string(), -2200, 0, -2200)]);
        assert_eq!(lines[0].provider_ref, trade);
        let yesterday = today.yesterday().unwrap();
        assert_eq!(provider.bill(yesterday, None).await.unwrap().lines, []);
    })
    .await;
}
