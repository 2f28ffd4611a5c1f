//! Caps and pauses hold where they were set, as long as they should, and no longer.

use charging::Caps;

use super::house::{MB, Person, houses};

fn in_all(megabytes: u64) -> Caps {
    Caps { in_all: Some(megabytes * MB), ..Caps::default() }
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
