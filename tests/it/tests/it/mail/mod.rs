//! Stories of mails on their way to a mail server that speaks the real protocol, on both engines.

mod server;

use std::{sync::Arc, time::Duration};

use accounts::mail::{Letter, Mailer, Smtp};
use basis::{Id, Kind, MINUTE_MS, Timestamp};
use store::{
    in_tx,
    jobs::{self, JobRow, NewJob, Next},
};
use tokio::sync::{Notify, watch};

use self::server::MailServer;
use crate::people::{Town, towns};

const LIN: &str = "lin@example.com";
const FROM: &str = "黑恩 Heyon <no-reply@shop.example>";

fn smtp(server: &MailServer) -> Smtp {
    Smtp::new(&server.url("secret"), FROM).unwrap()
}

async fn waiting(town: &Town) -> Vec<JobRow> {
    let jobs = jobs::list(&mut town.db().read().await.unwrap(), 100).await.unwrap();
    jobs.into_iter().filter(|job| job.kind == "mail.send").collect()
}

#[tokio::test]
async fn a_welcome_reaches_the_mail_server() {
    for town in towns().await {
        let server = MailServer::start().await;
        town.register(LIN).await.unwrap();
        assert_eq!(server.books().connections, 0, "the request does not wait for the mail server");
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        let taken = server.books().taken.clone();
        let [welcome] = taken.as_slice() else { panic!("{taken:?}") };
        assert_eq!((welcome.from.as_str(), welcome.to.as_str()), ("no-reply@shop.example", LIN));
        for header in
            ["Subject: Confirm your address for Heyon", "Message-ID: <eml_", "From: =?utf-8?b?", "Date: "]
        {
            assert!(welcome.data.contains(header), "{header} in {}", welcome.data);
        }
        assert!(waiting(&town).await.is_empty());
    }
}

