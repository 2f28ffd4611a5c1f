//! Plans in words, for pages, receipts and the API. The same words wherever a plan is spoken of.

use basis::{Allowance, Beyond, Language, RenewalRule, StartRule, Terms};
use texts::{Arg, Texts};

use crate::{Names, Place, Plan, PlanKind, Region};

impl Names {
    /// The name for this reader: theirs, else any there is.
    pub fn spoken(&self, texts: Texts) -> &str {
        let english = || self.get(Language::En);
        self.get(texts.language())
            .or_else(english)
            .or_else(|| self.0.values().next().map(String::as_str))
            .unwrap_or("")
    }
}

impl Region {
    /// True if what was typed is part of its name in the reader's language, or begins its id; also if nothing was typed.
    pub fn fits(&self, typed: &str, texts: Texts) -> bool {
        let folded = texts::fold(typed);
        let name = || texts::fold(self.names.spoken(texts));
        let said =
            || !folded.is_empty() && (name().contains(&folded) || texts::fold(&self.id).starts_with(&folded));
        typed.trim().is_empty() || said()
    }
}

impl Place {
    /// `日本`, `Europe`, `Japan and 2 more`.
    pub fn name(&self, texts: Texts) -> String {
        match self {
            Self::Country(country) => texts.country(*country).to_owned(),
            Self::Region { names, .. } => names.spoken(texts).to_owned(),
            Self::Countries(countries) => match countries.as_slice() {
                [] => String::new(),
                [only] => texts.country(*only).to_owned(),
                [first, more @ ..] => texts.tf(
                    "catalog-place-and-more",
                    [("place", Arg::from(texts.country(*first))), ("count", Arg::from(more.len()))],
                ),
            },
        }
    }
}

impl Plan {
    /// Its own name, or its facts: `日本20 GB，30天`, `Japan 20 GB, 30 days`.
    pub fn name(&self, texts: Texts) -> String {
        if !self.names.is_empty() {
            return self.names.spoken(texts).to_owned();
        }
        let facts = [
            ("place", self.place.name(texts)),
            ("data", data(&self.terms.allowance, texts)),
            ("duration", texts.days(self.terms.days)),
        ];
        texts.tf("catalog-plan-name", facts)
    }

    /// What stands under its figure: what the figure is not (the days, the fair use).
    pub fn data(&self, texts: Texts) -> String {
        data(&self.terms.allowance, texts)
    }
}

impl PlanKind {
    /// The tab's text: `按天`, `Daily`.
    pub fn name(self, texts: Texts) -> String {
        texts.t(match self {
            Self::Daily => texts::key("catalog-kind-daily"),
            Self::Monthly => texts::key("catalog-kind-monthly"),
            Self::LongTerm => texts::key("catalog-kind-long-term"),
        })
    }
}

/// How much data: `20 GB`, `每天1 GB`, `不限流量`.
pub fn data(allowance: &Allowance, texts: Texts) -> String {
    match allowance {
        Allowance::Fixed { bytes } => texts.volume(*bytes),
        Allowance::PerDay { bytes } => texts.tf("catalog-data-per-day", [("volume", texts.volume(*bytes))]),
        Allowance::Unlimited { .. } => texts.t("catalog-data-unlimited"),
    }
}

/// What happens when the data of the plan, or of its day, is used up.
pub fn after_use(allowance: &Allowance, texts: Texts) -> String {
    match allowance {
        Allowance::Fixed { .. } => texts.t("catalog-after-fixed"),
        Allowance::PerDay { bytes } => texts.tf("catalog-after-per-day", [("volume", texts.volume(*bytes))]),
        Allowance::Unlimited { fair_use_bytes_per_day, then } => {
            let key = match then {
                Beyond::Stops => texts::key("catalog-after-unlimited"),
                Beyond::Slower => texts::key("catalog-after-unlimited-slower"),
            };
            texts.tf(key, [("volume", texts.volume(*fair_use_bytes_per_day))])
        }
    }
}

/// When it begins, and until when it may wait; `place` is [`Place::name`].
pub fn start(terms: &Terms, place: &str, texts: Texts) -> String {
    match terms.start {
        StartRule::FirstUse => texts.tf(
            "catalog-start-first-use",
            [("place", Arg::from(place)), ("days", Arg::from(terms.activate_within_days))],
        ),
        StartRule::AtPurchase => texts.t("catalog-start-at-purchase"),
    }
}

/// What buying it does to what is there already.
pub fn renewal(rule: RenewalRule, texts: Texts) -> String {
    texts.t(match rule {
        RenewalRule::Follow => texts::key("catalog-renewal-follow"),
        RenewalRule::Add => texts::key("catalog-renewal-add"),
        RenewalRule::Replace => texts::key("catalog-renewal-replace"),
    })
}

/// Whether several lines may use it.
pub fn sharing(shareable: bool, texts: Texts) -> String {
    texts.t(if shareable { texts::key("catalog-shareable") } else { texts::key("catalog-not-shareable") })
}
