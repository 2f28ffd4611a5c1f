//! What several shards have ready goes to PostgreSQL in one statement; what becomes of it concerns each by itself.

use charging::{Charging, Fault, RequestKind};
use store::{Conn, in_tx, sql};

use super::*;

/// Each has a pool of its own, in a shard of its own.
const LINES: u128 = 24;

async fn world() -> World {
    worlds().await.into_iter().find(|world| !world.sqlite()).unwrap()
}

async fn open_all(world: &World) -> Charging {
    let charging = world.open().await;
    for n in 1..=LINES {
        charging.open_pool(pool(n), identity(n)).await.unwrap();
        let credit = Credit { pool: pool(n), order: order(n), line: Some(line(n)), terms: terms(10) };
        charging.credit(credit).await.unwrap();
    }
    charging
}

/// A session of every line begins at once; which of them were granted something.
async fn begin_all(charging: &Charging, session: &str) -> Vec<bool> {
    let begin = |n| {
        charging.control(CreditControl {
            imsi: Some(imsi(n).parse().unwrap()),
            ..request(&format!("{session}{n}"), RequestKind::Initial, 0, 0)
        })
    };
    let answers = futures_util::future::join_all((1..=LINES).map(begin)).await;
    answers.iter().map(|answer| answer.as_ref().is_ok_and(|answer| granted(answer) > 0)).collect()
}

/// Nobody appends to the log while this connection holds it; then rows gather.
async fn hold_the_log(world: &World) -> Conn {
    let mut conn = world.log.read().await.unwrap();
    sql!("BEGIN").run(&mut conn).await.unwrap();
    sql!("LOCK TABLE charging_log IN SHARE MODE").run(&mut conn).await.unwrap();
    conn
}

/// Waits until so many statements wait for the log.
async fn until_waiting(world: &World, count: usize) {
    // Whoever holds the log sees for ever who waited when it looked first.
    let mut conn = world.shop.read().await.unwrap();
    loop {
        let waiting = sql!(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        );
        if waiting.all(&mut conn).await.unwrap().len() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_was_taken_over_stops_alone() {
    let world = world().await;
    let charging = open_all(&world).await;
    in_tx!(world.log, |tx| {
        sql!(
            "INSERT INTO charging_log (shard, seq, epoch, payload) \
             SELECT shard, MAX(seq) + 1, MAX(epoch) + 1, '' FROM charging_log WHERE shard = 7 GROUP BY shard"
        )
        .run(tx)
        .await
    })
    .unwrap();
    let mut held = hold_the_log(&world).await;
    let (granted, ()) = tokio::join!(begin_all(&charging, "s"), async {
        until_waiting(&world, 2).await;
        sql!("COMMIT").run(&mut held).await.unwrap();
    });
    let refused: Vec<_> = (1..=LINES).zip(granted).filter(|(_, granted)| !granted).collect();
    assert_eq!(refused, [(7, false)]);
    assert!(matches!(charging.faults()[..], [Fault::TakenOver { shard: 7, .. }]), "{:?}", charging.faults());
    assert_eq!(begin_all(&charging, "t").await.iter().filter(|granted| **granted).count(), 23);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_lost_with_their_connection_are_lost_for_all_that_asked_and_nobody_else() {
    let world = world().await;
    let charging = open_all(&world).await;
    let mut held = hold_the_log(&world).await;
    let (granted, ()) = tokio::join!(begin_all(&charging, "s"), async {
        until_waiting(&world, 2).await;
        sql!(
            "SELECT COUNT(*) AS ended FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock') AS others"
        )
        .one(&mut world.shop.read().await.unwrap())
        .await
        .unwrap();
        until_waiting(&world, 1).await;
        sql!("COMMIT").run(&mut held).await.unwrap();
    });
    let lost = granted.iter().filter(|granted| !**granted).count();
    assert!((1..24).contains(&lost), "{lost} were in the two statements that were lost, the others behind");
    while !charging.faults().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for (n, granted) in (1..=LINES).zip(granted) {
        let sessions = charging.view(pool(n)).await.unwrap().sessions.len();
        assert_eq!(sessions, usize::from(granted), "what was refused has left nothing");
    }
    assert!(begin_all(&charging, "t").await.iter().all(|granted| *granted));
    charging.catch_up().await.unwrap();
    drop(charging);
    assert_eq!(world.audit().await, [""; 0]);
}
