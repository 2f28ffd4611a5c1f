//! Answers as they stand on the wire.

use basis::{Currency, Money, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::ANTOM;
use crate::facts::{CaptureFact, Decline, Facts, RefundFact, RefundStatus, Status};
use crate::provider::ProviderError;
use crate::requests::RefundRequest;

/// What says that a payment is not known.
const NOT_THERE: &str = "ORDER_NOT_EXIST";
/// What a payment fails with whose time ran out; from memory.
const OUT_OF_TIME: &str = "ORDER_IS_CLOSED";
/// What is about us and our keys, and says nothing of the payment.
const ABOUT_US: [&str; 9] = [
    "ACCESS_DENIED",
    "CLIENT_FORBIDDEN_ACCESS_API",
    "INVALID_API",
    "INVALID_CLIENT",
    "INVALID_CLIENT_STATUS",
    "INVALID_SIGNATURE",
    "KEY_NOT_FOUND",
    "OAUTH_FAILED",
    "UNKNOWN_CLIENT",
];

/// A moment, `2026-11-22T10:53:52+00:00`.
pub(super) fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// The moment that a text means: ISO 8601, or milliseconds as Antom's own examples have them.
pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(ms) = text.parse() {
        return Some(Timestamp(ms));
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}

/// `{"currency":"CNY","value":"7200"}`, in the smallest unit of Antom's.
pub(super) fn amount(amount: Money) -> Result<Value, ProviderError> {
    Ok(json!({ "currency": amount.currency, "value": ANTOM.integer(amount)?.to_string() }))
}

#[derive(Deserialize)]
struct Amount {
    currency: Currency,
    value: String,
}

impl Amount {
    fn money(&self) -> Result<Money, ProviderError> {
        let units = self.value.parse();
        let units = units.map_err(|_| ProviderError::Unknown(format!("an amount of {:?}", self.value)))?;
        ANTOM.read_integer(units, self.currency)
    }
}

/// A refund's name at Antom, where special signs are not supported (docs.antom.com/ac/ams/ir): `ref_….2` is `ref_…_2`.
pub(super) fn theirs(reference: &str) -> String {
    reference.replace('.', "_")
}

/// Our name of a refund that Antom names so.
pub(super) fn ours(theirs: &str) -> String {
    match theirs.rsplit_once('_') {
        Some((id, attempt)) if id.contains('_') => format!("{id}.{attempt}"),
        _ => theirs.to_owned(),
    }
}

/// How a request ended, in every answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    #[serde(rename = "resultStatus")]
    status: String,
    #[serde(rename = "resultCode")]
    code: String,
    #[serde(default, rename = "resultMessage")]
    message: String,
}

/// An answer: S is done, F is not, U is to be looked at again.
pub(super) struct Answer {
    outcome: Outcome,
    is_signed: bool,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn of(body: &[u8], is_signed: bool) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Envelope {
            result: Outcome,
        }
        let read: Result<Envelope, _> = serde_json::from_slice(body);
        let outcome = read.map_err(|e| format!("unreadable answer: {e}"))?.result;
        Ok(Self { outcome, is_signed, body: body.to_vec() })
    }

    pub(super) fn is_yes(&self) -> bool {
        self.outcome.status == "S"
    }

    pub(super) fn is_no(&self) -> bool {
        self.outcome.status == "F"
    }

    /// Taken, and not done yet.
    pub(super) fn is_under_way(&self) -> bool {
        self.outcome.status == "U" && self.outcome.code == "REFUND_IN_PROCESS"
    }

    pub(super) fn no(&self) -> ProviderError {
        let Outcome { code, message, .. } = &self.outcome;
        ProviderError::Refused { code: code.clone(), message: message.clone() }
    }

    pub(super) fn unknown(&self) -> ProviderError {
        let Outcome { status, code, message } = &self.outcome;
        ProviderError::Unknown(format!("{status} {code} {message}"))
    }

    /// # Errors
    /// Refused only on Antom's signed word about this business; all else is unknown.
    pub(super) fn done(&self) -> Result<(), ProviderError> {
        let decided = self.is_no() && self.is_signed && !ABOUT_US.contains(&self.outcome.code.as_str());
        if self.is_yes() {
            return Ok(());
        }
        Err(if decided { self.no() } else { self.unknown() })
    }

    /// What was asked for.
    ///
    /// # Errors
    /// Not found on Antom's signed word; unknown for any other answer but a yes.
    pub(super) fn found<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        let absent = self.is_no() && self.is_signed && self.outcome.code == NOT_THERE;
        if self.is_yes() {
            return self.read();
        }
        Err(if absent { ProviderError::NotFound } else { self.unknown() })
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ProviderError> {
        serde_json::from_slice(&self.body)
            .map_err(|e| ProviderError::Unknown(format!("unreadable answer: {e}")))
    }
}

