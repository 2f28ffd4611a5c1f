//! One plan: everything that it promises, before any money moves.

use askama::Template;
use axum::extract::{Path, Query, State};
use basis::Problem;
use catalog::{Place, Plan, PlanId, words};
use serde::Deserialize;
use texts::Texts;

use super::{Whom, card, region_mark};
use crate::{App, Markup, Page, PageResult, Reader, Shell, Tab};

const COUNTRIES_SHOWN: usize = 12;

#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(flatten)]
    whom: Whom,
}

#[derive(Template)]
#[template(path = "pages/plans/detail.html")]
pub(super) struct DetailPage {
    shell: Shell,
    mark: Markup,
    place: String,
    figure: String,
    unit: String,
    facts: String,
    /// What it is, in pairs of a word and a sentence.
    promises: Vec<(String, String)>,
    countries: Vec<CountryRow>,
    more: Option<String>,
    price: String,
    /// Where it is bought; none if it is no longer sold.
    checkout: Option<String>,
    button: String,
}

struct CountryRow {
    flag: Markup,
    name: String,
    networks: String,
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
) -> PageResult<DetailPage> {
    let id: PlanId = id.parse().map_err(|_| Problem::not_found())?;
    let catalogue = catalog::read(&mut app.db.read().await?).await?;
    let plan = catalogue.plan(&id).ok_or_else(Problem::not_found)?;
    let (texts, whom) = (reader.texts, &wish.whom);
    let currency = catalogue.currency_for(reader.currency);
    let back = whom.on(&format!("/plans/in/{}", place_of(plan)));
    let here = whom.on(&format!("/plans/{id}"));
    let shell = Shell::new(&app, &reader, Tab::Plans, plan.name(texts)).back(back).at(here);
    let (figure, unit) = card::figure(plan, texts);
    let price = plan.price(currency).map(|price| texts.price(price));
    Ok(Page(DetailPage {
        mark: mark(plan, &shell),
        place: plan.place.name(texts),
        figure,
        unit,
        facts: card::facts(plan, currency, texts),
        promises: promises(plan, texts),
        countries: countries(plan, &shell),
        more: (plan.terms.coverage.len() > COUNTRIES_SHOWN).then(|| format!("/coverage?plan={id}")),
        checkout: (plan.on_sale && price.is_some()).then(|| card::checkout(plan, whom)),
        price: price.unwrap_or_default(),
        button: texts.tf("catalog-buy", [("plan", plan.data(texts))]),
        shell,
    }))
}

/// The place in the address of its list.
fn place_of(plan: &Plan) -> String {
    match &plan.place {
        Place::Region { id, .. } => id.clone(),
        Place::Country(country) => country.code().to_ascii_lowercase(),
        Place::Countries(countries) => {
            countries.first().map(|c| c.code().to_ascii_lowercase()).unwrap_or_default()
        }
    }
}

fn mark(plan: &Plan, shell: &Shell) -> Markup {
    match &plan.place {
        Place::Country(country) => shell.flag(country),
        Place::Region { id, .. } => region_mark(id, shell),
        Place::Countries(_) => region_mark("", shell),
    }
}

fn promises(plan: &Plan, texts: Texts) -> Vec<(String, String)> {
    let terms = &plan.terms;
    let pairs = [
        (texts.t("catalog-start"), words::start(terms, &plan.place.name(texts), texts)),
        (texts.t("catalog-length"), texts.tf("catalog-length-is", [("days", terms.days)])),
        (texts.t("catalog-renewal"), words::renewal(terms.renewal, texts)),
        (texts.t("catalog-after"), words::after_use(&terms.allowance, texts)),
        (texts.t("catalog-sharing"), words::sharing(terms.shareable, texts)),
        (texts.t("catalog-calls"), texts.t("catalog-calls-none")),
    ];
    pairs.into()
}

fn countries(plan: &Plan, shell: &Shell) -> Vec<CountryRow> {
    let texts = shell.reader.texts;
    let mut countries: Vec<_> = plan.terms.coverage.iter().collect();
    texts.sort_countries(&mut countries);
    let row = |country| CountryRow {
        flag: shell.flag(&country),
        name: texts.country(country).to_owned(),
        networks: plan.networks_in(country).join(" · "),
    };
    countries.into_iter().take(COUNTRIES_SHOWN).map(row).collect()
}
