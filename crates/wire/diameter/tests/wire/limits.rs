//! Messages that are wrong on purpose, and how the peer is told.

use diameter::{
    Answer, Capabilities, Error, Flags, Header, Ids, Key, MAX_AVPS, MAX_DEPTH, Message, Origin, TooLong,
    Writer, application, command, dictionary,
    gy::{Ccr, RequestType, Subscription, SubscriptionKind},
    key, result,
};

const SERVER: Origin<'_> = Origin { host: "ocs.heyon.example", realm: "heyon.example" };

const HEADER: Header = Header {
    flags: Flags::REQUEST,
    command: command::CREDIT_CONTROL,
    application: application::CREDIT_CONTROL,
    hop_by_hop: 7,
    end_to_end: 8,
};

fn written(fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, &HEADER);
    fill(&mut writer);
    writer.finish().unwrap();
    out
}

/// A message whose first AVP is the Session-Id `s`, and whose second has these bytes.
fn with_second(avp: &[u8]) -> Vec<u8> {
    written(|writer| {
        writer.text(key::SESSION_ID, "s").raw(avp);
    })
}

/// The error, and the AVP in the Failed-AVP of the answer to it, which is checked to be well formed.
fn refused(bytes: &[u8], error: &Error) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let request = Message::salvage(bytes).unwrap();
    Answer::to(&request).refuse(&mut out, error, SERVER).unwrap();
    let answer = Message::read(&out).unwrap();
    assert_eq!(
        answer.require(key::SESSION_ID).unwrap().text().unwrap(),
        "s",
        "the session ahead of the mistake"
    );
    assert_eq!(answer.require(key::RESULT_CODE).unwrap().u32().unwrap(), error.result_code);
    assert_eq!(answer.header().flags.has(Flags::ERROR), error.result_code / 1000 == 3);
    assert_eq!((answer.header().hop_by_hop, answer.header().end_to_end), (7, 8));
    answer.find(key::FAILED_AVP).map(|failed| {
        assert_eq!(failed.group().unwrap().count(), 1, "exactly the AVP to blame");
        failed.data().to_vec()
    })
}

#[test]
fn an_avp_that_ends_behind_the_message_is_shown_as_a_header_and_zeros() {
    let rating_group = [0, 0, 1, 0xb0, 0x40, 0, 0, 16, 0, 0, 0, 1];
    let bytes = with_second(&rating_group);
    let error = Message::read(&bytes).unwrap_err();
    assert_eq!(error.result_code, result::INVALID_AVP_LENGTH);
    assert_eq!(refused(&bytes, &error).unwrap(), [0, 0, 1, 0xb0, 0x40, 0, 0, 12, 0, 0, 0, 0]);
}

#[test]
fn an_avp_that_claims_16_megabytes_is_refused() {
    let bytes = with_second(&[0, 0, 1, 0xb0, 0x40, 0xff, 0xff, 0xff, 0, 0, 0, 1]);
    let error = Message::read(&bytes).unwrap_err();
    assert_eq!(error.result_code, result::INVALID_AVP_LENGTH);
    assert_eq!(refused(&bytes, &error).unwrap().len(), 12);
}

#[test]
fn an_avp_shorter_than_its_header_is_refused() {
    for length in 0..8 {
        let bytes = with_second(&[0, 0, 1, 0xb0, 0x40, 0, 0, length, 0, 0, 0, 1]);
        assert_eq!(Message::read(&bytes).unwrap_err().result_code, result::INVALID_AVP_LENGTH, "{length}");
    }
    for length in 8..12 {
        let vendors = [0, 0, 3, 0x67, 0xc0, 0, 0, length, 0, 0, 0x28, 0xaf];
        let error = Message::read(&with_second(&vendors)).unwrap_err();
        assert_eq!(error.result_code, result::INVALID_AVP_LENGTH, "the V flag needs 12 bytes, not {length}");
    }
}

#[test]
fn a_header_that_the_message_cuts_off_is_filled_with_zeros() {
    let bytes = with_second(&[0, 0, 1, 0xb0]);
    let error = Message::read(&bytes).unwrap_err();
    assert_eq!(error.result_code, result::INVALID_AVP_LENGTH);
    assert_eq!(error.failed.as_deref(), Some(&[0, 0, 1, 0xb0, 0, 0, 0, 0][..]));
    let with_vendor = with_second(&[0, 0, 3, 0x67, 0xc0, 0, 0, 16]);
    let error = Message::read(&with_vendor).unwrap_err();
    assert_eq!(error.failed.as_deref(), Some(&[0, 0, 3, 0x67, 0xc0, 0, 0, 16, 0, 0, 0, 0][..]));
}

#[test]
fn a_number_of_the_wrong_size_is_a_wrong_length() {
    let bytes = written(|writer| {
        writer.octets(key::CC_REQUEST_NUMBER, &[0; 8]);
    });
    let error = Ccr::read(&Message::read(&bytes).unwrap()).unwrap_err();
    assert_eq!(error.result_code, result::INVALID_AVP_LENGTH);
    assert_eq!(error.failed.as_deref(), Some(&[0, 0, 1, 0x9f, 0x40, 0, 0, 12, 0, 0, 0, 0][..]));
}

