//! A plan that is renewed in time.

use basis::{DataVolume, HOUR_MS};
use orders::OrderState;
use renewals::{Rest, State};

use super::house::{
    DAYS, audit, automatic, card, mails, near_end, pass, pass_days, settle, shops, standing, states, turn_on,
    uses,
};
use crate::orders::shop::yuan;

#[tokio::test]
async fn a_kept_card_renews_a_day_before_the_end_and_only_once() {
    for (shop, first) in shops().await {
        let renewal = turn_on(&shop, false, card(&shop).await).await;
        pass_days(&shop, 57).await;
        assert!(automatic(&shop).await.is_empty(), "more than a day is left");
        near_end(&shop).await;
        let renewed = automatic(&shop).await;
        assert_eq!(states(&shop).await, [OrderState::Active], "each end is renewed once");
        assert_eq!((renewed[0].renewal, renewed[0].price), (Some(renewal.id), yuan(11_800)));
        assert!(renewed[0].created_at < shop.record(first).await.active_at.unwrap().plus_ms(30 * DAYS));
        assert_eq!(shop.bank.charged(), 1);
        assert_eq!(mails(&shop).await, ["renewals-mail-on-body", "renewals-mail-renewed-body"]);
        assert_eq!(standing(&shop).await, Some((State::On, None)));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_tenth_of_the_data_left_renews_long_before_the_end() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        pass(&shop, HOUR_MS).await;
        uses(&shop, DataVolume::gigabytes(17).octets()).await;
        pass(&shop, HOUR_MS).await;
        assert!(automatic(&shop).await.is_empty(), "three of twenty are left");
        uses(&shop, DataVolume::gigabytes(1).octets()).await;
        pass(&shop, HOUR_MS).await;
        assert_eq!(states(&shop).await, [OrderState::Active]);
        near_end(&shop).await;
        assert_eq!(states(&shop).await.len(), 1, "what was renewed by data is not renewed again by days");
        audit(&shop).await;
    }
}

#[tokio::test]
async fn the_wallet_pays_first_and_the_card_the_rest() {
    for (shop, _) in shops().await {
        shop.give(yuan(5_000)).await;
        turn_on(&shop, true, card(&shop).await).await;
        near_end(&shop).await;
        let renewed = automatic(&shop).await;
        assert_eq!((renewed[0].wallet, renewed[0].state), (yuan(5_000), OrderState::Active));
        assert_eq!(shop.wallet().await, 0);
        audit(&shop).await;
    }
}

#[tokio::test]
async fn the_wallet_alone_renews_once_it_has_enough() {
    for (shop, _) in shops().await {
        turn_on(&shop, true, Rest::Nothing).await;
        near_end(&shop).await;
        assert!(automatic(&shop).await.is_empty());
        assert_eq!(mails(&shop).await.last().unwrap(), "renewals-mail-short-body");
        shop.give(yuan(20_000)).await;
        pass_days(&shop, 1).await;
        assert_eq!(states(&shop).await, [OrderState::Active]);
        assert_eq!((shop.wallet().await, shop.bank.charged()), (8_200, 0));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn without_a_method_that_can_be_charged_there_is_a_reminder_with_a_link_once() {
    for (shop, _) in shops().await {
        shop.give(yuan(20_000)).await;
        turn_on(&shop, false, Rest::Link).await;
        near_end(&shop).await;
        pass_days(&shop, 1).await;
        assert!(automatic(&shop).await.is_empty());
        assert_eq!(mails(&shop).await, ["renewals-mail-on-body", "renewals-mail-ask-body"]);
        assert_eq!(shop.wallet().await, 20_000);
    }
}

#[tokio::test]
async fn what_the_person_buys_themselves_counts() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([crate::orders::provider::Charging::Refused(payments::Decline::Soft)]);
        near_end(&shop).await;
        shop.bought().await;
        pass(&shop, 6 * HOUR_MS).await;
        settle(&shop).await;
        assert_eq!(states(&shop).await, [OrderState::Expired], "the second try was not needed");
        assert_eq!(shop.bank.charged(), 1);
        audit(&shop).await;
    }
}
