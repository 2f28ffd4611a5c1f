//! What a person agrees to, and what they cannot.

use basis::{DataVolume, HOUR_MS};
use orders::{Intent, OrderState, PlaceInput};
use renewals::{PURCHASES_MAX, Reason, Rest, State, When, Wish};

use super::house::{
    TICKED, admit, audit, automatic, by_card, card, mails, near_end, pass, settle, shops, standing, states,
    ticked, ticked_as, turn_off, turn_on, uses, wish,
};
use crate::orders::shop::{payer, renewing, shops_of, yuan};

#[tokio::test]
async fn what_cannot_be_meant_is_not_agreed_to() {
    for (shop, _) in shops().await {
        let card = card(&shop).await;
        let good = wish(&shop, false, card);
        let refused = async |wish: Wish| {
            renewals::turn_on(&renewing(&shop.desk), shop.buyer, wish).await.unwrap_err().key
        };
        assert_eq!(refused(Wish { price: yuan(11_700), ..good.clone() }).await, "order-price-changed");
        assert_eq!(refused(Wish { rest: Rest::Nothing, ..good.clone() }).await, "renewals-unpaid");
        let when = When { days_left: 0, percent_left: None };
        assert_eq!(refused(Wish { when, ..good.clone() }).await, "renewals-when");
        let foreign = Rest::Saved(Some(shop.env.new_id()));
        assert_eq!(refused(Wish { rest: foreign, ..good.clone() }).await, basis::Problem::not_found().key);
        let other = Wish { plan: "jp-50gb".parse().unwrap(), price: yuan(23_800), ..good.clone() };
        assert_eq!(refused(other).await, "renewals-nothing");
        let stranger = renewals::turn_on(&renewing(&shop.desk), shop.env.new_id(), good).await;
        assert_eq!(stranger.unwrap_err().kind, basis::Kind::NotFound);
        assert_eq!(standing(&shop).await, None);
    }
}

#[tokio::test]
async fn a_new_wish_takes_the_place_of_the_old_one_and_both_are_on_the_trail() {
    for (shop, _) in shops().await {
        let card = card(&shop).await;
        let first = turn_on(&shop, false, card).await;
        let second = turn_on(&shop, true, card).await;
        assert_eq!(standing(&shop).await, Some((State::On, None)));
        turn_off(&shop).await;
        turn_off(&shop).await;
        assert_eq!(standing(&shop).await, None);
        for renewal in [first, second] {
            let conn = &mut shop.db.read().await.unwrap();
            let trail = store::audit::of_subject(conn, &renewal.id.to_string(), 10).await.unwrap();
            let mut actions: Vec<_> = trail.into_iter().map(|entry| entry.action).collect();
            actions.sort();
            assert_eq!(actions, ["renewal.off", "renewal.on"]);
        }
        audit(&shop).await;
    }
}

#[tokio::test]
async fn what_is_ticked_at_the_checkout_holds_once_the_order_is_there() {
    for shop in shops_of(admit).await {
        let (_, payment) = ticked(&shop, by_card(), "key-1").await;
        settle(&shop).await;
        assert_eq!((standing(&shop).await, mails(&shop).await.len()), (Some((State::Waiting, None)), 0));
        shop.bank.pay_and_keep(payment, yuan(11_800));
        shop.hook("kept", payment).await;
        settle(&shop).await;
        assert_eq!(standing(&shop).await, Some((State::On, None)));
        uses(&shop, 1_000_000).await;
        near_end(&shop).await;
        assert_eq!((states(&shop).await, shop.bank.charged()), (vec![OrderState::Active], 1));
        assert_eq!(mails(&shop).await, ["renewals-mail-on-body", "renewals-mail-renewed-body"]);
        audit(&shop).await;
    }
}

#[tokio::test]
async fn what_is_ticked_for_an_order_that_nobody_pays_is_off() {
    for shop in shops_of(admit).await {
        ticked(&shop, by_card(), "key-1").await;
        pass(&shop, HOUR_MS).await;
        assert_eq!((standing(&shop).await, mails(&shop).await.len()), (None, 0));
    }
}

