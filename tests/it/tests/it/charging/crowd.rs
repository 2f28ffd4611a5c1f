//! Many at once on one pool.

use charging::{RequestKind, Verdict};

use super::*;

#[tokio::test]
async fn a_request_for_any_number_of_services_is_refused_whole() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        let service = |n: usize| Service { group: u32::try_from(n).ok(), used: MB, ask: Ask::Quota };
        let many = |count| CreditControl {
            services: (0..count).map(service).collect(),
            ..request("s", RequestKind::Initial, 0, 0)
        };
        let refused = charging.control(many(charging::MAX_SERVICES + 1)).await.unwrap_err();
        assert_eq!((refused.kind, used(&charging).await), (basis::Kind::Invalid, 0));
        charging.control(many(charging::MAX_SERVICES)).await.unwrap();
        assert_eq!(used(&charging).await, 64 * MB);
    }
}

#[tokio::test]
async fn pages_that_hold_every_connection_do_not_stop_the_meter() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        let mut held = Vec::new();
        while let Ok(Ok(conn)) =
            tokio::time::timeout(std::time::Duration::from_millis(500), world.shop.read()).await
        {
            held.push(conn);
        }
        assert!(held.len() >= 8, "all of them");
        let answer = charging.control(request("s", RequestKind::Initial, 0, 0)).await.unwrap();
        assert!(granted(&answer) > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_sessions_never_get_more_than_there_is() {
    for world in worlds().await {
        let charging = world.open_with(200).await;
        let sessions = (0..64).map(|n| tokio::spawn(drain(charging.clone(), format!("s{n}"))));
        let mut reported = 0;
        for session in futures_util::future::join_all(sessions).await {
            reported += session.unwrap();
        }
        assert_eq!(used(&charging).await, reported, "every report counted once");
        assert_eq!(reported, 200 * MB, "honest gateways use no more than was sold, and get all of it");
        charging.catch_up().await.unwrap();
        drop(charging);
        assert_eq!(world.audit().await, [""; 0]);
    }
}

/// Uses everything it is granted until it is refused, sending every request twice; gives back what it used.
async fn drain(charging: Charging, session: String) -> u64 {
    let (mut number, mut held, mut used) = (0, 0, 0);
    let mut kind = RequestKind::Initial;
    loop {
        let request = request(&session, kind, number, held);
        let (answer, again) = tokio::join!(charging.control(request.clone()), charging.control(request));
        assert_eq!(answer.as_ref().ok(), again.as_ref().ok(), "a repeat gets the same answer");
        let answer = answer.unwrap();
        assert_eq!(answer.verdict, Verdict::Accepted);
        used += held;
        held = granted(&answer);
        number += 1;
        kind = RequestKind::Update;
        if held == 0 {
            break;
        }
    }
    charging.control(super::request(&session, RequestKind::Terminate, number, 0)).await.unwrap();
    used
}

#[tokio::test]
async fn a_full_queue_says_so_and_lets_the_ends_of_sessions_through() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        let flood =
            (0..6000).map(|n| charging.control(request(&format!("s{n}"), RequestKind::Initial, 0, 0)));
        let ends =
            (0..600).map(|n| charging.control(request(&format!("e{n}"), RequestKind::Terminate, 0, 0)));
        let (flood, ends) =
            tokio::join!(futures_util::future::join_all(flood), futures_util::future::join_all(ends));
        let busy = flood.iter().filter(|a| a.as_ref().is_err_and(|p| p.key == charging::BUSY_KEY)).count();
        assert!(busy >= 6000 - 4096, "{busy}");
        assert!(flood.iter().any(Result::is_ok));
        assert!(ends.iter().all(Result::is_ok));
    }
}