#[tokio::test]
async fn a_mail_that_is_not_taken_now_is_taken_later_and_once() {
    for town in towns().await {
        let server = MailServer::start().await;
        server.books().recipients = ["451 4.7.1 greylisted", "451 4.7.1 greylisted"].into();
        town.register(LIN).await.unwrap();
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        let put_off = waiting(&town).await;
        assert_eq!((put_off[0].state.as_str(), put_off[0].attempts), ("ready", 1));
        assert!(put_off[0].last_error.as_deref().unwrap().contains("451"), "{put_off:?}");
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        assert_eq!(server.books().connections, 1, "it backs off first");
        for _ in 0..2 {
            town.clock.advance_ms(MINUTE_MS);
            town.deliver_mail_by(Arc::new(smtp(&server))).await;
        }
        assert_eq!(server.books().connections, 3);
        assert_eq!(server.books().taken.len(), 1);
        assert!(waiting(&town).await.is_empty());
    }
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_a_dead_letter_at_once_and_holds_up_nobody() {
    for town in towns().await {
        let server = MailServer::start().await;
        server.books().recipients = ["550 5.1.1 no such person here"].into();
        town.register("nobody@example.com").await.unwrap();
        town.register(LIN).await.unwrap();
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        assert_eq!(server.books().taken[0].to, LIN);
        let dead = waiting(&town).await;
        assert_eq!((dead[0].state.as_str(), dead[0].attempts), ("dead", 1));
        assert!(dead[0].last_error.as_deref().unwrap().contains("no such person here"));
        town.clock.advance_ms(60 * MINUTE_MS);
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        assert_eq!(server.books().connections, 2, "nobody tries again by himself");
        // The address is mended on the other side, and an operator says so.
        in_tx!(town.db(), |tx| { jobs::retry(tx, dead[0].id, town.env.now()).await }).unwrap();
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        assert_eq!(server.books().taken[1].to, "nobody@example.com");
    }
}

#[tokio::test]
async fn no_mail_is_lost_while_our_password_is_wrong_or_the_server_is_down() {
    for town in towns().await {
        let server = MailServer::start().await;
        town.register(LIN).await.unwrap();
        let wrong = Smtp::new(&server.url("old"), FROM).unwrap();
        town.deliver_mail_by(Arc::new(wrong)).await;
        let put_off = waiting(&town).await;
        let error = put_off[0].last_error.clone().unwrap();
        assert!(put_off[0].state == "ready" && error.contains("535") && !error.contains("old"), "{error}");
        town.clock.advance_ms(MINUTE_MS);
        let down = Smtp::new("smtp://heyon:secret@127.0.0.1:1?tls=none", FROM).unwrap();
        town.deliver_mail_by(Arc::new(down)).await;
        assert_eq!(waiting(&town).await[0].state, "ready");
        town.clock.advance_ms(MINUTE_MS);
        town.deliver_mail_by(Arc::new(smtp(&server))).await;
        assert_eq!(server.books().taken.len(), 1);
    }
}

#[tokio::test]
async fn a_mail_server_without_starttls_gets_no_mail_and_no_password() {
    let server = MailServer::start().await;
    let url = server.url("secret").replace("?tls=none", "");
    let refused = Smtp::new(&url, FROM).unwrap().send(Timestamp(0), &letter("hello", "hello\n")).await;
    assert_eq!(refused.unwrap_err().kind, Kind::Unavailable);
    assert!(server.books().taken.is_empty());
}

/// More mails wait for a mail server that says nothing than there is room for at the worker; an order's job goes on.
#[tokio::test]
async fn a_mail_server_that_says_nothing_holds_up_no_other_work() {
    for town in towns().await {
        let server = MailServer::start().await;
        server.books().mute = true;
        for n in 0..80 {
            let mail = mail_to(n);
            in_tx!(town.db(), |tx| { accounts::mail::queue(tx, &town.env, mail.clone()).await }).unwrap();
        }
        town.clock.advance_ms(1);
        let (other_is_done, (stop, stopped)) = (Arc::new(Notify::new()), watch::channel(false));
        let done = other_is_done.clone();
        let other = move |_| {
            done.notify_one();
            async { Ok(Next::Done) }
        };
        let slow = Arc::new(smtp(&server).within(Duration::from_secs(2)));
        let worker = tokio::spawn(town.postman(slow).on("order.other", other).run(stopped));
        in_tx!(town.db(), |tx| {
            let job = NewJob { kind: "order.other", key: "1".into(), payload: &(), run_at: town.env.now() };
            jobs::enqueue(tx, &town.env, job).await
        })
        .unwrap();
        tokio::time::timeout(Duration::from_secs(1), other_is_done.notified())
            .await
            .expect("it does not wait");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let mails = waiting(&town).await;
        assert_eq!(mails.len(), 80);
        let told =
            mails.iter().filter(|mail| mail.last_error.as_deref().is_some_and(|e| e.contains("too slow")));
        assert_eq!(told.count(), 16, "those that were sent have given up");
        stop.send(true).unwrap();
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn what_people_write_stays_what_it_is_on_the_wire() {
    let server = MailServer::start().await;
    let text = "one\n.\n..two\n.hidden\nMAIL FROM:<mallory@example.com>\n";
    smtp(&server).send(Timestamp(0), &letter("Hello\r\nBcc: mallory@example.com", text)).await.unwrap();
    smtp(&server).send(Timestamp(0), &letter("确认你的邮箱", "你的验证码是 1234 5678。\n")).await.unwrap();
    let taken = server.books().taken.clone();
    assert!(taken[0].data.contains("\r\n.\r\n..two\r\n.hidden\r\nMAIL FROM:"), "{}", taken[0].data);
    assert!(!taken[0].data.to_lowercase().contains("\r\nbcc:"), "{}", taken[0].data);
    assert_eq!(taken[0].to, LIN);
    assert!(taken[1].data.is_ascii() && taken[1].data.contains("Subject: =?utf-8?b?"), "{}", taken[1].data);
    assert!(taken[1].data.lines().all(|line| line.len() <= 998), "RFC 5321, 4.5.3.1.6");
}

fn letter(subject: &str, text: &str) -> Letter {
    let (id, html) = (Id::from_u128(1), "<p>hello</p>".to_owned());
    Letter { id, to: LIN.into(), subject: subject.into(), text: text.into(), html, language: "en" }
}

fn mail_to(n: u32) -> accounts::mail::NewMail {
    let texts = accounts::mail::Letterhead {
        subject: "accounts-mail-reset-subject",
        body: "accounts-mail-reset-body",
        button: None,
    };
    accounts::mail::NewMail::new(&format!("p{n}@example.com"), basis::Language::En, &texts)
}
