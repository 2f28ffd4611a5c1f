//! A log is trimmed by who had it while the next one reads it, which takes many statements.

use super::*;

/// Runs one statement that takes no values.
async fn run(conn: &mut store::Conn, statement: &'static str) {
    store::Query::new(statement).run(conn).await.unwrap();
}

/// The log as it was before the snapshot, and what the snapshot changed set aside.
const BEFORE: [&str; 4] = [
    "CREATE TABLE snapshot_after AS SELECT * FROM charging_snapshot",
    "DELETE FROM charging_snapshot",
    "INSERT INTO charging_log SELECT * FROM log_before",
    "UPDATE charging_shard SET trimmed = 0",
];
/// What the snapshot and trimming do, all but the last row of each shard.
const ALL_BUT_THE_LAST: [&str; 3] = [
    "INSERT INTO charging_snapshot SELECT * FROM snapshot_after",
    "UPDATE charging_shard s SET trimmed = (SELECT MAX(seq) - 1 FROM charging_log l WHERE l.shard = s.shard)",
    "DELETE FROM charging_log l WHERE seq <= (SELECT trimmed FROM charging_shard s WHERE l.shard = s.shard)",
];
const ALL: [&str; 3] = [
    "INSERT INTO charging_snapshot SELECT * FROM snapshot_after",
    "UPDATE charging_shard s SET trimmed = (SELECT MAX(seq) FROM charging_log l WHERE l.shard = s.shard)",
    "DELETE FROM charging_log l WHERE seq <= (SELECT trimmed FROM charging_shard s WHERE l.shard = s.shard)",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_trimmed_while_it_is_read_is_neither_damaged_nor_empty() {
    for trimming in [ALL_BUT_THE_LAST, ALL] {
        let world = worlds().await.into_iter().find(|world| !world.sqlite()).unwrap();
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
        let mut owner = world.log.read().await.unwrap();
        run(&mut owner, "CREATE TABLE log_before AS SELECT * FROM charging_log").await;
        charging.snapshot().await.unwrap();
        drop(charging);
        for statement in BEFORE {
            run(&mut owner, statement).await;
        }

        // The next owner has looked for a snapshot and found none, and waits for the rows.
        run(&mut owner, "BEGIN").await;
        run(&mut owner, "LOCK TABLE charging_log IN ACCESS EXCLUSIVE MODE").await;
        let (log, shop, env) = (world.log.clone(), world.shop.db.clone(), world.env.clone());
        let opening = Opening { log, shop, node: "next".to_owned() };
        let next = tokio::spawn(async move { Charging::open(opening, &env).await.unwrap() });
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        for statement in trimming {
            run(&mut owner, statement).await;
        }
        run(&mut owner, "COMMIT").await;

        let charging = next.await.unwrap();
        assert_eq!(charging.faults().len(), 0, "{:?}", charging.faults());
        assert_eq!(used(&charging).await, MB);
        charging.control(request("s", RequestKind::Update, 2, 2 * MB)).await.unwrap();
        drop(charging);
        assert_eq!(used(&world.open().await).await, 3 * MB, "and goes on where it ended");
        drop(owner);
    }
}
