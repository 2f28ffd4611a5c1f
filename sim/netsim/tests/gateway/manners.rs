//! When it reports, why it says it does, and how it obeys.

use diameter::gy::{FinalUnit, ReportingReason, RequestType, Units};
use diameter::{command, result};

use super::*;
use crate::server::{Heard, Rules};

fn purse(left: u64) -> Rules {
    Rules { left, at_once: 4000, ..Rules::default() }
}

/// The first so many requests of a traveller.
async fn heard(rules: Rules, count: usize) -> Vec<Heard> {
    let server = Server::start(rules).await;
    let gateway = gateway(&server);
    gateway.attach(traveller());
    server.until(|state| state.heard.len() >= count).await;
    let heard = server.state().heard.clone();
    gateway.stop().await;
    heard
}

#[tokio::test]
async fn a_session_says_who_and_where_and_ends_with_a_final_report() {
    let server = Server::start(purse(1_000_000)).await;
    let gateway = gateway(&server);
    gateway.attach(Subscriber { msisdn: Some("819012345678".to_owned()), ..traveller() });
    server.until(|state| state.heard.len() >= 3).await;
    gateway.stop().await;
    let state = server.state();
    let (first, last) = (&state.heard[0], state.heard.last().unwrap());
    assert_eq!((first.kind, first.number, first.asks, first.units), (RequestType::Initial, 0, true, None));
    assert_eq!(first.names, ["819012345678", IMSI]);
    assert_eq!(first.network.as_deref(), Some("44010"));
    assert!(first.session.starts_with("pgw.test;"));
    assert_eq!((last.kind, last.cause, last.asks), (RequestType::Termination, Some(1), false));
    assert_eq!(last.reason, Some(ReportingReason::Final));
    let numbers: Vec<u32> = state.heard.iter().map(|heard| heard.number).collect();
    assert_eq!(numbers, (0..=last.number).collect::<Vec<_>>());
    assert_eq!(state.told, [(command::DISCONNECT_PEER, 0)], "it takes its leave");
}

#[tokio::test]
async fn it_reports_at_the_threshold_when_used_up_and_when_the_validity_is_over() {
    let stories = [
        (
            Rules { at_once: 40_000, threshold: Some(30_000), ..purse(1_000_000) },
            ReportingReason::Threshold,
            10_000..40_000,
        ),
        (purse(1_000_000), ReportingReason::QuotaExhausted, 4000..4001),
        (
            Rules { at_once: 1_000_000, validity: Some(1), ..purse(1_000_000_000) },
            ReportingReason::ValidityTime,
            40_000..60_000,
        ),
    ];
    for (rules, reason, used) in stories {
        let report = &heard(rules, 2).await[1];
        assert_eq!((report.kind, report.reason, report.asks), (RequestType::Update, Some(reason), true));
        let octets = report.units.unwrap().total_octets.unwrap();
        assert!(used.contains(&octets), "{octets}: {reason:?}");
    }
}

#[tokio::test]
async fn quota_that_nobody_touches_is_given_back() {
    let server = Server::start(Rules { holding: Some(1), ..purse(1_000_000) }).await;
    let gateway = gateway(&server);
    gateway.attach(Subscriber { octets_per_second: 0, ..traveller() });
    server.until(|state| state.heard.len() >= 2).await;
    let report = server.state().heard[1].clone();
    assert_eq!(report.reason, Some(ReportingReason::QuotaHoldingTime));
    assert_eq!((report.asks, report.units), (false, Some(Units::octets(0))));
    gateway.stop().await;
}

