//! Changing to another plan, now or after the current one.

use basis::{DAY_MS, Id, MINUTE_MS, Order};
use orders::rules::Starts;
use orders::{Intent, OrderState, PlaceInput, QuoteInput};

use super::carrier::Fault;
use super::shop::{AT_DESK, Shop, shops, yuan};

fn bigger(shop: &Shop, intent: Intent) -> PlaceInput {
    PlaceInput { plan: "jp-50gb".parse().unwrap(), price: yuan(23_800), intent, ..shop.wish(0) }
}

async fn change(shop: &Shop, intent: Intent) -> Id<Order> {
    let placed = shop.place(&bigger(shop, intent), "change").await;
    let payment = placed.payment.unwrap();
    payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, AT_DESK).await.unwrap();
    shop.bank.pay(payment, yuan(23_800));
    shop.hook("evt-change", payment).await;
    shop.work().await;
    placed.order
}

async fn quote(shop: &Shop, intent: Intent) -> orders::Quote {
    let input = QuoteInput {
        line: shop.line.id,
        plan: "jp-50gb".parse().unwrap(),
        currency: basis::Currency::CNY,
        intent,
    };
    orders::quote(&shop.desk, shop.buyer, &input).await.unwrap()
}

#[tokio::test]
async fn changed_now_the_untouched_old_plan_comes_back_to_the_wallet_whole() {
    for shop in shops().await {
        let (old, _) = shop.bought().await;
        let intent = Intent::ChangeNow { old };
        assert_eq!(quote(&shop, intent).await.credit, Some(yuan(11_800)), "said before it is paid");
        let new = change(&shop, intent).await;
        assert_eq!(shop.state(new).await, OrderState::Active);
        assert_eq!(shop.wallet().await, 11_800);
        let record = shop.record(old).await;
        assert_eq!((record.state, record.credit), (OrderState::Active, yuan(11_800)));
        assert!(record.closed_at.is_some());
        assert!(shop.steps(old).await.contains(&"closed".to_owned()));
        assert!(shop.steps(new).await.contains(&"replaced".to_owned()));
        shop.audit().await;

        // What was changed once cannot be changed again, nor refunded beyond what is left.
        let wish = bigger(&shop, intent);
        let again = orders::place(&shop.desk, shop.buyer, &wish, &super::shop::payer(), "two").await;
        assert_eq!(again.unwrap_err().key, "order-nothing-to-change");
        let refund = orders::refund(&shop.desk, "operator:li", old, None, "").await;
        assert_eq!(refund.unwrap_err().key, "order-refund-too-much");
    }
}

