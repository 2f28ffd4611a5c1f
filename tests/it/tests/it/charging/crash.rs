//! The plug is pulled: an engine is dropped without a word, and opened again from what is on disk.

use basis::HOUR_MS;
use charging::{CreditAnswer, Fate, RequestKind, Verdict, VoidAnswer};

use super::*;

#[tokio::test]
async fn nothing_acknowledged_is_lost_wherever_the_plug_is_pulled() {
    for world in worlds().await {
        drop(world.open_with(100).await);
        let mut number = 0;
        let mut all_used = 0;
        let first = world.open().await.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        let mut held = granted(&first);
        for _ in 0..6 {
            let charging = world.open().await;
            number += 1;
            let used_now = held / 2;
            let answer = charging.control(request("s", RequestKind::Update, number, used_now)).await.unwrap();
            all_used += used_now;
            held = granted(&answer);
            assert!(held > 0);
            assert_eq!(used(&charging).await, all_used);
            drop(charging);
        }
        let charging = world.open().await;
        assert_eq!((used(&charging).await, remaining(&charging).await), (all_used, 100 * MB - all_used));
    }
}

#[tokio::test]
async fn a_repeat_after_a_restart_gets_the_stored_answer() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        let answer = charging.control(request("s", RequestKind::Update, 1, 3 * MB)).await.unwrap();
        drop(charging);

        let charging = world.open().await;
        for _ in 0..3 {
            let again = charging.control(request("s", RequestKind::Update, 1, 3 * MB)).await.unwrap();
            assert_eq!(again, answer);
        }
        assert_eq!(used(&charging).await, 3 * MB, "debited once");
        charging.control(request("s", RequestKind::Terminate, 2, MB)).await.unwrap();
        charging.shut_down().await;

        let charging = world.open().await;
        charging.control(request("s", RequestKind::Terminate, 2, MB)).await.unwrap();
        assert_eq!(used(&charging).await, 4 * MB, "the tombstone remembers through a snapshot");
        assert_eq!(charging.view(pool(1)).await.unwrap().sessions, []);
    }
}

#[tokio::test]
async fn of_credit_and_void_the_first_wins_for_ever() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        assert_eq!(charging.void(pool(1), order(2)).await.unwrap(), VoidAnswer::Voided);
        drop(charging);

        let charging = world.open().await;
        assert_eq!(charging.credit(credit(2, 5)).await.unwrap(), CreditAnswer::Voided);
        assert_eq!(charging.credit(credit(1, 100)).await.unwrap(), CreditAnswer::AlreadyCredited);
        assert_eq!(charging.void(pool(1), order(1)).await.unwrap(), VoidAnswer::Credited);
        for (n, fate) in [(1, Fate::Credited), (2, Fate::Voided), (3, Fate::Unknown)] {
            assert_eq!(charging.fate(pool(1), order(n)).await.unwrap(), fate);
        }
        assert_eq!(remaining(&charging).await, 100 * MB);
    }
}

#[tokio::test]
async fn a_void_before_the_line_was_ever_open_holds() {
    for world in worlds().await {
        let charging = world.open().await;
        assert!(charging.credit(credit(1, 100)).await.is_err(), "the line is not open yet");
        assert_eq!(charging.void(pool(1), order(1)).await.unwrap(), VoidAnswer::Voided);
        charging.open_pool(pool(1), identity(1)).await.unwrap();
        assert_eq!(charging.credit(credit(1, 100)).await.unwrap(), CreditAnswer::Voided);
    }
}

#[tokio::test]
async fn a_snapshot_and_the_log_behind_it_give_the_same_pool() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("a", RequestKind::Initial, 0, 0)).await.unwrap();
        charging.snapshot().await.unwrap();
        charging.control(request("a", RequestKind::Update, 1, 2 * MB)).await.unwrap();
        charging.control(request("b", RequestKind::Initial, 0, 0)).await.unwrap();
        let before = charging.view(pool(1)).await.unwrap();
        drop(charging);

        let charging = world.open().await;
        assert_eq!(charging.view(pool(1)).await.unwrap(), before);
        charging.snapshot().await.unwrap();
        charging.catch_up().await.unwrap();
        drop(charging);
        assert_eq!(world.audit().await, [""; 0]);
    }
}

#[tokio::test]
async fn what_has_run_out_while_nobody_was_there_runs_out_at_the_start() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        drop(charging);
        world.clock.advance_ms(HOUR_MS);

        let charging = world.open().await;
        charging.tick().await.unwrap();
        assert_eq!(charging.view(pool(1)).await.unwrap().sessions, [], "silent for twice its validity");
        let late = charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
        assert_eq!(late.verdict, Verdict::Accepted);
        assert_eq!(used(&charging).await, MB, "a late report is debited all the same");
    }
}

#[tokio::test]
async fn the_shards_time_never_goes_back() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        let before = charging.view(pool(1)).await.unwrap().sessions[0].heard_at;
        drop(charging);
        world.clock.advance_ms(-HOUR_MS);

        let charging = world.open().await;
        charging.control(request("s", RequestKind::Update, 1, MB)).await.unwrap();
        assert_eq!(charging.view(pool(1)).await.unwrap().sessions[0].heard_at, before);
        drop(charging);
        drop(world.open().await);
        world.clock.advance_ms(HOUR_MS);
    }
}

#[tokio::test]
async fn a_line_is_in_one_pool_and_an_imsi_on_one_line() {
    for world in worlds().await {
        let charging = world.open_with(1).await;
        charging.open_pool(pool(1), identity(1)).await.unwrap();
        assert_eq!(
            charging.open_pool(pool(2), identity(1)).await.unwrap_err().key,
            "charging-line-elsewhere"
        );
        let thief = LineIdentity { line: line(2), ..identity(1) };
        assert_eq!(charging.open_pool(pool(2), thief).await.unwrap_err().key, "charging-line-elsewhere");
        let stranger = CreditControl {
            imsi: Some(imsi(77).parse().unwrap()),
            ..request("x", RequestKind::Initial, 0, 0)
        };
        assert_eq!(charging.control(stranger).await.unwrap().verdict, Verdict::UnknownLine);
    }
}

#[tokio::test]
async fn a_barred_line_gets_no_quota_and_no_credit_but_a_void() {
    for world in worlds().await {
        let charging = world.open_with(10).await;
        charging.bar(line(1)).await.unwrap();
        let answer = charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        assert_eq!(granted(&answer), 0);
        assert_eq!(charging.credit(credit(2, 5)).await.unwrap_err().key, "charging-line-barred");
        assert_eq!(charging.credit(credit(1, 10)).await.unwrap(), CreditAnswer::AlreadyCredited);
        assert_eq!(charging.void(pool(1), order(2)).await.unwrap(), VoidAnswer::Voided);
        charging.unbar(line(1)).await.unwrap();
        assert_eq!(charging.credit(credit(3, 5)).await.unwrap_or(CreditAnswer::Voided), {
            CreditAnswer::Credited { activated_at: None, ends_at: None }
        });
    }
}
