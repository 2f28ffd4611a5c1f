//! Credit control: what a session gets, keeps and gives back.

use std::collections::HashSet;

use diameter::{
    Message,
    gy::{Cca, RequestType, RequestedAction},
    key,
};

use super::{pgw::told, *};

const OPEN: (RequestType, u32) = (RequestType::Initial, 0);

fn wants(imsi: &str) -> Says<'_> {
    Says { imsi: Some(imsi), asks: Some(0), ..Says::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_opened_reports_and_ends_and_every_repeat_gets_its_answer_again() {
    for world in worlds().await {
        let charging = world.open_with(100).await;
        let face = Face::open(&charging, &world.env, |_| {}).await;
        let mut pgw = Pgw::open(face.address, "pgw.example").await;
        let imsi = imsi(1);
        let opened = pgw.ask("s;1;1", OPEN.0, OPEN.1, wants(&imsi)).await;
        assert_eq!(opened, (2001, Some(2001), Some(10 * MB)));
        let report = || Says { used: Some(7 * MB), asks: Some(3 * MB), ..Says::default() };
        let more = pgw.ask("s;1;1", RequestType::Update, 1, report()).await;
        assert_eq!(more, (2001, Some(2001), Some(3 * MB)));

        // The connection breaks before the gateway has seen the answer; it asks again over another one.
        drop(pgw);
        let mut pgw = Pgw::open(face.address, "pgw.example").await;
        let again = Says { again: true, ..report() };
        assert_eq!(pgw.ask("s;1;1", RequestType::Update, 1, again).await, more);
        assert_eq!(used(&charging).await, 7 * MB, "debited once");

        let last = Says { used: Some(MB), ..Says::default() };
        assert_eq!(pgw.ask("s;1;1", RequestType::Termination, 2, last).await.0, 2001);
        assert_eq!((used(&charging).await, reserved(&charging).await), (8 * MB, 0));
        let nameless = Says { used: Some(MB), ..Says::default() };
        assert_eq!(
            pgw.ask("s;1;9", RequestType::Update, 4, nameless).await.0,
            5002,
            "a session that nobody knows"
        );
        let named = Says { used: Some(MB), ..wants(&imsi) };
        assert_eq!(
            pgw.ask("s;1;9", RequestType::Update, 4, named).await.0,
            2001,
            "but its subscriber is known"
        );
        assert_eq!(used(&charging).await, 9 * MB);
        let nobody = pgw.ask("s;1;7", OPEN.0, OPEN.1, wants("999990000000000")).await;
        assert_eq!(nobody.0, 5030);
        charging.shut_down().await;
        assert_eq!(world.audit().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_are_under_way_at_once_and_each_gets_its_own_answer() {
    let (_world, charging, face) = shop(10_000, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let imsi = imsi(1);
    let says = Says { imsi: Some(&imsi), asks: Some(MB), ..Says::default() };
    let names: Vec<_> = (0..500).map(|n| format!("s;2;{n}")).collect();
    let requests: Vec<_> = names.iter().map(|name| pgw.ccr(name, OPEN.0, OPEN.1, &says)).collect();
    pgw.send(&requests.concat()).await;
    let mut answered = HashSet::new();
    for _ in &names {
        let answer = pgw.receive().await.unwrap();
        assert_eq!(told(&answer), (2001, Some(2001), Some(MB)));
        let message = Message::read(&answer).unwrap();
        let hop_by_hop = usize::try_from(message.header().hop_by_hop).unwrap();
        let session = message.find(key::SESSION_ID).unwrap().text().unwrap().to_owned();
        assert_eq!(session, names[hop_by_hop - 2], "the hello was the first");
        assert!(answered.insert(session));
    }
    assert_eq!(reserved(&charging).await, 500 * MB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_top_up_makes_heyon_ask_the_gateway_which_then_gets_more() {
    let (_world, charging, face) = shop(2, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let imsi = imsi(1);
    let first = pgw.ask("s;3;1", OPEN.0, OPEN.1, wants(&imsi)).await;
    assert!(first.2.unwrap() <= 2 * MB, "{first:?}");
    charging.credit(credit(2, 1000)).await.unwrap();

    let asked = pgw.receive().await.unwrap();
    let message = Message::read(&asked).unwrap();
    let re_auth = diameter::gy::ReAuth::read(&message).unwrap();
    assert_eq!((re_auth.session_id, re_auth.destination_host), ("s;3;1", "pgw.example"));
    pgw.answer(&asked, 2002).await;
    let report = Says { used: Some(MB), asks: Some(0), ..Says::default() };
    let more = pgw.ask("s;3;1", RequestType::Update, 1, report).await;
    assert!(more.2.unwrap() > 2 * MB, "{more:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_does_not_know_the_session_any_more_gives_it_back() {
    let (_world, charging, face) = shop(2, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    pgw.ask("s;4;1", OPEN.0, OPEN.1, wants(&imsi(1))).await;
    charging.credit(credit(2, 1000)).await.unwrap();
    let asked = pgw.receive().await.unwrap();
    pgw.answer(&asked, 5002).await;
    until(async || charging.view(pool(1)).await.unwrap().sessions.is_empty()).await;
    assert_eq!(used(&charging).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_stopped_loses_its_sessions() {
    let (_world, charging, face) = shop(50, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    pgw.ask("s;5;1", OPEN.0, OPEN.1, wants(&imsi(1))).await;
    charging.bar(line(1)).await.unwrap();
    let asked = pgw.receive().await.unwrap();
    assert_eq!(pgw::command_of(&asked), (diameter::command::ABORT_SESSION, true));
    pgw.answer(&asked, 2001).await;
    let last = Says { used: Some(MB), ..Says::default() };
    assert_eq!(pgw.ask("s;5;1", RequestType::Termination, 1, last).await.0, 2001);
    assert_eq!(pgw.ask("s;5;2", OPEN.0, OPEN.1, wants(&imsi(1))).await.0, 4010);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_has_restarted_has_lost_its_sessions() {
    let (_world, charging, face) = shop(100, |_| {}).await;
    let mut pgw = Pgw::connect(face.address, "pgw.example").await;
    pgw.hello(&[4], Some(10)).await;
    let imsi = imsi(1);
    for (session, state_id) in [("s;6;1", Some(10)), ("s;6;2", Some(10)), ("s;6;3", None)] {
        let says = Says { state_id, ..wants(&imsi) };
        assert_eq!(pgw.ask(session, OPEN.0, OPEN.1, says).await.0, 2001);
    }
    let mut second = Pgw::connect(face.address, "pgw.example").await;
    second.hello(&[4], Some(9)).await;
    second.ask("s;6;4", OPEN.0, OPEN.1, wants(&imsi)).await;
    assert_eq!(charging.view(pool(1)).await.unwrap().sessions.len(), 4, "a lower or equal one says nothing");

    let says = Says { state_id: Some(11), ..wants(&imsi) };
    second.ask("s;6;5", OPEN.0, OPEN.1, says).await;
    until(async || charging.view(pool(1)).await.unwrap().sessions.len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_asks_what_is_there_or_uses_it_up_at_once() {
    let (_world, charging, face) = shop(100, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let imsi = imsi(1);
    let mut event = async |session: &str, action: RequestedAction, octets: u64| {
        let says = Says { imsi: Some(&imsi), asks: Some(octets), ..Says::default() };
        let mut request = pgw.ccr(session, RequestType::Event, 0, &says);
        let action_avp =
            [&436_u32.to_be_bytes()[..], &[0x40, 0, 0, 12], &action.code().to_be_bytes()].concat();
        request.extend(action_avp);
        let length = u32::try_from(request.len()).unwrap().to_be_bytes();
        request[1..4].copy_from_slice(&length[1..]);
        pgw.send(&request).await;
        let answer = pgw.receive().await.unwrap();
        let cca = Cca::read(&Message::read(&answer).unwrap()).unwrap();
        (cca.result_code, cca.enough)
    };
    assert_eq!(event("e;1", RequestedAction::CheckBalance, 5 * MB).await, (2001, Some(true)));
    assert_eq!(used(&charging).await, 0);
    assert_eq!(event("e;2", RequestedAction::DirectDebiting, 5 * MB).await, (2001, None));
    assert_eq!(event("e;2", RequestedAction::DirectDebiting, 5 * MB).await, (2001, None), "a repeat");
    assert_eq!(used(&charging).await, 5 * MB);
    assert_eq!(event("e;3", RequestedAction::DirectDebiting, 5000 * MB).await, (4012, None));
    assert_eq!((used(&charging).await, reserved(&charging).await), (5 * MB, 0), "all or nothing");
}