#[tokio::test]
async fn changed_after_the_current_one_nothing_is_closed_and_the_new_one_waits() {
    for shop in shops().await {
        let (old, _) = shop.bought().await;
        let intent = Intent::ChangeAfter { old };
        let quoted = quote(&shop, intent).await;
        assert_eq!(quoted.credit, None);
        let new = change(&shop, intent).await;
        assert_eq!(shop.state(new).await, OrderState::Active);
        assert_eq!(shop.wallet().await, 0);
        let view = shop.desk.charging.view(shop.line.pool).await.unwrap();
        assert_eq!(view.bundles.len(), 2);
        assert!(view.bundles.iter().all(|b| b.state == charging::BundleState::Waiting));
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_renewal_says_that_it_adds_and_when_it_starts() {
    for shop in shops().await {
        let first = quote(&shop, Intent::Buy).await;
        assert!(matches!(first.starts, Starts::FirstUse { .. }));
        assert_eq!(first.effect, orders::rules::Effect::Alone);
        shop.bought().await;
        let second = quote(&shop, Intent::Buy).await;
        let total = Some(basis::DataVolume::gigabytes(70));
        assert_eq!(second.effect, orders::rules::Effect::Adds { total });
        assert_eq!(second.held_for_ms, 15 * basis::MINUTE_MS);
        assert!(second.terms.days == 30 && DAY_MS > 0);
    }
}

#[tokio::test]
async fn what_another_change_is_about_to_close_cannot_be_changed_again() {
    for shop in shops().await {
        let (old, _) = shop.bought().await;
        shop.wire.breaks(super::carrier::Fault::Refuses);
        let intent = Intent::ChangeNow { old };
        let new = change(&shop, intent).await;
        assert_eq!(shop.state(new).await, OrderState::Delivering);
        let wish = bigger(&shop, intent);
        let again = orders::place(&shop.desk, shop.buyer, &wish, &super::shop::payer(), "two").await;
        assert_eq!(again.unwrap_err().key, "order-nothing-to-change", "it would promise a credit twice");
        shop.pass(12 * basis::MINUTE_MS).await;
        assert_eq!(shop.state(new).await, OrderState::Refunded);
        shop.place(&wish, "three").await;
    }
}

/// Two changes of one plan wait for their money, and both are paid. Each promised the whole credit, so the second one's
/// promise is no longer true.
#[tokio::test]
async fn of_two_changes_that_are_both_paid_the_first_is_done_and_the_others_money_goes_back() {
    for shop in shops().await {
        let (old, _) = shop.bought().await;
        let intent = Intent::ChangeNow { old };
        let (one, two) = (
            shop.place(&bigger(&shop, intent), "one").await,
            shop.place(&bigger(&shop, intent), "two").await,
        );
        for placed in [&one, &two] {
            let payment = placed.payment.unwrap();
            payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, AT_DESK).await.unwrap();
            shop.bank.pay(payment, yuan(23_800));
            shop.hook(&format!("evt-{payment}"), payment).await;
        }
        shop.work().await;
        let mut ends = [shop.state(one.order).await, shop.state(two.order).await];
        ends.sort_by_key(|state| state.word());
        assert_eq!(ends, [OrderState::Active, OrderState::Refunded]);
        let kept = shop.bank.kept(one.payment.unwrap()) + shop.bank.kept(two.payment.unwrap());
        assert_eq!((kept, shop.wallet().await), (23_800, 11_800), "one change, one credit");
        let refunded = if ends[1] == shop.state(two.order).await { two.order } else { one.order };
        assert_eq!(shop.reason_of_refund(refunded).await, Some(orders::RefundReason::AlreadyChanged));
        shop.audit().await;
    }
}

/// A plan that replaces what is there, bought and paid at the bank; what happens before it is paid is the caller's.
async fn replace(shop: &Shop, meanwhile: impl AsyncFnOnce()) -> Id<Order> {
    let wish = PlaceInput { plan: "jp-30gb".parse().unwrap(), price: yuan(16_800), ..shop.wish(0) };
    let placed = shop.place(&wish, "replace").await;
    let payment = placed.payment.unwrap();
    payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, AT_DESK).await.unwrap();
    meanwhile().await;
    shop.bank.pay(payment, yuan(16_800));
    shop.hook("evt-replace", payment).await;
    shop.work().await;
    assert_eq!(shop.state(placed.order).await, OrderState::Active);
    placed.order
}

#[tokio::test]
async fn a_plan_that_replaces_closes_what_its_quote_named_and_credits_it() {
    for shop in shops().await {
        let (old, _) = shop.bought().await;
        let new = replace(&shop, async || ()).await;
        assert_eq!(shop.record(new).await.replaces, [old]);
        assert_eq!((shop.wallet().await, shop.standing().await), (11_800, vec![new]));
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_plan_that_replaces_leaves_what_came_after_its_quote() {
    for shop in shops().await {
        let mut came = Vec::new();
        let new = replace(&shop, async || came.push(shop.bought().await.0)).await;
        assert_eq!(shop.record(new).await.replaces, [], "nothing was there to be named");
        assert_eq!((shop.wallet().await, shop.standing().await), (0, vec![came[0], new]));
        assert_eq!(shop.record(came[0]).await.closed_at, None);
        shop.audit().await;
    }
}

#[tokio::test]
async fn what_is_replaced_before_anyone_heard_of_its_delivery_is_closed_all_the_same() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Deaf);
        let (old, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-old", payment).await;
        shop.work().await;
        assert_eq!((shop.state(old).await, shop.bundles().await), (OrderState::Delivering, 1));
        shop.wire.breaks(Fault::None);
        let new = replace(&shop, async || {}).await;
        assert_eq!(shop.state(new).await, OrderState::Active);
        shop.pass(5 * MINUTE_MS).await;
        assert_eq!(shop.state(old).await, OrderState::Active);
        assert!(shop.record(old).await.closed_at.is_some());
        assert_eq!(shop.standing().await, [new]);
        shop.audit().await;
    }
}
