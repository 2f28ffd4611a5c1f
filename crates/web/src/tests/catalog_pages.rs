//! A traveller without script looks for a plan, and an app asks for the same.

use super::{Answer, Shop};

const ZH: (&str, &str) = ("accept-language", "zh-CN");
const EN: (&str, &str) = ("accept-language", "en");

async fn demo() -> Shop {
    let shop = Shop::open("http://shop.example").await;
    catalog::apply(&shop.app.db, &shop.app.env, catalog::DEMO, &catalog::Conditions::default())
        .await
        .unwrap();
    shop
}

fn shows(answer: &Answer, what: &[&str]) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    for text in what {
        assert!(answer.text.contains(text), "{text} is missing in\n{}", answer.text);
    }
}

#[tokio::test]
async fn a_traveller_goes_from_the_search_to_the_checkout() {
    let shop = demo().await;
    for typed in ["%E6%97%A5%E6%9C%AC", "Japan", "nihon", "JP"] {
        let found = shop.get(&format!("/plans?q={typed}&line=lin_1"), &[ZH]).await;
        shows(&found, &["<b>日本</b>", r#"href="/plans/in/jp?line=lin_1""#, "NTT docomo"]);
    }
    let plans = shop.get("/plans/in/jp?line=lin_1", &[ZH]).await;
    shows(
        &plans,
        &["日本套餐", "20<small>GB</small>", "可以几条线路共享", "每 GB", "和现有套餐加在一起用", "按天"],
    );
    shows(&plans, &[r#"href="/checkout?plan=jp-20gb-30d&#38;line=lin_1""#]);
    let daily = shop.get("/plans/in/jp?kind=daily", &[EN]).await;
    shows(&daily, &["Plans for Japan", "1<small>GB/day</small>", "a day", "Follows what you have"]);
    let plan = shop.get("/plans/jp-20gb-30d", &[EN]).await;
    shows(
        &plan,
        &[
            "Japan 20\u{a0}GB, 30 days",
            "With the first connection in Japan",
            "SoftBank",
            "/checkout?plan=jp-20gb-30d",
        ],
    );
}

#[tokio::test]
async fn prices_follow_the_language_until_their_reader_says_otherwise() {
    let shop = demo().await;
    shows(&shop.get("/plans/in/jp", &[ZH]).await, &["¥117", "每 GB ¥"]);
    shows(&shop.get("/plans/in/jp", &[EN]).await, &["US$16.50"]);
    shows(&shop.get("/plans/in/jp", &[ZH, ("cookie", "currency=USD")]).await, &["US$16.50"]);
}

#[tokio::test]
async fn every_place_and_plan_has_its_page() {
    let shop = demo().await;
    shows(&shop.get("/plans", &[ZH]).await, &["去哪里", "全球", "日本", "起"]);
    shows(&shop.get("/plans?in=150", &[EN]).await, &["Europe", "Germany"]);
    let catalogue = catalog::read(&mut shop.app.db.read().await.unwrap()).await.unwrap();
    for plan in catalogue.on_sale() {
        for language in [ZH, EN] {
            shows(&shop.get(&format!("/plans/{}", plan.id), &[language]).await, &["</html>"]);
        }
    }
    for region in catalogue.regions(basis::Currency::CNY) {
        shows(&shop.get(&format!("/plans/in/{}", region.region.id), &[EN]).await, &["</html>"]);
    }
    shows(&shop.get("/coverage", &[ZH]).await, &["覆盖143个国家和地区", "东亚", "SoftBank"]);
    shows(&shop.get("/coverage?q=docomo", &[EN]).await, &["Japan"]);
    let one = shop.get("/coverage?plan=north-america-10gb-30d&in=19", &[EN]).await;
    shows(&one, &["Canada", "Telcel"]);
    assert!(!one.text.contains("Japan"));
}

#[tokio::test]
async fn what_is_not_there_is_said_plainly() {
    let shop = demo().await;
    shows(&shop.get("/plans?q=qqqq", &[ZH]).await, &["没找到"]);
    shows(&shop.get("/plans?q=%3Cscript%3E", &[EN]).await, &["Nothing found", "&#60;script&#62;"]);
    shows(&shop.get("/plans?q=Antarctica", &[EN]).await, &["There is no plan for Antarctica yet"]);
    shows(&shop.get("/plans/in/aq", &[ZH]).await, &["南极洲还没有套餐"]);
    for gone in ["/plans/in/atlantis", "/plans/no-such", "/plans/NO", "/coverage?plan=x"] {
        assert_eq!(shop.get(gone, &[EN]).await.status, 404, "{gone}");
    }
    for odd in ["/plans?in=x", "/plans/in/jp?kind=weekly"] {
        assert!(shop.get(odd, &[EN]).await.status.is_client_error(), "{odd}");
    }
    let empty = Shop::open("http://shop.example").await;
    shows(&empty.get("/plans", &[EN]).await, &["Where to"]);
}

#[tokio::test]
async fn an_app_asks_for_the_same() {
    let shop = demo().await;
    let json = async |path: &str| -> serde_json::Value {
        let answer = shop.get(path, &[EN]).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        serde_json::from_str(&answer.text).unwrap()
    };
    let found = json("/api/v1/destinations?q=nihon&currency=USD").await;
    assert_eq!(found["countries"][0]["name"], "Japan");
    assert_eq!(found["countries"][0]["from"]["currency"], "USD");
    let all = json("/api/v1/destinations").await;
    assert!(
        all["countries"].as_array().unwrap().len() >= 100 && !all["regions"].as_array().unwrap().is_empty()
    );
    let plans = json("/api/v1/places/jp/plans?kind=daily").await;
    assert!(plans.as_array().unwrap().iter().all(|plan| plan["kind"] == "daily"));
    let plan = json("/api/v1/plans/jp-20gb-30d").await;
    assert_eq!(plan["allowance"]["bytes"], 20_000_000_000_u64);
    assert_eq!(plan["prices"][1]["text"], "US$16.50");
    assert_eq!(json("/api/v1/coverage?plan=jp-20gb-30d").await["countries"][0]["networks"][0], "NTT docomo");
    for (path, status) in [
        ("/api/v1/plans/none", 404),
        ("/api/v1/places/xx/plans", 404),
        ("/api/v1/destinations?currency=X", 422),
    ] {
        let answer = shop.get(path, &[EN]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (status, "application/problem+json")
        );
    }
}
