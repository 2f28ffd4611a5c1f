//! The gateway's wire format, against what the official clients signed.

use std::collections::BTreeMap;

use basis::{Env, HOUR_MS, Timestamp};
use serde_json::Value;

use super::*;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/data/vectors.json")).unwrap()
}

fn text<'a>(vectors: &'a Value, pointer: &str) -> &'a str {
    vectors.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
}

fn theirs() -> Vec<PublicKey> {
    vec![PublicKey::read(text(&vectors(), "/keys/platform_public_pem")).unwrap()]
}

/// 2026-11-22 10:00:00 in China, when the message of the vectors was sent.
const SENT: Timestamp = Timestamp(1_795_312_800_000);

#[test]
fn a_request_is_signed_as_the_official_client_signs_it() {
    let vectors = vectors();
    let key = PrivateKey::read(text(&vectors, "/keys/merchant_private_pkcs8_der_base64")).unwrap();
    let params = vectors["alipay_request"]["params"].as_object().unwrap();
    let names: BTreeMap<&str, &'static str> = [
        "app_id",
        "method",
        "charset",
        "format",
        "version",
        "sign_type",
        "timestamp",
        "notify_url",
        "biz_content",
    ]
    .map(|name| (name, name))
    .into();
    let params: BTreeMap<&'static str, String> = params
        .iter()
        .map(|(name, value)| (names[name.as_str()], value.as_str().unwrap().to_owned()))
        .collect();
    let with_empty = params.clone().into_iter().chain([("return_url", String::new())]).collect();
    let content = wire::joined(params.iter().map(|(name, value)| (*name, value.as_str())));
    assert_eq!(content, text(&vectors, "/alipay_request/sign_content"));
    let signed = wire::sign(&key, with_empty).unwrap();
    assert_eq!(signed.last().unwrap(), &("sign", text(&vectors, "/alipay_request/sign").to_owned()));
    assert!(signed.iter().all(|(name, _)| *name != "return_url"), "what is empty is neither signed nor sent");
}

#[test]
fn an_answer_is_believed_over_exactly_the_text_that_came() {
    let vectors = vectors();
    let raw = text(&vectors, "/alipay_response/raw");
    let read = |raw: &str| wire::read_answer::<Value>(&theirs(), "alipay.trade.precreate", raw.as_bytes());
    assert_eq!(read(raw).unwrap()["qr_code"], "https://qr.alipay.com/bax0");
    let (before, after) = raw.split_once(",\"sign\"").unwrap();
    let with_certificate = format!("{before},\"alipay_cert_sn\":\"1\",\"sign\"{after}");
    assert!(read(&with_certificate).is_ok(), "what stands between is not signed");
    for changed in [
        raw.replace("\\/", "/"),
        raw.replace("o1", "o2"),
        raw.replace("\",\"msg", "\", \"msg"),
        before.to_owned() + "}",
    ] {
        assert!(matches!(read(&changed), Err(ProviderError::Unknown(_))), "{changed}");
    }
}

#[test]
fn only_a_signed_word_about_the_business_is_a_refusal() {
    let vectors = vectors();
    let platform = PrivateKey::read(text(&vectors, "/keys/platform_private_pkcs1_der_base64")).unwrap();
    let answered = |node: &str| {
        let sign = platform.sign(node.as_bytes()).unwrap();
        let body = format!("{{\"alipay_trade_query_response\":{node},\"sign\":\"{sign}\"}}");
        wire::read_answer::<Value>(&theirs(), "alipay.trade.query", body.as_bytes()).unwrap_err()
    };
    let coded = |code: &str, sub_code: &str| {
        answered(&format!("{{\"code\":\"{code}\",\"sub_code\":\"{sub_code}\"}}"))
    };
    assert!(matches!(coded("40004", "ACQ.TRADE_NOT_EXIST"), ProviderError::NotFound));
    assert!(matches!(coded("40004", "ACQ.TRADE_STATUS_ERROR"), ProviderError::Refused { .. }));
    for (code, sub_code) in [
        ("40004", "ACQ.SYSTEM_ERROR"),
        ("10003", ""),
        ("20000", "isp.unknow-error"),
        ("40002", "isv.invalid-signature"),
        ("40005", "isv.method-call-limited"),
    ] {
        assert!(matches!(coded(code, sub_code), ProviderError::Unknown(_)), "{code} {sub_code}");
    }
    let unsigned = br#"{"error_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}"#;
    let unsigned = wire::read_answer::<Value>(&theirs(), "alipay.trade.query", unsigned).unwrap_err();
    assert!(matches!(unsigned, ProviderError::Unknown(said) if said.contains("ACQ.TRADE_NOT_EXIST")));
}

