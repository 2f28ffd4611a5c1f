//! What its books say is what the server heard, whatever happens on the way.

use std::collections::HashMap;
use std::sync::Arc;

use basis::{ManualClock, SystemClock, Timestamp};
use netsim::books::Sums;

use super::*;
use crate::server::{Rules, State};

const OCTETS: u64 = 15_000;

fn purse() -> Rules {
    Rules { left: OCTETS, at_once: 1000, threshold: Some(200), validity: Some(60), ..Rules::default() }
}

/// Two people use up the purse; what the books say of them, and what the server heard.
async fn story(rules: Rules, noisy: bool) -> (Vec<Sums>, Server) {
    let server = Server::start(rules).await;
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let gateway = Gateway::spawn(Options { noisy, ..options(&server, Some(&books)) }).unwrap();
    let subscriber = Subscriber { report_every: Some(Duration::from_millis(20)), ..traveller() };
    gateway.attach(subscriber.clone());
    gateway.attach(Subscriber { imsi: "001010000000002".to_owned(), ..subscriber });
    server.until(|state| state.rules.left == 0).await;
    gateway.stop().await;
    assert_eq!(gateway.complaints(), [""; 0]);
    (netsim::books::read(&books).unwrap().into_values().collect(), server)
}

fn assert_agree(sums: &[Sums], state: &State) {
    let total = |of: fn(&Sums) -> u64| sums.iter().map(of).sum::<u64>();
    assert_eq!(total(|sum| sum.granted), OCTETS);
    assert_eq!(total(|sum| sum.answered), state.reported);
    assert_eq!(total(|sum| sum.in_doubt), 0);
    assert!((1..=OCTETS).contains(&state.reported), "never more than granted: {}", state.reported);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_agree_with_the_server() {
    for noisy in [false, true] {
        let (sums, server) = story(purse(), noisy).await;
        assert_agree(&sums, &server.state());
        assert_eq!(server.state().connections, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_answer_is_lost_comes_again_and_says_so() {
    for noisy in [false, true] {
        let (sums, server) = story(Rules { hang_up_every: Some(7), ..purse() }, noisy).await;
        let state = server.state();
        assert_agree(&sums, &state);
        assert!(state.connections > 2);
        let mut first = HashMap::new();
        for heard in &state.heard {
            let known = first.insert((&heard.session, heard.number), heard.end_to_end);
            if let Some(id) = known {
                assert_eq!((id, true), (heard.end_to_end, heard.again), "the same id, and the T flag");
            }
        }
        assert!(state.heard.iter().any(|heard| heard.again));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_busy_is_asked_again() {
    let (sums, server) = story(Rules { busy_every: Some(5), ..purse() }, false).await;
    assert_agree(&sums, &server.state());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_not_answered_in_ten_seconds_comes_again_over_a_new_connection() {
    let server = Server::start(Rules { silent_about: 1, ..purse() }).await;
    let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000_000)));
    let env = Env { clock: clock.clone(), ..Env::system() };
    let gateway = Gateway::spawn(Options { env, ..options(&server, None) }).unwrap();
    gateway.attach(traveller());
    server.until(|state| state.heard.len() == 1).await;
    clock.advance_ms(9_000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.state().heard.len(), 1, "there is still time");
    clock.advance_ms(1_000);
    server.until(|state| state.heard.len() == 2).await;
    let heard = server.state().heard.clone();
    assert_eq!((heard[0].again, heard[0].connection), (false, 1));
    assert_eq!((heard[1].again, heard[1].connection), (true, 2));
    assert_eq!(heard[0].end_to_end, heard[1].end_to_end);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_life_has_a_higher_origin_state_id_and_other_sessions() {
    let server = Server::start(purse()).await;
    let start = basis::Clock::now(&SystemClock::start());
    for life in 0..2 {
        let clock = Arc::new(ManualClock::at(start.plus_ms(life * 1000)));
        let env = Env { clock, ..Env::system() };
        let gateway = Gateway::spawn(Options { env, ..options(&server, None) }).unwrap();
        gateway.attach(traveller());
        let heard = server.state().heard.len();
        server.until(|state| state.heard.len() > heard).await;
        gateway.stop().await;
    }
    let heard = server.state().heard.clone();
    let (first, last) = (heard.first().unwrap(), heard.last().unwrap());
    assert!(first.state_id < last.state_id);
    assert_ne!(first.session, last.session);
}
