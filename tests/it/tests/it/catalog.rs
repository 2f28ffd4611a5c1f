//! What an operator does with the catalogue, and what a traveller finds in it.

use basis::{Country, Currency, Env, Language, Money, Problem};
use catalog::{ApplyError, Change, Conditions, PlanId};
use store::testing::{TestDb, both};
use texts::Texts;

const ONE_PLAN: &str = r#"
currencies = ["CNY", "USD"]
popular = ["JP", "FR"]
[[plan]]
id = "jp-20gb"
kind = "monthly"
where = "JP"
data = "20 GB"
days = 30
renewal = "add"
price = { CNY = "118", USD = "16.50" }
"#;

async fn shops(env: &Env) -> Vec<TestDb> {
    both(&[catalog::MIGRATIONS], env).await
}

fn id(text: &str) -> PlanId {
    text.parse().unwrap()
}

fn country(code: &str) -> Country {
    code.parse().unwrap()
}

async fn sell(db: &TestDb, env: &Env, plan: &PlanId) {
    store::in_tx!(db, |tx| { catalog::mark_sold(tx, env, plan).await }).unwrap();
}

async fn trail(db: &TestDb) -> Vec<(String, String)> {
    let told =
        store::audit::of_subject(&mut db.read().await.unwrap(), "catalog", 100).await.unwrap().into_iter();
    told.map(|entry| (entry.actor, entry.detail)).collect()
}

fn faults(error: ApplyError) -> String {
    match error {
        ApplyError::Faults(faults) => faults.to_string(),
        ApplyError::Problem(problem) => panic!("{problem}"),
    }
}