#[test]
fn a_header_that_contradicts_itself_is_refused() {
    let mut bytes = written(|_| {});
    bytes[4] |= 0x20;
    assert_eq!(Message::read(&bytes).unwrap_err().result_code, result::INVALID_HDR_BITS);
    bytes[4] = 0x8f;
    assert!(Message::read(&bytes).is_ok(), "reserved bits mean nothing");
    bytes[3] = 24;
    assert_eq!(Message::read(&bytes).unwrap_err().result_code, result::INVALID_MESSAGE_LENGTH);
    assert_eq!(Message::read(&bytes[..19]).unwrap_err().result_code, result::INVALID_MESSAGE_LENGTH);
    assert!(Message::salvage(&bytes[..19]).is_none());
}

#[test]
fn flags_that_no_one_has_defined_are_refused() {
    let bytes = with_second(&[0, 0, 1, 0xb0, 0x41, 0, 0, 12, 0, 0, 0, 1]);
    let error = Message::read(&bytes).unwrap_err();
    assert_eq!(error.result_code, result::INVALID_AVP_BITS);
    assert!(refused(&bytes, &error).is_some());
}

#[test]
fn groups_nest_only_so_deep() {
    fn nest(writer: &mut Writer<'_>, levels: u8) {
        if levels > 0 {
            writer.group(key::SERVICE_INFORMATION, |inside| nest(inside, levels - 1));
        }
    }
    let deep = written(|writer| nest(writer, MAX_DEPTH));
    Message::read(&deep).unwrap().check_known().unwrap();
    let too_deep = written(|writer| nest(writer, 200));
    let message = Message::read(&too_deep).unwrap();
    assert_eq!(message.check_known().unwrap_err().result_code, result::UNABLE_TO_COMPLY);
    assert!(message.to_string().contains("Service-Information <"), "the log stops there, too");
}

#[test]
fn a_message_has_only_so_many_avps() {
    let many = |count| {
        written(|writer| {
            (0..count).for_each(|_| {
                writer.text(key::ROUTE_RECORD, "a");
            });
        })
    };
    assert_eq!(Message::read(&many(MAX_AVPS)).unwrap().avps().count(), MAX_AVPS);
    let error = Message::read(&many(MAX_AVPS + 1)).unwrap_err();
    assert_eq!(error.result_code, result::UNABLE_TO_COMPLY);
}

#[test]
fn nothing_longer_than_the_length_field_is_written() {
    let mut out = b"before".to_vec();
    let mut writer = Writer::new(&mut out, &HEADER);
    writer.octets(key::PROXY_INFO, &vec![0; 0x0100_0000]);
    assert_eq!(writer.finish(), Err(TooLong));
    assert_eq!(out, b"before");
}

#[test]
fn a_strict_peer_is_told_of_what_we_do_not_know_however_deep() {
    let unknown = Key { code: 9_999, vendor: 10_415 };
    let hidden = |mandatory: u8| {
        written(|writer| {
            writer.text(key::SESSION_ID, "s").group(key::SERVICE_INFORMATION, |service| {
                service.group(key::PS_INFORMATION, |ps| {
                    ps.flagged(unknown, mandatory, b"x");
                });
            });
        })
    };
    let bytes = hidden(0x40);
    let error = Message::read(&bytes).unwrap().check_known().unwrap_err();
    assert_eq!(error.result_code, result::AVP_UNSUPPORTED);
    let shown = refused(&bytes, &error).unwrap();
    assert_eq!(shown, [0, 0, 0x27, 0x0f, 0xc0, 0, 0, 13, 0, 0, 0x28, 0xaf, b'x', 0, 0, 0]);
    Message::read(&hidden(0)).unwrap().check_known().unwrap();
}

#[test]
fn a_required_avp_that_is_missing_is_named() {
    let bytes = written(|writer| {
        writer.text(key::SESSION_ID, "s");
    });
    let error = Ccr::read(&Message::read(&bytes).unwrap()).unwrap_err();
    assert_eq!(error.result_code, result::MISSING_AVP);
    assert_eq!(refused(&bytes, &error).unwrap(), [0, 0, 1, 8, 0x40, 0, 0, 8]);
    assert_eq!(error.to_string(), "5005 MISSING_AVP: a required AVP is not there");
}

fn request() -> Ccr<'static> {
    let gateway = Origin { host: "gw.example", realm: "example" };
    Ccr::new("s", gateway, "32251@3gpp.org", RequestType::Initial, 0)
}

fn bytes(request: &Ccr<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    request.write(Ids { hop_by_hop: 7, end_to_end: 8, retransmitted: false }, &mut out).unwrap();
    out
}

