//! WeChat Pay's answers and messages, as they stand on the wire. What we do not know of a payment that may be paid is never
//! an error that forgets it, but a reason to look again.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use basis::{Currency, SECOND_MS, Timestamp};
use jiff::tz;
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

use crate::amounts;
use crate::facts::{CaptureFact, Decline, Facts, RefundFact, RefundStatus, Status};
use crate::hook::Hook;
use crate::provider::ProviderError;
use crate::requests::PayAt;
use crate::signing::open_aes_256_gcm;

/// A time as WeChat writes it: `2026-11-23T18:00:00+08:00`. Empty for one beyond all calendars.
pub(super) fn beijing_time(at: Timestamp) -> String {
    let second = jiff::Timestamp::from_second(at.as_ms().div_euclid(SECOND_MS));
    second.map(|second| second.display_with_offset(tz::offset(8)).to_string()).unwrap_or_default()
}

/// The numbers under which WeChat may know a refund, the first try's first. Ours are `rfd_…`, `rfd_….2`, `rfd_….3`; they
/// allow no point.
pub(super) fn refund_numbers(reference: &str) -> Vec<String> {
    let (id, tries) = reference.split_once('.').unwrap_or((reference, "1"));
    let tries: u32 = tries.parse().unwrap_or(1);
    let later = (2..=tries).map(|try_| format!("{id}-{try_}"));
    [id.to_owned()].into_iter().chain(later).collect()
}

/// Our name of the refund with this number.
pub(super) fn refund_reference(number: &str) -> String {
    number.replace('-', ".")
}

/// An opened payment: one of the two.
#[derive(Deserialize)]
pub(super) struct WireOpened {
    code_url: Option<String>,
    h5_url: Option<String>,
}

impl WireOpened {
    pub(super) fn code(self) -> Result<PayAt, ProviderError> {
        let code = self.code_url.filter(|code| !code.is_empty());
        code.map(PayAt::Code).ok_or_else(|| ProviderError::Unknown("opened without a code".to_owned()))
    }

    /// The page, which sends the payer's browser to `back`.
    pub(super) fn page(self, back: &str) -> Result<PayAt, ProviderError> {
        let page = self.h5_url.and_then(|url| Url::parse(&url).ok());
        let mut page = page.ok_or_else(|| ProviderError::Unknown("opened without a page".to_owned()))?;
        page.query_pairs_mut().append_pair("redirect_url", back);
        Ok(PayAt::Page(page.into()))
    }
}

/// `{"total":7200,"currency":"CNY"}`
#[derive(Deserialize)]
struct WireAmount {
    total: i64,
    #[serde(default = "cny")]
    currency: String,
}

fn cny() -> String {
    Currency::CNY.code().to_owned()
}

/// A payment as they answer it.
#[derive(Deserialize)]
pub(super) struct WireTransaction {
    #[serde(default)]
    appid: String,
    #[serde(default)]
    mchid: String,
    out_trade_no: String,
    transaction_id: Option<String>,
    trade_state: String,
    trade_state_desc: Option<String>,
    amount: Option<WireAmount>,
}

impl WireTransaction {
    pub(super) fn facts(self, mchid: &str, appid: &str) -> Result<Facts, ProviderError> {
        let status = match self.trade_state.as_str() {
            "SUCCESS" | "REFUND" => Status::Captured,
            "CLOSED" | "REVOKED" => Status::Cancelled,
            "PAYERROR" => Status::Declined(Decline::Soft),
            // NOTPAY, USERPAYING, ACCEPT, and what they may think of.
            _ => Status::Open,
        };
        let captures = match &self.amount {
            _ if status != Status::Captured => Vec::new(),
            Some(amount) => vec![capture(self.transaction_id.as_deref(), amount)?],
            None => return Err(ProviderError::Unknown("paid without an amount".to_owned())),
        };
        Ok(Facts {
            provider_ref: self.transaction_id.filter(|id| !id.is_empty()),
            reference: self.out_trade_no,
            merchant_is_ours: self.mchid == mchid && self.appid == appid,
            failure: matches!(status, Status::Declined(_)).then_some(self.trade_state_desc).flatten(),
            status,
            captures,
            refunds: Vec::new(),
            disputes: Vec::new(),
            saved: None,
        })
    }
}

