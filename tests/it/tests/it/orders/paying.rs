//! From the wish to the money: placing, paying, declining, paying late, paying twice.

use basis::MINUTE_MS;
use orders::{Intent, OrderState, PlaceInput};

use super::shop::{AT_DESK, PLANS, alipay, payer, shops, yuan};

/// What pages are told of a sale without trouble.
const SMOOTH: [OrderState; 4] =
    [OrderState::AwaitingPayment, OrderState::Paid, OrderState::Delivering, OrderState::Active];

#[tokio::test]
async fn a_renewal_goes_the_whole_way() {
    for shop in shops().await {
        let mut hints = shop.desk.changes();
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;

        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.bundles().await, 1);
        let steps = ["placed", "payment_started", "paid", "delivering", "active"];
        assert_eq!(shop.steps(order).await, steps);
        let mut told = Vec::new();
        while let Ok(hint) = hints.try_recv() {
            assert_eq!((hint.order, hint.account), (order, shop.buyer));
            told.push(hint.state);
        }
        assert_eq!(told, SMOOTH);
        let money = ledger::per_order(&mut shop.db.read().await.unwrap(), order, basis::Currency::CNY).await;
        let money = money.unwrap();
        assert_eq!((money.funded, money.earned, money.deferred), (yuan(11_800), yuan(11_800), yuan(0)));
        shop.audit().await;
    }
}

#[tokio::test]
async fn the_wallet_alone_pays_without_any_provider() {
    for shop in shops().await {
        shop.give(yuan(20_000)).await;
        let placed = shop.place(&shop.wish(11_800), "key-1").await;
        assert_eq!(placed.payment, None);
        assert_eq!(shop.state(placed.order).await, OrderState::Paid);
        shop.work().await;
        assert_eq!(shop.state(placed.order).await, OrderState::Active);
        assert_eq!(shop.wallet().await, 8_200);
        shop.audit().await;
    }
}

#[tokio::test]
async fn the_wallet_pays_first_and_a_provider_the_rest() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        assert_eq!(shop.wallet().await, 0, "set aside");
        shop.audit().await;
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.wallet().await, 0);
        shop.audit().await;
    }
}

#[tokio::test]
async fn the_same_key_gives_the_same_order_and_another_wish_a_conflict() {
    for shop in shops().await {
        let first = shop.place(&shop.wish(0), "key-1").await;
        assert_eq!(shop.place(&shop.wish(0), "key-1").await, first);
        let other = PlaceInput { plan: "jp-50gb".parse().unwrap(), price: yuan(23_800), ..shop.wish(0) };
        let refused = orders::place(&shop.desk, shop.buyer, &other, &payer(), "key-1").await;
        assert_eq!(refused.unwrap_err().key, "order-key-reused");
        let all = orders::history(&mut shop.db.read().await.unwrap(), shop.buyer, far(), 10).await.unwrap();
        assert_eq!(all.len(), 1);
        // Another person's keys are their own, and so are their lines.
        let stranger = shop.env.new_id();
        let strange = orders::place(&shop.desk, stranger, &shop.wish(0), &payer(), "key-1").await;
        assert_eq!(strange.unwrap_err().kind, basis::Kind::NotFound);
    }
}

const fn far() -> basis::Timestamp {
    basis::Timestamp(i64::MAX)
}

#[tokio::test]
async fn what_was_not_seen_is_not_bought() {
    for shop in shops().await {
        let refusals = [
            (PlaceInput { price: yuan(11_700), ..shop.wish(0) }, "order-price-changed"),
            (PlaceInput { wallet: yuan(-1), ..shop.wish(0) }, "order-parts-wrong"),
            (PlaceInput { wallet: yuan(11_801), ..shop.wish(0) }, "order-parts-wrong"),
            (PlaceInput { pay_with: None, ..shop.wish(0) }, "order-parts-wrong"),
            (shop.wish(11_800), "wallet-too-little"),
            (shop.wish(4_600), "wallet-too-little"),
            (PlaceInput { plan: "nowhere".parse().unwrap(), ..shop.wish(0) }, "not-found"),
            (
                PlaceInput { intent: Intent::ChangeNow { old: basis::Id::from_u128(5) }, ..shop.wish(0) },
                "not-found",
            ),
        ];
        for (wish, key) in refusals {
            let refused = orders::place(&shop.desk, shop.buyer, &wish, &payer(), "key-1").await;
            assert_eq!(refused.unwrap_err().key, key);
        }
        for key in ["", "a b", "ü", &"x".repeat(129)] {
            let refused = orders::place(&shop.desk, shop.buyer, &shop.wish(0), &payer(), key).await;
            assert_eq!(refused.unwrap_err().key, "order-key-unreadable");
        }
        shop.place(&shop.wish(0), "key-1").await;
        shop.audit().await;
    }
}

