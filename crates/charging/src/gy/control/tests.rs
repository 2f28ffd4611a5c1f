//! What a gateway says, what the engine is asked, and what the gateway hears.

use diameter::gy::{PsInformation, Redirect, RedirectKind, Subscription, Used};
use diameter::{Flags, Ids};

use super::*;
use crate::pool::ServiceAnswer;

const ORIGIN: Origin<'_> = Origin { host: "pgw.epc.example", realm: "epc.example" };

fn settings() -> Settings {
    Settings {
        origin_host: "ocs.heyon.example".to_owned(),
        origin_realm: "heyon.example".to_owned(),
        peers: Vec::new(),
        top_up_url: "https://heyon.example/plans".to_owned(),
        country_of: |plmn| plmn.starts_with("440").then(|| "JP".parse().unwrap()),
        limits: super::super::Limits::default(),
    }
}

fn ccr(request_type: RequestType, number: u32) -> Ccr<'static> {
    Ccr {
        destination_realm: Some("heyon.example"),
        subscriptions: vec![
            Subscription { kind: SubscriptionKind::E164, data: "+81312345678" },
            Subscription { kind: SubscriptionKind::Imsi, data: "440100000000001" },
        ],
        ps: PsInformation { sgsn_mcc_mnc: Some("44010"), ..PsInformation::default() },
        ..Ccr::new("pgw;1;2", ORIGIN, "8.32251@3gpp.org", request_type, number)
    }
}

fn octets(total: u64) -> Used {
    Used { units: Units::octets(total), ..Used::default() }
}

/// Over the wire and read.
fn sent(ccr: &Ccr<'_>, profile: &Profile) -> Result<(Asked, Asking), Error> {
    let mut bytes = Vec::new();
    ccr.write(Ids { hop_by_hop: 1, end_to_end: 2, retransmitted: false }, &mut bytes).unwrap();
    let message = Message::read(&bytes).unwrap();
    read(&Ccr::read(&message).unwrap(), &message, (&settings(), profile))
}

/// The answer, over the wire and shown to `look`.
fn heard(ccr: &Ccr<'_>, profile: &Profile, outcome: &Outcome, look: impl FnOnce(&Message<'_>, &Cca<'_>)) {
    let (asked, _) = sent(ccr, profile).unwrap();
    let mut bytes = Vec::new();
    reply(&asked, outcome, (&settings(), profile), &mut bytes);
    let message = Message::read(&bytes).unwrap();
    look(&message, &Cca::read(&message).unwrap());
}

fn answered(verdict: Verdict, quotas: &[Quota]) -> Outcome {
    let services = quotas.iter().map(|quota| ServiceAnswer { group: None, quota: *quota }).collect();
    Outcome::Session(Answer { verdict, services })
}

fn grant(bytes: u64, behind: Behind) -> Quota {
    Quota::Granted(Grant { bytes, validity_seconds: 600, behind })
}

/// One service that asks.
fn asks() -> Vec<ServiceRequest> {
    vec![ServiceRequest { requested: Some(Units::default()), ..ServiceRequest::default() }]
}

#[test]
fn a_gateway_names_its_subscriber_and_where_he_is() {
    let (asked, request) = sent(&ccr(RequestType::Initial, 0), &Profile::default()).unwrap();
    assert_eq!(request.imsi, Some("440100000000001".parse().unwrap()));
    assert_eq!(request.msisdn, Some("81312345678".parse().unwrap()), "without its plus");
    assert_eq!(request.country, Some("JP".parse().unwrap()));
    assert_eq!((asked.session, request.session), (session_key("pgw.epc.example", "pgw;1;2"), asked.session));
    assert!(request.services.is_empty(), "nothing asked, nothing used");
}

#[test]
fn where_a_cell_is_tells_the_country_when_nothing_else_does() {
    let tai = [128, 0x44, 0xf0, 0x01, 0, 9];
    let ps = PsInformation { user_location: Some(&tai), ..PsInformation::default() };
    let (_, request) = sent(&Ccr { ps, ..ccr(RequestType::Update, 1) }, &Profile::default()).unwrap();
    assert_eq!(request.country, Some("JP".parse().unwrap()));
    let ps = PsInformation { sgsn_mcc_mnc: Some("90128"), ..PsInformation::default() };
    let (_, request) = sent(&Ccr { ps, ..ccr(RequestType::Update, 1) }, &Profile::default()).unwrap();
    assert_eq!(request.country, None, "a satellite is in no country");
}

