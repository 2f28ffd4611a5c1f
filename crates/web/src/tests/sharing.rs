//! A family's pool by pages and by the API: who may look, who may not, and what a link lets in.

use axum::http::StatusCode;
use serde_json::{Value, json};
use store::jobs::Worker;

use super::{FORM, Shop, lines::Traveller};

impl Shop {
    /// Runs what is due now.
    async fn work(&self) {
        let parts = &*self.app;
        let worker = Worker::new(&parts.db, &parts.env, "test");
        let worker = cards::handlers(worker, &parts.db, &parts.env, &parts.charging);
        orders::handlers(worker, &parts.desk).run_due().await.unwrap();
    }

    /// Calls the API as this person: the status, and the answer or null.
    async fn call(&self, who: &Traveller, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
        let bearer = format!("Bearer {}", self.token(&who.cookie).await);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.send(method, &format!("/api/v1{path}"), &headers, &body).await;
        (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
    }

    /// The pool of a family that begins with this line.
    async fn family(&self, owner: &Traveller) -> String {
        self.work().await;
        let new = json!({ "kind": "family", "name": "The Lins", "line": owner.line.id.to_string() });
        let (status, pool) = self.call(owner, "POST", "/pools", new).await;
        assert_eq!(status, StatusCode::CREATED, "{pool}");
        pool["id"].as_str().unwrap().to_owned()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn an_app_does_with_a_pool_what_the_pages_do() {
    let shop = Shop::open("https://shop.example").await;
    let (lin, mum) = (shop.traveller("lin@example.com").await, shop.traveller("mum@example.com").await);
    let pool = format!("/pools/{}", shop.family(&lin).await);
    let (status, invitation) =
        shop.call(&lin, "POST", &format!("{pool}/invitations"), json!({ "role": "member" })).await;
    assert_eq!(status, StatusCode::CREATED);
    let token = text(&invitation["link"]).strip_prefix("https://shop.example/join?token=").unwrap();
    let (_, led) = shop.call(&mum, "POST", "/join/look", json!({ "token": token })).await;
    assert_eq!(led["name"], "The Lins");
    let joining = json!({ "token": token, "line": mum.line.id.to_string(), "name": "Mum" });
    let (status, _) = shop.call(&mum, "POST", "/join", joining.clone()).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    shop.work().await;
    let (status, _) = shop.call(&mum, "POST", "/join", joining).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "an invitation lets one in");

    let member = format!("{pool}/members/{}", mum.line.id);
    let (status, seen) =
        shop.call(&lin, "PUT", &format!("{member}/caps"), json!({ "in_all": 5_000_000 })).await;
    assert_eq!((status, &seen["members"][1]["in_all"]["cap_bytes"]), (StatusCode::OK, &json!(5_000_000)));
    shop.work().await;
    let (_, seen) = shop.call(&lin, "PUT", &format!("{member}/paused"), json!({ "paused": true })).await;
    let mums = &seen["members"][1];
    assert_eq!(
        (text(&mums["state"]), &mums["paused"], &mums["in_all"]["used_bytes"]),
        ("in", &json!(true), &json!(0))
    );
    shop.work().await;
    let (_, data) = shop.call(&mum, "GET", &format!("/lines/{}/data", mum.line.id), Value::Null).await;
    assert_eq!((&data["paused"], &data["shared_room_bytes"]), (&json!(true), &json!(5_000_000)));
    let (status, _) = shop.call(&mum, "DELETE", &member, Value::Null).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    shop.work().await;
    let (status, _) = shop.call(&mum, "GET", &pool, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is not hers any more");
    let (_, pools) = shop.call(&lin, "GET", "/pools", Value::Null).await;
    assert_eq!(pools.as_array().map(Vec::len), Some(1));
    assert_eq!(shop.call(&lin, "DELETE", &pool, Value::Null).await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_page_takes_one_connection_at_a_time() {
    let shop = Shop::open("https://shop.example").await;
    let (lin, mum) = (shop.traveller("lin@example.com").await, shop.traveller("mum@example.com").await);
    let pool = format!("/pools/{}", shop.family(&lin).await);
    let (_, invitation) =
        shop.call(&lin, "POST", &format!("{pool}/invitations"), json!({ "role": "member" })).await;
    let join = text(&invitation["link"]).strip_prefix("https://shop.example").unwrap();
    let crowd = crowd(&shop.app.db).await;
    let member = format!("{pool}/members/{}", lin.line.id);
    let line = format!("/lines/{}", lin.line.id);
    for (who, path) in [
        (&lin, pool.as_str()),
        (&lin, "/pools/new"),
        (&lin, &member),
        (&lin, "/"),
        (&lin, &line),
        (&mum, join),
    ] {
        let status = shop.get(path, &[("cookie", &who.cookie)]).await.status;
        assert_eq!(status, StatusCode::OK, "{path}");
    }
    let (_, token) = join.split_once('=').unwrap();
    let form = format!("token={token}&line={}&name=Mum", mum.line.id);
    let joined = shop.send("POST", "/join", &[FORM, ("cookie", &mum.cookie)], &form).await;
    assert_eq!(joined.status, StatusCode::SEE_OTHER);
    drop(crowd);
}

/// All connections that read but one are taken.
async fn crowd(db: &store::Db) -> Vec<store::Conn> {
    let mut taken = Vec::new();
    while let Ok(conn) = tokio::time::timeout(std::time::Duration::from_millis(50), db.read()).await {
        taken.push(conn.unwrap());
    }
    drop(taken.pop());
    taken
}

#[tokio::test]
async fn other_peoples_pools_are_not_there() {
    let shop = Shop::open("https://shop.example").await;
    let (lin, eve) = (shop.traveller("lin@example.com").await, shop.traveller("eve@example.com").await);
    let pool = format!("/pools/{}", shop.family(&lin).await);
    let member = format!("{pool}/members/{}", lin.line.id);
    for path in ["", "/now", "/dissolve"].map(|end| format!("{pool}{end}")).into_iter().chain([
        member.clone(),
        format!("{member}/leave"),
        format!("{member}/owner"),
    ]) {
        let ours = shop.get(&path, &[("cookie", &lin.cookie)]).await.status;
        assert_eq!(ours, StatusCode::OK, "{path}");
        let theirs = shop.get(&path, &[("cookie", &eve.cookie)]).await.status;
        assert_eq!(theirs, StatusCode::NOT_FOUND, "{path}");
    }
    for (method, path, body) in [
        ("GET", pool.clone(), Value::Null),
        ("GET", format!("{pool}/usage"), Value::Null),
        ("GET", format!("{pool}/invitations"), Value::Null),
        ("POST", format!("{pool}/invitations"), json!({ "role": "member" })),
        ("PATCH", pool.clone(), json!({ "name": "Mine" })),
        ("DELETE", pool.clone(), Value::Null),
        ("PUT", format!("{pool}/owner"), json!({ "line": eve.line.id.to_string() })),
        ("PUT", format!("{member}/caps"), json!({})),
        ("PUT", format!("{member}/paused"), json!({ "paused": true })),
        ("PUT", format!("{member}/role"), json!({ "role": "member" })),
        ("DELETE", member.clone(), Value::Null),
    ] {
        let (status, _) = shop.call(&eve, method, &path, body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
    }
}

#[tokio::test]
async fn another_sites_form_does_nothing_and_an_invitation_tells_nobody_who_is_here() {
    let shop = Shop::open("https://shop.example").await;
    let (lin, _) = (shop.traveller("lin@example.com").await, shop.traveller("mum@example.com").await);
    let pool = format!("/pools/{}", shop.family(&lin).await);
    let form = |site: &'static str| [FORM, ("sec-fetch-site", site), ("cookie", lin.cookie.as_str())];
    let forged = shop.send("POST", &format!("{pool}/dissolve"), &form("cross-site"), "").await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let mut shown = Vec::new();
    for email in ["mum@example.com", "nobody@example.com"] {
        let path = format!("{pool}/invite");
        let sent = shop.send("POST", &path, &form("same-origin"), &format!("email={email}")).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        let page = shop.get(sent.header("location"), &[("cookie", &lin.cookie)]).await;
        let path = sent.header("location").to_owned();
        let link = page.text.split("data-copy=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let svg = |text: &str| text.split("<path stroke").next().unwrap_or_default().to_owned();
        shown.push(svg(&page.text).replace(email, "…").replace(link, "…").replace(&path, "…"));
    }
    assert_eq!(shown[0], shown[1]);
}
