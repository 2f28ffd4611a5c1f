//! Stripe's adapter against Stripe's protocol, over real HTTP and on both engines.

mod money_back;
mod pages;

use std::sync::Arc;

use basis::{Env, Id, Order};
use payments::{Method, NewPayment, Provider, Stripe, StripeConfig};
use paysim::Paysim;

use super::{SECRET, World, in_both_with};

pub(crate) const ACCOUNT: &str = "heyon";
const KEY: &str = "sk_test_heyon";

pub(crate) fn stripe_of(paysim: &Paysim, account: &str) -> Stripe {
    paysim.change_keys("stripe", |keys| keys.api_key = KEY.into());
    let config = StripeConfig {
        base_url: paysim.url().parse().unwrap(),
        secret_key: KEY.into(),
        account: account.into(),
        webhook_secrets: vec!["whsec_old".into(), SECRET.into()],
    };
    Stripe::new(config).unwrap()
}

pub(crate) fn connect(paysim: &Paysim, _: &Env) -> Arc<dyn Provider> {
    Arc::new(stripe_of(paysim, ACCOUNT))
}

pub(super) async fn at_stripe<F: AsyncFn(World)>(story: F) {
    in_both_with(connect, story).await;
}

fn by_card(world: &World, order: Id<Order>) -> NewPayment {
    NewPayment { method: Method::Card, ..world.order_payment(order, 7200) }
}
