//! What the load generator says is what the server heard.

use netsim::load::{self, Plan};

use super::*;
use crate::server::Rules;

fn plan(server: &Server) -> Plan {
    Plan {
        peer: server.address.clone(),
        connections: 2,
        sessions: 9,
        imsis: vec![IMSI.to_owned(), "001010000000002".to_owned()],
        country: "JP".to_owned(),
        time: Duration::from_millis(300),
        rate: None,
        repeat: false,
        env: Env::system(),
    }
}

fn purse() -> Rules {
    Rules { left: u64::MAX, at_once: 1000, ..Rules::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_sent_answered_and_counted() {
    for (repeat, rate) in [(false, None), (true, None), (false, Some(400)), (true, Some(400))] {
        let server = Server::start(purse()).await;
        let outcome = load::run(Plan { repeat, rate, ..plan(&server) }).await.unwrap();
        let heard = u64::try_from(server.state().heard.len()).unwrap();
        assert_eq!(outcome.messages + 2 * 9, heard, "beside the first and the last of each session");
        assert_eq!(outcome.answers.values().sum::<u64>(), outcome.messages);
        assert_eq!(outcome.octets_reported, server.state().reported, "repeats count once");
        assert_eq!(outcome.octets_reported, outcome.requests * 1000);
        assert_eq!((outcome.unsent, outcome.unanswered, outcome.contradictions), (0, 0, 0));
        assert_eq!(outcome.messages > outcome.requests, repeat);
        assert_eq!(server.state().connections, 2);
        if rate.is_some() {
            assert!((116..=124).contains(&outcome.requests), "{outcome}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_seen_in_the_times() {
    let server = Server::start(purse()).await;
    let held = server.clone();
    let (sender, sleeps) = std::sync::mpsc::channel::<()>();
    // The server's lock is held for a third of the time; everything that is due then waits.
    let sleeper = std::thread::spawn(move || {
        sleeps.recv().unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let state = held.state();
        std::thread::sleep(Duration::from_millis(200));
        drop(state);
    });
    sender.send(()).unwrap();
    let plan = Plan { sessions: 2, rate: Some(500), time: Duration::from_millis(600), ..plan(&server) };
    let outcome = load::run(plan).await.unwrap();
    sleeper.join().unwrap();
    assert_eq!((outcome.unsent, outcome.unanswered), (0, 0));
    assert!(outcome.within(800) > Duration::from_millis(50), "a fifth waited long: {outcome}");
    assert!(outcome.within(1000) >= Duration::from_millis(150), "{outcome}");
}
