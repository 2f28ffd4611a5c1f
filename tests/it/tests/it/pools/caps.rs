//! Caps and pauses hold where they were set, as long as they should, and no longer.

use charging::Caps;
use pools::Role;

use super::house::{House, MB, Person, houses};

fn in_all(megabytes: u64) -> Caps {
    Caps { in_all: Some(megabytes * MB), ..Caps::default() }
}

async fn member(house: &House, who: &Person) -> pools::Member {
    let conn = &mut house.db.read().await.unwrap();
    pools::member_of_line(conn, who.line).await.unwrap().unwrap()
}

#[tokio::test]
async fn whoever_stays_when_the_sharing_ends_is_free_of_what_was_set() {
    for house in houses().await {
        let lin = house.person("lin").await;
        let tablet = Person { line: house.another_line(lin.account).await, ..lin.clone() };
        let family = house.family(&lin).await;
        pools::add_line(&house.desk.pools, lin.account, family, tablet.line, "tablet").await.unwrap();
        house.credit(family, None, 100).await;
        house.work().await;
        pools::set_caps(&house.desk.pools, lin.account, family, tablet.line, in_all(0)).await.unwrap();
        pools::pause(&house.desk.pools, lin.account, family, lin.line, true).await.unwrap();
        house.work().await;
        assert_eq!((house.uses(lin.line, MB).await, house.uses(tablet.line, MB).await), (0, 0));

        pools::dissolve(&house.desk.pools, lin.account, family).await.unwrap();
        house.work().await;
        for line in [lin.line, tablet.line] {
            assert!(house.uses(line, MB).await > 0, "nobody could undo it any more");
        }
        // What the engine holds of earlier days counts for nothing when the sharing begins anew.
        house.desk.charging.pause_member(family, lin.line, true).await.unwrap();
        house.family(&lin).await;
        house.work().await;
        assert!(house.uses(lin.line, MB).await > 0, "not paused, as the rows say");
    }
}

#[tokio::test]
async fn nobody_sheds_a_cap_by_coming_anew() {
    for house in houses().await {
        let (lin, mei) = (house.person("lin").await, house.person("mei").await);
        let tablet = Person { line: house.another_line(mei.account).await, ..mei.clone() };
        let family = house.family(&lin).await;
        house.credit(family, None, 100).await;
        house.join(&lin, family, &mei, Role::Member).await;
        let desk = &house.desk.pools;
        pools::set_caps(desk, lin.account, family, mei.line, in_all(5)).await.unwrap();
        pools::pause(desk, lin.account, family, mei.line, true).await.unwrap();
        house.join(&lin, family, &tablet, Role::Member).await;
        let there = member(&house, &tablet).await;
        assert_eq!(
            (there.caps, there.paused),
            (in_all(5), true),
            "what holds for her phone holds for her tablet"
        );
        house.work().await;
        assert_eq!(house.uses(tablet.line, MB).await, 0, "the engine knows");

        for who in [&mei, &tablet] {
            pools::leave(desk, mei.account, family, who.line).await.unwrap();
            house.work().await;
        }
        house.join(&lin, family, &mei, Role::Member).await;
        assert_eq!((member(&house, &mei).await.caps, member(&house, &mei).await.paused), (in_all(5), true));
        pools::pause(desk, lin.account, family, mei.line, false).await.unwrap();
        pools::set_caps(desk, lin.account, family, mei.line, Caps::default()).await.unwrap();
        house.join(&lin, family, &tablet, Role::Member).await;
        assert_eq!(member(&house, &tablet).await.caps, Caps::default(), "lifted is lifted");
    }
}

#[tokio::test]
async fn what_was_set_for_whoever_left_is_forgotten_in_time() {
    for house in houses().await {
        let (lin, mei) = (house.person("lin").await, house.person("mei").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &mei, Role::Member).await;
        pools::set_caps(&house.desk.pools, lin.account, family, mei.line, in_all(5)).await.unwrap();
        pools::leave(&house.desk.pools, mei.account, family, mei.line).await.unwrap();
        house.work().await;
        let forgotten = async || {
            let now = house.env.now();
            store::in_tx!(house.db, |tx| { pools::forget_left(tx, now, 100).await }).unwrap()
        };
        house.clock.advance_ms(pools::LEFT_KEPT_MS - 1000);
        assert_eq!(forgotten().await, 0);
        house.clock.advance_ms(2000);
        assert_eq!(forgotten().await, 1);
    }
}