#[tokio::test]
async fn the_last_quota_ends_the_session_or_leads_it_to_a_page() {
    let ended = heard(Rules { last: Some(FinalUnit::terminate()), ..purse(4000) }, 2).await;
    assert_eq!((ended[1].kind, ended[1].reason), (RequestType::Termination, Some(ReportingReason::Final)));
    assert_eq!(ended[1].units, Some(Units::octets(4000)), "to the last octet");

    let rules = Rules { last: Some(FinalUnit::redirect("https://shop.test/top-up")), ..purse(4000) };
    let server = Server::start(rules).await;
    let gateway = gateway(&server);
    gateway.attach(traveller());
    server.until(|state| state.heard.len() == 2).await;
    {
        let state = server.state();
        assert_eq!((state.heard[1].kind, state.heard[1].asks), (RequestType::Update, false));
        assert_eq!(state.heard[1].reason, Some(ReportingReason::Final));
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(server.state().heard.len(), 2, "nothing flows");
    // The top-up arrives.
    server.state().rules.left = 8000;
    server.push(command::RE_AUTH);
    server.until(|state| state.reported > 4000).await;
    gateway.stop().await;
    assert_eq!(server.state().heard[2].reason, Some(ReportingReason::ForcedReauthorisation));
    assert_eq!(server.state().told[0], (command::RE_AUTH, result::SUCCESS));
}

#[tokio::test]
async fn a_gateway_reports_when_it_is_asked_to_if_its_kind_does() {
    for (profile, follows) in [(Profile::Generic, true), (Profile::Open5gs, false)] {
        let server = Server::start(Rules { at_once: 1_000_000, ..purse(1_000_000_000) }).await;
        let gateway = Gateway::spawn(Options { profile, ..options(&server, None) }).unwrap();
        gateway.attach(traveller());
        server.until(|state| state.heard.len() == 1).await;
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.push(command::RE_AUTH);
        server.until(|state| state.told == [(command::RE_AUTH, result::SUCCESS)]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        gateway.stop().await;
        let state = server.state();
        let report = &state.heard[1];
        let units = report.units.unwrap();
        if follows {
            assert_eq!(report.reason, Some(ReportingReason::ForcedReauthorisation));
            assert!(report.asks && units.total_octets.unwrap() > 0);
        } else {
            assert_eq!(report.kind, RequestType::Termination, "it went on until it was stopped");
            assert!(units.total_octets.is_none() && units.input_octets.is_some());
            assert!(units.output_octets.unwrap() > 0);
        }
    }
}

#[tokio::test]
async fn a_session_that_is_cut_off_reports_and_is_not_known_any_more() {
    let server = Server::start(Rules { at_once: 1_000_000, ..purse(1_000_000_000) }).await;
    let gateway = gateway(&server);
    gateway.attach(traveller());
    server.until(|state| state.heard.len() == 1).await;
    server.push(command::ABORT_SESSION);
    server.until(|state| state.heard.len() == 2).await;
    let last = server.state().heard[1].clone();
    assert_eq!((last.kind, last.cause), (RequestType::Termination, Some(4)));
    server.until(|state| state.told == [(command::ABORT_SESSION, result::SUCCESS)]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.push(command::RE_AUTH);
    server.until(|state| state.told.last() == Some(&(command::RE_AUTH, result::UNKNOWN_SESSION_ID))).await;
    gateway.stop().await;
}

#[tokio::test]
async fn it_says_that_it_lives_and_asks_whether_the_server_does() {
    let clock = std::sync::Arc::new(basis::ManualClock::at(basis::Timestamp(1_790_000_000_000)));
    let server = Server::start(Rules { at_once: 1_000_000, ..purse(1_000_000_000) }).await;
    let env = Env { clock: clock.clone(), ..Env::system() };
    let gateway = Gateway::spawn(Options { env, ..options(&server, None) }).unwrap();
    gateway.attach(traveller());
    server.until(|state| state.heard.len() == 1).await;
    server.ask_alive();
    server.until(|state| state.told == [(command::DEVICE_WATCHDOG, result::SUCCESS)]).await;
    clock.advance_ms(31_000);
    server.until(|state| state.told.last() == Some(&(command::DEVICE_WATCHDOG, 0))).await;
    assert_eq!(server.state().connections, 1);
}
