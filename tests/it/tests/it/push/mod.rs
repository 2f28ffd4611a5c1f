//! Stories of notifications on their way to devices, by a push service that speaks the real protocol, on both engines.

mod devices;
mod orders;
pub(crate) mod phone;
pub(crate) mod service;

use std::{sync::Arc, time::Duration};

use accounts::{Guards, Limits, SignedIn};
use basis::{DAY_MS, Env, HOUR_MS, MINUTE_MS, ManualClock, Problem, SECOND_MS, SecretKey, Timestamp};
use push::{Desk, News, Notice, Services, Subscription};
use store::{
    Db, in_tx,
    jobs::{self, JobRow, NewJob, Next, Worker},
};
use tokio::sync::{Notify, watch};

use self::service::PushService;
use crate::people::{PASSWORD, Town, from, towns};

const LIN: &str = "lin@example.com";

/// A desk that sends to this service and nowhere else.
pub(crate) async fn desk(db: &Db, env: &Env, service: &PushService) -> Desk {
    let services = Services::read(std::slice::from_ref(&service.origin)).unwrap();
    let key = SecretKey::new([9; 32]);
    Desk::open(db, env, &key, services, "https://shop.example/").await.unwrap()
}

/// A town whose people have devices.
struct Street {
    town: Town,
    /// Hardly a limit.
    guards: Guards,
    service: PushService,
    desk: Desk,
}

async fn streets() -> Vec<Street> {
    let mut streets = Vec::new();
    for town in towns().await {
        let clock: &Arc<ManualClock> = &town.clock;
        let service = PushService::start(clock).await;
        let desk = desk(town.db(), &town.env, &service).await;
        let limits = Limits::relaxed(town.guards.key.clone(), 1000);
        let guards = Guards { limits, ..town.guards.clone() };
        streets.push(Street { town, guards, service, desk });
    }
    streets
}

fn notice(town: &Town, title: &str) -> Notice {
    let news = News { about: "order:1".to_owned(), until: town.env.now().plus_ms(HOUR_MS), urgent: false };
    let (title, body, path) = (title.to_owned(), "It says so.".to_owned(), "/orders/ord_1".to_owned());
    Notice { title, body, path, news }
}

impl Street {
    fn worker(&self) -> Worker {
        push::handlers(Worker::new(self.town.db(), &self.town.env, "test"), &self.desk)
    }

    /// Sends what is due.
    async fn send(&self) {
        self.worker().run_due().await.unwrap();
        self.town.clock.advance_ms(1);
    }

    /// Someone who gets notifications on a device of this number.
    async fn person_with(&self, email: &str, number: u8) -> SignedIn {
        let (who, _) = self.town.person(email).await;
        self.switch_on(&who, number).await;
        who
    }

    /// Switches notifications on in the browser of this number.
    async fn switch_on(&self, who: &SignedIn, number: u8) {
        self.try_to_switch_on(who, &self.service.browser(number)).await.unwrap();
    }

    async fn try_to_switch_on(&self, who: &SignedIn, given: &Subscription) -> Result<(), Problem> {
        push::switch_on(&self.desk, &self.guards, &from("192.0.2.1"), who, given).await
    }

    async fn queue(&self, who: &SignedIn, notice: &Notice) {
        let (env, account) = (&self.town.env, who.account.id);
        in_tx!(self.town.db(), |tx| { push::queue(tx, env, account, notice).await }).unwrap();
    }

    /// Queues and sends a notice.
    async fn tell(&self, who: &SignedIn, title: &str) {
        self.queue(who, &notice(&self.town, title)).await;
        self.send().await;
    }

    async fn waiting(&self) -> Vec<JobRow> {
        let jobs = jobs::list(&mut self.town.db().read().await.unwrap(), 100).await.unwrap();
        jobs.into_iter().filter(|job| job.kind == push::SEND).collect()
    }

    async fn devices(&self, who: &SignedIn) -> usize {
        push::devices_of(&mut self.town.db().read().await.unwrap(), who.account.id).await.unwrap().len()
    }
}

