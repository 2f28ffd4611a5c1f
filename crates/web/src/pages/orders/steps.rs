//! The timeline in words: what happened, and the step that comes next.

use basis::{DAY_MS, Money, Timestamp};
use orders::{Event, ExpiryReason, Happening, OrderRecord, OrderState, RefundReason};
use payments::Payment;
use texts::Texts;

use super::order::Story;
use crate::Reader;
use crate::pages::checkout::method_name;

/// One row of the timeline.
pub(super) struct Step {
    /// `done`, `now`, `todo` or `fail`.
    pub(super) class: &'static str,
    pub(super) icon: Option<&'static str>,
    pub(super) title: String,
    pub(super) time: String,
    pub(super) text: String,
}

/// Everything that a step may need to be told.
struct Teller<'a> {
    order: &'a OrderRecord,
    payments: &'a [Payment],
    reader: &'a Reader,
    now: Timestamp,
}

/// What happened, oldest first, and what is still to come.
pub(super) fn all(story: &Story, reader: &Reader, now: Timestamp) -> Vec<Step> {
    let (order, payments) = (&story.order, story.payments.as_slice());
    let teller = Teller { order, payments, reader, now };
    let mut steps: Vec<_> = story.events.iter().map(|event| teller.step(event)).collect();
    if order.state.in_motion() {
        if let Some(last) = steps.last_mut().filter(|step| step.class == "done") {
            (last.class, last.icon) = ("now", None);
        }
        steps.push(teller.to_come());
    }
    steps
}

impl Teller<'_> {
    fn texts(&self) -> Texts {
        self.reader.texts
    }

    fn step(&self, event: &Event) -> Step {
        let (class, title) = heading(&event.happening);
        let icon = if class == "fail" { "x" } else { "check" };
        Step {
            class,
            icon: Some(icon),
            title: self.texts().t(title),
            time: self.time(event.at),
            text: self.text(&event.happening),
        }
    }

    /// With its day, once that is not plain any more.
    fn time(&self, at: Timestamp) -> String {
        let (texts, zone) = (self.texts(), &self.reader.zone);
        if self.now.since(at) < DAY_MS { texts.clock(at, zone) } else { texts.day_clock(at, zone) }
    }

    fn text(&self, happening: &Happening) -> String {
        let texts = self.texts();
        let amount = |key, amount: Money| texts.tf(key, [("amount", texts.money(amount))]);
        match *happening {
            Happening::Placed { price, wallet, .. } if wallet.is_positive() && wallet != price => {
                let parts = [("price", texts.money(price)), ("wallet", texts.money(wallet))];
                texts.tf("orders-step-placed-wallet", parts)
            }
            Happening::Placed { price, .. } => texts.money(price),
            Happening::PaymentStarted { method, amount, .. } => {
                format!("{} {}", method_name(method, texts), texts.money(amount))
            }
            Happening::Paid { wallet, source, late } => self.paid(wallet, source, late),
            Happening::Delayed => texts.t("orders-step-delayed-text"),
            Happening::Expired { reason } => texts.t(expired(reason)),
            Happening::GaveUp => texts.t("orders-step-gave-up-text"),
            Happening::Refunding { reason, wallet, source } => {
                format!("{} {}", texts.t(why(reason)), self.goes_back(wallet, source))
            }
            Happening::Refunded { wallet, source } => self.goes_back(wallet, source),
            Happening::SecondPayment { amount: paid, .. } => {
                amount(texts::key("orders-step-second-text"), paid)
            }
            Happening::SecondPaymentReturned { amount: paid, .. } => {
                amount(texts::key("orders-step-second-back-text"), paid)
            }
            Happening::WrongAmount { expected, received } => {
                let parts = [("expected", texts.money(expected)), ("received", texts.money(received))];
                texts.tf("orders-step-wrong-amount-text", parts)
            }
            Happening::Contested { amount: contested } => {
                amount(texts::key("orders-step-contested-text"), contested)
            }
            Happening::ContestOver { amount: back, won: false } => {
                amount(texts::key("orders-step-contest-lost-text"), back)
            }
            Happening::ContestOver { won: true, .. } => texts.t("orders-step-contest-won-text"),
            Happening::Review { .. } => texts.t("orders-step-review-text"),
            Happening::Closed { credit, .. } | Happening::Replaced { credit, .. } => {
                amount(texts::key("orders-step-credit-text"), credit)
            }
            Happening::Kept { .. } => texts.t("orders-step-kept-text"),
            Happening::Delivering { .. } | Happening::Active { .. } | Happening::Resolved => String::new(),
        }
    }

    fn paid(&self, wallet: Money, source: Money, late: bool) -> String {
        let texts = self.texts();
        let mut parts = Vec::new();
        if source.is_positive() {
            parts.push(format!("{} {}", self.method(), texts.money(source)));
        }
        if wallet.is_positive() {
            parts.push(format!("{} {}", texts.t("orders-wallet"), texts.money(wallet)));
        }
        if late {
            parts.push(texts.t("orders-step-paid-late"));
        }
        parts.join(" · ")
    }

    fn goes_back(&self, wallet: Money, source: Money) -> String {
        let texts = self.texts();
        let (to_wallet, to_source) = (texts.money(wallet), texts.money(source));
        match (wallet.is_positive(), source.is_positive()) {
            (true, true) => texts.tf(
                "orders-back-both",
                [("wallet", to_wallet), ("source", to_source), ("method", self.method())],
            ),
            (true, false) => texts.tf("orders-back-wallet", [("wallet", to_wallet)]),
            (false, _) => texts.tf("orders-back-source", [("source", to_source), ("method", self.method())]),
        }
    }

    /// The method by which the order was paid, or tried to be.
    fn method(&self) -> String {
        let by = |payment: &&Payment| self.order.payment == Some(payment.id);
        let paying = self.payments.iter().find(by).or(self.payments.last());
        paying.map_or_else(String::new, |payment| method_name(payment.method, self.texts()))
    }

    /// What comes next, and until when.
    fn to_come(&self) -> Step {
        let (texts, zone, order) = (self.texts(), &self.reader.zone, self.order);
        let (title, text) = match order.state {
            OrderState::AwaitingPayment => {
                let is_far = order.expires_at.since(self.now) > DAY_MS / 2;
                let until = if is_far {
                    texts.day_clock(order.expires_at, zone)
                } else {
                    texts.clock(order.expires_at, zone)
                };
                (texts::key("orders-next-payment"), texts.tf("orders-next-payment-text", [("time", until)]))
            }
            OrderState::Refunding => {
                (texts::key("orders-next-refunded"), texts.t("orders-next-refunded-text"))
            }
            _ => (texts::key("orders-next-active"), self.promise()),
        };
        Step { class: "todo", icon: Some("signal"), title: texts.t(title), time: String::new(), text }
    }

    /// `Not active by 12:32: ¥118.00 goes back by itself`.
    fn promise(&self) -> String {
        let Some(by) = self.order.deliver_by.filter(|_| self.order.gave_up_at.is_none()) else {
            return String::new();
        };
        let texts = self.texts();
        let parts = [("time", texts.clock(by, &self.reader.zone)), ("amount", texts.money(self.order.price))];
        texts.tf("orders-next-active-text", parts)
    }
}

