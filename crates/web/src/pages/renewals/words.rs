//! Auto-renew in words.

use basis::{Money, Timestamp};
use catalog::Plan;
use payments::SavedMethod;
use renewals::{Reason, Renewal, Rest, State, When};
use texts::{Arg, Texts};

use crate::Reader;

/// The tone of its state, and the state in a word.
pub(crate) fn state(renewal: Option<&Renewal>, texts: Texts) -> (&'static str, String) {
    let (tone, key) = match renewal.map(|renewal| renewal.state) {
        Some(State::Waiting) => ("", texts::key("renewals-waiting")),
        Some(State::On) => ("ok", texts::key("renewals-on")),
        Some(State::NeedsYou) => ("warn", texts::key("renewals-needs-you")),
        Some(State::Off) | None => ("", texts::key("renewals-off")),
    };
    (tone, texts.t(key))
}

/// Why it needs its person.
pub(crate) fn reason(reason: Reason, texts: Texts) -> String {
    texts.t(match reason {
        Reason::PriceRose => texts::key("renewals-reason-price-rose"),
        Reason::NotSold => texts::key("renewals-reason-not-sold"),
        Reason::Declined => texts::key("renewals-reason-declined"),
        Reason::Failed => texts::key("renewals-reason-failed"),
        Reason::BankWaited => texts::key("renewals-reason-bank-waited"),
        Reason::MethodGone => texts::key("renewals-reason-method-gone"),
        Reason::TooMany => texts::key("renewals-reason-too-many"),
        Reason::OtherPlan => texts::key("renewals-reason-other-plan"),
        Reason::Missed => texts::key("renewals-reason-missed"),
        Reason::Undelivered => texts::key("renewals-reason-undelivered"),
    })
}

/// `When 10% of the data is left, or 1 day before the plan ends`.
fn when(when: When, texts: Texts) -> String {
    match when.percent_left {
        Some(percent) => texts
            .tf("renewals-when-both", [("percent", Arg::from(percent)), ("days", Arg::from(when.days_left))]),
        None => texts.tf("renewals-when-days", [("days", when.days_left)]),
    }
}

/// What is agreed to by ticking it at the checkout.
pub(crate) fn checkout_hint(key: &'static str, plan: &Plan, price: Money, texts: Texts) -> String {
    let said = [("when", when(When::usual(&plan.terms), texts)), ("price", texts.money(price))];
    texts.tf(key, said)
}

/// What is agreed to by the form, whatever is chosen there.
pub(super) fn promise(plan: &Plan, price: Money, line: &str, texts: Texts) -> Vec<(String, String)> {
    vec![
        (texts.t("renewals-fact-what"), what(&plan.name(texts), line, texts)),
        (texts.t("renewals-fact-most"), texts.tf("renewals-most", [("price", texts.money(price))])),
        (texts.t("renewals-fact-stop"), texts.t("renewals-stop-any")),
    ]
}

/// What was agreed to.
pub(super) fn agreed(
    renewal: &Renewal,
    plan: Option<&Plan>,
    line: &str,
    kept: &[SavedMethod],
    due_by: Option<Timestamp>,
    reader: &Reader,
) -> Vec<(String, String)> {
    let (wish, texts) = (&renewal.wish, reader.texts);
    let plan = plan.map_or_else(|| wish.plan.to_string(), |plan| plan.name(texts));
    let since = texts.tf("renewals-since", [("day", texts.day_clock(renewal.agreed_at, &reader.zone))]);
    let mut facts = vec![
        (texts.t("renewals-fact-what"), what(&plan, line, texts)),
        (texts.t("renewals-fact-when"), when(wish.when, texts)),
        (texts.t("renewals-fact-most"), texts.tf("renewals-most", [("price", texts.money(wish.price))])),
        (texts.t("renewals-fact-from"), from(renewal, kept, texts)),
        (texts.t("renewals-fact-stop"), format!("{} · {since}", texts.t("renewals-stop-any"))),
    ];
    if let Some(due_by) = due_by.filter(|_| renewal.state == State::On) {
        let next = texts.tf("renewals-next-by", [("day", texts.date(due_by, &reader.zone))]);
        facts.insert(2, (texts.t("renewals-fact-next"), next));
    }
    facts
}

fn what(plan: &str, line: &str, texts: Texts) -> String {
    texts.tf("renewals-what-plan", [("plan", plan), ("line", line)])
}

fn from(renewal: &Renewal, kept: &[SavedMethod], texts: Texts) -> String {
    let saved = renewal.wish.rest.saved().and_then(|id| kept.iter().find(|method| method.id == id));
    match (renewal.wish.rest, saved, renewal.wish.wallet_first) {
        (Rest::Nothing, ..) => texts.t("renewals-from-wallet"),
        (Rest::Link, _, true) => texts.t("renewals-from-link-both"),
        (Rest::Link, _, false) => texts.t("renewals-from-link"),
        (Rest::Saved(_), Some(saved), true) => texts.tf("renewals-from-both", [("label", &saved.label)]),
        (Rest::Saved(_), Some(saved), false) => saved.label.clone(),
        (Rest::Saved(Some(_)), None, _) => texts.t("renewals-from-gone"),
        (Rest::Saved(None), None, true) => texts.t("renewals-from-first-both"),
        (Rest::Saved(None), None, false) => texts.t("renewals-from-first"),
    }
}
