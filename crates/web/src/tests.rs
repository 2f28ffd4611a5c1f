//! The shell as a browser and a program meet it.

mod catalog_pages;
mod lines;
mod notifications;
mod people_pages;
mod sharing;
mod wallet_pages;

use accounts::{Guards, Limits, Origin, Passwords, Preferences, Registration};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use basis::{Currency, Env, Language, SecretKey};
use charging::{Charging, Opening};
use http_body_util::BodyExt as _;
use store::Db;
use tower::ServiceExt as _;

use crate::{App, Config, Parts, live::Hub};

const MIGRATIONS: [store::Migrations; 12] = [
    accounts::MIGRATIONS,
    push::MIGRATIONS,
    catalog::MIGRATIONS,
    ledger::MIGRATIONS,
    charging::LOG_MIGRATIONS,
    charging::MIGRATIONS,
    cards::MIGRATIONS,
    payments::MIGRATIONS,
    pools::MIGRATIONS,
    orders::MIGRATIONS,
    receipts::MIGRATIONS,
    renewals::MIGRATIONS,
];

struct Shop {
    router: Router,
    app: App,
    _db: store::testing::TestDb,
}

/// A desk that delivers nothing.
fn desk(
    db: &store::Db,
    env: &Env,
    charging: &charging::Charging,
    providers: payments::Providers,
) -> orders::Desk {
    orders::Desk::new(
        db,
        env,
        charging,
        carriers::Carriers::default(),
        providers,
        orders::Settings::default(),
    )
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Shop {
    async fn open(address: &str) -> Self {
        Self::with_providers(address, payments::Providers::default()).await
    }

    async fn with_providers(address: &str, providers: payments::Providers) -> Self {
        let env = Env::system();
        let db = store::testing::sqlite(&MIGRATIONS, &env).await;
        let config = Config::at(address.parse().unwrap());
        let (key, live) = (SecretKey::new([7; 32]), Hub::default());
        let guards =
            Guards { passwords: Passwords::cheap(), limits: Limits::new(key.clone()), key: key.clone() };
        let charging = charging(&db, &env).await;
        let desk = desk(&db, &env, &charging, providers);
        let services = push::Services::read(&["fcm.googleapis.com".to_owned()]).unwrap();
        let push = push::Desk::open(&db, &env, &key, services, "https://shop.example").await.unwrap();
        let parts = Parts { db: db.clone(), env, secret: key, guards, charging, desk, push, config, live };
        let app = App::new(parts);
        Self { router: crate::router(app.clone()), app, _db: db }
    }

    /// Opens an account that reads Chinese; the cookie of its browser.
    async fn sign_in(&self, email: &str) -> String {
        let Parts { db, env, guards, .. } = &*self.app;
        let new = Registration {
            email: email.parse().unwrap(),
            password: "correct horse battery".into(),
            preferences: Preferences::usual(Language::ZhCn, Currency::USD),
        };
        accounts::admit(db, env, &guards.passwords, "test", &new, true).await.unwrap();
        let origin = Origin { ip: [127, 0, 0, 1].into(), agent: "test".into() };
        let (_, token) = accounts::sign_in(db, env, guards, &origin, email, &new.password).await.unwrap();
        format!("session={}", token.reveal())
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer =
            self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: head.status, headers: head.headers, text }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "").await
    }
}

