//! A quote in words.

use catalog::Plan;
use orders::rules::{Effect, Ends, Starts};
use orders::{Intent, Quote};
use renewals::{Renewal, State};
use texts::{Arg, Texts};

use crate::Reader;

/// `续订日本20 GB`, `Renew Japan 20 GB`, `Change to …`.
pub(super) fn title(quote: &Quote, intent: Intent, texts: Texts) -> String {
    let key = match (intent, &quote.effect) {
        (Intent::Buy | Intent::Share, Effect::Alone) => texts::key("orders-title-buy"),
        (Intent::Buy | Intent::Share, _) => texts::key("orders-title-renew"),
        (Intent::ChangeNow { .. } | Intent::ChangeAfter { .. }, _) => texts::key("orders-title-change"),
    };
    texts.tf(key, [("plan", quote.plan.name(texts))])
}

/// What will happen, in pairs of a word and a sentence; `renewal` is what becomes of the line's auto-renewal.
pub(super) fn facts(quote: &Quote, renewal: Option<String>, reader: &Reader) -> Vec<(String, String)> {
    let texts = reader.texts;
    let mut facts = vec![
        (texts.t("orders-fact-starts"), starts(quote, reader)),
        (texts.t("orders-fact-ends"), ends(quote.ends, reader)),
        (texts.t("orders-fact-effect"), effect(quote, texts)),
        (texts.t("catalog-after"), catalog::words::after_use(&quote.plan.terms.allowance, texts)),
        (texts.t("orders-fact-shared"), shared(quote, texts)),
        (texts.t("orders-fact-refund"), refund(quote, texts)),
    ];
    facts.extend(renewal.map(|sentence| (texts.t("orders-fact-again"), sentence)));
    if let Some(credit) = quote.credit {
        let credit = texts.tf("orders-credit", [("amount", texts.money(credit))]);
        facts.insert(3, (texts.t("orders-fact-credit"), credit));
    }
    facts
}

/// What becomes of the line's auto-renewal by this purchase; of nothing there is nothing to say.
pub(super) fn renewal(quote: &Quote, agreed: Option<&Agreed<'_>>, texts: Texts) -> Option<String> {
    match agreed {
        _ if quote.for_everyone => Some(texts.t("renewals-not-shared")),
        Some(agreed) if agreed.stays(quote) => Some(texts.t("renewals-stays")),
        Some(agreed) if agreed.gives_way(quote) => {
            Some(texts.tf("renewals-gives-way", [("plan", agreed.plan.name(texts))]))
        }
        _ => None,
    }
}

/// What was agreed for the line before.
pub(super) struct Agreed<'a> {
    pub(super) renewal: &'a Renewal,
    pub(super) plan: &'a Plan,
}

impl Agreed<'_> {
    /// It goes on as it is: the same plan, at no more than was agreed.
    pub(super) fn stays(&self, quote: &Quote) -> bool {
        let price = self.renewal.wish.price;
        let fits = price.currency == quote.price.currency && quote.price.minor <= price.minor;
        self.renewal.state == State::On && self.plan.id == quote.plan.id && fits
    }

    /// The new plan is for the same places, so this one is not renewed any more.
    fn gives_way(&self, quote: &Quote) -> bool {
        let meets = self.plan.terms.coverage.intersects(&quote.plan.terms.coverage);
        self.renewal.state == State::On && self.plan.id != quote.plan.id && meets
    }
}

fn starts(quote: &Quote, reader: &Reader) -> String {
    let (texts, zone) = (reader.texts, &reader.zone);
    match quote.starts {
        Starts::AtOnce => texts.t("orders-starts-at-once"),
        Starts::FirstUse { by } => {
            let (place, day) = (quote.plan.place.name(texts), texts.date(by, zone));
            texts.tf("orders-starts-first-use", [("place", place), ("day", day)])
        }
        Starts::AfterCurrent { current_ends: Some(end), .. } => {
            texts.tf("orders-starts-after", [("day", texts.day(end, zone))])
        }
        Starts::AfterCurrent { current_ends: None, .. } => texts.t("orders-starts-behind"),
    }
}

fn ends(ends: Ends, reader: &Reader) -> String {
    let (texts, zone) = (reader.texts, &reader.zone);
    match ends {
        Ends::At { at } => texts.day_clock(at, zone),
        Ends::AfterStart { days, latest: Some(latest) } => {
            let args = [("days", Arg::from(days)), ("day", Arg::from(texts.date(latest, zone)))];
            texts.tf("orders-ends-after-latest", args)
        }
        Ends::AfterStart { days, latest: None } => texts.tf("orders-ends-after", [("days", days)]),
    }
}

fn effect(quote: &Quote, texts: Texts) -> String {
    match &quote.effect {
        _ if quote.credit.is_some() => texts.t("orders-effect-change"),
        Effect::Alone => texts.t("orders-effect-alone"),
        Effect::Adds { total: Some(total) } => {
            texts.tf("orders-effect-adds-total", [("total", texts.volume(*total))])
        }
        Effect::Adds { total: None } => texts.t("orders-effect-adds"),
        Effect::Follows => texts.t("orders-effect-follows"),
        Effect::Replaces { bundles } => texts.tf("orders-effect-replaces", [("count", bundles.len())]),
    }
}

fn shared(quote: &Quote, texts: Texts) -> String {
    if quote.for_everyone {
        texts.tf("orders-shared-lines", [("count", quote.shared_with.len())])
    } else {
        texts.tf("orders-shared-own", [("line", quote.line.name())])
    }
}

fn refund(quote: &Quote, texts: Texts) -> String {
    let time = texts.duration(quote.refund.undelivered_after_ms);
    let key = if quote.refund.unused_on_change {
        texts::key("orders-refund-rule")
    } else {
        texts::key("orders-refund-rule-bare")
    };
    texts.tf(key, [("time", time)])
}
