//! Renewals by the providers' own adapters, over their protocols: what the first payment keeps, later ones are charged by.

use std::sync::Arc;

use basis::{Currency, HOUR_MS, Id, Money, Order, Timestamp};
use orders::{OrderState, PayWith, PlaceInput};
use payments::{Method, PayAt, Provider, Providers};
use paysim::{ChargePlan, FaultPlan, Options, Outcome, Paysim};
use renewals::{Reason, State};

use super::house::{
    admit, audit, automatic, mails, near_end, pass, settle, standing, states, ticked_as, uses,
};
use crate::orders::shop::{Shop, shops_of};
use crate::payments::kept::name_there;
use crate::payments::{API_KEY, SECRET, paypal, stripe};

/// A shop whose buyer renews by a method that the first payment kept, at one provider.
struct Renewing {
    shop: Shop,
    paysim: Paysim,
}

/// On both engines, 20 GB bought by this method, ticked to renew, and begun.
async fn renewing_by(method: Method) -> Vec<Renewing> {
    let mut all = Vec::new();
    for shop in shops_of(admit).await {
        let options = Options {
            env: shop.env.clone(),
            virtual_clock: Some(shop.clock.clone()),
            ..Options::new("heyon", API_KEY, SECRET)
        };
        let paysim = Paysim::spawn(([127, 0, 0, 1], 0).into(), options).await.unwrap();
        let provider: Arc<dyn Provider> = match method {
            Method::Card => Arc::new(stripe::stripe_of(&paysim, stripe::ACCOUNT)),
            _ => paypal::paypal(&paysim, &shop.env, API_KEY),
        };
        let shop = shop.paid_at(Providers::new([provider], "https://shop.example/hooks"));
        let renewing = Renewing { shop, paysim };
        renewing.begin(method).await;
        all.push(renewing);
    }
    all
}

impl Renewing {
    async fn begin(&self, method: Method) {
        let shop = &self.shop;
        let provider = shop.desk.providers.all().next().unwrap().name().to_owned();
        let zero = Money::zero(Currency::USD);
        let pay_with = Some(PayWith { provider, method, keep: true });
        let input =
            PlaceInput { price: Money::new(1_650, zero.currency), wallet: zero, pay_with, ..shop.wish(0) };
        let (order, _) = ticked_as(shop, &input, "key-1").await;
        self.pay(order).await;
        assert_eq!((shop.state(order).await, standing(shop).await), (OrderState::Active, ON));
        uses(shop, 1_000_000).await;
    }

    /// Someone pays on the page that an order waits at; no message comes.
    async fn pay(&self, order: Id<Order>) {
        let payments = payments::of_order(&mut self.shop.db.read().await.unwrap(), order).await.unwrap();
        let Some(PayAt::Page(page)) = &payments[0].pay_at else { panic!("no page: {payments:?}") };
        self.paysim.pay(page.rsplit('/').next().unwrap(), Outcome::Lost).await.unwrap();
        pass(&self.shop, HOUR_MS / 6).await;
        settle(&self.shop).await;
    }

    /// From now on the bank answers so when the kept method is charged.
    async fn bank_says(&self, charge: ChargePlan) {
        let conn = &mut self.shop.db.read().await.unwrap();
        let kept = payments::saved_methods(conn, self.shop.buyer).await.unwrap();
        let name = name_there(&kept[0]);
        self.paysim.set_faults(&name, FaultPlan { charge, ..FaultPlan::default() }).await.unwrap();
    }

    async fn captured(&self) -> i64 {
        self.paysim.books().await.captured_minor["USD"]
    }
}

const ON: Option<(State, Option<Reason>)> = Some((State::On, None));
const BOTH: [Method; 2] = [Method::Card, Method::PayPal];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_first_payment_kept_renews_the_plan() {
    for method in BOTH {
        for renewing in renewing_by(method).await {
            near_end(&renewing.shop).await;
            assert_eq!(states(&renewing.shop).await, [OrderState::Active], "{method:?}");
            assert_eq!((renewing.captured().await, standing(&renewing.shop).await), (2 * 1_650, ON));
            audit(&renewing.shop).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_wants_its_customer_gets_them_on_its_page() {
    for method in BOTH {
        for renewing in renewing_by(method).await {
            let shop = &renewing.shop;
            renewing.bank_says(ChargePlan::PayerMustAct).await;
            near_end(shop).await;
            assert_eq!(mails(shop).await.last().unwrap(), "renewals-mail-bank-body");
            renewing.pay(automatic(shop).await[0].id).await;
            assert_eq!(states(shop).await, [OrderState::Active], "{method:?}");
            assert_eq!((renewing.captured().await, standing(shop).await), (2 * 1_650, ON));
            audit(shop).await;
            let (providers, until) = (&shop.desk.providers, shop.desk.env.now());
            let differences = payments::reconcile(&shop.db, providers, Timestamp(0), until).await.unwrap();
            assert_eq!(differences, [], "the refused charge is in the list beside the page that was paid");
            let there =
                renewing.paysim.payments().await.into_iter().filter(|payment| payment.saved.is_some());
            assert_eq!(there.count(), 1, "the page kept no other card that nobody here knows of");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_not_charged_again() {
    for method in BOTH {
        for renewing in renewing_by(method).await {
            renewing.bank_says(ChargePlan::HardDecline).await;
            near_end(&renewing.shop).await;
            assert_eq!(states(&renewing.shop).await, [OrderState::Expired], "{method:?}");
            let needs_you = Some((State::NeedsYou, Some(Reason::Declined)));
            assert_eq!((renewing.captured().await, standing(&renewing.shop).await), (1_650, needs_you));
            audit(&renewing.shop).await;
        }
    }
}
