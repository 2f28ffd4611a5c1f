//! How fast it is, roughly, with every answer durable: `cargo nextest run --release -E 'test(speed)' --run-ignored all --no-capture`.

use charging::RequestKind;

use super::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a check"]
async fn requests_a_second_through_the_handle() {
    const SESSIONS: u32 = 512;
    const EACH: u32 = 100;
    for world in worlds().await {
        let clock = Env::system().clock;
        let charging = world.open_with(1_000_000).await;
        let started = clock.monotonic_ns();
        let sessions = (0..SESSIONS).map(|n| {
            let charging = charging.clone();
            tokio::spawn(async move {
                let session = format!("s{n}");
                charging.control(request(&session, RequestKind::Initial, 0, 0)).await.unwrap();
                for number in 1..EACH {
                    charging.control(request(&session, RequestKind::Update, number, 1000)).await.unwrap();
                }
            })
        });
        futures_util::future::join_all(sessions).await;
        let seconds = std::time::Duration::from_nanos(clock.monotonic_ns() - started).as_secs_f64();
        let rate = f64::from(SESSIONS * EACH) / seconds;
        println!("{:?}: {rate:.0} requests/s, {SESSIONS} sessions of one pool", world.log.engine());
    }
}
