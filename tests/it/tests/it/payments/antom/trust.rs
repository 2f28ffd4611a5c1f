//! Whom a shop with Antom believes.

use axum::http::StatusCode;
use basis::{Currency, Id, MINUTE_MS, Money, SECOND_MS};
use payments::{Antom, AntomConfig, News, PaymentRef, PaymentState, Provider, ProviderError};
use paysim::{FaultPlan, HookPlan, Outcome, PLATFORM_NEXT};

use super::super::World;
use super::{config, in_shops, open, paid, request};

async fn hooked(world: &World, theirs: &str, hook: HookPlan) {
    world.faults(theirs, FaultPlan { hook, ..FaultPlan::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_message_moves_nothing_and_a_new_key_is_believed() {
    in_shops(async |world: World| {
        let (payment, theirs) = open(&world, Id::from_u128(1)).await;
        hooked(&world, &theirs, HookPlan { forged: true, ..HookPlan::default() }).await;
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.hooks.lock().unwrap()[..], [StatusCode::UNAUTHORIZED]);
        assert_eq!(world.state(payment).await, PaymentState::Pending);

        world.paysim.change_keys("antom", |keys| keys.signers.insert(0, PLATFORM_NEXT));
        let (second, theirs) = open(&world, Id::from_u128(2)).await;
        hooked(&world, &theirs, HookPlan { copies: 2, reordered: true, ..HookPlan::default() }).await;
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(3).await;
        // "Pending" comes after "paid".
        world.later(SECOND_MS).await;
        world.after_hooks(5).await;
        assert_eq!(world.state(second).await, PaymentState::Captured);
        assert_eq!(world.told().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_takes_comes_again_by_antoms_table() {
    in_shops(async |world: World| {
        let (payment, theirs) = open(&world, Id::from_u128(1)).await;
        hooked(&world, &theirs, HookPlan { forged: true, ..HookPlan::default() }).await;
        world.pay(&theirs, Outcome::Ok).await;
        for (tries, gap) in [(1, 0), (2, 2 * MINUTE_MS), (3, 10 * MINUTE_MS), (4, 10 * MINUTE_MS)] {
            world.clock.advance_ms(gap);
            world.after_hooks(tries).await;
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
        assert_eq!(world.state(payment).await, PaymentState::Captured, "found by looking meanwhile");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_another_signed_is_not_believed() {
    in_shops(async |world: World| {
        let (payment, theirs) = paid(&world, Id::from_u128(1), 1).await;
        world.paysim.change_keys("antom", |keys| *keys = keys.forged());
        let provider = world.providers.get("antom").unwrap();
        let named = PaymentRef { payment, provider_ref: Some(theirs) };
        let unsure = provider.query(&named).await.unwrap_err();
        assert!(matches!(&unsure, ProviderError::Unknown(what) if what.contains("signature")), "{unsure}");
        let new = request(&world, Money::new(7200, Currency::CNY), payments::Device::Desktop);
        assert!(matches!(provider.begin(&new).await, Err(ProviderError::Unknown(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_wrong_key_no_page_opens_and_of_a_payment_nothing_is_known() {
    in_shops(async |world: World| {
        let (payment, theirs) = paid(&world, Id::from_u128(1), 1).await;
        let stranger = AntomConfig { private_key: paysim::PLATFORM.key.into(), ..config(&world.paysim) };
        let stranger = Antom::new(stranger, world.env.clone()).unwrap();
        let new = request(&world, Money::new(7200, Currency::CNY), payments::Device::Desktop);
        let refused = stranger.begin(&new).await.unwrap_err();
        assert!(matches!(&refused, ProviderError::Refused { code, .. } if code == "INVALID_SIGNATURE"));
        let named = PaymentRef { payment, provider_ref: Some(theirs) };
        assert!(matches!(stranger.query(&named).await, Err(ProviderError::Unknown(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_than_was_asked_for_waits_for_a_person() {
    in_shops(async |world: World| {
        let (payment, theirs) = open(&world, Id::from_u128(1)).await;
        let capture_amount = Some(Money::new(7100, Currency::CNY));
        world.faults(&theirs, FaultPlan { capture_amount, ..FaultPlan::default() }).await;
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.told(), [News::Mismatch { amount: Money::new(7100, Currency::CNY) }]);
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.flags().await, ["mismatch"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_client_has_paths_of_its_own_and_hears_everything_once() {
    in_shops(async |world: World| {
        world.paysim.change_keys("antom", |keys| keys.client = "SANDBOX_5Y".into());
        let sandbox = AntomConfig { client_id: "SANDBOX_5Y".into(), ..config(&world.paysim) };
        let sandbox = Antom::new(sandbox, world.env.clone()).unwrap();
        let new = request(&world, Money::new(7200, Currency::CNY), payments::Device::Desktop);
        let theirs = sandbox.begin(&new).await.unwrap().provider_ref.unwrap();
        world.pay(&theirs, Outcome::Ok).await;
        // This shop knows another client id, so it refuses the message.
        world.after_hooks(1).await;
        assert_eq!(world.hooks.lock().unwrap()[..], [StatusCode::UNAUTHORIZED]);
        for _ in 0..3 {
            world.clock.advance_ms(24 * 60 * MINUTE_MS);
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
        assert_eq!(world.hooks.lock().unwrap().len(), 1);
        let named = PaymentRef { payment: new.payment, provider_ref: None };
        assert_eq!(sandbox.query(&named).await.unwrap().captures[0].amount.minor, 7200);
    })
    .await;
}
