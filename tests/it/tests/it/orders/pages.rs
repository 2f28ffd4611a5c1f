//! The same stories through the pages, without script, and through the API.

use accounts::{Guards, Limits, Origin, Passwords, Preferences, Registration};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use basis::{Account, DAY_MS, Id, Language, MINUTE_MS, Order, SecretKey};
use charging::{Ask, CreditControl, Few, RequestKind, Service};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;
use web::{App, Config, Parts};

use super::carrier::Fault;
use super::shop::{Shop, shops_of, yuan};

/// A browser or an app of the shop's buyer.
pub(super) struct Window {
    router: Router,
    headers: Vec<(&'static str, String)>,
}

struct Seen {
    status: StatusCode,
    location: String,
    text: String,
}

impl Window {
    async fn ask(&self, method: &str, path: &str, kind: &str, body: String) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header("content-type", kind);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 1))));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let location = answer.headers().get(header::LOCATION).map_or("", |v| v.to_str().unwrap()).to_owned();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        Seen { status, location, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The same reader, by an app.
    pub(super) async fn app(mut self, shop: &Shop) -> Self {
        let made =
            store::in_tx!(shop.db, |tx| { accounts::create_token(tx, &shop.env, shop.buyer, "phone").await });
        self.headers = vec![("authorization", format!("Bearer {}", made.unwrap().1.reveal()))];
        self
    }

    pub(super) async fn see(&self, path: &str) -> String {
        let seen = self.ask("GET", path, "text/html", String::new()).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}: {}", seen.text);
        seen.text
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let form: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.ask("POST", path, "application/x-www-form-urlencoded", form.join("&")).await
    }
}

/// The value of a hidden field.
fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let start = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&start).unwrap_or_else(|| panic!("no field {name} in {page}")).1;
    rest.split_once('"').unwrap().0
}

fn payment_in(url: &str) -> basis::Id<basis::Payment> {
    url.rsplit_once("bank-").unwrap().1.parse().unwrap()
}

async fn window(shop: &Shop, language: Language) -> Window {
    let key = SecretKey::new([7; 32]);
    let guards = Guards { passwords: Passwords::cheap(), limits: Limits::new(key.clone()), key: key.clone() };
    let account: Id<Account> = shop.buyer;
    let origin = Origin { ip: [127, 0, 0, 1].into(), agent: "test".into() };
    let (_, token) =
        accounts::sign_in(&shop.db, &shop.env, &guards, &origin, "lin@example.com", PASSWORD).await.unwrap();
    let cookie = format!("session={}; lang={}", token.reveal(), language.tag());
    let services = push::Services::read(&["fcm.googleapis.com".to_owned()]).unwrap();
    let push = push::Desk::open(&shop.db, &shop.env, &key, services, "https://shop.example").await.unwrap();
    let parts = Parts {
        db: shop.db.db.clone(),
        env: shop.env.clone(),
        secret: key,
        push,
        guards,
        charging: shop.desk.charging.clone(),
        desk: shop.desk.clone(),
        config: Config::at("http://shop.example".parse().unwrap()),
        live: web::live::Hub::default(),
    };
    assert!(account.as_u128() > 0);
    Window {
        router: web::router(App::new(parts)),
        headers: vec![("cookie", cookie), ("sec-fetch-site", "same-origin".to_owned())],
    }
}

const PASSWORD: &str = "correct horse battery";

/// Shops whose buyer is a person who can sign in.
pub(super) async fn people(language: Language) -> Vec<(Shop, Window)> {
    let admit = async |db: &store::testing::TestDb, env: &basis::Env| {
        let new = Registration {
            email: "lin@example.com".parse().unwrap(),
            password: PASSWORD.into(),
            preferences: Preferences::usual(language, basis::Currency::CNY),
        };
        accounts::admit(db, env, &Passwords::cheap(), "test", &new, true).await.unwrap()
    };
    let mut people = Vec::new();
    for shop in shops_of(admit).await {
        let window = window(&shop, language).await;
        people.push((shop, window));
    }
    people
}

/// Everything that the checkout's form would send.
fn filled<'a>(page: &'a str, method: &'a str) -> Vec<(&'a str, &'a str)> {
    let names = ["key", "plan", "line", "change", "old", "currency", "price", "part"];
    let mut fields: Vec<_> = names.iter().map(|name| (*name, field(page, name))).collect();
    fields.push(("method", method));
    fields
}