/// `pay`.
#[derive(Deserialize)]
pub(super) struct Opened {
    #[serde(rename = "paymentId")]
    pub(super) theirs: Option<String>,
    /// A web page, whatever the payer sits at.
    #[serde(rename = "normalUrl")]
    pub(super) page: Option<String>,
}

/// `inquiryPayment`.
#[derive(Deserialize)]
pub(super) struct PaymentFound {
    #[serde(rename = "paymentId")]
    theirs: String,
    #[serde(rename = "paymentRequestId")]
    ours: String,
    #[serde(rename = "paymentStatus")]
    status: String,
    #[serde(rename = "paymentResultCode")]
    why: Option<String>,
    #[serde(rename = "paymentAmount")]
    amount: Amount,
    transactions: Option<Vec<Transaction>>,
}

/// What followed a payment.
#[derive(Deserialize)]
struct Transaction {
    #[serde(rename = "transactionType")]
    kind: Option<String>,
    #[serde(rename = "transactionStatus")]
    status: Option<String>,
    #[serde(rename = "transactionId")]
    theirs: Option<String>,
    #[serde(rename = "transactionRequestId")]
    ours: Option<String>,
    #[serde(rename = "transactionAmount")]
    amount: Option<Amount>,
}

impl PaymentFound {
    /// Nobody has paid; what is pending is paid, and only its end is not known.
    pub(super) fn waits_for_its_payer(&self) -> bool {
        self.status == "PROCESSING"
    }

    /// That it is ours is in the asking: Antom shows a client its own payments only.
    pub(super) fn facts(self) -> Result<Facts, ProviderError> {
        let status = match (self.status.as_str(), self.why.as_deref()) {
            ("SUCCESS", _) => Status::Captured,
            ("CANCELLED", _) => Status::Cancelled,
            ("FAIL", Some(OUT_OF_TIME)) => Status::Expired,
            ("FAIL", _) => Status::Declined(Decline::Soft),
            _ => Status::Open,
        };
        let paid = status == Status::Captured;
        let amount = self.amount.money()?;
        let capture = paid.then(|| CaptureFact { capture_ref: self.theirs.clone(), amount });
        let failed = matches!(status, Status::Expired | Status::Declined(_));
        Ok(Facts {
            provider_ref: Some(self.theirs),
            reference: self.ours,
            merchant_is_ours: true,
            status,
            captures: capture.into_iter().collect(),
            refunds: self.transactions.iter().flatten().filter_map(Transaction::refund).collect(),
            disputes: Vec::new(),
            saved: None,
            failure: self.why.filter(|_| failed),
        })
    }
}

impl Transaction {
    /// A refund that can be read; each of ours is asked for by its own name, too.
    fn refund(&self) -> Option<RefundFact> {
        if self.kind.as_deref()? != "REFUND" {
            return None;
        }
        Some(RefundFact {
            provider_ref: self.theirs.clone()?,
            reference: ours(self.ours.as_deref()?),
            amount: self.amount.as_ref()?.money().ok()?,
            status: refund_status(self.status.as_deref()?),
            failure: None,
        })
    }
}

fn refund_status(text: &str) -> RefundStatus {
    match text {
        "SUCCESS" => RefundStatus::Succeeded,
        "FAIL" => RefundStatus::Failed,
        _ => RefundStatus::Pending,
    }
}

/// `refund`.
#[derive(Deserialize)]
pub(super) struct RefundTaken {
    #[serde(rename = "refundId")]
    pub(super) theirs: String,
}

/// `inquiryRefund`; all of it is absent for a refund that is not known.
#[derive(Deserialize)]
pub(super) struct RefundFound {
    #[serde(rename = "refundId")]
    theirs: Option<String>,
    #[serde(rename = "refundStatus")]
    status: Option<String>,
    #[serde(rename = "refundAmount")]
    amount: Option<Amount>,
}

impl RefundFound {
    pub(super) fn fact(self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        let (Some(theirs), Some(status)) = (self.theirs, self.status) else {
            return Err(ProviderError::NotFound);
        };
        let fact = refund_fact(request, theirs, refund_status(&status));
        match self.amount {
            Some(amount) => Ok(RefundFact { amount: amount.money()?, ..fact }),
            None => Ok(fact),
        }
    }
}

/// A refund as it was asked for.
pub(super) fn refund_fact(request: &RefundRequest, theirs: String, status: RefundStatus) -> RefundFact {
    RefundFact {
        provider_ref: theirs,
        reference: request.reference.clone(),
        amount: request.amount,
        status,
        failure: None,
    }
}
