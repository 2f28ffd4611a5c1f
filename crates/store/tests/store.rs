//! The store on both engines: transactions, group commit, jobs.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod drivers;
mod jobs;

use std::sync::Arc;
use std::time::Duration;

use basis::{Currency, Env, ManualClock, Problem, SeededEntropy, Timestamp};
use futures_util::FutureExt as _;
use store::testing::{TestDb, both, sqlite};
use store::{Conn, Db, Migration, Migrations, Side, in_tx, sql};

const PURSES: Migrations = Migrations {
    noun: "purses",
    steps: &[Migration {
        name: "0001_purses.sql",
        sql: "CREATE TABLE purse (name TEXT NOT NULL PRIMARY KEY, minor BIGINT NOT NULL, currency TEXT, key BYTEA);",
    }],
};

fn world() -> (Env, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
    (Env { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(7)) }, clock)
}

async fn both_with_purse(env: &Env) -> Vec<TestDb> {
    let all = both(&[PURSES], env).await;
    for db in &all {
        in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    }
    all
}

async fn fill(conn: &mut Conn, name: &str, minor: i64) -> Result<(), Problem> {
    sql!("INSERT INTO purse (name, minor, currency, key) VALUES ($1, $2, $3, $4)")
        .bind(name)
        .bind(minor)
        .bind(Some(Currency::CNY))
        .bind(None::<Vec<u8>>)
        .run(conn)
        .await
        .map(drop)
}

async fn take(conn: &mut Conn, minor: i64) -> Result<u64, Problem> {
    sql!("UPDATE purse SET minor = minor - $1 WHERE name = 'anna' AND minor >= $1")
        .bind(minor)
        .run(conn)
        .await
}

async fn left(db: &Db) -> i64 {
    let mut conn = db.read().await.unwrap();
    sql!("SELECT minor FROM purse WHERE name = 'anna'").one(&mut conn).await.unwrap().get("minor").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_read_back() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let mut conn = db.read().await.unwrap();
        let row = sql!("SELECT name, minor, currency, key FROM purse").one(&mut conn).await.unwrap();
        assert_eq!(row.get::<String>("name").unwrap(), "anna");
        assert_eq!(row.get::<Option<Currency>>("currency").unwrap(), Some(Currency::CNY));
        assert_eq!(row.get::<Option<Vec<u8>>>("key").unwrap(), None);
        assert!(row.get::<Timestamp>("name").is_err(), "a wrong type is an error, not a panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_takes_everything_back() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let outcome: Result<(), Problem> = in_tx!(db, |tx| {
            take(tx, 60).await?;
            Err(Problem::conflict("changed-my-mind"))
        });
        assert_eq!(outcome.unwrap_err().key, "changed-my-mind");
        assert_eq!(left(&db).await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_spenders_never_overdraw_a_purse() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let mut spenders = tokio::task::JoinSet::new();
        for _ in 0..150 {
            let db = db.db.clone();
            spenders.spawn(async move { in_tx!(db, |tx| { take(tx, 1).await }).unwrap() });
        }
        let spent: u64 = spenders.join_all().await.into_iter().sum();
        assert_eq!((spent, left(&db).await), (100, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_gives_up_takes_nobody_along() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let slow = {
            let db = db.db.clone();
            tokio::spawn(async move {
                in_tx!(db, |tx| {
                    take(tx, 50).await?;
                    std::future::pending::<()>().await;
                    Ok(())
                })
            })
        };
        tokio::time::sleep(Duration::from_millis(50)).await;
        slow.abort();
        drop(slow.await);
        in_tx!(db, |tx| { take(tx, 1).await }).unwrap();
        assert_eq!(left(&db).await, 99);
    }
}

/// PostgreSQL ends a transaction with its first error, and calls a later COMMIT of it a success.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_is_swallowed_is_not_called_a_commit() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let outcome: Result<(), Problem> = in_tx!(db, |tx| {
            take(tx, 60).await?;
            drop(fill(tx, "anna", 1).await);
            Ok(())
        });
        assert_eq!((outcome.is_ok(), left(&db).await), (false, 100));
    }
}

