//! Renewals that a bank, a price or a wish stands in the way of.

use basis::{DAY_MS, HOUR_MS, MINUTE_MS};
use orders::OrderState;
use payments::Decline;
use renewals::{Reason, State};

use super::house::{
    audit, automatic, card, mails, near_end, pass, pass_days, shops, standing, states, turn_off, turn_on,
};
use crate::orders::crashes::lives_for;
use crate::orders::provider::Charging;
use crate::orders::shop::{renewing, yuan};

const NEEDS_YOU: fn(Reason) -> Option<(State, Option<Reason>)> =
    |reason| Some((State::NeedsYou, Some(reason)));

#[tokio::test]
async fn a_soft_refusal_is_tried_again_six_hours_later() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::Refused(Decline::Soft)]);
        near_end(&shop).await;
        assert_eq!(states(&shop).await, [OrderState::Expired]);
        pass(&shop, HOUR_MS).await;
        assert_eq!(shop.bank.charged(), 1, "not before its time");
        pass(&shop, 5 * HOUR_MS).await;
        assert_eq!(states(&shop).await, [OrderState::Expired, OrderState::Active]);
        let told = ["renewals-mail-on-body", "renewals-mail-refused-body", "renewals-mail-renewed-body"];
        assert_eq!(mails(&shop).await, told);
        audit(&shop).await;
    }
}

#[tokio::test]
async fn soft_refusals_end_with_the_plan_and_its_grace() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::Refused(Decline::Soft); 20]);
        near_end(&shop).await;
        pass_days(&shop, 10).await;
        assert_eq!(states(&shop).await, [OrderState::Expired; 3], "at once, after 6 hours, after a day");
        assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::Failed));
        assert_eq!(mails(&shop).await.last().unwrap(), "renewals-mail-failed-body");
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_hard_refusal_is_not_repeated_until_its_person_agrees_anew() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::Refused(Decline::Hard)]);
        near_end(&shop).await;
        pass_days(&shop, 2).await;
        assert_eq!((states(&shop).await, shop.bank.charged()), (vec![OrderState::Expired], 1));
        assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::Declined));
        turn_on(&shop, false, card(&shop).await).await;
        pass(&shop, 0).await;
        assert_eq!(states(&shop).await, [OrderState::Expired, OrderState::Active]);
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_hard_refusal_is_not_repeated_though_its_provider_keeps_no_trace_of_it() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::RefusedAndForgotten(Decline::Hard)]);
        near_end(&shop).await;
        pass_days(&shop, 2).await;
        assert_eq!((states(&shop).await, shop.bank.charged()), (vec![OrderState::Expired], 1));
        assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::Declined));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_hard_refusal_is_not_repeated_wherever_the_process_dies_over_it() {
    for (shop, _) in shops().await {
        shop.clock.advance_ms(29 * DAY_MS + DAY_MS / 2);
        let mut polls = 1;
        loop {
            let renewal = turn_on(&shop, false, card(&shop).await).await;
            shop.bank.charges_go([Charging::RefusedAndForgotten(Decline::Hard)]);
            let desk = renewing(&shop.desk);
            let look = Box::pin(renewals::look(&desk, renewal.id));
            let is_over = lives_for(polls, look).await;
            pass(&shop, 2 * MINUTE_MS).await;
            assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::Declined), "died at poll {polls}");
            if is_over {
                break;
            }
            polls += 1;
        }
        assert!(polls > 5, "only {polls} lives");
        assert!(states(&shop).await.iter().all(|state| *state == OrderState::Expired));
        let told = mails(&shop).await;
        assert_eq!(told.iter().filter(|mail| *mail == "renewals-mail-declined-body").count(), told.len() / 2);
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_card_is_forgotten_with_the_last_renewal_that_it_pays() {
    for (shop, _) in shops().await {
        let card = card(&shop).await;
        turn_on(&shop, false, card).await;
        turn_on(&shop, true, card).await;
        pass(&shop, HOUR_MS).await;
        assert_eq!(shop.bank.forgotten().len(), 0, "the new wish rests on it");
        turn_off(&shop).await;
        pass(&shop, HOUR_MS).await;
        let kept = payments::saved_methods(&mut shop.db.read().await.unwrap(), shop.buyer).await.unwrap();
        assert_eq!((kept.len(), shop.bank.forgotten().len()), (0, 1));
    }
}