fn capture(transaction: Option<&str>, amount: &WireAmount) -> Result<CaptureFact, ProviderError> {
    let unknown = |what: &str| ProviderError::Unknown(format!("paid with {what}"));
    let transaction = transaction.filter(|id| !id.is_empty()).ok_or_else(|| unknown("no transaction"))?;
    let currency = amount.currency.parse().map_err(|_| unknown("another currency"))?;
    let amount = amounts::PLAIN.read_integer(amount.total, currency)?;
    Ok(CaptureFact { capture_ref: transaction.to_owned(), amount })
}

/// `{"refund":7200,"currency":"CNY"}`
#[derive(Deserialize)]
struct WireRefundAmount {
    refund: i64,
    #[serde(default = "cny")]
    currency: String,
}

/// A refund as they answer it.
#[derive(Deserialize)]
pub(super) struct WireRefund {
    refund_id: String,
    status: String,
    amount: WireRefundAmount,
}

impl WireRefund {
    /// Nothing went back, the money is still ours, and they want another number for another try.
    pub(super) fn is_closed(&self) -> bool {
        self.status == "CLOSED"
    }

    pub(super) fn fact(self, reference: &str) -> Result<RefundFact, ProviderError> {
        let status = match self.status.as_str() {
            "SUCCESS" => RefundStatus::Succeeded,
            // ABNORMAL: the payer's card is gone. The money lies between us and them until someone sends it on in their
            // merchant platform; a new try asks about it and sends nothing.
            "CLOSED" | "ABNORMAL" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        };
        let currency = self.amount.currency.parse();
        let currency =
            currency.map_err(|_| ProviderError::Unknown("a refund in another currency".to_owned()))?;
        Ok(RefundFact {
            provider_ref: self.refund_id,
            reference: reference.to_owned(),
            amount: amounts::PLAIN.read_integer(self.amount.refund, currency)?,
            status,
            failure: (status == RefundStatus::Failed).then_some(self.status),
        })
    }
}

/// Something sealed with the APIv3 key.
#[derive(Deserialize)]
struct WireSealed {
    algorithm: String,
    ciphertext: String,
    nonce: String,
    #[serde(default)]
    associated_data: String,
}

impl WireSealed {
    fn open(&self, key: &[u8]) -> Option<Vec<u8>> {
        if self.algorithm != "AEAD_AES_256_GCM" {
            return None;
        }
        let sealed = BASE64.decode(&self.ciphertext).ok()?;
        open_aes_256_gcm(key, self.nonce.as_bytes(), self.associated_data.as_bytes(), &sealed)
    }
}

/// A message's outside.
#[derive(Deserialize)]
struct WireMessage {
    id: String,
    event_type: String,
    resource: WireSealed,
}

/// A message's inside: a payment, or a refund with its payment's number.
#[derive(Deserialize)]
struct WireSubject {
    out_trade_no: String,
}

/// Reads a message whose signature is good; `None` if it is no such message.
pub(super) fn read_message(key: &[u8], raw: &[u8]) -> Option<Hook> {
    let message: WireMessage = json(raw)?;
    let subject: WireSubject = json(&message.resource.open(key)?)?;
    if message.id.is_empty() || message.id.len() > 200 {
        return None;
    }
    Some(Hook {
        event_id: message.id,
        kind: message.event_type.chars().take(100).collect(),
        provider_ref: None,
        reference: Some(subject.out_trade_no),
    })
}

#[derive(Deserialize)]
struct WireCertificates {
    data: Vec<WireCertificate>,
}

#[derive(Deserialize)]
struct WireCertificate {
    serial_no: String,
    expire_time: String,
    encrypt_certificate: WireSealed,
}

/// The certificates that have not run out, each with its serial number, as PEM.
pub(super) fn read_certificates(
    key: &[u8],
    raw: &[u8],
    now: Timestamp,
) -> Result<Vec<(String, String)>, ProviderError> {
    let unreadable = || ProviderError::Unknown("unreadable certificates".to_owned());
    let shown: WireCertificates = json(raw).ok_or_else(unreadable)?;
    let in_force = |certificate: &WireCertificate| {
        let end: Result<jiff::Timestamp, _> = certificate.expire_time.parse();
        end.is_ok_and(|end| end.as_millisecond() > now.as_ms())
    };
    let open = |certificate: WireCertificate| {
        let pem = certificate.encrypt_certificate.open(key)?;
        Some((certificate.serial_no, String::from_utf8(pem).ok()?))
    };
    let opened: Vec<(String, String)> = shown.data.into_iter().filter(in_force).filter_map(open).collect();
    if opened.is_empty() { Err(unreadable()) } else { Ok(opened) }
}