const fn heading(happening: &Happening) -> (&'static str, &'static str) {
    match happening {
        Happening::Placed { renewal: Some(_), .. } => ("done", texts::key("orders-step-renewed")),
        Happening::Placed { renewal: None, .. } => ("done", texts::key("orders-step-placed")),
        Happening::PaymentStarted { .. } => ("done", texts::key("orders-step-payment")),
        Happening::Paid { .. } => ("done", texts::key("orders-step-paid")),
        Happening::Delivering { .. } => ("done", texts::key("orders-step-delivering")),
        Happening::Delayed => ("done", texts::key("orders-step-delayed")),
        Happening::Active { .. } => ("done", texts::key("orders-step-active")),
        Happening::Expired { .. } => ("fail", texts::key("orders-step-expired")),
        Happening::GaveUp => ("fail", texts::key("orders-step-gave-up")),
        Happening::Refunding { .. } => ("done", texts::key("orders-step-refunding")),
        Happening::Refunded { .. } => ("done", texts::key("orders-step-refunded")),
        Happening::SecondPayment { .. } => ("done", texts::key("orders-step-second")),
        Happening::SecondPaymentReturned { .. } => ("done", texts::key("orders-step-second-back")),
        Happening::WrongAmount { .. } => ("fail", texts::key("orders-step-wrong-amount")),
        Happening::Contested { .. } => ("fail", texts::key("orders-step-contested")),
        Happening::ContestOver { won: true, .. } => ("done", texts::key("orders-step-contest-won")),
        Happening::ContestOver { won: false, .. } => ("fail", texts::key("orders-step-contest-lost")),
        Happening::Review { .. } => ("fail", texts::key("orders-step-review")),
        Happening::Resolved => ("done", texts::key("orders-step-resolved")),
        Happening::Closed { .. } => ("done", texts::key("orders-step-closed")),
        Happening::Kept { .. } => ("done", texts::key("orders-step-kept")),
        Happening::Replaced { .. } => ("done", texts::key("orders-step-replaced")),
    }
}

const fn expired(reason: ExpiryReason) -> &'static str {
    match reason {
        ExpiryReason::TimeOver => texts::key("orders-step-expired-time"),
        ExpiryReason::Declined => texts::key("orders-step-expired-declined"),
        ExpiryReason::Cancelled => texts::key("orders-step-expired-cancelled"),
    }
}

const fn why(reason: RefundReason) -> &'static str {
    match reason {
        RefundReason::NotDelivered => texts::key("orders-why-not-delivered"),
        RefundReason::PaidTooLate => texts::key("orders-why-too-late"),
        RefundReason::CalledOff => texts::key("orders-why-called-off"),
        RefundReason::AlreadyChanged => texts::key("orders-why-already-changed"),
        RefundReason::LineGone => texts::key("orders-why-line-gone"),
        RefundReason::PoolLeft => texts::key("orders-why-pool-left"),
        RefundReason::Operator => texts::key("orders-why-operator"),
        RefundReason::WrongAmount => texts::key("orders-why-wrong-amount"),
        RefundReason::Contested => texts::key("orders-why-contested"),
    }
}
