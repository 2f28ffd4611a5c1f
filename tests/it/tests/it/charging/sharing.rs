//! A family on one pool: who may use what, who used what, and who is told.

use basis::DAY_MS;
use charging::{CapKind, Caps, Hint, MemberUsage, Notice, Reason, Refusal, RequestKind, Subject};
use store::in_tx;

use super::*;

/// Lines 1 and 2 in one pool, and a bundle of so many megabytes for both.
async fn family(world: &World, megabytes: u64) -> Charging {
    let charging = world.open().await;
    charging.open_pool(pool(1), identity(1)).await.unwrap();
    charging.open_pool(pool(1), identity(2)).await.unwrap();
    charging.credit(Credit { line: None, ..credit(1, megabytes) }).await.unwrap();
    charging
}

/// A request of a line, in a session of its own.
async fn ask(charging: &Charging, n: u128, number: u32, used: u64) -> Answer {
    let kind = if number == 0 { RequestKind::Initial } else { RequestKind::Update };
    let imsi = Some(imsi(n).parse().unwrap());
    charging.control(CreditControl { imsi, ..request(&n.to_string(), kind, number, used) }).await.unwrap()
}

fn refusal(answer: &Answer) -> Option<Refusal> {
    answer.services.first().and_then(|service| match service.quota {
        Quota::Refused(why) => Some(why),
        Quota::None | Quota::Granted(_) | Quota::Slow { .. } => None,
    })
}

fn session(n: u128) -> charging::SessionKey {
    charging::session_key("pgw", &n.to_string())
}

#[tokio::test]
async fn one_reaches_her_cap_the_owner_raises_it_and_data_goes_on() {
    for world in worlds().await {
        let charging = family(&world, 1000).await;
        let cap = |mb| Caps { per_day: Some(mb * MB), ..Caps::default() };
        charging.cap(pool(1), line(2), cap(5)).await.unwrap();
        let mut hints = charging.hints();
        let held = granted(&ask(&charging, 2, 0, 0).await);
        let answer = ask(&charging, 2, 1, held).await;
        let answer = ask(&charging, 2, 2, 5 * MB - held.min(5 * MB) + granted(&answer)).await;
        assert_eq!(refusal(&answer), Some(Refusal::CapReached));

        charging.cap(pool(1), line(2), cap(50)).await.unwrap();
        let again = Hint::ReAuth { session: session(2), reason: Reason::Capped };
        assert_eq!(hints.recv().await.unwrap(), again);
        assert!(granted(&ask(&charging, 2, 3, 0).await) > 0);
        let view = charging.view(pool(1)).await.unwrap().lines[1];
        let day = view.per_day.unwrap();
        assert_eq!((day.cap.octets(), view.in_all, view.paused), (50 * MB, None, false));
        assert!(day.used.octets() >= 5 * MB && view.cap_room.unwrap().octets() < 45 * MB);
        assert!(charging.cap(pool(2), line(2), cap(1)).await.is_err(), "another pool's manager");
    }
}

#[tokio::test]
async fn a_top_up_is_announced_to_those_who_have_little_or_nothing() {
    for world in worlds().await {
        let charging = family(&world, 8).await;
        ask(&charging, 1, 0, 0).await;
        ask(&charging, 2, 0, 0).await;
        let mut hints = charging.hints();
        charging.credit(Credit { line: None, ..credit(2, 1000) }).await.unwrap();
        let mut told: Vec<_> = [hints.recv().await.unwrap(), hints.recv().await.unwrap()].into();
        told.sort_by_key(|hint| *hint != Hint::ReAuth { session: session(1), reason: Reason::Credited });
        assert_eq!(told, [1, 2].map(|n| Hint::ReAuth { session: session(n), reason: Reason::Credited }));

        charging.pause_member(pool(1), line(2), true).await.unwrap();
        assert_eq!(hints.recv().await.unwrap(), Hint::ReAuth { session: session(2), reason: Reason::Paused });
        assert_eq!(refusal(&ask(&charging, 2, 1, 0).await), Some(Refusal::Paused));
        charging.bar(line(1)).await.unwrap();
        assert_eq!(hints.recv().await.unwrap(), Hint::Abort { session: session(1), reason: Reason::Barred });
    }
}

