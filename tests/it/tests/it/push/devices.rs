//! Which devices get notifications, and until when.

use accounts::{Guards, SignedIn, Via};
use basis::{Kind, Problem};
use push::Subscription;
use store::{in_tx, sql};

use super::{LIN, Street, notice, streets};
use crate::people::{PASSWORD, from};

async fn renew(street: &Street, who: &SignedIn, number: u8) -> Result<(), Problem> {
    let given = street.service.browser(number);
    push::renew(&street.desk, &street.guards, &from("192.0.2.1"), who, &given).await
}

async fn try_out(street: &Street, guards: &Guards, who: &SignedIn) -> Result<(), Problem> {
    let words = ("It works".to_owned(), "Like this.".to_owned());
    push::try_out(&street.desk, guards, &from("192.0.2.1"), who, words, "/settings/notifications").await
}

#[tokio::test]
async fn a_device_is_tried_out_alone_and_not_too_often() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        let (laptop, _) = street.town.sign_in(LIN, PASSWORD).await.unwrap();
        let off = try_out(&street, &street.guards, &laptop).await.unwrap_err();
        assert_eq!(off.kind, Kind::NotFound, "it is off there");
        street.switch_on(&laptop, 2).await;
        for _ in 0..10 {
            try_out(&street, &street.town.guards, &laptop).await.unwrap();
        }
        street.send().await;
        let shown = street.service.books().shown.clone();
        assert_eq!(shown.len(), 10);
        assert!(shown.iter().all(|shown| shown.device == 2 && shown.urgency == "high" && shown.ttl_s == 600));
        for who in [&laptop, &lin] {
            let refused = try_out(&street, &street.town.guards, who).await.unwrap_err();
            assert_eq!(refused.kind, Kind::TooMany);
        }
    }
}

async fn all_bytes(street: &Street) -> String {
    let mut conn = street.town.db().read().await.unwrap();
    let rows =
        sql!("SELECT id, account, session, endpoint_mac, sealed FROM push_device").all(&mut conn).await;
    rows.unwrap().iter().fold(String::new(), |all, row| {
        let sealed: Vec<u8> = row.get("sealed").unwrap();
        all + &String::from_utf8_lossy(&sealed)
    })
}

#[tokio::test]
async fn a_copy_of_the_database_is_good_for_no_message() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        let given = street.service.browser(1);
        let all = all_bytes(&street).await;
        for secret in ["127.0.0.1", "/p/1", &given.auth, &given.p256dh, "endpoint"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
        assert_eq!(format!("{given:?}"), "Subscription(…)");
        street.queue(&lin, &notice(&street.town, "Ends soon")).await;
        let job = street.waiting().await.remove(0);
        assert!(!job.payload.contains("127.0.0.1") && !job.payload.contains(&given.auth), "{}", job.payload);
    }
}

#[tokio::test]
async fn nothing_is_sent_after_it_was_switched_off_or_signed_out() {
    for street in streets().await {
        let (lin, token) = street.town.person(LIN).await;
        let (db, env) = (street.town.db(), &street.town.env);
        let on = async |who: &SignedIn| {
            street.switch_on(who, 1).await;
            street.queue(who, &notice(&street.town, "Ends soon")).await;
        };
        on(&lin).await;
        let device = push::device_of(&mut db.read().await.unwrap(), &lin).await.unwrap().unwrap();
        in_tx!(db, |tx| { push::remove(tx, lin.account.id, device.id).await }).unwrap();
        street.send().await;

        on(&lin).await;
        accounts::sign_out(db, token.reveal()).await.unwrap();
        street.send().await;
        assert_eq!(street.devices(&lin).await, 0, "it is forgotten, too");

        let (lin, _) = street.town.sign_in(LIN, PASSWORD).await.unwrap();
        on(&lin).await;
        let (laptop, _) = street.town.sign_in(LIN, PASSWORD).await.unwrap();
        accounts::end_other_sessions(db, &laptop).await.unwrap();
        street.send().await;

        on(&laptop).await;
        street.town.clock.advance_ms(accounts::SESSION_IDLE_MS);
        street.send().await;
        let (lin, _) = street.town.sign_in(LIN, PASSWORD).await.unwrap();
        on(&lin).await;
        in_tx!(db, |tx| { sql!("UPDATE account SET suspended_at = $1").bind(env.now()).run(tx).await })
            .unwrap();
        street.send().await;
        assert_eq!(street.service.books().asked, 0);
        assert!(street.waiting().await.is_empty());
    }
}

