//! People are told how much is used, once, and not every day.

use basis::DAY_MS;
use charging::Caps;
use pools::Role;

use super::house::{MB, houses};

#[tokio::test]
async fn each_mark_is_told_once_to_those_whom_it_concerns() {
    for house in houses().await {
        let (lin, mei) = (house.person("lin").await, house.person("mei").await);
        let family = house.family(&lin).await;
        house.credit(family, None, 100).await;
        house.join(&lin, family, &mei, Role::Member).await;
        let caps = Caps { in_all: Some(10 * MB), ..Caps::default() };
        pools::set_caps(&house.desk.pools, lin.account, family, mei.line, caps).await.unwrap();
        house.work().await;
        let tell = async || {
            house.desk.charging.catch_up().await.unwrap();
            while pools::tell_notices(&house.desk.pools).await.unwrap() {}
            house.work().await;
        };
        let before = (house.mails(&lin).len(), house.mails(&mei).len());
        house.uses_all(mei.line).await;
        tell().await;
        tell().await;
        let told = |who, before| house.mails(who).split_off(before);
        assert_eq!(told(&mei, before.1), ["Your 10\u{a0}MB are used: The Lins"], "80 and 100 came together");
        assert_eq!(told(&lin, before.0), ["mei has reached 10\u{a0}MB"]);

        let before = (house.mails(&lin).len(), house.mails(&mei).len());
        while house.left(family, None).await > 15 {
            house.uses(lin.line, 5 * MB).await;
        }
        tell().await;
        assert_eq!(told(&lin, before.0), ["80% of 100\u{a0}MB used: The Lins"]);
        assert_eq!(told(&mei, before.1), [""; 0], "shared plans are the owner's");
    }
}

#[tokio::test]
async fn a_cap_is_not_told_of_to_people_whom_it_does_not_concern() {
    for house in houses().await {
        let (lin, mei, wang) =
            (house.person("lin").await, house.person("mei").await, house.person("wang").await);
        let (lins, wangs) = (house.family(&lin).await, house.family(&wang).await);
        house.credit(lins, None, 100).await;
        let desk = &house.desk.pools;
        let cap = async |owner: &super::house::Person, pool| {
            let caps = Caps { in_all: Some(10 * MB), ..Caps::default() };
            pools::set_caps(desk, owner.account, pool, mei.line, caps).await.unwrap();
            house.work().await;
        };
        house.join(&lin, lins, &mei, Role::Member).await;
        cap(&lin, lins).await;
        house.uses_all(mei.line).await;
        pools::leave(desk, mei.account, lins, mei.line).await.unwrap();
        house.work().await;
        house.join(&wang, wangs, &mei, Role::Member).await;
        cap(&wang, wangs).await;

        let before = house.mails(&wang);
        house.desk.charging.catch_up().await.unwrap();
        while pools::tell_notices(desk).await.unwrap() {}
        house.work().await;
        assert_eq!(house.mails(&wang), before, "it was the Lins' cap");
    }
}

#[tokio::test]
async fn what_is_toggled_fills_no_mailbox() {
    for house in houses().await {
        let (lin, mei) = (house.person("lin").await, house.person("mei").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &mei, Role::Manager).await;
        let toggle = async |paused| {
            pools::pause(&house.desk.pools, lin.account, family, mei.line, paused).await.unwrap();
            house.work().await;
        };
        for _ in 0..5 {
            toggle(true).await;
            toggle(false).await;
        }
        house.work().await;
        let (paused, resumed) = ("Shared data is paused: The Lins", "Shared data goes on: The Lins");
        assert_eq!(house.mails(&mei), [paused], "at once, and once");
        house.clock.advance_ms(basis::HOUR_MS);
        house.work().await;
        house.work().await;
        assert_eq!(house.mails(&mei), [paused, resumed], "as it stands");
        house.clock.advance_ms(basis::HOUR_MS);
        toggle(true).await;
        toggle(false).await;
        toggle(true).await;
        house.work().await;
        assert_eq!(house.mails(&mei), [paused, resumed, paused]);

        let before = house.mails(&lin).len();
        for _ in 0..3 {
            pools::leave(&house.desk.pools, mei.account, family, mei.line).await.unwrap();
            house.work().await;
            house.join(&lin, family, &mei, Role::Manager).await;
        }
        house.work().await;
        let since = house.mails(&lin).split_off(before);
        assert_eq!(since.iter().filter(|subject| subject.contains("has left")).count(), 1, "{since:?}");
    }
}

#[tokio::test]
async fn old_invitations_and_notices_are_forgotten_in_time() {
    for house in houses().await {
        let lin = house.person("lin").await;
        let family = house.family(&lin).await;
        house.credit(family, None, 10).await;
        house.invite(&lin, family, Role::Member).await.unwrap();
        house.uses_all(lin.line).await;
        house.desk.charging.catch_up().await.unwrap();
        while pools::tell_notices(&house.desk.pools).await.unwrap() {}
        let forgotten = async |days: i64| {
            house.clock.advance_ms(days * DAY_MS);
            let now = house.env.now();
            store::in_tx!(house.db, |tx| {
                let notices = charging::forget_notices(tx, now, 100).await?;
                Ok((pools::forget_invitations(tx, now, 100).await?, notices))
            })
            .unwrap()
        };
        assert_eq!(forgotten(30).await, (0, 0));
        assert_eq!(forgotten(1).await, (0, 3), "80, 95 and 100 per cent");
        assert_eq!(forgotten(7).await, (1, 0));
    }
}
