//! Requests and answers of the gateway, as they stand on the wire.
//! Signing: opendocs.alipay.com/common/02kf5q; verifying: opendocs.alipay.com/common/02mse7.

use std::collections::BTreeMap;

use basis::{Problem, Timestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::provider::ProviderError;
use crate::signing::{PrivateKey, PublicKey};

/// Alipay's clocks, and the days of its bills.
const CHINA: Offset = Offset::constant(8);
/// How Alipay writes a moment.
const TIME: &str = "%Y-%m-%d %H:%M:%S";
/// A subject has 256 characters at most; payers see fewer.
const SUBJECT_CHARS_MAX: usize = 128;

/// A moment in China's time, `2026-11-23 22:41:09`.
pub(super) fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    CHINA.to_datetime(at).strftime(TIME).to_string()
}

/// The moment that such a text means.
pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    moment(DateTime::strptime(TIME, text).ok()?)
}

/// When a day ends in China.
///
/// # Errors
/// Unknown for the last day of all.
pub(super) fn end_of(day: Date) -> Result<Timestamp, ProviderError> {
    let next = day.tomorrow().ok().and_then(|next| moment(next.to_datetime(jiff::civil::Time::midnight())));
    next.ok_or_else(|| ProviderError::Unknown(format!("{day} has no end")))
}

fn moment(local: DateTime) -> Option<Timestamp> {
    let zoned = local.to_zoned(TimeZone::fixed(CHINA)).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

/// A subject without the signs that Alipay refuses in it.
pub(super) fn subject(description: &str) -> String {
    let plain = description.chars().map(|c| if matches!(c, '/' | '=' | '&') { ' ' } else { c });
    plain.take(SUBJECT_CHARS_MAX).collect()
}

/// What every request carries.
pub(super) fn common(app_id: &str, method: &str, now: Timestamp) -> BTreeMap<&'static str, String> {
    [
        ("app_id", app_id),
        ("method", method),
        ("format", "JSON"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", &time(now)),
        ("version", "1.0"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.to_owned()))
    .collect()
}

/// The parameters with their signature: over `name=value` of all that are not empty, by name, as they are before
/// any encoding.
///
/// # Errors
/// Internal if the machine has no randomness.
pub(super) fn sign(
    key: &PrivateKey,
    params: BTreeMap<&'static str, String>,
) -> Result<Vec<(&'static str, String)>, Problem> {
    let mut params: Vec<_> = params.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let signature =
        key.sign(joined(params.iter().map(|(name, value)| (*name, value.as_str()))).as_bytes())?;
    params.push(("sign", signature));
    Ok(params)
}

/// `a=1&b=2`, as it is signed.
pub(super) fn joined<'a>(params: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    params.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Whether any of Alipay's keys signed this.
pub(super) fn is_signed(keys: &[PublicKey], content: &str, signature: &str) -> bool {
    keys.iter().any(|key| key.verifies(content.as_bytes(), signature))
}

/// Reads an answer whose signature is Alipay's.
///
/// # Errors
/// Not found and refused only on Alipay's signed word about this business; all else is unknown: an unsigned error (of
/// a gateway that does not know us), a fault of theirs, a limit, a right that we lack.
pub(super) fn read_answer<T: DeserializeOwned>(
    keys: &[PublicKey],
    method: &str,
    body: &[u8],
) -> Result<T, ProviderError> {
    let unknown = |what: &str| ProviderError::Unknown(format!("{method}: {what}"));
    let text = std::str::from_utf8(body).map_err(|_| unknown("an answer that is no text"))?;
    let name = format!("{}_response", method.replace('.', "_"));
    let Some(node) = raw_value(text, &name) else {
        let error = raw_value(text, "error_response").unwrap_or("an answer about something else");
        return Err(unknown(error));
    };
    if !is_signed(keys, node, &signature(text).unwrap_or_default()) {
        return Err(unknown("an answer without Alipay's signature"));
    }
    let outcome: Outcome = read(node)?;
    match outcome.code.as_str() {
        "10000" => read(node),
        "40004" => Err(outcome.failure()),
        _ => Err(unknown(&outcome.to_string())),
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, ProviderError> {
    serde_json::from_str(json).map_err(|e| ProviderError::Unknown(format!("unreadable answer: {e}")))
}

/// The text of the value of this name, exactly as it came: it is what was signed, and Alipay escapes `/`.
fn raw_value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("\"{name}\":"))?;
    let rest = rest.trim_start();
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    rest.get(..values.byte_offset())
}

fn signature(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Signed {
        sign: String,
    }
    serde_json::from_str(text).ok().map(|Signed { sign }| sign)
}

/// How a request ended, in every answer.
#[derive(Deserialize)]
struct Outcome {
    code: String,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    sub_code: String,
    #[serde(default)]
    sub_msg: String,
}

impl Outcome {
    fn failure(self) -> ProviderError {
        match self.sub_code.as_str() {
            "ACQ.TRADE_NOT_EXIST" | "isp.bill_not_exist" => ProviderError::NotFound,
            // A fault of theirs under a business code; the second is spelled so in their own list.
            "ACQ.SYSTEM_ERROR" | "AQC.SYSTEM_ERROR" => ProviderError::Unknown(self.to_string()),
            _ => ProviderError::Refused { code: self.sub_code, message: self.sub_msg },
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, msg, sub_code, sub_msg } = self;
        write!(f, "{code} {msg} {sub_code} {sub_msg}")
    }
}

/// `alipay.trade.query`.
#[derive(Deserialize)]
pub(super) struct Trade {
    #[serde(rename = "trade_no")]
    pub(super) theirs: String,
    #[serde(rename = "out_trade_no")]
    pub(super) ours: String,
    #[serde(rename = "trade_status")]
    pub(super) status: String,
    /// In yuan.
    pub(super) total_amount: String,
    /// When the seller got the money.
    send_pay_date: Option<String>,
}

impl Trade {
    /// A trade is closed when its time runs out unpaid, and also when all of it went back.
    pub(super) fn is_paid(&self) -> bool {
        match self.status.as_str() {
            "TRADE_SUCCESS" | "TRADE_FINISHED" => true,
            "TRADE_CLOSED" => self.send_pay_date.as_ref().is_some_and(|date| !date.is_empty()),
            _ => false,
        }
    }
}

/// `alipay.trade.refund`.
#[derive(Deserialize)]
pub(super) struct RefundTaken {
    fund_change: Option<String>,
}

impl RefundTaken {
    /// Whether this request moved money; a repeat moves none.
    pub(super) fn moved_money(&self) -> bool {
        self.fund_change.as_deref() == Some("Y")
    }
}

/// `alipay.trade.fastpay.refund.query`: empty but for the code if there is no such refund, or none that was made.
#[derive(Deserialize)]
pub(super) struct RefundFound {
    refund_status: Option<String>,
    refund_amount: Option<String>,
}

impl RefundFound {
    /// How much went back, in yuan.
    pub(super) fn amount_if_done(self) -> Option<String> {
        self.refund_amount.filter(|_| self.refund_status.as_deref() == Some("REFUND_SUCCESS"))
    }
}

/// `alipay.data.dataservice.bill.downloadurl.query`.
#[derive(Deserialize)]
pub(super) struct BillFound {
    /// Good for 30 seconds.
    pub(super) bill_download_url: String,
}
