//! Getting in, the settings and binding, as a browser meets them.

use super::{Answer, FORM, Shop};
use axum::http::StatusCode;
use serde_json::json;

const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");
const ENGLISH: (&str, &str) = ("accept-language", "en");

impl Shop {
    async fn post(&self, path: &str, cookie: &str, body: &str) -> Answer {
        self.send("POST", path, &[FORM, OURS, ENGLISH, ("cookie", cookie)], body).await
    }

    async fn read(&self, path: &str, cookie: &str) -> Answer {
        self.get(path, &[ENGLISH, ("cookie", cookie)]).await
    }
}

fn cookie_of(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let pairs: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}

#[tokio::test]
async fn a_stranger_registers_signs_in_and_is_home() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let welcome = shop.read("/welcome", "").await;
    assert!(welcome.text.contains("Online when you land") && !welcome.text.contains("tabbar"));
    let form = "email=lin%40example.com&password=correct+horse+battery&next=%2Fcards%2Fbind";
    let answer = shop.post("/register", "", form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let place = answer.header("location");
    assert_eq!(place, "/sign-in?next=%2Fcards%2Fbind&done=registered");
    let again = shop.post("/register", "", form).await;
    assert_eq!((again.status, again.header("location")), (answer.status, place), "known or not");
    let page = shop.read(place, &cookie_of(&answer)).await;
    assert!(page.text.contains(r#"value="lin@example.com""#) && page.text.contains("your account is ready"));
    let answer = shop.post("/sign-in", "", form).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/cards/bind"));
    let session = cookie_of(&answer);
    assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    assert_eq!(shop.read("/cards/bind", &session).await.status, StatusCode::OK);
    assert_eq!(shop.read("/sign-in", &session).await.header("location"), "/");
    let answer = shop.post("/sign-out", &session, "").await;
    assert_eq!(answer.header("location"), "/welcome");
    let gone = shop.read("/cards/bind", &session).await;
    assert_eq!(gone.header("location"), "/sign-in?next=%2Fcards%2Fbind");
}

#[tokio::test]
async fn what_is_wrong_stands_under_its_field_and_what_was_typed_stays() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let answer = shop.post("/register", "", "email=%22%3Elin&password=short").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text.contains(r#"id="email-error""#) && answer.text.contains("&#34;&#62;lin"),
        "{}",
        answer.text
    );
    let answer = shop.post("/register", "", "email=lin%40example.com&password=short").await;
    assert!(answer.text.contains(r#"id="password-error""#) && answer.text.contains("lin@example.com"));
    assert!(!answer.text.contains("short\""), "a password is never sent back");
    let answer = shop.post("/sign-in", "", "email=lin%40example.com&password=wrong").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("do not belong together"));
    for path in ["/register", "/sign-in", "/forgot", "/reset", "/verify"] {
        let empty = shop.post(path, "", "").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        let huge = shop.post(path, "", &format!("email={}", "x".repeat(60_000))).await;
        assert_eq!(huge.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn too_many_tries_are_told_when_to_come_back() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    for _ in 0..10 {
        shop.post("/sign-in", "", "email=lin%40example.com&password=wrong").await;
    }
    let answer = shop.post("/sign-in", "", "email=lin%40example.com&password=wrong").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.text.contains("Try again in 1 min."), "{}", answer.text);
}

#[tokio::test]
async fn asking_for_a_reset_answers_the_same_for_everyone() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    shop.sign_in("lin@example.com").await;
    for email in ["lin%40example.com", "nobody%40example.com"] {
        let answer = shop.post("/forgot", "", &format!("email={email}")).await;
        assert_eq!(answer.header("location"), "/forgot?done=sent");
    }
    assert!(shop.read("/forgot?done=sent", "").await.text.contains("a mail is on its way"));
    let dead = shop.read("/reset?token=nonsense", "").await;
    assert!(dead.text.contains("no longer works") && !dead.text.contains("new-password"));
    assert_eq!(shop.read("/reset", "").await.header("location"), "/forgot");
}

#[tokio::test]
async fn the_settings_show_and_keep_what_one_chooses() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let cookie = shop.sign_in("lin@example.com").await;
    for path in
        ["/settings", "/settings/email", "/settings/password", "/settings/sessions", "/settings/tokens"]
    {
        assert_eq!(shop.read(path, "").await.status, StatusCode::SEE_OTHER, "{path} is not for strangers");
        let page = shop.read(path, &cookie).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("style=") && !page.text.contains("<script>"), "{path}");
    }
    let form = "language=en&currency=JPY&theme=dark&time_zone=Asia%2FTokyo";
    let answer = shop.post("/settings", &cookie, form).await;
    assert_eq!(answer.header("location"), "/settings?done=saved");
    let page = shop.read("/settings?done=saved", &format!("{cookie}; {}", cookie_of(&answer))).await;
    assert!(page.text.contains(r#"data-theme="dark""#) && page.text.contains(r#"<html lang="en""#));
    assert!(page.text.contains("<option selected>Asia/Tokyo</option>"), "{}", page.text);
    let answer = shop.post("/settings", &cookie, "language=en&currency=JPY&time_zone=Mars").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("time_zone-error"));
}

#[tokio::test]
async fn a_token_is_shown_once_and_opens_the_api() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let cookie = shop.sign_in("lin@example.com").await;
    let made = shop.post("/settings/tokens", &cookie, "name=shortcuts").await;
    assert_eq!(made.status, StatusCode::OK);
    let token = made.text.split("<p class=\"mono\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("hyt_"));
    assert!(!shop.read("/settings/tokens", &cookie).await.text.contains(&token));
    let account = shop.get("/api/v1/account", &[("authorization", &format!("Bearer {token}"))]).await;
    let account: serde_json::Value = serde_json::from_str(&account.text).unwrap();
    assert_eq!(account["email"], "lin@example.com");
    assert_eq!(shop.get("/api/v1/account", &[("cookie", &cookie)]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_card_is_bound_on_its_page() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let cookie = shop.sign_in("lin@example.com").await;
    let made =
        cards::make_test_cards(&shop.app.db, &shop.app.env, &shop.app.guards.key, "test", 1).await.unwrap();
    let wrong = shop.post("/cards/bind", &cookie, "number=8904+9032+1234+5123+4512+3456+7890+1236").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text.contains("number-error") && wrong.text.contains("8904 9032 1234 5123 4512 3456 7890 1236")
    );
    let no_code = shop.post("/cards/bind", &cookie, &format!("number={}", made[0].eid)).await;
    assert!(no_code.text.contains("bind_code-error"));
    let bound = shop.post("/cards/bind", &cookie, &format!("number={}", made[0].serial)).await;
    assert!(bound.header("location").starts_with("/lines/lin_"), "{}", bound.text);
}

#[tokio::test]
async fn an_app_registers_signs_in_and_binds_by_json() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let call = async |method: &str, path: &str, token: &str, body: serde_json::Value| {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ENGLISH, ("authorization", bearer.as_str())];
        let answer = shop.send(method, &format!("/api/v1{path}"), &headers, &body.to_string()).await;
        (answer.status.as_u16(), serde_json::from_str(&answer.text).unwrap_or(serde_json::Value::Null))
    };
    let new = json!({ "email": "lin@example.com", "password": "correct horse battery" });
    assert_eq!(call("POST", "/accounts", "", new.clone()).await, (202, serde_json::Value::Null));
    assert_eq!(call("POST", "/accounts", "", new).await.0, 202);
    let wrong = json!({ "email": "lin@example.com", "password": "wrong", "name": "phone" });
    let (status, problem) = call("POST", "/tokens", "", wrong).await;
    assert_eq!((status, &problem["type"]), (422, &json!("urn:heyon:problem:accounts-sign-in-wrong")));
    let right = json!({ "email": "lin@example.com", "password": "correct horse battery", "name": "phone" });
    let (status, signed_in) = call("POST", "/tokens", "", right).await;
    assert_eq!((status, &signed_in["account"]["verified"]), (201, &json!(false)));
    let token = signed_in["token"].as_str().unwrap();
    let (status, account) = call("PATCH", "/account", token, json!({ "currency": "JPY" })).await;
    assert_eq!((status, &account["currency"]), (200, &json!("JPY")));
    let made =
        cards::make_test_cards(&shop.app.db, &shop.app.env, &shop.app.guards.key, "test", 1).await.unwrap();
    let card = json!({ "number": made[0].iccid, "bind_code": made[0].bind_code });
    let (status, line) = call("POST", "/lines", token, card).await;
    assert_eq!(status, 201, "{line}");
    let path = format!("/lines/{}", line["id"].as_str().unwrap());
    assert_eq!(call("PATCH", &path, token, json!({ "label": "Tokyo" })).await.1["name"], "Tokyo");
    for (path, body) in [("/lines", json!([])), ("/tokens", json!({ "email": 5 })), ("/accounts", json!("x"))]
    {
        let (status, problem) = call("POST", path, token, body).await;
        assert!((400..500).contains(&status) && problem["type"].is_string(), "{path}: {status} {problem}");
    }
    let end = format!("/tokens/{}", signed_in["id"].as_str().unwrap());
    assert_eq!(call("DELETE", &end, token, json!({})).await.0, 204);
    assert_eq!(call("GET", "/account", token, json!({})).await.0, 401);
}
