//! Two people at the same moment, on two connections.

use pools::Role;

use super::house::house_on_postgres;

#[tokio::test]
async fn of_two_who_use_one_invitation_one_comes_in() {
    for round in 0..5 {
        let house = house_on_postgres().await;
        let (lin, mum, eve) =
            (house.person("lin").await, house.person("mum").await, house.person("eve").await);
        let family = house.family(&lin).await;
        let token = house.invite(&lin, family, Role::Member).await.unwrap();
        let (a, b) = tokio::join!(house.accept(&mum, &token), house.accept(&eve, &token));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "round {round}: {a:?} {b:?}");
        house.work().await;
        let seen = pools::pool(&mut house.db.read().await.unwrap(), lin.account, family).await.unwrap();
        assert_eq!(seen.members.len(), 2);
    }
}

#[tokio::test]
async fn a_line_that_leaves_and_is_removed_at_once_goes_home_once() {
    let house = house_on_postgres().await;
    let (lin, mum) = (house.person("lin").await, house.person("mum").await);
    let home = house.line(mum.line).await.pool;
    let family = house.family(&lin).await;
    for _ in 0..5 {
        house.join(&lin, family, &mum, Role::Member).await;
        let desk = &house.desk.pools;
        let (left, again, removed) = tokio::join!(
            pools::leave(desk, mum.account, family, mum.line),
            pools::leave(desk, mum.account, family, mum.line),
            pools::remove(desk, lin.account, family, mum.line),
        );
        let done = [left.is_ok(), again.is_ok(), removed.is_ok()].into_iter().filter(|ok| *ok).count();
        assert_eq!(done, 1);
        house.work().await;
        assert_eq!(house.line(mum.line).await.pool, home);
    }
}

#[tokio::test]
async fn whoever_is_removed_while_they_accept_for_another_line_leaves_nothing_half_done() {
    let house = house_on_postgres().await;
    let (lin, mum) = (house.person("lin").await, house.person("mum").await);
    let tablet = house.another_line(mum.account).await;
    let family = house.family(&lin).await;
    for _ in 0..5 {
        house.join(&lin, family, &mum, Role::Member).await;
        let token = house.invite(&lin, family, Role::Member).await.unwrap();
        let with_tablet = super::house::Person { line: tablet, ..mum.clone() };
        let (accepted, removed, dissolved) = tokio::join!(
            house.accept(&with_tablet, &token),
            pools::remove(&house.desk.pools, lin.account, family, mum.line),
            pools::dissolve(&house.desk.pools, lin.account, family),
        );
        house.work().await;
        // Whatever came first: nobody is on the way, and nobody draws from what they may not.
        if dissolved.is_err() {
            pools::dissolve(&house.desk.pools, lin.account, family).await.unwrap();
            house.work().await;
        }
        for line in [mum.line, tablet] {
            let line = house.line(line).await;
            assert!(line.pool != family && line.moves_to.is_none(), "{accepted:?} {removed:?} {dissolved:?}");
        }
        house.family(&lin).await;
    }
}
