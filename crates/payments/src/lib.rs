//! Payments: attempts to pay at providers, their messages, refunds, and the proof that both sides' books agree.
//!
//! A message is a hint; the provider's own answer to our question is the truth. Only [`confirm`] moves a
//! payment, only forward, and each capture and refund counts once.

mod alipay;
mod amounts;
mod antom;
mod audit;
mod bills;
mod charge;
mod check;
mod disputes;
mod facts;
mod flags;
mod hook;
mod http_client;
mod inbox;
mod open;
mod paypal;
mod provider;
mod reconcile;
mod refunds;
mod requests;
mod rows;
mod rules;
mod sandbox;
mod saved;
mod signing;
mod stripe;
mod top_up;
mod wechat_pay;

pub use alipay::{Alipay, AlipayConfig};
pub use antom::{Antom, AntomConfig};
pub use audit::{audit, count_by_state, page};
pub use bills::{BILLS, BillsJob, begin_bills, read_bills};
pub use charge::charge;
pub use check::{CHECK, CheckJob, Confirmed, News, after, confirm, fetch};
pub use disputes::{Dispute, disputes, is_contested};
pub use facts::{
    BillLine, BillPage, CaptureFact, Decline, DisputeFact, DisputeStatus, Facts, RefundFact, RefundStatus,
    SavedFact, Status,
};
pub use flags::{Flag, open_flags, resolve_flag};
pub use hook::{Hook, HookRejected, plain_answer};
pub use inbox::{BODY_BYTES_MAX, Message, Received, forget_messages, message, receive_hook};
pub use open::{NewPayment, begin, cancel, create, find, of_account, of_ids, of_order, of_payer};
pub use paypal::{PayPal, PayPalConfig};
pub use provider::{Capabilities, Limit, Provider, ProviderError, Providers};
pub use reconcile::{SWEEP, SweepJob, begin_sweeps, reconcile, sweep};
pub use refunds::{
    NewRefund, REFUND_DONE, RefundDone, SEND_REFUND, find_refund, first_told, refund_goes_on,
    refunds_of_order, refunds_of_payment, refunds_under_way, retry_refund, send_refund, start_refund,
};
pub use requests::{
    BeginRequest, Begun, ChargeRequest, Device, PayAt, Payer, PaymentRef, RefundRequest, System,
};
pub use rows::Capture;
pub use rules::{
    BillKind, DisputeState, Fate, Method, Payment, PaymentState, Purpose, Refund, RefundState, next_poll,
};
pub use sandbox::{Sandbox, SandboxConfig};
pub use saved::{FORGET_SAVED, SavedMethod, forget_saved, name_anew, remove_saved, saved_methods};
pub use stripe::{Stripe, StripeConfig};
pub use top_up::{TOP_UP_MINOR_MAX, TOP_UP_MINOR_MIN, TopUp, look_soon, top_up};
pub use wechat_pay::{WechatPay, WechatPayConfig};

use basis::{Id, Payment as PaymentKind, Problem};
use store::Conn;

/// The payments' tables.
pub const MIGRATIONS: store::Migrations = store::migrations!(
    "payments",
    [
        "0001_payments.sql",
        "0002_told.sql",
        "0003_saved_methods.sql",
        "0004_disputes.sql",
        "0005_bills.sql",
        "0006_charged_methods.sql",
    ]
);

/// A payment's captures, oldest first.
pub async fn captures(conn: &mut Conn, payment: Id<PaymentKind>) -> Result<Vec<Capture>, Problem> {
    rows::captures(conn, payment).await
}
