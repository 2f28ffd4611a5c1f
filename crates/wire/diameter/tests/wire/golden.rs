//! Messages that python-diameter made (`golden/make.py`), read by our reader; and ours beside them, byte for byte where the
//! library sets the same flags and order.

use std::net::{IpAddr, Ipv4Addr};

use diameter::{
    Answer, Capabilities, Disconnect, DisconnectCause, Error, Flags, Ids, Message, Origin, Outcome, Time,
    Watchdog, application, command, frame_length,
    gy::{
        Abort, Cca, Ccr, FailureHandling, FinalUnit, Grant, ReAuth, ReportingReason, RequestType,
        ServiceAnswer, SubscriptionKind, Units, UserLocation,
    },
    key, result,
};

const GATEWAY: Origin<'_> = Origin { host: "pgw.epc.example", realm: "epc.example" };
const SERVER: Origin<'_> = Origin { host: "ocs.heyon.example", realm: "heyon.example" };
const SESSION: &str = "pgw.epc.example;1772366400;7";

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    assert_eq!(frame_length(&bytes, 65_536).unwrap(), Some(bytes.len()));
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

macro_rules! golden {
    ($name:literal) => {
        bytes(include_str!(concat!("golden/", $name, ".hex")))
    };
}

#[test]
fn a_gateway_introduces_itself() {
    let bytes = golden!("cer");
    let message = Message::read(&bytes).unwrap();
    assert_eq!(message.header().command, command::CAPABILITIES_EXCHANGE);
    let cer = Capabilities::read(&message).unwrap();
    assert_eq!(cer.origin, GATEWAY);
    assert_eq!(cer.addresses, ["192.0.2.7".parse::<IpAddr>().unwrap(), "2001:db8::7".parse().unwrap()]);
    assert_eq!((cer.vendor_id, cer.product_name, cer.firmware_revision), (0, "A gateway", Some(10_206)));
    assert_eq!((cer.origin_state_id, &*cer.supported_vendors), (Some(1_772_366_400), &[10_415][..]));
    assert!(cer.serves(application::CREDIT_CONTROL) && !cer.serves(1));

    let ids = Ids { hop_by_hop: 1, end_to_end: 0x0a00_0001, retransmitted: false };
    let mut ours = Vec::new();
    cer.write_request(ids, &mut ours).unwrap();
    assert_eq!(ours, bytes, "ours is the same, byte for byte");
}

#[test]
fn it_shows_that_it_lives_and_takes_its_leave() {
    let bytes = golden!("dwr");
    let message = Message::read(&bytes).unwrap();
    let dwr = Watchdog::read(&message).unwrap();
    assert_eq!(dwr, Watchdog { origin: GATEWAY, origin_state_id: Some(1_772_366_400) });
    let mut ours = Vec::new();
    let ids = |hop_by_hop| Ids { hop_by_hop, end_to_end: 0x0a00_0000 + hop_by_hop, retransmitted: false };
    dwr.write_request(ids(2), &mut ours).unwrap();
    assert_eq!(ours, bytes);

    let bytes = golden!("dpr");
    let dpr = Disconnect::read(&Message::read(&bytes).unwrap()).unwrap();
    assert_eq!(dpr, Disconnect { origin: GATEWAY, cause: DisconnectCause::Rebooting });
    ours.clear();
    dpr.write_request(ids(3), &mut ours).unwrap();
    assert_eq!(ours, bytes);
}

#[test]
fn a_session_begins() {
    let bytes = golden!("ccr-initial");
    let message = Message::read(&bytes).unwrap();
    assert_eq!(message.header().flags, Flags::REQUEST.with(Flags::PROXIABLE));
    assert_eq!(message.header().application, application::CREDIT_CONTROL);
    message.check_known().unwrap();
    let ccr = Ccr::read(&message).unwrap();
    assert_eq!(
        (ccr.session_id, ccr.origin, ccr.destination_realm),
        (SESSION, GATEWAY, Some("heyon.example"))
    );
    assert!(ccr.is_packet_switched(), "{}", ccr.service_context_id);
    assert_eq!((ccr.request_type, ccr.request_number), (RequestType::Initial, 0));
    assert_eq!(ccr.event_timestamp.map(Time::unix_seconds), Some(1_772_366_400));
    assert_eq!(ccr.subscription(SubscriptionKind::Imsi), Some("999700000000001"));
    assert_eq!(ccr.subscription(SubscriptionKind::E164), Some("447700900123"));
    assert_eq!(ccr.multiple_services, Some(true));
    assert_eq!(ccr.services.len(), 1);
    assert_eq!(ccr.services[0].rating_group, Some(1));
}

