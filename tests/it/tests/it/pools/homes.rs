//! A home that was shared while its line was away is no home any more.

use basis::{Id, Pool};
use pools::Role;

use super::house::{House, Person, houses};

/// Lin's phone and tablet live in one pool, which she shares with nobody; her phone has gone to mum's pool from there.
struct Away {
    home: Id<Pool>,
    mums: Id<Pool>,
    phone: Person,
    tablet: Person,
    mum: Person,
}

async fn away(house: &House) -> Away {
    let (phone, mum) = (house.person("lin").await, house.person("mum").await);
    let tablet = Person { line: house.another_line(phone.account).await, ..phone.clone() };
    let home = house.family(&phone).await;
    pools::add_line(&house.desk.pools, tablet.account, home, tablet.line, "tablet").await.unwrap();
    house.work().await;
    pools::dissolve(&house.desk.pools, phone.account, home).await.unwrap();
    house.work().await;
    let mums = house.family(&mum).await;
    house.join(&mum, mums, &phone, Role::Member).await;
    assert_eq!((house.line(phone.line).await.pool, house.line(tablet.line).await.pool), (mums, home));
    Away { home, mums, phone, tablet, mum }
}

#[tokio::test]
async fn a_line_does_not_come_home_into_a_pool_that_others_share_by_now() {
    for house in houses().await {
        let Away { home, mums, phone, tablet, .. } = away(&house).await;
        let sis = house.person("sis").await;
        assert_eq!(house.family(&tablet).await, home, "the same place, shared anew");
        house.join(&tablet, home, &sis, Role::Member).await;
        house.credit(home, None, 100).await;
        pools::hand_over(&house.desk.pools, tablet.account, home, sis.line).await.unwrap();
        pools::leave(&house.desk.pools, tablet.account, home, tablet.line).await.unwrap();
        house.work().await;

        pools::leave(&house.desk.pools, phone.account, mums, phone.line).await.unwrap();
        house.work().await;
        let line = house.line(phone.line).await;
        assert!(line.pool != home && line.pool != mums && line.moves_to.is_none());
        assert_eq!(house.uses_all(phone.line).await, 0, "sis's data is not for whoever is not there");
    }
}

#[tokio::test]
async fn no_pool_is_shared_while_a_line_is_on_its_way_home_to_it() {
    for house in houses().await {
        let Away { home, mums, phone, tablet, .. } = away(&house).await;
        pools::leave(&house.desk.pools, phone.account, mums, phone.line).await.unwrap();
        let share = async || {
            let (desk, kind) = (&house.desk.pools, pools::Kind::Family);
            pools::create(desk, tablet.account, tablet.line, kind, "Us").await
        };
        assert_eq!(share().await.unwrap_err().key, "pools-line-coming");
        house.work().await;
        assert_eq!(share().await.unwrap(), home);
        for line in [phone.line, tablet.line] {
            assert_eq!(house.state(line).await, Some(pools::MemberState::In), "both are listed");
        }
    }
}

#[tokio::test]
async fn a_line_that_finds_its_home_shared_after_all_is_sent_on() {
    for house in houses().await {
        let Away { home, mums, phone, mum, .. } = away(&house).await;
        pools::leave(&house.desk.pools, phone.account, mums, phone.line).await.unwrap();
        store::in_tx!(house.db, |tx| {
            store::sql!(
                "INSERT INTO shared_pool (id, kind, name, owner, changes, created_at) \
                 VALUES ($1, 'family', 'X', $2, 0, 0)"
            )
            .bind(home)
            .bind(mum.account)
            .run(tx)
            .await
        })
        .unwrap();
        house.work().await;
        let line = house.line(phone.line).await;
        assert!(line.pool != home && line.moves_to.is_none(), "in a pool of its own");
        assert_eq!(house.state(phone.line).await, None);
    }
}