#[test]
fn each_service_reports_and_asks_for_itself() {
    let up_and_down = Units { input_octets: Some(30), output_octets: Some(12), ..Units::default() };
    let services = vec![
        ServiceRequest {
            requested: Some(Units::default()),
            used: vec![octets(5), Used { units: up_and_down, ..Used::default() }],
            rating_group: Some(1),
            ..ServiceRequest::default()
        },
        ServiceRequest {
            requested: Some(Units::octets(9)),
            rating_group: Some(2),
            ..ServiceRequest::default()
        },
        ServiceRequest { used: vec![octets(7)], service_identifiers: vec![44], ..ServiceRequest::default() },
    ];
    let profile = Profile { default_rating_group: Some(100), ..Profile::default() };
    let (_, request) = sent(&Ccr { services, ..ccr(RequestType::Update, 3) }, &profile).unwrap();
    let asked: Vec<_> = request.services.iter().copied().collect();
    assert_eq!(
        asked,
        [
            Service { group: Some(1), used: 47, ask: Ask::Quota },
            Service { group: Some(2), used: 0, ask: Ask::UpTo(9) },
            Service { group: Some(100), used: 7, ask: Ask::Nothing },
        ]
    );
}

#[test]
fn seconds_are_no_octets() {
    let seconds = Units { time: Some(600), ..Units::default() };
    let used = vec![Used { units: seconds, ..Used::default() }];
    let services = vec![ServiceRequest { requested: Some(seconds), used, ..ServiceRequest::default() }];
    let (_, request) = sent(&Ccr { services, ..ccr(RequestType::Update, 1) }, &Profile::default()).unwrap();
    assert_eq!(request.services.first(), Some(&Service { group: None, used: 0, ask: Ask::Quota }));
}

#[test]
fn each_service_hears_its_own_answer_in_its_own_words() {
    let service = |group, ids: &[u32]| ServiceRequest {
        requested: Some(Units::default()),
        rating_group: group,
        service_identifiers: ids.to_vec(),
        ..ServiceRequest::default()
    };
    let services = vec![service(Some(1), &[]), service(None, &[8, 9]), service(Some(3), &[])];
    let request = Ccr { services, ..ccr(RequestType::Initial, 0) };
    let quotas = [grant(10_000_000, Behind::More), Quota::Refused(Refusal::CapReached), Quota::None];
    heard(&request, &Profile::default(), &answered(Verdict::Accepted, &quotas), |message, cca| {
        assert_eq!(
            (cca.result_code, cca.request_number),
            (2001, 0),
            "what is about a service is not about the user"
        );
        assert!(!message.header().flags.has(Flags::ERROR));
        assert_eq!(
            (cca.session_failover, cca.failure_handling),
            (Some(true), Some(FailureHandling::Terminate))
        );
        let [granted, refused, nothing] = &cca.services[..] else { panic!("three services") };
        assert_eq!((granted.rating_group, granted.result_code), (Some(1), Some(2001)));
        assert_eq!(granted.grant.granted, Some(Units::octets(10_000_000)));
        assert_eq!(granted.grant.validity, Some(600));
        assert_eq!((granted.volume_threshold, granted.holding_time), (Some(2_000_000), Some(120)));
        assert_eq!((refused.rating_group, refused.service_identifiers.as_slice()), (None, &[8, 9][..]));
        assert_eq!((refused.result_code, &refused.grant), (Some(4012), &gy::Grant::default()));
        assert_eq!((nothing.result_code, nothing.holding_time), (Some(2001), None));
    });
}

#[test]
fn the_last_quota_says_so_and_has_no_threshold() {
    let request = Ccr { services: asks(), ..ccr(RequestType::Update, 4) };
    let last = answered(Verdict::Accepted, &[grant(5_000_000_000, Behind::Nothing)]);
    heard(&request, &Profile::default(), &last, |_, cca| {
        let service = &cca.services[0];
        let page = Redirect { kind: RedirectKind::Url, address: "https://heyon.example/plans" };
        assert_eq!(service.grant.final_unit.as_ref().unwrap().redirect, Some(page));
        assert_eq!(service.volume_threshold, None);
        assert_eq!(service.grant.granted, Some(Units::octets(5_000_000_000)), "more than 32 bits");
    });
    let open5gs: Profile = "open5gs".parse().unwrap();
    heard(&request, &open5gs, &last, |_, cca| {
        assert_eq!(cca.services[0].grant.final_unit, Some(FinalUnit::terminate()), "it knows no other end");
    });
}

