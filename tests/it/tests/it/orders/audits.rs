//! What an audit is for: books that are broken by hand, and are named.

use basis::{Id, MINUTE_MS, Order};
use charging::Credit;
use ledger::{Book, Kind, NewTransfer};
use orders::{Decision, Intent, OrderState, PlaceInput};
use store::{in_tx, jobs::NewJob, sql};
use support::Resolution;

use super::carrier::Fault;
use super::shop::{AT_DESK, Shop, shops, yuan};

impl Shop {
    /// What the operator's audit says, in words.
    pub(super) async fn complaints(&self) -> Vec<String> {
        self.desk.charging.catch_up().await.unwrap();
        let mut conn = self.db.read().await.unwrap();
        let mut found = ledger::audit(&mut conn).await.unwrap();
        found.extend(payments::audit(&mut conn).await.unwrap());
        found.extend(orders::audit(&mut conn, &self.desk.carriers).await.unwrap());
        found.extend(support::audit(&mut conn).await.unwrap());
        found.into_iter().map(|difference| format!("{}: {}", difference.subject, difference.what)).collect()
    }

    async fn is_named(&self, order: Id<Order>, what: &str) {
        let found = self.complaints().await;
        let named = found.iter().any(|said| said.starts_with(&order.to_string()) && said.contains(what));
        assert!(named, "{what}: {found:?}");
    }

    /// An order that was paid, and whose money is back.
    async fn refunded(&self) -> Id<Order> {
        self.wire.breaks(Fault::Refuses);
        let (order, payment) = self.order(0).await;
        self.bank.pay(payment, yuan(11_800));
        self.hook(&format!("evt-{payment}"), payment).await;
        self.pass(12 * MINUTE_MS).await;
        self.wire.breaks(Fault::None);
        order
    }

    async fn case_of(&self, order: Id<Order>) -> support::CaseId {
        let cases = support::list(&mut self.db.read().await.unwrap(), 10).await.unwrap();
        cases.into_iter().find(|case| case.order == Some(order)).unwrap().id
    }
}

#[tokio::test]
async fn a_refund_that_nothing_finishes_is_named() {
    for shop in shops().await {
        let order = shop.refunded().await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        in_tx!(shop.db, |tx| {
            sql!("UPDATE orders SET state = 'refunding' WHERE id = $1").bind(order).run(tx).await
        })
        .unwrap();
        shop.is_named(order, "nothing will end it").await;
    }
}

#[tokio::test]
async fn a_refund_whose_job_is_dead_is_named() {
    for shop in shops().await {
        let order = shop.refunded().await;
        in_tx!(shop.db, |tx| {
            sql!("UPDATE orders SET state = 'refunding' WHERE id = $1").bind(order).run(tx).await?;
            sql!("UPDATE payment_refund SET state = 'sending' WHERE order_id = $1").bind(order).run(tx).await?;
            sql!("INSERT INTO job (id, kind, key, payload, state, run_at, attempts, created_at) \
                  SELECT 'job_00000000000000000000000001', 'refund.send', id, '', 'dead', 0, 40, 0 FROM payment_refund WHERE order_id = $1")
            .bind(order)
            .run(tx)
            .await
        })
        .unwrap();
        shop.is_named(order, "a refund that nothing sends").await;
    }
}

#[tokio::test]
async fn a_refund_that_is_sent_again_is_no_difference() {
    for shop in shops().await {
        shop.bank.refuse_refunds(true);
        let order = shop.refunded().await;
        assert_eq!(shop.state(order).await, OrderState::Refunding);
        shop.bank.refuse_refunds(false);
        shop.bank.silent_on_refunds(true);
        let again = Resolution::Decide(Decision::RetryRefund);
        support::resolve(&shop.desk, "operator:li", &shop.case_of(order).await, again, "").await.unwrap();
        shop.work().await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        shop.bank.silent_on_refunds(false);
        shop.pass(MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Refunded);
    }
}

#[tokio::test]
async fn a_replaced_bundle_that_nothing_closes_is_named() {
    for shop in shops().await {
        let (old, _) = shop.bought().await;
        let wish = PlaceInput { intent: Intent::ChangeNow { old }, ..shop.wish(0) };
        let placed = shop.place(&wish, "change").await;
        let payment = placed.payment.unwrap();
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-change", payment).await;
        shop.work().await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        in_tx!(shop.db, |tx| {
            sql!("UPDATE orders SET closed_at = NULL, credit_minor = 0 WHERE id = $1").bind(old).run(tx).await
        })
        .unwrap();
        shop.is_named(placed.order, "nothing will close").await;
    }
}

