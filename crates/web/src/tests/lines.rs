//! A line from binding to the last byte, as its owner's pages show it.

use axum::http::StatusCode;
use basis::{Allowance, Beyond, Country, CountrySet, DataVolume, RenewalRule, StartRule, Terms};
use charging::{Ask, Credit, CreditControl, Few, LineIdentity, RequestKind, Service};

use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{FORM, Shop};
use crate::pages::lines::fixtures;

const MB: u64 = 1_000_000;

/// A person with a bound card whose pool stands at the engine.
pub(super) struct Traveller {
    pub(super) cookie: String,
    pub(super) line: cards::Line,
}

impl Shop {
    /// Registers someone, and binds them a fresh card.
    pub(super) async fn traveller(&self, email: &str) -> Traveller {
        let cookie = self.sign_in(email).await;
        let parts = &*self.app;
        let key = &parts.secret;
        let made = cards::make_test_cards(&parts.db, &parts.env, key, "test", 1).await.unwrap();
        let origin = accounts::Origin { ip: [127, 0, 0, 1].into(), agent: "test".into() };
        let account = self.account(&cookie).await;
        let input = cards::BindInput { number: &made[0].serial, bind_code: None };
        let line =
            cards::bind_card(&parts.db, &parts.env, &parts.guards, &origin, account, input).await.unwrap();
        let identity = LineIdentity { line: line.id, imsi: line.imsi.parse().unwrap(), msisdn: None };
        parts.charging.open_pool(line.pool, identity).await.unwrap();
        Traveller { cookie, line }
    }

    async fn account(&self, cookie: &str) -> basis::Id<basis::Account> {
        let token = cookie.strip_prefix("session=").unwrap();
        accounts::session(&self.app.db, &self.app.env, token).await.unwrap().unwrap().account.id
    }

    pub(super) async fn token(&self, cookie: &str) -> String {
        let account = self.account(cookie).await;
        let env = &self.app.env;
        let made =
            store::in_tx!(self.app.db, |tx| { accounts::create_token(tx, env, account, "phone").await });
        made.unwrap().1.reveal().to_owned()
    }

    /// 5 GB for Japan are delivered.
    pub(super) async fn deliver(&self, who: &Traveller) {
        self.deliver_as(who, Allowance::Fixed { bytes: DataVolume::gigabytes(5) }).await;
    }

    /// So much for thirty days in Japan is delivered.
    async fn deliver_as(&self, who: &Traveller, allowance: Allowance) {
        let terms = Terms {
            allowance,
            coverage: CountrySet::from_iter(["JP".parse::<Country>().unwrap()]),
            days: 30,
            start: StartRule::FirstUse,
            activate_within_days: 180,
            renewal: RenewalRule::Follow,
            shareable: false,
        };
        let order = self.app.env.new_id();
        let credit = Credit { pool: who.line.pool, order, line: Some(who.line.id), terms };
        self.app.charging.credit(credit).await.unwrap();
    }

    /// A gateway in Japan reports so many octets and asks for more.
    pub(super) async fn report(&self, who: &Traveller, number: u32, used: u64) {
        let kind = if number == 0 { RequestKind::Initial } else { RequestKind::Update };
        let services = Few::One(Service { group: Some(1), used, ask: Ask::Quota });
        let request = CreditControl {
            gateway: "gw.test".into(),
            session: "s1".into(),
            kind,
            number,
            imsi: who.line.imsi.parse().ok(),
            msisdn: None,
            country: "JP".parse().ok(),
            services,
        };
        self.app.charging.control(request).await.unwrap();
    }
}

