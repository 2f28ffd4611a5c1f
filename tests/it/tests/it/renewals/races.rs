//! Two nodes at once, on PostgreSQL: one end is renewed once.

use std::sync::Arc;

use basis::{DAY_MS, Id, Renewal};
use orders::OrderState;
use renewals::look;

use super::house::{admit, audit, begun, card, settle, states, turn_on};
use crate::orders::shop::{Shop, renewing, shop_on_postgres_of};

/// Its plan has half a day left, and nobody has looked.
async fn due() -> (Arc<Shop>, Id<Renewal>) {
    let shop = shop_on_postgres_of(admit).await;
    begun(&shop).await;
    let renewal = turn_on(&shop, false, card(&shop).await).await;
    shop.clock.advance_ms(29 * DAY_MS + DAY_MS / 2);
    (Arc::new(shop), renewal.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_looks_at_once_buy_once() {
    let (shop, renewal) = due().await;
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let shop = shop.clone();
        looks.spawn(async move { look(&renewing(&shop.desk), renewal).await });
    }
    looks.join_all().await;
    settle(&shop).await;
    assert_eq!(states(&shop).await, [OrderState::Active]);
    assert_eq!(shop.bundles().await, 2);
    audit(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn turning_it_off_at_the_same_moment_leaves_one_story() {
    for _ in 0..4 {
        let (shop, renewal) = due().await;
        let (one, two) = (shop.clone(), shop.clone());
        let looking = tokio::spawn(async move { look(&renewing(&one.desk), renewal).await });
        let ending = tokio::spawn(async move {
            renewals::turn_off(&renewing(&two.desk), two.buyer, two.line.id).await.unwrap();
        });
        drop(looking.await.unwrap());
        ending.await.unwrap();
        settle(&shop).await;
        let states = states(&shop).await;
        assert!(matches!(states.as_slice(), [] | [OrderState::Active | OrderState::Expired]), "{states:?}");
        audit(&shop).await;
    }
}
