//! What is cleared away in time, and what never is; on both engines, with a clock that we turn.

use basis::{Account, DAY_MS, HOUR_MS, Id, MINUTE_MS, Order};
use heyon::housekeeping;
use orders::OrderState;
use store::jobs::Next;
use store::{in_tx, sql};

use crate::orders::shop::{Shop, shops, yuan};

const MESSAGES_DAYS: u32 = 90;

async fn clear(shop: &Shop) -> Next {
    housekeeping::clear(&shop.db, &shop.env, MESSAGES_DAYS).await.unwrap()
}

async fn keys(shop: &Shop) -> i64 {
    let mut conn = shop.db.read().await.unwrap();
    sql!("SELECT COUNT(*) AS n FROM order_key").one(&mut conn).await.unwrap().get("n").unwrap()
}

/// The events whose messages are kept.
async fn messages(shop: &Shop) -> Vec<String> {
    let mut conn = shop.db.read().await.unwrap();
    let rows = sql!("SELECT event_id FROM payment_inbox ORDER BY event_id").all(&mut conn).await.unwrap();
    rows.iter().map(|row| row.get("event_id").unwrap()).collect()
}

#[tokio::test]
async fn messages_and_keys_go_in_time_and_what_they_did_stays() {
    for shop in shops().await {
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-paid", payment).await;
        shop.work().await;
        let stranger = shop.env.new_id();
        shop.hook("evt-unknown", stranger).await;
        assert_eq!(messages(&shop).await.len(), 2);

        shop.clock.advance_ms(59 * DAY_MS);
        assert_eq!(clear(&shop).await, Next::At(shop.env.now().plus_ms(HOUR_MS)));
        assert_eq!((messages(&shop).await.len(), keys(&shop).await), (2, 1));
        let placed = shop.place(&shop.wish(0), "late").await;

        shop.clock.advance_ms(2 * DAY_MS);
        clear(&shop).await;
        assert_eq!((messages(&shop).await.len(), keys(&shop).await), (2, 1), "the younger key stays");
        assert_eq!(shop.place(&shop.wish(0), "late").await.order, placed.order, "and answers");

        shop.clock.advance_ms(30 * DAY_MS);
        shop.work().await;
        clear(&shop).await;
        let left = messages(&shop).await;
        assert!(left.len() == 1 && left[0].contains("evt-unknown"), "a flag is open: {left:?}");
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.steps(order).await.len(), 5);
        shop.hook("evt-paid", payment).await;
        shop.work().await;
        shop.audit().await;
        assert_eq!(shop.bundles().await, 1, "not delivered twice");
    }
}

#[tokio::test]
async fn a_message_stays_while_its_payment_is_open_or_its_check_is_queued() {
    for shop in shops().await {
        let (_, payment) = shop.order(0).await;
        shop.hook("evt-nothing", payment).await;
        shop.clock.advance_ms(100 * DAY_MS);
        clear(&shop).await;
        assert_eq!(messages(&shop).await.len(), 1);
        shop.bank.pay(payment, yuan(11_800));
        in_tx!(shop.db, |tx| { sql!("UPDATE payment SET state = 'captured'").run(tx).await }).unwrap();
        clear(&shop).await;
        assert_eq!(messages(&shop).await.len(), 1, "nobody has looked yet");
        in_tx!(shop.db, |tx| { sql!("DELETE FROM job").run(tx).await }).unwrap();
        clear(&shop).await;
        assert_eq!(messages(&shop).await.len(), 0);
    }
}

#[tokio::test]
async fn much_is_cleared_a_little_at_a_time() {
    for shop in shops().await {
        let long_ago = shop.env.now().plus_ms(-100 * DAY_MS);
        in_tx!(shop.db, |tx| {
            for n in 0..4100_u32 {
                sql!("INSERT INTO order_key (account_id, key, fingerprint, order_id, created_at) VALUES ($1, $2, '', $3, $4)")
                    .bind(Id::<Account>::from_u128(1))
                    .bind(format!("key-{n}"))
                    .bind(Id::<Order>::from_u128(n.into()))
                    .bind(long_ago)
                    .run(tx)
                    .await?;
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(clear(&shop).await, Next::At(shop.env.now().plus_ms(MINUTE_MS)), "there is more");
        assert_eq!(keys(&shop).await, 100);
        assert_eq!(clear(&shop).await, Next::At(shop.env.now().plus_ms(HOUR_MS)));
        assert_eq!(keys(&shop).await, 0);
    }
}

#[tokio::test]
async fn what_no_longer_opens_anything_goes() {
    for town in crate::people::towns().await {
        town.person("lin@example.com").await;
        let open = async |ms| {
            town.clock.advance_ms(ms);
            in_tx!(town.db(), |tx| { accounts::purge(tx, town.env.now(), 100).await }).unwrap()
        };
        assert_eq!(open(accounts::SESSION_IDLE_MS - 1).await, 0);
        assert_eq!(open(1).await, 1);
    }
}