#[test]
fn who_has_nothing_left_is_led_to_the_page_at_once_if_the_gateway_can() {
    let request = Ccr { services: asks(), ..ccr(RequestType::Initial, 0) };
    let page = FinalUnit::redirect("https://heyon.example/plans");
    let deaf = Profile { rar_effective: false, ..Profile::default() };
    for why in [Refusal::UsedUp, Refusal::NotCovered] {
        let refused = answered(Verdict::Accepted, &[Quota::Refused(why)]);
        for (profile, seconds) in [(&Profile::default(), 600), (&deaf, 60)] {
            heard(&request, profile, &refused, |_, cca| {
                let service = &cca.services[0];
                let told =
                    gy::Grant { granted: None, validity: Some(seconds), final_unit: Some(page.clone()) };
                assert_eq!((service.result_code, &service.grant), (Some(2001), &told));
                assert_eq!((service.volume_threshold, service.holding_time), (None, None));
            });
        }
        heard(&request, &"open5gs".parse().unwrap(), &refused, |_, cca| {
            let service = &cca.services[0];
            assert_eq!((service.result_code, &service.grant), (Some(4012), &gy::Grant::default()));
        });
    }
    for why in [Refusal::Lent, Refusal::CapReached, Refusal::Paused] {
        let refused = answered(Verdict::Accepted, &[Quota::Refused(why)]);
        heard(&request, &Profile::default(), &refused, |_, cca| {
            let service = &cca.services[0];
            assert_eq!((service.result_code, &service.grant), (Some(4012), &gy::Grant::default()), "{why:?}");
        });
    }
}

#[test]
fn a_gateway_with_a_filter_is_told_to_go_on_slower_and_others_end_there() {
    let request = Ccr { services: asks(), ..ccr(RequestType::Update, 4) };
    let last = answered(Verdict::Accepted, &[grant(5000, Behind::Slow)]);
    let slow = answered(Verdict::Accepted, &[Quota::Slow { validity_seconds: 77 }]);
    let able = Profile { slow_filter: Some("slow-1m".to_owned()), ..Profile::default() };
    let filter = || Some(FinalUnit::restrict("slow-1m"));
    heard(&request, &able, &last, |_, cca| {
        let service = &cca.services[0];
        assert_eq!((&service.grant.final_unit, service.volume_threshold), (&filter(), None));
        assert_eq!(service.grant.granted, Some(Units::octets(5000)));
    });
    heard(&request, &able, &slow, |_, cca| {
        let told = gy::Grant { granted: None, validity: Some(77), final_unit: filter() };
        assert_eq!((cca.services[0].result_code, &cca.services[0].grant), (Some(2001), &told));
    });
    let open5gs: Profile = "open5gs".parse().unwrap();
    heard(&request, &open5gs, &last, |_, cca| {
        assert_eq!(cca.services[0].grant.final_unit, Some(FinalUnit::terminate()));
    });
    heard(&request, &open5gs, &slow, |_, cca| assert_eq!(cca.services[0].result_code, Some(4012)));
}

#[test]
fn a_threshold_is_never_more_than_its_32_bits() {
    let request = Ccr { services: asks(), ..ccr(RequestType::Update, 4) };
    heard(
        &request,
        &Profile::default(),
        &answered(Verdict::Accepted, &[grant(1 << 40, Behind::More)]),
        |_, cca| {
            assert_eq!(cca.services[0].volume_threshold, Some(u32::MAX));
        },
    );
}

#[test]
fn a_gateway_without_services_asks_and_hears_at_the_top() {
    let plain = ServiceRequest {
        requested: Some(Units::default()),
        used: vec![octets(3)],
        ..ServiceRequest::default()
    };
    let request = Ccr { plain, ..ccr(RequestType::Update, 1) };
    let (_, asked) = sent(&request, &Profile::default()).unwrap();
    assert_eq!(asked.services.first(), Some(&Service { group: None, used: 3, ask: Ask::Quota }));
    heard(
        &request,
        &Profile::default(),
        &answered(Verdict::Accepted, &[grant(77, Behind::Nothing)]),
        |_, cca| {
            assert_eq!((cca.result_code, cca.plain.granted), (2001, Some(Units::octets(77))));
            assert!(cca.plain.final_unit.is_some() && cca.services.is_empty());
        },
    );
    let refused = answered(Verdict::Accepted, &[Quota::Refused(Refusal::CapReached)]);
    heard(&request, &Profile::default(), &refused, |_, cca| assert_eq!(cca.result_code, 4012));
}

