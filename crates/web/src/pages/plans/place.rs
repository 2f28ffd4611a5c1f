//! The plans of one country or region.

use askama::Template;
use axum::extract::{Path, Query, State};
use basis::{Country, Currency, Problem};
use catalog::{Catalogue, Plan, PlanKind, Region};
use serde::Deserialize;
use texts::Texts;

use super::{Whom, card::Card, region_mark};
use crate::{App, Markup, Page, PageResult, Reader, Shell, Tab};

#[derive(Deserialize)]
pub(super) struct Wish {
    kind: Option<PlanKind>,
    #[serde(flatten)]
    whom: Whom,
}

#[derive(Template)]
#[template(path = "pages/plans/place.html")]
pub(super) struct PlacePage {
    shell: Shell,
    mark: Markup,
    name: String,
    /// Names of networks, for a country; the number of countries, for a region.
    chips: Vec<String>,
    coverage: Option<String>,
    for_everyone: bool,
    tabs: Vec<Kind>,
    /// For this place alone.
    plans: Vec<Card>,
    /// For a larger region that it lies in.
    wider: Vec<Card>,
}

struct Kind {
    href: String,
    name: String,
    lit: bool,
}

/// What the address names.
enum Where<'a> {
    Country(Country),
    Region(&'a Region),
}

impl<'a> Where<'a> {
    fn find(catalogue: &'a Catalogue, name: &str) -> Result<Self, Problem> {
        if let Some(region) = catalogue.region(name) {
            return Ok(Self::Region(region));
        }
        name.parse().map(Self::Country).map_err(|_| Problem::not_found())
    }

    fn plans(&self, catalogue: &'a Catalogue) -> Vec<&'a Plan> {
        match self {
            Self::Country(country) => catalogue.plans_for(*country),
            Self::Region(region) => catalogue.plans_of_region(&region.id),
        }
    }

    fn name(&self, texts: Texts) -> String {
        match self {
            Self::Country(country) => texts.country(*country).to_owned(),
            Self::Region(region) => region.names.spoken(texts).to_owned(),
        }
    }

    /// True if the plan is for more than this place.
    fn is_less_than(&self, plan: &Plan) -> bool {
        matches!(self, Self::Country(_)) && plan.terms.coverage.len() > 1
    }
}

pub(super) async fn show(
    State(app): State<App>,
    reader: Reader,
    Path(name): Path<String>,
    Query(wish): Query<Wish>,
) -> PageResult<PlacePage> {
    let whom = &wish.whom;
    let catalogue = whom.can_buy(catalog::read(&mut app.db.read().await?).await?);
    let place = Where::find(&catalogue, &name)?;
    let texts = reader.texts;
    let currency = catalogue.currency_for(reader.currency);
    let all = place.plans(&catalogue);
    let kind = chosen(&all, wish.kind);
    let (wider, plans) =
        all.iter().filter(|p| Some(p.kind) == kind).partition::<Vec<&Plan>, _>(|p| place.is_less_than(p));
    let here = whom.on(&format!("/plans/in/{name}"));
    let title = texts.tf("catalog-plans-in", [("place", place.name(texts))]);
    let shell = Shell::new(&app, &reader, Tab::Plans, title).back(whom.on("/plans")).wide().at(here.clone());
    Ok(Page(PlacePage {
        mark: mark(&place, &shell),
        name: place.name(texts),
        chips: chips(&place, &catalogue, texts),
        coverage: all
            .first()
            .filter(|_| matches!(place, Where::Region(_)))
            .map(|p| format!("/coverage?plan={}", p.id)),
        for_everyone: whom.is_everyone(),
        tabs: tabs(&all, kind, &here, texts),
        plans: cards(&plans, currency, texts, whom),
        wider: cards(&wider, currency, texts, whom),
        shell,
    }))
}

/// The wished kind, else monthly, else the first there is.
fn chosen(plans: &[&Plan], wished: Option<PlanKind>) -> Option<PlanKind> {
    let there = |kind: &PlanKind| plans.iter().any(|plan| plan.kind == *kind);
    wished.or_else(|| [PlanKind::Monthly, PlanKind::Daily, PlanKind::LongTerm].into_iter().find(there))
}

fn cards(plans: &[&Plan], currency: Currency, texts: Texts, whom: &Whom) -> Vec<Card> {
    let mut cards: Vec<Card> = plans.iter().map(|plan| Card::of(plan, currency, texts, whom)).collect();
    // One recommendation a list.
    cards.iter_mut().filter(|card| card.best).skip(1).for_each(|card| card.best = false);
    cards
}

fn tabs(plans: &[&Plan], lit: Option<PlanKind>, here: &str, texts: Texts) -> Vec<Kind> {
    let there = PlanKind::ALL.into_iter().filter(|kind| plans.iter().any(|plan| plan.kind == *kind));
    there
        .map(|kind| {
            let joint = if here.contains('?') { '&' } else { '?' };
            Kind {
                href: format!("{here}{joint}kind={}", kind.as_str()),
                name: kind.name(texts),
                lit: Some(kind) == lit,
            }
        })
        .collect()
}

fn mark(place: &Where<'_>, shell: &Shell) -> Markup {
    match place {
        Where::Country(country) => shell.flag(country),
        Where::Region(region) => region_mark(&region.id, shell),
    }
}

fn chips(place: &Where<'_>, catalogue: &Catalogue, texts: Texts) -> Vec<String> {
    match place {
        Where::Country(country) => catalogue.networks_in(*country).into_iter().map(str::to_owned).collect(),
        Where::Region(region) => vec![texts.tf("catalog-countries", [("count", region.countries.len())])],
    }
}