#[tokio::test]
async fn a_delivery_that_nobody_paid_is_named() {
    for shop in shops().await {
        let (waiting, _) = shop.order(0).await;
        let unknown = shop.env.new_id();
        for order in [waiting, unknown] {
            let record = shop.record(waiting).await;
            let credit = Credit { pool: shop.line.pool, order, line: Some(record.line), terms: record.terms };
            shop.desk.charging.credit(credit).await.unwrap();
            shop.is_named(order, "delivered").await;
        }
    }
}

#[tokio::test]
async fn an_order_at_a_person_is_not_dismissed_and_without_a_case_it_is_named() {
    for shop in shops().await {
        shop.wire.breaks(Fault::CannotVoid);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.pass(12 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        let case = shop.case_of(order).await;
        let refused = support::resolve(&shop.desk, "operator:li", &case, Resolution::Dismiss, "").await;
        assert_eq!(refused.unwrap_err().key, "review-order-waits");
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        in_tx!(shop.db, |tx| {
            sql!("UPDATE review SET resolved_at = 1 WHERE order_id = $1").bind(order).run(tx).await
        })
        .unwrap();
        shop.is_named(order, "no case").await;
    }
}

#[tokio::test]
async fn what_the_carrier_knows_to_be_delivered_is_not_refunded_on_a_persons_word() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Deaf);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.pass(100 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        shop.wire.breaks(Fault::None);
        let decide = async |decision| orders::decide(&shop.desk, "operator:li", order, decision, "").await;
        assert_eq!(decide(Decision::RefundConfirmed).await.unwrap_err().key, "order-carrier-disagrees");
        decide(Decision::DeliveredConfirmed).await.unwrap();
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn what_the_carrier_has_voided_is_not_earned_on_a_persons_word() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Silent);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.pass(100 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        shop.desk.charging.void(shop.line.pool, order).await.unwrap();
        shop.wire.breaks(Fault::None);
        let decide = async |decision| orders::decide(&shop.desk, "operator:li", order, decision, "").await;
        assert_eq!(decide(Decision::DeliveredConfirmed).await.unwrap_err().key, "order-carrier-disagrees");
        decide(Decision::RefundConfirmed).await.unwrap();
        shop.work().await;
        assert_eq!(shop.bank.kept(payment), 0);
        assert_eq!(shop.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_wrong_amount_for_an_order_that_is_paid_can_be_sent_back() {
    for shop in shops().await {
        let (order, first) = shop.order(0).await;
        let with = super::shop::alipay();
        let payer = super::shop::payer();
        let second = orders::pay_again(&shop.desk, shop.buyer, order, &with, &payer, "second").await.unwrap();
        shop.bank.pay(first, yuan(11_800));
        shop.hook("evt-1", first).await;
        shop.work().await;
        let second = second.payment.unwrap();
        shop.bank.pay(second, yuan(5));
        shop.hook("evt-2", second).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Active);
        let back = Resolution::Decide(Decision::ReturnWrongAmount);
        support::resolve(&shop.desk, "operator:li", &shop.case_of(order).await, back, "").await.unwrap();
        shop.work().await;
        assert_eq!((shop.bank.kept(first), shop.bank.kept(second)), (11_800, 0));
        assert_eq!(shop.state(order).await, OrderState::Active);
        assert_eq!(shop.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_wrong_amount_for_a_wallet_can_be_sent_back() {
    for shop in shops().await {
        let wish = payments::TopUp {
            account: shop.buyer,
            amount: yuan(10_000),
            method: payments::Method::Card,
            description: "Wallet".to_owned(),
            language: basis::Language::En,
            return_url: "https://shop.example/wallet".to_owned(),
            payer: AT_DESK,
            request_key: "top-up".to_owned(),
        };
        let opened = payments::top_up(&shop.db, &shop.env, &shop.desk.providers, wish).await.unwrap().0;
        shop.bank.pay(opened.id, yuan(9_999));
        shop.hook("evt-1", opened.id).await;
        shop.work().await;
        assert_eq!(shop.wallet().await, 0);
        let cases = support::list(&mut shop.db.read().await.unwrap(), 10).await.unwrap();
        let case = cases.iter().find(|case| case.reason == "wrong_amount").unwrap();
        let back = Resolution::Decide(Decision::ReturnWrongAmount);
        support::resolve(&shop.desk, "operator:li", &case.id, back, "").await.unwrap();
        shop.work().await;
        assert_eq!((shop.bank.kept(opened.id), shop.wallet().await), (0, 0));
        assert_eq!(shop.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_refund_of_a_delivery_that_died_half_way_goes_on_by_itself_and_without_its_job_is_named() {
    for shop in shops().await {
        let (order, payment) = shop.bought().await;
        // What is left by a death between the log's row and the shop's: the bundle is closed, the order is not.
        shop.desk.charging.close(shop.line.pool, order).await.unwrap();
        shop.is_named(order, "nothing gives its money back").await;
        let job = orders::RefundJob { order, amount: yuan(11_800) };
        in_tx!(shop.db, |tx| {
            let key = order.to_string();
            let new = NewJob { kind: orders::REFUND, key, payload: &job, run_at: shop.env.now() };
            store::jobs::enqueue(tx, &shop.env, new).await
        })
        .unwrap();
        assert_eq!(shop.complaints().await, Vec::<String>::new(), "its job stands");
        shop.work().await;
        assert_eq!((shop.state(order).await, shop.bank.kept(payment)), (OrderState::Refunded, 0));
        orders::refund_delivered(&shop.desk, job).await.unwrap();
        shop.work().await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_end_of_a_refund_is_told_once_however_often_its_job_runs() {
    for shop in shops().await {
        let (order, first) = shop.order(0).await;
        let (with, payer) = (super::shop::alipay(), super::shop::payer());
        let again = orders::pay_again(&shop.desk, shop.buyer, order, &with, &payer, "k").await.unwrap();
        let second = again.payment.unwrap();
        for payment in [first, second] {
            shop.bank.pay(payment, yuan(11_800));
            shop.hook(&format!("evt-{payment}"), payment).await;
            shop.work().await;
        }
        let told = shop.steps(order).await;
        assert_eq!(told.last().map(String::as_str), Some("second_payment_returned"), "{told:?}");
        let refunds = payments::refunds_of_order(&mut shop.db.read().await.unwrap(), order).await.unwrap();
        let done = payments::RefundDone {
            refund: refunds[0].id,
            payment: refunds[0].payment,
            order: Some(order),
            succeeded: true,
        };
        orders::refund_done(&shop.desk, done).await.unwrap();
        assert_eq!(shop.steps(order).await, told);
    }
}

#[tokio::test]
async fn money_that_came_from_nowhere_went_nowhere_or_was_earned_twice_is_named() {
    for shop in shops().await {
        let (order, payment) = shop.bought().await;
        assert_eq!(shop.complaints().await, Vec::<String>::new());
        let (wallet, bank) = (Book::Wallet(shop.buyer), Book::Clearing("bank".to_owned()));
        let post = async |name: &str, kind, debit: Book, credit: Book| {
            let new = NewTransfer::new(name, kind, debit, credit, yuan(700)).order(order);
            let new = if name == "nobody" { NewTransfer { order: None, ..new } } else { new };
            in_tx!(shop.db, |tx| { ledger::post(tx, &shop.env, new.clone()).await }).unwrap();
        };
        let is_said = async |what: &str| {
            let found = shop.complaints().await;
            assert!(found.iter().any(|said| said.contains(what)), "{what}: {found:?}");
        };
        post("nobody", Kind::PlanChange, Book::Revenue, wallet.clone()).await;
        is_said("credited out of nowhere by nobody").await;
        post("unearned", Kind::PlanChange, Book::Revenue, wallet.clone()).await;
        shop.is_named(order, "its wallet got another sum").await;
        post("uncaptured", Kind::TopUp, bank, wallet).await;
        is_said("provider bank CNY: payments").await;
        post("earned-twice", Kind::Earned, Book::Deferred, Book::Revenue).await;
        shop.is_named(order, "less than nothing").await;
        in_tx!(shop.db, |tx| {
            sql!("UPDATE ledger_transfer SET reference = 'lost' WHERE reference LIKE 'capture:%'")
                .run(tx)
                .await
        })
        .unwrap();
        let found = shop.complaints().await;
        let named =
            |said: &String| said.starts_with(&payment.to_string()) && said.contains("reached no book");
        assert!(found.iter().any(named), "{found:?}");
    }
}