#[tokio::test]
async fn a_soft_refusal_of_which_its_provider_keeps_no_trace_is_tried_again() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::RefusedAndForgotten(Decline::Soft)]);
        near_end(&shop).await;
        pass(&shop, 6 * HOUR_MS).await;
        assert_eq!(states(&shop).await, [OrderState::Expired, OrderState::Active]);
        audit(&shop).await;
    }
}

#[tokio::test]
async fn an_outcome_that_nobody_heard_is_looked_up_and_not_repeated() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::PaidUnheard]);
        near_end(&shop).await;
        pass(&shop, HOUR_MS).await;
        assert_eq!((states(&shop).await, shop.bank.charged()), (vec![OrderState::Active], 1));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_charge_that_never_arrived_is_made_again_for_the_same_payment() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::Lost, Charging::Lost]);
        near_end(&shop).await;
        pass(&shop, HOUR_MS).await;
        assert_eq!((states(&shop).await, shop.bank.charged()), (vec![OrderState::Active], 3));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_bank_that_wants_its_customer_is_told_of_once_and_waited_for() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::WantsPayer]);
        near_end(&shop).await;
        pass(&shop, HOUR_MS).await;
        assert_eq!(states(&shop).await, [OrderState::AwaitingPayment]);
        assert_eq!(mails(&shop).await, ["renewals-mail-on-body", "renewals-mail-bank-body"]);
        let order = automatic(&shop).await[0].id;
        let payment = payments::of_order(&mut shop.db.read().await.unwrap(), order).await.unwrap()[0].id;
        shop.bank.pay(payment, yuan(11_800));
        pass(&shop, HOUR_MS).await;
        assert_eq!(states(&shop).await, [OrderState::Active]);
        assert_eq!(mails(&shop).await.last().unwrap(), "renewals-mail-renewed-body");
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_customer_who_never_comes_to_their_bank_is_asked_what_next() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::WantsPayer]);
        near_end(&shop).await;
        pass_days(&shop, 3).await;
        assert_eq!(states(&shop).await, [OrderState::Expired]);
        assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::BankWaited));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_higher_price_is_asked_about_and_never_charged() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.reprice("118", "128").await;
        near_end(&shop).await;
        assert!(automatic(&shop).await.is_empty());
        assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::PriceRose));
        assert_eq!(mails(&shop).await.last().unwrap(), "renewals-mail-price-rose-body");
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_lower_price_is_simply_paid() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.reprice("118", "98").await;
        near_end(&shop).await;
        assert_eq!(automatic(&shop).await[0].price, yuan(9_800));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_plan_that_is_no_longer_sold_is_told_of() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.reprice("jp-20gb", "jp-21gb").await;
        near_end(&shop).await;
        assert_eq!(standing(&shop).await, NEEDS_YOU(Reason::NotSold));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn a_method_that_was_removed_is_not_charged() {
    for (shop, _) in shops().await {
        let card = card(&shop).await;
        turn_on(&shop, false, card).await;
        let saved = card.saved().unwrap();
        store::in_tx!(shop.db, |tx| { payments::remove_saved(tx, &shop.env, shop.buyer, saved).await })
            .unwrap();
        near_end(&shop).await;
        assert_eq!((standing(&shop).await, shop.bank.charged()), (NEEDS_YOU(Reason::MethodGone), 0));
        audit(&shop).await;
    }
}

#[tokio::test]
async fn turned_off_it_does_nothing_and_calls_off_what_waits() {
    for (shop, _) in shops().await {
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::WantsPayer]);
        near_end(&shop).await;
        turn_off(&shop).await;
        assert_eq!((states(&shop).await, standing(&shop).await), (vec![OrderState::Expired], None));
        pass_days(&shop, 4).await;
        assert_eq!((states(&shop).await.len(), shop.bank.charged()), (1, 1));
        audit(&shop).await;
    }
}