#[tokio::test]
async fn lin_sees_what_will_happen_pays_and_watches_it_turn() {
    for (shop, window) in people(Language::ZhCn).await {
        shop.give(yuan(4_600)).await;
        let page = window.see(&format!("/checkout?plan=jp-20gb&line={}", shop.line.id)).await;
        for words in [
            "购买日本",
            "付款后会发生什么",
            "在日本第一次联网时",
            "先用钱包余额",
            "¥72.00",
            "支付宝",
            "10分钟还没生效",
        ] {
            assert!(page.contains(words), "{words} is missing in {page}");
        }
        let mut fields = filled(&page, "alipay");
        fields.push(("wallet", "1"));
        let sent = window.send("/checkout", &fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        assert!(sent.location.starts_with("https://bank.example/"), "{}", sent.location);
        let again = window.send("/checkout", &fields).await;
        assert_eq!(again.location, sent.location, "the same form twice is one order");

        let list = window.see("/orders").await;
        let order = list.split_once("/orders/ord_").unwrap().1.split_once('"').unwrap().0;
        let path = format!("/orders/ord_{order}");
        let waiting = window.see(&path).await;
        assert!(waiting.contains("待付 ¥72.00") && waiting.contains("hx-get"), "{waiting}");

        shop.bank.pay(payment_in(&sent.location), yuan(7_200));
        let back = window.ask("GET", &format!("{path}/return?paid=no"), "text/html", String::new()).await;
        assert_eq!((back.status, back.location.as_str()), (StatusCode::SEE_OTHER, path.as_str()));
        shop.work().await;
        let active = window.see(&path).await;
        for words in
            ["已生效", "付款后1秒生效", "支付宝 ¥72.00 · 钱包 ¥46.00", "看余量", "换套餐", "/receipts/ord_"]
        {
            assert!(active.contains(words), "{words} is missing in {active}");
        }
        let part = window.see(&format!("{path}/now")).await;
        assert!(part.starts_with("<div id=\"now\"") && !part.contains("<html"), "{part}");
        let line = window.see(&format!("/lines/{}", shop.line.id)).await;
        assert!(line.contains(&path), "the line's history leads to the order");
    }
}

#[tokio::test]
async fn who_comes_back_refused_is_told_so_and_can_try_again() {
    for (shop, window) in people(Language::En).await {
        let page = window.see(&format!("/checkout?plan=jp-20gb&line={}", shop.line.id)).await;
        let sent = window.send("/checkout", &filled(&page, "paypal")).await;
        let list = window.see("/orders").await;
        let order = list.split_once("/orders/ord_").unwrap().1.split_once('"').unwrap().0;
        let path = format!("/orders/ord_{order}");
        assert!(window.see(&path).await.contains("The price is held until"));
        shop.bank.refuse_once(payment_in(&sent.location));
        window.ask("GET", &format!("{path}/return"), "text/html", String::new()).await;
        let refused = window.see(&path).await;
        assert!(refused.contains("The payment was declined, nothing was charged. Try again"), "{refused}");
        let again = window.send(&format!("{path}/pay"), &[("method", "paypal"), ("key", "k")]).await;
        assert_eq!(again.location, sent.location, "the same page takes another try");
    }
}

#[tokio::test]
async fn a_failed_delivery_tells_its_story_and_a_way_on() {
    for (shop, window) in people(Language::En).await {
        let page = window.see(&format!("/checkout?plan=jp-20gb&line={}", shop.line.id)).await;
        let sent = window.send("/checkout", &filled(&page, "card")).await;
        shop.wire.breaks(Fault::Refuses);
        let payment = payment_in(&sent.location);
        shop.bank.pay(payment, yuan(11_800));
        shop.hook("evt-1", payment).await;
        shop.work().await;
        let list = window.see("/orders").await;
        let order = list.split_once("/orders/ord_").unwrap().1.split_once('"').unwrap().0;
        let path = format!("/orders/ord_{order}");
        let delivering = window.see(&path).await;
        for words in ["Being delivered", "Takes longer than usual", "goes back by itself"] {
            assert!(delivering.contains(words), "{words} is missing in {delivering}");
        }
        shop.pass(12 * MINUTE_MS).await;
        let refunded = window.see(&path).await;
        for words in ["went back", "Delivery stopped", "to Card, usually within", "Try again"] {
            assert!(refunded.contains(words), "{words} is missing in {refunded}");
        }
    }
}

#[tokio::test]
async fn a_change_of_plan_is_said_before_it_is_paid() {
    for (shop, window) in people(Language::En).await {
        let (old, _) = shop.bought().await;
        let choices = window.see(&format!("/orders/{old}/change")).await;
        assert!(choices.contains("50\u{a0}GB") && choices.contains("After the current one"), "{choices}");
        let wish = format!("/checkout?plan=jp-50gb&line={}&old={old}&change=now", shop.line.id);
        let page = window.see(&wish).await;
        for words in ["Change to Japan 50", "Comes back", "¥118.00", "ends as soon as the new one is there"]
        {
            assert!(page.contains(words), "{words} is missing in {page}");
        }
        let sent = window.send("/checkout", &filled(&page, "paypal")).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    }
}

#[tokio::test]
async fn what_does_not_fit_any_more_is_shown_anew() {
    for (shop, window) in people(Language::En).await {
        let page = window.see(&format!("/checkout?plan=jp-20gb&line={}", shop.line.id)).await;
        let fields: Vec<_> = filled(&page, "card")
            .into_iter()
            .map(|(name, value)| if name == "price" { (name, "11700") } else { (name, value) })
            .collect();
        let sent = window.send("/checkout", &fields).await;
        assert_eq!(sent.status, StatusCode::CONFLICT);
        assert!(sent.text.contains("The price has changed meanwhile"), "{}", sent.text);
        let none = window.send("/checkout", &filled(&page, "cash")).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        for path in ["/orders/ord_1", "/orders/x/change", "/checkout?plan=none", "/checkout?plan=Ü"] {
            let seen = window.ask("GET", path, "text/html", String::new()).await;
            assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}");
        }
        let stranger = Window { router: window.router.clone(), headers: Vec::new() };
        let seen = stranger.ask("GET", "/orders", "text/html", String::new()).await;
        assert!(seen.location.starts_with("/sign-in"), "{}", seen.location);
    }
}

