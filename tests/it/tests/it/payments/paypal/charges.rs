//! A wallet that its payer let us keep, charged without them.

use basis::DAY_MS;
use payments::{ChargeRequest, Facts};
use paysim::ChargePlan;

use super::*;

/// A payment whose payer let us keep the wallet; its name at PayPal.
async fn kept(world: &World) -> String {
    let new = NewPayment { save_method: true, ..world.for_order(Id::from_u128(1), 990) };
    let (_, at_paypal) = world.open(new).await;
    world.pay(&at_paypal, Outcome::Ok).await;
    world.after_hooks(1).await;
    world.after_hooks(2).await;
    world.told();
    let account = Id::from_u128(7);
    let saved = payments::saved_methods(&mut world.db.read().await.unwrap(), account).await.unwrap();
    assert_eq!(saved[0].label, "PayPal b···@example.com");
    saved[0].reference.clone()
}

fn request(world: &World, saved: &str) -> ChargeRequest {
    ChargeRequest {
        payment: world.env.new_id(),
        payer: Id::from_u128(7),
        amount: dollars(1990),
        saved: saved.to_owned(),
        description: "Japan 20 GB".into(),
        return_url: "https://shop.example/orders/1".into(),
        notify_url: String::new(),
    }
}

async fn charge(world: &World, request: &ChargeRequest) -> Facts {
    world.provider().charge(request).await.unwrap()
}

async fn planned(world: &World, saved: &str, charge: ChargePlan) {
    world.faults(saved, FaultPlan { charge, ..FaultPlan::default() }).await;
}

async fn captured(world: &World) -> i64 {
    world.paysim.books().await.captured_minor["USD"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_wallet_is_charged_once_whatever_becomes_of_the_answer() {
    in_both(async |world: World| {
        let saved = kept(&world).await;
        for answer in [AnswerPlan::LoseAnswer, AnswerPlan::Reset, AnswerPlan::FailBefore] {
            let before = captured(&world).await;
            let request = request(&world, &saved);
            world.faults(&saved, FaultPlan { answer, ..FaultPlan::default() }).await;
            world.provider().charge(&request).await.unwrap_err();
            let facts = charge(&world, &request).await;
            assert_eq!((facts.status.clone(), facts.captures.len()), (Status::Captured, 1));
            assert_eq!(charge(&world, &request).await, facts);
            assert_eq!(captured(&world).await, before + 1990, "{answer:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_nobody_answered_is_never_repeated_when_paypal_has_forgotten_its_key() {
    in_both(async |world: World| {
        let saved = kept(&world).await;
        let request = request(&world, &saved);
        let before = captured(&world).await;
        world.faults(&saved, FaultPlan { answer: AnswerPlan::Reset, ..FaultPlan::default() }).await;
        world.provider().charge(&request).await.unwrap_err();
        let unnamed = PaymentRef { payment: request.payment, provider_ref: None };
        assert!(world.provider().query(&unnamed).await.is_err(), "PayPal does not list it yet");
        world.clock.advance_ms(7 * HOUR_MS);
        let facts = charge(&world, &request).await;
        assert_eq!(facts.status, Status::Captured);
        assert_eq!(world.provider().query(&unnamed).await.unwrap().captures, facts.captures);
        world.clock.advance_ms(DAY_MS);
        assert_eq!(charge(&world, &request).await.captures, facts.captures);
        assert_eq!(captured(&world).await, before + 1990);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_whether_it_is_worth_another_try() {
    in_both(async |world: World| {
        let saved = kept(&world).await;
        for (plan, decline, issue) in [
            (ChargePlan::SoftDecline, Decline::Soft, "INSTRUMENT_DECLINED"),
            (ChargePlan::HardDecline, Decline::Hard, "PAYER_CANNOT_PAY"),
        ] {
            planned(&world, &saved, plan).await;
            let facts = charge(&world, &request(&world, &saved)).await;
            assert_eq!(facts.status, Status::Declined(decline));
            assert_eq!(facts.failure.as_deref(), Some(issue));
        }
        let gone = charge(&world, &request(&world, "sm_gone")).await;
        assert_eq!(gone.status, Status::Declined(Decline::Hard), "the payer took it back at PayPal");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_waits_for_its_payer_is_paid_on_their_page() {
    in_both(async |world: World| {
        let saved = kept(&world).await;
        planned(&world, &saved, ChargePlan::PayerMustAct).await;
        let request = request(&world, &saved);
        let facts = charge(&world, &request).await;
        let Status::PayerMustAct(page) = facts.status else { panic!("{facts:?}") };
        let at_paypal = page.rsplit('/').next().unwrap();
        let named = named(request.payment, at_paypal);
        assert_eq!(world.provider().query(&named).await.unwrap().status, Status::Open);
        world.pay(at_paypal, Outcome::Lost).await;
        assert_eq!(world.provider().query(&named).await.unwrap().status, Status::Captured);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_whose_payer_never_came_is_over_when_paypal_has_forgotten_it() {
    in_both(async |world: World| {
        let saved = kept(&world).await;
        planned(&world, &saved, ChargePlan::PayerMustAct).await;
        let request = request(&world, &saved);
        let Status::PayerMustAct(page) = charge(&world, &request).await.status else { panic!("no page") };
        let named = named(request.payment, page.rsplit('/').next().unwrap());
        world.clock.advance_ms(2 * HOUR_MS);
        assert_eq!(world.provider().query(&named).await.unwrap().status, Status::Open);
        world.clock.advance_ms(HOUR_MS);
        let over = world.provider().query(&named).await.unwrap();
        assert_eq!((over.status, over.provider_ref), (Status::Expired, named.provider_ref.clone()));
        assert_eq!(world.provider().cancel(&named).await.unwrap().status, Status::Expired);
    })
    .await;
}