#[tokio::test]
async fn news_reaches_every_device_of_its_account_and_nobody_else() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        let (laptop, _) = street.town.sign_in(LIN, PASSWORD).await.unwrap();
        street.switch_on(&laptop, 2).await;
        street.person_with("chen@example.com", 3).await;
        street.queue(&lin, &notice(&street.town, "Renewed: Japan")).await;
        assert_eq!(street.service.books().asked, 0, "whoever decides does not wait for push services");
        street.send().await;
        assert_eq!(street.service.titles(), ["Renewed: Japan", "Renewed: Japan"]);
        let mut shown = street.service.books().shown.clone();
        shown.sort_by_key(|shown| shown.device);
        let [phone, other] = shown.as_slice() else { panic!("{shown:?}") };
        assert_eq!((phone.device, other.device), (1, 2));
        assert_eq!((phone.ttl_s, phone.urgency.as_str()), (3600, "normal"));
        assert_eq!(phone.text["body"], "It says so.");
        assert_eq!(phone.text["path"], "/orders/ord_1");
        assert_eq!(phone.text["tag"], phone.topic.as_str(), "a device replaces what the service replaces");
        assert!(street.waiting().await.is_empty());
    }
}

#[tokio::test]
async fn later_news_of_the_same_replace_earlier_and_what_is_no_news_any_more_is_not_sent() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        let (first, urgent) = (notice(&street.town, "Ends soon"), notice(&street.town, "Needs you"));
        let urgent = Notice { news: News { urgent: true, ..urgent.news }, ..urgent };
        let other = notice(&street.town, "Something else");
        let other = Notice { news: News { about: "order:2".to_owned(), ..other.news }, ..other };
        for notice in [&first, &urgent, &other] {
            street.queue(&lin, notice).await;
            street.send().await;
        }
        let shown = street.service.books().shown.clone();
        let topics: Vec<_> = shown.iter().map(|shown| shown.topic.as_str()).collect();
        assert!(topics[0] == topics[1] && topics[1] != topics[2], "{topics:?}");
        assert_eq!(shown[1].urgency, "high");
        assert!(!topics[0].contains("order"), "services do not learn what it is about");
        street.queue(&lin, &first).await;
        street.town.clock.advance_ms(HOUR_MS);
        street.send().await;
        assert_eq!(street.service.titles().len(), 3);
        assert!(street.waiting().await.is_empty());
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again_when_it_says_and_for_as_long_as_it_is_news() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        street.service.books().answers = [(429, "retry-after: 120"), (503, ""), (500, "")].into();
        street.tell(&lin, "Ends soon").await;
        street.town.clock.advance_ms(119 * SECOND_MS);
        street.send().await;
        assert_eq!(street.service.books().asked, 1, "it asked for two minutes");
        for _ in 0..3 {
            street.town.clock.advance_ms(MINUTE_MS);
            street.send().await;
        }
        assert_eq!(street.service.books().asked, 4);
        assert_eq!(street.service.titles().len(), 1);
        assert!(street.service.books().shown[0].ttl_s < 3600, "the time that was lost counts");
        street.service.books().answers = vec![(503, "retry-after: 600"); 99].into();
        street.tell(&lin, "Ends soon").await;
        for _ in 0..100 {
            street.town.clock.advance_ms(MINUTE_MS);
            street.send().await;
        }
        assert_eq!(street.service.books().asked, 10);
        assert_eq!(street.service.titles().len(), 1);
        assert!(street.waiting().await.is_empty(), "after an hour it is no news any more");
    }
}

#[tokio::test]
async fn a_device_that_is_no_more_is_forgotten() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        for status in [410, 404] {
            street.switch_on(&lin, 1).await;
            street.service.books().answers = [(status, "")].into();
            street.tell(&lin, "Ends soon").await;
            assert_eq!(street.devices(&lin).await, 0);
        }
        street.tell(&lin, "Needs you").await;
        assert_eq!(street.service.books().asked, 2);
        assert!(street.waiting().await.is_empty());
    }
}

#[tokio::test]
async fn what_a_service_will_never_take_is_a_dead_letter_at_once_and_holds_up_nothing() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        for (count, status) in [413, 400, 403, 302].into_iter().enumerate() {
            street.service.books().answers = [(status, "location: http://127.0.0.1:1/")].into();
            street.tell(&lin, "Ends soon").await;
            let dead: Vec<_> = street.waiting().await.into_iter().filter(|job| job.state == "dead").collect();
            assert_eq!(dead.len(), count + 1);
            let said: Vec<_> = dead.iter().filter_map(|job| job.last_error.as_deref()).collect();
            assert!(said.iter().any(|said| said.contains(&status.to_string())), "{said:?}");
            assert!(said.iter().all(|said| said.contains("why not") && !said.contains("/p/1")), "{said:?}");
        }
        assert_eq!(street.devices(&lin).await, 1);
        street.tell(&lin, "Needs you").await;
        assert_eq!(street.service.titles(), ["Needs you"]);
    }
}

