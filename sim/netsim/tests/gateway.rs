//! The gateway against an engine of a few lines.
#![cfg(test)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use basis::Env;
use netsim::{Gateway, Options, Subscriber};
use serde_json::{Value, json};

/// Grants 1,000 octets at a time out of so many, remembers its answers, and fails every third request once.
#[derive(Default)]
struct Engine {
    left: u64,
    reported: u64,
    answers: HashMap<(String, u64), Value>,
    calls: u64,
}

type Shared = Arc<Mutex<Engine>>;

async fn control(State(engine): State<Shared>, Json(request): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut engine = engine.lock().unwrap();
    engine.calls += 1;
    if engine.calls.is_multiple_of(3) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({})));
    }
    let key = (request["session"].as_str().unwrap().to_owned(), request["number"].as_u64().unwrap());
    if let Some(answer) = engine.answers.get(&key) {
        return (StatusCode::OK, Json(answer.clone()));
    }
    let service = &request["services"][0];
    engine.reported += service["used"].as_u64().unwrap();
    let bytes = if service["ask"] == "quota" { engine.left.min(1000) } else { 0 };
    engine.left -= bytes;
    let granted = (bytes > 0)
        .then(|| json!({"bytes": bytes, "validity_seconds": 60, "threshold_bytes": 200, "last": false}));
    let answer =
        json!({"verdict": "accepted", "services": [{"group": 1, "granted": granted, "refused": null}]});
    engine.answers.insert(key, answer.clone());
    (StatusCode::OK, Json(answer))
}

async fn serve(left: u64) -> (String, Shared) {
    let engine = Arc::new(Mutex::new(Engine { left, ..Engine::default() }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/v1/control", post(control)).with_state(engine.clone());
    tokio::spawn(axum::serve(listener, router).into_future());
    (url, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_uses_what_it_is_granted_and_its_books_say_what_the_engine_heard() {
    for noisy in [false, true] {
        let (url, engine) = serve(15_000).await;
        let folder = tempfile::tempdir().unwrap();
        let books = folder.path().join("books");
        let options = Options {
            name: "test".to_owned(),
            engine: url,
            books: Some(books.clone()),
            noisy,
            env: Env::system(),
        };
        let gateway = Gateway::spawn(options).unwrap();
        let subscriber = Subscriber {
            octets_per_second: 40_000,
            report_every: Some(Duration::from_millis(20)),
            ..Subscriber::slow("001010000000001", "JP")
        };
        gateway.attach(subscriber.clone());
        gateway.attach(Subscriber { imsi: "001010000000002".to_owned(), ..subscriber });
        while engine.lock().unwrap().left > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        gateway.stop().await;
        assert_eq!(gateway.complaints(), [""; 0]);

        let sums = netsim::books::read(&books).unwrap();
        let total = |of: fn(&netsim::books::Sums) -> u64| sums.values().map(of).sum::<u64>();
        assert_eq!(total(|sum| sum.granted), 15_000);
        assert_eq!(total(|sum| sum.answered), engine.lock().unwrap().reported);
        assert_eq!(total(|sum| sum.in_doubt), 0);
        assert!(total(|sum| sum.answered) <= 15_000, "never more than granted");
        assert!(total(|sum| sum.answered) > 0);
    }
}
