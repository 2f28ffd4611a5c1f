//! What no message told is found by reading the provider's own list.

use basis::{Currency, HOUR_MS, Id, MINUTE_MS, Money};
use payments::{PaymentState, SweepJob};
use paysim::Outcome;
use store::jobs::Next;

use super::{World, in_both};

impl World {
    /// Reads the provider's list, and does what follows; answers in how long it is read again.
    async fn sweep(&self) -> i64 {
        self.later(16 * MINUTE_MS).await;
        let job = SweepJob { provider: "sandbox".to_owned() };
        let next = payments::sweep(&self.db, &self.env, &self.providers, &job).await.unwrap();
        self.work().await;
        match next {
            Next::At(at) => at.since(self.env.now()),
            Next::Done => panic!("it ends"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_came_twice_without_a_word_is_found_and_goes_back() {
    in_both(async |world: World| {
        let (payment, theirs) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        world.pay(&theirs, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert_eq!(world.sweep().await, HOUR_MS, "nothing differs");

        world.pay(&theirs, Outcome::Lost).await;
        assert_eq!(world.sweep().await, 5 * MINUTE_MS, "looks again soon");
        assert_eq!(world.flags().await, ["reconciliation"]);
        world.later(5 * MINUTE_MS).await;
        assert_eq!(world.sweep().await, HOUR_MS);
        assert_eq!(world.flags().await, Vec::<String>::new(), "the row has gone by itself");
        let totals = world.paysim.books().await;
        assert_eq!((totals.captured_minor["CNY"], totals.refunded_minor["CNY"]), (14_400, 7200));
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_payer_whose_message_is_lost_is_found() {
    in_both(async |world: World| {
        let (payment, theirs) = world.open(world.order_payment(Id::from_u128(1), 7200)).await;
        for _ in 0..30 {
            world.later(HOUR_MS).await;
        }
        assert_eq!(world.state(payment).await, PaymentState::Cancelled, "nobody asks about it any more");
        world.pay(&theirs, Outcome::Lost).await;
        world.later(HOUR_MS).await;
        assert_eq!(world.order_money(Id::from_u128(1)).await.funded.minor, 0);
        world.sweep().await;
        assert_eq!(world.order_money(Id::from_u128(1)).await.funded.minor, 7200);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_no_payment_of_ours_waits_for_a_person_until_one_has_said_what_it_is() {
    in_both(async |world: World| {
        let stranger = world.with_another_shop_at_the_same_account().await;
        world.pay(&stranger, Outcome::Lost).await;
        world.sweep().await;
        let flags = payments::open_flags(&mut world.db.read().await.unwrap(), 10).await.unwrap();
        let [flag] = &flags[..] else { panic!("{flags:?}") };
        assert_eq!((flag.reason.as_str(), flag.payment), ("reconciliation", None));
        world.sweep().await;
        assert_eq!(world.flags().await.len(), 1, "one row, however often it is seen");
        store::in_tx!(world.db, |tx| { payments::resolve_flag(tx, &flag.key, world.env.now()).await })
            .unwrap();
        world.sweep().await;
        assert_eq!(world.flags().await, Vec::<String>::new(), "it was looked at");
    })
    .await;
}

impl World {
    /// A payment that some other program opened with our key.
    async fn with_another_shop_at_the_same_account(&self) -> String {
        let asked = serde_json::json!({
            "reference": "till-17", "amount": Money::new(500, Currency::CNY), "method": "card",
            "description": "At the counter", "locale": "en", "return_url": "https://counter.example/",
            "expires_at": self.env.now().plus_ms(HOUR_MS),
        });
        let client = reqwest::Client::new();
        let request =
            client.post(format!("{}/sandbox/v1/payments", self.paysim.url())).bearer_auth(super::API_KEY);
        let answer =
            request.header("idempotency-key", "till-17").body(asked.to_string()).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let shown: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
        shown["id"].as_str().unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}
