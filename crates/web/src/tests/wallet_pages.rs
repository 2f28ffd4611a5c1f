//! A person fills the wallet by its page, a program by the API, and a provider knocks at the hooks' door.

use std::sync::Arc;

use axum::http::StatusCode;
use basis::Env;
use payments::{CheckJob, Provider, Providers, Sandbox, SandboxConfig};
use paysim::{Options, Outcome, Paysim};
use store::in_tx;

use super::{Answer, FORM, Shop};

const ADDRESS: &str = "http://shop.example";

/// A shop beside a sandbox.
async fn open() -> (Shop, Paysim) {
    let options = Options::new("heyon", "sk_test", "whsec_test");
    let paysim = Paysim::spawn(([127, 0, 0, 1], 0).into(), options).await.unwrap();
    let sandbox: Arc<dyn Provider> = Arc::new(
        Sandbox::new(SandboxConfig {
            base_url: paysim.url().parse().unwrap(),
            api_key: "sk_test".into(),
            merchant: "heyon".into(),
            webhook_secrets: vec!["whsec_test".into()],
        })
        .unwrap(),
    );
    (Shop::with_providers(ADDRESS, Providers::new([sandbox], "https://shop.example/hooks")).await, paysim)
}

async fn hook(shop: &Shop, body: &str, signature: &str) -> StatusCode {
    shop.send("POST", "/hooks/sandbox", &[("paysim-signature", signature)], body).await.status
}

async fn fill(shop: &Shop, cookie: &str, amount: &str, key: &str) -> Answer {
    let form = format!("amount={amount}&currency=CNY&method=alipay&key={key}");
    shop.send("POST", "/wallet/top-ups", &[("cookie", cookie), FORM], &form).await
}

/// What the job does when the shop runs.
async fn look(shop: &Shop, payment: &str) {
    let app = &shop.app;
    let job = CheckJob { payment: payment.parse().unwrap(), polling: false };
    let facts = payments::fetch(&app.db, &app.desk.providers, job).await.unwrap().unwrap();
    in_tx!(app.db, |tx| { payments::confirm(tx, &app.env, job.payment, &facts).await }).unwrap();
}

#[tokio::test]
async fn a_person_fills_the_wallet_and_sees_where_the_money_is() {
    let (shop, paysim) = open().await;
    let cookie = shop.sign_in("lin@example.com").await;
    let signed_in = [("cookie", cookie.as_str())];
    let empty = shop.get("/wallet", &signed_in).await;
    assert!(empty.text.contains("还没有任何收支") && empty.text.contains("微信支付"), "{}", empty.text);

    for wrong in ["", "x", "-5", "0.5", "10000.01", "1.005"] {
        let refused = fill(&shop, &cookie, wrong, "a").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(refused.text.contains(r#"aria-invalid="true""#), "{wrong}");
    }
    let sent = fill(&shop, &cookie, "50", "a").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    assert_eq!(
        fill(&shop, &cookie, "50", "a").await.header("location"),
        sent.header("location"),
        "one payment"
    );
    let books = paysim.books().await;
    assert_eq!(books.payments.len(), 1);
    let page = format!("/wallet/top-ups/{}", books.payments[0].reference);

    // Coming back proves nothing, whatever the address line says.
    let back = shop.get(&format!("{page}?status=captured"), &signed_in).await;
    assert!(back.text.contains("等待付款"), "{}", back.text);
    paysim.pay(&books.payments[0].id, Outcome::Ok).await.unwrap();
    look(&shop, &books.payments[0].reference).await;
    assert!(shop.get(&page, &signed_in).await.text.contains("已进钱包"));
    let full = shop.get("/wallet", &signed_in).await;
    assert!(full.text.contains("¥50.00") && full.text.contains(&page), "{}", full.text);

    let stranger = shop.sign_in("zhou@example.com").await;
    assert_eq!(shop.get(&page, &[("cookie", &stranger)]).await.status, StatusCode::NOT_FOUND);
    let nobody = shop.get("/wallet", &[]).await;
    assert!(nobody.header("location").starts_with("/sign-in"));
}

#[tokio::test]
async fn the_hooks_door_takes_what_is_signed_and_says_clearly_what_it_does_not_take() {
    let (shop, paysim) = open().await;
    let cookie = shop.sign_in("lin@example.com").await;
    fill(&shop, &cookie, "50", "a").await;
    let line = paysim.books().await.payments[0].clone();
    let body = serde_json::json!({
        "id": "evt_1", "type": "payment.captured", "data": { "id": line.id, "reference": line.reference }
    })
    .to_string();
    let seconds = Env::system().now().as_ms() / 1000;
    let good = paysim::sign(&["whsec_test".to_owned()], seconds, &body);
    assert_eq!(hook(&shop, &body, &good).await, StatusCode::NO_CONTENT);
    assert_eq!(hook(&shop, &body, &good).await, StatusCode::NO_CONTENT, "a repeat is thanked for, too");
    assert_eq!(hook(&shop, &body.replace("evt_1", "evt_2"), &good).await, StatusCode::UNAUTHORIZED);
    let old = paysim::sign(&["whsec_test".to_owned()], seconds - 400, &body);
    assert_eq!(hook(&shop, &body, &old).await, StatusCode::BAD_REQUEST);
    let unread = paysim::sign(&["whsec_test".to_owned()], seconds, "[]");
    assert_eq!(hook(&shop, "[]", &unread).await, StatusCode::BAD_REQUEST);
    let nobody = shop.send("POST", "/hooks/nobody", &[], "{}").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    let huge = "x".repeat(300 * 1024);
    assert_eq!(hook(&shop, &huge, &good).await, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_was_not_paid_has_no_receipt() {
    let (shop, _paysim) = open().await;
    let cookie = shop.sign_in("lin@example.com").await;
    let signed_in = [("cookie", cookie.as_str())];
    assert!(shop.get("/receipts", &signed_in).await.text.contains("还没有收据"));
    for id in ["ord_00000000000000000000000001", "nonsense"] {
        assert_eq!(shop.get(&format!("/receipts/{id}"), &signed_in).await.status, StatusCode::NOT_FOUND);
    }
}