fn json<T: DeserializeOwned>(raw: &[u8]) -> Option<T> {
    serde_json::from_slice(raw).ok()
}

#[cfg(test)]
mod tests {
    use basis::Money;
    use serde_json::{Value, json};

    use super::*;

    fn facts(answer: Value) -> Result<Facts, ProviderError> {
        serde_json::from_value::<WireTransaction>(answer).unwrap().facts("1900000109", "wx1")
    }

    fn paid(state: &str) -> Value {
        json!({
            "appid": "wx1", "mchid": "1900000109", "out_trade_no": "pay_1", "transaction_id": "4200",
            "trade_state": state, "amount": { "total": 7200, "payer_total": 7000, "currency": "CNY" },
            "something": { "new": [1, 2] },
        })
    }

    #[test]
    fn paid_and_refunded_payments_show_what_came_and_no_other_does() {
        for state in ["SUCCESS", "REFUND"] {
            let facts = facts(paid(state)).unwrap();
            assert_eq!(
                facts.captures[0].amount,
                Money::new(7200, Currency::CNY),
                "with a voucher of WeChat's"
            );
            assert!(facts.merchant_is_ours && facts.status == Status::Captured);
        }
        for (state, status) in [
            ("NOTPAY", Status::Open),
            ("USERPAYING", Status::Open),
            ("A_NEW_WORD", Status::Open),
            ("CLOSED", Status::Cancelled),
            ("REVOKED", Status::Cancelled),
            ("PAYERROR", Status::Declined(Decline::Soft)),
        ] {
            let facts = facts(paid(state)).unwrap();
            assert_eq!((facts.status, facts.captures.len()), (status, 0), "{state}");
        }
        let foreign = facts(Value::Object(
            paid("SUCCESS")
                .as_object()
                .cloned()
                .into_iter()
                .flatten()
                .chain([("appid".to_owned(), json!("wx2"))])
                .collect(),
        ));
        assert!(!foreign.unwrap().merchant_is_ours);
    }

    #[test]
    fn money_that_cannot_be_read_is_looked_at_again() {
        for field in ["amount", "transaction_id"] {
            let mut answer = paid("SUCCESS");
            answer.as_object_mut().unwrap().remove(field);
            assert!(matches!(facts(answer), Err(ProviderError::Unknown(_))), "{field}");
        }
    }

    #[test]
    fn refund_numbers_are_allowed_ones_and_come_back_to_ours() {
        assert_eq!(refund_numbers("rfd_1"), ["rfd_1"]);
        assert_eq!(refund_numbers("rfd_1.3"), ["rfd_1", "rfd_1-2", "rfd_1-3"]);
        assert_eq!(refund_reference("rfd_1-3"), "rfd_1.3");
    }

    #[test]
    fn times_are_beijings() {
        assert_eq!(beijing_time(Timestamp(1_795_344_482_999)), "2026-11-22T18:48:02+08:00");
    }

    #[test]
    fn what_the_official_client_sealed_is_opened() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/data/vectors.json")).unwrap();
        let mut sealed = vectors["wechat_resource"].clone();
        sealed["algorithm"] = json!("AEAD_AES_256_GCM");
        let key = sealed["api_v3_key"].as_str().or(sealed["apiv3_key"].as_str()).unwrap().as_bytes().to_vec();
        let plain = sealed["plaintext"].as_str().unwrap().as_bytes().to_vec();
        let sealed: WireSealed = serde_json::from_value(sealed).unwrap();
        assert_eq!(sealed.open(&key), Some(plain));
        let message = json!({ "id": "m1", "event_type": "TRANSACTION.SUCCESS", "resource": vectors["wechat_resource"] });
        assert_eq!(read_message(&key, message.to_string().as_bytes()), None, "no algorithm, no payment");
    }
}
