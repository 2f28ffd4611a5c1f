//! Notifications, as a browser meets them.

use axum::http::StatusCode;

use super::{Answer, FORM, Shop};

const HERE: &str = "/settings/notifications";
const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");
/// The device of RFC 8291's example, at a service that we know.
const GIVEN: &str = "endpoint=https%3A%2F%2Ffcm.googleapis.com%2Ffcm%2Fsend%2Fabc&auth=BTBZMqHH6r4Tts7J_aSIgg&\
    p256dh=BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

async fn post(shop: &Shop, path: &str, cookie: &str, body: &str) -> Answer {
    shop.send("POST", path, &[FORM, OURS, ("cookie", cookie)], body).await
}

async fn page(shop: &Shop, cookie: &str) -> String {
    shop.get(HERE, &[("cookie", cookie)]).await.text
}

#[tokio::test]
async fn lin_switches_them_on_sees_the_device_and_switches_them_off() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let cookie = shop.sign_in("lin@example.com").await;
    let off = page(&shop, &cookie).await;
    let key = shop.app.push.public_key();
    assert!(off.contains(&format!("data-push=\"{key}\"")) && off.contains("本机"), "{off}");
    assert!(shop.get("/sw.js", &[]).await.text.contains(&format!("PUSH_KEY = \"{key}\"")));
    let answer = post(&shop, HERE, &cookie, GIVEN).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/settings/notifications?done=on")
    );
    let on = page(&shop, &cookie).await;
    assert!(!on.contains("data-push=") && !on.contains("fcm.googleapis"), "{on}");
    assert!(shop.get("/settings", &[("cookie", &cookie)]).await.text.contains("已在1台设备上开启"));
    let id = on.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = post(&shop, &format!("{HERE}/off"), &cookie, &format!("id={id}")).await;
    assert_eq!(answer.header("location"), HERE);
    assert!(page(&shop, &cookie).await.contains("data-push="));
}

#[tokio::test]
async fn what_no_browser_of_ours_sends_is_refused() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let cookie = shop.sign_in("lin@example.com").await;
    let bad = post(&shop, HERE, &cookie, &GIVEN.replace("fcm.googleapis.com", "10.0.0.1")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text.contains("不认识的推送服务"), "{}", bad.text);
    let unasked = post(&shop, &format!("{HERE}/renew"), &cookie, GIVEN).await;
    assert_eq!(unasked.status, StatusCode::NOT_FOUND, "a browser's own renewal is no consent");
    let foreign = [FORM, ("sec-fetch-site", "cross-site"), ("cookie", cookie.as_str())];
    assert_eq!(shop.send("POST", HERE, &foreign, GIVEN).await.status, StatusCode::FORBIDDEN);
    let away = post(&shop, HERE, &cookie, &format!("{GIVEN}&next=https%3A%2F%2Fevil.example")).await;
    assert_eq!(away.header("location"), "/");
    assert_eq!(post(&shop, &format!("{HERE}/renew"), &cookie, GIVEN).await.status, StatusCode::NO_CONTENT);
}
