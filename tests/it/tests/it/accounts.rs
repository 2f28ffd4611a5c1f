//! Stories of people and their accounts, on both engines.

use accounts::{NewPassword, SESSION_IDLE_MS, Via};
use basis::{DAY_MS, HOUR_MS, Kind, MINUTE_MS};
use store::in_tx;

use crate::people::{PASSWORD, code_in, from, registration, token_in, towns};

const LIN: &str = "Zhixia.Lin@example.com";

#[tokio::test]
async fn lin_registers_proves_her_address_and_signs_in_again() {
    for town in towns().await {
        let here = from("192.0.2.1");
        town.register(LIN).await.unwrap();
        let (lin, _) = town.sign_in("zhixia.lin@EXAMPLE.com", PASSWORD).await.unwrap();
        assert_eq!(lin.account.email, LIN, "as she wrote it");
        assert_eq!(lin.account.require_verified().unwrap_err().key, "accounts-verify-first");
        town.deliver_mail().await;
        let welcome = town.newest_mail(LIN);
        let token = token_in(&welcome);
        accounts::verify_by_link(town.db(), &town.env, &town.guards, &here, &token).await.unwrap();
        let again = accounts::verify_by_link(town.db(), &town.env, &town.guards, &here, &token).await;
        assert_eq!(again.unwrap_err().key, "accounts-link-dead", "a link works once");
        let (lin, _) = town.sign_in(LIN, PASSWORD).await.unwrap();
        lin.account.require_verified().unwrap();
    }
}

#[tokio::test]
async fn the_code_from_the_mail_can_be_typed_but_not_guessed() {
    for town in towns().await {
        let here = from("192.0.2.1");
        town.register(LIN).await.unwrap();
        town.deliver_mail().await;
        let code = code_in(&town.newest_mail(LIN));
        let (lin, _) = town.sign_in(LIN, PASSWORD).await.unwrap();
        let wrong = if code == "00000000" { "00000001" } else { "00000000" };
        for _ in 0..5 {
            let tried =
                accounts::verify_by_code(town.db(), &town.env, &town.guards, &here, &lin, wrong).await;
            assert_eq!(tried.unwrap_err().key, "accounts-code-wrong");
        }
        let late = accounts::verify_by_code(town.db(), &town.env, &town.guards, &here, &lin, &code).await;
        assert_eq!(late.unwrap_err().key, "accounts-code-wrong", "five tries, then it is dead");
        accounts::ask_verification(town.db(), &town.env, &town.guards, &here, &lin).await.unwrap();
        town.deliver_mail().await;
        let fresh = code_in(&town.newest_mail(LIN));
        accounts::verify_by_code(town.db(), &town.env, &town.guards, &here, &lin, &fresh).await.unwrap();
    }
}

#[tokio::test]
async fn registering_says_the_same_whether_or_not_the_address_is_known() {
    for town in towns().await {
        town.register(LIN).await.unwrap();
        town.register("zhixia.lin@example.com").await.unwrap();
        town.deliver_mail().await;
        let subjects: Vec<String> = town.mailbox.letters_to(LIN).into_iter().map(|l| l.subject).collect();
        assert_eq!(subjects, ["Confirm your address for Heyon", "You have an account at Heyon already"]);
        assert!(
            town.mailbox.letters_to("zhixia.lin@example.com").is_empty(),
            "mail goes to the stored address"
        );
    }
}

