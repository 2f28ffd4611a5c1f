//! PayPal over its own protocol: orders that we capture once their payer agreed, wallets that we may charge again, what
//! its search shows, what its messages are worth.

mod charges;
mod odd;
mod refunds;
mod webhooks;

use basis::{Currency, HOUR_MS, Id, MINUTE_MS, Money, Order, Payment, Timestamp};
use payments::{
    Decline, Method, NewPayment, News, PayPal, PayPalConfig, PaymentRef, PaymentState, Provider, Status,
};
use paysim::{
    AnswerPlan, FaultPlan, HookPlan, Options, Outcome, PAYPAL_CERTIFICATE_AUTHORITY, PayPlan, Paysim,
};
use std::sync::Arc;

use super::{World, in_both_with};
use basis::Env;

/// PayPal at this sandbox, shown this secret.
pub(crate) fn paypal(paysim: &Paysim, env: &Env, client_secret: &str) -> Arc<dyn Provider> {
    paypal_at(&paysim.url(), env, client_secret)
}

fn paypal_at(url: &str, env: &Env, client_secret: &str) -> Arc<dyn Provider> {
    let config = PayPalConfig {
        base_url: url.parse().unwrap(),
        client_id: "client_test".into(),
        client_secret: client_secret.into(),
        merchant: "heyon".into(),
        webhook_id: "webhook_test".into(),
        brand: "Heyon".into(),
        webhook_ca: PAYPAL_CERTIFICATE_AUTHORITY.into(),
    };
    Arc::new(PayPal::new(config, env).unwrap())
}

async fn in_both<F: AsyncFn(World)>(story: F) {
    in_both_with(|paysim, env| paypal(paysim, env, "sk_test"), story).await;
}

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

impl World {
    fn for_order(&self, order: Id<Order>, minor: i64) -> NewPayment {
        NewPayment { amount: dollars(minor), method: Method::PayPal, ..self.order_payment(order, minor) }
    }

    fn provider(&self) -> &Arc<dyn Provider> {
        self.providers.get("paypal").unwrap()
    }

    async fn order_dollars(&self, order: Id<Order>) -> ledger::OrderMoney {
        ledger::per_order(&mut self.db.read().await.unwrap(), order, Currency::USD).await.unwrap()
    }

    /// A payment of 9.90 that came, with its order at PayPal; so many messages came before.
    async fn paid(&self, order: Id<Order>, before: usize) -> (Id<Payment>, String) {
        let (payment, at_paypal) = self.open(self.for_order(order, 990)).await;
        self.pay(&at_paypal, Outcome::Ok).await;
        self.after_hooks(before + 1).await;
        self.after_hooks(before + 2).await;
        assert_eq!(self.state(payment).await, PaymentState::Captured);
        self.told();
        (payment, at_paypal)
    }

    /// PayPal lists what happened by now, so that both sides' books can be compared.
    async fn listed(&self) {
        self.clock.advance_ms(3 * HOUR_MS + 1000);
        self.books_agree().await;
    }
}