#[tokio::test]
async fn a_browser_is_one_device_and_belongs_to_whoever_switched_it_on_last() {
    for street in streets().await {
        let lin = street.person_with(LIN, 1).await;
        street.switch_on(&lin, 1).await;
        assert_eq!(street.devices(&lin).await, 1);
        renew(&street, &lin, 2).await.unwrap();
        assert_eq!(street.devices(&lin).await, 1, "another address, the same browser");
        let chen = street.person_with("chen@example.com", 2).await;
        assert_eq!((street.devices(&lin).await, street.devices(&chen).await), (0, 1));
        street.tell(&lin, "For Lin alone").await;
        assert!(street.service.titles().is_empty());
        let gone = renew(&street, &lin, 1).await.unwrap_err();
        assert_eq!(gone.kind, Kind::NotFound, "a browser's own renewal is no consent");
    }
}

#[tokio::test]
async fn an_account_has_at_most_twenty_devices_and_takes_away_its_own_only() {
    for street in streets().await {
        let lin = street.person_with(LIN, 0).await;
        for number in 1..=20 {
            let (other, _) = street.town.sign_in(LIN, PASSWORD).await.unwrap();
            street.town.clock.advance_ms(1000);
            street.switch_on(&other, number).await;
        }
        assert_eq!(street.devices(&lin).await, 20);
        let db = street.town.db();
        assert!(
            push::device_of(&mut db.read().await.unwrap(), &lin).await.unwrap().is_none(),
            "the oldest went"
        );
        let devices = push::devices_of(&mut db.read().await.unwrap(), lin.account.id).await.unwrap();
        let (mallory, _) = street.town.person("mallory@example.com").await;
        let theirs = in_tx!(db, |tx| { push::remove(tx, mallory.account.id, devices[0].id).await });
        assert_eq!(theirs.unwrap_err().kind, Kind::NotFound);
        assert_eq!(street.devices(&lin).await, 20);
    }
}

#[tokio::test]
async fn what_is_no_push_service_no_key_or_no_browser_is_refused() {
    let street = streets().await.remove(0);
    let (lin, _) = street.town.person(LIN).await;
    let good = street.service.browser(1);
    let refused = async |who: &SignedIn, given: Subscription| {
        street.try_to_switch_on(who, &given).await.unwrap_err().key
    };
    for endpoint in ["http://127.0.0.1:1/p/1", "https://fcm.googleapis.com/x", "http://169.254.169.254/", ""]
    {
        let given = Subscription { endpoint: endpoint.to_owned(), ..good.clone() };
        assert_eq!(refused(&lin, given).await, "push-endpoint", "{endpoint}");
    }
    for (p256dh, auth) in
        [("", good.auth.as_str()), (&good.p256dh, "AAAA"), ("%%%", &good.auth), (&good.auth, &good.auth)]
    {
        let given = Subscription { p256dh: p256dh.to_owned(), auth: auth.to_owned(), ..good.clone() };
        assert_eq!(refused(&lin, given).await, "push-keys");
    }
    let app = SignedIn { via: Via::Token(street.town.env.new_id()), ..lin.clone() };
    assert_eq!(refused(&app, good.clone()).await, "push-not-a-browser");
    assert_eq!(street.devices(&lin).await, 0);
}
