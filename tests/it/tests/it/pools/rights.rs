//! Who may do what, and what a cap does.

use accounts::mail::Letterhead;
use basis::{Kind as ProblemKind, Problem};
use charging::Caps;
use pools::{Kind, NewInvitation, Role};

use super::house::{MB, Person, houses, origin};

fn kind<T>(done: Result<T, Problem>) -> Option<ProblemKind> {
    done.err().map(|problem| problem.kind)
}

#[tokio::test]
async fn everyone_does_what_their_role_allows_and_strangers_see_nothing() {
    for house in houses().await {
        let (lin, dad) = (house.person("lin").await, house.person("dad").await);
        let (mum, eve) = (house.person("mum").await, house.person("eve").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &dad, Role::Manager).await;
        house.join(&dad, family, &mum, Role::Member).await;
        let desk = &house.desk.pools;
        let caps = Caps { in_all: Some(10 * MB), ..Caps::default() };
        let refused = Some(ProblemKind::Forbidden);
        let unseen = Some(ProblemKind::NotFound);

        assert_eq!(kind(pools::set_caps(desk, mum.account, family, mum.line, caps).await), refused);
        assert_eq!(kind(house.invite(&mum, family, Role::Member).await), refused);
        assert_eq!(
            kind(house.invite(&dad, family, Role::Manager).await),
            refused,
            "no manager makes managers"
        );
        assert_eq!(kind(pools::set_caps(desk, dad.account, family, mum.line, caps).await), None);
        assert_eq!(kind(pools::set_caps(desk, dad.account, family, lin.line, caps).await), refused);
        assert_eq!(kind(pools::set_caps(desk, dad.account, family, dad.line, caps).await), refused);
        assert_eq!(kind(pools::remove(desk, dad.account, family, lin.line).await), refused);
        assert_eq!(kind(pools::pause(desk, mum.account, family, dad.line, true).await), refused);
        assert_eq!(kind(pools::set_role(desk, dad.account, family, mum.line, Role::Manager).await), refused);
        assert_eq!(kind(pools::dissolve(desk, dad.account, family).await), refused);
        assert_eq!(kind(pools::rename(desk, dad.account, family, "Mine").await), unseen);
        assert_eq!(
            kind(pools::leave(desk, dad.account, family, mum.line).await),
            unseen,
            "not one's own line"
        );

        assert_eq!(kind(pools::pool(&mut house.db.read().await.unwrap(), eve.account, family).await), unseen);
        assert_eq!(kind(house.invite(&eve, family, Role::Member).await), unseen);
        assert_eq!(kind(pools::remove(desk, eve.account, family, mum.line).await), unseen);
        assert_eq!(kind(pools::dissolve(desk, eve.account, family).await), unseen);
        assert_eq!(kind(pools::create(desk, eve.account, mum.line, Kind::Team, "X").await), unseen);
        assert_eq!(
            kind(pools::create(desk, mum.account, mum.line, Kind::Team, "X").await),
            Some(ProblemKind::Conflict)
        );

        pools::remove(desk, dad.account, family, mum.line).await.unwrap();
        house.work().await;
        assert!(house.mails(&mum).contains(&"You no longer share The Lins".to_owned()));
    }
}

#[tokio::test]
async fn a_member_stops_at_her_cap_and_goes_on_when_it_is_raised() {
    for house in houses().await {
        let (lin, mei) = (house.person("lin").await, house.person("mei").await);
        let family = house.family(&lin).await;
        house.credit(family, None, 1000).await;
        house.join(&lin, family, &mei, Role::Member).await;
        let cap = |megabytes| Caps { per_30_days: Some(megabytes * MB), ..Caps::default() };
        pools::set_caps(&house.desk.pools, lin.account, family, mei.line, cap(5)).await.unwrap();
        house.work().await;
        assert_eq!(house.uses_all(mei.line).await, 5 * MB, "until she is at her cap");
        assert!(house.uses(lin.line, MB).await > 0, "the others go on");
        pools::set_caps(&house.desk.pools, lin.account, family, mei.line, cap(20)).await.unwrap();
        house.work().await;
        assert!(house.uses(mei.line, MB).await > 0);
        pools::pause(&house.desk.pools, lin.account, family, mei.line, true).await.unwrap();
        house.work().await;
        assert_eq!(house.uses(mei.line, MB).await, 0, "paused");
        pools::pause(&house.desk.pools, lin.account, family, mei.line, false).await.unwrap();
        house.work().await;
        assert!(house.uses(mei.line, MB).await > 0);
    }
}

