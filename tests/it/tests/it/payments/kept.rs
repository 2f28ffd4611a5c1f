//! Methods that payers let us keep: charged without them, refused for good, taken back; at each provider that keeps any.

use basis::{Account, Currency, DAY_MS, HOUR_MS, Id, Money, Payment, SECOND_MS};
use payments::{ChargeRequest, Method, NewPayment, PaymentState, SavedMethod};
use paysim::{AnswerPlan, ChargePlan, FaultPlan, Outcome};
use store::in_tx;

use super::{API_KEY, World, in_both_with, paypal, sandbox, stripe};

const PAYER: Id<Account> = Id::from_u128(7);

/// Tells the same story at each provider, on both engines.
async fn wherever_methods_are_kept<F: AsyncFn(World)>(story: F) {
    in_both_with(|paysim, _| sandbox(paysim, API_KEY), &story).await;
    in_both_with(stripe::connect, &story).await;
    in_both_with(|paysim, env| paypal::paypal(paysim, env, API_KEY), &story).await;
}

fn by_kept(world: &World) -> NewPayment {
    let order = world.order_payment(world.env.new_id(), 990);
    let method = if order.provider == "paypal" { Method::PayPal } else { Method::Card };
    NewPayment { method, amount: Money::new(990, Currency::USD), ..order }
}

/// A method that its payer let us keep.
async fn kept(world: &World) -> SavedMethod {
    let (_, at_provider) = world.open(NewPayment { save_method: true, ..by_kept(world) }).await;
    world.pay(&at_provider, Outcome::Lost).await;
    world.later(5 * SECOND_MS).await;
    saved(world).await.remove(0)
}

async fn saved(world: &World) -> Vec<SavedMethod> {
    payments::saved_methods(&mut world.db.read().await.unwrap(), PAYER).await.unwrap()
}

/// Charges another payment by it; the state that this ends in, or why it is not charged.
async fn charged(world: &World, by: &SavedMethod) -> Result<PaymentState, &'static str> {
    let new = by_kept(world);
    let payment =
        in_tx!(world.db, |tx| { payments::create(tx, &world.env, &world.providers, new.clone()).await });
    let payment: Id<Payment> = payment.unwrap().id;
    let facts = payments::charge(&world.db, &world.env, &world.providers, payment, by.id).await;
    let facts = facts.map_err(|problem| problem.key)?;
    let confirmed = in_tx!(world.db, |tx| {
        let confirmed = payments::confirm(tx, &world.env, payment, &facts).await?;
        super::settle(tx, &world.env, &confirmed).await?;
        Ok(confirmed)
    });
    Ok(confirmed.unwrap().payment.state)
}

/// The provider's own name for it, as its faults are set.
pub(crate) fn name_there(saved: &SavedMethod) -> String {
    saved.reference.rsplit_once("/pm_").map_or(saved.reference.clone(), |(_, id)| format!("sm_{id}"))
}

async fn planned(world: &World, saved: &SavedMethod, plan: FaultPlan) {
    world.faults(&name_there(saved), plan).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_good_is_charged_no_more_until_its_owner_names_it_anew() {
    wherever_methods_are_kept(async |world: World| {
        let method = kept(&world).await;
        let bank_says =
            async |charge| planned(&world, &method, FaultPlan { charge, ..FaultPlan::default() }).await;
        bank_says(ChargePlan::SoftDecline).await;
        assert_eq!(charged(&world, &method).await, Ok(PaymentState::Failed));
        assert_eq!(saved(&world).await[0].refused_at, None, "for now is not for good");
        bank_says(ChargePlan::HardDecline).await;
        assert_eq!(charged(&world, &method).await, Ok(PaymentState::Failed));
        bank_says(ChargePlan::Succeed).await;
        assert_eq!(charged(&world, &method).await, Err("payments-provider-refused"));
        in_tx!(world.db, |tx| { payments::name_anew(tx, PAYER, method.id).await }).unwrap();
        // What was refused is looked at again, and says nothing new.
        world.later(HOUR_MS).await;
        assert_eq!(charged(&world, &method).await, Ok(PaymentState::Captured));
        world.later(HOUR_MS).await;
        assert_eq!(world.paysim.books().await.captured_minor["USD"], 2 * 990);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_payer_removed_is_let_go_of_by_its_provider_too() {
    wherever_methods_are_kept(async |world: World| {
        for answer in [AnswerPlan::Normal, AnswerPlan::LoseAnswer, AnswerPlan::FailBefore, AnswerPlan::Reset]
        {
            let method = kept(&world).await;
            planned(&world, &method, FaultPlan { answer, ..FaultPlan::default() }).await;
            in_tx!(world.db, |tx| { payments::remove_saved(tx, &world.env, PAYER, method.id).await })
                .unwrap();
            world.work().await;
            // Once more, should nobody have heard the answer; and by then it is gone.
            world.later(10 * SECOND_MS).await;
            let jobs = store::jobs::list(&mut world.db.read().await.unwrap(), 100).await.unwrap();
            assert!(jobs.iter().all(|job| job.kind != payments::FORGET_SAVED), "{answer:?}: {jobs:#?}");
            let request = ChargeRequest {
                payment: world.env.new_id(),
                payer: PAYER,
                amount: Money::new(990, Currency::USD),
                saved: method.reference.clone(),
                description: "Japan 20 GB".into(),
                return_url: "https://shop.example/orders/1".into(),
                notify_url: String::new(),
            };
            let provider = world.providers.all().next().unwrap();
            drop(provider.charge(&request).await);
            let there = world.paysim.by_reference(&request.payment.to_string()).await;
            assert!(there.iter().all(|charge| charge.captures.is_empty()), "{there:#?}");
            let again = provider.forget(&method.reference).await;
            assert!(matches!(again, Ok(()) | Err(payments::ProviderError::NotFound)), "{again:?}");
        }
        world.later(DAY_MS).await;
        assert_eq!(saved(&world).await, [], "what was removed stays removed");
    })
    .await;
}
