//! Refunds, disputes, charges without the payer, lists and settlement at Stripe.

use basis::{Currency, DAY_MS, Id, MINUTE_MS, Money, Order, Payment, SECOND_MS, Timestamp};
use ledger::Book;
use payments::{
    BillKind, BillLine, ChargeRequest, Decline, Facts, NewPayment, NewRefund, PaymentState, Provider, Refund,
    RefundState, Status,
};
use paysim::{AnswerPlan, ChargePlan, FaultPlan, Outcome, RefundPlan};
use store::in_tx;

use super::super::World;
use super::{ACCOUNT, at_stripe, by_card, stripe_of};

async fn paid(world: &World, order: Id<Order>) -> (Id<Payment>, String) {
    let (payment, session) = world.open(by_card(world, order)).await;
    let before = world.hooks.lock().unwrap().len();
    world.pay(&session, Outcome::Ok).await;
    world.after_hooks(before + 1).await;
    (payment, session)
}

async fn refund(world: &World, payment: Id<Payment>, order: Id<Order>, minor: i64) -> Refund {
    let new = NewRefund {
        payment,
        capture_ref: None,
        amount: Money::new(minor, Currency::CNY),
        from: Book::Deferred,
        order: Some(order),
        reason: "not delivered".into(),
        request_key: format!("{order}:{minor}"),
    };
    in_tx!(world.db, |tx| { payments::start_refund(tx, &world.env, new.clone()).await }).unwrap()
}