impl Shop {
    /// The line uses so much in Japan, in one session.
    async fn use_up(&self, octets: u64) {
        let request = |kind, number, used, ask| CreditControl {
            gateway: "pgw".to_owned(),
            session: "holiday".to_owned(),
            kind,
            number,
            imsi: self.line.imsi.parse().ok(),
            msisdn: None,
            country: "JP".parse().ok(),
            services: Few::One(Service { group: Some(1), used, ask }),
        };
        let charging = &self.desk.charging;
        charging.control(request(RequestKind::Initial, 0, 0, Ask::Quota)).await.unwrap();
        charging.control(request(RequestKind::Terminate, 1, octets, Ask::Nothing)).await.unwrap();
    }

    /// So many days go by, and the engine forgets what is long over.
    async fn forget(&self, days: i64, order: Id<Order>) {
        self.clock.advance_ms(days * DAY_MS);
        for _ in 0..3 {
            self.desk.charging.tick().await.unwrap();
        }
        self.desk.charging.catch_up().await.unwrap();
        let view = self.desk.charging.view(self.line.pool).await.unwrap();
        assert!(view.bundles.iter().all(|bundle| bundle.bundle != order), "the engine still knows it");
    }
}

#[tokio::test]
async fn a_year_later_lin_still_sees_what_she_had_when_and_how_much_of_it_she_used() {
    for (shop, _) in people(Language::En).await {
        let (order, _) = shop.bought().await;
        shop.use_up(4_830_000_000).await;
        shop.forget(365, order).await;
        let window = window(&shop, Language::En).await;
        let path = format!("/orders/{order}");
        // Paid on 21 September 2026, begun at once, and thirty days long.
        let page = window.see(&path).await;
        for words in ["has ended", "Ended on 21 Oct 2026", "Data used", "4.83\u{a0}GB", "Buy it again"] {
            assert!(page.contains(words), "{words} is missing in {page}");
        }
        let past = "Ended 21 Oct 2026, 4.83\u{a0}GB used";
        let line = window.see(&format!("/lines/{}", shop.line.id)).await;
        let (home, list) = (window.see("/").await, window.see("/orders").await);
        assert!(line.contains(past), "the line's history: {line}");
        assert!(list.contains(past), "the list of orders: {list}");
        for page in [&line, &home] {
            assert!(!page.contains("No plan") && page.contains("Ended"), "{page}");
            assert!(page.contains("Japan 20\u{a0}GB") && page.contains("Buy 20\u{a0}GB again"), "{page}");
        }
    }
}

#[tokio::test]
async fn a_plan_that_was_never_begun_says_that_it_lapsed() {
    for (shop, _) in people(Language::En).await {
        let (order, _) = shop.bought().await;
        shop.forget(365, order).await;
        let window = window(&shop, Language::En).await;
        let page = window.see(&format!("/orders/{order}")).await;
        assert!(page.contains("has ended") && page.contains("so it lapsed"), "{page}");
        let list = window.see("/orders").await;
        assert!(list.contains("Lapsed 20 Mar 2027, never begun"), "{list}");
    }
}