#[tokio::test]
async fn two_who_register_one_address_at_once_get_one_account() {
    for town in towns().await {
        let (one, two) = tokio::join!(town.register(LIN), town.register(LIN));
        one.and(two).unwrap();
        town.deliver_mail().await;
        let mut subjects: Vec<String> = town.mailbox.letters().into_iter().map(|l| l.subject).collect();
        subjects.sort();
        assert_eq!(subjects, ["Confirm your address for Heyon", "You have an account at Heyon already"]);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_one_answer() {
    for town in towns().await {
        town.person(LIN).await;
        let wrong = town.sign_in(LIN, "not her password").await.unwrap_err();
        let unknown = town.sign_in("nobody@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(format!("{wrong:?}"), format!("{unknown:?}"));
        assert_eq!((wrong.kind, wrong.key), (Kind::Invalid, "accounts-sign-in-wrong"));
        for odd in ["", &"x".repeat(100_000)] {
            assert_eq!(town.sign_in(LIN, odd).await.unwrap_err().key, "accounts-sign-in-wrong");
            assert_eq!(town.sign_in(odd, PASSWORD).await.unwrap_err().field, Some("email"));
        }
    }
}

#[tokio::test]
async fn after_ten_wrong_passwords_even_the_right_one_waits_and_is_told_how_long() {
    for town in towns().await {
        town.person(LIN).await;
        for _ in 0..10 {
            town.sign_in(LIN, "not her password").await.unwrap_err();
        }
        let refused = town.sign_in(LIN, PASSWORD).await.unwrap_err();
        assert_eq!((refused.kind, refused.key), (Kind::TooMany, "accounts-too-many"));
        assert!(refused.args.contains(&("minutes", "1".to_owned())));
        for _ in 0..10 {
            town.sign_in("nobody@example.com", "any password").await.unwrap_err();
        }
        let unknown = town.sign_in("nobody@example.com", PASSWORD).await.unwrap_err();
        assert_eq!(unknown.key, refused.key, "the limit does not tell who has an account either");
        town.clock.advance_ms(MINUTE_MS);
        town.sign_in(LIN, PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_slides_ends_and_leaves_nothing_to_steal() {
    for town in towns().await {
        let (_, token) = town.person(LIN).await;
        for _ in 0..3 {
            town.clock.advance_ms(SESSION_IDLE_MS - HOUR_MS);
            assert!(town.who(&token).await.is_some(), "each use moves its end");
        }
        town.clock.advance_ms(SESSION_IDLE_MS);
        assert!(town.who(&token).await.is_none());
        for odd in ["", "x", &"x".repeat(43), &"x".repeat(100_000), "' OR 1=1 --"] {
            assert!(accounts::session(town.db(), &town.env, odd).await.unwrap().is_none());
            assert!(accounts::bearer(town.db(), &town.env, odd).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_only() {
    for town in towns().await {
        let (phone, phone_token) = town.person(LIN).await;
        let (laptop, laptop_token) = town.sign_in(LIN, PASSWORD).await.unwrap();
        let (mallory, _) = town.person("mallory@example.com").await;
        let mut conn = town.db().read().await.unwrap();
        let open = accounts::sessions_of(&mut conn, town.env.now(), phone.account.id).await.unwrap();
        assert_eq!(open.len(), 2);
        assert_eq!((open[0].agent.as_str(), open[0].ip.as_str()), ("Pixel 7", "192.0.2.1"));
        let Via::Session(laptop_id) = laptop.via else { panic!("a browser's session") };
        let stolen = accounts::end_session(town.db(), &mallory, laptop_id).await.unwrap_err();
        assert_eq!(stolen.kind, Kind::NotFound);
        accounts::end_session(town.db(), &phone, laptop_id).await.unwrap();
        assert!(town.who(&laptop_token).await.is_none() && town.who(&phone_token).await.is_some());
        accounts::sign_out(town.db(), phone_token.reveal()).await.unwrap();
        assert!(town.who(&phone_token).await.is_none());
    }
}

#[tokio::test]
async fn an_api_token_opens_until_it_is_ended() {
    for town in towns().await {
        let (lin, _) = town.person(LIN).await;
        let (id, token) = in_tx!(town.db(), |tx| {
            accounts::create_token(tx, &town.env, lin.account.id, "shortcuts").await
        })
        .unwrap();
        let by_token = accounts::bearer(town.db(), &town.env, token.reveal()).await.unwrap().unwrap();
        assert_eq!(by_token.account.id, lin.account.id);
        assert_eq!(by_token.require_fresh(town.env.now()).unwrap_err().key, "accounts-fresh-needed");
        assert!(
            accounts::session(town.db(), &town.env, token.reveal()).await.unwrap().is_none(),
            "no cookie"
        );
        let (mallory, _) = town.person("mallory@example.com").await;
        assert_eq!(accounts::end_token(town.db(), &mallory, id).await.unwrap_err().kind, Kind::NotFound);
        accounts::end_token(town.db(), &lin, id).await.unwrap();
        assert!(accounts::bearer(town.db(), &town.env, token.reveal()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_forgotten_password_is_reset_by_mail_and_everyone_else_is_out() {
    for town in towns().await {
        let here = from("192.0.2.1");
        let (lin, old) = town.person(LIN).await;
        let (_, _, app) =
            accounts::sign_in_for_token(town.db(), &town.env, &town.guards, &here, (LIN, PASSWORD), "phone")
                .await
                .unwrap();
        for email in [LIN, "nobody@example.com"] {
            accounts::ask_reset(town.db(), &town.env, &town.guards, &here, email).await.unwrap();
        }
        town.deliver_mail().await;
        assert_eq!(town.mailbox.letters().len(), 1, "only the known address gets a mail");
        let token = token_in(&town.newest_mail(LIN));
        let reset = async |password: &str| {
            accounts::reset_password(town.db(), &town.env, &town.guards, &here, &token, password).await
        };
        assert_eq!(reset("short").await.unwrap_err().field, Some("password"));
        reset("another good sentence").await.unwrap();
        assert_eq!(reset("a third good sentence").await.unwrap_err().key, "accounts-link-dead");
        assert!(town.who(&old).await.is_none(), "every session has ended");
        assert!(accounts::bearer(town.db(), &town.env, app.reveal()).await.unwrap().is_none());
        assert!(town.sign_in(LIN, PASSWORD).await.is_err());
        town.deliver_mail().await;
        assert_eq!(town.newest_mail(LIN).subject, "Your password for Heyon was reset");
        let (lin_again, _) = town.sign_in(LIN, "another good sentence").await.unwrap();
        assert_eq!(lin_again.account.id, lin.account.id);
        let ask = async |who| {
            accounts::ask_email_change(town.db(), &town.env, &town.guards, &here, who, "new@example.com")
                .await
        };
        let refused = ask(&lin_again).await.unwrap_err();
        assert_eq!(refused.key, "accounts-wait-after-reset");
        assert_eq!(refused.args, [("hours", "24".to_owned())]);
    }
}

#[tokio::test]
async fn a_reset_link_dies_after_an_hour() {
    for town in towns().await {
        let here = from("192.0.2.1");
        town.person(LIN).await;
        accounts::ask_reset(town.db(), &town.env, &town.guards, &here, LIN).await.unwrap();
        town.deliver_mail().await;
        let token = token_in(&town.newest_mail(LIN));
        let open = async |token: &str| {
            let mut conn = town.db().read().await.unwrap();
            accounts::reset_link_is_open(&mut conn, town.env.now(), &town.guards, token).await.unwrap()
        };
        assert!(open(&token).await);
        assert!(!open("").await && !open(&token.to_uppercase()).await && !open(&"x".repeat(9000)).await);
        town.clock.advance_ms(HOUR_MS);
        assert!(!open(&token).await);
    }
}

#[tokio::test]
async fn changing_the_password_needs_the_old_one_and_ends_the_others() {
    for town in towns().await {
        let here = from("192.0.2.1");
        let (lin, mine) = town.person(LIN).await;
        let (_, other) = town.sign_in(LIN, PASSWORD).await.unwrap();
        let change = async |current: &str, new: &str| {
            let password = NewPassword { current, new };
            accounts::change_password(town.db(), &town.env, &town.guards, &here, &lin, password).await
        };
        let wrong = change("not her password", "another good sentence").await.unwrap_err();
        assert_eq!((wrong.key, wrong.field), ("accounts-password-wrong", Some("current_password")));
        assert_eq!(change(PASSWORD, "password123").await.unwrap_err().field, Some("password"));
        change(PASSWORD, "another good sentence").await.unwrap();
        assert!(town.who(&mine).await.is_some() && town.who(&other).await.is_none());
        town.deliver_mail().await;
        assert_eq!(town.newest_mail(LIN).subject, "Your password for Heyon was changed");
    }
}

#[tokio::test]
async fn an_account_moves_to_another_address_by_a_code_that_went_there() {
    for town in towns().await {
        let here = from("192.0.2.1");
        let (lin, token) = town.person(LIN).await;
        let ask = async |who, email| {
            accounts::ask_email_change(town.db(), &town.env, &town.guards, &here, who, email).await
        };
        town.clock.advance_ms(HOUR_MS);
        assert_eq!(ask(&lin, "lin@new.example").await.unwrap_err().key, "accounts-fresh-needed");
        accounts::confirm_password(town.db(), &town.env, &town.guards, &here, &lin, PASSWORD).await.unwrap();
        let lin = town.who(&token).await.unwrap();
        ask(&lin, "lin@new.example").await.unwrap();
        town.deliver_mail().await;
        assert!(town.newest_mail(LIN).subject.contains("wants to change the address"));
        let code = code_in(&town.newest_mail("lin@new.example"));
        let confirm = async |code| {
            accounts::confirm_email_change(town.db(), &town.env, &town.guards, &here, &lin, code).await
        };
        assert_eq!(confirm("").await.unwrap_err().key, "accounts-code-wrong");
        confirm(&code).await.unwrap();
        assert_eq!(confirm(&code).await.unwrap_err().key, "accounts-code-wrong", "once");
        assert!(town.sign_in(LIN, PASSWORD).await.is_err());
        town.sign_in("lin@new.example", PASSWORD).await.unwrap();
        town.deliver_mail().await;
        for address in [LIN, "lin@new.example"] {
            assert_eq!(town.newest_mail(address).subject, "The address of your Heyon account was changed");
        }
    }
}

#[tokio::test]
async fn moving_to_an_address_that_has_an_account_looks_the_same_and_does_not_work() {
    for town in towns().await {
        let here = from("192.0.2.1");
        town.person("wang@example.com").await;
        let (lin, _) = town.person(LIN).await;
        accounts::ask_email_change(town.db(), &town.env, &town.guards, &here, &lin, "WANG@example.com")
            .await
            .unwrap();
        town.deliver_mail().await;
        assert_eq!(town.newest_mail("wang@example.com").subject, "You have an account at Heyon already");
        assert!(town.mailbox.letters_to("WANG@example.com").is_empty());
        let guessed =
            accounts::confirm_email_change(town.db(), &town.env, &town.guards, &here, &lin, "12345678").await;
        assert_eq!(guessed.unwrap_err().key, "accounts-code-wrong");
    }
}

#[tokio::test]
async fn preferences_are_kept_and_mails_follow_them() {
    for town in towns().await {
        let (lin, token) = town.person(LIN).await;
        let chosen = accounts::Preferences::read("zh-CN", "JPY", "Asia/Tokyo").unwrap();
        in_tx!(town.db(), |tx| { accounts::set_preferences(tx, lin.account.id, &chosen).await }).unwrap();
        let account = town.who(&token).await.unwrap().account;
        assert_eq!((account.language, account.currency), (chosen.language, chosen.currency));
        assert_eq!(account.time_zone, "Asia/Tokyo");
        accounts::ask_reset(town.db(), &town.env, &town.guards, &from("192.0.2.1"), LIN).await.unwrap();
        town.deliver_mail().await;
        assert_eq!(town.newest_mail(LIN).subject, "设置新的 Heyon 密码");
    }
}

#[tokio::test]
async fn one_address_cannot_open_accounts_for_ever() {
    for town in towns().await {
        let mallory = from("203.0.113.66");
        let open = async |n: u32| {
            let new = registration(&format!("m{n}@example.com"));
            accounts::register(town.db(), &town.env, &town.guards, &mallory, &new).await
        };
        for n in 0..10 {
            open(n).await.unwrap();
        }
        assert_eq!(open(10).await.unwrap_err().kind, Kind::TooMany);
        town.register(LIN).await.unwrap();
        town.clock.advance_ms(DAY_MS);
        open(11).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_signs_in_with_the_old_password_while_it_is_reset_is_out_too() {
    for town in towns().await {
        let here = from("192.0.2.1");
        town.person(LIN).await;
        let (mut old, mut survivors) = (PASSWORD.to_owned(), 0);
        for round in 0..30 {
            accounts::ask_reset(town.db(), &town.env, &town.guards, &here, LIN).await.unwrap();
            town.deliver_mail().await;
            let token = token_in(&town.newest_mail(LIN));
            let new = format!("a good sentence number {round}");
            let reset = accounts::reset_password(town.db(), &town.env, &town.guards, &here, &token, &new);
            let thief = accounts::sign_in(town.db(), &town.env, &town.guards, &here, LIN, &old);
            let (reset, thief) = tokio::join!(reset, thief);
            reset.unwrap();
            if let Ok((_, session)) = thief
                && town.who(&session).await.is_some()
            {
                survivors += 1;
            }
            town.deliver_mail().await;
            town.clock.advance_ms(basis::HOUR_MS);
            old = new;
        }
        assert_eq!(survivors, 0);
    }
}
