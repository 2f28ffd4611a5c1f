//! A line comes into a family's pool and goes home again; a wire is cut at every step on the way.

use basis::{Id, Line, Move, Pool};
use charging::LineMove;
use pools::{MemberState, Role};

use super::house::{House, MB, houses};

#[tokio::test]
async fn whoever_joins_uses_what_is_shared_and_takes_their_own_home() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let home = house.line(mum.line).await.pool;
        house.credit(home, Some(mum.line), 50).await;
        let family = house.family(&lin).await;
        assert_eq!(family, house.line(lin.line).await.pool, "the owner's line stays where it is");
        house.credit(family, None, 100).await;

        house.join(&lin, family, &mum, Role::Member).await;
        assert_eq!(house.line(mum.line).await.pool, family);
        assert_eq!((house.left(family, None).await, house.left(family, Some(mum.line)).await), (100, 50));
        house.uses(mum.line, 3 * MB).await;
        assert_eq!(house.left(family, Some(mum.line)).await, 47, "her own comes first");
        house.uses(lin.line, 2 * MB).await;
        assert_eq!(house.left(family, None).await, 98);

        pools::leave(&house.desk.pools, mum.account, family, mum.line).await.unwrap();
        house.work().await;
        assert_eq!(house.line(mum.line).await.pool, home);
        assert_eq!(
            (house.left(home, Some(mum.line)).await, house.left(family, Some(mum.line)).await),
            (47, 0)
        );
        assert_eq!(house.left(family, None).await, 98, "what is shared stays");
        house.work().await;
        assert_eq!(house.mails(&lin), ["mum has joined The Lins", "mum has left The Lins"]);
        assert_eq!(house.trail(family).await, ["pool.create", "pool.invite", "pool.accept", "pool.leave"]);
    }
}

#[tokio::test]
async fn a_move_that_was_cut_short_anywhere_is_finished() {
    for cut_after in 0..=4 {
        for house in houses().await {
            let (lin, mum) = (house.person("lin").await, house.person("mum").await);
            let home = house.line(mum.line).await.pool;
            house.credit(home, Some(mum.line), 50).await;
            let family = house.family(&lin).await;
            let token = house.invite(&lin, family, Role::Member).await.unwrap();
            house.accept(&mum, &token).await.unwrap();
            cut_short(&house, mum.line, cut_after).await;
            assert_eq!(house.state(mum.line).await, Some(MemberState::In), "cut after step {cut_after}");
            settled(&house, mum.line, (home, family)).await;

            pools::leave(&house.desk.pools, mum.account, family, mum.line).await.unwrap();
            cut_short(&house, mum.line, cut_after).await;
            assert_eq!(house.state(mum.line).await, None, "cut after step {cut_after}");
            settled(&house, mum.line, (family, home)).await;
        }
    }
}

/// The job dies after so many of its steps, and comes again.
async fn cut_short(house: &House, line: Id<Line>, cut_after: u32) {
    let on_its_way = house.line(line).await;
    let conn = &mut house.db.read().await.unwrap();
    let id = store::sql!("SELECT move_id FROM line WHERE id = $1");
    let id: Id<Move> = id.bind(line).one(conn).await.unwrap().get("move_id").unwrap();
    let (from, to) = (on_its_way.pool, on_its_way.moves_to.unwrap());
    let (step, charging) = (LineMove { id, line, from, to }, &house.desk.charging);
    if cut_after >= 1 {
        let luggage = charging.depart(step).await.unwrap().unwrap();
        if cut_after >= 2 {
            charging.arrive(step, luggage).await.unwrap();
        }
        if cut_after >= 3 {
            charging.part(step).await.unwrap();
        }
    }
    house.work().await;
    if cut_after >= 4 {
        // It was done, and nobody noted that it was.
        let payload = serde_json::json!({ "id": id, "line": line, "from": from, "to": to });
        let run = store::jobs::JobRun { key: String::new(), payload: payload.to_string(), attempt: 2 };
        pools::carry(&house.desk.pools, &run).await.unwrap();
    }
}