/// The request with another AVP behind it.
fn and(request: &Ccr<'_>, fill: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let whole = bytes(request);
    written(|writer| fill(writer.raw(&whole[20..])))
}

#[test]
fn a_second_request_number_is_one_too_many() {
    let bytes = and(&request(), |writer| {
        writer.u32(key::CC_REQUEST_NUMBER, 1);
    });
    let error = Ccr::read(&Message::read(&bytes).unwrap()).unwrap_err();
    assert_eq!(error.result_code, result::AVP_OCCURS_TOO_MANY_TIMES);
    assert_eq!(refused(&bytes, &error).unwrap(), [0, 0, 1, 0x9f, 0x40, 0, 0, 12, 0, 0, 0, 1]);
}

#[test]
fn a_value_that_cannot_be_is_shown() {
    let mut bytes = bytes(&request());
    let place = bytes.windows(8).position(|avp| avp == [0, 0, 1, 0xa0, 0x40, 0, 0, 12]).unwrap();
    bytes[place + 11] = 9;
    let error = Ccr::read(&Message::read(&bytes).unwrap()).unwrap_err();
    assert_eq!(error.result_code, result::INVALID_AVP_VALUE);
    assert_eq!(refused(&bytes, &error).unwrap(), [0, 0, 1, 0xa0, 0x40, 0, 0, 12, 0, 0, 0, 9]);
}

#[test]
fn a_gateway_may_use_no_service_groups_new_subscription_ids_and_avps_of_its_own() {
    let bytes = and(&request(), |writer| {
        writer
            .group(key::REQUESTED_SERVICE_UNIT, |_| {})
            .group(key::USED_SERVICE_UNIT, |used| {
                used.u64(key::CC_INPUT_OCTETS, 5);
            })
            .group(key::SUBSCRIPTION_ID_EXTENSION, |id| {
                id.text(key::SUBSCRIPTION_ID_IMSI, "99970");
            })
            .text(key::TGPP_SGSN_MCC_MNC, "23415")
            .octets(key::TGPP_USER_LOCATION_INFO, b"no such place")
            .flagged(Key { code: 1, vendor: 9 }, 0x40, b"theirs");
    });
    let ccr_message = Message::read(&bytes).unwrap();
    let ccr = Ccr::read(&ccr_message).unwrap();
    assert!(ccr.services.is_empty());
    assert!(ccr.plain.requested.is_some());
    assert_eq!(ccr.plain.data_used(), Some(5));
    assert_eq!(ccr.subscriptions, [Subscription { kind: SubscriptionKind::Imsi, data: "99970" }]);
    assert_eq!(ccr.ps.visited().unwrap().to_string(), "23415");
    assert_eq!(ccr_message.check_known().unwrap_err().result_code, result::AVP_UNSUPPORTED);
}

#[test]
fn a_group_whose_last_avp_lacks_its_padding_is_read() {
    let group = [&[0, 0, 1, 0xbb, 0x40, 0, 0, 37][..], &[0, 0, 1, 0xc2, 0x40, 0, 0, 12, 0, 0, 0, 1]].concat();
    let bytes = and(&request(), |writer| {
        writer.raw(&[&group[..], &[0, 0, 1, 0xbc, 0x40, 0, 0, 17], b"999701234", &[0; 3]].concat());
    });
    let message = Message::read(&bytes).unwrap();
    assert_eq!(Ccr::read(&message).unwrap().subscription(SubscriptionKind::Imsi), Some("999701234"));
}

#[test]
fn a_peer_may_name_its_application_beside_a_vendor() {
    let mut out = Vec::new();
    let ids = Ids { hop_by_hop: 1, end_to_end: 1, retransmitted: false };
    let plain = Capabilities {
        origin: SERVER,
        addresses: vec!["192.0.2.1".parse().unwrap()],
        ..Capabilities::default()
    };
    plain.write_request(ids, &mut out).unwrap();
    let bytes = written(|writer| {
        writer.raw(&out[20..]).group(key::VENDOR_SPECIFIC_APPLICATION_ID, |inside| {
            inside.u32(key::VENDOR_ID, 10_415).u32(key::AUTH_APPLICATION_ID, application::CREDIT_CONTROL);
        });
    });
    let cer = Capabilities::read(&Message::read(&bytes).unwrap()).unwrap();
    assert!(cer.serves(application::CREDIT_CONTROL));
    assert_eq!(cer.vendor_id, 0, "the vendor inside the group is another");
    assert!(!Capabilities::read(&Message::read(&out).unwrap()).unwrap().serves(application::CREDIT_CONTROL));
}

#[test]
fn commands_have_names() {
    assert_eq!(dictionary::command_name(command::CREDIT_CONTROL), Some("Credit-Control"));
    assert!(written(|_| {}).len() == 20);
    let mut unknown = written(|_| {});
    unknown[7] = 0xff;
    assert!(Message::read(&unknown).unwrap().to_string().starts_with("Command 511-Request app 4"));
}