#[tokio::test]
async fn webhooks_come_twice_late_and_for_nothing() {
    for shop in shops().await {
        let (order, payment) = shop.order(0).await;
        shop.hook("evt-0", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::AwaitingPayment, "a message is only a hint");
        shop.bank.pay(payment, yuan(11_800));
        for event in ["evt-2", "evt-2", "evt-1"] {
            shop.hook(event, payment).await;
        }
        shop.work().await;
        shop.hook("evt-0", payment).await;
        shop.pass(60 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        let steps = shop.steps(order).await;
        assert_eq!(steps.iter().filter(|step| *step == "paid").count(), 1);
        assert_eq!(shop.bundles().await, 1);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_webhook_that_never_comes_is_not_missed() {
    for shop in shops().await {
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.pass(MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_declined_payment_releases_the_wallet() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.bank.decline(payment);
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Expired);
        assert_eq!(shop.wallet().await, 4_600);
        shop.audit().await;
    }
}

#[tokio::test]
async fn an_order_with_another_open_payment_survives_a_decline() {
    for shop in shops().await {
        let (order, first) = shop.order(0).await;
        let with = super::shop::alipay();
        let again = orders::pay_again(&shop.desk, shop.buyer, order, &with, &payer(), "again").await.unwrap();
        shop.bank.decline(first);
        shop.hook("evt-1", first).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::AwaitingPayment);
        shop.bank.pay(again.payment.unwrap(), yuan(11_800));
        shop.hook("evt-2", again.payment.unwrap()).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        shop.audit().await;
    }
}

#[tokio::test]
async fn nobody_pays_and_the_order_expires() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, _) = shop.order(4_600).await;
        shop.pass(16 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Expired);
        assert_eq!(shop.wallet().await, 4_600);
        shop.audit().await;
    }
}

#[tokio::test]
async fn paid_after_expiry_it_is_taken_up_again() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.pass(16 * MINUTE_MS).await;
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.wallet().await, 0);
        shop.audit().await;
    }
}

#[tokio::test]
async fn paid_after_expiry_without_the_wallet_part_it_goes_back() {
    for shop in shops().await {
        shop.give(yuan(11_800)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.pass(16 * MINUTE_MS).await;
        shop.place(&shop.wish(11_800), "spends-it-elsewhere").await;
        shop.bank.pay(payment, yuan(7_200));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 0);
        assert_eq!(shop.bundles().await, 1, "only the other order");
        shop.audit().await;
    }
}

#[tokio::test]
async fn paid_after_expiry_at_another_price_it_goes_back() {
    for shop in shops().await {
        let (order, payment) = shop.order(0).await;
        shop.pass(16 * MINUTE_MS).await;
        let dearer = PLANS.replace("CNY = \"118\"", "CNY = \"128\"");
        catalog::apply(&shop.db, &shop.env, &dearer, &catalog::Conditions::default())
            .await
            .unwrap_or_else(|_| panic!());
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 0);
        assert_eq!(shop.bundles().await, 0);
        shop.audit().await;
    }
}

#[tokio::test]
async fn paid_twice_the_second_goes_back_to_its_source() {
    for shop in shops().await {
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.bank.kept(payment), 11_800);
        let steps = shop.steps(order).await;
        assert!(steps.contains(&"second_payment".to_owned()), "{steps:?}");
        assert!(steps.contains(&"second_payment_returned".to_owned()), "{steps:?}");
        shop.audit().await;
    }
}

