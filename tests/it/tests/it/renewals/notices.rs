//! What is mailed about renewals is on its reader's devices at once.

use accounts::Preferences;
use basis::{Currency, Language, SECOND_MS};
use payments::Decline;
use renewals::Rest;
use store::in_tx;

use super::house::{card, near_end, pass_days, shops, turn_on};
use crate::orders::provider::Charging;
use crate::orders::shop::Shop;
use crate::push::phone::{Phone, said};

async fn phone_of(shop: &Shop) -> Phone {
    Phone::of((&shop.db, &shop.env, &shop.clock), "lin@example.com").await
}

async fn reads(shop: &Shop, language: Language) {
    let preferences = Preferences::usual(language, Currency::CNY);
    in_tx!(shop.db, |tx| { accounts::set_preferences(tx, shop.buyer, &preferences).await }).unwrap();
}

#[tokio::test]
async fn a_reminder_is_on_the_phone_before_the_end_in_its_readers_language() {
    for (language, title) in [(Language::En, "ends soon"), (Language::ZhCn, "快到期了")] {
        for (shop, _) in shops().await {
            reads(&shop, language).await;
            let phone = phone_of(&shop).await;
            turn_on(&shop, false, Rest::Link).await;
            assert!(phone.shown().await.is_empty(), "they have just turned it on themselves");
            near_end(&shop).await;
            let shown = phone.shown().await;
            let [reminder] = shown.as_slice() else { panic!("{shown:?}") };
            assert!(said(reminder, "title").contains(title), "{reminder:?}");
            assert!(said(reminder, "body").contains(&shop.line.name()), "{reminder:?}");
            assert_eq!(said(reminder, "path"), format!("/checkout?plan=jp-20gb&line={}", shop.line.id));
            assert_eq!(reminder.urgency, "normal");
            assert!(
                reminder.ttl_s > 3600 && reminder.ttl_s * SECOND_MS < 4 * super::house::DAYS,
                "{reminder:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_came_of_a_renewal_takes_the_place_of_what_was_said_before() {
    for (shop, _) in shops().await {
        let phone = phone_of(&shop).await;
        turn_on(&shop, false, card(&shop).await).await;
        shop.bank.charges_go([Charging::Refused(Decline::Soft), Charging::Refused(Decline::Hard)]);
        near_end(&shop).await;
        let shown = phone.shown().await;
        assert!(said(&shown[0], "title").starts_with("Not renewed yet"), "{shown:?}");
        assert!((6 * 3600 - 60..=6 * 3600).contains(&shown[0].ttl_s), "until the next try: {shown:?}");
        pass_days(&shop, 1).await;
        let shown = phone.shown().await;
        let [refused, needs_you] = shown.as_slice() else { panic!("{shown:?}") };
        assert!(said(needs_you, "title").starts_with("Auto-renew needs you"), "{needs_you:?}");
        assert_eq!(said(needs_you, "path"), format!("/lines/{}/renewal", shop.line.id));
        assert_eq!((needs_you.urgency.as_str(), &needs_you.topic), ("high", &refused.topic));
    }
}

#[tokio::test]
async fn a_plan_that_was_paid_by_itself_says_so_and_leads_to_its_order() {
    for (shop, _) in shops().await {
        let phone = phone_of(&shop).await;
        turn_on(&shop, false, card(&shop).await).await;
        near_end(&shop).await;
        let shown = phone.shown().await;
        let [renewed] = shown.as_slice() else { panic!("{shown:?}") };
        assert!(said(renewed, "title").starts_with("Renewed"), "{renewed:?}");
        let order = super::house::automatic(&shop).await.remove(0);
        assert_eq!(said(renewed, "path"), format!("/orders/{}", order.id));
    }
}