async fn state(world: &World, refund: &Refund) -> RefundState {
    payments::find_refund(&mut world.db.read().await.unwrap(), refund.id).await.unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_in_parts_and_each_part_once() {
    at_stripe(async |world: World| {
        let order = Id::from_u128(1);
        let (payment, session) = paid(&world, order).await;
        let part = refund(&world, payment, order, 2200).await;
        world.work().await;
        world.after_hooks(2).await;
        assert_eq!(state(&world, &part).await, RefundState::Succeeded);
        assert_eq!(world.state(payment).await, PaymentState::PartlyRefunded);
        world.faults(&session, FaultPlan { answer: AnswerPlan::Reset, ..FaultPlan::default() }).await;
        let rest = refund(&world, payment, order, 5000).await;
        world.work().await;
        world.later(MINUTE_MS).await;
        world.work().await;
        assert_eq!(state(&world, &rest).await, RefundState::Succeeded);
        assert_eq!(world.state(payment).await, PaymentState::Refunded);
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_can_take_its_time_fail_or_be_refused() {
    at_stripe(async |world: World| {
        let after_ms = 5 * MINUTE_MS;
        for (plan, end) in [
            (RefundPlan::Later { after_ms }, RefundState::Succeeded),
            (RefundPlan::FailLater { after_ms }, RefundState::Failed),
            (RefundPlan::Refuse, RefundState::Failed),
        ] {
            let order = world.env.new_id();
            let (payment, session) = paid(&world, order).await;
            world.faults(&session, FaultPlan { refund: plan, ..FaultPlan::default() }).await;
            let refund = refund(&world, payment, order, 7200).await;
            let before = world.hooks.lock().unwrap().len();
            world.work().await;
            if plan != RefundPlan::Refuse {
                world.after_hooks(before + 1).await;
                assert_eq!(state(&world, &refund).await, RefundState::Pending);
                world.clock.advance_ms(after_ms);
                world.after_hooks(before + 2).await;
            }
            assert_eq!(state(&world, &refund).await, end);
        }
        world.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispute_is_heard_although_it_carries_none_of_our_names() {
    at_stripe(async |world: World| {
        let (payment, session) = paid(&world, Id::from_u128(1)).await;
        world.paysim.dispute(&session).await.unwrap();
        world.after_hooks(2).await;
        assert_eq!(world.state(payment).await, PaymentState::Disputed);
        assert_eq!(world.hooks.lock().unwrap()[..], [204, 204]);
        world.paysim.end_dispute(&session, false).await.unwrap();
        world.after_hooks(3).await;
        let day = "2026-09-21".parse().unwrap();
        let bill = world.providers.get("stripe").unwrap().bill(day, None).await.unwrap().lines;
        let reference = payment.to_string();
        let lost = |line: &&BillLine| line.kind == BillKind::Dispute && line.reference == reference;
        assert_eq!(bill.iter().find(lost).unwrap().gross.minor, -7200);
    })
    .await;
}

/// A card that its payer let us keep.
async fn kept(world: &World) -> String {
    let new = NewPayment { save_method: true, ..by_card(world, world.env.new_id()) };
    let (_, session) = world.open(new).await;
    world.pay(&session, Outcome::Lost).await;
    world.later(5 * SECOND_MS).await;
    let saved = payments::saved_methods(&mut world.db.read().await.unwrap(), Id::from_u128(7)).await.unwrap();
    assert_eq!(saved[0].label, "Visa ···· 4242");
    saved[0].reference.clone()
}

fn charge_of(world: &World, saved: &str) -> ChargeRequest {
    ChargeRequest {
        payment: world.env.new_id(),
        payer: Id::from_u128(7),
        amount: Money::new(3600, Currency::CNY),
        saved: saved.to_owned(),
        description: "日本 20 GB".into(),
        return_url: "http://127.0.0.1/orders/1".into(),
        notify_url: String::new(),
    }
}

async fn charge(world: &World, request: &ChargeRequest, plan: ChargePlan) -> Facts {
    let kept = request.saved.split_once("/pm_").unwrap().1;
    let plan = FaultPlan { charge: plan, ..FaultPlan::default() };
    world.faults(&format!("sm_{kept}"), plan).await;
    world.providers.get("stripe").unwrap().charge(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_card_is_charged_without_its_payer_once() {
    at_stripe(async |world: World| {
        let saved = kept(&world).await;
        let request = charge_of(&world, &saved);
        let first = charge(&world, &request, ChargePlan::Succeed).await;
        assert_eq!((&first.status, first.captures[0].amount.minor), (&Status::Captured, 3600));
        assert_eq!(first.reference, request.payment.to_string());
        // Stripe has forgotten the key by then, and would charge again.
        world.clock.advance_ms(2 * DAY_MS);
        assert_eq!(charge(&world, &request, ChargePlan::Succeed).await, first);
        for (plan, decline) in
            [(ChargePlan::SoftDecline, Decline::Soft), (ChargePlan::HardDecline, Decline::Hard)]
        {
            let request = charge_of(&world, &saved);
            let refused = charge(&world, &request, plan).await;
            assert_eq!((refused.status, refused.captures.len()), (Status::Declined(decline), 0));
        }
        assert_eq!(world.paysim.books().await.captured_minor["CNY"], 7200 + 3600);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_whose_answer_is_lost_is_found_and_not_repeated() {
    at_stripe(async |world: World| {
        let saved = kept(&world).await;
        let name = format!("sm_{}", saved.split_once("/pm_").unwrap().1);
        for answer in [AnswerPlan::LoseAnswer, AnswerPlan::Reset, AnswerPlan::FailBefore] {
            let before = world.paysim.books().await.captured_minor["CNY"];
            let request = charge_of(&world, &saved);
            world.faults(&name, FaultPlan { answer, ..FaultPlan::default() }).await;
            let stripe = world.providers.get("stripe").unwrap();
            assert!(stripe.charge(&request).await.is_err());
            let facts = stripe.charge(&request).await.unwrap();
            assert_eq!(facts.captures.len(), 1);
            assert_eq!(world.paysim.books().await.captured_minor["CNY"], before + 3600);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_bank_wants_to_see_the_payer_they_get_a_page_for_the_same_payment() {
    at_stripe(async |world: World| {
        let saved = kept(&world).await;
        let request = charge_of(&world, &saved);
        let asked = charge(&world, &request, ChargePlan::PayerMustAct).await;
        let Status::PayerMustAct(url) = &asked.status else { panic!("{asked:?}") };
        let session = url.rsplit('/').next().unwrap();
        assert_eq!(asked.provider_ref.as_deref(), Some(session));
        assert_eq!(charge(&world, &request, ChargePlan::PayerMustAct).await, asked, "asked again, one page");
        world.pay(session, Outcome::Ok).await;
        let stripe = world.providers.get("stripe").unwrap();
        let named = payments::PaymentRef { payment: request.payment, provider_ref: None };
        let paid = stripe.query(&named).await.unwrap();
        assert_eq!((&paid.status, &paid.provider_ref), (&Status::Captured, &asked.provider_ref));
        assert_eq!(paid.captures[0].amount.minor, 3600);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_settlement_show_every_cent_over_many_pages() {
    at_stripe(async |world: World| {
        let from = world.env.now();
        for _ in 0..120 {
            let (_, session) = world.open(by_card(&world, world.env.new_id())).await;
            world.pay(&session, Outcome::Lost).await;
        }
        let order = world.env.new_id();
        let (payment, _) = paid(&world, order).await;
        refund(&world, payment, order, 700).await;
        world.work().await;
        let stripe = world.providers.get("stripe").unwrap();
        let listed = stripe.list(from, from.plus_ms(SECOND_MS)).await.unwrap();
        assert_eq!(listed.iter().map(|facts| facts.captures.len()).sum::<usize>(), 121);
        assert_eq!(stripe.list(Timestamp(0), from).await.unwrap(), []);
        let day = "2026-09-21".parse().unwrap();
        let mut page = stripe.bill(day, None).await.unwrap();
        let mut bill = page.lines;
        while let Some(next) = page.next {
            page = stripe.bill(day, Some(&next)).await.unwrap();
            bill.extend(page.lines);
        }
        let sum =
            |kind| bill.iter().filter(|line| line.kind == kind).map(|line| line.gross.minor).sum::<i64>();
        assert_eq!((sum(BillKind::Payment), sum(BillKind::Refund)), (121 * 7200, -700));
        assert!(bill.iter().all(BillLine::is_whole));
        let of_payment = bill.iter().find(|line| line.reference == payment.to_string()).unwrap();
        assert_eq!((of_payment.fee.minor, of_payment.net.minor), (72, 7128));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_account_is_found_out() {
    at_stripe(async |world: World| {
        let (payment, session) = paid(&world, Id::from_u128(1)).await;
        let named = payments::PaymentRef { payment, provider_ref: Some(session) };
        for (account, ours) in [(ACCOUNT, true), ("acct_other", false), ("", true)] {
            let facts = stripe_of(&world.paysim, account).query(&named).await.unwrap();
            assert_eq!(facts.merchant_is_ours, ours, "{account}");
        }
    })
    .await;
}