#[tokio::test]
async fn an_order_sent_twice_is_agreed_to_once_and_a_refused_one_not_at_all() {
    for shop in shops_of(admit).await {
        let first = ticked(&shop, by_card(), "key-1").await;
        assert_eq!(ticked(&shop, by_card(), "key-1").await, first);
        let dear = PlaceInput { price: yuan(12_800), ..shop.wish(0) };
        let desk = renewing(&shop.desk);
        let refused = renewals::place(&desk, shop.buyer, &dear, &payer(), "key-2", TICKED).await;
        assert_eq!(refused.unwrap_err().key, "order-price-changed");
        let agreed = renewals::of_account(&mut shop.db.read().await.unwrap(), shop.buyer).await.unwrap();
        assert_eq!(agreed.iter().map(|one| one.first_order).collect::<Vec<_>>(), [Some(first.0)]);
    }
}

#[tokio::test]
async fn what_was_agreed_before_holds_until_the_new_order_is_there() {
    for (shop, _) in shops().await {
        let before = turn_on(&shop, true, card(&shop).await).await;
        let (order, _) = ticked(&shop, by_card(), "given-up").await;
        orders::cancel(&shop.desk, shop.buyer, order).await.unwrap();
        pass(&shop, HOUR_MS).await;
        let of_line = async || {
            let conn = &mut shop.db.read().await.unwrap();
            renewals::of_line(conn, shop.buyer, shop.line.id).await.unwrap().unwrap()
        };
        assert_eq!((of_line().await.id, of_line().await.state), (before.id, State::On));
        let (order, payment) = ticked(&shop, by_card(), "paid").await;
        assert_eq!(of_line().await.id, before.id, "not before it is paid");
        shop.bank.pay_and_keep(payment, yuan(11_800));
        shop.hook("paid", payment).await;
        pass(&shop, HOUR_MS).await;
        assert_eq!((of_line().await.first_order, of_line().await.state), (Some(order), State::On));
        let agreed = renewals::of_account(&mut shop.db.read().await.unwrap(), shop.buyer).await.unwrap();
        assert_eq!(agreed.len(), 1, "a line has one at a time");
        audit(&shop).await;
    }
}

#[tokio::test]
async fn who_changes_to_another_plan_and_ticks_it_has_that_one_renewed() {
    for (shop, old) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        let bigger = PlaceInput {
            plan: "jp-50gb".parse().unwrap(),
            price: yuan(23_800),
            pay_with: Some(by_card()),
            intent: Intent::ChangeNow { old },
            ..shop.wish(0)
        };
        let (_, payment) = ticked_as(&shop, &bigger, "change").await;
        shop.bank.pay_and_keep(payment, yuan(23_800));
        shop.hook("changed", payment).await;
        settle(&shop).await;
        uses(&shop, 1_000_000).await;
        near_end(&shop).await;
        let renewed = automatic(&shop).await;
        assert_eq!(renewed.iter().map(|order| order.plan.to_string()).collect::<Vec<_>>(), ["jp-50gb"]);
        assert_eq!((renewed[0].state, standing(&shop).await), (OrderState::Active, Some((State::On, None))));
        assert!(!mails(&shop).await.contains(&"renewals-mail-other-plan-body".to_owned()));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn ticked_and_paid_in_a_way_that_cannot_be_kept_brings_a_link() {
    for shop in shops_of(admit).await {
        let (_, payment) = ticked(&shop, crate::orders::shop::alipay(), "key-1").await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("paid", payment).await;
        settle(&shop).await;
        uses(&shop, 1_000_000).await;
        near_end(&shop).await;
        assert_eq!((states(&shop).await, shop.bank.charged()), (vec![], 0));
        assert_eq!(mails(&shop).await, ["renewals-mail-on-body", "renewals-mail-ask-body"]);
        assert_eq!(standing(&shop).await, Some((State::On, None)));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn after_five_purchases_in_a_day_it_stops_and_tells() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        for _ in 0..8 {
            pass(&shop, HOUR_MS).await;
            uses(&shop, DataVolume::gigabytes(19).octets()).await;
        }
        pass(&shop, HOUR_MS).await;
        assert_eq!(states(&shop).await, [OrderState::Active; PURCHASES_MAX]);
        assert_eq!(standing(&shop).await, Some((State::NeedsYou, Some(Reason::TooMany))));
        assert_eq!(mails(&shop).await.last().unwrap(), "renewals-mail-too-many-body");
        audit(&shop).await;
    }
}
