//! The base protocol: who may connect, who lives, and good-bye.

use diameter::{Message, Watchdog, command, key};
use tokio::time::{Instant, timeout};

use super::{
    pgw::{command_of, result_code},
    *,
};

#[tokio::test(flavor = "multi_thread")]
async fn only_those_that_are_named_and_want_credit_control_may_connect() {
    let (_world, _charging, face) = shop(1, |_| {}).await;
    let mut stranger = Pgw::connect(face.address, "stranger.example").await;
    assert_eq!(stranger.hello(&[4], None).await, 3010);
    assert_eq!(stranger.receive().await, None, "and the connection is closed");

    let mut other = Pgw::connect(face.address, "pgw.example").await;
    assert_eq!(other.hello(&[16_777_238], None).await, 5010);
    assert_eq!(other.receive().await, None);

    let mut relay = Pgw::connect(face.address, "PGW.example").await;
    assert_eq!(relay.hello(&[0xffff_ffff], None).await, 2001, "a relay, by another case of its name");

    let mut hasty = Pgw::connect(face.address, "pgw.example").await;
    let request = hasty.ccr("s;1;1", diameter::gy::RequestType::Initial, 0, &Says::default());
    hasty.send(&request).await;
    assert_eq!(hasty.receive().await, None, "first things first");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_refused_and_the_connection_stays() {
    let (_world, _charging, face) = shop(50, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let gx = pgw.odd(command::CREDIT_CONTROL, 16_777_238, |_| {});
    pgw.send(&gx).await;
    assert_eq!(result_code(&pgw.receive().await.unwrap()), 3007);
    let session_termination = pgw.odd(275, 4, |_| {});
    pgw.send(&session_termination).await;
    assert_eq!(result_code(&pgw.receive().await.unwrap()), 3001);
    let empty = pgw.odd(command::CREDIT_CONTROL, 4, |_| {});
    pgw.send(&empty).await;
    let answer = pgw.receive().await.unwrap();
    assert_eq!(result_code(&answer), 5005);
    assert!(Message::read(&answer).unwrap().find(key::FAILED_AVP).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_avp_that_nobody_knows_is_skipped_unless_the_gateway_wants_it_strictly() {
    let (_world, _charging, face) = shop(50, |_| {}).await;
    for (name, expected) in [("pgw.example", 5005), ("strict.example", 5001)] {
        let mut pgw = Pgw::open(face.address, name).await;
        let unknown = diameter::Key { code: 4242, vendor: 99_999 };
        let request = pgw.odd(command::CREDIT_CONTROL, 4, |writer| {
            writer.u32(unknown, 7);
        });
        pgw.send(&request).await;
        let answer = pgw.receive().await.unwrap();
        let message = Message::read(&answer).unwrap();
        assert_eq!(result_code(&answer), expected, "{name}");
        let failed = message.find(key::FAILED_AVP).unwrap().group().unwrap().next().unwrap();
        assert_eq!(failed.key() == unknown, expected == 5001);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_gateway_is_asked_twice_and_then_given_up() {
    let (_world, _charging, face) = shop(1, |limits| limits.watchdog = Duration::from_millis(150)).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    for _ in 0..4 {
        let asked = pgw.receive().await.unwrap();
        assert_eq!(command_of(&asked), (command::DEVICE_WATCHDOG, true));
        let message = Message::read(&asked).unwrap();
        assert!(Watchdog::read(&message).unwrap().origin_state_id.is_some());
        pgw.answer(&asked, 2001).await;
    }
    for _ in 0..2 {
        assert_eq!(command_of(&pgw.receive().await.unwrap()), (command::DEVICE_WATCHDOG, true));
    }
    assert_eq!(pgw.receive().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_may_ask_whether_heyon_lives_and_say_good_bye() {
    let (_world, _charging, face) = shop(1, |limits| limits.farewell = Duration::from_millis(100)).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let mut out = Vec::new();
    let watchdog = Watchdog { origin: pgw.origin(), origin_state_id: None };
    watchdog.write_request(pgw.ids(), &mut out).unwrap();
    let cause = diameter::DisconnectCause::DoNotWantToTalkToYou;
    diameter::Disconnect { origin: pgw.origin(), cause }.write_request(pgw.ids(), &mut out).unwrap();
    pgw.send(&out).await;
    for expected in [command::DEVICE_WATCHDOG, command::DISCONNECT_PEER] {
        let answer = pgw.receive().await.unwrap();
        assert_eq!((command_of(&answer), result_code(&answer)), ((expected, false), 2001));
    }
    assert_eq!(pgw.receive().await, None, "it does not close, so heyon does");
}

#[tokio::test(flavor = "multi_thread")]
async fn heyon_says_good_bye_before_it_stops() {
    let (_world, _charging, face) = shop(1, |_| {}).await;
    let mut polite = Pgw::open(face.address, "polite.example").await;
    let mut deaf = Pgw::open(face.address, "pgw.example").await;
    let _unknown = Pgw::connect(face.address, "pgw.example").await;
    face.stop.send_replace(true);
    let started = Instant::now();
    for pgw in [&mut deaf, &mut polite] {
        let asked = pgw.receive().await.unwrap();
        assert_eq!(command_of(&asked), (command::DISCONNECT_PEER, true));
        let cause = diameter::Disconnect::read(&Message::read(&asked).unwrap()).unwrap().cause;
        assert_eq!(cause, diameter::DisconnectCause::Rebooting);
        if pgw.name == "polite.example" {
            pgw.answer(&asked, 2001).await;
            assert_eq!(pgw.receive().await, None, "both have said good-bye");
            assert!(started.elapsed() < Duration::from_millis(1500));
        }
    }
    timeout(Duration::from_secs(5), face.ended).await.expect("it waits 2 s and no longer").unwrap();
    assert!(started.elapsed() >= Duration::from_millis(1500), "the deaf one had its time");
}
