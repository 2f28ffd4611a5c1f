//! A line moves from its home into a family's pool, while the plug is pulled between any two steps.

use charging::{CreditAnswer, Fate, LineMove, MoveAnswer, Reason, RequestKind, Verdict, VoidAnswer};

use super::*;

const HOME: u128 = 1;
/// In another shard than home, where there are several.
const FAMILY: u128 = 2;

fn to_family(id: u128) -> LineMove {
    LineMove { id: Id::from_u128(id), line: line(1), from: pool(HOME), to: pool(FAMILY) }
}

fn back_home(id: u128) -> LineMove {
    LineMove { from: pool(FAMILY), to: pool(HOME), ..to_family(id) }
}

/// Line 1 at home with a bundle of 100 MB of which a session uses; line 2 in the family.
async fn begin(world: &World) -> Charging {
    let charging = world.open_with(100).await;
    charging.open_pool(pool(FAMILY), identity(2)).await.unwrap();
    charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
    charging.control(request("s", RequestKind::Update, 1, 4 * MB)).await.unwrap();
    charging
}

/// The bundles of a pool: what is left of each.
async fn left(charging: &Charging, n: u128) -> Vec<u64> {
    charging.view(pool(n)).await.unwrap().bundles.iter().map(|bundle| bundle.remaining.octets()).collect()
}

#[tokio::test]
async fn a_move_is_finished_by_the_next_call_wherever_the_plug_was_pulled() {
    for cut_after in 0..=3 {
        for world in worlds().await {
            let mut charging = begin(&world).await;
            let step = to_family(7);
            if cut_after >= 1 {
                let luggage = charging.depart(step).await.unwrap().unwrap();
                if cut_after >= 2 {
                    charging.arrive(step, luggage).await.unwrap();
                }
                if cut_after >= 3 {
                    charging.part(step).await.unwrap();
                }
            }
            drop(charging);
            charging = world.open().await;
            let answer = charging.move_line(step).await.unwrap();
            let moved = MoveAnswer::Moved { bundles: vec![order(1)] };
            assert_eq!(answer, if cut_after == 3 { MoveAnswer::AlreadyMoved } else { moved });
            assert_eq!(charging.move_line(step).await.unwrap(), MoveAnswer::AlreadyMoved);
            assert_eq!((left(&charging, HOME).await, left(&charging, FAMILY).await), (vec![], vec![96 * MB]));

            charging.control(request("t", RequestKind::Initial, 0, 0)).await.unwrap();
            charging.control(request("t", RequestKind::Update, 1, 6 * MB)).await.unwrap();
            charging.snapshot().await.unwrap();
            drop(charging);
            let charging = world.open().await;
            assert_eq!(left(&charging, FAMILY).await, [90 * MB], "through a snapshot, too");
            charging.catch_up().await.unwrap();
            drop(charging);
            assert_eq!(world.audit().await, [""; 0]);
            let conn = &mut world.shop.read().await.unwrap();
            let row = charging::bundle(conn, order(1)).await.unwrap().unwrap();
            assert_eq!((row.pool, row.used.octets()), (pool(FAMILY), 10 * MB));
        }
    }
}

