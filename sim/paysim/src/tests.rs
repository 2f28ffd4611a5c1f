//! The sandbox as a merchant meets it: keys that make repeats harmless, books that outlive the process, messages that
//! are sent again by the table.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use basis::{Env, HOUR_MS, MINUTE_MS, ManualClock, OsEntropy, Timestamp};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::{Options, Outcome, Paysim};

fn options() -> Options {
    Options::new("heyon", "sk_test", "whsec_test")
}

async fn spawn(options: Options) -> Paysim {
    Paysim::spawn(([127, 0, 0, 1], 0).into(), options).await.unwrap()
}

async fn open(paysim: &Paysim, key: &str, minor: i64) -> Response {
    let expires_at = Env::system().now().plus_ms(MINUTE_MS);
    open_until(paysim, key, minor, expires_at).await
}

async fn open_until(paysim: &Paysim, key: &str, minor: i64, expires_at: Timestamp) -> Response {
    let body = json!({
        "reference": "pay_1", "amount": { "minor": minor, "currency": "CNY" }, "method": "alipay",
        "return_url": "http://127.0.0.1/back", "expires_at": expires_at,
    });
    let request = Client::new().post(format!("{}/sandbox/v1/payments", paysim.url())).bearer_auth("sk_test");
    request.header("idempotency-key", key).json(&body).send().await.unwrap()
}

async fn id_of(answer: Response) -> String {
    answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_answers_the_same_again_and_refuses_another_wish() {
    let paysim = spawn(options()).await;
    let until = Env::system().now().plus_ms(MINUTE_MS);
    let first = id_of(open_until(&paysim, "k", 7200, until).await).await;
    let again = open_until(&paysim, "k", 7200, until).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(id_of(again).await, first);
    let other = open_until(&paysim, "k", 100, until).await;
    assert_eq!(other.status(), 400);
    assert_eq!(other.json::<Value>().await.unwrap()["error"]["type"], "idempotency_error");
    assert_eq!(paysim.books().await.payments.len(), 1);
    let stranger =
        Client::new().get(format!("{}/sandbox/v1/payments/{first}", paysim.url())).send().await.unwrap();
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn the_books_outlive_the_process_and_a_torn_last_line_was_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.jsonl");
    let with_file = || Options { data: Some(file.clone()), ..options() };
    let paysim = spawn(with_file()).await;
    let until = Env::system().now().plus_ms(MINUTE_MS);
    let id = id_of(open_until(&paysim, "k", 7200, until).await).await;
    paysim.pay(&id, Outcome::Ok).await.unwrap();
    let before = paysim.books().await;
    drop(paysim);
    let mut torn = std::fs::read(&file).unwrap();
    torn.extend_from_slice(b"{\"what\":\"payment\",\"pay");
    std::fs::write(&file, torn).unwrap();

    let paysim = spawn(with_file()).await;
    let after = paysim.books().await;
    assert_eq!((after.captured_minor["CNY"], &after.payments), (7200, &before.payments));
    assert_eq!(id_of(open_until(&paysim, "k", 7200, until).await).await, id, "its keys are kept, too");
    assert_eq!(paysim.books().await.payments.len(), 1);
}

#[tokio::test]
async fn damage_in_the_middle_stops_it_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.jsonl");
    std::fs::write(&file, "not a record\n").unwrap();
    let refused = Paysim::spawn(([127, 0, 0, 1], 0).into(), Options { data: Some(file), ..options() }).await;
    assert!(refused.err().unwrap().to_string().contains("books.jsonl"));
}

#[tokio::test]
async fn a_merchant_that_does_not_answer_hears_again_by_alipays_table() {
    let clock = Arc::new(ManualClock::at(Env::system().now()));
    let env = Env { clock: clock.clone(), entropy: Arc::new(OsEntropy) };
    let paysim = spawn(Options { env, virtual_clock: Some(clock.clone()), ..options() }).await;
    let heard = deaf_merchant(&paysim).await;
    let id = id_of(open(&paysim, "k", 7200).await).await;
    paysim.pay(&id, Outcome::Ok).await.unwrap();
    wait_for(&heard, 1).await;
    for (tries, gap) in [(2, 4 * MINUTE_MS), (3, 10 * MINUTE_MS), (4, 10 * MINUTE_MS), (5, HOUR_MS)] {
        settle().await;
        clock.advance_ms(gap - 1000);
        settle().await;
        assert_eq!(heard.load(Ordering::SeqCst), tries - 1, "not before its time");
        clock.advance_ms(1000);
        wait_for(&heard, tries).await;
    }
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn wait_for(heard: &AtomicUsize, count: usize) {
    for _ in 0..200 {
        if heard.load(Ordering::SeqCst) >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("heard {} times, not {count}", heard.load(Ordering::SeqCst));
}

/// Counts messages, and refuses each.
async fn deaf_merchant(paysim: &Paysim) -> Arc<AtomicUsize> {
    let heard = Arc::new(AtomicUsize::new(0));
    let counted = heard.clone();
    let app = Router::new().route(
        "/",
        post(move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            StatusCode::SERVICE_UNAVAILABLE
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    paysim.set_webhook_url("sandbox", &format!("http://{}/", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    heard
}