#[tokio::test]
async fn two_payments_of_one_order_and_only_the_first_counts() {
    for shop in shops().await {
        let (order, first) = shop.order(0).await;
        let with = super::shop::alipay();
        let again = orders::pay_again(&shop.desk, shop.buyer, order, &with, &payer(), "again").await.unwrap();
        let second = again.payment.unwrap();
        for payment in [second, first] {
            shop.bank.pay(payment, yuan(11_800));
            shop.hook(&format!("evt-{payment}"), payment).await;
        }
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.bank.kept(first) + shop.bank.kept(second), 11_800);
        assert_eq!(shop.bundles().await, 1);
        shop.audit().await;
    }
}

#[tokio::test]
async fn another_amount_is_set_aside_for_a_person_who_sends_it_back() {
    for shop in shops().await {
        shop.give(yuan(4_600)).await;
        let (order, payment) = shop.order(4_600).await;
        shop.bank.pay(payment, yuan(7_199));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        assert_eq!(shop.wallet().await, 4_600);
        shop.audit().await;

        let cases = support::list(&mut shop.db.read().await.unwrap(), 10).await.unwrap();
        let case = cases.iter().find(|case| case.order == Some(order)).unwrap();
        let decision = support::Resolution::Decide(orders::Decision::ReturnWrongAmount);
        support::resolve(&shop.desk, "operator:li", &case.id, decision, "asked by phone").await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
        assert_eq!(shop.bank.kept(payment), 0);
        let again = support::resolve(&shop.desk, "operator:li", &case.id, decision, "again").await;
        assert_eq!(again.unwrap_err().key, "review-resolved");
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_cancelled_order_asks_for_no_money_and_other_peoples_orders_are_not_there() {
    for shop in shops().await {
        let (order, payment) = shop.order(0).await;
        let stranger = shop.env.new_id();
        let refused = orders::cancel(&shop.desk, stranger, order).await.unwrap_err();
        assert_eq!(refused.kind, basis::Kind::NotFound);
        orders::cancel(&shop.desk, shop.buyer, order).await.unwrap();
        assert_eq!(shop.state(order).await, OrderState::Expired);
        let again = orders::cancel(&shop.desk, shop.buyer, order).await.unwrap_err();
        assert_eq!(again.key, "order-over");
        shop.hook("evt-1", payment).await;
        shop.pass(60 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Expired);
        shop.audit().await;
    }
}

#[tokio::test]
async fn a_button_pressed_twice_begins_one_payment_and_nobody_begins_hundreds() {
    for shop in shops().await {
        let (order, _) = shop.order(0).await;
        let press = async |key: &str| {
            orders::pay_again(&shop.desk, shop.buyer, order, &alipay(), &payer(), key).await
        };
        let first = press("button").await.unwrap();
        assert_eq!(press("button").await.unwrap(), first);
        assert_eq!(shop.steps(order).await, ["placed", "payment_started", "payment_started"]);
        let mut refused = None;
        for number in 0..20 {
            refused = press(&format!("key-{number}")).await.err().or(refused);
        }
        assert_eq!(refused.unwrap().key, "order-too-many-payments");
        assert_eq!(press("button").await.unwrap(), first, "a repeat is no further payment");
        let payments = payments::of_order(&mut shop.db.read().await.unwrap(), order).await.unwrap();
        assert_eq!(payments.len(), 10);
    }
}

#[tokio::test]
async fn a_cancelled_orders_pay_page_is_closed_at_once_and_money_that_was_there_goes_back() {
    for shop in shops().await {
        let state =
            async |payment| payments::find(&mut shop.db.read().await.unwrap(), payment).await.unwrap().state;
        let (order, payment) = shop.order(0).await;
        orders::cancel(&shop.desk, shop.buyer, order).await.unwrap();
        assert_eq!(state(payment).await, payments::PaymentState::Cancelled);
        let page = payments::begin(&shop.db, &shop.env, &shop.desk.providers, payment, AT_DESK).await;
        assert_eq!(page.unwrap_err().key, "payments-over");

        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        orders::cancel(&shop.desk, shop.buyer, order).await.unwrap();
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Refunded, "who cancelled expects no delivery");
        assert_eq!((shop.bank.kept(payment), shop.bundles().await), (0, 0));
        assert_eq!(
            shop.steps(order).await,
            ["placed", "payment_started", "expired", "refunding", "refunded"]
        );
        shop.audit().await;
    }
}