#[tokio::test]
async fn until_it_arrives_the_line_is_told_to_come_again_and_nothing_is_lost() {
    for world in worlds().await {
        let charging = begin(&world).await;
        let luggage = charging.depart(to_family(7)).await.unwrap().unwrap();
        let late = request("s", RequestKind::Update, 2, 5 * MB);
        for _ in 0..2 {
            assert_eq!(charging.control(late.clone()).await.unwrap_err().key, "charging-line-moving");
            assert_eq!(charging.credit(credit(2, 5)).await.unwrap_err().key, "charging-line-moving");
            assert_eq!(charging.close(pool(HOME), order(1)).await.unwrap_err().key, "charging-line-moving");
            assert_eq!(charging.move_line(to_family(8)).await.unwrap_err().key, "charging-line-moving");
            assert_eq!(charging.credit(credit(1, 100)).await.unwrap(), CreditAnswer::AlreadyCredited);
        }
        charging.arrive(to_family(7), luggage).await.unwrap();
        assert_eq!(charging.move_line(back_home(8)).await.unwrap_err().key, "charging-line-moving");
        charging.part(to_family(7)).await.unwrap();
        drop(charging);

        let charging = world.open().await;
        let answer = charging.control(late.clone()).await.unwrap();
        assert_eq!((answer.verdict, granted(&answer)), (Verdict::Terminated, 0));
        assert_eq!(charging.control(late).await.unwrap(), answer, "debited once");
        assert_eq!(left(&charging, FAMILY).await, [91 * MB]);
    }
}

#[tokio::test]
async fn what_is_asked_of_the_first_pool_afterwards_gets_its_answer() {
    for world in worlds().await {
        let charging = begin(&world).await;
        charging.move_line(to_family(7)).await.unwrap();
        assert_eq!(charging.credit(credit(1, 100)).await.unwrap(), CreditAnswer::AlreadyCredited);
        assert_eq!(charging.void(pool(HOME), order(1)).await.unwrap(), VoidAnswer::Credited);
        assert_eq!(charging.fate(pool(HOME), order(1)).await.unwrap(), Fate::Credited);
        assert_eq!(charging.credit(credit(2, 5)).await.unwrap(), CreditAnswer::Voided, "it came too late");
        assert_eq!(
            charging.open_pool(pool(HOME), identity(1)).await.unwrap_err().kind,
            basis::Kind::Conflict
        );
        charging.bar(line(1)).await.unwrap();
        charging.unbar(line(1)).await.unwrap();
        let closed = charging.close(pool(HOME), order(1)).await.unwrap();
        assert_eq!(closed, charging.close(pool(FAMILY), order(1)).await.unwrap());
    }
}

#[tokio::test]
async fn there_and_back_again_leaves_everything_as_it_was() {
    for world in worlds().await {
        let charging = begin(&world).await;
        for n in 0..3 {
            charging.move_line(to_family(10 + n)).await.unwrap();
            charging.move_line(back_home(20 + n)).await.unwrap();
        }
        assert_eq!(charging.move_line(to_family(10)).await.unwrap(), MoveAnswer::AlreadyMoved);
        assert_eq!((left(&charging, HOME).await, left(&charging, FAMILY).await), (vec![96 * MB], vec![]));
        let late = charging.control(request("s", RequestKind::Update, 2, MB)).await.unwrap();
        assert_eq!(late.verdict, Verdict::Terminated);
        assert_eq!(left(&charging, HOME).await, [95 * MB]);
        charging.catch_up().await.unwrap();
        drop(charging);
        assert_eq!(world.audit().await, [""; 0]);
    }
}

#[tokio::test]
async fn many_at_once_drive_the_same_move() {
    for world in worlds().await {
        let charging = begin(&world).await;
        let all = futures_util::future::join_all((0..8).map(|_| charging.move_line(to_family(7)))).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!((left(&charging, HOME).await, left(&charging, FAMILY).await), (vec![], vec![96 * MB]));
        let stranger = LineMove { line: line(9), ..to_family(9) };
        assert_eq!(charging.move_line(stranger).await.unwrap_err().kind, basis::Kind::NotFound);
    }
}

#[tokio::test]
async fn the_gateway_hears_that_the_session_is_over() {
    for world in worlds().await {
        let charging = begin(&world).await;
        let mut hints = charging.hints();
        charging.move_line(to_family(7)).await.unwrap();
        let session = charging::session_key("pgw", "s");
        let hint = charging::Hint::Abort { session, reason: Reason::Moved };
        assert_eq!(hints.recv().await.unwrap(), hint);
        assert!(hints.try_recv().is_err(), "once");
    }
}
