//! A provider that does what a test tells it, and keeps its own books.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use basis::{Id, Money, Payment, Timestamp};
use payments::{
    BeginRequest, Begun, BillPage, Capabilities, CaptureFact, ChargeRequest, Decline, DisputeFact,
    DisputeStatus, Facts, Hook, HookRejected, Method, PayAt, PaymentRef, Provider, ProviderError, RefundFact,
    RefundRequest, RefundStatus, SavedFact, Status,
};

/// The books of the other side.
pub(crate) struct Bank {
    offered: Capabilities,
    books: Mutex<BTreeMap<Id<Payment>, Facts>>,
    refuses_refunds: Mutex<bool>,
    silent_on_refunds: Mutex<bool>,
    /// How it answers the next charges of kept methods; it pays when none is left.
    charges: Mutex<VecDeque<Charging>>,
    /// What it refused and shows nobody; the same request is answered the same.
    refused: Mutex<BTreeMap<Id<Payment>, Decline>>,
    /// The kept methods that it was asked to let go of.
    forgotten: Mutex<Vec<String>>,
    /// How often it was asked to charge.
    charged: AtomicUsize,
}

/// How a kept method's charge goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Charging {
    Refused(Decline),
    /// Refused, and nobody keeps a trace of it.
    RefusedAndForgotten(Decline),
    /// It happens, and nobody hears of it.
    PaidUnheard,
    /// It never arrives.
    Lost,
    WantsPayer,
}

impl Bank {
    pub(crate) fn new() -> Self {
        let methods = vec![Method::Card, Method::PayPal, Method::Alipay, Method::WeChatPay];
        Self {
            offered: Capabilities {
                methods,
                recurring: vec![Method::Card, Method::PayPal],
                ..Capabilities::default()
            },
            books: Mutex::default(),
            refuses_refunds: Mutex::default(),
            silent_on_refunds: Mutex::default(),
            charges: Mutex::default(),
            refused: Mutex::default(),
            forgotten: Mutex::default(),
            charged: AtomicUsize::default(),
        }
    }

    fn change(&self, payment: Id<Payment>, change: impl FnOnce(&mut Facts)) {
        let mut books = self.books.lock().unwrap();
        let facts = books.entry(payment).or_insert_with(|| Facts::absent(payment));
        facts.provider_ref = Some(format!("bank-{payment}"));
        change(facts);
    }

    /// Someone pays so much; every call is another capture.
    pub(crate) fn pay(&self, payment: Id<Payment>, amount: Money) {
        self.change(payment, |facts| {
            facts.status = Status::Captured;
            let capture_ref = format!("cap-{payment}-{}", facts.captures.len());
            facts.captures.push(CaptureFact { capture_ref, amount });
        });
    }

    pub(crate) fn decline(&self, payment: Id<Payment>) {
        self.change(payment, |facts| facts.status = Status::Declined(Decline::Hard));
    }

    /// Refused, on a page that takes another try.
    pub(crate) fn refuse_once(&self, payment: Id<Payment>) {
        self.change(payment, |facts| facts.failure = Some("card_declined".to_owned()));
    }

    /// The payer contests so much, or that is decided.
    pub(crate) fn contest(&self, payment: Id<Payment>, amount: Money, status: DisputeStatus) {
        let reference = format!("dp-{payment}");
        self.change(payment, |facts| facts.disputes = vec![DisputeFact { reference, amount, status }]);
    }

    /// Someone pays by a card that they let us keep.
    pub(crate) fn pay_and_keep(&self, payment: Id<Payment>, amount: Money) {
        self.pay(payment, amount);
        let saved =
            SavedFact { reference: format!("kept-{payment}"), label: "Visa ···· 4242".to_owned() };
        self.change(payment, |facts| facts.saved = Some(saved));
    }

    /// The next charges of kept methods go like this.
    pub(crate) fn charges_go(&self, charges: impl IntoIterator<Item = Charging>) {
        self.charges.lock().unwrap().extend(charges);
    }

    /// How often it was asked to charge a kept method.
    pub(crate) fn charged(&self) -> usize {
        self.charged.load(Ordering::Relaxed)
    }

    /// The kept methods that it was asked to let go of.
    pub(crate) fn forgotten(&self) -> Vec<String> {
        self.forgotten.lock().unwrap().clone()
    }

    pub(crate) fn refuse_refunds(&self, refuses: bool) {
        *self.refuses_refunds.lock().unwrap() = refuses;
    }

    pub(crate) fn silent_on_refunds(&self, silent: bool) {
        *self.silent_on_refunds.lock().unwrap() = silent;
    }

    /// What this payment brought in, less what went back, in minor units.
    pub(crate) fn kept(&self, payment: Id<Payment>) -> i64 {
        let books = self.books.lock().unwrap();
        let Some(facts) = books.get(&payment) else { return 0 };
        let came: i64 = facts.captures.iter().map(|capture| capture.amount.minor).sum();
        let went: i64 = facts.refunds.iter().map(|refund| refund.amount.minor).sum();
        came - went
    }

