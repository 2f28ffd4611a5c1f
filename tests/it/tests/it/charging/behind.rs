//! The tables for pages follow the log, through crashes, trims and damage.

use basis::{DAY_MS, HOUR_MS};
use charging::RequestKind;
use store::{in_tx, sql};

use super::*;

async fn log_rows(world: &World) -> i64 {
    let row = sql!("SELECT CAST(COUNT(*) AS BIGINT) AS rows_left FROM charging_log");
    row.one(&mut world.log.read().await.unwrap()).await.unwrap().get("rows_left").unwrap()
}

#[tokio::test]
async fn a_crash_between_log_and_tables_counts_nothing_twice() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        charging.catch_up().await.unwrap();
        for number in 1..=5 {
            charging.control(request("s", RequestKind::Update, number, MB)).await.unwrap();
        }
        drop(charging);
        assert!(!world.audit().await.is_empty(), "the tables lag, and the audit says so");

        let charging = world.open().await;
        charging.catch_up().await.unwrap();
        charging.catch_up().await.unwrap();
        drop(charging);
        assert_eq!(world.audit().await, [""; 0]);

        let conn = &mut world.shop.read().await.unwrap();
        let days = charging::usage_by_day(conn, line(1), START, START.plus_ms(DAY_MS), 0).await.unwrap();
        let sum: u64 = days.iter().map(|day| day.octets.octets()).sum();
        assert_eq!(sum, 5 * MB);
        let bundle = charging::bundle(conn, order(1)).await.unwrap().unwrap();
        assert_eq!((bundle.used.octets(), bundle.state.as_str()), (5 * MB, "active"));
        assert_eq!(bundle.ends_at, Some(START.plus_ms(30 * DAY_MS)));
        let sessions = charging::sessions_of_line(conn, line(1)).await.unwrap();
        assert_eq!((sessions[0].octets.octets(), sessions[0].ended_at), (5 * MB, None));
    }
}

#[tokio::test]
async fn days_begin_where_the_reader_is() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        for number in 1..=4 {
            world.clock.advance_ms(6 * HOUR_MS);
            charging.control(request("s", RequestKind::Update, number, MB)).await.unwrap();
        }
        charging.catch_up().await.unwrap();
        let conn = &mut world.shop.read().await.unwrap();
        let (from, to) = (START.plus_ms(-DAY_MS), START.plus_ms(3 * DAY_MS));
        for offset in [0, 8 * HOUR_MS] {
            let days = charging::usage_by_day(conn, line(1), from, to, offset).await.unwrap();
            assert_eq!(days.iter().map(|day| day.octets.octets()).sum::<u64>(), 4 * MB);
            assert!(days.iter().all(|day| (day.day.as_ms() + offset) % DAY_MS == 0));
            assert!(days.iter().all(|day| day.country == Some("JP".parse().unwrap())));
        }
        world.clock.advance_ms(-24 * HOUR_MS);
    }
}

#[tokio::test]
async fn the_log_is_trimmed_only_behind_snapshot_and_cursor() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        let before = charging.view(pool(1)).await.unwrap();
        charging.snapshot().await.unwrap();
        assert_eq!(log_rows(&world).await, 0, "all of it is behind both");
        drop(charging);
        assert_eq!(world.audit().await, [""; 0]);

        in_tx!(world.log, |tx| { sql!("DELETE FROM charging_snapshot").run(tx).await }).unwrap();
        let charging = world.open().await;
        assert!(
            !charging.faults().is_empty(),
            "a trimmed log without its snapshot is damage, not an empty pool"
        );
        assert_ne!(Some(before), charging.view(pool(1)).await);
    }
}

#[tokio::test]
async fn closing_what_has_ended_already_leaves_it_as_it_ended() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        charging.control(request("s", RequestKind::Terminate, 1, MB)).await.unwrap();
        world.clock.advance_ms(31 * DAY_MS);
        let closed = charging.close(pool(1), order(1)).await.unwrap();
        assert_eq!((closed.unused_bytes, closed.unused_ms, closed.at), (0, 0, START.plus_ms(30 * DAY_MS)));
        world.clock.advance_ms(DAY_MS);
        assert_eq!(charging.close(pool(1), order(1)).await.unwrap(), closed);
        charging.catch_up().await.unwrap();
        drop(charging);
        let conn = &mut world.shop.read().await.unwrap();
        assert_eq!(charging::bundle(conn, order(1)).await.unwrap().unwrap().state, "expired");
        assert_eq!(world.audit().await, [""; 0]);
        world.clock.advance_ms(-32 * DAY_MS);
    }
}

#[tokio::test]
async fn a_session_that_was_forgotten_and_comes_again_stands_in_the_table() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        charging.control(request("s", RequestKind::Terminate, 1, MB)).await.unwrap();
        charging.catch_up().await.unwrap();
        world.clock.advance_ms(25 * HOUR_MS);
        charging.tick().await.unwrap();
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        charging.control(request("s", RequestKind::Update, 1, 2 * MB)).await.unwrap();
        charging.catch_up().await.unwrap();
        let conn = &mut world.shop.read().await.unwrap();
        let sessions = charging::sessions_of_line(conn, line(1)).await.unwrap();
        let found: Vec<_> = sessions.iter().map(|s| (s.octets.octets(), s.opened_at, s.ended_at)).collect();
        assert_eq!(found, [(2 * MB, START.plus_ms(25 * HOUR_MS), None)]);
        world.clock.advance_ms(-25 * HOUR_MS);
    }
}

/// An owner that does not know yet that it was taken over tidies up, while the new one writes a snapshot.
#[tokio::test]
async fn a_snapshot_leaves_a_newer_one_alone_that_is_being_written() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        in_tx!(world.log, |tx| {
            sql!("INSERT INTO charging_snapshot (shard, seq, slice, payload) SELECT shard, 1000, 1, $1 FROM charging_shard")
                .bind(vec![1_u8])
                .run(tx)
                .await
        })
        .unwrap();
        charging.snapshot().await.unwrap();
        let kept = sql!("SELECT CAST(COUNT(*) AS BIGINT) AS kept FROM charging_snapshot WHERE seq = 1000")
            .one(&mut world.log.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(kept.get::<i64>("kept").unwrap(), if world.sqlite() { 1 } else { 64 });
    }
}

#[tokio::test]
async fn a_damaged_snapshot_is_named() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.snapshot().await.unwrap();
        drop(charging);
        in_tx!(world.log, |tx| {
            sql!("UPDATE charging_snapshot SET payload = $1 WHERE slice = 1")
                .bind(vec![1_u8; 40])
                .run(tx)
                .await
        })
        .unwrap();
        let charging = world.open().await;
        assert_eq!(charging.faults().len(), 1, "{:?}", charging.faults());
        assert!(charging.faults()[0].to_string().contains("snapshot"));
    }
}

#[tokio::test]
async fn a_pause_holds_everything_still() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        let report = charging.control(request("s", RequestKind::Initial, 0, 0));
        let (rows, answer) = tokio::join!(
            charging.pause(async {
                let rows = log_rows(&world).await;
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                (rows, log_rows(&world).await)
            }),
            report
        );
        assert_eq!(rows.0, rows.1);
        assert!(granted(&answer.unwrap()) > 0, "who waited is answered afterwards");
    }
}
