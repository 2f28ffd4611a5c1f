//! The wire format, against what the official client signed.

use basis::{DAY_MS, Env, HOUR_MS, Id, Money};

use super::*;
use crate::facts::{Decline, Status};
use crate::http_client::Raw;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/data/vectors.json")).unwrap()
}

fn text(pointer: &str) -> String {
    vectors().pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}")).to_owned()
}

fn config() -> AntomConfig {
    AntomConfig {
        url: "https://open-sea-global.alipay.com".parse().unwrap(),
        client_id: "CLIENT_5Y".to_owned(),
        private_key: text("/keys/merchant_private_pkcs8_der_base64"),
        key_version: 1,
        antom_public_keys: vec![text("/keys/platform_public_pem")],
        hook_path: "/hooks/antom".to_owned(),
        currencies: vec![Currency::CNY],
        settlement: None,
    }
}

/// Antom's half of the conversation: it signs what the shop is to believe.
fn theirs() -> Channel {
    let config = AntomConfig {
        private_key: text("/keys/platform_private_pkcs1_der_base64"),
        antom_public_keys: vec![text("/keys/merchant_public_pem")],
        ..config()
    };
    Channel::new(config, Env::system()).unwrap()
}

fn ours() -> Channel {
    Channel::new(config(), Env::system()).unwrap()
}

/// 2026-11-22 10:53:52 UTC, when the request of the vectors was made.
const SENT: Timestamp = Timestamp(1_795_344_832_000);
const SENT_TEXT: &str = "2026-11-22T10:53:52+00:00";
const PAY: &str = "/ams/api/v1/payments/pay";