fn named(payment: Id<Payment>, at_paypal: &str) -> PaymentRef {
    PaymentRef { payment, provider_ref: Some(at_paypal.to_owned()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_payer_agreed_to_is_taken_when_the_message_comes() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, at_paypal) = world.open(world.for_order(order, 990)).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        world.after_hooks(2).await;
        assert_eq!(world.told(), [], "the message about the capture itself brings nothing new");
        assert_eq!(world.order_dollars(order).await.deferred.minor, 990);
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_message_the_looks_take_it() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        world.pay(&at_paypal, Outcome::Lost).await;
        world.later(5000).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(world.hooks.lock().unwrap().is_empty());
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_back_can_come_again_and_who_never_pays_is_forgotten() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        world.pay(&at_paypal, Outcome::Cancel).await;
        world.later(5000).await;
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        for _ in 0..26 {
            world.later(HOUR_MS).await;
        }
        assert_eq!(world.state(payment).await, PaymentState::Cancelled, "its order is gone");
        assert!(world.paysim.pay(&at_paypal, Outcome::Ok).await.is_err(), "and nobody can pay it any more");
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_whose_instrument_is_declined_agrees_again_with_another() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let page = world.begin(payment).await.unwrap();
        world.pay(&at_paypal, Outcome::Declined).await;
        world.after_hooks(1).await;
        let declined = world.payment(payment).await;
        assert_eq!(declined.state, PaymentState::Pending);
        assert_eq!(declined.failure.as_deref(), Some("INSTRUMENT_DECLINED"));
        assert_eq!(world.begin(payment).await.unwrap(), page, "the same page takes another instrument");
        world.clock.advance_ms(1000);
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(2).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        world.after_hooks(3).await;
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_whose_answer_is_lost_is_found_made() {
    in_both(async |world: World| {
        for (round, answer) in
            [AnswerPlan::LoseAnswer, AnswerPlan::Reset, AnswerPlan::FailBefore].into_iter().enumerate()
        {
            let (payment, at_paypal) = world.open(world.for_order(world.env.new_id(), 990)).await;
            world.faults(&at_paypal, FaultPlan { answer, ..FaultPlan::default() }).await;
            world.pay(&at_paypal, Outcome::Ok).await;
            world.after_hooks(2 * round + 1).await;
            for _ in 0..3 {
                world.later(5000).await;
            }
            assert_eq!(world.state(payment).await, PaymentState::Captured, "{answer:?}");
            world.after_hooks(2 * round + 2).await;
        }
        assert_eq!(world.paysim.books().await.captured_minor["USD"], 3 * 990);
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_is_pending_ends_either_way() {
    in_both(async |world: World| {
        let later = |pay| FaultPlan { pay, ..FaultPlan::default() };
        let ends = [
            (PayPlan::Later { after_ms: HOUR_MS }, PaymentState::Captured),
            (PayPlan::FailLater { after_ms: HOUR_MS }, PaymentState::Failed),
        ];
        for (round, (plan, end)) in ends.into_iter().enumerate() {
            let (payment, at_paypal) = world.open(world.for_order(world.env.new_id(), 990)).await;
            world.faults(&at_paypal, later(plan)).await;
            world.pay(&at_paypal, Outcome::Ok).await;
            world.after_hooks(3 * round + 1).await;
            world.after_hooks(3 * round + 2).await;
            assert_eq!(world.state(payment).await, PaymentState::Pending);
            world.clock.advance_ms(HOUR_MS);
            world.after_hooks(3 * round + 3).await;
            assert_eq!(world.state(payment).await, end);
        }
        let told = world.told();
        assert!(matches!(told[..], [News::Captured { .. }, News::Failed(Decline::Soft)]), "{told:?}");
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_paypal_reviews_is_not_over_because_it_is_not_wanted_any_more() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let pay = PayPlan::Later { after_ms: HOUR_MS };
        world.faults(&at_paypal, FaultPlan { pay, ..FaultPlan::default() }).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(1).await;
        let facts = payments::cancel(&world.db, &world.providers, payment).await.unwrap();
        assert_eq!(facts.status, Status::Open, "its money may still come");
        world.after_hooks(2).await;
        world.clock.advance_ms(HOUR_MS);
        world.after_hooks(3).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_agrees_after_our_deadline_and_before_paypals_has_paid_late() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        for _ in 0..3 {
            world.later(30 * MINUTE_MS).await;
        }
        assert!(world.payment(payment).await.expires_at < world.env.now());
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(matches!(world.told()[..], [News::Captured { .. }]), "its order decides what becomes of it");
        world.after_hooks(2).await;
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_paypal_does_not_list_yet_is_asked_for_by_its_name() {
    in_both(async |world: World| {
        let (payment, _) = world.paid(Id::from_u128(1), 0).await;
        let far = Timestamp(i64::MAX);
        assert_eq!(world.provider().list(Timestamp(0), far).await.unwrap(), [], "it takes three hours");
        world.books_agree().await;
        let elsewhere = Options::new("heyon", "sk_test", "");
        let elsewhere = Paysim::spawn(([127, 0, 0, 1], 0).into(), elsewhere).await.unwrap();
        let theirs = [paypal(&elsewhere, &world.env, "sk_test")];
        let theirs = payments::Providers::new(theirs, "https://shop.example/hooks");
        let found = payments::reconcile(&world.db, &theirs, Timestamp(0), far).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].subject.clone(), &*found[0].what),
            (payment.to_string(), "captured here, not known to paypal")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_pays_an_order_twice_gets_the_second_payment_back() {
    in_both(async |world: World| {
        let order = Id::from_u128(1);
        let (first, one) = world.open(world.for_order(order, 990)).await;
        world.paid(order, 0).await;
        world.pay(&one, Outcome::Ok).await;
        world.after_hooks(3).await;
        world.work().await;
        world.after_hooks(5).await;
        assert_eq!(world.state(first).await, PaymentState::Refunded);
        let money = world.order_dollars(order).await;
        assert_eq!((money.deferred.minor, money.returned_to_source.minor), (990, 990));
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_not_wanted_any_more_is_not_captured() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let hook = HookPlan { copies: 0, ..HookPlan::default() };
        world.faults(&at_paypal, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        let facts = payments::cancel(&world.db, &world.providers, payment).await.unwrap();
        assert_eq!(facts.status, Status::Cancelled);
        assert!(world.paysim.books().await.captured_minor.values().all(|minor| *minor == 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_amount_or_merchant_is_not_taken_for_ours() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let other = FaultPlan { capture_amount: Some(dollars(100)), ..FaultPlan::default() };
        world.faults(&at_paypal, other).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(world.told(), [News::Mismatch { amount: dollars(100) }]);
        world.after_hooks(2).await;

        let (foreign, at_paypal) = world.open(world.for_order(Id::from_u128(2), 990)).await;
        let other = FaultPlan { merchant: Some("SOMEONE".into()), ..FaultPlan::default() };
        world.faults(&at_paypal, other).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(3).await;
        assert_eq!(world.told(), [News::Foreign { what: "merchant" }]);
        assert_eq!(world.state(foreign).await, PaymentState::Pending);
        assert_eq!(
            world.paysim.books().await.captured_minor["USD"],
            100,
            "nothing is taken for someone else"
        );
        assert_ne!(world.state(payment).await, PaymentState::Failed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contested_payment_is_known_as_such_until_that_is_over() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.paid(Id::from_u128(1), 0).await;
        world.clock.advance_ms(HOUR_MS);
        world.paysim.dispute(&at_paypal).await.unwrap();
        world.after_hooks(3).await;
        assert!(matches!(world.told()[..], [News::Contested { .. }]));
        let named = named(payment, &at_paypal);
        let disputes = world.provider().query(&named).await.unwrap().disputes;
        assert_eq!(disputes[0].status, payments::DisputeStatus::Open);
        world.paysim.end_dispute(&at_paypal, true).await.unwrap();
        let disputes = world.provider().query(&named).await.unwrap().disputes;
        assert_eq!(disputes[0].status, payments::DisputeStatus::Won);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_bills_come_with_paypals_delay_and_in_pages() {
    in_both(async |world: World| {
        let start = world.env.now();
        let mut all = Vec::new();
        for round in 0..3 {
            all.push(world.paid(world.env.new_id(), 2 * round).await);
            world.clock.advance_ms(MINUTE_MS);
        }
        let day = jiff::Timestamp::from_millisecond(start.as_ms()).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let bill = world.provider().bill(day.date(), None).await;
        assert!(matches!(bill, Err(payments::ProviderError::NotFound)), "the day is not over");
        world.clock.advance_ms(30 * HOUR_MS);
        let listed = world.provider().list(start, start.plus_ms(2 * MINUTE_MS)).await.unwrap();
        let references: Vec<String> = listed.iter().map(|facts| facts.reference.clone()).collect();
        let opened: Vec<String> = all.iter().take(2).map(|(payment, _)| payment.to_string()).collect();
        assert_eq!(references, opened, "by when they were opened");
        assert_eq!(listed[0].provider_ref.as_deref(), Some(all[0].1.as_str()));

        let bill = world.provider().bill(day.date(), None).await.unwrap().lines;
        assert_eq!(bill.len(), 3);
        for line in &bill {
            assert_eq!((line.gross, line.fee, line.net), (dollars(990), dollars(9), dollars(981)));
        }
        let far = world.provider().list(Timestamp(0), Timestamp(i64::MAX)).await.unwrap();
        assert_eq!(far.len(), 3, "three years in pieces of 31 days");
    })
    .await;
}
