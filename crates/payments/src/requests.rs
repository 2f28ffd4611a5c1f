//! What we ask of a provider.

use std::net::IpAddr;

use basis::{Account, Id, Language, Money, Payment, Timestamp};

use crate::rules::Method;

/// What the payer sits at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A computer: a code on its screen can be scanned.
    Desktop,
    /// A phone: a wallet on it can be opened.
    Phone(System),
}

/// What a phone runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Android, or another that is neither.
    Android,
    /// An iPhone's or an iPad's.
    Ios,
}

/// Whoever pays, as their request shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payer {
    /// What they sit at.
    pub device: Device,
    /// Where they are.
    pub ip: IpAddr,
}

/// A payment to be opened at a provider. The payment's id is the idempotency key.
#[derive(Debug, Clone)]
pub struct BeginRequest {
    /// Our payment.
    pub payment: Id<Payment>,
    /// Who pays; all that a provider is told of an account.
    pub payer: Id<Account>,
    /// How much.
    pub amount: Money,
    /// Which way.
    pub method: Method,
    /// What the payer reads.
    pub description: String,
    /// In which language the payer reads.
    pub language: Language,
    /// Where the payer's browser goes afterwards.
    pub return_url: String,
    /// Where messages about this payment go.
    pub notify_url: String,
    /// What the payer sits at.
    pub device: Device,
    /// Where the payer is.
    pub payer_ip: IpAddr,
    /// The payer lets us charge the same method again without them.
    pub save_method: bool,
    /// Not payable any more after this.
    pub expires_at: Timestamp,
}

/// Where the payer goes to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayAt {
    /// The provider's page, an absolute address.
    Page(String),
    /// A text that our page shows as a QR code, to be scanned by the payer's wallet.
    Code(String),
}

/// An opened payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The provider's name for it. `None` for one that names it only when it is paid and is asked by ours until then.
    pub provider_ref: Option<String>,
    /// Where the payer goes to pay.
    pub pay_at: PayAt,
}

/// A payment without its payer, by a method that they let us keep. The payment's id is the idempotency key.
#[derive(Debug, Clone)]
pub struct ChargeRequest {
    /// Our payment.
    pub payment: Id<Payment>,
    /// Who pays.
    pub payer: Id<Account>,
    /// How much.
    pub amount: Money,
    /// The provider's name for the kept method, as [`SavedFact`](crate::SavedFact) told it.
    pub saved: String,
    /// What the payer reads on their statement.
    pub description: String,
    /// Where the payer's browser goes if their bank wants to see them and they paid on a page after all.
    pub return_url: String,
    /// Where messages about this payment go.
    pub notify_url: String,
}

/// How we name a payment to a provider: by its own reference where we know it, else by ours.
#[derive(Debug, Clone)]
pub struct PaymentRef {
    /// Our payment.
    pub payment: Id<Payment>,
    /// The provider's name for it.
    pub provider_ref: Option<String>,
}

/// Money to be sent back.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// Our name for it, and the idempotency key: the refund's id, with `.2`, `.3` when a person tries again.
    pub reference: String,
    /// Our payment.
    pub payment: Id<Payment>,
    /// The provider's name for the payment.
    pub payment_ref: String,
    /// The provider's name for the capture.
    pub capture_ref: String,
    /// How much.
    pub amount: Money,
    /// How much was taken in the capture that goes back; some want to hear it.
    pub of: Money,
    /// Where messages about this refund go.
    pub notify_url: String,
}
