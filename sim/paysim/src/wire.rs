//! What goes over the wire: payments, refunds, events, errors, and the faults that a test asks for.

use basis::{Money, Timestamp};
use serde::{Deserialize, Serialize};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The payer can pay.
    Open,
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

/// A payment as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// `sp_…`
    pub id: String,
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
    /// True while contested.
    pub disputed: bool,
    /// Why it was declined.
    pub decline_code: Option<String>,
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
    /// Why it failed.
    pub failure: Option<String>,
    /// When a pending one will end.
    pub due_at: Option<Timestamp>,
}

/// `POST /v1/payments`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreatePayment {
    /// The merchant's own name for it, at most 100 bytes.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Which way.
    pub method: Method,
    /// What the payer reads.
    #[serde(default)]
    pub description: String,
    /// The page's language.
    #[serde(default)]
    pub locale: String,
    /// Where the payer goes afterwards.
    pub return_url: String,
    /// When it runs out.
    pub expires_at: Timestamp,
}

/// `POST /v1/payments/{id}/refunds`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateRefund {
    /// The merchant's own name for it.
    pub reference: String,
    /// Which capture; default: the first.
    pub capture: Option<String>,
    /// How much.
    pub amount: Money,
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

/// How messages about one payment are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookPlan {
    /// So much later.
    pub delay_ms: i64,
    /// So often; 0: not at all.
    pub copies: u32,
    /// A message about the beginning comes a second after the one about the end.
    pub reordered: bool,
    /// Signed with a wrong secret.
    pub forged: bool,
}

impl Default for HookPlan {
    fn default() -> Self {
        Self { delay_ms: 0, copies: 1, reordered: false, forged: false }
    }
}

/// How a refund ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum RefundPlan {
    /// At once.
    #[default]
    Succeed,
    /// Accepted now, done later.
    Later {
        /// So much later.
        after_ms: i64,
    },
    /// Accepted now, failed later.
    FailLater {
        /// So much later.
        after_ms: i64,
    },
    /// Not accepted.
    Refuse,
}

/// How the API answers what changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerPlan {
    /// As it should.
    #[default]
    Normal,
    /// 503 before anything happens.
    FailBefore,
    /// It happens, then 502 instead of the answer.
    LoseAnswer,
}

/// What goes wrong with a payment, as a test or a person on the pay page asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultPlan {
    /// Its messages.
    pub hook: HookPlan,
    /// Its refunds.
    pub refund: RefundPlan,
    /// Answers to its merchant; back to normal after one.
    pub answer: AnswerPlan,
    /// Takes this instead of what was asked for.
    pub capture_amount: Option<Money>,
    /// Shows this merchant instead of the true one.
    pub merchant: Option<String>,
}

/// A message to the merchant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// `event`
    pub object: String,
    /// `payment.captured`, `refund.succeeded`, …
    pub r#type: String,
    /// When it happened.
    pub created_at: Timestamp,
    /// The payment as it was then.
    pub data: Payment,
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