    fn known_refund(&self, request: &RefundRequest) -> Option<RefundFact> {
        let books = self.books.lock().unwrap();
        let reference = request.reference.clone();
        books.values().flat_map(|facts| &facts.refunds).find(|refund| refund.reference == reference).cloned()
    }
}

#[async_trait::async_trait]
impl Provider for Bank {
    fn name(&self) -> &'static str {
        "bank"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.offered
    }

    async fn begin(&self, request: &BeginRequest) -> Result<Begun, ProviderError> {
        self.change(request.payment, |facts| facts.status = Status::Open);
        let provider_ref = format!("bank-{}", request.payment);
        let pay_at = PayAt::Page(format!("https://bank.example/{provider_ref}"));
        Ok(Begun { provider_ref: Some(provider_ref), pay_at })
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<Facts, ProviderError> {
        self.charged.fetch_add(1, Ordering::Relaxed);
        let (payment, amount) = (request.payment, request.amount);
        if let Some(decline) = self.refused.lock().unwrap().get(&payment) {
            return Ok(Facts { status: Status::Declined(*decline), ..Facts::absent(payment) });
        }
        let next = self.charges.lock().unwrap().pop_front();
        let known = self.books.lock().unwrap().contains_key(&payment);
        match next {
            Some(Charging::Lost) => return Err(ProviderError::Unknown("no answer".into())),
            Some(Charging::RefusedAndForgotten(decline)) => {
                self.refused.lock().unwrap().insert(payment, decline);
                return Ok(Facts { status: Status::Declined(decline), ..Facts::absent(payment) });
            }
            _ if known => {}
            Some(Charging::Refused(decline)) => {
                self.change(payment, |facts| facts.status = Status::Declined(decline));
            }
            Some(Charging::WantsPayer) => {
                let url = format!("https://bank.example/{payment}");
                self.change(payment, |facts| facts.status = Status::PayerMustAct(url));
            }
            Some(Charging::PaidUnheard) => {
                self.pay(payment, amount);
                return Err(ProviderError::Unknown("no answer".into()));
            }
            None => self.pay(payment, amount),
        }
        self.query(&PaymentRef { payment, provider_ref: None }).await
    }

    async fn forget(&self, saved: &str) -> Result<(), ProviderError> {
        self.forgotten.lock().unwrap().push(saved.to_owned());
        Ok(())
    }

    async fn query(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        self.books.lock().unwrap().get(&payment.payment).cloned().ok_or(ProviderError::NotFound)
    }

    async fn cancel(&self, payment: &PaymentRef) -> Result<Facts, ProviderError> {
        self.change(payment.payment, |facts| {
            if facts.captures.is_empty() {
                facts.status = Status::Cancelled;
            }
        });
        self.query(payment).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        if *self.silent_on_refunds.lock().unwrap() {
            return Err(ProviderError::Unknown("no answer".into()));
        }
        if let Some(known) = self.known_refund(request) {
            return Ok(known);
        }
        if *self.refuses_refunds.lock().unwrap() {
            return Err(ProviderError::Refused { code: "no".into(), message: "not today".into() });
        }
        let fact = RefundFact {
            provider_ref: format!("back-{}", request.reference),
            reference: request.reference.clone(),
            amount: request.amount,
            status: RefundStatus::Succeeded,
            failure: None,
        };
        let mut books = self.books.lock().unwrap();
        let payment =
            books.values_mut().find(|f| f.captures.iter().any(|c| c.capture_ref == request.capture_ref));
        payment.ok_or(ProviderError::NotFound)?.refunds.push(fact.clone());
        Ok(fact)
    }

    async fn query_refund(&self, request: &RefundRequest) -> Result<RefundFact, ProviderError> {
        self.known_refund(request).ok_or(ProviderError::NotFound)
    }

    async fn list(&self, _from: Timestamp, _until: Timestamp) -> Result<Vec<Facts>, ProviderError> {
        Ok(self.books.lock().unwrap().values().cloned().collect())
    }

    async fn bill(&self, _: jiff::civil::Date, _: Option<&str>) -> Result<BillPage, ProviderError> {
        Err(ProviderError::NotFound)
    }

    async fn parse_hook(&self, _: Timestamp, _: &http::HeaderMap, raw: &[u8]) -> Result<Hook, HookRejected> {
        let text = std::str::from_utf8(raw).map_err(|_| HookRejected::Unreadable)?;
        let (event_id, reference) = text.split_once(' ').ok_or(HookRejected::Unreadable)?;
        Ok(Hook {
            event_id: event_id.to_owned(),
            kind: "paid".to_owned(),
            provider_ref: None,
            reference: Some(reference.to_owned()),
        })
    }
}