#[tokio::test]
async fn whoever_changes_the_catalogue_stands_in_the_trail_or_nothing_has_changed() {
    let env = Env::system();
    for db in shops(&env).await {
        let by_li = Conditions { actor: "operator:li".to_owned(), ..Conditions::default() };
        let looks = Conditions { dry_run: true, ..by_li.clone() };
        catalog::apply(&db, &env, ONE_PLAN, &looks).await.unwrap();
        assert_eq!(trail(&db).await, [], "who only looked changed nothing");
        for _ in 0..2 {
            catalog::apply(&db, &env, ONE_PLAN, &by_li).await.unwrap();
        }
        let once = ("operator:li".to_owned(), r#"{"changed":1}"#.to_owned());
        assert_eq!(trail(&db).await, [once], "the same file again changed nothing");

        store::in_tx!(db, |tx| { store::sql!("DROP TABLE audit_trail").run(tx).await }).unwrap();
        let dearer = ONE_PLAN.replace("118", "128");
        catalog::apply(&db, &env, &dearer, &by_li).await.unwrap_err();
        let left = catalog::apply(&db, &env, &dearer, &looks).await.unwrap();
        assert_eq!(left.changes.len(), 1, "no trail, no change: it is still to be made");
    }
}

#[tokio::test]
async fn an_operator_puts_a_file_into_force() {
    let env = Env::system();
    for db in shops(&env).await {
        let first_look =
            catalog::apply(&db, &env, ONE_PLAN, &Conditions { dry_run: true, ..Conditions::default() })
                .await
                .unwrap();
        assert_eq!(first_look.changes, [Change::Added(id("jp-20gb"))]);
        let mut conn = db.read().await.unwrap();
        let before = catalog::read(&mut conn).await.unwrap();
        assert_eq!(before.on_sale().count(), 0, "a dry run changes nothing");
        drop(conn);

        assert_eq!(catalog::apply(&db, &env, ONE_PLAN, &Conditions::default()).await.unwrap(), first_look);
        let again = catalog::apply(&db, &env, ONE_PLAN, &Conditions::default()).await.unwrap();
        assert!(again.is_empty(), "the same file again: {again}");

        let mut conn = db.read().await.unwrap();
        let plan = catalog::plan(&mut conn, &id("jp-20gb")).await.unwrap();
        assert_eq!(plan.price(Currency::USD), Some(Money::new(1650, Currency::USD)));
        assert_eq!(plan.name(Texts::of(Language::En)), "Japan 20\u{a0}GB, 30 days");
        assert_eq!(plan.name(Texts::of(Language::ZhCn)), "日本20\u{a0}GB，30天");
        let missing: Problem = catalog::plan(&mut conn, &id("jp-21gb")).await.unwrap_err();
        assert_eq!(missing.key, "not-found");
        assert_eq!(
            catalog::read(&mut conn).await.unwrap().popular(),
            [country("JP")],
            "nothing is sold in France"
        );
    }
}

#[tokio::test]
async fn a_sold_plan_keeps_its_word() {
    let env = Env::system();
    for db in shops(&env).await {
        catalog::apply(&db, &env, ONE_PLAN, &Conditions::default()).await.unwrap();
        sell(&db, &env, &id("jp-20gb")).await;
        sell(&db, &env, &id("jp-20gb")).await;

        let less = ONE_PLAN.replace("20 GB", "15 GB").replace("days = 30", "days = 28");
        for dry_run in [true, false] {
            let said = faults(
                catalog::apply(&db, &env, &less, &Conditions { dry_run, ..Conditions::default() })
                    .await
                    .unwrap_err(),
            );
            let expected = "line 5: plan jp-20gb: data, days: this plan was sold and keeps its terms; give the new offer a new id\n";
            assert_eq!(said, expected);
        }

        let dearer = ONE_PLAN.replace("\"118\"", "\"128\"");
        let diff = catalog::apply(&db, &env, &dearer, &Conditions::default()).await.unwrap();
        assert_eq!(
            diff.to_string(),
            "~ jp-20gb\n    price: [118.00 CNY, 16.50 USD] -> [128.00 CNY, 16.50 USD]\n1 changed, 0 unchanged"
        );

        let gone = "currencies = [\"CNY\", \"USD\"]";
        let diff = catalog::apply(&db, &env, gone, &Conditions::default()).await.unwrap();
        assert_eq!(diff.changes, [Change::Withdrawn(id("jp-20gb"))]);
        let mut conn = db.read().await.unwrap();
        assert!(catalog::plans_for(&mut conn, country("JP")).await.unwrap().is_empty());
        let kept = catalog::plan(&mut conn, &id("jp-20gb")).await.unwrap();
        assert!(!kept.on_sale, "orders still find it");
    }
}

#[tokio::test]
async fn a_sale_in_the_same_moment_wins() {
    let env = Env::system();
    for db in shops(&env).await {
        catalog::apply(&db, &env, ONE_PLAN, &Conditions::default()).await.unwrap();
        let mut sale = db.begin().await.unwrap();
        catalog::mark_sold(&mut sale, &env, &id("jp-20gb")).await.unwrap();
        let (shop, clock) = (db.db.clone(), env.clone());
        let less = ONE_PLAN.replace("20 GB", "15 GB");
        let change =
            tokio::spawn(async move { catalog::apply(&shop, &clock, &less, &Conditions::default()).await });
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        sale.finish(Ok(())).await.unwrap();

        let said = faults(change.await.unwrap().unwrap_err());
        assert!(said.contains("plan jp-20gb: data: this plan was sold"), "{said}");
        let mut conn = db.read().await.unwrap();
        let plan = catalog::plan(&mut conn, &id("jp-20gb")).await.unwrap();
        assert_eq!(plan.data(Texts::of(Language::En)), "20\u{a0}GB");
    }
}

#[tokio::test]
async fn a_plan_that_nobody_bought_may_change() {
    let env = Env::system();
    for db in shops(&env).await {
        catalog::apply(&db, &env, ONE_PLAN, &Conditions::default()).await.unwrap();
        catalog::apply(&db, &env, &ONE_PLAN.replace("20 GB", "15 GB"), &Conditions::default()).await.unwrap();
        let mut conn = db.read().await.unwrap();
        let plan = catalog::plan(&mut conn, &id("jp-20gb")).await.unwrap();
        assert_eq!(plan.data(Texts::of(Language::En)), "15\u{a0}GB");
    }
}

#[tokio::test]
async fn a_traveller_looks_for_a_plan() {
    let env = Env::system();
    let zh = Texts::of(Language::ZhCn);
    for db in shops(&env).await {
        catalog::apply(&db, &env, catalog::DEMO, &Conditions::default())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        let mut conn = db.read().await.unwrap();
        let catalogue = catalog::read(&mut conn).await.unwrap();

        let covered = catalogue.covered();
        for typed in ["日本", "Japan", "nihon", "JP", "riben"] {
            let found: Vec<Country> =
                catalog::search::countries(typed, zh).into_iter().filter(|c| covered.contains(*c)).collect();
            assert_eq!(found.first(), Some(&country("JP")), "{typed}");
        }

        let plans = catalogue.plans_for(country("JP"));
        assert_eq!(plans[0].terms.coverage.len(), 1, "Japan's own plans stand before the regions'");
        assert!(plans.iter().any(|p| p.networks_in(country("JP")).contains(&"NTT docomo".to_owned())));
        let cny = catalogue.currency_for("KWD".parse().unwrap());
        assert_eq!(cny, Currency::CNY, "a currency that is not sold in");
        let japan = catalogue.destinations(cny).into_iter().find(|d| d.country == country("JP")).unwrap();
        let least = plans.iter().filter_map(|p| p.price(cny)).map(|m| m.minor).min();
        assert_eq!(japan.from.map(|m| m.minor), least);
        assert!(catalogue.destinations(cny).len() >= 100);
        assert!(catalogue.regions(cny).iter().any(|offer| offer.region.names.spoken(zh) == "全球"));
        assert!(catalogue.countries_of_network("docomo").contains(&country("JP")));
    }
}

#[tokio::test]
async fn a_plan_that_goes_on_slower_is_refused_where_the_network_cannot() {
    let env = Env::system();
    for db in shops(&env).await {
        let slower = ONE_PLAN.replace("20 GB", "unlimited, 5 GB/day, then slower");
        let cannot =
            Conditions { no_slower: Some("pgw-2 has no filter".to_owned()), ..Conditions::default() };
        let said = faults(catalog::apply(&db, &env, &slower, &cannot).await.unwrap_err());
        assert_eq!(
            said,
            "line 5: plan jp-20gb: data: the network cannot make data slower: pgw-2 has no filter; without `then slower` it stops there\n"
        );
        assert!(catalog::read(&mut db.read().await.unwrap()).await.unwrap().plan(&id("jp-20gb")).is_none());
        let withdrawn = slower.replace("days = 30", "days = 30\non_sale = false");
        catalog::apply(&db, &env, &withdrawn, &cannot).await.unwrap();
        catalog::apply(&db, &env, &slower, &Conditions::default()).await.unwrap();
        let plan = catalog::plan(&mut db.read().await.unwrap(), &id("jp-20gb")).await.unwrap();
        let words = |language| catalog::words::after_use(&plan.terms.allowance, Texts::of(language));
        assert!(words(Language::En).contains("slower"), "{}", words(Language::En));
        assert!(words(Language::ZhCn).contains("降速"), "{}", words(Language::ZhCn));
    }
}
