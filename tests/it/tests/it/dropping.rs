//! `heyon jobs drop`: what an operator may forget, and what nobody may.

use basis::{Id, Job, MINUTE_MS, Order};
use heyon::admin::forget_job;
use orders::{OrderJob, OrderState};
use store::in_tx;
use store::jobs::{self, JobRow, NewJob};

use crate::orders::carrier::Fault;
use crate::orders::shop::{Shop, shops, yuan};

const LI: (&str, &str) = ("operator:li", "nobody reads it");

async fn standing(shop: &Shop, kind: &str) -> Option<JobRow> {
    let jobs = jobs::list(&mut shop.db.read().await.unwrap(), 100).await.unwrap();
    jobs.into_iter().find(|job| job.kind == kind)
}

async fn trail(shop: &Shop, job: Id<Job>) -> Vec<String> {
    let mut conn = shop.db.read().await.unwrap();
    let entries = store::audit::of_subject(&mut conn, &job.to_string(), 10).await.unwrap();
    entries.iter().map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.detail)).collect()
}

async fn queue(shop: &Shop, kind: &'static str, order: Id<Order>) -> Id<Job> {
    let (key, run_at) = (order.to_string(), shop.env.now().plus_ms(MINUTE_MS));
    in_tx!(shop.db, |tx| {
        let job = NewJob { kind, key: key.clone(), payload: &OrderJob { order }, run_at };
        jobs::enqueue(tx, &shop.env, job).await
    })
    .unwrap();
    standing(shop, kind).await.unwrap().id
}

#[tokio::test]
async fn a_mail_that_nobody_will_read_goes_and_the_trail_says_why() {
    for shop in shops().await {
        let texts = accounts::mail::Letterhead {
            subject: "accounts-mail-reset-subject",
            body: "accounts-mail-reset-body",
            button: None,
        };
        let mail = accounts::mail::NewMail::new("nobody@example.com", basis::Language::En, &texts);
        in_tx!(shop.db, |tx| { accounts::mail::queue(tx, &shop.env, mail.clone()).await }).unwrap();
        let job = standing(&shop, "mail.send").await.unwrap();
        let gone = forget_job(&shop.db, &shop.env, LI, job.id).await.unwrap();
        assert_eq!(gone.map(|job| job.kind).as_deref(), Some("mail.send"));
        assert!(standing(&shop, "mail.send").await.is_none());
        let [entry] = &trail(&shop, job.id).await[..] else { panic!("one entry") };
        assert!(entry.starts_with("operator:li job.drop") && entry.contains("nobody reads it"), "{entry}");
        assert!(forget_job(&shop.db, &shop.env, LI, job.id).await.unwrap().is_none(), "only once");
    }
}

#[tokio::test]
async fn what_money_or_a_delivery_hangs_on_stays() {
    for shop in shops().await {
        shop.wire.breaks(Fault::Silent);
        let (order, payment) = shop.order(0).await;
        let refused = async |kind: &str| {
            let job = standing(&shop, kind).await.unwrap_or_else(|| panic!("no {kind} stands"));
            let refused = forget_job(&shop.db, &shop.env, LI, job.id).await.unwrap_err();
            assert_eq!(refused.key, "job-needed", "{kind}");
            assert!(standing(&shop, kind).await.is_some() && trail(&shop, job.id).await.is_empty(), "{kind}");
        };
        for kind in ["order.expire", "payment.check", "line.open"] {
            refused(kind).await;
        }
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        assert_eq!(shop.state(order).await, OrderState::Delivering);
        refused("order.fulfil").await;
    }
}

#[tokio::test]
async fn an_order_that_waits_for_a_person_lets_its_work_go_but_not_its_case() {
    for shop in shops().await {
        shop.wire.breaks(Fault::CannotVoid);
        let (order, payment) = shop.order(0).await;
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.pass(30 * MINUTE_MS).await;
        assert_eq!(shop.state(order).await, OrderState::Review);
        let job = queue(&shop, orders::FULFIL, order).await;
        assert!(forget_job(&shop.db, &shop.env, LI, job).await.unwrap().is_some());
        for kind in [orders::REVIEW, orders::RECEIPT] {
            let case = queue(&shop, kind, order).await;
            assert_eq!(forget_job(&shop.db, &shop.env, LI, case).await.unwrap_err().key, "job-needed");
        }
    }
}
