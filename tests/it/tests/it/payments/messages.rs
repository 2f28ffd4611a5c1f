//! Messages that are forged, replayed, about something else or about nothing that we know.

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use basis::{Currency, Id, Money};
use payments::{HookRejected, News, PaymentState, Received};
use paysim::{FaultPlan, HookPlan, Outcome};
use serde_json::json;
use store::in_tx;

use super::{SECRET, World, in_both};

fn signed(world: &World, secret: &str, body: &str) -> HeaderMap {
    let seconds = world.env.now().as_ms() / 1000;
    let header = paysim::sign(&[secret.to_owned()], seconds, body);
    let mut headers = HeaderMap::new();
    headers.insert("paysim-signature", HeaderValue::from_str(&header).unwrap());
    headers
}

async fn receive(world: &World, headers: &HeaderMap, body: &str) -> Result<Received, HookRejected> {
    payments::receive_hook(&world.db, &world.env, &world.providers, "sandbox", headers, body.as_bytes()).await
}

fn claims_captured(event: &str, at_sandbox: &str, reference: &str) -> String {
    json!({
        "id": event, "object": "event", "type": "payment.captured", "created_at": 0,
        "data": { "id": at_sandbox, "reference": reference, "status": "captured",
                  "captures": [{ "id": "cap_x", "amount": { "minor": 7200, "currency": "CNY" }, "at": 0 }] },
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_message_is_turned_away_and_leaves_nothing() {
    in_both(async |world: World| {
        let (payment, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        let hook = HookPlan { forged: true, ..HookPlan::default() };
        world.faults(&at_sandbox, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_sandbox, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(*world.hooks.lock().unwrap(), [StatusCode::UNAUTHORIZED]);
        assert_eq!(world.state(payment).await, PaymentState::Pending);

        let body = claims_captured("evt_1", &at_sandbox, &payment.to_string());
        let unsigned = receive(&world, &HeaderMap::new(), &body).await;
        assert_eq!(unsigned, Err(HookRejected::BadSignature));
        let headers = signed(&world, SECRET, &body);
        let tampered = receive(&world, &headers, &body.replace("7200", "1")).await;
        assert_eq!(tampered, Err(HookRejected::BadSignature));
        world.clock.advance_ms(301_000);
        assert_eq!(receive(&world, &headers, &body).await, Err(HookRejected::Stale));
        assert_eq!(receive(&world, &signed(&world, SECRET, "{}"), "{}").await, Err(HookRejected::Unreadable));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_message_that_lies_moves_nothing() {
    in_both(async |world: World| {
        let (payment, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        let body = claims_captured("evt_1", &at_sandbox, &payment.to_string());
        assert_eq!(receive(&world, &signed(&world, SECRET, &body), &body).await, Ok(Received::New(payment)));
        world.work().await;
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        assert_eq!(world.told(), []);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_message_is_taken_once() {
    in_both(async |world: World| {
        let (payment, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        let body = claims_captured("evt_1", &at_sandbox, &payment.to_string());
        let headers = signed(&world, "whsec_old", &body);
        assert_eq!(
            receive(&world, &headers, &body).await,
            Ok(Received::New(payment)),
            "the old secret is good"
        );
        for _ in 0..3 {
            assert_eq!(receive(&world, &headers, &body).await, Ok(Received::Repeat));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_about_an_unknown_payment_is_kept_and_flagged() {
    in_both(async |world: World| {
        let body = claims_captured("evt_1", "sp_nobody", "pay_nobody");
        let headers = signed(&world, SECRET, &body);
        assert_eq!(receive(&world, &headers, &body).await, Ok(Received::UnknownPayment));
        assert_eq!(receive(&world, &headers, &body).await, Ok(Received::Repeat));
        let mut conn = world.db.read().await.unwrap();
        let flags = payments::open_flags(&mut conn, 10).await.unwrap();
        assert_eq!(flags.len(), 1);
        let kept = payments::message(&mut conn, flags[0].message.unwrap()).await.unwrap();
        assert_eq!(kept.body, body.as_bytes(), "byte for byte");
        drop(conn);
        let now = world.env.now();
        let closed = in_tx!(world.db, |tx| { payments::resolve_flag(tx, &flags[0].key, now).await });
        assert!(closed.unwrap());
        assert_eq!(world.flags().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_or_currency_is_set_aside_and_flagged() {
    in_both(async |world: World| {
        let mut hooks = 0;
        for came in [Money::new(100, Currency::CNY), Money::new(7200, Currency::USD)] {
            let order = world.env.new_id();
            let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
            world.faults(&at_sandbox, FaultPlan { capture_amount: Some(came), ..FaultPlan::default() }).await;
            world.pay(&at_sandbox, Outcome::Ok).await;
            hooks += 1;
            world.after_hooks(hooks).await;
            assert_eq!(world.told(), [News::Mismatch { amount: came }]);
            let mut conn = world.db.read().await.unwrap();
            let money = ledger::per_order(&mut conn, order, came.currency).await.unwrap();
            assert_eq!((money.suspense, money.deferred.minor), (came, 0));
            // Looking again changes nothing.
            let job = payments::CheckJob { payment, polling: false };
            let facts = payments::fetch(&world.db, &world.providers, job).await.unwrap().unwrap();
            let again = in_tx!(world.db, |tx| { payments::confirm(tx, &world.env, payment, &facts).await });
            assert_eq!(again.unwrap().news, []);
        }
        assert_eq!(world.flags().await, ["mismatch", "mismatch"]);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_in_another_merchants_account_is_not_ours() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
        let plan = FaultPlan { merchant: Some("someone else".into()), ..FaultPlan::default() };
        world.faults(&at_sandbox, plan).await;
        world.pay(&at_sandbox, Outcome::Doubled).await;
        world.after_hooks(2).await;
        assert_eq!(world.told(), [News::Foreign { what: "merchant" }]);
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        assert!(world.order_money(order).await.funded.is_zero());
        assert_eq!(world.flags().await, ["merchant"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_about_one_payment_never_settles_another() {
    in_both(async |world: World| {
        let (cheap, at_sandbox) = world.open(world.order_payment(Id::from_u128(1), 100)).await;
        let (dear, _) = world.open(world.order_payment(Id::from_u128(2), 990_000)).await;
        world.pay(&at_sandbox, Outcome::Lost).await;
        let job = payments::CheckJob { payment: cheap, polling: false };
        let facts = payments::fetch(&world.db, &world.providers, job).await.unwrap().unwrap();
        let swapped =
            in_tx!(world.db, |tx| { payments::confirm(tx, &world.env, dear, &facts).await }).unwrap();
        assert_eq!(swapped.news, [News::Foreign { what: "reference" }]);
        assert_eq!(world.state(dear).await, PaymentState::Pending);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_can_be_rolled_without_losing_a_message() {
    in_both(async |world: World| {
        for (round, secrets) in [&["whsec_old"][..], &["whsec_gone", SECRET], &[SECRET]].iter().enumerate() {
            let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
            world.paysim.change_keys("sandbox", |keys| keys.secrets = secrets);
            let (payment, at_sandbox) = world.open(world.order_payment(world.env.new_id(), 7200)).await;
            world.pay(&at_sandbox, Outcome::Ok).await;
            world.after_hooks(round + 1).await;
            assert_eq!(world.state(payment).await, PaymentState::Captured);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_looks_at_once_book_the_money_once() {
    in_both(async |world: World| {
        for _ in 0..10 {
            let order = world.env.new_id();
            let (payment, at_sandbox) = world.open(world.order_payment(order, 7200)).await;
            world.pay(&at_sandbox, Outcome::Lost).await;
            let job = payments::CheckJob { payment, polling: false };
            let facts = payments::fetch(&world.db, &world.providers, job).await.unwrap().unwrap();
            let look = || async {
                in_tx!(world.db.db, |tx| {
                    let confirmed = payments::confirm(tx, &world.env, payment, &facts).await?;
                    super::settle(tx, &world.env, &confirmed).await?;
                    Ok(confirmed.news.len())
                })
            };
            let (a, b, c) = tokio::join!(look(), look(), look());
            assert_eq!(a.unwrap() + b.unwrap() + c.unwrap(), 1);
            assert_eq!(world.order_money(order).await.deferred.minor, 7200);
        }
        world.books_agree().await;
    })
    .await;
}
