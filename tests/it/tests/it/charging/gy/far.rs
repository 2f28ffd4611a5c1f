//! A gateway that is connected to one node, and what happens at another.

use diameter::{Message, command, gy::RequestType};

use super::*;
use crate::charging::nodes::{POOLS, cluster, delivery, family};

/// What was bought or stopped at one node reaches the gateway by the other, whichever of them has the pool.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_asked_and_told_by_its_own_node() {
    let cluster = cluster().await;
    let (here, there) = cluster.two().await;
    let face = Face::open(&there.charging, &cluster.env, |_| {}).await;
    let mut pgw = Pgw::open(face.address, "pgw.example").await;
    for n in 1..=POOLS {
        let (session, imsi) = (format!("f;{n};1"), imsi(n));
        let begins = Says { imsi: Some(&imsi), asks: Some(0), ..Says::default() };
        pgw.ask(&session, RequestType::Initial, 0, begins).await;
        let all = Says { used: Some(100 * MB), asks: Some(0), ..Says::default() };
        assert_eq!(pgw.ask(&session, RequestType::Update, 1, all).await.2, None, "line {n}: all is used");

        here.charging.credit(delivery(n, 100 + n)).await.unwrap();
        let asked = pgw.receive().await.unwrap();
        let message = Message::read(&asked).unwrap();
        assert_eq!(diameter::gy::ReAuth::read(&message).unwrap().session_id, session);
        pgw.answer(&asked, 2002).await;
        let more = pgw.ask(&session, RequestType::Update, 2, Says { asks: Some(0), ..Says::default() }).await;
        assert!(more.2.unwrap() >= MB, "line {n}: {more:?}");

        here.charging.bar(line(n)).await.unwrap();
        let told = pgw.receive().await.unwrap();
        assert_eq!(pgw::command_of(&told), (command::ABORT_SESSION, true), "line {n}");
        pgw.answer(&told, 2001).await;
        let last = Says { used: Some(MB), ..Says::default() };
        assert_eq!(pgw.ask(&session, RequestType::Termination, 3, last).await.0, 2001);
        let view = here.charging.view(family(n)).await.unwrap();
        assert_eq!(view.bundles.iter().map(|bundle| bundle.used.octets()).sum::<u64>(), 101 * MB, "line {n}");
    }
}