#[tokio::test]
async fn home_shows_what_the_engine_knows() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    let home = async || shop.get("/", &[("cookie", &anna.cookie)]).await.text;

    assert!(home().await.contains("没有套餐"), "bound, and no plan yet");
    shop.deliver(&anna).await;
    let waiting = home().await;
    assert!(waiting.contains("日本5\u{a0}GB") && waiting.contains("待使用"), "{waiting}");

    shop.report(&anna, 0, 0).await;
    shop.report(&anna, 1, 8 * MB).await;
    shop.report(&anna, 2, 992 * MB).await;
    let used = home().await;
    assert!(used.contains("剩余 4\u{a0}GB，共 5\u{a0}GB，还有 30 天"), "{used}");
    assert!(used.contains("正在日本使用") && used.contains("1秒前 · 实时"), "{used}");
    let part = shop.get("/now", &[("cookie", &anna.cookie)]).await.text;
    assert!(part.starts_with(r#"<div id="now""#) && part.contains("4\u{a0}GB"), "{part}");
}

#[tokio::test]
async fn a_lines_page_shows_its_use_per_day() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    shop.deliver(&anna).await;
    shop.report(&anna, 0, 0).await;
    shop.report(&anna, 1, 250 * MB).await;
    shop.app.charging.catch_up().await.unwrap();
    let page = shop.get(&format!("/lines/{}", anna.line.id), &[("cookie", &anna.cookie)]).await;
    assert!(page.text.contains("今天 250\u{a0}MB"), "the chart in words: {}", page.text);
    assert!(page.text.contains("ICCID") && page.text.contains("仅流量"));
}

#[tokio::test]
async fn an_app_reads_what_is_left_and_what_was_used() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    shop.deliver(&anna).await;
    shop.report(&anna, 0, 0).await;
    shop.report(&anna, 1, 250 * MB).await;
    shop.app.charging.catch_up().await.unwrap();
    let token = shop.token(&anna.cookie).await;
    let ask = async |path: String, token: &str| {
        let answer = shop.get(&path, &[("authorization", &format!("Bearer {token}"))]).await;
        (answer.status, serde_json::from_str::<serde_json::Value>(&answer.text).unwrap())
    };
    let line = format!("/api/v1/lines/{}", anna.line.id);
    let (status, data) = ask(format!("{line}/data"), &token).await;
    assert_eq!((status, &data["bundles"][0]["remaining_bytes"]), (StatusCode::OK, &4_750_000_000_u64.into()));
    assert_eq!(
        (&data["bundles"][0]["state"], &data["sessions"][0]["country"]),
        (&"active".into(), &"JP".into())
    );
    let (_, usage) = ask(format!("{line}/usage?days=2&time_zone=Asia/Tokyo"), &token).await;
    assert_eq!((&usage[0]["bytes"], &usage[0]["country"]), (&250_000_000_u64.into(), &"JP".into()));

    let (status, problem) = ask(format!("{line}/usage?time_zone=Mars/Base"), &token).await;
    assert_eq!((status, &problem["param"]), (StatusCode::UNPROCESSABLE_ENTITY, &"time_zone".into()));
    assert_eq!(ask(format!("{line}/data"), "hyt_wrong").await.0, StatusCode::UNAUTHORIZED);
    let other = shop.sign_in("bela@example.com").await;
    let (status, _) = ask(format!("{line}/data"), &shop.token(&other).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_persons_line_does_not_exist() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    let bela = shop.sign_in("bela@example.com").await;
    for path in ["", "/now", "/install"] {
        let page = shop.get(&format!("/lines/{}{path}", anna.line.id), &[("cookie", &bela)]).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let nonsense = shop.get("/lines/lin_zzz", &[("cookie", &bela)]).await;
    assert_eq!(nonsense.status, StatusCode::NOT_FOUND);
    let stranger = shop.get(&format!("/lines/{}", anna.line.id), &[]).await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
    assert_eq!(stranger.header("location"), format!("/sign-in?next=%2Flines%2F{}", anna.line.id));
}

#[tokio::test]
async fn a_line_gets_a_name_of_its_own() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    let (path, ours) = (format!("/lines/{}", anna.line.id), [FORM, ("cookie", anna.cookie.as_str())]);
    let renamed = shop.send("POST", &format!("{path}/name"), &ours, "label=%3Cb%3EPhone").await;
    assert_eq!((renamed.status, renamed.header("location")), (StatusCode::SEE_OTHER, path.as_str()));
    let page = shop.get(&path, &[("cookie", &anna.cookie)]).await.text;
    assert!(page.contains("&#60;b&#62;Phone") && !page.contains("<b>Phone"), "escaped: {page}");
    let long = format!("label={}", "x".repeat(200));
    let refused = shop.send("POST", &format!("{path}/name"), &ours, &long).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains(r#"id="label-error""#), "{}", refused.text);
}

#[tokio::test]
async fn who_goes_on_slower_is_told_until_when() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    let fair_use_bytes_per_day = DataVolume::gigabytes(1);
    shop.deliver_as(&anna, Allowance::Unlimited { fair_use_bytes_per_day, then: Beyond::Slower }).await;
    shop.report(&anna, 0, 0).await;
    shop.report(&anna, 1, 10 * MB).await;
    let fast = shop.get("/", &[("cookie", &anna.cookie)]).await.text;
    assert!(!fast.contains("降速"), "{fast}");
    shop.report(&anna, 2, 1000 * MB).await;

    let token = format!("Bearer {}", shop.token(&anna.cookie).await);
    let path = format!("/lines/{}", anna.line.id);
    let data = shop.get(&format!("/api/v1{path}/data"), &[("authorization", &token)]).await.text;
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    let (slower, bundle) = (&data["slower"], &data["bundles"][0]);
    assert_eq!((&slower["bundle"], &bundle["state"]), (&bundle["id"], &"active".into()), "{data}");
    assert_eq!(slower["full_speed_at_ms"], bundle["window"]["ends_at_ms"]);

    let again = basis::Timestamp(slower["full_speed_at_ms"].as_i64().unwrap());
    for path in ["/", path.as_str()] {
        let page = shop.get(path, &[("cookie", &anna.cookie)]).await.text;
        let (zone, texts) =
            (texts::time_zone("Asia/Shanghai").unwrap(), texts::Texts::of(basis::Language::ZhCn));
        let when = format!("{}自动恢复全速", texts.day_clock(again, &zone));
        assert!(page.contains("已降速</span>") && page.contains(&when), "{when}: {page}");
        assert!(!page.contains("已经断网") && !page.contains("已用完</span>"), "nothing has stopped: {page}");
    }
}

