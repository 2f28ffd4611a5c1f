//! What goes over the wire: payments, refunds, events and errors.

use basis::{Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The payer can pay.
    Open,
    /// The payer agreed; the merchant takes the money by a request of its own.
    Approved,
    /// The payer paid; the money is not there yet.
    Pending,
    /// Paid, at least once.
    Captured,
    /// The payer's bank refused.
    Declined,
    /// Cancelled by the payer or the merchant.
    Cancelled,
    /// Its time ran out unpaid. A late payer may still pay.
    Expired,
}

/// Ways to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A bank card.
    Card,
    /// PayPal.
    #[serde(rename = "paypal")]
    PayPal,
    /// Alipay.
    Alipay,
    /// WeChat Pay.
    #[serde(rename = "wechat_pay")]
    WeChatPay,
}

/// A method that the merchant may charge again without the payer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// `sm_…`
    pub id: String,
    /// What the payer knows it by.
    pub label: String,
    /// The merchant gave it up: it cannot be charged any more.
    #[serde(default)]
    pub forgotten: bool,
}

/// A contested payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// `dp_…`
    pub id: String,
    /// When it was opened.
    pub at: Timestamp,
    /// How much of the payment is contested.
    pub amount: Money,
    /// Whether the merchant won; `None` while it is open.
    pub won: Option<bool>,
    /// When it was decided.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
}

/// Money sent to the merchant's bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// `po_…`
    pub id: String,
    /// Out of the balance at this face.
    pub face: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}

/// A payment in the books, and as the sandbox's own face shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, as on the wire")]
pub struct Payment {
    /// `sp_…`, or as its face names it.
    pub id: String,
    /// In which protocol it was opened.
    pub face: String,
    /// Always true: nothing here is money.
    pub sandbox: bool,
    /// Whose account the money is in.
    pub merchant: String,
    /// The merchant's own name for it.
    pub reference: String,
    /// What was asked for.
    pub amount: Money,
    /// Which way.
    pub method: Method,
    /// What the payer reads.
    pub description: String,
    /// `zh-CN` or `en`.
    pub locale: String,
    /// Where the payer goes afterwards.
    pub return_url: String,
    /// Where it stands.
    pub status: Status,
    /// The hosted pay page.
    pub url: String,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// Money taken.
    pub captures: Vec<Capture>,
    /// Money sent back.
    pub refunds: Vec<Refund>,
    /// True while contested, and once the payer has won.
    pub disputed: bool,
    /// How it was contested.
    pub dispute: Option<Dispute>,
    /// Why it was declined.
    pub decline_code: Option<String>,
    /// The payer agrees, and the merchant then takes the money.
    pub captured_by_merchant: bool,
    /// The payer lets the merchant keep the method.
    pub save: bool,
    /// The kept method, once it is paid.
    pub saved: Option<Saved>,
    /// The kept method that was charged without its payer.
    #[serde(default)]
    pub charged: Option<String>,
    /// Where the payer of a charge must go before it goes through.
    pub act_url: Option<String>,
    /// Where its messages go, if the face has each payment say so.
    pub notify_url: Option<String>,
    /// When a pending payment ends.
    pub due_at: Option<Timestamp>,
    /// When the payer last agreed, if the merchant then takes the money.
    #[serde(default)]
    pub approved_at: Option<Timestamp>,
    /// The name of the capture that a pending payment becomes.
    #[serde(default)]
    pub pending_capture: Option<String>,
    /// What only its face knows.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[serde(default)]
    pub extra: Value,
}

/// Money taken from the payer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// `cap_…`
    pub id: String,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Accepted.
    Pending,
    /// The money is back.
    Succeeded,
    /// It will not go back.
    Failed,
}

/// Money sent back to the payer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// `sr_…`
    pub id: String,
    /// The payment.
    pub payment: String,
    /// The merchant's own name for it.
    pub reference: String,
    /// The capture that it returns.
    pub capture: String,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// Since when.
    pub at: Timestamp,
    /// Why it failed.
    pub failure: Option<String>,
    /// When a pending one will end.
    pub due_at: Option<Timestamp>,
    /// What only its face knows.
    #[serde(skip_serializing_if = "Value::is_null")]
    #[serde(default)]
    pub extra: Value,
}

/// A refund to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateRefund {
    /// The merchant's own name for it.
    pub reference: String,
    /// Which capture; default: the first.
    pub capture: Option<String>,
    /// How much.
    pub amount: Money,
    /// What only its face knows.
    #[serde(default)]
    pub extra: Value,
}

/// What a payer does on the pay page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Pays.
    Ok,
    /// Pays; the message comes 30 seconds late.
    Slow,
    /// Pays; the message never comes.
    Lost,
    /// Pays; the message comes twice.
    Doubled,
    /// Pays; an older message comes after a newer one.
    Reordered,
    /// Pays twice.
    Twice,
    /// The bank refuses.
    Declined,
    /// Cancels.
    Cancel,
}

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// The payer is paying; the message that comes late when they are reordered.
    #[serde(rename = "payment.processing")]
    Processing,
    /// The payer agreed; the merchant may take the money.
    #[serde(rename = "payment.approved")]
    Approved,
    /// A charge waits for its payer.
    #[serde(rename = "payment.payer_must_act")]
    PayerMustAct,
    /// Money was taken: the last capture.
    #[serde(rename = "payment.captured")]
    Captured,
    /// Refused.
    #[serde(rename = "payment.declined")]
    Declined,
    /// Cancelled.
    #[serde(rename = "payment.cancelled")]
    Cancelled,
    /// A refund was accepted: the last one.
    #[serde(rename = "refund.pending")]
    RefundPending,
    /// A refund went through.
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
    /// A refund failed.
    #[serde(rename = "refund.failed")]
    RefundFailed,
    /// The payer contests it.
    #[serde(rename = "dispute.created")]
    DisputeOpened,
    /// The dispute is over.
    #[serde(rename = "dispute.closed")]
    DisputeClosed,
}

/// What a message tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `evt_…`; the same for every copy and every try.
    pub id: String,
    /// What happened.
    pub happening: Happening,
    /// When.
    pub at: Timestamp,
    /// Which refund it is about, if one.
    pub refund: Option<String>,
    /// The payment as it was then.
    pub payment: Payment,
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// `invalid_request_error`, `idempotency_error`, `api_error`, `authentication_error`.
    pub kind: &'static str,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl ApiError {
    /// 400.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, kind: "invalid_request_error", code, message: message.into() }
    }

    /// 404.
    pub fn not_found() -> Self {
        let message = "no such object".to_owned();
        Self { status: 404, kind: "invalid_request_error", code: "not_found", message }
    }

    /// 5xx.
    pub fn broken(status: u16) -> Self {
        Self { status, kind: "api_error", code: "injected", message: "as the fault plan says".to_owned() }
    }

    /// The JSON body.
    pub fn body(&self) -> serde_json::Value {
        serde_json::json!({ "error": { "type": self.kind, "code": self.code, "message": self.message } })
    }
}