#[test]
fn the_gateway_says_where_the_phone_is() {
    let bytes = golden!("ccr-initial");
    let ps = Ccr::read(&Message::read(&bytes).unwrap()).unwrap().ps;
    assert_eq!(ps.visited().unwrap().to_string(), "310410");
    let plmn = ps.visited().unwrap();
    let cell = Some(0x0123_4567);
    assert_eq!(ps.location(), Some(UserLocation::Tracking { plmn, tac: 0x1234, cell }));
    assert_eq!(ps.rat_type, Some(6));
    assert_eq!(ps.called_station_id, Some("internet"));
    assert_eq!(ps.pdp_addresses, [Ipv4Addr::new(10, 45, 0, 2)]);
    assert_eq!((ps.imsi_mcc_mnc, ps.ggsn_mcc_mnc), (Some("99970"), Some("99970")));
    assert_eq!((ps.charging_characteristics, ps.selection_mode), (Some("0800"), Some("0")));
    assert_eq!((ps.charging_id, ps.nsapi), (Some(&[0, 0, 0, 7][..]), Some(&b"5"[..])));
}

#[test]
fn it_reports_two_services_one_of_them_without_a_total() {
    let bytes = golden!("ccr-update");
    let ccr = Ccr::read(&Message::read(&bytes).unwrap()).unwrap();
    let [internet, other] = &ccr.services[..] else { panic!("two services: {:?}", ccr.services) };
    assert_eq!(internet.data_used(), Some(5_000_001_000), "input and output, more than 32 bits hold");
    assert_eq!(internet.used[0].reason, Some(ReportingReason::QuotaExhausted));
    assert_eq!(internet.requested, Some(Units::octets(10_000_000)));
    assert_eq!((other.rating_group, &*other.service_identifiers), (Some(2), &[9][..]));
    assert_eq!((other.data_used(), other.reason), (Some(77), Some(ReportingReason::ValidityTime)));
    assert_eq!(other.requested, None);
}

#[test]
fn it_ends() {
    let bytes = golden!("ccr-termination");
    let ccr = Ccr::read(&Message::read(&bytes).unwrap()).unwrap();
    assert_eq!((ccr.request_type, ccr.termination_cause), (RequestType::Termination, Some(1)));
    assert_eq!(
        (ccr.services[0].data_used(), ccr.services[0].reason),
        (Some(123), Some(ReportingReason::Final))
    );
}

/// What `make.py` puts into its answer.
fn answer() -> Cca<'static> {
    let grant = |octets, validity, final_unit| Grant {
        granted: Some(Units::octets(octets)),
        validity: Some(validity),
        final_unit,
    };
    let mut cca = Cca::new(result::SUCCESS, SERVER, RequestType::Update, 1);
    cca.session_id = Some(SESSION);
    cca.session_failover = Some(true);
    cca.failure_handling = Some(FailureHandling::Terminate);
    cca.services = vec![
        ServiceAnswer {
            rating_group: Some(1),
            result_code: Some(result::SUCCESS),
            grant: grant(10_000_000, 600, None),
            volume_threshold: Some(2_000_000),
            holding_time: Some(120),
            ..ServiceAnswer::default()
        },
        ServiceAnswer {
            rating_group: Some(2),
            service_identifiers: vec![9],
            result_code: Some(result::SUCCESS),
            grant: grant(1_048_576, 60, Some(FinalUnit::redirect("https://heyon.example/top-up"))),
            ..ServiceAnswer::default()
        },
        ServiceAnswer {
            rating_group: Some(3),
            result_code: Some(result::CREDIT_LIMIT_REACHED),
            ..ServiceAnswer::default()
        },
    ];
    cca
}

#[test]
fn the_answer_that_another_server_gives_is_understood() {
    let bytes = golden!("cca");
    assert_eq!(Cca::read(&Message::read(&bytes).unwrap()).unwrap(), answer());
}

#[test]
fn what_we_write_is_what_we_read() {
    let bytes = golden!("ccr-update");
    let request = Message::read(&bytes).unwrap();
    let mut ours = Vec::new();
    answer().write(&Answer::to(&request), &mut ours).unwrap();
    let message = Message::read(&ours).unwrap();
    assert_eq!(message.header().flags, Flags::PROXIABLE);
    message.check_known().unwrap();
    assert_eq!(Cca::read(&message).unwrap(), answer());

    let ccr = Ccr::read(&request).unwrap();
    let mut ours = Vec::new();
    ccr.write(Ids { hop_by_hop: 1, end_to_end: 2, retransmitted: true }, &mut ours).unwrap();
    let message = Message::read(&ours).unwrap();
    assert!(message.header().flags.has(Flags::RETRANSMITTED));
    message.check_known().unwrap();
    assert_eq!(Ccr::read(&message).unwrap(), ccr);
}