/// Every state has its word, its drawing and its one way on, in both languages.
#[tokio::test]
async fn every_state_is_said_plainly() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let words = [
        ["使用中", "Active"],
        ["流量低", "Low"],
        ["待使用", "Waiting"],
        ["今天已用完", "Used up today"],
        ["已降速", "Slower now"],
        ["已到期", "Ended"],
        ["已停用", "Stopped"],
        ["没有套餐", "No plan"],
        ["暂无数据", "Unknown for now"],
    ];
    for (line, words) in fixtures::all(shop.app.env.now()).into_iter().zip(words) {
        for (tag, word) in ["zh-CN", "en"].into_iter().zip(words) {
            let headers = [("accept-language".parse().unwrap(), tag.parse().unwrap())].into_iter().collect();
            let reader = crate::reader::stranger(&shop.app, &headers);
            let answer = crate::pages::home::shown(&shop.app, &reader, std::slice::from_ref(&line));
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            let page = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(page.contains(&format!("{word}</span>")), "{word}: {page}");
            let sells = !line.barred && !line.silent;
            assert_eq!(
                page.contains("data-money"),
                sells,
                "nothing is sold for a line that is stopped or unknown"
            );
        }
    }
}

/// The stream says that something has changed; what, the page asks itself.
#[tokio::test]
async fn an_open_page_hears_of_use() {
    let shop = Shop::open("http://127.0.0.1:8080").await;
    let anna = shop.traveller("anna@example.com").await;
    tokio::spawn(shop.app.live.clone().follow_charging(shop.app.charging.changes()));
    let request = axum::http::Request::builder().uri("/live").header("cookie", &anna.cookie);
    let answer = shop.router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut stream = answer.into_body();
    let mut next = async || {
        let frame = stream.frame().await.unwrap().unwrap().into_data().unwrap();
        String::from_utf8(frame.to_vec()).unwrap()
    };
    assert!(next().await.starts_with("event: line"), "what happened before the stream was open");
    assert!(next().await.starts_with("event: order"));
    shop.deliver(&anna).await;
    assert!(next().await.starts_with("event: line"));
}
