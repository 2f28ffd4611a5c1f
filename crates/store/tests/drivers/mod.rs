//! What each engine's connections do by themselves: values, readers, other processes, lost servers.

use store::testing::postgres;

use super::*;

/// SQLite numbers placeholders by which comes first, PostgreSQL by what stands there.
#[tokio::test(flavor = "multi_thread")]
async fn values_are_bound_by_number_and_none_is_forgotten() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let mut conn = db.read().await.unwrap();
        let swapped = sql!("SELECT name FROM purse WHERE minor = $2 AND name = $1 AND minor >= $2");
        let row = swapped.bind("anna").bind(100_i64).optional(&mut conn).await.unwrap();
        assert!(row.is_some(), "{:?}", db.engine());
        let forgotten = sql!("SELECT name FROM purse WHERE minor = $1 AND name = $2").bind(100_i64);
        assert!(forgotten.all(&mut conn).await.is_err(), "{:?}", db.engine());
    }
}

/// One statement on PostgreSQL, one for each row on SQLite; who is there already stays, and the others come.
#[tokio::test(flavor = "multi_thread")]
async fn many_rows_go_in_together() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let names = ["bert", "anna", "carl"];
        let put = async |names: &[&str]| {
            in_tx!(db, |tx| {
                let put = sql!(
                    "INSERT INTO purse (name, minor, currency, key) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (name) DO NOTHING RETURNING name"
                );
                put.bind_each(names.iter().copied())
                    .bind_each((0_i64..).take(names.len()))
                    .bind_each(names.iter().map(|_| None::<Currency>))
                    .bind_each(names.iter().map(|name| name.as_bytes()))
                    .all(tx)
                    .await
            })
        };
        let fresh = put(&names).await.unwrap();
        let fresh: Vec<String> = fresh.iter().map(|row| row.get("name").unwrap()).collect();
        assert_eq!(fresh, ["bert", "carl"], "{:?}", db.engine());
        assert!(put(&[]).await.unwrap().is_empty());
        let carl = sql!("SELECT minor, currency, key FROM purse WHERE name = 'carl'");
        let carl = carl.one(&mut db.read().await.unwrap()).await.unwrap();
        assert_eq!(carl.get::<i64>("minor").unwrap(), 2);
        assert_eq!(carl.get::<Option<Currency>>("currency").unwrap(), None);
        assert_eq!(carl.get::<Vec<u8>>("key").unwrap(), b"carl");
        assert_eq!(left(&db).await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nulls_and_numbers_of_all_kinds_come_and_go() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        in_tx!(db, |tx| {
            sql!("UPDATE purse SET currency = $1, key = $2 WHERE name = $3")
                .bind(None::<Currency>)
                .bind(Some(vec![0, 255, 7]))
                .bind("anna")
                .run(tx)
                .await
        })
        .unwrap();
        let mut conn = db.read().await.unwrap();
        let row =
            sql!("SELECT currency, key, 1 AS small, NULL AS void FROM purse").one(&mut conn).await.unwrap();
        assert_eq!(row.get::<Option<Currency>>("currency").unwrap(), None);
        assert_eq!(row.get::<Vec<u8>>("key").unwrap(), [0, 255, 7]);
        assert_eq!(row.get::<u32>("small").unwrap(), 1, "an int4 of PostgreSQL");
        assert_eq!(row.get::<Option<i64>>("void").unwrap(), None);
        for (column, fault) in [("currency", "currency"), ("elsewhere", "elsewhere")] {
            let problem = row.get::<String>(column).unwrap_err();
            assert!(problem.to_string().contains(fault), "{problem}");
        }
        let fraction = sql!("SELECT 1.5 AS fraction").one(&mut conn).await.unwrap_err();
        assert!(fraction.to_string().contains("fraction"), "{fraction}");
    }
}

/// A runtime with one thread: waiting for a lock there would keep even the one who holds it from letting go.
#[tokio::test]
async fn another_process_that_writes_is_waited_for_without_holding_anyone_up() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    let other = Db::open(&db.url, &env).await.unwrap();
    let mut theirs = other.begin().await.unwrap();
    take(&mut theirs, 10).await.unwrap();
    let ours = {
        let db = db.db.clone();
        tokio::spawn(async move { in_tx!(db, |tx| { take(tx, 1).await }) })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!ours.is_finished());
    theirs.finish(Ok(())).await.unwrap();
    ours.await.unwrap().unwrap();
    assert_eq!(left(&db).await, 89);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_each_other_and_see_what_is_new() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    let mut out = Vec::new();
    for _ in 0..16 {
        out.push(db.read().await.unwrap());
    }
    assert!(db.read().now_or_never().is_none(), "sixteen at once");
    for conn in &mut out {
        sql!("BEGIN").run(conn).await.unwrap();
        sql!("SELECT name FROM purse").optional(conn).await.unwrap();
    }
    drop(out);
    in_tx!(db, |tx| { take(tx, 1).await }).unwrap();
    assert_eq!(left(&db).await, 99, "no reader came back with an old view");
    let mut conn = db.read().await.unwrap();
    assert!(take(&mut conn, 1).await.is_err(), "a reader never writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drops_its_connections_is_felt_once_at_most() {
    let (env, _) = world();
    let db = postgres(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    let mut out = Vec::new();
    for _ in 0..8 {
        out.push(db.read().await.unwrap());
    }
    let mut conn = out.pop().unwrap();
    drop(out);
    tokio::time::sleep(Duration::from_millis(50)).await;
    sql!(
        "SELECT COUNT(*) AS ended FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()) AS others"
    )
    .one(&mut conn)
    .await
    .unwrap();

    let mut refused = 0;
    for _ in 0..20 {
        let mut reader = db.read().await.unwrap();
        let row = sql!("SELECT minor FROM purse").one(&mut reader).await;
        if let Err(problem) = row {
            assert_eq!(problem.kind, basis::Kind::Unavailable, "{problem}");
            refused += 1;
        }
    }
    assert!(refused <= 1, "{refused} were refused");
    in_tx!(db, |tx| { take(tx, 1).await }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_stays_although_transactions_were_given_up_while_they_began() {
    let (env, _) = world();
    let db = postgres(&[PURSES], &env).await;
    for _ in 0..20 {
        // Mostly while it waits for the server's answer.
        drop(db.begin().now_or_never());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut out = Vec::new();
    for _ in 0..16 {
        out.push(db.read().await.unwrap());
    }
    for (nth, conn) in out.iter_mut().enumerate() {
        fill(conn, &format!("purse {nth}"), 1).await.unwrap();
    }
    let others = Db::open(&db.url, &env).await.unwrap();
    let row = sql!("SELECT COUNT(*) AS purses FROM purse").one(&mut others.read().await.unwrap()).await;
    assert_eq!(
        row.unwrap().get::<i64>("purses").unwrap(),
        16,
        "what was called written is there for everyone"
    );
}
