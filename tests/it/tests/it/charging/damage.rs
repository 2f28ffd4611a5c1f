//! The log is damaged, taken over or refused: the shard says so and cuts nothing.

use charging::{Fault, RequestKind};
use store::{in_tx, sql};

use super::*;

/// The last row of the shard that holds pool 1: its shard, its number and its bytes.
async fn last_row(world: &World) -> (u32, i64, Vec<u8>) {
    let row = sql!("SELECT shard, seq, payload FROM charging_log ORDER BY seq DESC, shard LIMIT 1")
        .one(&mut world.log.read().await.unwrap())
        .await
        .unwrap();
    (row.get("shard").unwrap(), row.get("seq").unwrap(), row.get("payload").unwrap())
}

async fn overwrite(world: &World, (shard, seq): (u32, i64), payload: &[u8]) {
    in_tx!(world.log, |tx| {
        sql!("UPDATE charging_log SET payload = $3 WHERE shard = $1 AND seq = $2")
            .bind(shard)
            .bind(seq)
            .bind(payload)
            .run(tx)
            .await
    })
    .unwrap();
}

/// Runs one statement that takes no values.
macro_rules! run {
    ($world:expr, $text:literal) => {
        in_tx!($world.log, |tx| { sql!($text).run(tx).await }).unwrap()
    };
}

#[tokio::test]
async fn a_damaged_last_row_is_named_whichever_byte_it_is() {
    let world = worlds().await.swap_remove(0);
    assert!(world.sqlite(), "each start takes a shard over, which on PostgreSQL would be 64 for each byte");
    let charging = world.open_with(100).await;
    charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
    drop(charging);
    let (shard, seq, whole) = last_row(&world).await;
    let flipped = (0..whole.len()).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    });
    let cut = (0..whole.len()).map(|len| whole[..len].to_vec());
    for damaged in flipped.chain(cut) {
        overwrite(&world, (shard, seq), &damaged).await;
        let charging = world.open().await;
        let faults = charging.faults();
        let named = matches!(&faults[..], [Fault::Damaged { shard: s, seq: q, .. }]
            if *s == shard && i64::try_from(*q) == Ok(seq));
        assert!(named, "{faults:?}");
        assert!(charging.control(request("s", RequestKind::Update, 1, MB)).await.is_err());
        assert!(charging.fate(pool(1), order(1)).await.is_err(), "no answer rather than a wrong one");
    }
    overwrite(&world, (shard, seq), &whole).await;
    let charging = world.open().await;
    assert_eq!(charging.faults().len(), 0, "nothing was cut: the mended log serves again");
    assert_eq!(charging.view(pool(1)).await.unwrap().sessions.len(), 1);
}

#[tokio::test]
async fn a_missing_row_is_named() {
    for world in worlds().await {
        drop(world.open_with(100).await);
        let (shard, seq, _) = last_row(&world).await;
        in_tx!(world.log, |tx| {
            sql!("DELETE FROM charging_log WHERE shard = $1 AND seq = $2")
                .bind(shard)
                .bind(seq - 1)
                .run(tx)
                .await
        })
        .unwrap();
        let charging = world.open().await;
        let [Fault::Damaged { seq: missing, .. }] = charging.faults()[..] else {
            panic!("{:?}", charging.faults())
        };
        assert_eq!(i64::try_from(missing), Ok(seq - 1));
    }
}