#[test]
fn what_is_about_the_user_is_said_at_the_top() {
    let said = |kind, outcome: &Outcome| {
        let mut seen = 0;
        heard(&ccr(kind, 1), &Profile::default(), outcome, |_, cca| seen = cca.result_code);
        seen
    };
    let bare = |verdict| Outcome::Session(Answer::bare(verdict));
    assert_eq!(said(RequestType::Initial, &bare(Verdict::UnknownLine)), 5030);
    assert_eq!(said(RequestType::Update, &bare(Verdict::UnknownSession)), 5002);
    assert_eq!(said(RequestType::Update, &bare(Verdict::Barred)), 4010);
    assert_eq!(said(RequestType::Update, &bare(Verdict::Stale)), 2001);
    assert_eq!(said(RequestType::Update, &bare(Verdict::Terminated)), 5002);
    assert_eq!(
        said(RequestType::Termination, &bare(Verdict::Terminated)),
        2001,
        "it is over, as it should be"
    );
    let busy = Problem::new(basis::Kind::Unavailable, BUSY_KEY);
    assert_eq!(said(RequestType::Initial, &Outcome::Failed(busy)), 3004);
    assert_eq!(said(RequestType::Update, &Outcome::Failed(Problem::unavailable("no disk"))), 3002);
    let too_many = Problem::invalid("charging-too-many-services");
    assert_eq!(said(RequestType::Update, &Outcome::Failed(too_many)), 5012);
}

#[test]
fn a_protocol_error_has_the_e_flag() {
    let busy = Problem::new(basis::Kind::Unavailable, BUSY_KEY);
    heard(&ccr(RequestType::Initial, 0), &Profile::default(), &Outcome::Failed(busy), |message, _| {
        assert!(message.header().flags.has(Flags::ERROR));
    });
}

#[test]
fn requests_that_came_to_the_wrong_door_are_refused() {
    let refused = |ccr: &Ccr<'_>| sent(ccr, &Profile::default()).unwrap_err();
    let elsewhere = Ccr { destination_realm: Some("elsewhere.example"), ..ccr(RequestType::Initial, 0) };
    assert_eq!(refused(&elsewhere).result_code, 3003);
    let messages = Ccr { service_context_id: "32274@3gpp.org", ..ccr(RequestType::Initial, 0) };
    assert_eq!(refused(&messages).result_code, 5031);
    assert!(refused(&messages).failed.is_some(), "RFC 8506 wants to know why");
    let other_case = Ccr { destination_realm: Some("Heyon.Example"), ..ccr(RequestType::Initial, 0) };
    assert!(sent(&other_case, &Profile::default()).is_ok());
}

#[test]
fn events_check_and_debit_and_do_nothing_else() {
    let event = |action, requested| {
        let plain = ServiceRequest { requested, ..ServiceRequest::default() };
        sent(&Ccr { plain, requested_action: action, ..ccr(RequestType::Event, 0) }, &Profile::default())
    };
    let octets = Some(Units::octets(500));
    let wants = |action| event(Some(action), octets).unwrap().0.event;
    assert_eq!(wants(RequestedAction::CheckBalance), Some(Event::Check(500)));
    assert_eq!(wants(RequestedAction::DirectDebiting), Some(Event::Debit(500)));
    assert_eq!(event(None, octets).unwrap_err().result_code, 5005);
    assert_eq!(event(Some(RequestedAction::DirectDebiting), None).unwrap_err().result_code, 5005);
    assert_eq!(event(Some(RequestedAction::PriceEnquiry), octets).unwrap_err().result_code, 5031);
    assert_eq!(event(Some(RequestedAction::RefundAccount), octets).unwrap_err().result_code, 5031);

    let check = Ccr { requested_action: Some(RequestedAction::CheckBalance), ..ccr(RequestType::Event, 0) };
    heard(&check, &Profile::default(), &Outcome::Enough(false), |_, cca| {
        assert_eq!((cca.result_code, cca.enough), (2001, Some(false)));
    });
}

#[test]
fn a_refusal_names_its_request_and_shows_what_is_wrong() {
    let mut bytes = Vec::new();
    let ids = Ids { hop_by_hop: 7, end_to_end: 8, retransmitted: false };
    ccr(RequestType::Update, 5).write(ids, &mut bytes).unwrap();
    let message = Message::read(&bytes).unwrap();
    let mut answer = Vec::new();
    refuse(&message, &Error::missing(key::SERVICE_CONTEXT_ID), ORIGIN, &mut answer);
    let answer = Message::read(&answer).unwrap();
    let cca = Cca::read(&answer).unwrap();
    assert_eq!((cca.result_code, cca.request_type, cca.request_number), (5005, RequestType::Update, 5));
    assert_eq!(cca.session_id, Some("pgw;1;2"));
    let failed = answer.find(key::FAILED_AVP).unwrap().group().unwrap().next().unwrap();
    assert_eq!(failed.key(), key::SERVICE_CONTEXT_ID);
}
