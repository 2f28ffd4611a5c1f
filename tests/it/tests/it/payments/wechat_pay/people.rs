//! What people do with a code or WeChat's page.

use basis::{DAY_MS, HOUR_MS, MINUTE_MS, Money, SECOND_MS};
use payments::{BillKind, Decline, Device, News, PayAt, PaymentState, Provider as _, ProviderError};
use paysim::{AnswerPlan, FaultPlan, Outcome, PayPlan};

use super::in_both;

#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_code_pays_and_the_message_brings_the_money() {
    in_both(async |shop| {
        let (order, payment, _) = shop.paid(1).await;
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        assert!(matches!(shop.told()[..], [News::Captured { .. }]));
        assert_eq!(shop.order_money(order).await.deferred.minor, 7200);
        let transaction = shop.payment(payment).await.provider_ref.unwrap();
        assert!(
            transaction.len() == 28 && transaction.bytes().all(|byte| byte.is_ascii_digit()),
            "{transaction}"
        );
        shop.later(6 * SECOND_MS).await;
        assert_eq!(shop.told(), [], "the regular look finds nothing to do");
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_sent_to_wechats_page_and_comes_back() {
    in_both(async |shop| {
        let payment = shop.create(shop.env.new_id(), 7200).await;
        let PayAt::Page(page) =
            shop.begin_at(payment, Device::Phone(payments::System::Android)).await.unwrap()
        else {
            panic!("no page")
        };
        let origins = &shop.wechat.capabilities().pay_origins;
        assert!(
            page.starts_with(&origins[0]) && page.contains("redirect_url=https%3A%2F%2Fshop.example%2F"),
            "{page}"
        );
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let from_nowhere = browser.get(&page).send().await.unwrap();
        assert_eq!(from_nowhere.status(), 403, "it wants to know which shop sends the payer");
        let sent = browser.get(&page).header("referer", "https://shop.example/").send().await.unwrap();
        let pay_page = format!("{}{}", shop.paysim.url(), sent.headers()["location"].to_str().unwrap());
        let paid = browser
            .post(pay_page)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("result=ok")
            .send()
            .await
            .unwrap();
        assert_eq!(paid.headers()["location"], "https://shop.example/orders/1?a=b");
        shop.after_hooks(1).await;
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_comes_is_covered_by_looking() {
    in_both(async |shop| {
        let (_, payment, theirs) = shop.open_one().await;
        shop.pay(&theirs, Outcome::Lost).await;
        shop.later(4 * SECOND_MS).await;
        assert_eq!(shop.state(payment).await, PaymentState::Pending);
        shop.later(SECOND_MS).await;
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_and_cancelled_are_found_by_looking_for_wechat_tells_only_of_money() {
    in_both(async |shop| {
        for (outcome, state, news) in [
            (Outcome::Declined, PaymentState::Failed, News::Failed(Decline::Soft)),
            (Outcome::Cancel, PaymentState::Cancelled, News::Cancelled),
        ] {
            let (_, payment, theirs) = shop.open_one().await;
            shop.pay(&theirs, outcome).await;
            shop.later(5 * SECOND_MS).await;
            assert_eq!((shop.state(payment).await, shop.told()), (state, vec![news]));
        }
        assert!(shop.messages.lock().unwrap().is_empty());
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_code_runs_out_and_a_late_payer_still_counts() {
    in_both(async |shop| {
        let (order, payment, theirs) = shop.open_one().await;
        for _ in 0..31 {
            shop.later(MINUTE_MS).await;
        }
        assert_eq!(shop.state(payment).await, PaymentState::Cancelled);
        shop.pay(&theirs, Outcome::Lost).await;
        shop.later(10 * MINUTE_MS).await;
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        assert_eq!(shop.order_money(order).await.deferred.minor, 7200);
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_typing_a_password_has_not_paid_yet() {
    in_both(async |shop| {
        for (plan, end) in [
            (PayPlan::Later { after_ms: 20 * SECOND_MS }, PaymentState::Captured),
            (PayPlan::FailLater { after_ms: 20 * SECOND_MS }, PaymentState::Failed),
        ] {
            let (_, payment, theirs) = shop.open_one().await;
            shop.faults(&theirs, FaultPlan { pay: plan, ..FaultPlan::default() }).await;
            shop.pay(&theirs, Outcome::Lost).await;
            shop.later(6 * SECOND_MS).await;
            assert_eq!(shop.state(payment).await, PaymentState::Pending);
            shop.clock.advance_ms(25 * SECOND_MS);
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            shop.work().await;
            assert_eq!(shop.state(payment).await, end);
        }
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_order_is_paid_once_and_of_two_codes_the_later_goes_back() {
    in_both(async |shop| {
        let order = shop.env.new_id();
        let (first, second) = (shop.create(order, 7200).await, shop.create(order, 7200).await);
        let (one, two) = (shop.show_code(first).await, shop.show_code(second).await);
        shop.pay(&two, Outcome::Twice).await;
        shop.after_hooks(1).await;
        assert!(shop.paysim.pay(&two, Outcome::Ok).await.is_err(), "WeChat takes no order's money twice");
        shop.pay(&one, Outcome::Ok).await;
        shop.after_hooks(2).await;
        // And the refund's own message.
        shop.after_hooks(3).await;
        assert_eq!(shop.state(second).await, PaymentState::Captured);
        assert_eq!(shop.state(first).await, PaymentState::Refunded);
        let money = shop.order_money(order).await;
        assert_eq!((money.deferred.minor, money.returned_to_source.minor), (7200, 7200));
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_whose_answer_is_lost_opens_the_same_code_again() {
    in_both(async |shop| {
        for answer in [AnswerPlan::Reset, AnswerPlan::LoseAnswer, AnswerPlan::FailBefore] {
            let payment = shop.create(shop.env.new_id(), 7200).await;
            shop.faults_of_opening(FaultPlan { answer, ..FaultPlan::default() }).await;
            let lost = shop.begin_at(payment, Device::Desktop).await.unwrap_err();
            assert_eq!(lost.key, "payments-provider-silent");
            let theirs = shop.show_code(payment).await;
            let known = shop.paysim.by_reference(&payment.to_string()).await;
            assert_eq!(known.iter().map(|payment| &payment.id).collect::<Vec<_>>(), [&theirs]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_code_cannot_be_paid_and_a_paid_one_cannot_be_closed() {
    in_both(async |shop| {
        let (_, open, theirs) = shop.open_one().await;
        let facts = payments::cancel(&shop.db, &shop.providers, open).await.unwrap();
        assert_eq!(facts.status, payments::Status::Cancelled);
        assert!(shop.paysim.pay(&theirs, Outcome::Ok).await.is_err());
        let (_, paid, theirs) = shop.open_one().await;
        shop.pay(&theirs, Outcome::Lost).await;
        let facts = payments::cancel(&shop.db, &shop.providers, paid).await.unwrap();
        assert_eq!(facts.captures[0].amount, Money::new(7200, basis::Currency::CNY));
        let unknown = shop.create(shop.env.new_id(), 100).await;
        let facts = payments::cancel(&shop.db, &shop.providers, unknown).await.unwrap();
        assert_eq!(facts.status, payments::Status::Absent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bill_of_a_day_has_every_movement_with_its_fee() {
    in_both(async |shop| {
        let (order, payment, _) = shop.paid(1).await;
        let refund = shop.refund(order, payment, 2200).await;
        let beijing = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        let now = jiff::Timestamp::from_millisecond(shop.env.now().as_ms()).unwrap();
        let day = now.to_zoned(beijing.clone()).date();
        let midnight = day.to_zoned(beijing).unwrap().timestamp();
        assert_eq!(shop.wechat.bill(day, None).await, Err(ProviderError::NotFound), "it is not out yet");
        let out_in = midnight.as_millisecond() + 34 * HOUR_MS - shop.env.now().as_ms();
        shop.clock.advance_ms(out_in);
        let lines = shop.wechat.bill(day, None).await.unwrap().lines;
        let line = |kind| lines.iter().find(|line| line.kind == kind).unwrap();
        let paid = line(BillKind::Payment);
        assert_eq!((paid.reference.clone(), paid.gross.minor), (payment.to_string(), 7200));
        assert_eq!((paid.fee.minor, paid.net.minor), (72, 7128));
        assert_eq!(Some(&paid.provider_ref), shop.payment(payment).await.provider_ref.as_ref());
        let back = line(BillKind::Refund);
        assert_eq!(
            (back.reference.clone(), back.gross.minor, back.net.minor),
            (refund.reference(), -2200, -2200)
        );
        assert_eq!(Some(&back.provider_ref), shop.refund_now(refund.id).await.provider_ref.as_ref());
        assert_eq!(lines.len(), 2);
        shop.clock.advance_ms(DAY_MS);
        let tomorrow = shop.wechat.bill(day.tomorrow().unwrap(), None).await.unwrap();
        assert!(tomorrow.lines.is_empty(), "a day without anything");
    })
    .await;
}
