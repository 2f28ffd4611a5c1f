//! `heyon repair`: an operator hears what is lost before anything is, and the trail says who lost it.

use std::path::Path;

use axum::{body::Body, extract::ConnectInfo};
use basis::{Env, Id};
use charging::LineIdentity;
use heyon::admin::{self, Command, Reply, Request};
use heyon::{nodes::Role, settings::Settings, shop::Shop};
use http_body_util::BodyExt as _;
use store::{in_tx, sql};
use tower::ServiceExt as _;

fn settings(data: &Path, database: &str) -> Settings {
    Settings {
        data: data.to_owned(),
        database: database.to_owned(),
        public_url: "http://127.0.0.1:1".to_owned(),
        ..Settings::read(None).unwrap()
    }
}

/// A shop whose last line's row on disk is not what was written; its shard and number.
async fn damaged(settings: Settings) -> (u32, u64) {
    let shop = Shop::open(settings, Role::Serves).await.unwrap();
    let identity =
        LineIdentity { line: Id::from_u128(7), imsi: "001010000000007".parse().unwrap(), msisdn: None };
    shop.charging.open_pool(Id::from_u128(7), identity).await.unwrap();
    let mut log = shop.log.read().await.unwrap();
    let last = sql!("SELECT shard, seq FROM charging_log ORDER BY seq DESC LIMIT 1");
    let row = last.one(&mut log).await.unwrap();
    let (shard, seq): (u32, i64) = (row.get("shard").unwrap(), row.get("seq").unwrap());
    drop(log);
    in_tx!(shop.log, |tx| {
        sql!("UPDATE charging_log SET payload = $1 WHERE shard = $2 AND seq = $3")
            .bind(&b"a bit that fell over"[..])
            .bind(shard)
            .bind(seq)
            .run(tx)
            .await
    })
    .unwrap();
    // As if the plug were pulled: no snapshot stands for the row.
    if let Some(nodes) = &shop.nodes {
        nodes.leave().await.unwrap();
    }
    (shard, u64::try_from(seq).unwrap())
}

async fn repair(shop: &Shop, (shard, seq): (u32, u64), dry_run: bool) -> Reply {
    let command = Command::Repair { shard, seq, dry_run };
    admin::carry_out(shop, Request { actor: "operator:ada".to_owned(), command }).await
}

/// What who spreads the requests hears.
async fn readyz(shop: &Shop) -> (bool, String) {
    let mut request = axum::http::Request::builder().uri("/readyz").body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 1))));
    let answer = shop.router().unwrap().oneshot(request).await.unwrap();
    let is_ready = answer.status().is_success();
    let words = answer.into_body().collect().await.unwrap().to_bytes();
    (is_ready, String::from_utf8(words.to_vec()).unwrap())
}

async fn trail(shop: &Shop, subject: &str) -> Vec<String> {
    let entries = store::audit::of_subject(&mut shop.db.read().await.unwrap(), subject, 10).await.unwrap();
    entries.iter().map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.detail)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_said_first_and_who_lost_it_is_kept() {
    let postgres = store::testing::postgres(&[store::MIGRATIONS], &Env::system()).await;
    for database in ["", &postgres.url] {
        let data = tempfile::tempdir().unwrap();
        let place @ (shard, seq) = Box::pin(damaged(settings(data.path(), database))).await;
        let subject = format!("shard {shard}:{seq}");
        let shop = Shop::open(settings(data.path(), database), Role::Serves).await.unwrap();
        let [fault] = &shop.charging.faults()[..] else { panic!("one fault") };
        let named = fault.to_string();
        assert!(named.contains(&format!("shard {shard} is damaged at seq {seq}")), "{named}");
        // On SQLite there is no other shard; on PostgreSQL sixty-three serve.
        let (is_ready, words) = readyz(&shop).await;
        assert_eq!((is_ready, words.contains(&named)), (!database.is_empty(), true), "{words}");
        assert_eq!(shop.charging.check().await.is_ok(), is_ready);

        let said = repair(&shop, place, true).await;
        assert_eq!(said.failure, None);
        assert!(said.lines.concat().contains("loses 1 rows"), "{said:?}");
        assert_eq!(trail(&shop, &subject).await, [""; 0]);
        assert_eq!(shop.charging.faults().len(), 1, "looking mends nothing");

        let said = repair(&shop, place, false).await;
        assert_eq!(said.failure, None, "{said:?}");
        let [entry] = &trail(&shop, &subject).await[..] else { panic!("one entry") };
        assert!(entry.starts_with("operator:ada charging.discard"), "{entry}");
        let whole = async {
            while !shop.charging.faults().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), whole).await.expect("it serves again");
        assert_eq!(readyz(&shop).await, (true, "ready\n".to_owned()));
        let again = repair(&shop, place, false).await;
        assert!(again.failure.unwrap().contains("not damaged"));
        shop.close().await;
    }
}