/// The line and the 50 MB that are its own are in the second pool, and nowhere else.
async fn settled(house: &House, line: Id<Line>, (from, to): (Id<Pool>, Id<Pool>)) {
    let there = house.line(line).await;
    assert_eq!((there.pool, there.moves_to), (to, None));
    assert_eq!((house.left(from, Some(line)).await, house.left(to, Some(line)).await), (0, 50));
}

#[tokio::test]
async fn a_dissolved_family_goes_home_and_what_was_shared_stays_with_its_owner() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let home = house.line(mum.line).await.pool;
        let family = house.family(&lin).await;
        house.join(&lin, family, &mum, Role::Manager).await;
        let given = house.credit(family, Some(mum.line), 50).await;
        house.credit(family, Some(mum.line), 20).await;
        pools::give(&house.desk.pools, mum.account, family, given).await.unwrap();
        house.work().await;
        assert_eq!((house.left(family, None).await, house.left(family, Some(mum.line)).await), (50, 20));

        let stays = pools::leave(&house.desk.pools, lin.account, family, lin.line).await.unwrap_err();
        assert_eq!(stays.key, "pools-owner-stays");
        pools::dissolve(&house.desk.pools, lin.account, family).await.unwrap();
        house.work().await;
        assert_eq!((house.line(mum.line).await.pool, house.left(home, Some(mum.line)).await), (home, 20));
        assert_eq!((house.line(lin.line).await.pool, house.left(family, None).await), (family, 50));
        assert!(pools::pool(&mut house.db.read().await.unwrap(), lin.account, family).await.is_err());
        house.work().await;
        assert!(house.mails(&mum).contains(&"The Lins is dissolved".to_owned()));
        // And begins anew in the same place.
        let again = house.family(&lin).await;
        assert_eq!(again, family);
        house.join(&lin, again, &mum, Role::Member).await;
        assert_eq!(house.line(mum.line).await.pool, family);
    }
}

#[tokio::test]
async fn the_last_line_stays_with_what_was_shared() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let lins = house.family(&lin).await;
        house.credit(lins, None, 20).await;
        pools::dissolve(&house.desk.pools, lin.account, lins).await.unwrap();
        house.work().await;
        let mums = house.family(&mum).await;
        let token = house.invite(&mum, mums, Role::Member).await.unwrap();
        assert_eq!(house.accept(&lin, &token).await.unwrap_err().key, "pools-shared-left");
        assert_eq!(house.uses_all(lin.line).await, 20 * MB);
        house.accept(&lin, &token).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_handed_the_family_over_may_leave_to_a_pool_of_their_own() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &mum, Role::Member).await;
        let own = house.credit(family, Some(lin.line), 30).await;
        pools::hand_over(&house.desk.pools, lin.account, family, mum.line).await.unwrap();
        let seen = pools::pool(&mut house.db.read().await.unwrap(), lin.account, family).await.unwrap();
        assert_eq!((seen.pool.owner, seen.role), (mum.account, Role::Manager));
        pools::leave(&house.desk.pools, lin.account, family, lin.line).await.unwrap();
        house.work().await;
        let line = house.line(lin.line).await;
        assert_ne!(line.pool, family);
        assert_eq!(house.left(line.pool, Some(lin.line)).await, 30, "{own}");
    }
}

#[tokio::test]
async fn a_card_that_was_bound_this_moment_waits_for_its_pool() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        let token = house.invite(&lin, family, Role::Member).await.unwrap();
        house.accept(&mum, &token).await.unwrap();
        let twice = pools::leave(&house.desk.pools, mum.account, family, mum.line).await.unwrap_err();
        assert_eq!(twice.key, "pools-line-moving", "not before it has arrived");
        house.work().await;
        pools::leave(&house.desk.pools, mum.account, family, mum.line).await.unwrap();
        let token = house.invite(&lin, family, Role::Member).await.unwrap();
        let key = house.accept(&mum, &token).await.unwrap_err().key;
        assert!(matches!(key, "pools-line-taken" | "pools-line-moving"), "{key}: still on the way home");
        house.work().await;
        house.accept(&mum, &token).await.unwrap();
    }
}