/// What we write does not change unseen: python-diameter and tshark have read these files and found nothing wrong.
#[test]
fn what_we_write_is_what_others_have_read() {
    let update = golden!("ccr-update");
    let request = Message::read(&update).unwrap();
    let ccr = Ccr::read(&request).unwrap();
    let (mut asked, mut answered, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    ccr.write(Ids { hop_by_hop: 1, end_to_end: 2, retransmitted: true }, &mut asked).unwrap();
    let mut cca = answer();
    let slower = FinalUnit { qos: true, ..FinalUnit::restrict("slow") };
    cca.services[2].grant.final_unit = Some(slower);
    cca.write(&Answer::to(&request), &mut answered).unwrap();
    let initial = golden!("ccr-initial");
    let error = Error::missing(key::CC_REQUEST_NUMBER);
    Answer::to(&Message::read(&initial).unwrap()).refuse(&mut refused, &error, SERVER).unwrap();
    for (name, ours, stored) in [
        ("ours-ccr", asked, golden!("ours-ccr")),
        ("ours-cca", answered, golden!("ours-cca")),
        ("ours-refusal", refused, golden!("ours-refusal")),
    ] {
        assert_eq!(hex(&ours), hex(&stored), "golden/{name}.hex");
    }
}

#[test]
fn the_server_asks_for_a_report_and_ends_a_session() {
    let bytes = golden!("rar");
    let rar = ReAuth::read(&Message::read(&bytes).unwrap()).unwrap();
    let wanted = ReAuth {
        session_id: SESSION,
        origin: SERVER,
        destination_realm: "epc.example",
        destination_host: "pgw.epc.example",
        rating_group: Some(1),
        service_identifier: None,
    };
    assert_eq!(rar, wanted);
    let mut ours = Vec::new();
    rar.write(Ids { hop_by_hop: 33, end_to_end: 0x0a00_0021, retransmitted: false }, &mut ours).unwrap();
    assert_eq!(ReAuth::read(&Message::read(&ours).unwrap()).unwrap(), wanted);

    let bytes = golden!("raa");
    let raa = Outcome::read(&Message::read(&bytes).unwrap()).unwrap();
    assert_eq!(
        (raa.session_id, raa.result_code, raa.origin),
        (Some(SESSION), result::LIMITED_SUCCESS, GATEWAY)
    );

    let bytes = golden!("asr");
    let asr = Abort::read(&Message::read(&bytes).unwrap()).unwrap();
    assert_eq!((asr.session_id, asr.destination_host), (SESSION, "pgw.epc.example"));
    let mut ours = Vec::new();
    asr.write(Ids { hop_by_hop: 34, end_to_end: 1, retransmitted: false }, &mut ours).unwrap();
    assert_eq!(Abort::read(&Message::read(&ours).unwrap()).unwrap(), asr);
}

#[test]
fn an_answer_begins_with_the_session_and_ends_with_the_proxies_in_order() {
    let bytes = golden!("ccr-initial");
    let request = Message::read(&bytes).unwrap();
    let mut out = b"what stands before".to_vec();
    let start = out.len();
    Cca::new(result::SUCCESS, SERVER, RequestType::Initial, 0)
        .write(&Answer::to(&request), &mut out)
        .unwrap();
    let message = Message::read(&out[start..]).unwrap();
    let avps: Vec<_> = message.avps().collect();
    assert_eq!(avps[0].key(), key::SESSION_ID);
    let proxies = |message: &Message<'_>| -> Vec<Vec<u8>> {
        message.avps().filter(|avp| avp.key() == key::PROXY_INFO).map(|avp| avp.raw().to_vec()).collect()
    };
    assert_eq!(proxies(&request).len(), 2);
    assert_eq!(proxies(&message), proxies(&request));
    assert_eq!(message.header().hop_by_hop, request.header().hop_by_hop);
    assert_eq!(message.header().end_to_end, request.header().end_to_end);
    assert!(!message.header().is_request());
}

#[test]
fn a_log_shows_the_session_but_not_the_person_s_address() {
    let bytes = golden!("ccr-initial");
    let line = Message::read(&bytes).unwrap().to_string();
    let begin = r#"Credit-Control-Request app 4 hbh 00000010 e2e 0a000010 { Session-Id "pgw.epc.example;1772366400;7","#;
    assert!(line.starts_with(begin), "{line}");
    for shown in [
        "CC-Request-Type 1",
        "Rating-Group 1",
        r#"3GPP-SGSN-MCC-MNC "310410""#,
        "Event-Timestamp @1772366400",
    ] {
        assert!(line.contains(shown), "{shown} in {line}");
    }
    assert!(!line.contains("10.45.0.2"), "{line}");
    assert!(line.contains("PDP-Address <6 bytes>"), "{line}");
}
