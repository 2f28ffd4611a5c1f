//! Gateways that send too much, too little, too slowly, or nothing.

use diameter::{command, gy::RequestType};
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};

use super::{
    pgw::{result_code, told},
    *,
};

const SOON: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_not_waited_for() {
    let (_world, _charging, face) = shop(1, |limits| limits.hello = SOON).await;
    let mut silent = Pgw::connect(face.address, "pgw.example").await;
    let mut slow = Pgw::connect(face.address, "pgw.example").await;
    slow.send(&[1, 0, 0]).await;
    let started = Instant::now();
    assert_eq!((silent.receive().await, slow.receive().await), (None, None));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_message_and_then_silence_ends_the_connection() {
    let (_world, _charging, face) = shop(50, |limits| limits.half_message = SOON).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let imsi = imsi(1);
    let says = Says { imsi: Some(&imsi), asks: Some(0), ..Says::default() };
    let request = pgw.ccr("s;1;1", RequestType::Initial, 0, &says);
    let (head, tail) = request.split_at(40);
    pgw.send(head).await;
    tokio::time::sleep(SOON / 4).await;
    pgw.send(tail).await;
    assert_eq!(told(&pgw.receive().await.unwrap()).0, 2001, "in two pieces, but whole");
    tokio::time::sleep(SOON * 2).await;
    pgw.send(&request).await;
    assert_eq!(told(&pgw.receive().await.unwrap()).0, 2001, "silence between messages is fine");
    pgw.send(head).await;
    assert_eq!(pgw.receive().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_of_16_megabytes_ends_the_connection_at_once() {
    let (_world, _charging, face) = shop(1, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    pgw.send(&[1, 0xff, 0xff, 0xfc]).await;
    let ended = timeout(Duration::from_secs(2), pgw.receive()).await;
    assert_eq!(ended.expect("it is not waited for"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_does_not_take_its_answers_is_cut_off() {
    let small = |limits: &mut Limits| (limits.stall, limits.unsent_bytes) = (SOON, 16 * 1024);
    let (_world, _charging, face) = shop(1, small).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    let refused = pgw.odd(command::CREDIT_CONTROL, 1, |_| {}).repeat(100);
    let cut_off = async { while pgw.stream.write_all(&refused).await.is_ok() {} };
    timeout(Duration::from_secs(20), cut_off).await.expect("it is still connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_sessions_are_refused_when_there_is_too_much_to_do_and_ends_are_not() {
    let (_world, charging, face) = shop(50, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "strict.example").await;
    let imsi = imsi(1);
    let says = Says { imsi: Some(&imsi), asks: Some(0), ..Says::default() };
    let first = pgw.ask("s;2;1", RequestType::Initial, 0, says).await;
    assert_eq!(first.0, 2001);
    let says = Says { imsi: Some(&imsi), used: Some(MB), asks: Some(0), ..Says::default() };
    let update = pgw.ccr("s;2;1", RequestType::Update, 1, &says);
    let initial = pgw.ccr("s;2;2", RequestType::Initial, 0, &says);
    let end = pgw.ccr("s;2;1", RequestType::Termination, 2, &says);
    let refused = charging
        .pause(async {
            pgw.send(&update).await;
            pgw.send(&initial).await;
            pgw.receive().await.unwrap()
        })
        .await;
    assert_eq!(result_code(&refused), 3004, "one at a time is this gateway's share");
    pgw.send(&end).await;
    for _ in 0..2 {
        assert_eq!(told(&pgw.receive().await.unwrap()).0, 2001);
    }
    assert_eq!(used(&charging).await, 2 * MB);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_connections_and_no_more() {
    let (_world, _charging, face) = shop(1, |limits| limits.links_per_address = 2).await;
    let first = Pgw::open(face.address, "pgw.example").await;
    let _second = Pgw::open(face.address, "pgw.example").await;
    let mut third = Pgw::connect(face.address, "pgw.example").await;
    assert_eq!(third.receive().await, None);
    drop(first);
    let again = async {
        loop {
            let mut pgw = Pgw::connect(face.address, "pgw.example").await;
            pgw.stream.write_all(&[1]).await.ok();
            let closed = timeout(SOON, pgw.receive()).await;
            if closed.is_err() {
                return;
            }
        }
    };
    timeout(Duration::from_secs(5), again).await.expect("the place is free again");
}
