//! A plan in a list.

use basis::{Allowance, Beyond, Currency};
use catalog::{Plan, words};
use texts::Texts;

use super::Whom;

/// What a list shows of a plan.
pub(super) struct Card {
    pub(super) detail: String,
    pub(super) checkout: String,
    pub(super) name: String,
    pub(super) figure: String,
    pub(super) unit: String,
    /// The days, and what a day or a gigabyte costs.
    pub(super) facts: String,
    pub(super) renewal: String,
    pub(super) price: String,
    pub(super) chips: Vec<String>,
    pub(super) best: bool,
}

impl Card {
    pub(super) fn of(plan: &Plan, currency: Currency, texts: Texts, whom: &Whom) -> Self {
        let (figure, unit) = figure(plan, texts);
        Self {
            detail: whom.on(&format!("/plans/{}", plan.id)),
            checkout: checkout(plan, whom),
            name: plan.name(texts),
            figure,
            unit,
            facts: facts(plan, currency, texts),
            renewal: words::renewal(plan.terms.renewal, texts),
            price: plan.price(currency).map(|price| texts.price(price)).unwrap_or_default(),
            chips: chips(plan, texts),
            best: plan.recommended,
        }
    }
}

/// Where the plan is bought.
pub(super) fn checkout(plan: &Plan, whom: &Whom) -> String {
    whom.on(&format!("/checkout?plan={}", plan.id))
}

/// `("20", "GB")`, `("1", "GB/天")`, `("不限", "")`.
pub(super) fn figure(plan: &Plan, texts: Texts) -> (String, String) {
    match plan.terms.allowance {
        Allowance::Fixed { bytes } => {
            let (figure, unit) = texts.volume_parts(bytes);
            (figure, unit.to_owned())
        }
        Allowance::PerDay { bytes } => {
            let (figure, unit) = texts.volume_parts(bytes);
            (figure, texts.tf("catalog-unit-per-day", [("unit", unit)]))
        }
        Allowance::Unlimited { .. } => (texts.t("catalog-figure-unlimited"), String::new()),
    }
}

/// `30天 · 每 GB ¥5.90`, `7天 · 每天¥8.15`.
pub(super) fn facts(plan: &Plan, currency: Currency, texts: Texts) -> String {
    let days = texts.days(plan.terms.days);
    let rate = plan.price(currency).and_then(|price| match plan.terms.allowance {
        Allowance::Fixed { .. } => {
            Some(texts.tf("catalog-per-gigabyte", [("price", texts.price(plan.per_gigabyte(price)?))]))
        }
        _ => Some(texts.tf("catalog-per-day", [("price", texts.price(plan.per_day(price)?))])),
    });
    rate.map_or_else(|| days.clone(), |rate| format!("{days} · {rate}"))
}

fn chips(plan: &Plan, texts: Texts) -> Vec<String> {
    let countries = plan.terms.coverage.len();
    let where_to = (countries > 1).then(|| {
        format!("{} · {}", plan.place.name(texts), texts.tf("catalog-countries", [("count", countries)]))
    });
    let fair_use = match plan.terms.allowance {
        Allowance::Unlimited { fair_use_bytes_per_day, then } => {
            let key = match then {
                Beyond::Stops => texts::key("catalog-fair-use"),
                Beyond::Slower => texts::key("catalog-fair-use-slower"),
            };
            Some(texts.tf(key, [("volume", texts.volume(fair_use_bytes_per_day))]))
        }
        _ => None,
    };
    let shared = plan.terms.shareable.then(|| words::sharing(true, texts));
    [where_to, fair_use, shared].into_iter().flatten().collect()
}