#[test]
fn a_message_is_believed_for_three_days_if_nothing_in_it_was_changed() {
    let vectors = vectors();
    let form = text(&vectors, "/alipay_notify/form_body");
    let read = |form: &str, after_ms: i64| notify::read(&theirs(), SENT.plus_ms(after_ms), form.as_bytes());
    let hook = read(form, 25 * HOUR_MS).unwrap();
    assert_eq!((hook.event_id.as_str(), hook.kind.as_str()), ("n1", "TRADE_SUCCESS"));
    assert_eq!((hook.provider_ref.as_deref(), hook.reference.as_deref()), (Some("t1"), Some("o1")));
    assert_eq!(read(form, 73 * HOUR_MS), Err(HookRejected::Stale));
    assert_eq!(read(form, -73 * HOUR_MS), Err(HookRejected::Stale));
    let unsigned = form.split("&sign=").next().unwrap();
    for changed in [&form.replace("88.88", "88.89"), &form.replace("%25", ""), unsigned, ""] {
        assert_eq!(read(changed, 0), Err(HookRejected::BadSignature), "{changed}");
    }
}

#[test]
fn moments_are_china_s_and_subjects_have_no_signs_that_alipay_refuses() {
    assert_eq!(wire::time(SENT), "2026-11-22 10:00:00");
    assert_eq!(wire::read_time("2026-11-22 10:00:00"), Some(SENT));
    assert_eq!(wire::end_of("2026-11-21".parse().unwrap()).unwrap(), SENT.plus_ms(-10 * HOUR_MS));
    assert_eq!(wire::subject("日本 1/2=3&4"), "日本 1 2 3 4");
    assert_eq!(wire::subject(&"套".repeat(300)).chars().count(), 128);
}

#[test]
fn a_closed_trade_was_paid_if_its_seller_got_the_money() {
    let trade = |status: &str, paid_at: &str| {
        let json = format!(
            "{{\"trade_no\":\"t\",\"out_trade_no\":\"o\",\"trade_status\":\"{status}\",\"total_amount\":\"1.00\",\"send_pay_date\":{paid_at}}}"
        );
        facts(serde_json::from_str(&json).unwrap()).unwrap()
    };
    assert_eq!(trade("TRADE_CLOSED", "null").status, Status::Cancelled);
    assert_eq!(trade("TRADE_CLOSED", "\"2026-11-22 10:00:00\"").captures.len(), 1, "all of it went back");
    assert_eq!(trade("TRADE_FINISHED", "null").status, Status::Captured);
    assert_eq!(trade("WAIT_BUYER_PAY", "null").status, Status::Open);
    assert_eq!(trade("TRADE_SOMETHING_NEW", "null").status, Status::Open, "and is looked at again");
}

#[test]
fn real_money_is_where_alipay_s_own_gateway_is() {
    let of = |gateway: &str| capabilities(&gateway.parse().unwrap());
    let real = of("https://openapi.alipay.com/gateway.do");
    assert!(real.live && real.pay_origins == ["https://*.alipay.com"]);
    let sandbox = of("https://openapi-sandbox.dl.alipaydev.com/gateway.do");
    assert!(!sandbox.live && sandbox.pay_origins == ["https://*.alipaydev.com"]);
    assert_eq!(of("http://127.0.0.1:4400/gateway.do").pay_origins, ["http://127.0.0.1:4400"]);
    assert!(!of("https://notalipay.com/gateway.do").live);
}

#[test]
fn a_wrong_key_is_told_at_the_start_and_not_shown() {
    let config = |private_key: &str, public: &[&str]| AlipayConfig {
        gateway: "https://openapi.alipay.com/gateway.do".parse().unwrap(),
        app_id: "2021".to_owned(),
        private_key: private_key.to_owned(),
        alipay_public_keys: public.iter().map(|key| (*key).to_owned()).collect(),
    };
    let vectors = vectors();
    let (key, public) = (
        text(&vectors, "/keys/merchant_private_pkcs8_der_base64"),
        text(&vectors, "/keys/platform_public_pem"),
    );
    assert!(Alipay::new(config(key, &[public]), Env::system()).is_ok());
    for (key, public) in [("hush", vec![public]), (key, vec!["hush"]), (key, vec![])] {
        let error = Alipay::new(config(key, &public), Env::system()).err().unwrap();
        assert!(!format!("{error:?}").contains("hush"));
    }
    assert!(!format!("{:?}", config("hush", &[])).contains("hush"));
}
