//! Answers of PayPal that its sandbox does not give: every one of them may come when money has moved.

use std::collections::VecDeque;
use std::sync::Mutex;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::{Json, Router};
use basis::{ManualClock, OsEntropy};
use payments::{ChargeRequest, ProviderError};
use serde_json::{Value, json};

use super::*;

/// A PayPal that answers what it is told to, in this order, and remembers what it was asked.
#[derive(Clone, Default)]
struct Odd {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Odd {
    async fn paypal(&self) -> Arc<dyn Provider> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
        paypal_at(&url, &Env { clock, entropy: Arc::new(OsEntropy) }, "sk_test")
    }

    fn answers(&self, answers: impl IntoIterator<Item = (u16, Value)>) {
        *self.answers.lock().unwrap() = answers.into_iter().collect();
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// What it was asked beside tokens.
    fn calls(&self) -> Vec<String> {
        self.asked().into_iter().filter(|line| line != TOKEN).collect()
    }
}

async fn answer(State(odd): State<Odd>, request: Request) -> (StatusCode, Json<Value>) {
    let path = request.uri().path().to_owned();
    let key = request.headers().get("paypal-request-id").map_or("", |key| key.to_str().unwrap());
    odd.asked.lock().unwrap().push(format!("{} {path} {key}", request.method()).trim().to_owned());
    if path == "/v1/oauth2/token" {
        return (StatusCode::OK, Json(json!({ "access_token": "A21AA", "expires_in": 32400 })));
    }
    let (status, body) = odd.answers.lock().unwrap().pop_front().unwrap();
    (StatusCode::from_u16(status).unwrap(), Json(body))
}

const PAYMENT: u128 = 1_790_000_000_000 << 80;

fn ours() -> PaymentRef {
    named(Id::from_u128(PAYMENT), "O1")
}

fn order(status: &str, captures: &Value) -> Value {
    json!({
        "id": "O1", "status": status, "update_time": "2026-09-21T14:13:00Z",
        "purchase_units": [{
            "custom_id": ours().payment.to_string(), "payee": { "merchant_id": "heyon" },
            "payments": { "captures": captures },
        }],
    })
}

fn approved() -> Value {
    order("APPROVED", &json!([]))
}

fn completed() -> Value {
    let amount = json!({ "currency_code": "USD", "value": "9.90" });
    let capture =
        json!({ "id": "C1", "status": "COMPLETED", "amount": amount, "create_time": "2026-09-21T14:13:00Z" });
    order("COMPLETED", &json!([capture]))
}

fn refusal(issue: &str) -> Value {
    json!({ "name": "UNPROCESSABLE_ENTITY", "details": [{ "issue": issue }] })
}

const TOKEN: &str = "POST /v1/oauth2/token";
const READ: &str = "GET /v2/checkout/orders/O1";

fn taken() -> String {
    format!("POST /v2/checkout/orders/O1/capture {}:2026-09-21T14:13:00Z", ours().payment)
}

#[tokio::test]
async fn a_capture_is_believed_as_the_order_shows_it_whatever_its_answer_was() {
    let odd = Odd::default();
    let paypal = odd.paypal().await;
    let least = json!({ "id": "O1", "status": "COMPLETED" });
    for (answer, reads) in [
        ((201, completed()), vec![READ.to_owned(), taken()]),
        ((201, least), vec![READ.to_owned(), taken(), READ.to_owned()]),
        ((201, json!({ "brand": "new" })), vec![READ.to_owned(), taken(), READ.to_owned()]),
        ((422, refusal("ORDER_ALREADY_CAPTURED")), vec![READ.to_owned(), taken(), READ.to_owned()]),
    ] {
        odd.answers([(200, approved()), answer.clone(), (200, completed())]);
        let facts = paypal.query(&ours()).await.unwrap();
        assert_eq!((facts.status, facts.captures.len()), (Status::Captured, 1), "{answer:?}");
        assert_eq!(odd.calls(), reads, "{answer:?}");
    }
}

#[tokio::test]
async fn a_capture_that_may_have_been_made_is_asked_for_again_under_its_key() {
    let odd = Odd::default();
    let paypal = odd.paypal().await;
    for (status, body) in [
        (500, json!({ "name": "INTERNAL_SERVER_ERROR" })),
        (429, json!({ "name": "RATE_LIMIT_REACHED" })),
        (422, refusal("PREVIOUS_REQUEST_IN_PROGRESS")),
    ] {
        odd.answers([(200, approved()), (status, body), (200, approved()), (201, completed())]);
        let unknown = paypal.query(&ours()).await;
        assert!(matches!(unknown, Err(ProviderError::Unknown(_))), "{status} {unknown:?}");
        assert_eq!(paypal.query(&ours()).await.unwrap().status, Status::Captured);
        assert_eq!(odd.calls(), [READ.to_owned(), taken(), READ.to_owned(), taken()], "{status}");
    }
}

#[tokio::test]
async fn a_token_that_was_revoked_is_renewed_and_two_such_mean_nothing() {
    let odd = Odd::default();
    let paypal = odd.paypal().await;
    let revoked = || (401, json!({ "error": "invalid_token" }));
    odd.answers([revoked(), (200, completed())]);
    assert_eq!(paypal.query(&ours()).await.unwrap().status, Status::Captured);
    assert_eq!(odd.asked(), [TOKEN, READ, TOKEN, READ]);
    odd.answers([revoked(), revoked()]);
    assert!(matches!(paypal.query(&ours()).await, Err(ProviderError::Unknown(_))));
}

#[tokio::test]
async fn a_charge_of_which_paypal_says_something_new_is_neither_made_nor_refused() {
    let odd = Odd::default();
    let paypal = odd.paypal().await;
    let request = ChargeRequest {
        payment: Id::from_u128(PAYMENT),
        payer: Id::from_u128(7),
        amount: dollars(990),
        saved: "V1".into(),
        description: "Japan 20 GB".into(),
        return_url: "https://shop.example/orders/1".into(),
        notify_url: String::new(),
    };
    for (status, body) in [
        (201, json!({ "orders": [completed()] })),
        (503, json!({})),
        (409, json!({ "name": "RESOURCE_CONFLICT" })),
        (422, refusal("DUPLICATE_INVOICE_ID")),
    ] {
        odd.answers([(status, body)]);
        let charged = paypal.charge(&request).await;
        assert!(matches!(charged, Err(ProviderError::Unknown(_))), "{status} {charged:?}");
    }
    odd.answers([(201, order("PAYER_ACTION_REQUIRED", &json!([])))]);
    assert_eq!(
        paypal.charge(&request).await.unwrap().status,
        Status::Open,
        "no link, so nobody is sent anywhere"
    );
}
