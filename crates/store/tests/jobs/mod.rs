//! Jobs: queued once, retried, never two runs at once, never forgotten.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use store::jobs::{self, JobRow, NewJob, Next, Worker, enqueue};

use super::*;

/// Queues the one job of these tests for now; whether it was queued anew.
async fn queue(db: &Db, env: &Env) -> bool {
    in_tx!(db, |tx| {
        let job = NewJob { kind: "mail.send", key: "m1".to_owned(), payload: &"hello", run_at: env.now() };
        enqueue(tx, env, job).await
    })
    .unwrap()
}

async fn standing(db: &Db) -> Option<JobRow> {
    jobs::find(&mut db.read().await.unwrap(), "mail.send", "m1").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_queued_once_and_retried_until_it_works() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        for expected in [true, false] {
            let queued = in_tx!(db, |tx| {
                let job =
                    NewJob { kind: "mail.send", key: "m1".to_owned(), payload: &"hello", run_at: env.now() };
                jobs::enqueue(tx, &env, job).await
            });
            assert_eq!(queued.unwrap(), expected);
        }
        let tries = Arc::new(AtomicU32::new(0));
        let counted = tries.clone();
        let worker = Worker::new(&db, &env, "test").on("mail.send", move |run| {
            let tries = counted.clone();
            async move {
                assert_eq!(run.read::<String>()?, "hello");
                match tries.fetch_add(1, Ordering::SeqCst) {
                    0 => Err(Problem::unavailable("no network")),
                    1 => panic!("handlers may fall over"),
                    _ => Ok(Next::Done),
                }
            }
        });
        for _ in 0..4 {
            worker.run_due().await.unwrap();
            clock.advance_ms(1000);
        }
        assert_eq!(tries.load(Ordering::SeqCst), 3);
        assert!(jobs::list(&mut db.read().await.unwrap(), 10).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_queued_in_a_transaction_that_fails_does_not_exist() {
    let (env, _) = world();
    for db in both(&[], &env).await {
        let outcome: Result<(), Problem> = in_tx!(db, |tx| {
            let job = NewJob { kind: "mail.send", key: "m1".to_owned(), payload: &(), run_at: env.now() };
            jobs::enqueue(tx, &env, job).await?;
            Err(Problem::not_found())
        });
        outcome.unwrap_err();
        assert!(jobs::find(&mut db.read().await.unwrap(), "mail.send", "m1").await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_again_for_months_outlives_one_failure() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        queue(&db, &env).await;
        let (runs, again) = (Arc::new(AtomicU32::new(0)), env.clone());
        let counted = runs.clone();
        let worker =
            Worker::new(&db, &env, "test").on("mail.send", move |_| {
                let (run, again) = (counted.fetch_add(1, Ordering::SeqCst), again.now().plus_ms(1000));
                async move {
                    if run == 60 { Err(Problem::unavailable("no network")) } else { Ok(Next::At(again)) }
                }
            });
        for _ in 0..=60 {
            worker.run_due().await.unwrap();
            clock.advance_ms(1000);
        }
        let job = standing(&db).await.unwrap();
        assert_eq!((job.state.as_str(), job.attempts), ("ready", 1), "{:?}", job.last_error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_too_long_has_stopped_before_it_is_tried_again() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        queue(&db, &env).await;
        let running = Arc::new(AtomicU32::new(0));
        let counted = running.clone();
        let worker = Worker::new(&db, &env, "test").taking_at_most(Duration::from_millis(50)).on(
            "mail.send",
            move |_| {
                let running = counted.clone();
                async move {
                    let at_once = running.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    assert_eq!(at_once, 0);
                    Ok(Next::Done)
                }
            },
        );
        worker.run_due().await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(running.load(Ordering::SeqCst), 1, "it was stopped in its sleep");
        assert_eq!(standing(&db).await.unwrap().state, "ready");
        clock.advance_ms(1000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asked_for_again_while_it_runs_runs_again() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        for end in [Next::Done, Next::At(env.now().plus_ms(3_600_000))] {
            queue(&db, &env).await;
            let runs = Arc::new(AtomicU32::new(0));
            let (counted, shop, world) = (runs.clone(), db.db.clone(), env.clone());
            let worker = Worker::new(&db, &env, "test").on("mail.send", move |_| {
                let (run, db, env) = (counted.fetch_add(1, Ordering::SeqCst), shop.clone(), world.clone());
                async move {
                    // What it should do has been read; then something happens that wants it done again.
                    if run > 0 {
                        return Ok(Next::Done);
                    }
                    assert!(queue(&db, &env).await);
                    Ok(end)
                }
            });
            for _ in 0..3 {
                worker.run_due().await.unwrap();
                clock.advance_ms(10);
            }
            assert_eq!(runs.load(Ordering::SeqCst), 2, "{end:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_outlives_an_outage_however_long() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        queue(&db, &env).await;
        let back_at = env.now().plus_ms(basis::DAY_MS);
        let world = env.clone();
        let worker = Worker::new(&db, &env, "test").on("mail.send", move |_| {
            let silent = world.now() < back_at;
            async move { if silent { Err(Problem::unavailable("no network")) } else { Ok(Next::Done) } }
        });
        for _ in 0..300 {
            worker.run_due().await.unwrap();
            clock.advance_ms(5 * basis::MINUTE_MS);
        }
        assert!(standing(&db).await.is_none(), "done without anyone's help");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_that_is_wanted_again_lives_again() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        queue(&db, &env).await;
        let wrong = Worker::new(&db, &env, "test")
            .on("mail.send", |_| async { Err(Problem::internal("a fault of ours")) });
        for _ in 0..50 {
            wrong.run_due().await.unwrap();
            clock.advance_ms(5 * basis::MINUTE_MS);
        }
        assert_eq!(standing(&db).await.unwrap().state, "dead");
        assert!(queue(&db, &env).await);
        let mended = Worker::new(&db, &env, "test").on("mail.send", |_| async { Ok(Next::Done) });
        assert_eq!(mended.run_due().await.unwrap(), 1);
        assert!(standing(&db).await.is_none());
    }
}

/// Queues letters with these keys for now.
async fn queue_all(db: &Db, env: &Env, keys: &[&str]) {
    for key in keys {
        let job =
            || NewJob { kind: "mail.send", key: (*key).to_owned(), payload: &"hello", run_at: env.now() };
        assert!(in_tx!(db, |tx| { enqueue(tx, env, job()).await }).unwrap());
    }
}

/// The postman takes all letters that lie there, but for one that he has tried before.
#[tokio::test(flavor = "multi_thread")]
async fn many_of_a_kind_go_together_and_what_fails_is_tried_alone() {
    let (env, clock) = world();
    for db in both(&[], &env).await {
        let rounds: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = rounds.clone();
        let worker = Worker::new(&db, &env, "test").on_many("mail.send", move |runs| {
            let mut keys: Vec<_> = runs.iter().map(|run| run.key.as_str()).collect();
            keys.sort_unstable();
            let good = !keys.contains(&"torn");
            kept.lock().unwrap().push(keys.join(" "));
            async move { if good { Ok(Next::Done) } else { Err(Problem::internal("it is torn")) } }
        });
        let round = async || {
            worker.run_due().await.unwrap();
            clock.advance_ms(1000);
            let mut rounds = std::mem::take(&mut *rounds.lock().unwrap());
            rounds.sort_unstable();
            rounds
        };
        queue_all(&db, &env, &["a", "b", "torn", "c"]).await;
        assert_eq!(round().await, ["a b c torn"]);
        assert_eq!(round().await, ["a", "b", "c", "torn"]);
        queue_all(&db, &env, &["d", "e"]).await;
        assert_eq!(round().await, ["d e", "torn"]);
        let left = jobs::list(&mut db.read().await.unwrap(), 10).await.unwrap();
        let left: Vec<_> = left.iter().map(|job| (job.key.as_str(), job.attempts)).collect();
        assert_eq!(left, [("torn", 3)]);
    }
}

/// A worker of this owner begins the job and dies half-way through it.
async fn begin_and_die(db: &Db, env: &Env, owner: &str) {
    queue(db, env).await;
    let (_go_on, stop) = tokio::sync::watch::channel(false);
    let begun = Worker::new(db, env, owner).on("mail.send", |_| std::future::pending());
    let begun = tokio::spawn(begun.run(stop));
    while standing(db).await.is_none_or(|job| job.state != "leased") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_frees_what_its_name_had_leased_and_nobody_elses() {
    let (env, _) = world();
    for db in both(&[], &env).await {
        begin_and_die(&db, &env, "a:1").await;
        let (_go_on, stop) = tokio::sync::watch::channel(false);
        for (owner, does_it) in [("b:1", false), ("a:2", true)] {
            let worker = Worker::new(&db, &env, owner).on("mail.send", |_| async { Ok(Next::Done) });
            let worker = tokio::spawn(worker.run(stop.clone()));
            tokio::time::sleep(Duration::from_millis(600)).await;
            worker.abort();
            assert_eq!(standing(&db).await.is_none(), does_it, "{owner}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_when_a_copy_was_made_is_done_by_the_copy() {
    let (env, _) = world();
    for db in both(&[], &env).await {
        begin_and_die(&db, &env, "a:1").await;
        for (owner, done) in [("b:1", 0), ("a:2", 1)] {
            let worker = Worker::new(&db, &env, owner).on("mail.send", |_| async { Ok(Next::Done) });
            assert_eq!(worker.run_due().await.unwrap(), done, "{owner}");
        }
        assert!(standing(&db).await.is_none());
    }
}
