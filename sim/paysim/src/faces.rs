//! The protocols in which merchants speak to the books, one module each: a provider's own paths, messages, signatures and
//! retry table.

mod alipay;
mod antom;
mod paypal;
mod sandbox;
mod stripe;
mod wechat_pay;

pub use paypal::CERTIFICATE_AUTHORITY as PAYPAL_CERTIFICATE_AUTHORITY;
pub use sandbox::sign;

use std::sync::Arc;

use axum::Router;
use basis::Timestamp;

use crate::keys::Keys;
use crate::service::Service;
use crate::wire::{Event, Payment};

/// Every face: a new one is a module above and a line here.
pub(crate) static FACES: &[&dyn Face] = &[
    &sandbox::Sandbox,
    &alipay::Alipay,
    &antom::Antom,
    &paypal::PayPal,
    &stripe::Stripe,
    &wechat_pay::WechatPay,
];

/// One provider's protocol.
pub(crate) trait Face: Send + Sync {
    /// Its name in the books, in `/sim/…` and in [`Options::keys`](crate::Options::keys).
    fn name(&self) -> &'static str;

    /// Its paths, as the provider has them.
    fn routes(&self) -> Router<Arc<Service>>;

    /// The message about an event, made and signed for each try; `None`: this provider does not speak of it.
    fn message(&self, keys: &Keys, event: &Event, now: Timestamp) -> Option<Message>;

    /// Where the message about an event goes; `None`: where the merchant's settings say.
    fn notify_url(&self, event: &Event) -> Option<String> {
        event.payment.notify_url.clone()
    }

    /// How long after each failed try the next one is made, as the provider publishes it.
    fn retries_ms(&self, payment: &Payment) -> &'static [i64];

    /// A message whose signature is wrong on purpose, sent to see whether the merchant refuses it; `None`: this provider
    /// does not try.
    fn probe(&self, _keys: &Keys, _event: &Event, _now: Timestamp) -> Option<Message> {
        None
    }

    /// What payers can do on its pay page.
    fn page(&self) -> PageRules {
        PageRules { late: true, twice: true, tries_again: false }
    }

    /// Whether the merchant's answer says that the message was taken.
    fn takes(&self, status: u16, _body: &[u8]) -> bool {
        (200..300).contains(&status)
    }

    /// Where the payer goes from the pay page.
    fn return_url(&self, _: &Keys, payment: &Payment, _: Timestamp) -> String {
        payment.return_url.clone()
    }
}

/// What payers can do on a pay page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageRules {
    /// Pay although its time has run out.
    pub(crate) late: bool,
    /// Pay what is paid.
    pub(crate) twice: bool,
    /// Pay after a refusal of the bank, or after having gone back.
    pub(crate) tries_again: bool,
}

/// A message as it goes out.
pub(crate) struct Message {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The face of this name; the sandbox for one that is gone.
pub(crate) fn face(name: &str) -> &'static dyn Face {
    FACES.iter().copied().find(|face| face.name() == name).unwrap_or(&sandbox::Sandbox)
}

/// All faces' paths.
pub(crate) fn routes() -> Router<Arc<Service>> {
    FACES.iter().fold(Router::new(), |router, face| router.merge(face.routes()))
}