/// An engine whose log lies in the same file: enough for one test.
async fn charging(db: &Db, env: &Env) -> Charging {
    let opening = Opening { log: db.clone(), shop: db.clone(), node: "test".into() };
    Charging::open(opening, env).await.unwrap()
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn a_lost_reader_is_told_so_in_their_language() {
    let shop = Shop::open("https://shop.example").await;
    let page = shop.get("/no/such/page", &[("accept-language", "zh-CN,zh;q=0.9")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains(r#"<html lang="zh-CN""#) && page.text.contains("找不到"), "{}", page.text);
    let page = shop.get("/no/such/page", &[("accept-language", "fr")]).await;
    assert!(page.text.contains("Not found, or it is not yours."));
}

#[tokio::test]
async fn every_answer_is_strict_about_what_it_may_load() {
    let shop = Shop::open("https://shop.example").await;
    let page = shop.get("/no/such/page", &[]).await;
    assert!(page.header("content-security-policy").starts_with("default-src 'self'; form-action 'self'"));
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cache-control"), "private, no-cache");
    assert_eq!(page.header("x-request-id").len(), 8);
    assert!(
        !page.text.contains("style=") && !page.text.contains("<script>") && !page.text.contains("onclick")
    );
}

#[tokio::test]
async fn another_sites_form_changes_nothing() {
    let shop = Shop::open("https://shop.example").await;
    let evil = [FORM, ("sec-fetch-site", "cross-site")];
    let answer = shop.send("POST", "/language", &evil, "language=en").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn the_language_switch_needs_no_account() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let ours = [FORM, ("sec-fetch-site", "same-origin")];
    let answer = shop.send("POST", "/language", &ours, "language=zh-CN&next=/plans").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/plans"));
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = shop.get("/nowhere", &[("cookie", &cookie), ("accept-language", "en")]).await;
    assert!(page.text.contains(r#"<html lang="zh-CN""#));
    let answer = shop.send("POST", "/language", &ours, "language=en&next=//evil.example").await;
    assert_eq!(answer.header("location"), "/");
}

#[tokio::test]
async fn a_program_gets_problems_it_can_read() {
    let shop = Shop::open("https://shop.example").await;
    let answer = shop.get("/api/v1/nothing", &[("accept-language", "en")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(problem["type"], "urn:heyon:problem:not-found");
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["instance"], format!("urn:heyon:request:{}", answer.header("x-request-id")));
}

#[tokio::test]
async fn too_long_a_form_is_refused_with_a_page() {
    let shop = Shop::open("https://shop.example").await;
    let answer = shop.send("POST", "/language", &[FORM], &"x".repeat(70_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.text.contains("too long"), "{}", answer.text);
    let answer = shop.send("POST", "/language", &[FORM], "nonsense").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = shop.send("DELETE", "/language", &[], "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn files_are_kept_for_ever_under_their_hash_only() {
    let shop = Shop::open("https://shop.example").await;
    let style = crate::assets::url("app.css").unwrap();
    let fresh = shop.get(&style, &[]).await;
    assert_eq!(fresh.header("cache-control"), "public, max-age=31536000, immutable");
    assert!(fresh.text.contains("@layer reset, tokens, base, parts;") && fresh.text.contains(".gauge"));
    let old = shop.get("/assets/00000000/app.css", &[]).await;
    assert_eq!((old.status, old.header("cache-control")), (StatusCode::OK, "no-cache"));
    assert_eq!(shop.get("/assets/00000000/none.css", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_app_can_be_installed() {
    let shop = Shop::open("https://shop.example").await;
    let manifest = shop.get("/manifest.webmanifest", &[("accept-language", "zh")]).await;
    let manifest: serde_json::Value = serde_json::from_str(&manifest.text).unwrap();
    assert_eq!((manifest["lang"].as_str(), manifest["start_url"].as_str()), (Some("zh-CN"), Some("/")));
    let worker = shop.get("/sw.js", &[]).await;
    assert!(worker.header("content-type").starts_with("text/javascript") && worker.text.contains("/app.css"));
    let offline = shop.get("/offline", &[]).await;
    assert_eq!(offline.status, StatusCode::OK, "or the worker cannot be installed");
    let links = shop.get("/.well-known/assetlinks.json", &[]).await;
    assert_eq!(links.text, "[]");
    let apple = shop.get("/.well-known/apple-app-site-association", &[]).await;
    assert_eq!(apple.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_stranger_has_no_live_stream() {
    let shop = Shop::open("https://shop.example").await;
    assert_eq!(shop.get("/live", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(shop.get("/healthz", &[]).await.text, "ok\n");
    assert_eq!(shop.get("/readyz", &[]).await.text, "ready\n");
}

/// `docs/openapi.json` is what other people build against: it changes only together with the code.
#[test]
fn the_committed_description_is_the_codes_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let ours = serde_json::to_string_pretty(&crate::api::openapi()).unwrap() + "\n";
    if std::env::var_os("HEYON_BLESS").is_some() {
        std::fs::write(path, &ours).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        ours == committed,
        "docs/openapi.json has drifted: run this test with HEYON_BLESS=1 and commit the file"
    );
}

/// Someone who is signed in reads in their own language, wherever they sit.
#[tokio::test]
async fn a_signed_in_reader_is_known() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let cookie = shop.sign_in("anna@example.com").await;
    let page = shop.get("/nowhere", &[("cookie", &cookie), ("accept-language", "en")]).await;
    assert!(page.text.contains(r#"<html lang="zh-CN""#) && page.text.contains(r#"hx-sse:connect="/live""#));
    let ours = [FORM, ("sec-fetch-site", "same-origin"), ("cookie", cookie.as_str())];
    shop.send("POST", "/language", &ours, "language=en").await;
    let page = shop.get("/nowhere", &[("cookie", &cookie)]).await;
    assert!(page.text.contains(r#"<html lang="en""#), "the account remembers");
}