fn headers(named: &[(&'static str, &str)]) -> HeaderMap {
    named.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

#[test]
fn a_request_is_signed_as_the_official_client_signs_it_and_is_believed_by_whoever_has_our_key() {
    let content = text("/antom_request/sign_content");
    let body = content.split_once("+00:00.").unwrap().1;
    assert_eq!(wire::time(SENT), SENT_TEXT);
    let header = ours().signature(PAY, SENT_TEXT, body).unwrap();
    let expected = text("/antom_request/urlencoded_signature");
    assert_eq!(header, format!("algorithm=RSA256,keyVersion=1,signature={expected}"));

    let told = headers(&[("client-id", "CLIENT_5Y"), ("request-time", SENT_TEXT), ("signature", &header)]);
    assert_eq!(theirs().check_message(PAY, &told, body.as_bytes()), Ok(SENT));
    let changed = body.replace("100", "101");
    assert_eq!(theirs().check_message(PAY, &told, changed.as_bytes()), Err(HookRejected::BadSignature));
}

#[test]
fn a_message_is_for_us_at_this_path_and_by_one_of_their_keys() {
    let raw = br#"{"notifyType":"PAYMENT_RESULT"}"#;
    let body = std::str::from_utf8(raw).unwrap();
    let signature = theirs().signature("/hooks/antom", SENT_TEXT, body).unwrap();
    let told = headers(&[("client-id", "CLIENT_5Y"), ("request-time", SENT_TEXT), ("signature", &signature)]);
    let shop = ours();
    assert_eq!(shop.check_message("/hooks/antom", &told, raw), Ok(SENT));
    let spaced = signature.replace(',', ", ");
    let with = |name: &'static str, value: &str| {
        let mut told = told.clone();
        told.insert(name, value.parse().unwrap());
        shop.check_message("/hooks/antom", &told, raw)
    };
    assert_eq!(with("signature", &spaced), Ok(SENT));
    for (name, value) in
        [("client-id", "CLIENT_5X"), ("request-time", "2026-11-22T10:53:53+00:00"), ("signature", "")]
    {
        assert_eq!(with(name, value), Err(HookRejected::BadSignature), "{name}");
    }
    assert_eq!(shop.check_message("/hooks/other", &told, raw), Err(HookRejected::BadSignature));
    assert_eq!(shop.check_message("/hooks/antom", &HeaderMap::new(), raw), Err(HookRejected::BadSignature));
    let config = AntomConfig {
        antom_public_keys: vec![text("/keys/merchant_public_pem"), text("/keys/platform_public_pem")],
        ..config()
    };
    let rotating = Channel::new(config, Env::system()).unwrap();
    assert_eq!(rotating.check_message("/hooks/antom", &told, raw), Ok(SENT));
}

#[test]
fn a_message_is_a_hint_for_three_days_and_its_own_name() {
    let payment =
        br#"{"notifyType":"PAYMENT_RESULT","paymentRequestId":"pay_1","paymentId":"2026","result":{}}"#;
    let hook = hook::read(SENT.plus_ms(25 * HOUR_MS), SENT, payment).unwrap();
    assert_eq!((hook.kind.as_str(), hook.reference.as_deref()), ("PAYMENT_RESULT", Some("pay_1")));
    assert_eq!(hook.provider_ref.as_deref(), Some("2026"));
    let refund = br#"{"notifyType":"REFUND_RESULT","refundRequestId":"ref_1_2","refundId":"r"}"#;
    let again = hook::read(SENT, SENT, refund).unwrap();
    assert_eq!(again.reference.as_deref(), Some("ref_1.2"), "the second try of a refund");
    assert_ne!(hook.event_id, again.event_id);
    for late in [4 * DAY_MS, -4 * DAY_MS] {
        assert_eq!(hook::read(SENT.plus_ms(late), SENT, payment), Err(HookRejected::Stale));
    }
    for bad in ["", "{}", r#"{"notifyType":"PAYMENT_RESULT"}"#] {
        assert_eq!(hook::read(SENT, SENT, bad.as_bytes()), Err(HookRejected::Unreadable), "{bad}");
    }
}

#[test]
fn moments_are_read_in_both_ways_that_antom_writes_them() {
    assert_eq!(wire::read_time(SENT_TEXT), Some(SENT));
    assert_eq!(wire::read_time("2026-11-22T18:53:52+08:00"), Some(SENT));
    assert_eq!(wire::read_time("1795344832000"), Some(SENT));
    assert_eq!(wire::read_time("yesterday"), None);
}

fn answered(channel: &Channel, body: &str, signed: Option<&Channel>) -> Result<wire::Answer, String> {
    let headers = signed.map_or_else(HeaderMap::new, |signer| {
        let signature = signer.signature(PAY, SENT_TEXT, body).unwrap();
        headers(&[("response-time", SENT_TEXT), ("signature", &signature)])
    });
    channel.answer(PAY, &Raw { status: 200, headers, body: body.as_bytes().to_vec() })
}

fn result(status: &str, code: &str) -> String {
    format!(r#"{{"result":{{"resultStatus":"{status}","resultCode":"{code}","resultMessage":"."}}}}"#)
}

#[test]
fn a_yes_is_believed_only_if_they_signed_it() {
    let (shop, antom) = (ours(), theirs());
    for (status, code) in [("S", "SUCCESS"), ("F", "PROCESS_FAIL"), ("U", "UNKNOWN_EXCEPTION")] {
        let body = result(status, code);
        assert!(answered(&shop, &body, Some(&antom)).is_ok());
        assert_eq!(answered(&shop, &body, None).is_ok(), status != "S", "{status}");
        assert!(answered(&shop, &body, Some(&shop)).is_err(), "signed by another: {status}");
    }
    let body = result("F", "PROCESS_FAIL");
    let half = Raw {
        status: 200,
        headers: headers(&[("response-time", SENT_TEXT)]),
        body: body.as_bytes().to_vec(),
    };
    assert!(shop.answer(PAY, &half).is_err(), "half a signature is none");
    let broken = Raw { status: 502, headers: HeaderMap::new(), body: body.into_bytes() };
    assert!(shop.answer(PAY, &broken).is_err());
    assert!(answered(&shop, "<html>", None).is_err());
}

#[test]
fn only_a_signed_word_about_the_business_is_a_refusal() {
    let (shop, antom) = (ours(), theirs());
    let done = |status: &str, code: &str, signed| {
        answered(&shop, &result(status, code), signed).unwrap().done().unwrap_err()
    };
    assert!(matches!(done("F", "REFUND_AMOUNT_EXCEED", Some(&antom)), ProviderError::Refused { .. }));
    assert!(matches!(done("F", "REFUND_AMOUNT_EXCEED", None), ProviderError::Unknown(_)));
    assert!(matches!(done("F", "INVALID_SIGNATURE", Some(&antom)), ProviderError::Unknown(_)));
    assert!(matches!(done("U", "UNKNOWN_EXCEPTION", Some(&antom)), ProviderError::Unknown(_)));
    let found = |code: &str, signed| {
        answered(&shop, &result("F", code), signed).unwrap().found::<Value>().unwrap_err()
    };
    assert!(matches!(found("ORDER_NOT_EXIST", Some(&antom)), ProviderError::NotFound));
    assert!(matches!(found("ORDER_NOT_EXIST", None), ProviderError::Unknown(_)), "a stranger knows nothing");
    assert!(matches!(found("PROCESS_FAIL", Some(&antom)), ProviderError::Unknown(_)));
}

fn facts(status: &str, more: &str) -> Facts {
    let json = format!(
        r#"{{"paymentId":"2026","paymentRequestId":"pay_1","paymentStatus":"{status}",
            "paymentAmount":{{"currency":"JPY","value":"1250"}}{more}}}"#
    );
    serde_json::from_str::<PaymentFound>(&json).unwrap().facts().unwrap()
}

#[test]
fn a_payment_stands_as_antom_says_and_anything_new_is_looked_at_again() {
    let paid = facts("SUCCESS", "");
    assert_eq!(paid.status, Status::Captured);
    let capture = &paid.captures[0];
    assert_eq!((capture.capture_ref.as_str(), capture.amount), ("2026", Money::new(1250, Currency::JPY)));
    for open in ["PROCESSING", "PENDING", "SOMETHING_NEW"] {
        let facts = facts(open, r#","paymentResultCode":"PAYMENT_IN_PROCESS""#);
        assert_eq!((facts.status, facts.captures.len(), facts.failure), (Status::Open, 0, None));
    }
    assert_eq!(facts("CANCELLED", "").status, Status::Cancelled);
    assert_eq!(facts("FAIL", r#","paymentResultCode":"ORDER_IS_CLOSED""#).status, Status::Expired);
    let poor = facts("FAIL", r#","paymentResultCode":"USER_BALANCE_NOT_ENOUGH""#);
    assert_eq!(poor.status, Status::Declined(Decline::Soft));
    assert_eq!(poor.failure.as_deref(), Some("USER_BALANCE_NOT_ENOUGH"));
}

#[test]
fn refunds_stand_with_their_payment_and_what_cannot_be_read_loses_nothing() {
    let transaction = |kind: &str, status: &str, name: &str| {
        format!(
            r#"{{"transactionType":"{kind}","transactionStatus":"{status}","transactionId":"r","transactionRequestId":"{name}",
                "transactionAmount":{{"currency":"JPY","value":"50"}}}}"#
        )
    };
    let all = [
        transaction("REFUND", "SUCCESS", "ref_1"),
        transaction("REFUND", "FAIL", "ref_1_2"),
        transaction("REFUND", "PROCESSING", "ref_2"),
        transaction("CANCEL", "SUCCESS", "pay_1"),
        r#"{"transactionType":"REFUND","transactionStatus":"SUCCESS"}"#.to_owned(),
        "{}".to_owned(),
    ];
    let paid = facts("SUCCESS", &format!(r#","transactions":[{}]"#, all.join(",")));
    let told: Vec<_> = paid.refunds.iter().map(|fact| (fact.reference.as_str(), fact.status)).collect();
    assert_eq!(
        told,
        [
            ("ref_1", RefundStatus::Succeeded),
            ("ref_1.2", RefundStatus::Failed),
            ("ref_2", RefundStatus::Pending)
        ]
    );
    assert_eq!(paid.captures.len(), 1);
}

fn refund_request() -> RefundRequest {
    RefundRequest {
        reference: "ref_1.2".to_owned(),
        payment: Id::from_u128(1),
        payment_ref: "2026".to_owned(),
        capture_ref: "2026".to_owned(),
        amount: Money::new(50, Currency::JPY),
        of: Money::new(1250, Currency::JPY),
        notify_url: String::new(),
    }
}

#[test]
fn a_refund_that_is_not_known_is_told_by_an_empty_answer_too() {
    let read = |json: &str| serde_json::from_str::<RefundFound>(json).unwrap().fact(&refund_request());
    assert_eq!(read("{}"), Err(ProviderError::NotFound));
    let fact = read(r#"{"refundId":"r1","refundStatus":"PROCESSING"}"#).unwrap();
    assert_eq!((fact.reference.as_str(), fact.status), ("ref_1.2", RefundStatus::Pending));
    let other =
        r#"{"refundId":"r1","refundStatus":"SUCCESS","refundAmount":{"currency":"JPY","value":"40"}}"#;
    assert_eq!(read(other).unwrap().amount.minor, 40, "the core compares it");
    for reference in ["ref_1", "ref_1.2", "ref_1.12"] {
        let theirs = wire::theirs(reference);
        assert!(!theirs.contains('.'), "{theirs}");
        assert_eq!(wire::ours(&theirs), reference);
    }
}

#[test]
fn amounts_are_whole_numbers_of_antoms_own_smallest_unit() {
    let value = |minor, code: &str| {
        wire::amount(Money::new(minor, code.parse().unwrap())).map(|a| a["value"].clone())
    };
    assert_eq!(value(7200, "CNY").unwrap(), "7200");
    assert_eq!(value(1250, "JPY").unwrap(), "1250");
    assert!(matches!(value(10_050, "IDR"), Err(ProviderError::Refused { .. })), "whole rupiah only");
}

#[test]
fn real_money_is_where_antom_is_and_the_client_is_no_sandbox() {
    let of = |url: &str, client_id: &str| {
        capabilities(&AntomConfig { url: url.parse().unwrap(), client_id: client_id.to_owned(), ..config() })
    };
    let real = of("https://open-de-global.alipay.com", "5Y");
    assert!(real.live && real.pay_origins.contains(&"https://*.alipay.com".to_owned()));
    assert!(of("https://open.antglobal-us.com", "5Y").live);
    assert!(!of("https://open-de-global.alipay.com", "SANDBOX_5Y").live);
    assert!(!of("https://notalipay.com", "5Y").live && !of("https://alipay.com.evil.example", "5Y").live);
    assert_eq!(of("http://127.0.0.1:4400", "5Y").pay_origins, ["http://127.0.0.1:4400"]);
    let offered = of("https://open-de-global.alipay.com", "5Y");
    assert!(offered.within_limits(Money::new(10, Currency::CNY)));
    for minor in [9, 30_000_001] {
        assert!(!offered.within_limits(Money::new(minor, Currency::CNY)), "{minor}");
    }
}

#[test]
fn what_is_wrong_is_told_at_the_start_and_no_key_is_shown() {
    assert!(Antom::new(config(), Env::system()).is_ok());
    let wrong = [
        AntomConfig { private_key: "hush".to_owned(), ..config() },
        AntomConfig { antom_public_keys: vec!["hush".to_owned()], ..config() },
        AntomConfig { antom_public_keys: Vec::new(), ..config() },
        AntomConfig { client_id: String::new(), ..config() },
        AntomConfig { currencies: Vec::new(), ..config() },
    ];
    for config in wrong {
        assert!(!format!("{config:?}").contains("hush"));
        let error = Antom::new(config, Env::system()).err().unwrap();
        assert!(!format!("{error:?}").contains("hush"));
    }
}