#[tokio::test]
async fn an_invitation_is_mailed_in_the_readers_language_and_dies() {
    for house in houses().await {
        let (lin, mum) = (house.person("lin").await, house.person("mum").await);
        let family = house.family(&lin).await;
        let account = accounts::account(&mut house.db.read().await.unwrap(), lin.account).await.unwrap();
        let desk = &house.desk.pools;
        let unproved = accounts::Account { verified_at: None, ..account.clone() };
        let new = NewInvitation { role: Role::Member, email: Some(mum.email.parse().unwrap()) };
        let refused =
            pools::invite(desk, &house.guards, &origin(), &unproved, family, &new).await.unwrap_err();
        assert_eq!(refused.key, "accounts-verify-first");
        let made = pools::invite(desk, &house.guards, &origin(), &account, family, &new).await.unwrap();
        house.work().await;
        let letter = house.mailbox.letters_to(&mum.email).pop().unwrap();
        let token = pools::link_token(&house.guards.key, made);
        assert!(letter.text.contains(&format!("https://shop.example/join?token={}", token.reveal())));

        pools::withdraw(desk, lin.account, family, made).await.unwrap();
        assert_eq!(house.accept(&mum, token.reveal()).await.unwrap_err().key, "pools-invitation-dead");
        let late = house.invite(&lin, family, Role::Member).await.unwrap();
        house.clock.advance_ms(pools::INVITATION_GOOD_MS + 1);
        assert_eq!(house.accept(&mum, &late).await.unwrap_err().key, "pools-invitation-dead");
        for forged in ["", "x", "01m83pctwte04s7x2ezq3rdztt.AAAA"] {
            assert_eq!(house.accept(&mum, forged).await.unwrap_err().key, "pools-invitation-dead");
        }
    }
}

#[tokio::test]
async fn nobody_comes_back_by_an_invitation_that_they_made_before() {
    for house in houses().await {
        let (lin, dad, eve) =
            (house.person("lin").await, house.person("dad").await, house.person("eve").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &dad, Role::Manager).await;
        let token = house.invite(&dad, family, Role::Member).await.unwrap();
        pools::remove(&house.desk.pools, lin.account, family, dad.line).await.unwrap();
        house.work().await;
        for person in [&dad, &eve] {
            assert_eq!(house.accept(person, &token).await.unwrap_err().key, "pools-invitation-dead");
        }
    }
}

#[tokio::test]
async fn what_lets_managers_in_is_the_owners_alone() {
    for house in houses().await {
        let (lin, dad) = (house.person("lin").await, house.person("dad").await);
        let family = house.family(&lin).await;
        house.join(&lin, family, &dad, Role::Manager).await;
        house.invite(&lin, family, Role::Manager).await.unwrap();
        house.invite(&dad, family, Role::Member).await.unwrap();
        let seen_by = async |who: &Person| {
            let conn = &mut house.db.read().await.unwrap();
            pools::invitations_of(conn, house.env.now(), who.account, family).await.unwrap()
        };
        let [of_manager, of_member] =
            [Role::Manager, Role::Member].map(|role| move |open: &pools::OpenInvitation| open.role == role);
        let all = seen_by(&lin).await;
        assert_eq!((all.iter().filter(|o| of_manager(o)).count(), all.len()), (1, 2));
        assert!(seen_by(&dad).await.iter().all(of_member), "its link would let a manager in");
        let manager = all.iter().find(|open| of_manager(open)).unwrap().id;
        let member = all.iter().find(|open| of_member(open)).unwrap().id;
        let desk = &house.desk.pools;
        let unseen = Some(ProblemKind::NotFound);
        assert_eq!(kind(pools::withdraw(desk, dad.account, family, manager).await), unseen);
        assert_eq!(kind(pools::withdraw(desk, dad.account, family, member).await), None);
        assert_eq!(kind(pools::withdraw(desk, lin.account, family, manager).await), None);
    }
}

#[tokio::test]
async fn a_manager_who_was_removed_comes_back_as_what_they_are_invited_as() {
    for house in houses().await {
        let (lin, dad) = (house.person("lin").await, house.person("dad").await);
        let tablet = Person { line: house.another_line(dad.account).await, ..dad.clone() };
        let family = house.family(&lin).await;
        house.join(&lin, family, &dad, Role::Manager).await;
        let token = house.invite(&lin, family, Role::Member).await.unwrap();
        pools::remove(&house.desk.pools, lin.account, family, dad.line).await.unwrap();
        house.accept(&tablet, &token).await.unwrap();
        house.work().await;
        let conn = &mut house.db.read().await.unwrap();
        let back = pools::member_of_line(conn, tablet.line).await.unwrap().unwrap();
        assert_eq!(back.role, Role::Member, "though the phone was still on its way out");
    }
}

#[test]
fn every_mail_reads_well_in_every_language() {
    for language in basis::Language::ALL {
        let texts = texts::Texts::of(language);
        for Letterhead { subject, body, button } in pools::letters::ALL {
            assert!(
                texts.has(subject) && texts.has(body) && button.is_some_and(|key| texts.has(key)),
                "{subject}"
            );
        }
    }
}