#[tokio::test]
async fn a_failed_append_takes_back_all_that_was_applied_after_it() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        let before = charging.view(pool(1)).await.unwrap();
        if world.sqlite() {
            run!(
                world,
                "CREATE TRIGGER full BEFORE INSERT ON charging_log BEGIN SELECT RAISE(ABORT, 'full'); END"
            );
        } else {
            run!(world, "ALTER TABLE charging_log ADD CONSTRAINT fullness CHECK (seq < 0) NOT VALID");
        }
        let reports = (1..=20).map(|n| charging.control(request("s", RequestKind::Update, n, MB)));
        for answer in futures_util::future::join_all(reports).await {
            assert_eq!(answer.unwrap_err().kind, basis::Kind::Unavailable);
        }
        assert_eq!(charging.view(pool(1)).await.unwrap(), before, "nothing of it remains");
        if world.sqlite() {
            run!(world, "DROP TRIGGER full");
        } else {
            run!(world, "ALTER TABLE charging_log DROP CONSTRAINT fullness");
        }
        charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
        assert_eq!(used(&charging).await, MB);
        drop(charging);
        assert_eq!(used(&world.open().await).await, MB, "and the log is whole");
    }
}

#[tokio::test]
async fn a_silent_database_is_asked_until_it_speaks() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        run!(world, "ALTER TABLE charging_log RENAME TO charging_log_away");
        assert!(charging.control(request("s", RequestKind::Update, 1, MB)).await.is_err());
        assert_eq!(charging.faults().len(), 1);
        run!(world, "ALTER TABLE charging_log_away RENAME TO charging_log");
        while !charging.faults().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
        assert_eq!(used(&charging).await, MB);
    }
}

/// What the clock did in another pool of the shard is taken back with the rest, and must be looked at again.
#[tokio::test]
async fn what_ran_out_while_the_database_was_silent_runs_out_when_it_speaks() {
    let (same_shard, order_there) = (pool(65), order(65));
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.open_pool(same_shard, identity(2)).await.unwrap();
        let credit_there =
            Credit { pool: same_shard, order: order_there, line: Some(line(2)), ..credit(1, 100) };
        charging.credit(credit_there).await.unwrap();
        let other = CreditControl { imsi: imsi(2).parse().ok(), ..request("t", RequestKind::Initial, 0, 0) };
        charging.control(other).await.unwrap();
        assert_eq!(charging.view(same_shard).await.unwrap().sessions.len(), 1);

        run!(world, "ALTER TABLE charging_log RENAME TO charging_log_away");
        world.clock.advance_ms(basis::HOUR_MS);
        let tick = async {
            // Behind the batch that is on its way to the disk.
            tokio::task::yield_now().await;
            charging.tick().await
        };
        // The tick is refused, or finds the shard stopped already and passes it by.
        let (asked, _) = tokio::join!(charging.control(request("s", RequestKind::Initial, 0, 0)), tick);
        assert!(asked.is_err(), "{asked:?}");
        let meanwhile = charging.fate(pool(1), order(1)).await.unwrap_err();
        assert_eq!(meanwhile.kind, basis::Kind::Unavailable, "not a mistake of ours");
        run!(world, "ALTER TABLE charging_log_away RENAME TO charging_log");
        // On a busy machine the engine asks the database again late; that it does is what matters.
        for _ in 0..1000 {
            if charging.view(same_shard).await.unwrap().sessions.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(charging.view(same_shard).await.unwrap().sessions, [], "nobody asked this pool");
        world.clock.advance_ms(-basis::HOUR_MS);
    }
}

#[tokio::test]
async fn an_engine_that_cannot_read_its_log_does_not_open_half() {
    for world in worlds().await {
        drop(world.open_with(100).await);
        run!(world, "ALTER TABLE charging_snapshot RENAME TO charging_snapshot_away");
        let opening =
            Opening { log: world.log.clone(), shop: world.shop.db.clone(), node: "test".to_owned() };
        assert!(Charging::open(opening, &world.env).await.is_err());
        run!(world, "ALTER TABLE charging_snapshot_away RENAME TO charging_snapshot");
        assert_eq!(world.open().await.faults().len(), 0);
    }
}

