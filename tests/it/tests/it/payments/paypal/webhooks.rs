//! Messages in PayPal's name.

use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use basis::DAY_MS;
use payments::HookRejected;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_message_is_turned_away() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let hook = HookPlan { forged: true, ..HookPlan::default() };
        world.faults(&at_paypal, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(1).await;
        assert_eq!(*world.hooks.lock().unwrap(), [StatusCode::UNAUTHORIZED]);
        assert_eq!(world.state(payment).await, PaymentState::Pending);
        let unsigned = world.provider().parse_hook(world.env.now(), &HeaderMap::new(), b"{}").await;
        assert_eq!(unsigned, Err(HookRejected::BadSignature));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_believed_by_the_new_key_too() {
    in_both(async |world: World| {
        world.paid(Id::from_u128(1), 0).await;
        world.paysim.change_keys("paypal", |keys| {
            keys.signers = vec![paysim::PLATFORM_NEXT, paysim::PLATFORM];
        });
        world.paid(Id::from_u128(2), 2).await;
        assert!(world.hooks.lock().unwrap().iter().all(|status| *status == StatusCode::NO_CONTENT));
        world.listed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_twice_and_out_of_order_change_nothing() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let hook = HookPlan { copies: 3, reordered: true, ..HookPlan::default() };
        world.faults(&at_paypal, FaultPlan { hook, ..FaultPlan::default() }).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        world.after_hooks(3).await;
        world.after_hooks(6).await;
        assert_eq!(world.state(payment).await, PaymentState::Captured);
        assert!(matches!(world.told()[..], [News::Captured { .. }]));
        world.listed().await;
    })
    .await;
}

/// A message that says its certificate lies there.
fn vouched_for_by(certificate: &str, now: Timestamp) -> HeaderMap {
    let sent = jiff::Timestamp::from_millisecond(now.as_ms()).unwrap().to_string();
    let headers = [
        ("paypal-auth-algo", "SHA256withRSA"),
        ("paypal-transmission-id", "1"),
        ("paypal-transmission-time", sent.as_str()),
        ("paypal-transmission-sig", "c2lnbmF0dXJl"),
        ("paypal-cert-url", certificate),
    ];
    headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_cannot_have_us_ask_anybody_but_paypal() {
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = elsewhere.local_addr().unwrap();
    let env = Env::system();
    let paysim =
        Paysim::spawn(([127, 0, 0, 1], 0).into(), Options::new("heyon", "sk_test", "")).await.unwrap();
    let paypal = paypal(&paysim, &env, "sk_test");
    let ask = async |url: &str| paypal.parse_hook(env.now(), &vouched_for_by(url, env.now()), b"{}").await;
    for path in ["/v1/notifications/certs/CERT-1", "/"] {
        assert_eq!(ask(&format!("http://{address}{path}")).await, Err(HookRejected::BadSignature));
    }
    let nobody = tokio::time::timeout(std::time::Duration::from_millis(200), elsewhere.accept()).await;
    assert!(nobody.is_err(), "nobody was asked");
    let unknown = format!("{}/v1/notifications/certs/CERT-1", paysim.url());
    assert_eq!(ask(&unknown).await, Err(HookRejected::BadSignature), "PayPal has no such certificate");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_certificate_cannot_be_fetched_now_is_to_come_again() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    drop(silent);
    let env = Env::system();
    let paypal = paypal_at(&url, &env, "sk_test");
    let headers = vouched_for_by(&format!("{url}/v1/notifications/certs/CERT-1"), env.now());
    let outcome = paypal.parse_hook(env.now(), &headers, b"{}").await.map(|_| payments::Received::Repeat);
    assert!(matches!(outcome, Err(HookRejected::Uncheckable(_))), "{outcome:?}");
    assert_eq!(paypal.hook_answer(&outcome).status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// The next message that the sandbox sends, as it came.
async fn next_message(paysim: &Paysim) -> tokio::sync::oneshot::Receiver<(HeaderMap, Bytes)> {
    let (send, came) = tokio::sync::oneshot::channel();
    let send = Arc::new(Mutex::new(Some(send)));
    let take = async move |headers: HeaderMap, raw: Bytes| {
        if let Some(send) = send.lock().unwrap().take() {
            send.send((headers, raw)).unwrap();
        }
        StatusCode::NO_CONTENT
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    paysim.set_webhook_url("paypal", &format!("http://{}/", listener.local_addr().unwrap()));
    let app = Router::new().fallback(take);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    came
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_worth_something_as_it_was_sent_and_for_three_days() {
    in_both(async |world: World| {
        let (payment, at_paypal) = world.open(world.for_order(Id::from_u128(1), 990)).await;
        let came = next_message(&world.paysim).await;
        world.pay(&at_paypal, Outcome::Ok).await;
        let (headers, raw) = came.await.unwrap();
        let now = world.env.now();
        let read = async |days: i64, raw: &[u8]| {
            world.provider().parse_hook(now.plus_ms(days * DAY_MS), &headers, raw).await
        };
        let hook = read(0, &raw).await.unwrap();
        assert_eq!(hook.kind, "CHECKOUT.ORDER.APPROVED");
        assert_eq!((hook.provider_ref, hook.reference), (Some(at_paypal), Some(payment.to_string())));
        assert_eq!(read(3, &raw).await.unwrap().event_id, hook.event_id, "sent again, it is the same");
        assert_eq!(read(4, &raw).await, Err(HookRejected::Stale));
        assert_eq!(read(-1, &raw).await, Err(HookRejected::Stale), "from the future");
        let changed = String::from_utf8_lossy(&raw).replace("9.90", "0.90");
        assert_eq!(read(0, changed.as_bytes()).await, Err(HookRejected::BadSignature));
    })
    .await;
}