#[tokio::test]
async fn the_family_sees_who_used_what_and_hears_in_time_once() {
    for world in worlds().await {
        let charging = family(&world, 10).await;
        charging.cap(pool(1), line(2), Caps { in_all: Some(4 * MB), ..Caps::default() }).await.unwrap();
        charging.credit(Credit { line: Some(line(1)), ..credit(2, 3) }).await.unwrap();
        ask(&charging, 1, 0, 0).await;
        ask(&charging, 2, 0, 0).await;
        ask(&charging, 2, 1, 4 * MB).await;
        ask(&charging, 1, 1, 3 * MB).await;
        ask(&charging, 1, 2, 5 * MB).await;
        charging.catch_up().await.unwrap();
        charging.catch_up().await.unwrap();

        let conn = &mut world.shop.read().await.unwrap();
        let used = charging::usage_of_pool(conn, pool(1), START, START.plus_ms(DAY_MS), 0).await.unwrap();
        let day = used[0].day;
        let mb = |n| DataVolume(n * MB);
        let row =
            |n, octets, shared| MemberUsage { day, line: line(n), octets: mb(octets), shared: mb(shared) };
        assert_eq!(used, [row(1, 8, 5), row(2, 4, 4)]);

        let taken = taken(&world).await;
        let notice = |subject, percent| Notice { pool: pool(1), subject, percent, at: START };
        let cap = Subject::Cap { line: line(2), cap: CapKind::InAll };
        let own = Subject::Bundle { bundle: order(2), line: Some(line(1)) };
        let shared = Subject::Bundle { bundle: order(1), line: None };
        let expected = [(cap, 80), (cap, 95), (cap, 100), (own, 80), (own, 95), (own, 100), (shared, 80)]
            .map(|(s, p)| notice(s, p));
        assert!(expected.iter().all(|notice| taken.contains(notice)), "{taken:?}");
        assert_eq!(taken.len(), expected.len());
        assert_eq!(self::taken(&world).await, []);
    }
}

/// What waits to be told, taken.
async fn taken(world: &World) -> Vec<Notice> {
    let waiting = charging::waiting_notices(&mut world.shop.read().await.unwrap(), 100).await.unwrap();
    in_tx!(world.shop.db, |tx| {
        for notice in &waiting {
            assert!(charging::take_notice(tx, START, notice).await?);
        }
        Ok(())
    })
    .unwrap();
    waiting
}

#[tokio::test]
async fn what_one_brought_is_used_by_all_only_once_it_is_given() {
    for world in worlds().await {
        let charging = family(&world, 1).await;
        charging.credit(Credit { line: Some(line(1)), ..credit(2, 100) }).await.unwrap();
        let held = granted(&ask(&charging, 2, 0, 0).await);
        assert_eq!(held, MB, "only the family's");
        let mut hints = charging.hints();
        for _ in 0..2 {
            charging.give(pool(1), order(2)).await.unwrap();
        }
        assert_eq!(hints.recv().await.unwrap(), Hint::ReAuth { session: session(2), reason: Reason::Given });
        assert!(granted(&ask(&charging, 2, 1, held).await) > MB);
        let alone = Terms { shareable: false, ..terms(10) };
        charging.credit(Credit { terms: alone.clone(), ..credit(3, 10) }).await.unwrap();
        let refused = [
            charging.give(pool(1), order(3)).await.unwrap_err(),
            charging.credit(Credit { line: None, terms: alone, ..credit(4, 1) }).await.unwrap_err(),
        ];
        assert!(refused.iter().all(|problem| problem.key == "charging-not-shareable"));
        charging.catch_up().await.unwrap();
        let conn = &mut world.shop.read().await.unwrap();
        assert_eq!(charging::bundle(conn, order(2)).await.unwrap().unwrap().line, None);
    }
}
