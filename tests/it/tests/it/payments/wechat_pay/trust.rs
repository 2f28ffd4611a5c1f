//! Whom the adapter believes: signatures of messages and answers, keys that change, probes.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use basis::{HOUR_MS, Id, MINUTE_MS, SECOND_MS};
use payments::{Device, HookRejected, PaymentState, Provider as _, Received, WechatPay, WechatPayConfig};
use paysim::{AnswerPlan, FaultPlan, HookPlan, Outcome, PLATFORM, PLATFORM_NEXT};

use super::{PUBLIC_KEY_ID, Shop, config, in_both, in_shops};

async fn receive(shop: &Shop, headers: &HeaderMap, raw: &[u8]) -> Result<Received, HookRejected> {
    payments::receive_hook(&shop.db, &shop.env, &shop.providers, "wechat_pay", headers, raw).await
}

fn last_message(shop: &Shop) -> (HeaderMap, Bytes) {
    shop.messages.lock().unwrap().last().unwrap().clone()
}

fn changed(headers: &HeaderMap, name: &'static str, value: &str) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert(name, value.parse().unwrap());
    headers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_believed_once_for_five_minutes_and_byte_for_byte() {
    in_both(async |shop| {
        shop.paid(1).await;
        let (headers, raw) = last_message(&shop);
        assert_eq!(receive(&shop, &headers, &raw).await, Ok(Received::Repeat));
        let text = String::from_utf8(raw.to_vec()).unwrap();
        for (headers, raw) in [
            (headers.clone(), text.replace("SUCCESS", "SUCCES5")),
            (HeaderMap::new(), text.clone()),
            (changed(&headers, "wechatpay-nonce", "another"), text.clone()),
            (changed(&headers, "wechatpay-serial", "4A4A4A4A"), text.clone()),
            (changed(&headers, "wechatpay-serial", PUBLIC_KEY_ID), text.clone()),
        ] {
            assert_eq!(receive(&shop, &headers, raw.as_bytes()).await, Err(HookRejected::BadSignature));
        }
        shop.clock.advance_ms(301 * SECOND_MS);
        assert_eq!(receive(&shop, &headers, &raw).await, Err(HookRejected::Stale));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_message_moves_nothing_and_the_truth_is_found_by_looking() {
    in_both(async |shop| {
        let (_, payment, theirs) = shop.open_one().await;
        let hook = HookPlan { forged: true, ..HookPlan::default() };
        shop.faults(&theirs, FaultPlan { hook, ..FaultPlan::default() }).await;
        shop.pay(&theirs, Outcome::Ok).await;
        shop.after_hooks(1).await;
        assert_eq!(*shop.hooks.lock().unwrap(), [StatusCode::UNAUTHORIZED]);
        assert_eq!(shop.state(payment).await, PaymentState::Pending);
        shop.later(5 * SECOND_MS).await;
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_refused_and_cost_nothing() {
    in_both(async |shop| {
        let probing = FaultPlan { answer: AnswerPlan::Probe, ..FaultPlan::default() };
        shop.faults_of_opening(probing.clone()).await;
        let (_, payment, theirs) = shop.open_one().await;
        let hook = HookPlan { probed: true, ..HookPlan::default() };
        shop.faults(&theirs, FaultPlan { hook, ..FaultPlan::default() }).await;
        shop.pay(&theirs, Outcome::Ok).await;
        shop.after_hooks(2).await;
        let mut answers = shop.hooks.lock().unwrap().clone();
        answers.sort();
        assert_eq!(answers, [StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED]);
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        let messages = shop.messages.lock().unwrap().clone();
        let is_probe = |headers: &HeaderMap| {
            headers["wechatpay-signature"].to_str().unwrap().starts_with("WECHATPAY/SIGNTEST/")
        };
        let (headers, raw) = messages.iter().find(|(headers, _)| is_probe(headers)).unwrap();
        assert_eq!(receive(&shop, headers, raw).await, Err(HookRejected::Probe), "known as what it is");
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        shop.later(30 * SECOND_MS).await;
        assert_eq!(shop.messages.lock().unwrap().len(), 2, "no probe comes again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_fetched_when_it_signs_and_the_old_one_stays_good() {
    in_both(async |shop| {
        shop.paid(1).await;
        let (old_headers, old_raw) = last_message(&shop);
        shop.clock.advance_ms(2 * MINUTE_MS);
        shop.paysim.change_keys("wechat_pay", |keys| keys.signers = vec![PLATFORM_NEXT, PLATFORM]);
        let (_, payment, _) = shop.paid(2).await;
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        assert_eq!(last_message(&shop).0["wechatpay-serial"], PLATFORM_NEXT.serial());
        assert_eq!(receive(&shop, &old_headers, &old_raw).await, Ok(Received::Repeat));
        // Hours later the old one is gone, and a message signed by it is not believed any more.
        shop.paysim.change_keys("wechat_pay", |keys| keys.signers = vec![PLATFORM_NEXT]);
        shop.clock.advance_ms(7 * HOUR_MS);
        shop.open_one().await;
        shop.paysim.change_keys("wechat_pay", |keys| keys.signers = vec![PLATFORM]);
        let refused = shop.begin_at(shop.create(shop.env.new_id(), 100).await, Device::Desktop).await;
        assert_eq!(refused.unwrap_err().key, "payments-provider-silent");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_key_is_believed_and_beside_it_the_certificates() {
    let key = (PUBLIC_KEY_ID.to_owned(), PLATFORM.certificate.to_owned());
    in_shops(Some(key), async |shop| {
        let (order, payment, _) = shop.paid(1).await;
        assert_eq!(last_message(&shop).0["wechatpay-serial"], PUBLIC_KEY_ID);
        assert_eq!(shop.state(payment).await, PaymentState::Captured);
        shop.refund(order, payment, 7200).await;
        assert_eq!(shop.state(payment).await, PaymentState::Refunded);
        let by_certificate = WechatPay::new(config(&shop.paysim, None), shop.env.clone()).unwrap();
        let (headers, raw) = last_message(&shop);
        let unknown = by_certificate.parse_hook(shop.env.now(), &headers, &raw).await;
        assert_eq!(unknown, Err(HookRejected::BadSignature), "who has no public key does not believe it");
        shop.books_agree().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_wrong_key_nothing_is_asked_for_and_nothing_is_lost() {
    in_both(async |shop| {
        let (_, payment, _) = shop.open_one().await;
        let right = config(&shop.paysim, None);
        for wrong in [
            WechatPayConfig { mchid: "1900000110".into(), ..right.clone() },
            WechatPayConfig { private_key: PLATFORM.key.into(), ..right.clone() },
            WechatPayConfig { certificate_serial: "1".into(), ..right.clone() },
            WechatPayConfig { api_v3_key: "f".repeat(32), ..right.clone() },
        ] {
            let wechat = WechatPay::new(wrong, shop.env.clone()).unwrap();
            let named = payments::PaymentRef { payment, provider_ref: None };
            let asked = wechat.query(&named).await;
            assert!(matches!(asked, Err(payments::ProviderError::Unknown(_))), "{asked:?}");
        }
        assert!(
            WechatPay::new(WechatPayConfig { api_v3_key: "short".into(), ..right }, shop.env.clone())
                .is_err()
        );
        let unknown = payments::PaymentRef { payment: Id::from_u128(5), provider_ref: None };
        assert_eq!(shop.wechat.query(&unknown).await, Err(payments::ProviderError::NotFound));
    })
    .await;
}