/// A full disk makes SQLite take back the whole transaction, whoever shares it.
#[tokio::test(flavor = "multi_thread")]
async fn what_sqlite_takes_back_by_itself_is_not_called_a_commit() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    for alone in [true, false] {
        let mut first = db.begin().await.unwrap();
        take(&mut first, 50).await.unwrap();
        let other = db.db.clone();
        let second = (!alone).then(|| tokio::spawn(async move { in_tx!(other, |tx| { take(tx, 1).await }) }));
        tokio::time::sleep(Duration::from_millis(20)).await;
        sql!("ROLLBACK").run(&mut first).await.unwrap();
        assert!(first.finish(Ok(())).await.is_err());
        if let Some(second) = second {
            second.await.unwrap().unwrap();
        }
        assert_eq!(left(&db).await, if alone { 100 } else { 99 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_never_gets_through_says_not_now() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let outcome: Result<(), Problem> =
            in_tx!(db, |_tx| { Err(Problem::new(basis::Kind::Unavailable, store::RETRY_KEY)) });
        assert_eq!(outcome.unwrap_err().key, "unavailable", "a key that has a text");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_whether_all_is_well_and_hangs_up_breaks_no_commit() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    let spend = || {
        let db = db.db.clone();
        tokio::spawn(async move { in_tx!(db, |tx| { take(tx, 1).await }) })
    };

    // Often enough that one hangs up in the middle of the commit.
    for _ in 0..25 {
        let first = db.begin().await.unwrap();
        let mut check = Box::pin(db.check());
        assert!((&mut check).now_or_never().is_none(), "it queues behind the first");
        let second = spend();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let first = tokio::spawn(first.finish(Ok(())));
        tokio::time::sleep(Duration::from_millis(5)).await;
        // It has its turn, and first commits the group that others left open.
        let _ = (&mut check).now_or_never();
        drop(check);
        first.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap().unwrap(), 1);
        assert_eq!(spend().await.unwrap().unwrap(), 1);
    }
    assert_eq!(left(&db).await, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_turn_for_ever() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    let stuck = db.begin().await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(8), db.begin());
    let answer = waiting.await.expect("an answer within the time that a page may take");
    assert_eq!(answer.err().map(|problem| problem.kind), Some(basis::Kind::Unavailable));
    drop(stuck);
    in_tx!(db, |tx| { fill(tx, "anna", 1).await }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_queue_leaves_no_group_behind() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    let mut first = db.begin().await.unwrap();
    take(&mut first, 1).await.unwrap();
    let mut second = Box::pin(db.begin());
    assert!((&mut second).now_or_never().is_none(), "it queues behind the first");
    let first = tokio::spawn(first.finish(Ok(())));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!first.is_finished(), "the commit is left to the next in the queue");
    drop(second);
    tokio::time::timeout(Duration::from_secs(1), first).await.expect("an answer").unwrap().unwrap();
    assert_eq!(left(&db).await, 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_comes_about_also_if_nobody_waits_for_it() {
    let (env, _) = world();
    let db = sqlite(&[PURSES], &env).await;
    in_tx!(db, |tx| { fill(tx, "anna", 100).await }).unwrap();
    for spent in 1..=25 {
        let mut conn = db.begin().await.unwrap();
        take(&mut conn, 1).await.unwrap();
        assert!(conn.finish(Ok(())).now_or_never().is_none(), "it waits for the disk");
        in_tx!(db, |tx| { take(tx, 0).await }).unwrap();
        assert_eq!(left(&db).await, 100 - spent);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_once() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        store::migrate(&db, &[store::MIGRATIONS, PURSES], env.now()).await.unwrap();
        assert_eq!(left(&db).await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_full_sync_is_not_ready() {
    let (env, _) = world();
    let db = sqlite(&[], &env).await;
    db.check().await.unwrap();
    let unsafe_db = Db::open(&format!("{}?synchronous=OFF", db.url), &env).await.unwrap();
    assert!(unsafe_db.check().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_files_are_copied_at_one_moment_while_they_are_written() {
    let (env, _) = world();
    let shop = sqlite(&[PURSES], &env).await;
    let log = sqlite(&[PURSES], &env).await;
    for db in [&shop, &log] {
        in_tx!(db, |tx| { fill(tx, "anna", 1_000_000).await }).unwrap();
    }
    let busy = {
        let (shop, log) = (shop.db.clone(), log.db.clone());
        tokio::spawn(async move {
            loop {
                in_tx!(shop, |tx| { take(tx, 1).await }).unwrap();
                in_tx!(log, |tx| { take(tx, 1).await }).unwrap();
            }
        })
    };
    let (from_shop, from_log) = (shop.folder().unwrap(), log.folder().unwrap());
    for round in 0..8 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let copy = |db, folder: &std::path::Path, name: &str| store::backup::Copy {
            db,
            from: folder.join("heyon.db"),
            to: from_shop.join(format!("{name}{round}.db")),
        };
        let pair = (copy(&shop, from_shop, "shop"), copy(&log, from_log, "log"));
        store::backup::copy_together(&pair.0, &pair.1).await.unwrap();
        let mut counts = Vec::new();
        for copy in [pair.0, pair.1] {
            let found = Db::open(&format!("sqlite://{}", copy.to.display()), &env).await.unwrap();
            counts.push(left(&found).await);
        }
        assert!(counts[0] < 1_000_000, "it was written meanwhile");
        assert!((0..=1).contains(&(counts[1] - counts[0])), "not one moment: {counts:?}");
    }
    busy.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stands_still_while_others_write() {
    let (env, _) = world();
    for db in both_with_purse(&env).await {
        let mut snapshot = db.snapshot().await.unwrap();
        for wanted in [100, 100] {
            let row = sql!("SELECT minor FROM purse WHERE name = 'anna'").one(&mut snapshot).await.unwrap();
            assert_eq!(row.get::<i64>("minor").unwrap(), wanted);
            in_tx!(db, |tx| { take(tx, 1).await }).unwrap();
        }
        assert_eq!(left(&db).await, 98);
    }
}

/// What a simulator relies on: a life ends just before a commit, of which nothing stays, or just after, when all does.
#[tokio::test(flavor = "multi_thread")]
async fn a_life_ends_on_the_chosen_side_of_a_commit() {
    let (env, _) = world();
    for (side, kept) in [(Side::Before, 100), (Side::After, 90)] {
        for db in both_with_purse(&env).await {
            db.die_at(2, side);
            in_tx!(db, |tx| { fill(tx, "bert", 1).await }).unwrap();
            let taking = async { in_tx!(db, |tx| { take(tx, 10).await }) };
            tokio::select! {
                () = db.died() => {}
                taken = taking => panic!("it went on: {taken:?}"),
            }
            let next_life = Db::open(&db.url, &env).await.unwrap();
            assert_eq!(left(&next_life).await, kept, "{side:?}");
            in_tx!(next_life, |tx| { take(tx, 1).await }).unwrap();
        }
    }
}