#[tokio::test]
async fn a_second_writer_stops_the_first() {
    for world in worlds().await {
        let first = world.open_with(100).await;
        let second = world.open().await;
        assert_eq!(second.faults().len(), 0);
        assert!(first.control(request("s", RequestKind::Initial, 0, 0)).await.is_err());
        assert!(matches!(first.faults()[..], [Fault::TakenOver { .. }]), "{:?}", first.faults());
        second.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        drop((first, second));
        assert_eq!(world.open().await.view(pool(1)).await.unwrap().sessions.len(), 1);
    }
}

/// Three rows of a session, the second of them damaged; its shard and number.
async fn damaged_in_the_middle(world: &World) -> (u32, u64) {
    let charging = world.open_with(100).await;
    charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
    charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
    let (shard, seq, _) = last_row(world).await;
    charging.control(request("s", RequestKind::Update, 2, 2 * MB)).await.unwrap();
    charging.credit(credit(2, 50)).await.unwrap();
    charging.void(pool(1), order(3)).await.unwrap();
    // The pages know all of it.
    charging.catch_up().await.unwrap();
    drop(charging);
    overwrite(world, (shard, seq), b"not what was written").await;
    (shard, u64::try_from(seq).unwrap())
}

#[tokio::test]
async fn what_a_cut_loses_is_said_first_and_then_the_shard_serves_what_is_left() {
    for world in worlds().await {
        let (shard, seq) = damaged_in_the_middle(&world).await;
        let shard_id = charging::ShardId(shard);
        let charging = world.open().await;
        assert!(matches!(charging.faults()[..], [Fault::Damaged { .. }]), "{:?}", charging.faults());

        let loss = charging.look_at_damage(shard_id, seq).await.unwrap();
        assert!(loss.damage.contains(&format!("shard {shard} is damaged at seq {seq}")), "{}", loss.damage);
        assert_eq!((loss.rows, loss.unreadable, loss.octets), (4, 1, 2 * MB));
        assert_eq!(loss.delivered, [order(2)].into());
        assert_eq!(loss.voided, [order(3)].into());
        assert_eq!(charging.faults().len(), 1, "looking changes nothing");
        for elsewhere in [seq - 1, seq + 1] {
            let refused = charging.discard_from(shard_id, elsewhere).await.unwrap_err();
            assert!(refused.to_string().contains(&format!("discard from {shard}:{seq}")), "{refused}");
        }

        assert_eq!(charging.discard_from(shard_id, seq).await.unwrap(), loss);
        assert_eq!(charging.faults().len(), 0, "it serves at once");
        assert_eq!(used(&charging).await, 0);
        assert_eq!(charging.fate(pool(1), order(2)).await.unwrap(), charging::Fate::Unknown);
        charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
        assert_eq!(used(&charging).await, MB, "a gateway that repeats is counted");
        charging.credit(credit(2, 50)).await.unwrap();
        charging.catch_up().await.unwrap();
        let whole = charging.discard_from(shard_id, seq).await.unwrap_err();
        assert!(whole.to_string().contains("not damaged"), "{whole}");
        drop(charging);
        assert_eq!(world.audit().await, [""; 0], "log and tables agree on what is left");
        assert_eq!(used(&world.open().await).await, MB);
    }
}

#[tokio::test]
async fn what_no_cut_can_make_whole_is_not_cut() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.snapshot().await.unwrap();
        drop(charging);
        run!(world, "DELETE FROM charging_snapshot WHERE slice = 1");
        let charging = world.open().await;
        let faults = charging.faults();
        let Some(Fault::Damaged { shard, seq, .. }) = faults.first() else { panic!("{faults:?}") };
        let refused = charging.discard_from(charging::ShardId(*shard), *seq).await.unwrap_err();
        assert!(refused.to_string().contains("restore a backup"), "{refused}");
        assert_eq!(charging.faults().len(), faults.len());
        let stranger = charging.look_at_damage(charging::ShardId(4096), 1).await.unwrap_err();
        assert!(stranger.to_string().contains("no shard 4096"), "{stranger}");
    }
}
