//! What goes wrong with a payment, as a test or a person on the pay page asks for.

use basis::Money;
use serde::{Deserialize, Serialize};

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
    /// Signed with a wrong secret or key.
    pub forged: bool,
    /// Each with another whose signature is wrong on purpose, where the provider does so.
    pub probed: bool,
}

impl Default for HookPlan {
    fn default() -> Self {
        Self { delay_ms: 0, copies: 1, reordered: false, forged: false, probed: false }
    }
}

/// How paying ends for a payer who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum PayPlan {
    /// At once.
    #[default]
    Succeed,
    /// Pending now, paid later.
    Later {
        /// So much later.
        after_ms: i64,
    },
    /// Pending now, failed later.
    FailLater {
        /// So much later.
        after_ms: i64,
    },
}

/// How a charge without the payer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargePlan {
    /// Paid.
    #[default]
    Succeed,
    /// Refused for now: no funds.
    SoftDecline,
    /// Refused for good: the card was stolen.
    HardDecline,
    /// The bank wants to see the payer: they must go to the pay page.
    PayerMustAct,
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
    /// It happens, then the connection breaks.
    Reset,
    /// It happens, and the answer's signature is wrong on purpose, where the provider does so.
    Probe,
}

/// How bills tell of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "says")]
pub enum BillPlan {
    /// As it was.
    #[default]
    True,
    /// So much later than it was.
    Late {
        /// So much.
        by_ms: i64,
    },
    /// As if so much more had been taken, in minor units.
    Wrong {
        /// So much.
        minor: i64,
    },
    /// All files of its provider are damaged on their way, where they are files.
    Damaged,
}

/// What goes wrong with a payment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FaultPlan {
    /// Its messages.
    pub hook: HookPlan,
    /// What comes of paying it.
    pub pay: PayPlan,
    /// What comes of charging it, or a kept method, without the payer.
    pub charge: ChargePlan,
    /// Its refunds.
    pub refund: RefundPlan,
    /// Answers to its merchant; back to normal after one.
    pub answer: AnswerPlan,
    /// The bills in which it stands.
    pub bill: BillPlan,
    /// Takes this instead of what was asked for.
    pub capture_amount: Option<Money>,
    /// Shows this merchant instead of the true one.
    pub merchant: Option<String>,
}
