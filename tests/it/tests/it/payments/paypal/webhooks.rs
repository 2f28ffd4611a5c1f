//! Messages in PayPal's name.

use axum::http::{HeaderMap, StatusCode};
use payments::HookRejected;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_message_is_turned_away() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let hook = HookPlan { forged: true, ..HookPlan::default() };
        world.faults(&at_paypal, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(*world.hooks.lock().unwrap(), [StatusCode::UNAUTHORIZED]);
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        let unsigned = world.provider().parse_hook(world.env.now(), &HeaderMap::new(), b"{}").await;
        assert_eq!(unsigned, Err(HookRejected::BadSignature));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_believed_by_the_new_key_too() {
    in_both(async |world: World| {
        world.paid(Id::from_u128(1), 0).await;
        world.paysim.change_keys("paypal", |keys| {
            keys.signers = vec![paysim::PLATFORM_NEXT, paysim::PLATFORM];
        });
        world.paid(Id::from_u128(2), 2).await;
        assert!(world.hooks.lock().unwrap().iter().all(|status| *status == StatusCode::NO_CONTENT));
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_twice_and_out_of_order_change_nothing() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let hook = HookPlan { copies: 3, reordered: true, ..HookPlan::default() };
        world.faults(&at_paypal, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(3).await;
        world.after_hooks(6).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        world.listed().await;
    })
    .await;
}