/// The process may die after the service took a message and before the job was removed.
#[tokio::test]
async fn a_message_that_is_sent_twice_takes_its_own_place() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        street.queue(&lin, &notice(&street.town, "Ends soon")).await;
        let job = street.waiting().await.remove(0);
        street.send().await;
        let payload: serde_json::Value = serde_json::from_str(&job.payload).unwrap();
        in_tx!(street.town.db(), |tx| {
            let again =
                NewJob { kind: push::SEND, key: job.key.clone(), payload: &payload, run_at: Timestamp(0) };
            jobs::enqueue(tx, &street.town.env, again).await
        })
        .unwrap();
        street.send().await;
        let books = street.service.books();
        let [first, second] = books.shown.as_slice() else { panic!("{:?}", books.shown) };
        assert_eq!((&first.topic, &first.text), (&second.topic, &second.text));
    }
}

#[tokio::test]
async fn news_that_was_never_decided_is_never_told() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        let notice = notice(&street.town, "Renewed");
        let failed: Result<(), _> = in_tx!(street.town.db(), |tx| {
            push::queue(tx, &street.town.env, lin.account.id, &notice).await?;
            Err(basis::Problem::unavailable("it was called off"))
        });
        assert!(failed.is_err());
        street.send().await;
        assert_eq!(street.service.books().asked, 0);
    }
}

/// More messages wait for a service that says nothing than there is room for at the worker; an order's job goes on.
#[tokio::test]
async fn a_service_that_says_nothing_holds_up_no_other_work() {
    let street = streets().await.remove(0);
    let lin = street.person_with(LIN, 1).await;
    street.service.books().mute = true;
    for _ in 0..80 {
        street.queue(&lin, &notice(&street.town, "Ends soon")).await;
    }
    street.town.clock.advance_ms(1);
    let (other_is_done, (stop, stopped)) = (Arc::new(Notify::new()), watch::channel(false));
    let done = other_is_done.clone();
    let other = move |_| {
        done.notify_one();
        async { Ok(Next::Done) }
    };
    let worker = street.worker().taking_at_most(Duration::from_secs(1)).on("order.other", other);
    let running = tokio::spawn(worker.run(stopped));
    let (db, env) = (street.town.db(), &street.town.env);
    in_tx!(db, |tx| {
        let job = NewJob { kind: "order.other", key: "1".into(), payload: &(), run_at: env.now() };
        jobs::enqueue(tx, env, job).await
    })
    .unwrap();
    tokio::time::timeout(Duration::from_secs(5), other_is_done.notified()).await.expect("it does not wait");
    assert!(street.service.books().asked <= 16);
    stop.send(true).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn a_token_is_used_again_and_never_until_its_end() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        for _ in 0..26 {
            street.tell(&lin, "Ends soon").await;
            street.tell(&lin, "Ends soon").await;
            street.town.clock.advance_ms(HOUR_MS);
        }
        assert_eq!(street.service.titles().len(), 52);
        let books = street.service.books();
        assert_eq!(books.tokens.len(), 26);
        assert!(books.tokens.values().all(|times| *times == 2));
    }
}

#[tokio::test]
async fn the_key_pair_is_made_once_for_all_nodes_and_opens_with_the_installations_key_only() {
    for street in streets().await {
        let (db, env) = (street.town.db(), &street.town.env);
        let again = desk(db, env, &street.service).await;
        assert_eq!(again.public_key(), street.desk.public_key());
        let other = Desk::open(db, env, &SecretKey::new([8; 32]), Services::default(), "").await;
        assert!(other.unwrap_err().to_string().contains("another secret.key"));
        assert!(!desk_without_services(&street).await.is_on() && again.is_on());
    }
}

async fn desk_without_services(street: &Street) -> Desk {
    let (db, env) = (street.town.db(), &street.town.env);
    Desk::open(db, env, &SecretKey::new([9; 32]), Services::default(), "").await.unwrap()
}

#[tokio::test]
async fn devices_of_sessions_that_are_long_over_are_cleared_away() {
    for street in streets().await {
        street.person_with(LIN, 1).await;
        let cleared = async |days: i64| {
            let now = street.town.env.now().plus_ms(days * DAY_MS);
            in_tx!(street.town.db(), |tx| { push::purge(tx, now, 100).await }).unwrap()
        };
        assert_eq!(cleared(179).await, 0);
        assert_eq!(cleared(180).await, 1);
    }
}
